"""Runs of series are made once, however many processes look and wherever one of them is killed."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console.core.campaigns.housekeeping import tidy
from console.core.campaigns.recurrence import Every, OffDay, Recurrence
from console.core.campaigns.series import create
from console.core.campaigns.series_runs import STALE, prepare_due
from console.core.campaigns.verify import verify_batch
from console.core.clock import FixedClock, SystemClock
from console.core.context import Context
from db import audit
from db.models import Batch, BatchState, Campaign, CampaignState, Message, RunState, SeriesRun

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
say = runpy.run_path(str(Path(__file__).with_name("watched.py")))["say"]
PEOPLE = 120

# Says a word at each step and waits to be told to go on: the parent kills it where it likes.
CHILD = """
import json, sys
from datetime import datetime
from console.core.campaigns import freeze
from console.core.campaigns.series_runs import prepare_due
from console.core.clock import FixedClock
from console.core.context import SYSTEM, Context
from console.core.settings import Settings
from db.engine import Database

told = json.loads(sys.stdin.readline())
key = bytes.fromhex(told["key"]) if told["key"] else None
database = Database.open(told["url"], key=key)
clock = FixedClock(datetime.fromisoformat(told["now"]))
freeze.CHUNK = 20

def step(*words):
    print(*words, flush=True)
    sys.stdin.readline()

ctx = Context(database=database, clock=clock, actor=SYSTEM, settings=Settings())
step("ready")
watch = (lambda done, total: step("chunk", done)) if told["watched"] else None
print("made", len(prepare_due(ctx, progress=watch)), flush=True)
"""


@pytest.fixture
def world(ctx: Context, clock: FixedClock) -> Any:
    """Three runs were due; the last is to be made."""
    made = _World(ctx)
    made.customers(PEOPLE)
    daily = Recurrence(every=Every.WORKDAY, first=date(2026, 11, 23), at=time(9, 0), lead=0)
    create(ctx, made.saved(), daily)
    clock.advance(timedelta(days=3))
    return made


@contextmanager
def child(ctx: Context, *, watched: bool) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    key = ctx.database.key.hex() if ctx.database.key else ""
    told = {"url": ctx.database.url, "key": key, "now": ctx.clock.now().isoformat(), "watched": watched}
    say(process, json.dumps(told))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    words = process.stdout.readline().strip()
    assert words, "the child ended early"
    return words


def check_one(ctx: Context) -> None:
    """Two missed, one made: one campaign before the checkers, whole and in a sound trail."""
    with ctx.database.read() as session:
        states = list(session.scalars(select(SeriesRun.state).order_by(SeriesRun.due_on)))
        assert states == [RunState.MISSED, RunState.MISSED, RunState.MADE]
        campaigns = select(func.count()).where(Campaign.state != CampaignState.PATTERN)
        assert session.scalar(campaigns) == 1
        batch = session.scalars(select(Batch.id).where(Batch.state == BatchState.PENDING)).one()
        assert session.scalar(select(func.count()).select_from(Message)) == PEOPLE
        assert audit.verify(session).sound
    assert verify_batch(ctx.database, batch).sound


def test_a_dispatcher_makes_what_is_due_while_nobody_has_a_window_open(
    ctx: Context, either_branch: Any, until: Callable[..., Any]
) -> None:
    now = replace(ctx, clock=SystemClock())
    made = _World(now)
    made.customers(5)
    today = now.clock.now().astimezone().date()
    late = Recurrence(every=Every.DAY, first=today, at=time(23, 59), off_day=OffDay.RUN, lead=1)  # for the day before
    create(now, made.saved(), late)
    dispatcher = either_branch.start()
    until(lambda: {run.state for run in either_branch.all(SeriesRun)} == {RunState.MADE})
    assert dispatcher.stop() == 0
    campaigns = [each for each in either_branch.all(Campaign) if each.state is not CampaignState.PATTERN]
    assert {(each.state, each.created_by) for each in campaigns} == {(CampaignState.PENDING, ctx.actor.user_id)}
    assert len(campaigns) == len(either_branch.all(SeriesRun))


def test_two_processes_at_the_same_moment(ctx: Context, world: Any) -> None:
    with ExitStack() as stack:
        both = [stack.enter_context(child(ctx, watched=False)) for _ in range(2)]
        for process in both:
            assert heard(process) == "ready"
        for process in both:
            say(process)
        assert sorted(heard(process) for process in both) == ["made 0", "made 1"]
    check_one(ctx)


def test_one_that_is_killed_half_way_is_gone_on_with(ctx: Context, world: Any, clock: FixedClock) -> None:
    with child(ctx, watched=True) as process:
        assert heard(process) == "ready"
        for step in range(3):
            say(process)
            assert heard(process) == f"chunk {20 * (step + 1)}"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(90)
    assert prepare_due(ctx) == []
    clock.advance(STALE + timedelta(minutes=1))
    assert [made.state for made in prepare_due(ctx)] == [RunState.MADE]
    tidy(ctx)
    check_one(ctx)
