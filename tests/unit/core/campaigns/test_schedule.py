"""When messages may leave: tables over midnight, month ends, holidays, adjusted working days and clocks that leap."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.core.campaigns.schedule import (
    BadSchedule,
    Pace,
    Schedule,
    Span,
    Timetable,
    Unit,
    Urgency,
    common,
    priority_of,
    signed,
    timetable,
)
from console.core.compliance.policy import load_policy
from console.core.compliance.times import Calendar, Hours, Zone

CHINA = timezone(timedelta(hours=8))
ZONE = Zone(CHINA)
BERLIN = Zone(ZoneInfo("Europe/Berlin"))
DAY = Hours(time(8), time(22))
NIGHT = Hours(time(22), time(6))
OFFICE = Hours(time(9), time(20), workdays_only=True)


def at(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026, zone: Any = CHINA) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


def spans_of(
    schedule: Schedule, contact: Hours | None, starts: datetime, ends: datetime, zone: Zone = ZONE
) -> tuple[Span, ...]:
    return timetable(schedule, contact, zone, load_policy().calendar, starts, ends).spans


def window(first: date, last: date, **values: Any) -> Schedule:
    return Schedule(first_day=first, last_day=last, **values)


NOV = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("schedule", "contact", "starts", "ends", "spans"),
    [
        pytest.param(
            Schedule(), None, at(11, 23, 10), at(11, 24, 10), [(at(11, 23, 10), at(11, 24, 10))], id="nothing is asked"
        ),
        pytest.param(
            Schedule(), DAY, at(11, 23, 23), at(11, 25, 9),
            [(at(11, 24, 8), at(11, 24, 22)), (at(11, 25, 8), at(11, 25, 9))], id="the hours of the class",
        ),
        pytest.param(
            Schedule(), NIGHT, at(11, 23, 23), at(11, 24, 23),
            [(at(11, 23, 23), at(11, 24, 6)), (at(11, 24, 22), at(11, 24, 23))], id="over midnight",
        ),
        pytest.param(
            window(NOV, date(2026, 12, 1)), None, at(11, 23), at(12, 31),
            [(at(11, 30), at(12, 2))], id="two days over the end of a month are one stretch",
        ),
        pytest.param(
            window(NOV, date(2026, 12, 1), opens=time(9, 30), closes=time(11)), DAY, at(11, 30, 10), at(12, 31),
            [(at(11, 30, 10), at(11, 30, 11)), (at(12, 1, 9, 30), at(12, 1, 11))], id="hours of the window",
        ),
        pytest.param(
            window(NOV, NOV, opens=time(6), closes=time(9)), DAY, at(11, 23), at(12, 31),
            [(at(11, 30, 8), at(11, 30, 9))], id="the hours of the class bind",
        ),
        pytest.param(
            window(date(2026, 11, 26), date(2026, 12, 1), weekdays=frozenset({1, 5}), opens=time(9), closes=time(10)),
            None, at(11, 23), at(12, 31),
            [(at(11, 27, 9), at(11, 27, 10)), (at(11, 30, 9), at(11, 30, 10))], id="Mondays and Fridays",
        ),
        pytest.param(
            window(date(2026, 9, 19), date(2026, 9, 28), workdays=True, opens=time(9), closes=time(10)),
            None, at(9, 1), at(10, 31),
            [(at(9, day, 9), at(9, day, 10)) for day in (20, 21, 22, 23, 24, 28)],
            id="a Sunday that is worked, and the mid-autumn holiday",
        ),
        pytest.param(
            Schedule(), OFFICE, at(9, 30, 19), at(10, 8, 12),
            [(at(9, 30, 19), at(9, 30, 20)), (at(10, 8, 9), at(10, 8, 12))], id="over the national day",
        ),
        pytest.param(
            window(date(2026, 11, 1), date(2026, 11, 20)), DAY, at(11, 23), at(12, 31), [], id="a window of the past"
        ),
        pytest.param(
            window(date(2026, 11, 28), date(2026, 11, 29)), OFFICE, at(11, 23), at(12, 31), [],
            id="a weekend, for a class that goes on working days",
        ),
        pytest.param(Schedule(), DAY, at(11, 24), at(11, 23), [], id="over before it begins"),
        pytest.param(
            window(date(2028, 2, 28), date(2028, 3, 1), opens=time(9), closes=time(10)), None,
            at(2, 1, year=2028), at(3, 31, year=2028),
            [(at(2, 28, 9, year=2028), at(2, 28, 10, year=2028)), (at(2, 29, 9, year=2028), at(2, 29, 10, year=2028)),
             (at(3, 1, 9, year=2028), at(3, 1, 10, year=2028))], id="the end of February in a leap year",
        ),
    ],
)  # fmt: skip
def test_the_stretches_in_which_messages_may_leave(
    schedule: Schedule, contact: Hours | None, starts: datetime, ends: datetime, spans: list[Span]
) -> None:
    assert list(spans_of(schedule, contact, starts, ends)) == spans


def test_where_clocks_leap_a_day_has_the_hours_it_has() -> None:
    zone = BERLIN.info
    spring, autumn = date(2027, 3, 28), date(2026, 10, 25)
    (long,) = spans_of(window(autumn, autumn), None, at(10, 1), at(11, 1), BERLIN)
    assert long[1] - long[0] == timedelta(hours=25)
    (short,) = spans_of(window(spring, spring), None, at(3, 1, year=2027), at(4, 1, year=2027), BERLIN)
    assert short[1] - short[0] == timedelta(hours=23)
    lost = window(date(2027, 3, 27), spring, opens=time(2, 10), closes=time(2, 50))
    assert spans_of(lost, None, at(3, 1, year=2027), at(4, 1, year=2027), BERLIN) == (
        (at(3, 27, 2, 10, year=2027, zone=zone), at(3, 27, 2, 50, year=2027, zone=zone)),
    )


def test_the_hours_say_the_same_as_the_contact_hours_themselves() -> None:
    """One definition: a timetable is open exactly when the hours of the class hold."""
    calendar = load_policy().calendar
    for hours in (DAY, NIGHT, OFFICE, Hours(time(0), time(0)), Hours(time(8), time(8), workdays_only=True)):
        starts = at(9, 28)
        table = timetable(Schedule(), hours, ZONE, calendar, starts, starts + timedelta(days=12))
        for quarters in range(12 * 24 * 4):
            now = starts + timedelta(minutes=15 * quarters)
            assert table.open_at(now) is hours.contain(now, ZONE, calendar), (hours, now)
        assert all(one[1] < other[0] for one, other in pairwise(table.spans))


def test_a_timetable_knows_what_is_open_what_comes_and_what_is_left() -> None:
    table = Timetable(((at(11, 23, 9), at(11, 23, 12)), (at(11, 24, 9), at(11, 24, 10))))
    hours = timedelta(hours=1)
    for now, opens, closes, left in (
        (at(11, 23, 8), at(11, 23, 9), None, 4 * hours),
        (at(11, 23, 9), at(11, 23, 9), at(11, 23, 12), 4 * hours),
        (at(11, 23, 11), at(11, 23, 11), at(11, 23, 12), 2 * hours),
        (at(11, 23, 12), at(11, 24, 9), None, hours),
        (at(11, 24, 9, 30), at(11, 24, 9, 30), at(11, 24, 10), hours / 2),
        (at(11, 24, 10), None, None, 0 * hours),
    ):
        assert (table.opening(now), table.closing(now), table.left(now)) == (opens, closes, left)
        assert table.open_at(now) is (opens == now)
    assert table.end == at(11, 24, 10)
    assert Timetable(()).end is None
    assert Timetable(()).left(at(11, 23)) == timedelta()


def test_what_lies_in_both() -> None:
    def span(start: int, end: int) -> Span:
        return at(11, 23, start), at(11, 23, end)

    assert list(common([span(1, 4), span(6, 9)], [span(2, 3), span(3, 7), span(8, 12)])) == [
        span(2, 3), span(3, 4), span(6, 7), span(8, 9),
    ]  # fmt: skip
    assert list(common([span(1, 2)], [span(2, 3)])) == []


EVERYTHING = Schedule(
    first_day=date(2026, 11, 24),
    last_day=date(2026, 11, 27),
    opens=time(9, 30),
    closes=time(17),
    weekdays=frozenset({2, 4}),
    workdays=True,
    spread=True,
    pace=Pace(most=300, unit=Unit.HOUR),
    urgency=Urgency.URGENT,
    lines=(3, 7),
)


def test_a_schedule_comes_back_as_it_was_stored() -> None:
    assert Schedule.load(EVERYTHING.dump()) == EVERYTHING
    assert Schedule.load(Schedule().dump()) == Schedule()
    assert Schedule().dump() == {}
    assert Schedule.load(None) == Schedule()
    assert (EVERYTHING.begins(ZONE), EVERYTHING.ends(ZONE)) == (at(11, 24, 9, 30), at(11, 27, 17))
    assert (Schedule().begins(ZONE), Schedule().ends(ZONE)) == (None, None)
    assert window(NOV, NOV).ends(ZONE) == at(12, 1)


def test_a_copy_goes_on_other_days() -> None:
    again = EVERYTHING.again()
    assert (again.first_day, again.last_day, again.spread) == (None, None, False)
    assert (again.pace, again.urgency, again.lines) == (EVERYTHING.pace, EVERYTHING.urgency, EVERYTHING.lines)


def test_a_run_of_a_series_has_the_window_from_its_own_day() -> None:
    moved = EVERYTHING.from_day(date(2026, 12, 30))
    assert (moved.first_day, moved.last_day) == (date(2026, 12, 30), date(2027, 1, 2))
    assert moved.from_day(date(2026, 11, 24)) == EVERYTHING
    assert Schedule(pace=EVERYTHING.pace).from_day(NOV) == Schedule(pace=EVERYTHING.pace)


@pytest.mark.parametrize(
    "record",
    [
        {"first_day": "2026-11-24"},
        {"first_day": "2026-11-24", "last_day": "2026-11-23"},
        {"opens": "09:00"},
        {"opens": "09:00", "closes": "09:00"},
        {"weekdays": [0]},
        {"pace": {"most": 0, "unit": "hour"}},
        {"pace": {"most": 5, "unit": "fortnight"}},
        {"pace": {"most": 5}},
        {"urgency": "very"},
        {"first_day": "soon", "last_day": "soon"},
        {"opens": 9, "closes": 10},
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(BadSchedule):
        Schedule.load(record)


def test_what_is_signed_changes_with_every_answer() -> None:
    whole = EVERYTHING.dump()
    told = {signed(None, 5), signed({}, 5), signed({}, 4), signed(whole, 5)}
    for name in whole:
        told.add(signed({key: value for key, value in whole.items() if key != name}, 5))
    assert len(told) == 4 + len(whole)
    assert signed(whole, 5) == signed(dict(reversed(whole.items())), 5)
    assert signed(None, 5) == ""


def test_no_campaign_is_more_urgent_than_its_class_allows() -> None:
    assert priority_of(Urgency.URGENT, 5, 1) == 1
    assert priority_of(Urgency.URGENT, 5, None) == 5
    assert priority_of(Urgency.URGENT, 2, 4) == 2
    assert priority_of(Urgency.NORMAL, 5, 1) == 5
    assert priority_of(Urgency.WHENEVER, 5, 1) == 9


def test_days_of_a_calendar_that_knows_no_holiday_are_told_by_weekends() -> None:
    table = timetable(Schedule(workdays=True), None, ZONE, Calendar(), at(11, 28), at(11, 30, 9))
    assert table.spans == ((at(11, 30), at(11, 30, 9)),)
