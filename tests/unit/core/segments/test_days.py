from __future__ import annotations

from datetime import date, timedelta

import pytest

from console.core.compliance.policy import load_policy
from console.core.segments.days import Today, period, span, workdays
from console.core.segments.operators import Operator, Period

CALENDAR = load_policy().calendar


def test_working_days_step_over_the_national_holiday() -> None:
    """1 to 8 October 2025 were free, Sunday 28 September and Saturday 11 October were worked."""
    assert workdays(date(2025, 9, 29), 1, 1, CALENDAR) == (date(2025, 9, 30), date(2025, 10, 8))
    assert workdays(date(2025, 9, 29), 2, 4, CALENDAR) == (date(2025, 10, 9), date(2025, 10, 12))
    assert workdays(date(2025, 9, 26), 1, 2, CALENDAR) == (date(2025, 9, 28), date(2025, 9, 29))


def test_every_day_is_so_many_working_days_ahead_of_today_exactly_once() -> None:
    day = date(2026, 2, 10)  # the spring festival lies ahead
    found: list[date] = []
    for number in range(20):
        first, last = workdays(day, number, number, CALENDAR)
        found += [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert found == [day + timedelta(days=n) for n in range(len(found))]


@pytest.mark.parametrize(
    ("named", "first", "last"),
    [
        (Period.TODAY, date(2026, 12, 31), date(2026, 12, 31)),
        (Period.THIS_WEEK, date(2026, 12, 28), date(2027, 1, 3)),
        (Period.NEXT_WEEK, date(2027, 1, 4), date(2027, 1, 10)),
        (Period.LAST_MONTH, date(2026, 11, 1), date(2026, 11, 30)),
        (Period.NEXT_MONTH, date(2027, 1, 1), date(2027, 1, 31)),
    ],
)
def test_periods_at_the_end_of_a_year(named: Period, first: date, last: date) -> None:
    assert period(named, date(2026, 12, 31)) == (first, last)


def test_a_span_never_leaves_the_calendar() -> None:
    today = Today.of(date(2026, 11, 23))
    first, last = span(Operator.IN_DAYS, ("36500", "36500"), today)
    assert first == last
    assert span(Operator.FROM, ("0001-01-01",), today)[0] >= date(1000, 1, 1)
    assert today.midnight(last + timedelta(days=1)) > today.start
