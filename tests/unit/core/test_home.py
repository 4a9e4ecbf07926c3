from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Topic
from console.core.home import day, first_line, unknown_ids, unknown_rows
from console.core.pulse import pulse
from db.models import Batch, BatchKind, BatchState, Campaign, CampaignState, Line, LineState, Message, MessageState


@pytest.fixture
def outbox(ctx: Context, clock: FixedClock) -> Any:
    """``outbox(state, hours_ago, ...)`` adds one message of a test batch; returns its id."""
    now = clock.now()
    with ctx.database.begin() as session:
        line = Line(name="A", address="COM5", created_at=now, state=LineState.READY, health_at=now)
        session.add(line)
        session.flush()
        batch = Batch(
            kind=BatchKind.TEST,
            class_key="service",
            state=BatchState.OPEN,
            line_id=line.id,
            created_by=ctx.actor.user_id,
            created_at=now,
        )
        session.add(batch)
        session.flush()
        line_id, batch_id = line.id, batch.id
    numbers = iter(range(13_800_000_000, 13_900_000_000))

    def add(state: MessageState, hours_ago: float = 0, reason: str = "") -> int:
        at = now - timedelta(hours=hours_ago)
        left = state not in (MessageState.WAITING, MessageState.REFUSED)
        phone = str(next(numbers))
        with ctx.database.begin() as session:
            message = Message(
                batch_id=batch_id,
                phone=phone,
                recipient=phone,
                body="【示例银行】您好",
                parts=1,
                digest="",
                state=state,
                reason=reason,
                line_id=line_id,
                created_at=at,
                sending_at=at,
                accepted_at=at if left else None,
                done_at=at
                if state in (MessageState.DELIVERED, MessageState.REFUSED, MessageState.UNDELIVERED)
                else None,
            )
            session.add(message)
            session.flush()
            return message.id

    return add


def test_the_hours_of_the_day(ctx: Context, outbox: Any) -> None:
    for state, ago in (
        (MessageState.DELIVERED, 0.5),
        (MessageState.DELIVERED, 0.6),
        (MessageState.UNDELIVERED, 0.5),
        (MessageState.REFUSED, 1.5),
        (MessageState.ACCEPTED, 0),
        (MessageState.DELIVERED, 11),  # yesterday
    ):
        outbox(state, ago)
    hours = day(ctx).hours
    assert len(hours) == 24
    seen = {hour.hour: (hour.delivered, hour.failed, hour.open) for hour in hours if hour.sent}
    assert seen == {8: (0, 1, 0), 9: (2, 1, 0), 10: (0, 0, 1)}


def test_unknown_outcomes_come_with_advice(ctx: Context, outbox: Any) -> None:
    message = outbox(MessageState.UNKNOWN, 1, "at.timeout")
    assert unknown_ids(ctx) == [message]
    (found,) = unknown_rows(ctx, [message])
    assert found.message_id == message
    assert found.line == "A"
    assert found.explanation
    assert found.advice


def test_first_steps_tick_off(ctx: Context, outbox: Any) -> None:
    steps = day(ctx).steps
    assert (steps.line, steps.customers, steps.test) == (True, False, False)
    outbox(MessageState.DELIVERED)
    assert day(ctx).steps.test


def test_what_waits_for_me_is_not_my_own(ctx: Context, supervisor_ctx: Context, clock: FixedClock) -> None:
    now = clock.now()
    with ctx.database.begin() as session:
        for maker in (ctx.actor.user_id, supervisor_ctx.actor.user_id):
            batch = Batch(
                kind=BatchKind.CAMPAIGN,
                class_key="remind",
                state=BatchState.PENDING,
                messages=7,
                created_by=maker,
                created_at=now,
            )
            session.add(batch)
            session.flush()
            session.add(
                Campaign(
                    name=f"campaign of {maker}",
                    class_key="remind",
                    audience={},
                    variables={},
                    state=CampaignState.PENDING,
                    batch_id=batch.id,
                    created_by=maker,
                    created_at=now,
                    updated_at=now,
                )
            )
    (waiting,) = day(supervisor_ctx).to_approve
    assert (waiting.name, waiting.messages) == (f"campaign of {ctx.actor.user_id}", 7)
    assert day(ctx).to_approve == ()


def test_the_day_walks_through_no_messages(ctx: Context, outbox: Any, walks: Any) -> None:
    outbox(MessageState.DELIVERED)
    assert walks(ctx.database, lambda: (day(ctx), pulse(ctx))) == []


def test_a_pulse_knows_what_moved(ctx: Context, outbox: Any) -> None:
    before = pulse(ctx)
    assert pulse(ctx).topics_since(before) == frozenset()
    outbox(MessageState.WAITING)
    assert pulse(ctx).topics_since(before) == {Topic.OUTBOX, Topic.LINES}
    with ctx.database.begin() as session:
        session.get_one(Line, 1).state = LineState.FAULT
    assert Topic.LINES in pulse(ctx).topics_since(before)


def test_a_test_takes_a_line_that_is_ready(ctx: Context, clock: FixedClock) -> None:
    with pytest.raises(UserError):
        first_line(ctx)
    with ctx.database.begin() as session:
        for name, state in (("A", LineState.FAULT), ("B", LineState.READY)):
            session.add(Line(name=name, address=name, created_at=clock.now(), state=state))
    assert first_line(ctx) == 2
