"""What somebody might try past the program, or past their role: each is refused before the next message leaves.

The world is a real one: customers, a campaign that was frozen and approved by another person, a dispatcher's steps.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from console.core.campaigns.decisions import DigestDiffers, NotDecidable, OwnCampaign, Tampered, TamperedWhileRunning
from console.core.campaigns.lifecycle import WrongState, approve, pause, resume, return_, save_draft, submit, withdraw
from console.core.clock import FixedClock
from console.core.compliance.versions import policy_at
from console.core.context import Actor, Context
from console.core.errors import NotPermitted
from console.core.security.delegation import LENT, delegate
from console.core.security.permissions import Role
from console.core.sending.reconcile import reconcile, watch
from console.core.sending.steps import Steps
from console.core.settings import Settings
from db import audit
from db.models import (
    AuditEntry,
    Batch,
    BatchState,
    Decision,
    DiscrepancyKind,
    Line,
    Message,
    MessageState,
    TemplateVersion,
    User,
)
from db.outbox import ClaimAsk, Claimed
from db.outbox_results import Acceptance
from db.outbox_sending import Cleared, Hindrance, SendingAsk

_World = runpy.run_path(str(Path(__file__).parents[3] / "campaign_world.py"))["World"]
HOUR = timedelta(hours=1)
RUN = "run-1"


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(6)
    made.line()
    return made


@pytest.fixture
def approved(world: Any, supervisor_ctx: Context) -> Any:
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    return frozen


class Desk:
    """A dispatcher's steps, taken one by one."""

    def __init__(self, ctx: Context) -> None:
        self.database, self.clock = ctx.database, ctx.clock
        with ctx.database.read() as session:
            policy = policy_at(session, ctx.clock.now())
        self.steps = Steps(RUN, ctx.clock, ctx.database.secret("message"), policy)
        with ctx.database.begin() as session:
            session.execute(update(Line).values(owner=RUN, lease_until=ctx.clock.now() + HOUR))

    def claim(self, limit: int = 10) -> list[Claimed]:
        ask = ClaimAsk(run=RUN, line_id=1, limit=limit, lease_until=self.clock.now() + HOUR)
        with self.database.begin() as session:
            (claimed,) = self.steps.claim.run(session, [ask])
        return [message for message in claimed if self.steps.fits(message)]

    def clear(self, message: Claimed) -> Any:
        ask = SendingAsk(run=RUN, line_id=1, sender_identity="imsi", message=message, sequence=1)
        with self.database.begin() as session:
            (answer,) = self.steps.clear.run(session, [ask])
        return answer

    def accept(self, message: Claimed, cleared: Cleared) -> None:
        fact = Acceptance(
            message_id=message.message_id, part_id=cleared.part_id, reference="7", sender_identity="imsi",
            at=self.clock.now(), last=True,
        )  # fmt: skip
        with self.database.begin() as session:
            self.steps.accepted.run(session, [fact])


@pytest.fixture
def desk(ctx: Context, approved: Any) -> Desk:
    return Desk(ctx)


def by_hand(ctx: Context, *statements: Any) -> None:
    with ctx.database.begin() as session:
        for statement in statements:
            session.execute(statement)


def found(ctx: Context) -> set[DiscrepancyKind]:
    return {each.kind for each in reconcile(ctx).findings}


def as_role(ctx: Context, *roles: Role) -> Context:
    by_hand(ctx, update(User).where(User.id == ctx.actor.user_id).values(roles=[str(role) for role in roles]))
    actor = ctx.actor
    return replace(ctx, actor=Actor.of(actor.user_id, actor.login, actor.name, frozenset(roles)))


# --- past one's role


def test_nobody_approves_what_they_made_whatever_they_are_now(
    ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock
) -> None:
    frozen = world.submitted()
    with pytest.raises(NotPermitted):
        approve(ctx, frozen.campaign_id, frozen.digest)
    promoted = as_role(ctx, Role.SUPERVISOR)
    with pytest.raises(OwnCampaign):
        approve(promoted, frozen.campaign_id, frozen.digest)
    delegate(supervisor_ctx, ctx.actor.user_id, clock.now(), clock.now() + HOUR, "")
    maker = as_role(ctx, Role.OFFICER)
    deputy = replace(maker, actor=replace(maker.actor, permissions=maker.actor.permissions | LENT))
    with pytest.raises(OwnCampaign):
        approve(deputy, frozen.campaign_id, frozen.digest)
    assert world.batch(frozen.batch_id).state is BatchState.PENDING


