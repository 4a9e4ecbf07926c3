from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from console.core.sending.pacing import CalendarQuota, HourlyQuota, Hours, Limits, Pace, day_of, month_of
from console.core.sending.quotas import limits_of
from db import outbox_lines
from db.models import BatchKind, MessagePart, PartState
from db.outbox import Claimed, Scope

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in China


def message(**values: Any) -> Claimed:
    record: dict[str, Any] = {
        "message_id": 1,
        "batch_id": 1,
        "kind": BatchKind.CAMPAIGN,
        "class_key": "remind",
        "customer_id": None,
        "loan_id": None,
        "phone": "13800138000",
        "recipient": "13800138000",
        "body": "x",
        "parts": 1,
        "digest": "",
        "attempts": 0,
    }
    return Claimed(**{**record, **values})


def test_a_pace_spaces_parts_evenly() -> None:
    now = [100.0]
    pace = Pace(60, lambda: now[0])
    assert pace.wait() == 0
    pace.left(3)
    assert pace.wait() == pytest.approx(3)
    now[0] += 2.5
    assert pace.wait() == pytest.approx(0.5)
    assert Pace(None, lambda: now[0]).wait() == 0


def test_a_restart_does_not_forget_the_last_part() -> None:
    pace = Pace(6, lambda: 100.0)
    pace.left(1, ago=4)
    assert pace.wait() == pytest.approx(6)


def test_an_hours_quota_rolls() -> None:
    quota = HourlyQuota(3, [MORNING - timedelta(minutes=50), MORNING - timedelta(minutes=10)])
    assert quota.remaining(MORNING) == 1
    quota.left(1, MORNING)
    assert quota.remaining(MORNING) == 0
    assert quota.remaining(MORNING + timedelta(minutes=10)) == 1
    assert quota.remaining(MORNING + timedelta(minutes=60)) == 3


@pytest.mark.parametrize(
    ("first_day", "last", "next_"),
    [
        (day_of, datetime(2026, 11, 23, 15, 59, tzinfo=UTC), datetime(2026, 11, 23, 16, 0, tzinfo=UTC)),
        (month_of, datetime(2026, 11, 30, 15, 59, tzinfo=UTC), datetime(2026, 11, 30, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_quota_counts_parts_of_the_offices_day_or_month(first_day: Any, last: datetime, next_: datetime) -> None:
    quota = CalendarQuota(10, first_day, MORNING, 7)
    assert quota.remaining(MORNING) == 3
    quota.left(2, last)
    assert quota.remaining(last) == 1
    assert quota.remaining(next_) == 10


def test_the_tightest_quota_counts_and_a_long_message_is_not_slipped_past() -> None:
    limits = Limits([HourlyQuota(5), CalendarQuota(2, day_of, MORNING, 0)])
    assert limits.remaining(MORNING) == 2
    assert not limits.covers(3, MORNING)
    assert limits.remaining(MORNING) == 0
    assert limits.remaining(MORNING + timedelta(minutes=1)) == 2
    assert Limits().remaining(MORNING) is None
    assert Limits().covers(99, MORNING)


@pytest.mark.parametrize(
    ("opens", "closes", "inside", "outside"),
    [
        (time(8), time(20), [time(8), time(19, 59)], [time(7, 59), time(20), time(0)]),
        (time(22), time(6), [time(22), time(0), time(5, 59)], [time(6), time(21, 59)]),
        (time(9), time(9), [time(0), time(9), time(23, 59)], []),
    ],
)
def test_hours_of_a_line(opens: time, closes: time, inside: list[time], outside: list[time]) -> None:
    hours = Hours(opens=opens, closes=closes)
    day = MORNING.astimezone()

    def open_at(at: time) -> bool:
        return hours.open_at(day.replace(hour=at.hour, minute=at.minute))

    assert all(map(open_at, inside))
    assert not any(map(open_at, outside))


def test_classes_and_hours_bind_all_but_tests() -> None:
    limits = Limits(hours=Hours(opens=time(8), closes=time(20)), classes=["remind"])
    night = MORNING + timedelta(hours=12)
    assert limits.allows(message(), MORNING)
    assert not limits.allows(message(class_key="marketing"), MORNING)
    assert not limits.allows(message(), night)
    assert limits.allows(message(kind=BatchKind.TEST, class_key="marketing"), night)
    assert limits.scope(MORNING) == Scope(classes=frozenset({"remind"}))
    assert limits.scope(night).tests_only


def test_limits_know_what_has_left_before(house: Any) -> None:
    """A dispatcher that starts anew counts what the one before it sent."""
    line = house.line(hourly_quota=10, daily_quota=20, monthly_quota=30)
    house.batch(4)
    ages = (timedelta(minutes=30), timedelta(hours=3), timedelta(days=5), timedelta(days=60))
    with house.database.begin() as session:
        for row, age in zip(house.messages(), ages, strict=True):
            part = MessagePart(message_id=row.id, sequence=1, attempt=1, line_id=line, state=PartState.ACCEPTED)
            part.phone, part.sending_at = row.phone, house.now - age
            session.add(part)
    with house.database.read() as session:
        (row,) = outbox_lines.lines(session)
        limits = limits_of(session, row, house.now)
    assert [quota.remaining(house.now) for quota in limits._quotas] == [9, 18, 27]
    assert limits.remaining(house.now) == 9
