"""How fast the lines are, and when the last message would leave."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import Any

import pytest

from console.core.campaigns.capacity import USUAL_PACE, Capacity, capacity
from console.core.campaigns.lifecycle import approve
from console.core.compliance.policy import ContactHours, load_policy
from console.core.compliance.times import Hours
from console.core.context import Context
from db.models import MessageState

CHINA = timezone(timedelta(hours=8))
DAY = ContactHours(rule="hours.test", classes=frozenset(), hours=Hours(time(9), time(20), workdays_only=True))
NIGHT = ContactHours(rule="hours.test", classes=frozenset(), hours=Hours(time(22), time(6)))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("contact", "starts", "parts", "finish"),
    [
        (None, at(23, 19, 50), 40, at(23, 20, 10)),
        (DAY, at(23, 19, 30), 40, at(23, 19, 50)),
        (DAY, at(23, 19, 50), 40, at(24, 9, 10)),  # the next morning
        (DAY, at(27, 19, 50), 40, at(30, 9, 10)),  # Friday evening: over the weekend
        (DAY, at(23, 3), 40, at(23, 9, 20)),
        (DAY, at(23, 9), 2 * 660 + 20, at(24, 9, 10)),  # a whole day of eleven hours, and ten minutes more
        (NIGHT, at(23, 23, 50), 40, at(24, 0, 10)),  # past midnight
        (NIGHT, at(23, 5, 50), 40, at(23, 22, 10)),
    ],
)
def test_the_finish_keeps_the_contact_hours(
    contact: ContactHours | None, starts: datetime, parts: int, finish: datetime
) -> None:
    load = Capacity(lines=1, per_minute=2, queued=0, measured=False)
    assert load.finish(starts, parts, contact, load_policy()) == finish


def test_without_a_line_there_is_no_finish() -> None:
    assert Capacity(lines=0, per_minute=0, queued=0, measured=False).finish(at(23, 9), 5, None, load_policy()) is None


def test_what_is_queued_comes_first() -> None:
    load = Capacity(lines=1, per_minute=2, queued=20, measured=False)
    assert load.finish(at(23, 9), 10, None, load_policy()) == at(23, 9, 15)


def test_lines_add_up_and_their_pace_is_the_limit(ctx: Context, world: Any) -> None:
    world.line("一", pace=5)
    only = world.line("二")
    with ctx.database.read() as session:
        both = capacity(session, None, ctx.clock.now())
        one = capacity(session, only, ctx.clock.now())
    assert (both.lines, both.per_minute) == (2, 5 + USUAL_PACE)
    assert (one.lines, one.per_minute) == (1, USUAL_PACE)


def test_a_line_that_has_been_sending_is_taken_at_its_real_rate(
    ctx: Context, supervisor_ctx: Context, world: Any
) -> None:
    world.customers(40)
    line = world.line()
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    now = ctx.clock.now()
    for ago in range(30):
        accepted = now - timedelta(seconds=10 * ago)
        world.set_messages(frozen.batch_id, MessageState.ACCEPTED, 1, line_id=line, accepted_at=accepted)
    with ctx.database.read() as session:
        found = capacity(session, None, now)
    assert found.measured
    assert found.per_minute == pytest.approx(60 / (290 / 60))  # 30 messages of two parts in 290 seconds
    assert found.queued == 20
