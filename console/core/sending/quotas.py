"""What a line has used of its limits, as the outbox tells it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from console.core.sending.pacing import CalendarQuota, HourlyQuota, Hours, Limits, Pace, Quota, begins, day_of, month_of
from db import outbox_lines
from db.outbox_lines import LineRow

_HOUR = timedelta(hours=1)


def limits_of(session: Session, line: LineRow, now: datetime) -> Limits:
    """The line's limits with what has left over it, or may have, already counted."""
    quotas: list[Quota] = []
    if line.hourly_quota is not None:
        left = outbox_lines.moments_left_since(session, line.line_id, now - _HOUR, line.hourly_quota)
        quotas.append(HourlyQuota(line.hourly_quota, left))
    for limit, first_day in ((line.daily_quota, day_of), (line.monthly_quota, month_of)):
        if limit is not None:
            used, _ = outbox_lines.parts_left_since(session, line.line_id, begins(first_day(now)))
            quotas.append(CalendarQuota(limit, first_day, now, used))
    hours = None
    if line.opens_at is not None and line.closes_at is not None:
        hours = Hours(opens=line.opens_at, closes=line.closes_at)
    return Limits(quotas, hours=hours, classes=line.classes)


def paced(session: Session, line: LineRow, pace: Pace, now: datetime) -> None:
    """A line that was opened anew does not forget when its last part left."""
    if line.pace_per_minute:
        _, last = outbox_lines.parts_left_since(session, line.line_id, now - _HOUR)
        if last is not None:
            pace.left(1, (now - last).total_seconds())
