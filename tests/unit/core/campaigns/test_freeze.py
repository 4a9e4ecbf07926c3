"""What is shown is what is stored, once, or not at all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, update

from console.core.campaigns import freeze as freezing
from console.core.campaigns.freeze import NobodyGetsIt, NotEditable, Superseded, purge
from console.core.campaigns.housekeeping import ABANDONED, throw_away_abandoned, tidy
from console.core.campaigns.lifecycle import save_draft, submit
from console.core.campaigns.preflight import preflight
from console.core.campaigns.rules import RULE_DUPLICATE
from console.core.campaigns.verify import verify_batch
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.i18n import Text
from db.models import AuditEntry, Batch, BatchState, Campaign, CampaignState, Exclusion, Message, MessageState


def state_of(ctx: Context, campaign_id: int) -> CampaignState:
    with ctx.database.read() as session:
        return session.get_one(Campaign, campaign_id).state


def count_of(ctx: Context, table: type[Message] | type[Exclusion] | type[Batch]) -> int:
    with ctx.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_what_is_shown_is_what_is_stored(ctx: Context, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "CHUNK", 7)
    world.customers(40)
    world.set_customers([3], phone="02155550100")
    world.set_customers([4, 39], phone="13800000001")
    draft = world.draft(world.template("${name}您好,官方咨询仅${tel}。", "fraud"))
    shown = preflight(ctx, draft)
    frozen = submit(ctx, save_draft(ctx, draft).campaign_id)
    assert (frozen.messages, frozen.parts, frozen.excluded) == (shown.gets, shown.parts, shown.left_out) == (37, 37, 3)
    bodies = world.bodies(frozen.batch_id)
    assert len(bodies) == 37
    for sample in shown.samples:
        assert sample.body in bodies.values()
    with ctx.database.read() as session:
        rules = dict(session.execute(select(Exclusion.rule, func.count()).group_by(Exclusion.rule)).all())
        reasons = [str(Text.load(reason)) for reason in session.scalars(select(Exclusion.reason))]
    assert rules == {each.rule: each.count for each in shown.excluded}
    assert rules[RULE_DUPLICATE] == 2
    assert all(reasons)


def test_the_batch_waits_for_approval_whole_and_digested(ctx: Context, world: Any) -> None:
    world.customers(5)
    at = ctx.clock.now() + timedelta(hours=3)
    frozen = world.submitted(not_before=at, line_id=world.line())
    batch = world.batch(frozen.batch_id)
    assert (batch.state, batch.messages, batch.parts) == (BatchState.PENDING, 5, frozen.parts)
    assert (batch.not_before, batch.expires_at) == (at, at + timedelta(hours=72))
    assert batch.digest == frozen.digest != ""
    assert state_of(ctx, frozen.campaign_id) is CampaignState.PENDING
    checked = verify_batch(ctx.database, frozen.batch_id)
    assert (checked.sound, checked.messages) == (True, 5)


def test_every_message_waits_with_a_digest_of_its_own(ctx: Context, world: Any) -> None:
    world.customers(5)
    frozen = world.submitted()
    with ctx.database.read() as session:
        rows = session.scalars(select(Message)).all()
    assert {row.state for row in rows} == {MessageState.WAITING}
    assert len({row.digest for row in rows}) == 5
    assert {row.batch_id for row in rows} == {frozen.batch_id}


@pytest.mark.parametrize(
    ("class_key", "body", "amount", "due"),
    [
        ("remind", "${name}您好,您的${prod}本期应还${amt}元,还款日${due}。咨询${tel}。", True, True),
        ("due_change", "${name}您好,您的${prod}自${eff}起改为每月20日还款。咨询${tel}。", False, False),
        ("fraud", "防骗提示:我行放款前不收保证金,不要求屏幕共享,否则即为诈骗,可拨96110或${tel}核实。", False, False),
    ],
)
def test_what_a_text_stands_by_is_kept_beside_it(
    ctx: Context, world: Any, class_key: str, body: str, amount: bool, due: bool
) -> None:
    customers = world.customers(2)
    world.set_loans(customers, amount_due=Decimal("3256.80"), due_on=world.today + timedelta(days=5))
    frozen = world.submitted(version_id=world.template(body, class_key), variables={"eff": "2026-12-01"})
    with ctx.database.read() as session:
        rows = session.execute(
            select(Message.told_amount, Message.told_due).where(Message.batch_id == frozen.batch_id)
        ).all()
    assert len(rows) == 2
    assert {tuple(row) for row in rows} == {
        (Decimal("3256.80") if amount else None, world.today + timedelta(days=5) if due else None)
    }


@pytest.mark.parametrize(
    "change",
    [
        {"body": "【示例银行】请转账到我的账户。"},
        {"phone": "13900000000"},
        {"recipient": "13900000000"},
        {"digest": "0" * 64},
    ],
)
def test_a_changed_row_is_found(ctx: Context, world: Any, change: dict[str, str]) -> None:
    world.customers(5)
    frozen = world.submitted()
    victim = world.set_messages(frozen.batch_id, MessageState.WAITING, 1, **change)[0]
    checked = verify_batch(ctx.database, frozen.batch_id)
    assert (checked.sound, checked.first_bad) == (False, victim)


def test_a_row_that_is_taken_away_or_a_moved_schedule_is_found(ctx: Context, world: Any) -> None:
    world.customers(5)
    frozen = world.submitted()
    with ctx.database.begin() as session:
        session.execute(update(Batch).values(not_before=ctx.clock.now()))
    assert not verify_batch(ctx.database, frozen.batch_id).sound
    with ctx.database.begin() as session:
        session.execute(update(Batch).values(not_before=None))
    assert verify_batch(ctx.database, frozen.batch_id).sound
    with ctx.database.begin() as session:
        session.delete(session.scalars(select(Message).limit(1)).one())
    assert not verify_batch(ctx.database, frozen.batch_id).sound


def test_submitting_twice_makes_one_batch(ctx: Context, world: Any) -> None:
    world.customers(5)
    frozen = world.submitted()
    with pytest.raises(NotEditable):
        submit(ctx, frozen.campaign_id)
    assert count_of(ctx, Message) == 5


def test_stopping_leaves_a_draft_and_no_rows(ctx: Context, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "CHUNK", 10)
    world.customers(30)
    campaign_id = world.saved()

    class Stop(Exception): ...

    def stop(done: int, total: int) -> None:
        if done >= 20:
            raise Stop

    with pytest.raises(Stop):
        submit(ctx, campaign_id, progress=stop)
    assert state_of(ctx, campaign_id) is CampaignState.DRAFT
    assert (count_of(ctx, Message), count_of(ctx, Exclusion)) == (0, 0)
    assert submit(ctx, campaign_id).messages == 30


def test_an_audience_of_which_nobody_gets_it_is_not_submitted(ctx: Context, world: Any) -> None:
    world.customers(3, phone="02155550100")
    campaign_id = world.saved()
    with pytest.raises(NobodyGetsIt):
        submit(ctx, campaign_id)
    assert state_of(ctx, campaign_id) is CampaignState.DRAFT
    assert count_of(ctx, Exclusion) == 0


def test_a_half_built_batch_is_replaced_at_the_next_submission(ctx: Context, world: Any) -> None:
    world.customers(5)
    campaign_id = world.saved()
    left_batch, _, _ = freezing._start(ctx, campaign_id)  # a crash right after
    frozen = submit(ctx, campaign_id)
    assert frozen.batch_id != left_batch
    assert world.batch(left_batch).state is BatchState.VOID
    assert count_of(ctx, Message) == 5


def test_the_one_who_was_overtaken_writes_nothing_more(
    ctx: Context, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "CHUNK", 10)
    world.customers(30)
    campaign_id = world.saved()
    second: list[Any] = []

    def overtake(done: int, total: int) -> None:
        if not second:
            second.append(None)
            second[0] = submit(ctx, campaign_id)

    with pytest.raises(Superseded):
        submit(ctx, campaign_id, progress=overtake)
    tidy(ctx)
    assert state_of(ctx, campaign_id) is CampaignState.PENDING
    assert world.messages(second[0].batch_id) == count_of(ctx, Message) == 30
    assert verify_batch(ctx.database, second[0].batch_id).sound


def test_an_abandoned_batch_is_thrown_away_but_not_one_that_lives(ctx: Context, world: Any, clock: FixedClock) -> None:
    world.customers(5)
    campaign_id = world.saved()
    batch_id, _, _ = freezing._start(ctx, campaign_id)
    assert throw_away_abandoned(ctx) == 0
    clock.advance(ABANDONED + timedelta(seconds=1))
    assert throw_away_abandoned(ctx) == 1
    assert world.batch(batch_id).state is BatchState.VOID
    assert state_of(ctx, campaign_id) is CampaignState.DRAFT
    assert throw_away_abandoned(ctx) == 0


def test_only_void_batches_are_purged(ctx: Context, world: Any) -> None:
    world.customers(5)
    frozen = world.submitted()
    assert purge(ctx.database, frozen.batch_id) == 0
    assert count_of(ctx, Message) == 5


def test_the_submission_stands_in_the_audit_trail(ctx: Context, world: Any) -> None:
    world.customers(5)
    frozen = world.submitted()
    with ctx.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.submit")).one()
    assert entry.subject == f"campaign:{frozen.campaign_id}"
    assert frozen.digest in entry.detail
    assert "138" not in entry.detail.replace(frozen.digest, "")


def test_a_checker_may_not_submit(supervisor_ctx: Context, world: Any) -> None:
    world.customers(1)
    with pytest.raises(NotPermitted):
        submit(supervisor_ctx, world.saved())
