"""Why nothing of a campaign leaves, said as the claim sees it; and a schedule that nobody can change after signing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import update

from console.core.campaigns.draft import draft_of
from console.core.campaigns.lifecycle import approve, copy, examine, pause, submit
from console.core.campaigns.progress import Progress, progress
from console.core.campaigns.schedule import Pace, Schedule, Unit, Urgency
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.sending.control import resume_all, stop_all, stop_class
from console.core.sending.release import Releases
from db.models import Batch, Campaign, Dispatcher, Line, LineState, Message, MessageState
from db.outbox import ClaimAsk, claim

CHINA = timezone(timedelta(hours=8))
HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


class Running:
    """An approved campaign over one line that a dispatcher serves."""

    def __init__(self, ctx: Context, supervisor: Context, world: Any, schedule: Schedule, **changes: Any) -> None:
        self.ctx = ctx
        self.line: int = world.line()
        with ctx.database.begin() as session:
            now = ctx.clock.now()
            session.add(Dispatcher(run="run-1", host="h", pid=1, started_at=now, heartbeat_at=now + 90 * 24 * HOUR))
        self.set_line(owner="run-1", lease_until=now + 90 * 24 * HOUR)
        frozen = submit(ctx, world.saved(schedule=schedule, **changes))
        self.campaign_id, self.batch_id = frozen.campaign_id, frozen.batch_id
        approve(supervisor, frozen.campaign_id, frozen.digest)

    def set_line(self, **values: Any) -> None:
        with self.ctx.database.begin() as session:
            session.execute(update(Line).where(Line.id == self.line).values(**values))

    def progress(self) -> Progress:
        with self.ctx.database.read() as session:
            return progress(session, self.campaign_id, self.ctx.clock.now())

    def told(self) -> tuple[str, datetime | None] | None:
        held = self.progress().holdup
        return None if held is None else (held.rule, held.until)

    def claim(self) -> int:
        now = self.ctx.clock.now()
        ask = ClaimAsk(run="run-1", line_id=self.line, limit=50, lease_until=now + HOUR)
        with self.ctx.database.begin() as session:
            gate = Releases().at(session, _policy(self.ctx), now)
            taken = claim(session, [ask], now, gate)[0]
            ids = [each.message_id for each in taken]
            session.execute(
                update(Message).where(Message.id.in_(ids)).values(state=MessageState.ACCEPTED, sending_at=now)
            )
        return len(taken)


def _policy(ctx: Context) -> Any:
    from console.core.compliance.versions import policy_at

    with ctx.database.read() as session:
        return policy_at(session, ctx.clock.now())


@pytest.fixture
def running(ctx: Context, supervisor_ctx: Context, world: Any) -> Callable[..., Running]:
    world.customers(6)

    def make(schedule: Schedule | None = None, **changes: Any) -> Running:
        return Running(ctx, supervisor_ctx, world, schedule or Schedule(), **changes)

    return make


def test_nothing_stands_in_the_way(running: Callable[..., Running]) -> None:
    made = running()
    assert made.told() is None
    assert made.claim() == 6
    assert made.told() is None  # and nothing waits any more


def test_a_window_and_the_hours_of_the_class_are_told_apart(running: Callable[..., Running], clock: FixedClock) -> None:
    window = Schedule(first_day=date(2026, 11, 24), last_day=date(2026, 11, 26), opens=time(11), closes=time(23))
    made = running(window)
    assert made.told() == ("window", at(24, 11))
    assert made.claim() == 0
    clock.advance(24 * HOUR + 12 * HOUR)  # Tuesday 22:00: within the window, but reminders end
    assert made.told() == ("hours", at(25, 11))
    assert made.claim() == 0
    clock.advance(13 * HOUR)
    assert made.told() is None
    assert made.claim() == 6


def test_a_campaign_that_begins_later_says_when(running: Callable[..., Running], clock: FixedClock) -> None:
    made = running(not_before=at(23, 15))
    assert made.told() == ("early", at(23, 15))
    assert made.progress().finish_at is not None


def test_what_is_stopped_is_said_before_everything_else(
    running: Callable[..., Running], ctx: Context, supervisor_ctx: Context
) -> None:
    made = running()
    stop_all(supervisor_ctx)
    assert made.told() == ("stopped", None)
    resume_all(supervisor_ctx)
    stop_class(supervisor_ctx, "remind", "wrong wording")
    held = made.progress().holdup
    assert held is not None
    assert str(held.advice) == "wrong wording"
    pause(ctx, made.campaign_id)
    assert made.told() is None  # a paused campaign says so itself


@pytest.mark.parametrize(
    ("values", "rule", "until"),
    [
        ({"enabled": False}, "line.none", None),
        ({"classes": ["market"]}, "line.none", None),
        ({"state": LineState.FAULT}, "line.ill", None),
        ({"opens_at": time(14), "closes_at": time(18)}, "line.hours", at(23, 14)),
        ({"opens_at": time(7), "closes_at": time(9)}, "line.hours", at(24, 7)),
        ({"daily_quota": 0}, "line.quota", at(24, 0)),
        ({"monthly_quota": 0}, "line.quota", datetime(2026, 12, 1, tzinfo=CHINA)),
    ],
)
def test_what_the_line_lacks_is_said(
    running: Callable[..., Running], values: dict[str, Any], rule: str, until: datetime | None
) -> None:
    made = running()
    made.set_line(**values)
    assert made.told() == (rule, until)


def test_a_program_that_does_not_run_is_said(running: Callable[..., Running], ctx: Context) -> None:
    made = running()
    with ctx.database.begin() as session:
        session.execute(update(Dispatcher).values(stopped_at=ctx.clock.now()))
    assert made.told() == ("program", None)


def test_a_pace_says_when_the_next_one_leaves(running: Callable[..., Running], clock: FixedClock) -> None:
    made = running(Schedule(pace=Pace(most=2, unit=Unit.HOUR)))
    assert made.claim() == 2
    clock.advance(timedelta(minutes=1))
    assert made.claim() == 0  # and has seen that they left
    assert made.told() == ("pace", at(23, 11, 1))
    assert made.progress().finish_at == at(23, 12, 1)  # four more at two an hour


def test_an_even_spread_says_when_the_next_one_leaves(running: Callable[..., Running], clock: FixedClock) -> None:
    spread = running(Schedule(first_day=date(2026, 11, 23), last_day=date(2026, 11, 23), spread=True))
    assert spread.claim() >= 1
    told = spread.told()
    assert told is not None
    assert (told[0], told[1] is not None and told[1] > clock.now()) == ("spread", True)


def test_what_rules_have_put_off_is_said(running: Callable[..., Running], ctx: Context) -> None:
    made = running()
    with ctx.database.begin() as session:
        session.execute(update(Message).values(not_before=ctx.clock.now() + HOUR))
    assert made.told() == ("rules", at(23, 11))


def test_what_will_not_leave_in_time_is_counted(running: Callable[..., Running]) -> None:
    made = running(Schedule(pace=Pace(most=1, unit=Unit.DAY)), expires_at=at(25, 12))
    found = made.progress()
    assert (found.finish_at, found.left_over) == (None, 3)  # one on each of three days


@pytest.mark.parametrize(
    "values",
    [{"schedule": {}}, {"schedule": {"pace": {"most": 9, "unit": "hour"}}}, {"schedule": None}, {"priority": 0}],
)
def test_a_schedule_that_is_changed_by_hand_is_not_the_signed_one(
    ctx: Context, supervisor_ctx: Context, world: Any, values: dict[str, Any]
) -> None:
    world.customers(3)
    frozen = world.submitted(schedule=Schedule(pace=Pace(most=2, unit=Unit.HOUR), urgency=Urgency.WHENEVER))
    checked = examine(supervisor_ctx, frozen.campaign_id)
    assert checked is not None
    assert checked.sound
    with ctx.database.begin() as session:
        session.execute(update(Batch).where(Batch.id == frozen.batch_id).values(**values))
    checked = examine(supervisor_ctx, frozen.campaign_id)
    assert checked is not None
    assert not checked.sound


def test_a_copy_keeps_pace_and_priority_but_not_the_days(ctx: Context, world: Any) -> None:
    world.customers(1)
    days = {"first_day": date(2026, 11, 24), "last_day": date(2026, 11, 25), "spread": True}
    kept = Schedule(pace=Pace(most=2, unit=Unit.HOUR), urgency=Urgency.WHENEVER, lines=(1, 2))
    campaign = world.saved(schedule=Schedule(**(kept.__dict__ | days)))
    with ctx.database.read() as session:
        copied = draft_of(session.get_one(Campaign, copy(ctx, campaign)))
    assert copied.schedule == kept