def test_two_signatures_are_two_people(supervisor_ctx: Context, world: Any) -> None:
    frozen = world.submitted()
    twice = supervisor_ctx.with_settings(Settings({"approval.second_above": 2}))
    assert approve(twice, frozen.campaign_id, frozen.digest) == 1
    with pytest.raises(NotDecidable):
        approve(twice, frozen.campaign_id, frozen.digest)
    assert world.batch(frozen.batch_id).state is BatchState.PENDING


def test_a_signature_is_for_one_batch_in_its_time(
    ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock
) -> None:
    first = world.submitted()
    other = world.submitted(name="另一个")
    with pytest.raises(DigestDiffers):
        approve(supervisor_ctx, other.campaign_id, first.digest)
    save_draft(ctx, world.draft(), first.campaign_id)  # voids it
    with pytest.raises(NotDecidable):
        approve(supervisor_ctx, first.campaign_id, first.digest)
    clock.advance(timedelta(days=30))
    with pytest.raises(NotDecidable):
        approve(supervisor_ctx, other.campaign_id, other.digest)
    assert {row.state for row in map(world.batch, (first.batch_id, other.batch_id))} == {
        BatchState.VOID,
        BatchState.PENDING,
    }


def test_what_was_approved_is_not_edited(ctx: Context, world: Any, approved: Any, desk: Desk) -> None:
    before = world.bodies(approved.batch_id)
    for attempt in (
        lambda: save_draft(ctx, world.draft(), approved.campaign_id),
        lambda: withdraw(ctx, approved.campaign_id),
        lambda: submit(ctx, approved.campaign_id),
    ):
        with pytest.raises((WrongState, Exception), match=r"edited|wait|submitted"):
            attempt()
    by_hand(ctx, update(TemplateVersion).values(body="请把钱转到这里"))  # the text, the people, the rows behind them
    world.set_customers([1, 2, 3], phone="13900000000")
    world.customers(3, first=50)
    assert world.bodies(approved.batch_id) == before
    assert {message.body for message in desk.claim()} == set(before.values())


def test_a_decision_is_not_taken_back_once_it_is_sent(supervisor_ctx: Context, approved: Any) -> None:
    with pytest.raises(NotDecidable):
        return_(supervisor_ctx, approved.campaign_id, approved.digest, "反悔")


# --- by hand in the database, before anybody approved it

Edit = Callable[[Any], list[Any]]
PENDING: dict[str, Edit] = {
    "body": lambda f: [update(Message).where(Message.id == f.first).values(body="【示例银行】请转账")],
    "phone": lambda f: [update(Message).where(Message.id == f.first).values(phone="13900000000")],
    "recipient": lambda f: [update(Message).where(Message.id == f.first).values(recipient="13900000000")],
    "row deleted": lambda f: [delete(Message).where(Message.id == f.first)],
    "row added": lambda f: [insert(Message).values(**f.copied)],
    "line": lambda f: [update(Batch).where(Batch.id == f.batch_id).values(line_id=1)],
    "time": lambda f: [update(Batch).where(Batch.id == f.batch_id).values(not_before=f.later)],
    "priority": lambda f: [update(Batch).where(Batch.id == f.batch_id).values(priority=0)],
    "class": lambda f: [update(Batch).where(Batch.id == f.batch_id).values(class_key="fraud")],
    "figures": lambda f: [update(Batch).where(Batch.id == f.batch_id).values(messages=2, parts=2)],
}


class Target:
    """What a statement needs to know of a frozen batch."""

    def __init__(self, ctx: Context, frozen: Any) -> None:
        self.batch_id, self.campaign_id = frozen.batch_id, frozen.campaign_id
        self.now = ctx.clock.now()
        self.later = self.now + HOUR
        self.user = ctx.actor.user_id
        with ctx.database.read() as session:
            row = session.scalars(select(Message).order_by(Message.id).limit(1)).one()
            values = {column.name: getattr(row, column.name) for column in Message.__table__.columns}
        self.first = values.pop("id")
        self.copied = values | {"phone": "13900000000", "recipient": "13900000000"}


