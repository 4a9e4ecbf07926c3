"""When a campaign of some class may leave under some rule pack, and what stands in its way before anybody signs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from console.core.campaigns.schedule import Schedule, Timetable, timetable
from console.core.compliance.policy import Policy
from console.core.i18n import T
from console.core.messages.classes import MessageClass
from console.core.messages.findings import Finding, Level


def timetable_of(
    schedule: Schedule, class_: MessageClass | None, policy: Policy, starts: datetime, ends: datetime
) -> Timetable:
    """The contact hours of the class and the window of the campaign; ``class_`` None has no hours."""
    contact = policy.hours_of(class_) if class_ is not None else None
    hours = contact.hours if contact is not None else None
    return timetable(schedule, hours, policy.zone, policy.calendar, starts, ends)


def never_open(
    schedule: Schedule, class_: MessageClass, policy: Policy, starts: datetime, ends: datetime
) -> Iterator[Finding]:
    """A schedule under which nothing could ever leave."""
    if timetable_of(schedule, class_, policy, starts, ends).spans:
        return
    yield Finding(
        level=Level.BLOCK,
        rule="schedule.closed",
        why=T("Between its start and its end there is no moment at which a message of this kind may leave."),
        mend=T("Choose other days or hours in section 3, or a later end."),
    )
