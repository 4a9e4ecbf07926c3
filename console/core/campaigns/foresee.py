"""The forecast beside the schedule while it is being made: quick, before anybody's rules were asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from console.core.campaigns.capacity import capacity
from console.core.campaigns.draft import Draft
from console.core.campaigns.forecast import Forecast, forecast
from console.core.campaigns.opening import never_open, timetable_of
from console.core.campaigns.route import asked_of, obstacles
from console.core.campaigns.schedule import Schedule, priority_of
from console.core.compliance.policy import Policy
from console.core.compliance.times import Zone
from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.messages.classes import MessageClass
from console.core.messages.findings import Finding


@dataclass(frozen=True, kw_only=True)
class Times:
    """What the answers mean at one moment."""

    not_before: datetime | None  # as it is frozen
    at: datetime  # when the first message can leave
    ends: datetime | None  # None: the setting of the office decides


def times_of(draft: Draft, zone: Zone, now: datetime) -> Times:
    """Dates and window together: the later beginning and the earlier end count."""
    schedule: Schedule = draft.schedule
    not_before = max(filter(None, (draft.not_before, schedule.begins(zone))), default=None)
    ends = min(filter(None, (draft.expires_at, schedule.ends(zone))), default=None)
    return Times(not_before=not_before, at=max(now, not_before or now), ends=ends)


def usual_end(ctx: Context, class_: MessageClass, at: datetime) -> datetime:
    """When a campaign is over whose maker said nothing about it."""
    return at + timedelta(hours=min(ctx.settings.integer("approval.expire_hours"), class_.validity_hours))


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    forecast: Forecast
    findings: tuple[Finding, ...]


def foresee(ctx: Context, session: Session, draft: Draft, class_: MessageClass, messages: int, parts: int) -> Foreseen:
    """For so many messages and parts, approved at this moment."""
    now = ctx.clock.now()
    policy: Policy = policy_at(session, now)
    times = times_of(draft, policy.zone, now)
    ends = times.ends or usual_end(ctx, class_, times.at)
    table = timetable_of(draft.schedule, class_, policy, times.at, ends)
    priority = priority_of(draft.schedule.urgency, class_.priority, class_.urgent)
    load = capacity(session, asked_of(draft, class_.key), now, priority=priority)
    found = forecast(load, table, draft.schedule, messages, parts, now, policy.zone)
    closed = tuple(never_open(draft.schedule, class_, policy, times.at, ends))
    return Foreseen(forecast=found, findings=closed or tuple(obstacles(load, found, messages, ends)))
