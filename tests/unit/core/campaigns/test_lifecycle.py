"""Every verb, its refusals, and its entry in the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from console.core.campaigns.audience import Audience
from console.core.campaigns.decisions import DigestDiffers, NotDecidable, OwnCampaign, Tampered
from console.core.campaigns.draft import CampaignGone, load_draft
from console.core.campaigns.housekeeping import tidy
from console.core.campaigns.lifecycle import (
    SAME_SITTING,
    CommentNeeded,
    EditedElsewhere,
    WrongState,
    approve,
    called_back,
    cancel,
    copy,
    delete_draft,
    pause,
    resume,
    return_,
    save_draft,
    submit,
    withdraw,
)
from console.core.campaigns.verify import verify_batch
from console.core.clock import FixedClock
from console.core.context import Actor, Context
from console.core.errors import NotPermitted, UserError
from console.core.security.permissions import Role
from db import audit
from db.models import AuditEntry, BatchState, Campaign, CampaignState, Decision, Message, MessageState, User


def state_of(ctx: Context, campaign_id: int) -> CampaignState:
    with ctx.database.read() as session:
        return session.get_one(Campaign, campaign_id).state


def actions(ctx: Context, campaign_id: int) -> list[str]:
    with ctx.database.read() as session:
        query = select(AuditEntry.action).where(AuditEntry.subject == f"campaign:{campaign_id}")
        assert audit.verify(session).sound
        return list(session.scalars(query.order_by(AuditEntry.id)))


def with_roles(ctx: Context, *roles: Role) -> Context:
    """The same person with other roles, in the database and in the session."""
    with ctx.database.begin() as session:
        session.execute(update(User).where(User.id == ctx.actor.user_id).values(roles=[str(role) for role in roles]))
    actor = ctx.actor
    return replace(ctx, actor=Actor.of(actor.user_id, actor.login, actor.name, frozenset(roles)))


# --- drafts


def test_a_draft_is_stored_as_it_was_written(ctx: Context, world: Any) -> None:
    draft = world.draft(
        audience=Audience.of_customers([2, 1]),
        variables={"date": "2026-11-28"},
        not_before=ctx.clock.now() + timedelta(days=1),
        line_id=world.line(),
    )
    saved = save_draft(ctx, draft)
    with ctx.database.read() as session:
        assert load_draft(session, saved.campaign_id).draft == draft


def test_an_unfinished_draft_is_kept_too(ctx: Context, world: Any) -> None:
    saved = save_draft(ctx, world.draft(name="", template_version_id=None))
    assert saved.state is CampaignState.DRAFT
    with pytest.raises(UserError):
        submit(ctx, saved.campaign_id)


def test_two_editors_do_not_overwrite_each_other(ctx: Context, world: Any, clock: FixedClock) -> None:
    first = save_draft(ctx, world.draft())
    clock.advance(timedelta(seconds=5))
    save_draft(ctx, world.draft(name="别人改的"), first.campaign_id, seen=first.updated_at)
    with pytest.raises(EditedElsewhere):
        save_draft(ctx, world.draft(name="我改的"), first.campaign_id, seen=first.updated_at)


def test_saving_again_and_again_is_one_entry_a_sitting(ctx: Context, world: Any, clock: FixedClock) -> None:
    campaign_id = world.saved()
    for _ in range(3):
        save_draft(ctx, world.draft(), campaign_id)
    assert actions(ctx, campaign_id) == ["campaign.create"]
    clock.advance(SAME_SITTING)
    save_draft(ctx, world.draft(), campaign_id)
    assert actions(ctx, campaign_id) == ["campaign.create", "campaign.edit"]


def test_an_edit_after_submission_voids_what_was_submitted(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    save_draft(ctx, world.draft(name="改了名字"), frozen.campaign_id)
    assert world.batch(frozen.batch_id).state is BatchState.VOID
    assert state_of(ctx, frozen.campaign_id) is CampaignState.DRAFT
    with pytest.raises(NotDecidable):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    assert actions(ctx, frozen.campaign_id)[-1] == "campaign.edit"
    tidy(ctx)
    assert world.messages(frozen.batch_id) == 0


def test_only_a_draft_is_deleted_and_its_history_is_kept(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    untouched = world.saved()
    delete_draft(ctx, untouched)
    with ctx.database.read() as session, pytest.raises(CampaignGone):
        load_draft(session, untouched)
    frozen = world.submitted()
    with pytest.raises(WrongState):
        delete_draft(ctx, frozen.campaign_id)
    return_(supervisor_ctx, frozen.campaign_id, frozen.digest, "请改")
    delete_draft(ctx, frozen.campaign_id)
    assert state_of(ctx, frozen.campaign_id) is CampaignState.CANCELLED


def test_a_copy_is_a_new_draft_with_the_same_answers(ctx: Context, world: Any) -> None:
    campaign_id = world.saved(audience=Audience.of_customers([1]), variables={"date": "2026-12-01"})
    made = copy(ctx, campaign_id)
    with ctx.database.read() as session:
        source, copied = load_draft(session, campaign_id).draft, load_draft(session, made).draft
    assert copied == replace(source, name=copied.name)
    assert source.name in copied.name


# --- decisions


def test_approval_opens_the_batch_and_is_on_record(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    batch = world.batch(frozen.batch_id)
    assert (batch.state, batch.opened_by) == (BatchState.OPEN, supervisor_ctx.actor.user_id)
    assert state_of(ctx, frozen.campaign_id) is CampaignState.APPROVED
    with ctx.database.read() as session:
        decision = session.scalars(select(Decision)).one()
    assert (decision.approved, decision.digest) == (True, frozen.digest)
    assert actions(ctx, frozen.campaign_id) == ["campaign.create", "campaign.submit", "campaign.approve"]


def test_the_maker_never_decides(ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    with pytest.raises(NotPermitted):
        approve(ctx, frozen.campaign_id, frozen.digest)
    promoted = with_roles(ctx, Role.OFFICER, Role.SUPERVISOR)
    with pytest.raises(OwnCampaign):
        approve(promoted, frozen.campaign_id, frozen.digest)
    with pytest.raises(OwnCampaign):
        return_(promoted, frozen.campaign_id, frozen.digest, "我自己退回")
    assert world.batch(frozen.batch_id).state is BatchState.PENDING


def test_whoever_edited_it_is_a_maker_too_whatever_their_role_is_now(
    ctx: Context, supervisor_ctx: Context, world: Any
) -> None:
    world.customers(3)
    campaign_id = world.saved()
    helper = with_roles(supervisor_ctx, Role.OFFICER)
    save_draft(helper, world.draft(), campaign_id)
    frozen = submit(ctx, campaign_id)
    with pytest.raises(OwnCampaign):
        approve(with_roles(helper, Role.SUPERVISOR), campaign_id, frozen.digest)


def test_a_right_that_was_taken_away_meanwhile_decides_nothing(
    ctx: Context, supervisor_ctx: Context, world: Any
) -> None:
    world.customers(3)
    frozen = world.submitted()
    with_roles(supervisor_ctx, Role.REPORTER)
    with pytest.raises(NotPermitted):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    with_roles(supervisor_ctx, Role.SUPERVISOR)
    with ctx.database.begin() as session:
        session.execute(update(User).where(User.id == supervisor_ctx.actor.user_id).values(active=False))
    with pytest.raises(NotPermitted):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)


def test_another_digest_than_the_one_read_is_refused(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    with pytest.raises(DigestDiffers):
        approve(supervisor_ctx, frozen.campaign_id, "0" * 64)
    with pytest.raises(DigestDiffers):
        return_(supervisor_ctx, frozen.campaign_id, "0" * 64, "不对")


def test_an_old_approval_cannot_be_replayed(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    checked = verify_batch(ctx.database, frozen.batch_id)
    withdraw(ctx, frozen.campaign_id)
    again = submit(ctx, frozen.campaign_id)
    with pytest.raises(DigestDiffers):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest, checked=checked)
    approve(supervisor_ctx, frozen.campaign_id, again.digest)
    with pytest.raises(NotDecidable):
        approve(supervisor_ctx, frozen.campaign_id, again.digest)


@pytest.mark.parametrize("hand", [{"body": "【示例银行】请转账。"}, {"phone": "13900000000"}])
def test_a_row_changed_by_hand_is_not_approved(
    ctx: Context, supervisor_ctx: Context, world: Any, hand: dict[str, str]
) -> None:
    world.customers(3)
    frozen = world.submitted()
    world.set_messages(frozen.batch_id, MessageState.WAITING, 1, **hand)
    with pytest.raises(Tampered):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    assert world.batch(frozen.batch_id).state is BatchState.PENDING
    assert actions(ctx, frozen.campaign_id)[-1] == "campaign.tampered"


def test_a_missing_row_is_not_approved(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    with ctx.database.begin() as session:
        one = select(Message.id).limit(1).scalar_subquery()
        session.execute(delete(Message).where(Message.id == one))
    with pytest.raises(Tampered):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)


def test_what_was_verified_at_reading_needs_no_second_look(
    ctx: Context, supervisor_ctx: Context, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.customers(3)
    frozen = world.submitted()
    checked = verify_batch(ctx.database, frozen.batch_id)

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("console.core.campaigns.lifecycle.verify_batch", never)
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest, checked=checked)
    assert world.batch(frozen.batch_id).state is BatchState.OPEN


def test_two_approvers_at_once_decide_once(
    ctx: Context, context_of: Callable[[str], Context], supervisor_ctx: Context, world: Any
) -> None:
    world.customers(3)
    frozen = world.submitted()
    other = with_roles(context_of("admin"), Role.SUPERVISOR)
    gate, outcomes = Barrier(2), []

    def decide(who: Context) -> None:
        gate.wait(10)
        try:
            approve(who, frozen.campaign_id, frozen.digest)
            outcomes.append("approved")
        except NotDecidable:
            outcomes.append("late")

    threads = [Thread(target=decide, args=(who,)) for who in (supervisor_ctx, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["approved", "late"]
    with ctx.database.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 1
    assert actions(ctx, frozen.campaign_id).count("campaign.approve") == 1


def test_returning_needs_a_comment_and_gives_the_draft_back(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    with pytest.raises(CommentNeeded):
        return_(supervisor_ctx, frozen.campaign_id, frozen.digest, "  ")
    return_(supervisor_ctx, frozen.campaign_id, frozen.digest, "请把金额写清楚")
    assert state_of(ctx, frozen.campaign_id) is CampaignState.RETURNED
    assert world.batch(frozen.batch_id).state is BatchState.VOID
    again = submit(ctx, frozen.campaign_id)
    assert again.batch_id != frozen.batch_id
    approve(supervisor_ctx, frozen.campaign_id, again.digest)


def test_an_approval_comes_too_late_once_the_time_is_over(
    ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock
) -> None:
    world.customers(3)
    frozen = world.submitted()
    clock.advance(timedelta(hours=72))
    with pytest.raises(NotDecidable):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    assert tidy(ctx).lapsed == 1
    assert state_of(ctx, frozen.campaign_id) is CampaignState.RETURNED
    assert world.batch(frozen.batch_id).state is BatchState.VOID
    assert actions(ctx, frozen.campaign_id)[-1] == "campaign.lapse"


def test_withdrawing_takes_it_out_of_the_queue(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    withdraw(ctx, frozen.campaign_id)
    with pytest.raises(NotDecidable):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    with pytest.raises(WrongState):
        withdraw(ctx, frozen.campaign_id)


# --- running


@pytest.fixture
def running(supervisor_ctx: Context, world: Any) -> Any:
    world.customers(10)
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    return frozen


def test_pause_and_resume(ctx: Context, world: Any, running: Any) -> None:
    with pytest.raises(WrongState):
        resume(ctx, running.campaign_id)
    pause(ctx, running.campaign_id)
    assert world.batch(running.batch_id).state is BatchState.PAUSED
    with pytest.raises(WrongState):
        pause(ctx, running.campaign_id)
    resume(ctx, running.campaign_id)
    assert world.batch(running.batch_id).state is BatchState.OPEN
    assert actions(ctx, running.campaign_id)[-2:] == ["campaign.pause", "campaign.resume"]


def test_cancelling_tells_what_is_held_back_from_what_is_on_the_air(ctx: Context, world: Any, running: Any) -> None:
    world.set_messages(running.batch_id, MessageState.DELIVERED, 2)
    world.set_messages(running.batch_id, MessageState.ACCEPTED, 1)
    world.set_messages(running.batch_id, MessageState.UNKNOWN, 1)
    world.set_messages(running.batch_id, MessageState.CLAIMED, 1)
    cancel(ctx, running.campaign_id)
    found = called_back(ctx, running.campaign_id)
    assert (found.held_back, found.on_air) == (6, 2)
    assert world.batch(running.batch_id).state is BatchState.CANCELLED
    assert tidy(ctx).settled == 6
    with ctx.database.read() as session:
        states = sorted(session.scalars(select(Message.state)))
    assert states == ["accepted"] + ["cancelled"] * 6 + ["delivered"] * 2 + ["unknown"]
    with pytest.raises(WrongState):
        resume(ctx, running.campaign_id)


def test_nothing_is_cancelled_before_it_is_approved(ctx: Context, world: Any) -> None:
    world.customers(2)
    with pytest.raises(WrongState):
        cancel(ctx, world.submitted().campaign_id)


def test_a_campaign_finishes_when_nothing_waits_and_nothing_is_unknown(ctx: Context, world: Any, running: Any) -> None:
    world.set_messages(running.batch_id, MessageState.DELIVERED, 8)
    world.set_messages(running.batch_id, MessageState.ACCEPTED, 1)
    world.set_messages(running.batch_id, MessageState.UNKNOWN, 1)
    assert tidy(ctx).finished == 0
    with ctx.database.begin() as session:
        session.execute(
            update(Message).where(Message.state == MessageState.UNKNOWN).values(state=MessageState.UNDELIVERED)
        )
    assert tidy(ctx).finished == 1
    assert world.batch(running.batch_id).state is BatchState.FINISHED
    assert state_of(ctx, running.campaign_id) is CampaignState.FINISHED
    assert not tidy(ctx)


def test_what_did_not_leave_in_time_never_leaves(ctx: Context, world: Any, running: Any, clock: FixedClock) -> None:
    world.set_messages(running.batch_id, MessageState.DELIVERED, 4)
    clock.advance(timedelta(hours=72))
    found = tidy(ctx)
    assert (found.settled, found.finished) == (6, 1)
    with ctx.database.read() as session:
        reasons = set(session.scalars(select(Message.reason).where(Message.state == MessageState.EXPIRED)))
    assert reasons == {"batch.expired"}


def test_only_those_who_may_run_campaigns_do(admin_ctx: Context, running: Any) -> None:
    for verb in (pause, resume, cancel):
        with pytest.raises(NotPermitted):
            verb(admin_ctx, running.campaign_id)