@pytest.mark.parametrize("what", PENDING)
def test_what_was_changed_before_the_approval_is_not_approved(
    ctx: Context, supervisor_ctx: Context, world: Any, what: str
) -> None:
    frozen = world.submitted()
    by_hand(ctx, *PENDING[what](Target(ctx, frozen)))
    with pytest.raises(Tampered):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    assert world.batch(frozen.batch_id).state is BatchState.PENDING
    with ctx.database.read() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first() == "campaign.tampered"
    assert found(ctx)


def test_a_forged_first_signature_does_not_help_the_second(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    frozen = world.submitted()
    with ctx.database.begin() as session:
        session.add(
            Decision(
                campaign_id=frozen.campaign_id, batch_id=frozen.batch_id, approved=True, digest=frozen.digest,
                decided_by=3, decided_at=ctx.clock.now(),
            )
        )  # fmt: skip
    two = supervisor_ctx.with_settings(Settings({"approval.second_above": 2}))
    with pytest.raises(Tampered):
        approve(two, frozen.campaign_id, frozen.digest)
    assert found(ctx) == {DiscrepancyKind.DECISION}


# --- by hand in the database, after it was approved


def test_what_is_whole_leaves(ctx: Context, desk: Desk) -> None:
    messages = desk.claim()
    assert len(messages) == 6
    assert isinstance(desk.clear(messages[0]), Cleared)
    assert watch(ctx) == 0
    assert found(ctx) == set()


OPEN: dict[str, tuple[Edit, DiscrepancyKind]] = {
    "line": (PENDING["line"], DiscrepancyKind.BATCH),
    "time": (
        lambda f: [update(Batch).where(Batch.id == f.batch_id).values(not_before=f.now - HOUR)],
        DiscrepancyKind.BATCH,
    ),
    "expiry": (
        lambda f: [update(Batch).where(Batch.id == f.batch_id).values(expires_at=f.later + 99 * HOUR)],
        DiscrepancyKind.BATCH,
    ),
    "priority": (PENDING["priority"], DiscrepancyKind.BATCH),
    "class": (PENDING["class"], DiscrepancyKind.BATCH),
    "figures": (PENDING["figures"], DiscrepancyKind.BATCH),
    "decision deleted": (lambda f: [delete(Decision)], DiscrepancyKind.DECISION),
    "decision rewritten": (lambda f: [update(Decision).values(decided_by=3)], DiscrepancyKind.DECISION),
    "row deleted": (PENDING["row deleted"], DiscrepancyKind.COUNT),
    "row added": (PENDING["row added"], DiscrepancyKind.COUNT),
}


@pytest.mark.expects_log("not what was approved")
@pytest.mark.parametrize("what", OPEN)
def test_what_was_changed_after_the_approval_pauses_the_batch(
    ctx: Context, supervisor_ctx: Context, world: Any, approved: Any, desk: Desk, what: str
) -> None:
    """Found at the next claim, or by the look at open batches that the dispatcher takes every few seconds."""
    edit, kind = OPEN[what]
    by_hand(ctx, *edit(Target(ctx, approved)))
    if kind is DiscrepancyKind.COUNT:
        assert watch(ctx) == 1
    assert desk.claim() == []
    assert world.batch(approved.batch_id).state is BatchState.PAUSED
    with ctx.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, f'"kind":"{kind.value}"' in entry.detail) == ("outbox.tampered", True)
    assert kind in found(ctx)
    if kind is DiscrepancyKind.BATCH:
        with pytest.raises(TamperedWhileRunning):
            resume(supervisor_ctx, approved.campaign_id)


GATE: dict[str, tuple[Edit, Hindrance]] = {
    "body": (PENDING["body"], Hindrance.TAMPERED),
    "phone": (PENDING["phone"], Hindrance.TAMPERED),
    "recipient": (PENDING["recipient"], Hindrance.TAMPERED),
    "moved": (lambda f: [update(Message).where(Message.id == f.first).values(batch_id=2)], Hindrance.TAMPERED),
    "row deleted": (PENDING["row deleted"], Hindrance.LOST),
    "line": (PENDING["line"], Hindrance.BATCH),
    "priority": (PENDING["priority"], Hindrance.BATCH),
    "class": (PENDING["class"], Hindrance.BATCH),
    "attempts": (lambda f: [update(Message).where(Message.id == f.first).values(attempts=3)], Hindrance.PAST),
}


