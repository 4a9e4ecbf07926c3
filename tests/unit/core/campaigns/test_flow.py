"""A pace is never exceeded, whatever stands still or crashes; an even spread stays even and never bursts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.campaigns.flow import APART, CATCH_UP, RECOUNT, Flow, pace_opens, pace_room, spread_room
from console.core.campaigns.schedule import Pace, Timetable, Unit
from console.core.compliance.times import Zone

ZONE = Zone(timezone(timedelta(hours=8)))
START = datetime(2026, 11, 23, 2, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Lines:
    """Messages on lines, and when each left: what the database would tell. ``claim`` is what a dispatcher does."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.flow = Flow()
        self.held = 0
        self.left: list[datetime] = []
        self.now = START

    def look(self) -> int:
        since = self.flow.asks(self.now, self.held)
        rows = None
        if since is not None:
            rows = sum(at > since for at in self.left), sum(at > self.now - APART for at in self.left)
        self.flow = Flow.load(self.flow.seen(self.now, self.held, rows, self.pace).dump())  # another process reads it
        return pace_room(self.pace, self.flow, self.now, ZONE)

    def claim(self, wanted: int, *, crash: bool) -> int:
        number = min(wanted, self.look())
        self.flow = self.flow.took(number, self.now, None)
        if not crash:
            self.held += number
        return number

    def leave(self, number: int) -> None:
        number = min(number, self.held)
        self.held -= number
        self.left += [self.now] * number

    def give_back(self, number: int) -> None:
        self.held -= min(number, self.held)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 90)),  # seconds
        st.tuples(st.just("pause"), st.integers(1, 100)),  # minutes
        st.tuples(st.just("claim"), st.integers(1, 50)),
        st.tuples(st.just("crash"), st.integers(1, 50)),
        st.tuples(st.just("leave"), st.integers(1, 50)),
        st.tuples(st.just("give back"), st.integers(1, 50)),
    ),
    max_size=60,
)


