"""The status bar and the page of a campaign foresee the same."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from console.core.campaigns.horizon import Horizon, horizon
from console.core.campaigns.lifecycle import approve, pause
from console.core.campaigns.progress import Progress, progress
from console.core.campaigns.schedule import Pace, Schedule, Unit
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.pulse import FORESEE_AGAIN, pulse
from console.core.sending.control import resume_all, stop_all
from db.models import Batch, Dispatcher, Line, MessageState

WINDOW = Schedule(first_day=date(2026, 11, 25), last_day=date(2026, 11, 26), opens=time(9), closes=time(12))


class Office:
    """Approves what is submitted, and looks at it from both sides."""

    def __init__(self, ctx: Context, supervisor: Context, world: Any) -> None:
        self.ctx, self.supervisor, self.world = ctx, supervisor, world

    def approved(self, **changes: Any) -> Any:
        frozen = self.world.submitted(**changes)
        approve(self.supervisor, frozen.campaign_id, frozen.digest)
        return frozen

    def page(self, campaign: Any) -> Progress:
        with self.ctx.database.read() as session:
            return progress(session, campaign.campaign_id, self.ctx.clock.now())

    def bar(self) -> Horizon:
        with self.ctx.database.read() as session:
            return horizon(session, self.ctx.clock.now())


@pytest.fixture
def office(ctx: Context, supervisor_ctx: Context, world: Any) -> Office:
    world.customers(30)
    world.line(pace=10)
    return Office(ctx, supervisor_ctx, world)


@pytest.mark.parametrize(
    "schedule",
    [Schedule(), WINDOW, Schedule(pace=Pace(most=12, unit=Unit.HOUR)), Schedule(pace=Pace(most=20, unit=Unit.DAY))],
    ids=["at once", "window", "an hour", "a day"],
)
def test_one_campaign(office: Office, schedule: Schedule) -> None:
    campaign = office.approved(schedule=schedule, expires_at=office.ctx.clock.now() + timedelta(days=10))
    page = office.page(campaign)
    assert page.finish_at is not None
    assert office.bar() == Horizon(at=page.at, finish_at=page.finish_at)


def test_as_fast_as_it_went_lately(office: Office) -> None:
    campaign = office.approved()
    now = office.ctx.clock.now()
    for ago in (120, 90, 60, 30):
        at = now - timedelta(seconds=ago)
        office.world.set_messages(campaign.batch_id, MessageState.ACCEPTED, 1, accepted_at=at)
    assert office.bar().finish_at == office.page(campaign).finish_at == now + timedelta(minutes=26 / 2)


def test_the_last_of_several(office: Office) -> None:
    first, later = office.approved(name="现在"), office.approved(name="以后", schedule=WINDOW)
    ends = [office.page(each).finish_at for each in (first, later)]
    assert None not in ends
    assert len(set(ends)) == 2
    assert office.bar().finish_at == office.page(later).finish_at
    pause(office.ctx, later.campaign_id)
    assert office.bar().finish_at == office.page(first).finish_at
    office.world.set_messages(first.batch_id, MessageState.DELIVERED, 30)
    assert office.bar() == Horizon(at=office.ctx.clock.now())


def test_what_will_be_too_late(office: Office) -> None:
    slow = Schedule(pace=Pace(most=10, unit=Unit.DAY))
    campaign = office.approved(schedule=slow, expires_at=office.ctx.clock.now() + timedelta(hours=2))
    found = office.bar()
    assert (found.finish_at, found.left_over) == (None, office.page(campaign).left_over) == (None, 20)


def test_without_a_line_nothing_is_said(office: Office) -> None:
    office.approved()
    with office.ctx.database.begin() as session:
        session.execute(update(Line).values(enabled=False))
    assert office.bar() == Horizon(at=office.ctx.clock.now())


def test_a_schedule_that_cannot_be_read_hinders_no_other(office: Office) -> None:
    campaign, broken = office.approved(name="好"), office.approved(name="坏")
    with office.ctx.database.begin() as session:
        session.execute(update(Batch).where(Batch.id == broken.batch_id).values(schedule={"pace": {"most": "x"}}))
    found = office.bar()
    assert (found.finish_at, found.left_over) == (office.page(campaign).finish_at, 30)
    held = office.page(broken)
    assert held.finish_at is None
    assert held.holdup is not None
    assert held.holdup.rule == "schedule"


def test_the_pulse_says_it_while_something_leaves(office: Office, clock: FixedClock) -> None:
    ctx = office.ctx
    campaign = office.approved()
    assert pulse(ctx).horizon is None  # no dispatcher
    with ctx.database.begin() as session:
        now, ahead = clock.now(), clock.now() + timedelta(hours=1)
        session.add(Dispatcher(run="r", host="elsewhere", pid=1, started_at=now, heartbeat_at=ahead))
    first = pulse(ctx)
    assert first.horizon == office.bar()
    clock.advance(FORESEE_AGAIN / 2)
    office.world.set_messages(campaign.batch_id, MessageState.DELIVERED, 5)
    second = pulse(ctx, first)
    assert second.horizon is first.horizon
    clock.advance(FORESEE_AGAIN / 2)
    third = pulse(ctx, second)
    assert third.horizon == office.bar() != first.horizon
    other = office.approved(name="还有", schedule=WINDOW)  # a decision: looked at again at once
    assert pulse(ctx, third).horizon == office.bar()
    assert office.bar().finish_at == office.page(other).finish_at
    stop_all(ctx, "wrong amount")
    assert pulse(ctx).horizon is None
    resume_all(office.supervisor)
    with ctx.database.begin() as session:
        session.execute(update(Line).values(state="fault"))
    assert pulse(ctx).horizon is None
