"""Schedules at the moment of claiming: whether a batch may give messages now, and how many."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from console.core.campaigns.flow import APART, SURE, Flow, pace_room, spread_room
from console.core.campaigns.opening import timetable_of
from console.core.campaigns.schedule import LOOK_AHEAD, BadSchedule, Schedule, Timetable
from console.core.compliance.policy import Policy
from db import outbox_batches
from db.models import BatchKind
from db.outbox_batches import OpenBatch

log = logging.getLogger(__name__)

_KEPT = 500  # batches whose timetables are remembered


@dataclass(frozen=True)
class Plan:
    """What is frozen of one batch, worked out under one rule pack."""

    batch: OpenBatch
    policy: Policy
    schedule: Schedule
    timetable: Timetable


class Releases:
    """Remembers timetables from claim to claim; ``at`` is asked anew in each transaction."""

    def __init__(self) -> None:
        self._plans: dict[int, Plan] = {}

    def at(self, session: Session, policy: Policy, now: datetime, *, lock: bool = True) -> Release:
        return Release(session, policy, now, self, lock=lock)

    def known(self, batch_id: int) -> Timetable | None:
        """The timetable of a batch that messages were claimed of."""
        plan = self._plans.get(batch_id)
        return None if plan is None else plan.timetable

    def plan(self, batch: OpenBatch, policy: Policy, now: datetime) -> Plan | None:
        """None when nothing but ``not_before`` and ``expires_at`` restricts it, or the schedule can not be read."""
        known = self._plans.get(batch.id)
        if known is not None and known.batch == batch and known.policy is policy:
            return known
        if batch.schedule is None or batch.kind is not BatchKind.CAMPAIGN:
            return None
        try:
            made = planned(batch, policy, now)
        except BadSchedule as error:
            log.error("the schedule of batch %d can not be read: %s", batch.id, error)
            return Plan(batch, policy, Schedule(), Timetable(()))
        if len(self._plans) >= _KEPT:
            self._plans.clear()
        self._plans[batch.id] = made
        return made


def planned(batch: OpenBatch, policy: Policy, now: datetime) -> Plan:
    """Raises BadSchedule."""
    schedule = Schedule.load(batch.schedule)
    starts = batch.not_before or now
    ends = batch.expires_at or now + LOOK_AHEAD
    table = timetable_of(schedule, policy.class_of(batch.class_key), policy, starts, ends)
    return Plan(batch, policy, schedule, table)


class Release:
    """The gate of one transaction. With ``lock`` nobody else claims of a metered batch meanwhile."""

    def __init__(self, session: Session, policy: Policy, now: datetime, releases: Releases, *, lock: bool) -> None:
        self._session = session
        self._policy = policy
        self._now = now
        self._releases = releases
        self._lock = lock
        self._flows: dict[int, Flow | None] = {}
        self._news: set[int] = set()  # batches of which a look has found more than stands in their rows

    def open(self, batch: OpenBatch) -> bool:
        plan = self._releases.plan(batch, self._policy, self._now)
        return plan is None or plan.timetable.open_at(self._now)

    def room(self, batch: OpenBatch) -> int | None:
        plan = self._releases.plan(batch, self._policy, self._now)
        if plan is None or not plan.schedule.metered:
            return None
        if batch.id not in self._flows:
            self._flows[batch.id] = self._look(batch, plan.schedule)
        flow = self._flows[batch.id]
        if flow is None:
            return 0  # another dispatcher is claiming of it at this moment
        rooms = []
        if plan.schedule.pace is not None:
            rooms.append(pace_room(plan.schedule.pace, flow, self._now, self._policy.zone))
        if plan.schedule.spread:
            rooms.append(spread_room(flow, plan.timetable, self._now))
        return min(rooms)

    def took(self, batch: OpenBatch, number: int) -> None:
        flow = self._flows.get(batch.id)
        plan = self._releases.plan(batch, self._policy, self._now)
        if flow is None or plan is None:
            return
        if number:
            flow = flow.took(number, self._now, plan.timetable if plan.schedule.spread else None)
        elif batch.id not in self._news:
            return
        self._flows[batch.id] = flow
        self._news.discard(batch.id)
        outbox_batches.store_flow(self._session, batch.id, flow.dump())

    def flow(self, batch: OpenBatch) -> Flow | None:
        """As it is after ``room`` has looked."""
        return self._flows.get(batch.id)

    def _look(self, batch: OpenBatch, schedule: Schedule) -> Flow | None:
        record = outbox_batches.flow(self._session, batch.id, lock=self._lock)
        if record is None:
            return None
        flow = before = Flow.load(record)
        if schedule.pace is not None:
            held = outbox_batches.held(self._session, batch.id)
            since = flow.asks(self._now, held)
            rows = None
            if since is not None:
                rows = outbox_batches.left_since(self._session, batch.id, since, self._now - APART)
            flow = flow.seen(self._now, held, rows, schedule.pace)
        if schedule.spread:
            flow = self._count(batch.id, flow)
        if (flow.held, flow.left) != (before.held, before.left):
            self._news.add(batch.id)
        return flow

    def _count(self, batch_id: int, flow: Flow) -> Flow:
        few = outbox_batches.waiting_in(self._session, batch_id, SURE)
        if few < SURE:
            return flow.counted(few, self._now)
        if flow.waiting > SURE and not flow.stale(self._now):
            return flow
        return flow.counted(outbox_batches.waiting_in(self._session, batch_id), self._now)
