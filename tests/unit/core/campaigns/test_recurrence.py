"""When campaigns repeat: months of every length, holidays and the weekends worked instead, zones, lead times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.core.campaigns.recurrence import (
    BadRecurrence,
    Every,
    OffDay,
    Recurrence,
    dues,
    in_words,
    run_days,
    workdays_before,
)
from console.core.compliance.times import Calendar, Zone
from console.core.i18n import use_language

CHINA = Zone(ZoneInfo("Asia/Shanghai"))
PLAIN = Calendar()
# The Mid-Autumn and National Day holidays as they were in 2025, and the New Year one of 2026 with its worked Sunday.
HOLIDAYS = Calendar(
    holidays=frozenset({*(date(2025, 10, day) for day in range(1, 9)), *(date(2026, 1, day) for day in (1, 2, 3))}),
    workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11), date(2026, 1, 4)}),
    years=frozenset({2025, 2026}),
)


def made(every: Every, **changes: Any) -> Recurrence:
    values: dict[str, Any] = {"first": date(2025, 1, 1), "at": time(9, 0), "off_day": OffDay.RUN}
    found = Recurrence(every=every, **(values | changes))
    found.check()
    return found


def days(recurrence: Recurrence, start: date, number: int, calendar: Calendar = PLAIN) -> list[str]:
    return [day.isoformat()[5:] for day in islice(run_days(recurrence, start, calendar), number)]


@pytest.mark.parametrize(
    ("recurrence", "start", "calendar", "expected"),
    [
        # every day and every working day over a weekend
        (made(Every.DAY), date(2025, 11, 21), PLAIN, "11-21 11-22 11-23 11-24"),
        (made(Every.DAY, off_day=OffDay.SKIP), date(2025, 11, 21), PLAIN, "11-21 11-24 11-25 11-26"),
        (made(Every.DAY, off_day=OffDay.AFTER), date(2025, 11, 21), PLAIN, "11-21 11-24 11-25 11-26"),
        (made(Every.DAY, off_day=OffDay.BEFORE), date(2025, 11, 22), PLAIN, "11-24 11-25 11-26 11-27"),
        (made(Every.WORKDAY), date(2025, 11, 21), PLAIN, "11-21 11-24 11-25 11-26"),
        # a worked Sunday counts, a long holiday does not
        (made(Every.WORKDAY), date(2025, 9, 27), HOLIDAYS, "09-28 09-29 09-30 10-09 10-10 10-11 10-13"),
        # weekly
        (made(Every.WEEK, weekdays=(0, 3)), date(2025, 11, 18), PLAIN, "11-20 11-24 11-27 12-01"),
        (made(Every.WEEK, weekdays=(2,), off_day=OffDay.SKIP), date(2025, 9, 24), HOLIDAYS, "09-24 10-15 10-22"),
        (made(Every.WEEK, weekdays=(2,), off_day=OffDay.BEFORE), date(2025, 9, 24), HOLIDAYS, "09-24 09-30 10-15"),
        (made(Every.WEEK, weekdays=(2,), off_day=OffDay.AFTER), date(2025, 9, 24), HOLIDAYS, "09-24 10-09 10-15"),
        # two days that a holiday moves to the same one are one run
        (made(Every.WEEK, weekdays=(2, 4), off_day=OffDay.AFTER), date(2025, 9, 29), HOLIDAYS, "10-09 10-10 10-15"),
        # months of every length
        (made(Every.MONTH_DAY, day=31), date(2025, 1, 31), PLAIN, "01-31 02-28 03-31 04-30 05-31"),
        (made(Every.MONTH_DAY, day=30), date(2025, 2, 1), PLAIN, "02-28 03-30 04-30"),
        (made(Every.MONTH_DAY, day=29), date(2028, 2, 1), PLAIN, "02-29 03-29"),
        (made(Every.MONTH_LAST), date(2028, 1, 15), PLAIN, "01-31 02-29 03-31 04-30"),
        (made(Every.MONTH_LAST, off_day=OffDay.BEFORE), date(2025, 5, 1), PLAIN, "05-30 06-30 07-31 08-29"),
        (made(Every.MONTH_LAST, off_day=OffDay.AFTER), date(2025, 5, 1), PLAIN, "06-02 06-30 07-31 09-01"),
        (made(Every.MONTH_DAY, day=1, off_day=OffDay.AFTER), date(2025, 9, 30), HOLIDAYS, "10-09 11-03 12-01 01-04"),
        (made(Every.MONTH_DAY, day=1, off_day=OffDay.BEFORE), date(2025, 9, 30), HOLIDAYS, "09-30 10-31 12-01 12-31"),
        # before the month ends
        (made(Every.MONTH_END), date(2025, 5, 1), PLAIN, "05-30 06-30 07-31 08-29"),
        (made(Every.MONTH_END, before_end=3), date(2025, 5, 1), PLAIN, "05-27 06-25 07-28 08-26"),
        (made(Every.MONTH_END, before_end=2), date(2025, 9, 1), HOLIDAYS, "09-28 10-29"),
        # bounds
        (made(Every.DAY, until=date(2025, 11, 23)), date(2025, 11, 21), PLAIN, "11-21 11-22 11-23"),
        (made(Every.DAY, first=date(2025, 11, 22)), date(2025, 11, 1), PLAIN, "11-22 11-23"),
        (made(Every.MONTH_LAST, until=date(2025, 5, 31), off_day=OffDay.AFTER), date(2025, 5, 1), PLAIN, ""),
        (made(Every.MONTH_LAST, until=date(2025, 5, 31), off_day=OffDay.BEFORE), date(2025, 5, 1), PLAIN, "05-30"),
        (
            made(Every.WEEK, weekdays=(5,), first=date(2025, 11, 22), off_day=OffDay.BEFORE),
            date(2025, 11, 1),
            PLAIN,
            "11-28 12-05",
        ),
    ],
)
def test_days(recurrence: Recurrence, start: date, calendar: Calendar, expected: str) -> None:
    wanted = expected.split()
    ends = recurrence.until is not None
    assert days(recurrence, start, len(wanted) + ends, calendar) == wanted


def test_a_start_in_the_middle_finds_the_same_days() -> None:
    for every in (Every.DAY, Every.WORKDAY, Every.MONTH_LAST, Every.MONTH_END):
        for off_day in OffDay:
            recurrence = made(every, off_day=off_day, first=date(2025, 9, 1), until=date(2026, 2, 28))
            whole = list(run_days(recurrence, recurrence.first, HOLIDAYS))
            assert whole == sorted(set(whole))
            for start in (date(2025, 9, 30), date(2025, 10, 5), date(2025, 10, 9), date(2026, 1, 2)):
                assert list(run_days(recurrence, start, HOLIDAYS)) == [day for day in whole if day >= start]


@pytest.mark.parametrize(
    ("day", "lead", "expected"),
    [
        (date(2025, 11, 24), 0, date(2025, 11, 24)),
        (date(2025, 11, 24), 1, date(2025, 11, 21)),  # over a weekend
        (date(2025, 10, 9), 1, date(2025, 9, 30)),  # over a long holiday
        (date(2025, 10, 9), 3, date(2025, 9, 28)),  # a worked Sunday counts
        (date(2025, 10, 5), 1, date(2025, 9, 30)),  # from within the holiday
        (date(2026, 3, 2), 2, date(2026, 2, 26)),  # over the end of February
    ],
)
def test_lead_time_is_counted_in_working_days(day: date, lead: int, expected: date) -> None:
    assert workdays_before(day, lead, HOLIDAYS) == expected


def test_a_run_is_due_at_its_local_time_and_prepared_at_the_same_time_of_an_earlier_day() -> None:
    recurrence = made(Every.WEEK, weekdays=(0,), lead=2)
    (due,) = islice(dues(recurrence, datetime(2025, 11, 18, tzinfo=UTC), PLAIN, CHINA), 1)
    assert due.day == date(2025, 11, 24)
    assert due.at == datetime(2025, 11, 24, 1, 0, tzinfo=UTC)
    assert due.prepare_at == datetime(2025, 11, 20, 1, 0, tzinfo=UTC)


def test_what_is_due_at_this_very_moment_is_not_due_later() -> None:
    recurrence = made(Every.DAY)
    at = datetime(2025, 11, 24, 1, 0, tzinfo=UTC)
    assert next(dues(recurrence, at, PLAIN, CHINA)).day == date(2025, 11, 25)
    assert next(dues(recurrence, at.replace(minute=0, hour=0), PLAIN, CHINA)).day == date(2025, 11, 24)


def test_local_days_near_midnight() -> None:
    recurrence = made(Every.DAY, at=time(0, 30))
    found = next(dues(recurrence, datetime(2025, 11, 23, 16, 29, tzinfo=UTC), PLAIN, CHINA))
    assert (found.day, found.at) == (date(2025, 11, 24), datetime(2025, 11, 23, 16, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        (date(2026, 3, 28), 8),  # winter time
        (date(2026, 3, 29), 7),  # the clocks went forward in the night
        (date(2026, 10, 25), 8),  # and back
    ],
)
def test_a_zone_that_changes_its_clocks(day: date, hour: int) -> None:
    berlin = Zone(ZoneInfo("Europe/Berlin"))
    recurrence = made(Every.DAY, first=day, lead=1)
    found = next(dues(recurrence, datetime(2026, 1, 1, tzinfo=UTC), PLAIN, berlin))
    assert found.at == datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def test_an_hour_that_does_not_exist_comes_when_the_clocks_have_passed_it() -> None:
    berlin = Zone(ZoneInfo("Europe/Berlin"))
    recurrence = made(Every.DAY, first=date(2026, 3, 29), at=time(2, 30))
    found = next(dues(recurrence, datetime(2026, 3, 28, 12, tzinfo=UTC), PLAIN, berlin))
    assert found.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 on the wall


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": Every.WEEK},
        {"every": Every.WEEK, "weekdays": (7,)},
        {"every": Every.MONTH_DAY, "day": 32},
        {"every": Every.MONTH_END, "before_end": 16},
        {"every": Every.DAY, "lead": -1},
        {"every": Every.DAY, "until": date(2024, 12, 31)},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRecurrence):
        made(**wrong)


def test_stored_and_read_again() -> None:
    for recurrence in (
        made(Every.WEEK, weekdays=(0, 4), until=date(2026, 1, 1), lead=3),
        made(Every.MONTH_END, before_end=2, off_day=OffDay.SKIP),
    ):
        assert Recurrence.load(recurrence.dump()) == recurrence


def test_in_words() -> None:
    weekly = made(Every.WEEK, weekdays=(0, 3), off_day=OffDay.SKIP)
    assert in_words(weekly) == (
        "Every week on Monday, Thursday at 09:00; not on days off; from 2025-01-01 on; "
        "put before the supervisors 1 working day earlier"
    )
    last = made(Every.MONTH_END, before_end=2, lead=0, until=date(2025, 12, 31))
    assert in_words(last) == (
        "Every month, 2 working days before the last one, at 09:00; from 2025-01-01 to 2025-12-31; "
        "put before the supervisors at that time"
    )
    for language in ("zh_CN", "zh_TW"):
        use_language(language)
        assert in_words(weekly)
