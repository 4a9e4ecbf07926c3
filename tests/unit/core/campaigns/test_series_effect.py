"""What the runs of a series did together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from console.core.campaigns import series as verbs
from console.core.campaigns.effect import effect
from console.core.campaigns.holdout import RULE
from console.core.campaigns.intervals import Share, common_difference, difference
from console.core.campaigns.lifecycle import approve
from console.core.campaigns.recurrence import Every, OffDay, Recurrence
from console.core.campaigns.series_effect import SeriesEffect, series_effect
from console.core.campaigns.series_runs import prepare_due
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.reports.series import export_series, suggested_path
from db import audit
from db.models import AuditEntry, Campaign, Exclusion, InboundMessage, Message, MessageState, SeriesRun

CHINA = timezone(timedelta(hours=8))
DAILY = Recurrence(every=Every.DAY, first=date(2026, 11, 23), at=time(9, 0), lead=0, off_day=OffDay.RUN)


class Runs:
    """A daily series with a held-out group, and what people do after each run."""

    def __init__(self, ctx: Context, supervisor: Context, world: Any, clock: FixedClock) -> None:
        self.ctx, self.supervisor, self.world, self.clock = ctx, supervisor, world, clock
        world.customers(120)
        self.line = world.line()
        self.id = verbs.create(ctx, world.saved(hold_out=40), DAILY)

    def run(self, day: int) -> int:
        """The batch of the run of this day, begun."""
        self.clock.advance(datetime(2026, 11, day, 9, tzinfo=CHINA) - self.clock.now())
        prepare_due(self.ctx)
        with self.ctx.database.read() as session:
            newest = select(SeriesRun.campaign_id).order_by(SeriesRun.due_on.desc()).limit(1)
            campaign = session.get_one(Campaign, session.scalar(newest))
        batch = self.world.batch(campaign.batch_id)
        approve(self.supervisor, campaign.id, batch.digest)
        # begun, and taken by no line: nobody is spared the next run for having had this one
        self.world.set_messages(batch.id, MessageState.REFUSED, 1, sending_at=self.clock.now())
        return int(batch.id)

    def groups(self, batch_id: int) -> tuple[list[int], list[int]]:
        with self.ctx.database.read() as session:
            return (
                sorted(set(session.scalars(select(Message.customer_id).where(Message.batch_id == batch_id)))),
                sorted(
                    set(
                        session.scalars(
                            select(Exclusion.customer_id).where(Exclusion.batch_id == batch_id, Exclusion.rule == RULE)
                        )
                    )
                ),
            )

    def reply(self, customers: Sequence[int]) -> None:
        with self.ctx.database.begin() as session:
            session.add_all(
                InboundMessage(
                    line_id=self.line, sender="1", body="好", raw="", customer_id=each, received_at=self.clock.now()
                )
                for each in customers
            )

    def told(self, days: int = 7) -> SeriesEffect:
        with self.ctx.database.read() as session:
            found = series_effect(session, self.id, self.clock.now(), days)
        assert found is not None
        return found


@pytest.fixture
def runs(ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock) -> Runs:
    return Runs(ctx, supervisor_ctx, world, clock)


def test_one_run_says_what_its_own_page_says(runs: Runs, ctx: Context) -> None:
    batch_id = runs.run(24)
    sent, held = runs.groups(batch_id)
    runs.clock.advance(timedelta(hours=1))
    runs.reply([*sent[:20], *held[:3]])
    runs.clock.advance(timedelta(days=1))
    with ctx.database.read() as session:
        alone = effect(session, batch_id, runs.clock.now())
    assert alone is not None
    found = runs.told()
    assert (found.runs, found.over, found.measures) == (1, False, alone.measures)


def test_each_run_is_compared_by_itself(runs: Runs, ctx: Context) -> None:
    first = runs.run(24)
    sent, held = runs.groups(first)
    runs.clock.advance(timedelta(hours=1))
    runs.reply([*sent[:20], *held[:3]])
    runs.world.customers(40, first=121)
    second = runs.run(25)
    others, still = runs.groups(second)
    assert set(held) < set(still)  # the lot stays, and has new people to draw from
    runs.clock.advance(timedelta(hours=1))
    runs.reply([*others[20:26], *still[3:8]])
    runs.clock.advance(timedelta(days=8))
    found = runs.told()
    replied = found.measures[-1]
    assert (found.runs, found.over) == (2, True)
    assert (replied.sent.part, replied.sent.whole) == (20 + 6 + 6, len(sent) + len(others))  # the six in both weeks
    assert (replied.held.part, replied.held.whole) == (3 + 5 + 5, len(held) + len(still))
    with ctx.database.read() as session:
        each = [effect(session, batch_id, runs.clock.now()) for batch_id in (first, second)]
    pairs = [(one.measures[-1].sent, one.measures[-1].held) for one in each if one is not None]
    common = common_difference(pairs)
    assert common is not None
    assert replied.difference is not None
    assert replied.difference.value == pytest.approx(common.value)
    assert replied.difference.low <= common.interval().low
    assert replied.people == len(still)


def test_the_same_people_again_make_it_no_surer(runs: Runs) -> None:
    """Always the same ones reply: however many runs there are, they say as much as one."""
    for day in (24, 25, 26, 27):
        sent, held = runs.groups(runs.run(day))
        runs.clock.advance(timedelta(hours=1))
        runs.reply([*sent[:20], *held[:5]])
        runs.clock.advance(timedelta(hours=1))
    found = runs.told().measures[-1]
    p1, p0 = 20 / len(sent), 5 / len(held)
    reach = 1.959964 * math.sqrt(p1 * (1 - p1) / len(sent) + p0 * (1 - p0) / len(held))  # of one run
    assert found.difference is not None
    assert found.difference.value == pytest.approx(p1 - p0)
    assert (found.difference.low, found.difference.high) == pytest.approx((p1 - p0 - reach, p1 - p0 + reach), abs=1e-6)
    assert (found.sent.whole, found.people) == (4 * len(sent), min(len(sent), len(held)))


def test_before_and_without(runs: Runs, ctx: Context) -> None:
    other = verbs.create(ctx, runs.world.saved(name="没有对照"), DAILY)
    with ctx.database.read() as session:
        assert series_effect(session, other, runs.clock.now()) is None
        assert series_effect(session, runs.id, runs.clock.now()) is None  # nothing was approved yet
    runs.run(24)
    found = runs.told()
    assert (found.runs, found.measures[-1].sent.part) == (1, 0)
    groups = runs.groups(runs.run(25))
    nobody = runs.told().measures[-1]
    assert nobody.difference is not None
    one = difference(*(Share(part=0, whole=len(group)) for group in groups))  # nobody replied: that is not certainty
    assert nobody.difference == one


def sheet(target: Path, name: str) -> list[tuple[Any, ...]]:
    """The rows under the heading, the one with the names of the columns first."""
    book = load_workbook(target, read_only=True)
    rows = list(book[name].iter_rows(min_row=5, values_only=True))
    book.close()
    return rows


def test_all_runs_as_a_workbook(runs: Runs, ctx: Context, tmp_path: Path) -> None:
    batches = [runs.run(24), runs.run(25)]
    runs.world.set_messages(batches[0], MessageState.DELIVERED, 20, sending_at=ctx.clock.now())
    target = export_series(ctx, runs.id, tmp_path / suggested_path(ctx, runs.id).name)
    assert target.name.startswith("All runs of ")
    book = load_workbook(target, read_only=True)
    assert book.sheetnames == ["Summary", "Runs", "Effect"]
    book.close()
    assert ("Held out", "40 % by lot, the same customers in every run") in sheet(target, "Summary")
    head, second, first, total = sheet(target, "Runs")
    told = [dict(zip(head, each, strict=True)) for each in (first, second, total)]
    frozen = [runs.world.batch(each) for each in batches]
    assert [each["Messages"] for each in told] == [*(each.messages for each in frozen), sum(e.messages for e in frozen)]
    assert [each["Delivered"] for each in told] == [20, 0, 20]
    assert [each["Failed"] for each in told] == [1, 1, 2]
    assert [each["Delivery rate"] for each in told] == [pytest.approx(20 / 21), 0, pytest.approx(20 / 22)]
    assert (told[0]["Time"].day, told[1]["Time"].day) == (24, 25)
    assert told[0]["Left out"] == frozen[0].excluded > 0
    measured = sheet(target, "Effect")[1:]
    assert measured[0][:3] == (7, "Paid an instalment", sum(each.messages for each in frozen))
    with ctx.database.read() as session:
        assert audit.verify(session).sound
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "report.export")).one()
        assert entry.subject == f"series:{runs.id}"


def test_a_workbook_of_runs_that_never_were(
    ctx: Context, admin_ctx: Context, world: Any, clock: FixedClock, tmp_path: Path
) -> None:
    world.customers(3)
    series_id = verbs.create(ctx, world.saved(name="每日/提醒"), DAILY)
    assert suggested_path(ctx, series_id).name == "All runs of 每日_提醒 2026-11-23.xlsx"
    target = export_series(ctx, series_id, tmp_path / "a.xlsx")
    (_head, total) = sheet(target, "Runs")
    assert total[0] == "Total"
    assert not any(total[1:])
    clock.advance(timedelta(days=30))  # nobody was there
    prepare_due(ctx)
    target = export_series(ctx, series_id, tmp_path / "a.xlsx")
    missed = [each for each in sheet(target, "Runs") if each[2] == "Missed: the program did not run"]
    assert missed
    assert missed[0][4:] == (None,) * len(missed[0][4:])
    with pytest.raises(NotPermitted):
        export_series(admin_ctx, series_id, tmp_path / "b.xlsx")
    assert not (tmp_path / "b.xlsx").exists()


def test_an_export_of_runs_can_be_stopped(runs: Runs, ctx: Context, tmp_path: Path) -> None:
    runs.run(24)

    def stop(_done: int, _total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        export_series(ctx, runs.id, tmp_path / "a.xlsx", stop)
    assert not [each for each in tmp_path.iterdir() if each.suffix in (".xlsx", ".part")]
