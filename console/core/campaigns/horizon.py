"""When what waits will have left: of one campaign in progress, and of everything under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.campaigns.capacity import Capacity, Power, Survey
from console.core.campaigns.forecast import Forecast, forecast
from console.core.campaigns.opening import timetable_of
from console.core.campaigns.schedule import LOOK_AHEAD, BadSchedule, Schedule
from console.core.compliance.policy import Policy
from console.core.compliance.versions import policy_at
from db.models import Batch, BatchState, Message, MessageState
from db.outbox_batches import as_open

RECENT = timedelta(minutes=10)  # the rate is that of the last accepted messages within it
_LAST = 200
_LEFT = (MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNDELIVERED)


@dataclass(frozen=True, kw_only=True)
class Horizon:
    at: datetime  # when it was looked at
    finish_at: datetime | None = None  # when the last of what leaves will have left; None: nothing can be said
    left_over: int = 0  # messages that will not have left when their campaign ends


def horizon(session: Session, now: datetime) -> Horizon:
    """Of all open batches, each as its own page foresees it. Raises RulesTampered, BadPack."""
    batches = session.scalars(select(Batch).where(Batch.state == BatchState.OPEN)).all()
    survey = Survey(session, now)
    waiting = survey.waiting([batch.id for batch in batches])
    survey.ask_at_most(sum(1 + waiting[each.id] * each.parts // max(1, each.messages) for each in batches))
    policy = policy_at(session, now)
    finish: list[datetime] = []
    late = 0
    for batch in batches:
        if not waiting[batch.id]:
            continue
        load = survey.capacity(as_open(batch), priority=batch.priority)
        if not load.lines:
            continue  # its page says why
        found = in_progress(batch, load, policy, waiting[batch.id], recent_rate(session, batch.id, now), now)
        finish += [found.finish_at] if found.finish_at is not None else []
        late += found.left_over
    return Horizon(at=now, finish_at=max(finish, default=None), left_over=late)


def in_progress(
    batch: Batch, load: Capacity, policy: Policy, remaining: int, rate: float | None, now: datetime
) -> Forecast:
    """At the rate that it had lately where nothing but the lines sets it, else as the lines, its window and its pace
    let it. ``remaining`` messages; ``rate`` of messages a minute."""
    if batch.state is not BatchState.OPEN or not remaining:
        return Forecast()
    try:
        schedule = Schedule.load(batch.schedule)
    except BadSchedule:  # nothing of it leaves
        return Forecast(left_over=remaining)
    if rate is not None and not schedule.metered:
        parts = rate * batch.parts / max(1, batch.messages)
        load = replace(load, queued=0, powers=(Power(per_minute=parts),))
    ends = batch.expires_at or now + LOOK_AHEAD
    table = timetable_of(schedule, policy.class_of(batch.class_key), policy, batch.not_before or now, ends)
    parts_left = round(remaining * batch.parts / max(1, batch.messages))
    return forecast(load, table, schedule, remaining, parts_left, now, policy.zone)


def recent_rate(session: Session, batch_id: int, now: datetime) -> float | None:
    """Messages a minute over the last ones that a line took; rows are claimed in the order of their ids."""
    last: list[datetime] = []
    for state in _LEFT:
        query = select(Message.accepted_at).where(Message.batch_id == batch_id, Message.state == state)
        found = session.scalars(query.order_by(Message.id.desc()).limit(_LAST))
        last += [at for at in found if at is not None and at > now - RECENT]
    last = sorted(last)[-_LAST:]
    if len(last) < 2:
        return None
    minutes = (max(now, last[-1]) - last[0]).total_seconds() / 60
    return len(last) / minutes if minutes > 0 else None