@pytest.mark.parametrize("what", GATE)
def test_what_was_changed_after_the_claim_is_stopped_at_the_last_gate(
    ctx: Context, world: Any, supervisor_ctx: Context, approved: Any, desk: Desk, what: str
) -> None:
    if what == "moved":
        other = world.submitted(name="另一个", version_id=world.template("${name}您好,官方咨询仅${tel}。", "fraud"))
        approve(supervisor_ctx, other.campaign_id, other.digest)
    message = next(each for each in desk.claim(20) if each.batch_id == approved.batch_id)
    edit, hindrance = GATE[what]
    by_hand(ctx, *edit(Target(ctx, approved)))
    assert desk.clear(message) is hindrance
    with ctx.database.read() as session:
        assert session.scalars(select(Message.id).where(Message.sending_at.is_not(None))).all() == []


@pytest.mark.expects_log("not what was approved")
def test_a_batch_opened_by_hand_gives_nothing(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    approved, pending, cancelled = (world.submitted(name=name) for name in ("甲", "乙", "丙"))
    approve(supervisor_ctx, approved.campaign_id, approved.digest)
    desk = Desk(ctx)
    with ctx.database.read() as session:
        signed = session.scalars(select(Decision)).one()
        columns = {column.name: getattr(signed, column.name) for column in Decision.__table__.columns}
    replayed = {key: value for key, value in columns.items() if key != "id"} | {"batch_id": pending.batch_id}
    by_hand(
        ctx,
        update(Batch).where(Batch.id == approved.batch_id).values(state=BatchState.PAUSED),
        insert(Decision).values(**replayed),
        update(Batch)
        .where(Batch.id.in_([pending.batch_id, cancelled.batch_id]))
        .values(state=BatchState.OPEN, opened_by=signed.decided_by, opened_at=signed.decided_at),
    )
    assert desk.claim() == []
    assert {world.batch(each.batch_id).state for each in (pending, cancelled)} == {BatchState.PAUSED}
    assert found(ctx) == {DiscrepancyKind.BATCH}


@pytest.mark.expects_log("not what was approved")
def test_a_pause_is_not_lifted_by_hand(ctx: Context, approved: Any, desk: Desk) -> None:
    pause(ctx, approved.campaign_id)
    by_hand(ctx, update(Batch).values(state=BatchState.OPEN))
    assert desk.claim() == []


@pytest.mark.parametrize("attempts", [0, 1])
def test_what_was_sent_is_not_put_back_by_hand(ctx: Context, approved: Any, desk: Desk, attempts: int) -> None:
    message = desk.claim(1)[0]
    cleared = desk.clear(message)
    assert isinstance(cleared, Cleared)
    desk.accept(message, cleared)
    by_hand(
        ctx,
        update(Message)
        .where(Message.id == message.message_id)
        .values(state=MessageState.WAITING, attempts=attempts, sending_at=None, accepted_at=None, line_id=None),
    )
    assert found(ctx) == {DiscrepancyKind.HISTORY, DiscrepancyKind.LINE}
    again = next(each for each in desk.claim() if each.message_id == message.message_id)
    assert desk.clear(again) is Hindrance.PAST


# --- the trail itself

TRAIL: dict[str, Callable[[int], list[Any]]] = {
    "changed": lambda n: [update(AuditEntry).where(AuditEntry.id == n).values(actor="somebody")],
    "deleted": lambda n: [delete(AuditEntry).where(AuditEntry.id == n)],
    "reordered": lambda n: [
        update(AuditEntry).where(AuditEntry.id == n).values(id=9_000),
        update(AuditEntry).where(AuditEntry.id == n + 1).values(id=n),
        update(AuditEntry).where(AuditEntry.id == 9_000).values(id=n + 1),
    ],
}


@pytest.mark.parametrize("what", TRAIL)
def test_the_trail_is_not_rewritten(ctx: Context, approved: Any, what: str) -> None:
    by_hand(ctx, *TRAIL[what](2))
    with ctx.database.read() as session:
        verified = audit.verify(session)
    assert (verified.sound, verified.first_bad) == (False, 2)
