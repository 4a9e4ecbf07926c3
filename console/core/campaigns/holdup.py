"""Why nothing of a campaign leaves at this moment, as the claim sees it, and when it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.capacity import Capacity, Power
from console.core.campaigns.flow import Flow, pace_opens
from console.core.campaigns.route import no_line
from console.core.campaigns.schedule import BadSchedule, Schedule, timetable
from console.core.compliance.policy import Policy
from console.core.i18n import T, Text, listed
from console.core.sending.release import Plan, Release, Releases, planned
from console.core.sending.status import ALIVE_WITHIN
from console.core.sending.stops import stop_of
from db.models import Batch, BatchState, Dispatcher, LineState, Message
from db.outbox_batches import OpenBatch, as_open, waits_in

_NOTHING = Text("")


@dataclass(frozen=True, kw_only=True)
class Holdup:
    rule: (
        str  # stopped, early, window, hours, line.none, program, line.ill, line.hours, line.quota, pace, spread, rules
    )
    reason: Text
    advice: Text = _NOTHING
    until: datetime | None = None  # when it goes on by itself; None: when a person has done something


def holdup(session: Session, batch: Batch, policy: Policy, load: Capacity, now: datetime) -> Holdup | None:
    """The first thing that stands in the way of an open batch in which messages wait; None when nothing does."""
    if batch.state is not BatchState.OPEN or (batch.expires_at is not None and batch.expires_at <= now):
        return None
    asked = as_open(batch)
    try:
        plan = planned(asked, policy, now)
    except BadSchedule:
        return Holdup(rule="schedule", reason=T("Its schedule can not be read by this version of the program."))
    looks: tuple[Callable[[], Holdup | None], ...] = (
        lambda: _stopped(session, batch),
        lambda: _closed(batch, plan, policy, now),
        lambda: _lines(session, load, now),
        lambda: _metered(session, asked, plan, policy, now),
        lambda: _put_off(session, batch.id, now),
    )
    return next((found for look in looks if (found := look()) is not None), None)


def _stopped(session: Session, batch: Batch) -> Holdup | None:
    found = stop_of(session, batch.class_key)
    if found is None:
        return None
    words = T("Messages of this kind are stopped.") if found.class_key else T("Everything is stopped.")
    return Holdup(rule="stopped", reason=words, advice=Text("{reason}", {"reason": found.reason}))


def _closed(batch: Batch, plan: Plan, policy: Policy, now: datetime) -> Holdup | None:
    if batch.not_before is not None and batch.not_before > now and not plan.schedule.restricts:
        return Holdup(rule="early", reason=T("Its time has not come."), until=batch.not_before)
    opens = plan.timetable.opening(now)
    if opens == now:
        return None
    if opens is None:
        return Holdup(
            rule="over",
            reason=T("No time is left in which it may leave."),
            advice=T("Make a copy with other days or a later end."),
        )
    own = timetable(plan.schedule, None, policy.zone, policy.calendar, batch.not_before or now, opens)
    if plan.schedule.restricts and not own.open_at(now):
        return Holdup(rule="window", reason=T("It waits for its window."), until=opens)
    return Holdup(rule="hours", reason=T("Messages of this kind may not be sent at this hour."), until=opens)


def _lines(session: Session, load: Capacity, now: datetime) -> Holdup | None:
    if (none := no_line(load)) is not None:
        return Holdup(rule="line.none", reason=none[0], advice=none[1])
    alive = select(func.count()).where(Dispatcher.stopped_at.is_(None), Dispatcher.heartbeat_at > now - ALIVE_WITHIN)
    if not session.scalar(alive):
        return Holdup(
            rule="program",
            reason=T("No sending program is running."),
            advice=T("It starts with the window; the status bar says why it does not."),
        )
    ready = [power for power in load.powers if power.state is LineState.READY]
    if not ready:
        return Holdup(
            rule="line.ill",
            reason=T("No line that may carry it is ready: {lines}.", lines=listed(p.name for p in load.powers)),
            advice=T("The page of the lines says what each of them lacks."),
        )
    return _resting(ready, now)


def _resting(ready: list[Power], now: datetime) -> Holdup | None:
    opens = [_line_opens(power, now) for power in ready]
    if any(at is None for at, _ in opens):
        return None
    at, rule = min(((at, rule) for at, rule in opens if at is not None), key=lambda each: each[0])
    names = listed(power.name for power in ready)
    words = (
        T("The quota of every line that may carry it is used up: {lines}.", lines=names)
        if rule == "line.quota"
        else T("Outside of the hours of its lines: {lines}.", lines=names)
    )
    return Holdup(rule=rule, reason=words, until=at)


def _line_opens(power: Power, now: datetime) -> tuple[datetime | None, str]:
    """When the line sends again, and what keeps it; (None, "") when it sends now."""
    local = now.astimezone()
    if power.left_this_month == 0:
        following = (local.replace(day=1) + timedelta(days=32)).replace(day=1)
        return datetime.combine(following.date(), time()).astimezone(), "line.quota"
    if power.left_today == 0:
        return datetime.combine(local.date() + timedelta(days=1), time()).astimezone(), "line.quota"
    if power.hours is not None and not power.hours.open_at(now):
        day = local.date() + timedelta(days=local.time() >= power.hours.opens)
        return datetime.combine(day, power.hours.opens).astimezone(), "line.hours"
    return None, ""


def _metered(session: Session, asked: OpenBatch, plan: Plan, policy: Policy, now: datetime) -> Holdup | None:
    gate = Release(session, policy, now, Releases(), lock=False)
    if gate.room(asked) != 0 or (flow := gate.flow(asked)) is None:
        return None
    return next(_metering(plan.schedule, flow, policy, now), None)


def _metering(schedule: Schedule, flow: Flow, policy: Policy, now: datetime) -> Iterator[Holdup]:
    if schedule.pace is not None:
        opens = pace_opens(schedule.pace, flow, now, policy.zone)
        if opens is not None:
            yield Holdup(rule="pace", reason=T("It keeps its pace."), until=opens)
    if schedule.spread and flow.next_at is not None and flow.next_at > now:
        yield Holdup(rule="spread", reason=T("It is spread evenly over its time."), until=flow.next_at)


def _put_off(session: Session, batch_id: int, now: datetime) -> Holdup | None:
    """Every message that waits has a time of its own."""
    for due in (Message.not_before.is_(None), Message.not_before <= now):  # each is one stretch of the index
        if session.scalar(select(Message.id).where(waits_in(batch_id), due).limit(1)) is not None:
            return None
    following = session.scalar(select(func.min(Message.not_before)).where(waits_in(batch_id)))
    if following is None:
        return None
    words = T("What is left waits for permitted hours, for a limit per person, or for another try.")
    return Holdup(rule="rules", reason=words, until=following)
