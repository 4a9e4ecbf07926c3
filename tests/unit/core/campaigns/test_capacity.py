"""How fast the lines are, when the last message would leave, and what is said when it would not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from console.core.campaigns.capacity import USUAL_PACE, Capacity, Power, capacity
from console.core.campaigns.forecast import Forecast, forecast
from console.core.campaigns.lifecycle import approve, submit
from console.core.campaigns.preflight import preflight
from console.core.campaigns.route import asked_of
from console.core.campaigns.schedule import Pace, Schedule, Unit, timetable
from console.core.compliance.policy import load_policy
from console.core.compliance.times import Hours, Zone
from console.core.context import Context
from console.core.sending import pacing
from db.models import Batch, BatchState, Line, LineState, MessageState
from db.outbox_batches import Obstacle

CHINA = timezone(timedelta(hours=8))
ZONE = Zone(CHINA)
DAY = Hours(time(9), time(20), workdays_only=True)
NIGHT = Hours(time(22), time(6))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


def foreseen(
    load: Capacity, starts: datetime, messages: int, *, contact: Hours | None = None, size: int = 1,
    schedule: Schedule = Schedule(), ends: datetime = at(30, 23),  # noqa: B008 - frozen
) -> Forecast:  # fmt: skip
    table = timetable(schedule, contact, ZONE, load_policy().calendar, starts, ends)
    return forecast(load, table, schedule, messages, messages * size, starts, ZONE)


TWO = Capacity(powers=(Power(per_minute=2),))


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
    contact: Hours | None, starts: datetime, parts: int, finish: datetime
) -> None:
    assert foreseen(TWO, starts, parts, contact=contact).finish_at == finish


def test_without_a_line_there_is_no_finish() -> None:
    assert foreseen(Capacity(), at(23, 9), 5) == Forecast(starts_at=at(23, 9), left_over=5)


def test_what_is_queued_comes_first_and_is_done_while_the_campaign_waits() -> None:
    load = Capacity(powers=(Power(per_minute=2),), queued=20)
    assert foreseen(load, at(23, 9), 10).finish_at == at(23, 9, 15)
    later = Schedule(first_day=date(2026, 11, 24), last_day=date(2026, 11, 24), opens=time(9), closes=time(12))
    assert foreseen(load, at(23, 9), 10, schedule=later).finish_at == at(24, 9, 5)


def test_what_the_time_is_too_short_for_is_counted() -> None:
    day = Schedule(first_day=date(2026, 11, 24), last_day=date(2026, 11, 24), opens=time(9), closes=time(10))
    found = foreseen(TWO, at(23, 9), 100, size=2, schedule=day)
    assert found == Forecast(starts_at=at(24, 9), left_over=40)  # 120 parts in the hour
    assert foreseen(TWO, at(25, 9), 7, schedule=day) == Forecast(left_over=7)


@pytest.mark.parametrize(
    ("pace", "messages", "finish"),
    [
        (Pace(most=1, unit=Unit.MINUTE), 30, at(23, 9, 30)),
        (Pace(most=30, unit=Unit.HOUR), 60, at(23, 11)),
        (Pace(most=100, unit=Unit.DAY), 240, at(25, 0, 20)),  # 100, 100, and 40 after the second midnight
        (Pace(most=50, unit=Unit.MINUTE), 30, at(23, 9, 15)),  # the line is slower
    ],
)
def test_the_pace_of_the_campaign_is_kept(pace: Pace, messages: int, finish: datetime) -> None:
    assert foreseen(TWO, at(23, 9), messages, schedule=Schedule(pace=pace)).finish_at == finish


def test_an_even_spread_takes_all_its_time() -> None:
    schedule = Schedule(first_day=date(2026, 11, 24), last_day=date(2026, 11, 25), spread=True)
    assert foreseen(TWO, at(23, 9), 10, schedule=schedule).finish_at == at(26, 0)


def test_hours_and_quotas_of_a_line_are_kept() -> None:
    hours = pacing.Hours(opens=time(9), closes=time(10))
    assert foreseen(Capacity(powers=(Power(per_minute=2, hours=hours),)), at(23, 9), 130).finish_at == at(24, 9, 5)
    quota = Power(per_minute=2, daily=50, left_today=20)
    assert foreseen(Capacity(powers=(quota,)), at(23, 9), 80).finish_at == at(25, 0, 5)
    month = Power(per_minute=2, monthly=50, left_this_month=20)
    found = foreseen(Capacity(powers=(month,)), at(23, 9), 80, ends=at(30, 23))
    assert (found.finish_at, found.left_over) == (None, 60)


def test_the_parts_of_long_messages_are_what_takes_time() -> None:
    assert foreseen(TWO, at(23, 9), 10, size=4).finish_at == at(23, 9, 20)


def of(ctx: Context, world: Any, class_key: str = "remind", **changes: Any) -> Capacity:
    with ctx.database.read() as session:
        return capacity(session, asked_of(world.draft(1, **changes), class_key), ctx.clock.now())


def test_lines_add_up_and_their_pace_is_the_limit(ctx: Context, world: Any) -> None:
    world.line("一", pace=5)
    only = world.line("二")
    both, one = of(ctx, world), of(ctx, world, line_id=only)
    assert (both.lines, both.per_minute) == (2, 5 + USUAL_PACE)
    assert (one.lines, one.per_minute) == (1, USUAL_PACE)
    few = of(ctx, world, schedule=Schedule(lines=(only,)))
    assert few.powers == one.powers


def change(ctx: Context, line: int, **values: Any) -> None:
    with ctx.database.begin() as session:
        row = session.get_one(Line, line)
        for name, value in values.items():
            setattr(row, name, value)


def test_only_lines_that_may_carry_it_count_and_the_others_are_named(ctx: Context, world: Any) -> None:
    off, other, fit = world.line("一"), world.line("二"), world.line("三")
    change(ctx, off, enabled=False)
    change(ctx, other, classes=["market"])
    change(ctx, fit, hourly_quota=60, daily_quota=100, opens_at=time(9), closes_at=time(18))
    found = of(ctx, world)
    assert [power.line_id for power in found.powers] == [fit]
    assert found.hindered == {Obstacle.CLASS: ("二",)}
    power = found.powers[0]
    assert (power.per_minute, power.left_today, power.hours) == (1, 100, pacing.Hours(opens=time(9), closes=time(18)))
    chosen = of(ctx, world, schedule=Schedule(lines=(off, other)))
    assert chosen.hindered == {Obstacle.OFF: ("一",), Obstacle.CLASS: ("二",), Obstacle.OTHER: ("三",)}


def rules(ctx: Context, world: Any, **changes: Any) -> list[str]:
    return [finding.rule for finding in preflight(ctx, world.draft(**changes)).obstacles]


def test_the_pre_flight_says_what_stands_in_the_way(ctx: Context, world: Any) -> None:
    world.customers(4)
    assert rules(ctx, world) == ["route.none"]
    line, second = world.line("一", pace=10), world.line("二", pace=10)
    assert rules(ctx, world) == []
    change(ctx, line, classes=["market"])
    assert rules(ctx, world, line_id=line) == ["route.none"]
    change(ctx, line, classes=[], enabled=False)
    assert rules(ctx, world, line_id=line) == ["route.none"]
    assert rules(ctx, world, schedule=Schedule(lines=(line, second))) == ["route.off"]
    change(ctx, second, state=LineState.STOPPED)
    assert rules(ctx, world) == ["route.stopped"]
    change(ctx, second, state=LineState.READY)
    slow = Schedule(pace=Pace(most=1, unit=Unit.DAY))
    found = preflight(ctx, world.draft(schedule=slow, expires_at=ctx.clock.now() + timedelta(days=2)))
    assert [finding.rule for finding in found.obstacles] == ["schedule.late"]
    assert "About 1 of 4" in str(found.obstacles[0].why)
    assert found.finish_at is None


def test_only_what_goes_before_it_holds_a_campaign_up(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(4)
    line, other = world.line("一"), world.line("二")
    first = world.submitted()
    approve(supervisor_ctx, first.campaign_id, first.digest)
    asked = asked_of(world.draft(1, line_id=line), "remind")

    def queued(priority: int | None = None) -> int:
        with ctx.database.read() as session:
            return capacity(session, asked, ctx.clock.now(), priority=priority).queued

    assert queued() == queued(3) == first.parts
    assert queued(2) == 0  # a more urgent one overtakes it
    for values in ({"line_id": other}, {"schedule": {"pace": {"most": 5, "unit": "day"}}}):
        with ctx.database.begin() as session:
            batch = session.get_one(Batch, first.batch_id)
            for name, value in values.items():
                setattr(batch, name, value)
        assert queued() == 0
        with ctx.database.begin() as session:
            batch = session.get_one(Batch, first.batch_id)
            batch.line_id, batch.schedule, batch.state = None, {}, BatchState.OPEN


def test_a_window_is_frozen_with_the_campaign(ctx: Context, world: Any) -> None:
    world.customers(4)
    window = Schedule(first_day=date(2026, 11, 25), last_day=date(2026, 11, 26), opens=time(9), closes=time(12))
    campaign = world.saved(schedule=window)
    batch = world.batch(submit(ctx, campaign).batch_id)
    assert (batch.not_before, batch.expires_at) == (at(25, 9), at(26, 12))
    assert Schedule.load(batch.schedule) == window


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
    found = of(ctx, world)
    assert found.measured
    assert found.per_minute == pytest.approx(60 / (290 / 60))  # 30 messages of two parts in 290 seconds
    assert found.queued == 20
