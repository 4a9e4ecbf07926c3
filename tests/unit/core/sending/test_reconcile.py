"""A row that somebody changed in the database is found, with the figures and the messages that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from console.core.errors import NotPermitted, UserError
from console.core.reports.period import Period
from console.core.sending.control import Decision, resolve_unknown
from console.core.sending.reconcile import Looked, reconcile, run_nightly, settle, watch
from db.models import (
    AuditEntry,
    Batch,
    BatchState,
    Discrepancy,
    DiscrepancyKind,
    Message,
    MessagePart,
    MessageState,
    PartState,
    Reconciliation,
)

ENDS = {
    MessageState.DELIVERED: PartState.DELIVERED,
    MessageState.ACCEPTED: PartState.ACCEPTED,
    MessageState.UNDELIVERED: PartState.FAILED,
    MessageState.EXPIRED: PartState.EXPIRED,
    MessageState.UNKNOWN: PartState.UNKNOWN,
    MessageState.REFUSED: PartState.REFUSED,
}


@pytest.fixture
def sent(house: Any) -> Callable[..., list[int]]:
    """A batch of messages that went over line A and ended as told, as a dispatcher would leave them; their ids."""

    def make(*states: MessageState, waiting: int = 0) -> list[int]:
        line = house.line(f"line {len(house.all(Batch))}")
        batch = house.batch(len(states) + waiting)
        rows = house.messages(batch)
        with house.database.begin() as session:
            for row, state in zip(rows, states, strict=False):
                message = session.get_one(Message, row.id)
                message.state, message.line_id, message.attempts = state, line, 1
                message.sending_at = message.accepted_at = house.now
                part = MessagePart(message_id=row.id, sequence=1, attempt=1, line_id=line, state=ENDS[state])
                part.phone, part.sending_at, part.counted = row.phone, house.now, True
                session.add(part)
        return [row.id for row in rows]

    return make


def kinds(looked: Looked) -> dict[DiscrepancyKind, list[int]]:
    return {each.kind: each.messages for each in looked.findings}


def by_hand(house: Any, statement: Any) -> None:
    with house.database.begin() as session:
        session.execute(statement)


def test_what_fits_is_quiet_and_adds_up(house: Any, ctx: Any, sent: Any) -> None:
    sent(*ENDS, waiting=2)
    looked = reconcile(ctx)
    assert looked.findings == []
    (each,) = looked.sums.values()
    assert each.figures() == {
        "taken": 6, "delivered": 1, "failed": 2, "expired": 1, "unknown": 1, "waiting": 1, "sending": 0,
    }  # fmt: skip
    assert each.difference == 0
    (row,) = house.all(Reconciliation)
    assert (row.campaigns, row.lines, row.messages, row.found) == (1, 1, 6, 0)
    assert house.all(AuditEntry)[-1].action == "outbox.reconcile"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"state": MessageState.WAITING}, {DiscrepancyKind.HISTORY, DiscrepancyKind.LINE}),
        ({"state": MessageState.CANCELLED}, {DiscrepancyKind.STATES, DiscrepancyKind.LINE}),
        ({"state": MessageState.UNDELIVERED}, {DiscrepancyKind.STATES}),
        ({"line_id": None}, {DiscrepancyKind.LINE}),
        ({"body": "【示例银行】请转账"}, {DiscrepancyKind.MESSAGE}),
    ],
    ids=str,
)
def test_a_message_changed_by_hand_is_found(
    house: Any, ctx: Any, sent: Any, values: dict[str, Any], found: set[DiscrepancyKind]
) -> None:
    ids = sent(*[MessageState.DELIVERED] * 3)
    by_hand(house, update(Message).where(Message.id == ids[1]).values(**values))
    looked = reconcile(ctx)
    assert kinds(looked) == {key: [ids[1]] for key in found}
    stored = {each.kind: each for each in house.all(Discrepancy)}
    assert stored.keys() == found
    if DiscrepancyKind.LINE in found:
        line = stored[DiscrepancyKind.LINE]
        assert (line.figures["taken"], line.figures["delivered"], line.day) == (3, 2, house.now.astimezone().date())


def test_rows_that_were_removed_or_moved_are_missed(house: Any, ctx: Any, sent: Any) -> None:
    first, second = sent(waiting=3), sent(waiting=1)
    by_hand(house, delete(Message).where(Message.id == first[0]))
    by_hand(house, update(Message).where(Message.id == first[1]).values(batch_id=2))
    looked = reconcile(ctx)
    counts = {each.batch_id: each.figures for each in looked.findings if each.kind is DiscrepancyKind.COUNT}
    assert counts == {1: {"approved": 3, "there": 1}, 2: {"approved": 1, "there": 2}}
    assert kinds(looked)[DiscrepancyKind.MESSAGE] == [first[1]]
    assert second


def test_a_part_that_was_removed_leaves_a_message_without_a_trace(house: Any, ctx: Any, sent: Any) -> None:
    ids = sent(MessageState.DELIVERED, MessageState.DELIVERED)
    by_hand(house, delete(MessagePart).where(MessagePart.message_id == ids[0]))
    found = kinds(reconcile(ctx))
    assert found == {DiscrepancyKind.STATES: [ids[0]], DiscrepancyKind.LINE: [ids[0]]}


def test_a_person_may_let_it_go_again_and_a_hand_in_the_database_may_not(house: Any, ctx: Any, sent: Any) -> None:
    decided, forged = sent(MessageState.UNKNOWN, MessageState.UNKNOWN)
    resolve_unknown(ctx, [decided], Decision.RESEND)
    assert reconcile(ctx).findings == []
    by_hand(house, update(Message).where(Message.id == forged).values(state=MessageState.WAITING, attempts=0))
    assert kinds(reconcile(ctx)) == {DiscrepancyKind.HISTORY: [forged], DiscrepancyKind.LINE: [forged]}


def test_what_is_settled_stays_settled_until_it_changes_and_what_is_gone_closes_itself(
    house: Any, ctx: Any, supervisor_ctx: Any, sent: Any
) -> None:
    ids = sent(*[MessageState.DELIVERED] * 2)
    by_hand(house, update(Message).where(Message.id == ids[0]).values(state=MessageState.UNDELIVERED))
    reconcile(ctx)
    (row,) = house.all(Discrepancy)
    with pytest.raises(NotPermitted):
        settle(ctx, [row.id], "试过了")
    with pytest.raises(UserError):
        settle(supervisor_ctx, [row.id], " ")
    settle(supervisor_ctx, [row.id], "演练：由技术人员修改")
    reconcile(ctx)
    (row,) = house.all(Discrepancy)
    assert (row.settled_by, row.note) == (supervisor_ctx.actor.user_id, "演练：由技术人员修改")
    assert house.all(Reconciliation)[-1].found == 0
    assert json.loads(house.all(AuditEntry)[-2].detail)["note"] == "演练：由技术人员修改"
    by_hand(house, update(Message).where(Message.id == ids[1]).values(state=MessageState.UNDELIVERED))
    reconcile(ctx)
    (row,) = house.all(Discrepancy)
    assert (row.settled_at, row.messages) == (None, ids)
    by_hand(house, update(Message).where(Message.id.in_(ids)).values(state=MessageState.DELIVERED))
    reconcile(ctx)
    (row,) = house.all(Discrepancy)
    assert row.settled_at is not None
    assert row.settled_by is None


def test_it_runs_once_a_night_and_ends_with_the_process(house: Any, ctx: Any, sent: Any, clock: Any) -> None:
    from dataclasses import replace

    from console.core.context import SYSTEM

    system = replace(ctx, actor=SYSTEM)
    sent(MessageState.DELIVERED)
    assert not run_nightly(system, lambda: True)
    assert house.all(Reconciliation) == []
    assert run_nightly(system, lambda: False)
    clock.advance(timedelta(hours=13, minutes=59))
    assert not run_nightly(system, lambda: False)
    clock.advance(timedelta(minutes=1))  # midnight
    assert run_nightly(system, lambda: False)
    assert [row.by for row in house.all(Reconciliation)] == [None, None]


def test_another_period_is_looked_at_on_demand(house: Any, ctx: Any, sent: Any, clock: Any) -> None:
    ids = sent(MessageState.DELIVERED)
    day = house.now.astimezone().date()
    by_hand(house, update(Message).where(Message.id == ids[0]).values(state=MessageState.UNDELIVERED))
    clock.advance(timedelta(days=30))
    with house.database.begin() as session:
        session.execute(update(Batch).values(state=BatchState.PAUSED))
    assert DiscrepancyKind.STATES not in kinds(reconcile(ctx))
    assert DiscrepancyKind.STATES in kinds(reconcile(ctx, Period(day, day)))


@pytest.mark.expects_log("not what was approved")
def test_an_open_batch_is_watched_and_paused(house: Any, ctx: Any, sent: Any) -> None:
    sound, robbed, forged = sent(waiting=2), sent(waiting=2), sent(waiting=2)
    assert watch(ctx) == 0
    by_hand(house, delete(Message).where(Message.id == robbed[0]))
    by_hand(house, update(Batch).where(Batch.id == 3).values(priority=0))
    assert watch(ctx) == 2
    assert [row.state for row in house.all(Batch)] == [BatchState.OPEN, BatchState.PAUSED, BatchState.PAUSED]
    alarms = {each.batch_id: each.kind for each in house.all(Discrepancy)}
    assert alarms == {2: DiscrepancyKind.COUNT, 3: DiscrepancyKind.BATCH}
    assert [row.action for row in house.all(AuditEntry)] == ["outbox.tampered"] * 2
    assert watch(ctx) == 0
    with ctx.database.read() as session:
        assert session.scalar(select(Message.id).where(Message.id.in_([*sound, *forged])).limit(1))
