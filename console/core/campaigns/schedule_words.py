"""A schedule in words: for the page it is made on, for the checker, and for the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from console.core.campaigns.schedule import Pace, Schedule, Unit, Urgency
from console.core.format import count, local_date, local_datetime
from console.core.i18n import T, Text, clauses, listed, ntr, tr

URGENCY_TITLES: Mapping[Urgency, Text] = {
    Urgency.URGENT: T("Urgent"),
    Urgency.NORMAL: T("Normal priority"),
    Urgency.WHENEVER: T("Whenever nothing else waits"),
}
UNIT_TITLES: Mapping[Unit, Text] = {
    Unit.MINUTE: T("a minute"),
    Unit.HOUR: T("an hour"),
    Unit.DAY: T("a day"),
}
WEEKDAYS: Mapping[int, Text] = {
    1: T("Monday"),
    2: T("Tuesday"),
    3: T("Wednesday"),
    4: T("Thursday"),
    5: T("Friday"),
    6: T("Saturday"),
    7: T("Sunday"),
}


def starts_words(schedule: Schedule, not_before: datetime | None) -> str:
    """When its messages may leave."""
    if schedule.first_day is None and not_before is None:
        begins = tr("As soon as it is approved")
    elif schedule.first_day is None:
        begins = local_datetime(not_before)
    elif schedule.first_day == schedule.last_day:
        begins = local_date(schedule.first_day)
    else:
        begins = tr("{first} to {last}", first=local_date(schedule.first_day), last=local_date(schedule.last_day))
    return clauses([begins, *_within(schedule)])


def _within(schedule: Schedule) -> Iterator[str]:
    if schedule.opens is not None and schedule.closes is not None:
        yield f"{schedule.opens:%H:%M}–{schedule.closes:%H:%M}"
    if schedule.weekdays:
        yield listed(WEEKDAYS[day] for day in sorted(schedule.weekdays))
    if schedule.workdays:
        yield tr("working days only")
    if schedule.spread:
        yield tr("spread evenly")


def pace_words(pace: Pace | None) -> str:
    """Empty for none."""
    if pace is None:
        return ""
    number = ntr("{count} message", "{count} messages", pace.most, count=count(pace.most))
    return tr("at most {messages} {unit}", messages=number, unit=str(UNIT_TITLES[pace.unit]))


def how_words(schedule: Schedule) -> str:
    """How fast and how urgent; empty for what is usual."""
    urgency = "" if schedule.urgency is Urgency.NORMAL else str(URGENCY_TITLES[schedule.urgency])
    return clauses(filter(None, (pace_words(schedule.pace), urgency)))


def schedule_words(schedule: Schedule, not_before: datetime | None) -> str:
    return clauses(filter(None, (starts_words(schedule, not_before), how_words(schedule))))
