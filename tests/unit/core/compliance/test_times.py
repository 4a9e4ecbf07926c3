from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.compliance.times import Calendar, Hours, Window, Zone, window_end, window_start

CHINA = Zone(ZoneInfo("Asia/Shanghai"))
BERLIN = Zone(ZoneInfo("Europe/Berlin"))
NOTHING = Calendar()
COLLECTION = Hours(time(8), time(22))
NIGHT = Hours(time(22), time(6))
WORK = Hours(time(9), time(20), workdays_only=True)

moments = st.datetimes(
    datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2028-01-01"), timezones=st.just(UTC)
)


def china(text: str) -> datetime:
    return CHINA.utc(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-23T07:59:59.999999", "2026-11-23T08:00"),
        ("2026-11-23T08:00", "2026-11-23T08:00"),
        ("2026-11-23T21:59:59.999999", "2026-11-23T21:59:59.999999"),
        ("2026-11-23T22:00", "2026-11-24T08:00"),
        ("2026-11-24T00:00", "2026-11-24T08:00"),
        ("2026-12-31T23:30", "2027-01-01T08:00"),
    ],
)
def test_the_boundary_minutes(moment: str, opens: str) -> None:
    assert COLLECTION.opening(china(moment), CHINA, NOTHING) == china(opens)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-23T21:59", "2026-11-23T22:00"),
        ("2026-11-23T22:00", "2026-11-23T22:00"),
        ("2026-11-24T00:00", "2026-11-24T00:00"),
        ("2026-11-24T05:59", "2026-11-24T05:59"),
        ("2026-11-24T06:00", "2026-11-24T22:00"),
    ],
)
def test_hours_past_midnight(moment: str, opens: str) -> None:
    assert NIGHT.opening(china(moment), CHINA, NOTHING) == china(opens)


def test_the_part_past_midnight_belongs_to_the_day_it_began_on() -> None:
    night = Hours(time(22), time(6), workdays_only=True)
    friday_night = china("2026-11-28T02:00")  # Saturday by the clock
    assert night.contain(friday_night, CHINA, NOTHING)
    assert night.opening(china("2026-11-28T22:30"), CHINA, NOTHING) == china("2026-11-30T22:00")
    assert night.opening(china("2026-11-30T02:00"), CHINA, NOTHING) == china("2026-11-30T22:00")


def test_equal_ends_are_the_whole_day() -> None:
    always = Hours(time(0), time(0))
    assert always.contain(china("2026-11-23T00:00"), CHINA, NOTHING)
    assert always.contain(china("2026-11-23T23:59:59"), CHINA, NOTHING)


def test_workdays_weekends_and_holidays() -> None:
    calendar = Calendar(
        holidays=frozenset({date(2026, 10, 1), date(2026, 10, 2)}), workdays=frozenset({date(2026, 10, 10)})
    )
    assert WORK.opening(china("2026-09-30T20:00"), CHINA, calendar) == china("2026-10-05T09:00")
    assert WORK.contain(china("2026-10-10T12:00"), CHINA, calendar)  # a Saturday that is worked
    assert WORK.opening(china("2026-10-10T20:00"), CHINA, calendar) == china("2026-10-12T09:00")


def test_a_calendar_without_workdays_is_an_error() -> None:
    never = Calendar(holidays=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(800)))
    with pytest.raises(ValueError, match="no workday"):
        WORK.opening(china("2026-02-01T12:00"), CHINA, never)


def test_the_zone_decides_not_the_clock_of_the_server() -> None:
    moment = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # 22:30 in China, 15:30 in Berlin
    assert not COLLECTION.contain(moment, CHINA, NOTHING)
    assert COLLECTION.contain(moment, BERLIN, NOTHING)


def test_the_systems_zone_is_the_default() -> None:
    moment = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert Zone().local(moment) == moment.astimezone().replace(tzinfo=None)
    assert Zone().utc(Zone().local(moment)) == moment


def test_days_that_change_their_clocks() -> None:
    spring = datetime(2026, 3, 28, 21, 30, tzinfo=UTC)  # 22:30 on the eve
    assert COLLECTION.opening(spring, BERLIN, NOTHING) == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)
    assert window_end(Window.DAY, spring, BERLIN) - window_start(Window.DAY, spring, BERLIN) == timedelta(hours=24)
    sunday = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
    assert window_end(Window.DAY, sunday, BERLIN) - window_start(Window.DAY, sunday, BERLIN) == timedelta(hours=23)


@pytest.mark.parametrize(
    ("window", "moment", "start", "end"),
    [
        (Window.DAY, "2026-11-23T00:00", "2026-11-23T00:00", "2026-11-24T00:00"),
        (Window.DAY, "2026-11-23T23:59:59", "2026-11-23T00:00", "2026-11-24T00:00"),
        (Window.WEEK, "2026-11-22T23:59", "2026-11-16T00:00", "2026-11-23T00:00"),
        (Window.WEEK, "2026-11-23T00:00", "2026-11-23T00:00", "2026-11-30T00:00"),
        (Window.MONTH, "2026-12-31T12:00", "2026-12-01T00:00", "2027-01-01T00:00"),
        (Window.MONTH, "2026-02-01T00:00", "2026-02-01T00:00", "2026-03-01T00:00"),
    ],
)
def test_windows_are_of_local_time(window: Window, moment: str, start: str, end: str) -> None:
    assert window_start(window, china(moment), CHINA) == china(start)
    assert window_end(window, china(moment), CHINA) == china(end)


@given(moments, st.sampled_from([COLLECTION, NIGHT, WORK]), st.sampled_from([CHINA, BERLIN, Zone()]))
def test_an_opening_is_open_and_nothing_before_it_is(moment: datetime, hours: Hours, zone: Zone) -> None:
    opens = hours.opening(moment, zone, NOTHING)
    assert opens >= moment
    assert hours.contain(opens, zone, NOTHING)
    assert opens == moment or not hours.contain(moment, zone, NOTHING)
    assert opens == moment or not hours.contain(opens - timedelta(microseconds=1), zone, NOTHING)


@given(moments, st.sampled_from(Window), st.sampled_from([CHINA, BERLIN]))
def test_each_moment_lies_in_its_window(moment: datetime, window: Window, zone: Zone) -> None:
    start, end = window_start(window, moment, zone), window_end(window, moment, zone)
    assert start <= moment < end
    assert window_start(window, end, zone) == end