@settings(max_examples=settings.default.max_examples * 3 // 2)
@given(steps=STEPS, most=st.integers(1, 12), unit=st.sampled_from(Unit))
def test_in_no_window_more_leave_than_the_pace_says(steps: list[tuple[str, int]], most: int, unit: Unit) -> None:
    lines = Lines(Pace(most=most, unit=unit))
    for verb, number in steps:
        match verb:
            case "wait":
                lines.now += number * SECOND
            case "pause":
                lines.now += number * MINUTE
            case "claim" | "crash":
                lines.claim(number, crash=verb == "crash")
            case "leave":
                lines.leave(number)
            case _:
                lines.give_back(number)
    assert most_in_a_window(lines.left, unit) <= most


def most_in_a_window(left: list[datetime], unit: Unit) -> int:
    if unit is Unit.DAY:
        days = [ZONE.local(at).date() for at in left]
        return max((days.count(day) for day in days), default=0)
    span = {Unit.MINUTE: MINUTE, Unit.HOUR: HOUR}[unit]
    return max((sum(at <= other < at + span for other in left) for at in left), default=0)


@pytest.mark.parametrize("unit", Unit)
def test_a_pace_is_used_up_to_the_full(unit: Unit) -> None:
    """Not only never more: with lines that take everything at once, nearly as much as it allows leaves."""
    lines = Lines(Pace(most=6, unit=unit))
    span = {Unit.MINUTE: MINUTE, Unit.HOUR: HOUR, Unit.DAY: 24 * HOUR}[unit]
    for _ in range(10 * 120):
        lines.claim(50, crash=False)
        lines.leave(50)
        lines.now += span / 120
    assert 54 <= len(lines.left) <= 66
    assert most_in_a_window(lines.left, unit) == 6


def test_what_is_given_back_does_not_use_up_the_pace() -> None:
    lines = Lines(Pace(most=5, unit=Unit.HOUR))
    assert lines.claim(5, crash=False) == 5
    lines.now += MINUTE
    assert lines.claim(5, crash=False) == 0  # lines hold them all
    lines.leave(2)
    lines.give_back(3)  # put off for the night, or paid meanwhile
    lines.now += MINUTE
    assert lines.claim(5, crash=False) == 3


def test_what_goes_back_and_forth_does_not_use_up_the_pace() -> None:
    """A slow line gives back what has waited for too long, again and again."""
    lines = Lines(Pace(most=100, unit=Unit.HOUR))
    for _ in range(60):
        lines.claim(50, crash=False)
        lines.leave(1)
        lines.now += 5 * SECOND
        lines.give_back(50)
        lines.now += SECOND
    assert len(lines.left) == 60
    assert lines.look() == 40


def test_what_a_crash_left_on_a_line_counts_until_it_is_known_to_be_free() -> None:
    lines = Lines(Pace(most=5, unit=Unit.HOUR))
    lines.claim(5, crash=False)
    lines.now += 3 * HOUR
    assert lines.look() == 0  # they may leave at any moment
    lines.leave(5)
    lines.now += MINUTE
    assert lines.look() == 0
    lines.now += HOUR
    assert lines.look() == 5


def test_when_there_is_room_again_is_told() -> None:
    for unit, opens in (
        (Unit.MINUTE, START + 61 * SECOND),
        (Unit.HOUR, START + HOUR + SECOND),
        (Unit.DAY, datetime(2026, 11, 23, 16, tzinfo=UTC)),  # midnight in China
    ):
        lines = Lines(Pace(most=5, unit=unit))
        lines.claim(5, crash=False)
        lines.leave(5)
        lines.now += SECOND
        assert lines.look() == 0
        told = pace_opens(lines.pace, lines.flow, lines.now, ZONE)
        assert told == opens
        lines.now = opens
        assert lines.look() == 5
        assert pace_opens(lines.pace, lines.flow, lines.now, ZONE) is None


def test_the_memory_of_a_pace_stays_short() -> None:
    lines = Lines(Pace(most=100_000, unit=Unit.HOUR))
    for _ in range(2_000):
        lines.claim(3, crash=False)
        lines.leave(3)
        lines.now += 4 * SECOND
    assert len(lines.flow.left) <= 62
    assert sum(number for _, number in lines.flow.left) >= 3 * 890


def spread_over(
    table: Timetable, messages: int, *, every: timedelta, away: tuple[datetime, datetime] | None = None
) -> list[datetime]:
    """When each message is released by a dispatcher that looks now and then, and is switched off for a while."""
    flow, now, left = Flow().counted(messages, table.spans[0][0]), table.spans[0][0], []
    end = table.end
    assert end is not None
    while now < end:
        if away is None or not away[0] <= now < away[1]:
            number = spread_room(flow, table, now)
            flow = Flow.load(flow.took(number, now, table).dump())
            left += [now] * number
        now += every
    return left


DAYS = Timetable(tuple((START + day * 24 * HOUR, START + day * 24 * HOUR + 8 * HOUR) for day in range(3)))


@pytest.mark.parametrize(("messages", "every"), [(24, 30 * SECOND), (4_800, 2 * SECOND), (1, MINUTE)])
def test_an_even_spread_is_even(messages: int, every: timedelta) -> None:
    left = spread_over(DAYS, messages, every=every)
    assert len(left) == messages
    by_day = [sum(start <= at < end for at in left) for start, end in DAYS.spans]
    assert max(by_day) - min(by_day) <= max(1, messages // 100)
    first = [at for at in left if at < DAYS.spans[0][1]]
    halves = sum(at < START + 4 * HOUR for at in first), sum(at >= START + 4 * HOUR for at in first)
    assert abs(halves[0] - halves[1]) <= max(1, messages // 100)


def test_after_a_day_of_standing_still_the_rest_is_spread_and_nothing_bursts() -> None:
    away = DAYS.spans[0][0] + 4 * HOUR, DAYS.spans[1][0] + 4 * HOUR  # half of the first day, half of the second
    left = spread_over(DAYS, 480, every=10 * SECOND, away=away)
    assert len(left) == 480
    rest = [at for at in left if at >= away[1]]
    assert 398 <= len(rest) <= 402  # 12 of 24 hours were left for the five sixths that waited
    assert min(other - one for one, other in pairwise(rest)) >= 100 * SECOND
    assert sum(at >= DAYS.spans[2][0] for at in rest) == pytest.approx(len(rest) * 8 / 12, abs=2)


def test_a_late_look_catches_up_a_little_only() -> None:
    table = Timetable(((START, START + HOUR),))
    flow = Flow().counted(3_600, START)  # one a second
    assert spread_room(flow, table, START) == 1
    flow = flow.took(1, START, table)
    assert spread_room(flow, table, START) == 0
    assert spread_room(flow, table, START + 5 * SECOND) == 5
    assert spread_room(flow, table, START + 30 * MINUTE) <= 2 * CATCH_UP / SECOND + 1


def test_nothing_is_due_outside_of_the_hours_or_when_nothing_waits() -> None:
    table = Timetable(((START, START + HOUR),))
    assert spread_room(Flow().counted(5, START), table, START - SECOND) == 0
    assert spread_room(Flow().counted(5, START), table, START + HOUR) == 0
    assert spread_room(Flow().counted(0, START), table, START) == 0


def test_a_number_of_waiting_messages_is_believed_for_a_while() -> None:
    assert Flow().stale(START)
    flow = Flow().counted(5, START)
    assert not flow.stale(START + RECOUNT - SECOND)
    assert flow.stale(START + RECOUNT)
    assert flow.stale(START - SECOND)  # the clock was put back


def test_a_flow_comes_back_as_it_was_stored() -> None:
    chance = random.Random(7)
    pace = Pace(most=50, unit=Unit.MINUTE)
    flow = Flow().counted(100, START)
    for step in range(30):
        flow = flow.seen(START + step * SECOND, chance.randrange(5), (chance.randrange(9), 0), pace)
        flow = flow.took(2, START + step * SECOND, DAYS)
        assert Flow.load(flow.dump()) == flow
    assert Flow.load({}) == Flow()
