"""Campaigns that repeat: made once each, in the maker's name, never sent without an approval of their own."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from console.core.campaigns import freeze as freezing
from console.core.campaigns import series as verbs
from console.core.campaigns.approvals import approval_detail
from console.core.campaigns.audience import Audience, AudienceKind, Ending
from console.core.campaigns.browse import CampaignFilter, campaign_ids
from console.core.campaigns.decisions import OwnCampaign
from console.core.campaigns.draft import load_draft
from console.core.campaigns.holdout import RULE
from console.core.campaigns.housekeeping import ABANDONED, tidy
from console.core.campaigns.lifecycle import WrongState, approve, save_draft, submit
from console.core.campaigns.recurrence import BadRecurrence, Every, OffDay, Recurrence
from console.core.campaigns.series import CannotRepeat
from console.core.campaigns.series_runs import STALE, anything_due, prepare_due
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers.browse import CustomerFilter
from console.core.errors import NotPermitted
from console.core.listing import Sort
from console.core.segments import store
from console.core.segments.conditions import Condition, Group
from console.core.segments.operators import Operator
from db import audit
from db.errors import IntegrityBroken
from db.models import (
    AuditEntry,
    Batch,
    BatchState,
    Campaign,
    CampaignState,
    Exclusion,
    ImportBatch,
    ImportState,
    Message,
    RunState,
    Series,
    SeriesRun,
    SeriesState,
    Template,
    TemplateState,
    User,
)

CHINA = timezone(timedelta(hours=8))


@pytest.fixture
def world(world: Any) -> Any:
    world.customers(40)
    return world


def daily(**changes: Any) -> Recurrence:
    """The clock stands at Monday, 2026-11-23 10:00; the next run is on Tuesday at 09:00, prepared at once."""
    values: dict[str, Any] = {"every": Every.WORKDAY, "first": date(2026, 11, 23), "at": time(9, 0), "lead": 1}
    return Recurrence(**(values | changes))


def begun(ctx: Context, world: Any, recurrence: Recurrence | None = None, **draft: Any) -> int:
    return verbs.create(ctx, world.saved(**draft), recurrence or daily())


def stored(ctx: Context, series_id: int) -> Series:
    with ctx.database.read() as session:
        return session.get_one(Series, series_id)


def runs(ctx: Context) -> list[SeriesRun]:
    with ctx.database.read() as session:
        return list(session.scalars(select(SeriesRun).order_by(SeriesRun.due_on)))


def states(ctx: Context) -> list[tuple[str, str]]:
    return [(run.due_on.isoformat()[5:], run.state.value) for run in runs(ctx)]


def campaign(ctx: Context, campaign_id: int | None) -> Campaign:
    with ctx.database.read() as session:
        return session.get_one(Campaign, campaign_id or 0)


def actions(ctx: Context, beginning: str = "series.") -> list[str]:
    with ctx.database.read() as session:
        assert audit.verify(session).sound
        query = select(AuditEntry.action).where(AuditEntry.action.startswith(beginning)).order_by(AuditEntry.id)
        return list(session.scalars(query))


def at(clock: FixedClock, day: int, hour: int, minute: int = 0) -> None:
    clock.advance(datetime(2026, 11, day, hour, minute, tzinfo=CHINA) - clock.now())


def test_a_run_is_made_frozen_and_put_before_the_checkers(
    ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock
) -> None:
    series_id = begun(ctx, world)
    assert anything_due(supervisor_ctx)
    (made,) = prepare_due(supervisor_ctx)
    assert (made.series_id, made.due_on, made.state) == (series_id, "2026-11-24", RunState.MADE)
    assert prepare_due(supervisor_ctx) == []
    assert not anything_due(supervisor_ctx)
    (run,) = runs(ctx)
    found = campaign(ctx, run.campaign_id)
    assert (found.name, found.state) == ("房贷11月还款提醒 2026-11-24", CampaignState.PENDING)
    assert found.created_by == ctx.actor.user_id
    assert found.not_before == datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    with ctx.database.read() as session:
        batch = session.get_one(Batch, found.batch_id or 0)
        assert (batch.state, batch.messages, batch.created_by) == (BatchState.PENDING, 40, ctx.actor.user_id)
    assert actions(ctx) == ["series.create", "series.run"]
    assert approve(supervisor_ctx, found.id, batch.digest) == 0


def test_the_pattern_is_in_no_list_and_can_not_be_sent(ctx: Context, world: Any) -> None:
    campaign_id = world.saved()
    series_id = verbs.create(ctx, campaign_id, daily())
    assert stored(ctx, series_id).pattern_id == campaign_id
    with ctx.database.read() as session:
        assert campaign_ids(session, CampaignFilter(), Sort("updated"), ctx.clock.now()) == []
    with pytest.raises(freezing.NotEditable):
        submit(ctx, campaign_id)


def test_of_a_campaign_that_was_submitted_a_copy_becomes_the_pattern(ctx: Context, world: Any) -> None:
    frozen = world.submitted()
    series_id = verbs.create(ctx, frozen.campaign_id, daily())
    assert stored(ctx, series_id).pattern_id != frozen.campaign_id
    assert campaign(ctx, frozen.campaign_id).state is CampaignState.PENDING


def test_every_run_looks_the_audience_up_anew_and_tells_the_difference(
    ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock
) -> None:
    west = Group((Condition("customer.region", Operator.ONE_OF, ("城西",)),))
    segment = store.save_segment(ctx, name="城西", root=west)
    begun(ctx, world, audience=Audience.of_segment(segment.segment_id, segment.version_id))
    (first,) = prepare_due(ctx)
    before = campaign(ctx, runs(ctx)[0].campaign_id)
    approve(supervisor_ctx, before.id, world.batch(before.batch_id).digest)
    world.set_customers([3, 6], region="城东")
    world.set_customers([1], region="城西")
    at(clock, 24, 9)
    world.set_loans(range(1, 41), due_on=date(2026, 11, 30))
    prepare_due(ctx)
    after = campaign(ctx, runs(ctx)[1].campaign_id)
    with ctx.database.read() as session:
        detail = approval_detail(supervisor_ctx, session, after.id)
    assert detail is not None
    assert detail.difference is not None
    assert (detail.difference.campaign_id, detail.difference.added, detail.difference.dropped) == (before.id, 1, 2)
    assert first.state is RunState.MADE


def test_the_held_out_stay_the_same_over_all_runs(ctx: Context, world: Any, clock: FixedClock) -> None:
    begun(ctx, world, daily(every=Every.DAY, off_day=OffDay.RUN, lead=0), hold_out=40)
    found = []
    for day in (24, 25):
        at(clock, day, 9)
        prepare_due(ctx)
        batch_id = campaign(ctx, runs(ctx)[-1].campaign_id).batch_id
        with ctx.database.read() as session:
            held = select(Exclusion.customer_id).where(Exclusion.batch_id == batch_id, Exclusion.rule == RULE)
            found.append(set(session.scalars(held)))
    assert found[0] == found[1] != set()


def test_what_is_not_approved_in_time_never_leaves_and_says_so(ctx: Context, world: Any, clock: FixedClock) -> None:
    begun(ctx, world)
    prepare_due(ctx)
    verbs.pause(ctx, runs(ctx)[0].series_id)
    clock.advance(timedelta(days=5))
    tidy(ctx)
    found = campaign(ctx, runs(ctx)[0].campaign_id)
    assert found.state is CampaignState.RETURNED
    assert "campaign.lapse" in actions(ctx, "campaign.")
    with ctx.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_after_a_week_off_the_newest_is_made_and_the_others_are_on_record(
    ctx: Context, world: Any, clock: FixedClock
) -> None:
    begun(ctx, world, daily(every=Every.DAY, off_day=OffDay.RUN, lead=0))
    at(clock, 30, 12)
    world.set_loans(range(1, 41), due_on=date(2026, 12, 3))
    (made,) = prepare_due(ctx)
    assert made.due_on == "2026-11-30"
    missed = [(f"11-{day}", "missed") for day in range(24, 30)]
    assert states(ctx) == [*missed, ("11-30", "made")]
    assert actions(ctx).count("series.missed") == 6
    assert campaign(ctx, runs(ctx)[-1].campaign_id).not_before is None


def test_runs_that_lie_ahead_are_all_made(ctx: Context, world: Any, clock: FixedClock) -> None:
    begun(ctx, world, daily(every=Every.DAY, off_day=OffDay.RUN, first=date(2026, 11, 28)))
    at(clock, 27, 9)  # Friday: Saturday, Sunday and Monday are prepared
    assert [made.due_on for made in prepare_due(ctx)] == ["2026-11-28", "2026-11-29", "2026-11-30"]


def test_two_processes_at_once_make_one(ctx: Context, world: Any, clock: FixedClock) -> None:
    begun(ctx, world, daily(every=Every.DAY, off_day=OffDay.RUN, lead=0))
    at(clock, 26, 9)
    start, made, problems = threading.Barrier(4), [], []

    def work() -> None:
        try:
            start.wait(30)
            made.extend(prepare_due(ctx))
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert [each.due_on for each in made] == ["2026-11-26"]
    assert states(ctx) == [("11-24", "missed"), ("11-25", "missed"), ("11-26", "made")]
    with ctx.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 1


def test_the_day_of_a_series_stands_there_once(ctx: Context, world: Any) -> None:
    series_id = begun(ctx, world)
    prepare_due(ctx)
    with ctx.database.begin() as session:  # as if the lock had not held
        session.execute(update(Series).values(since=ctx.clock.now()))
    assert prepare_due(ctx) == []
    twice = {"series_id": series_id, "due_on": date(2026, 11, 24), "due_at": ctx.clock.now(), "state": RunState.MADE}
    with pytest.raises(IntegrityBroken), ctx.database.begin() as session:
        session.execute(insert(SeriesRun).values(**twice, reason="", touched_at=ctx.clock.now()))


@pytest.mark.parametrize("killed", ["before", "half", "noted"])
def test_a_crash_while_a_run_is_prepared_leaves_one_that_is_taken_up_again(
    ctx: Context, world: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    begun(ctx, world)

    class Killed(BaseException):
        pass

    def die(*_arguments: object, **_named: object) -> None:
        raise Killed

    place = {
        "before": "console.core.campaigns.series_runs.freeze",
        "half": "console.core.campaigns.freeze._finish",
        "noted": "console.core.campaigns.series_runs._note",
    }[killed]
    with monkeypatch.context() as patch:
        patch.setattr(place, die)
        if killed == "half":  # nobody is left to throw the half batch away
            patch.setattr("console.core.campaigns.freeze.discard", lambda *_a, **_n: None)
            patch.setattr("console.core.campaigns.freeze.purge", lambda *_a, **_n: None)
        with pytest.raises(Killed):
            prepare_due(ctx)
    assert states(ctx) == [("11-24", "preparing")]
    assert prepare_due(ctx) == []  # it may still be at work
    clock.advance(max(STALE, ABANDONED) + timedelta(seconds=1))
    (made,) = prepare_due(ctx)
    assert made.state is RunState.MADE
    assert states(ctx) == [("11-24", "made")]
    tidy(ctx)
    with ctx.database.read() as session:
        open_ = select(func.count()).where(Batch.state == BatchState.PENDING)
        assert session.scalar(open_) == 1
        assert session.scalar(select(func.count()).select_from(Message)) == 40
        assert session.scalar(select(func.count()).select_from(Campaign)) == 2
        assert audit.verify(session).sound


def test_a_run_that_lost_its_campaign_is_over(ctx: Context, world: Any, clock: FixedClock) -> None:
    begun(ctx, world)
    with ctx.database.begin() as session:
        series = session.scalars(select(Series)).one()
        session.add(
            SeriesRun(
                series_id=series.id, due_on=date(2026, 11, 24), due_at=clock.now(), state=RunState.PREPARING,
                touched_at=clock.now() - STALE * 2,
            )
        )  # fmt: skip
    (made,) = prepare_due(ctx)
    assert (made.state, str(made.reason)) == (RunState.FAILED, "Its campaign was deleted.")


@pytest.mark.parametrize("change", [{"active": False}, {"roles": ["reporter"]}])
def test_without_its_maker_a_series_pauses_and_says_why(
    ctx: Context, admin_ctx: Context, world: Any, change: dict[str, Any]
) -> None:
    series_id = begun(ctx, world)
    with ctx.database.begin() as session:
        session.execute(update(User).where(User.id == ctx.actor.user_id).values(**change))
    assert prepare_due(admin_ctx) == []
    found = stored(ctx, series_id)
    assert found.state is SeriesState.PAUSED
    assert "王敏" in found.trouble
    assert runs(ctx) == []
    assert actions(ctx)[-1] == "series.stop"


def test_a_text_that_was_retired_stops_the_series_and_leaves_a_draft(ctx: Context, world: Any) -> None:
    series_id = begun(ctx, world)
    with ctx.database.begin() as session:
        session.execute(update(Template).values(state=TemplateState.RETIRED))
    (made,) = prepare_due(ctx)
    assert made.state is RunState.FAILED
    assert "retired" in str(made.reason)
    assert stored(ctx, series_id).state is SeriesState.PAUSED
    assert campaign(ctx, runs(ctx)[0].campaign_id).state is CampaignState.DRAFT


def test_nobody_to_write_to_is_no_failure(ctx: Context, world: Any, clock: FixedClock) -> None:
    series_id = begun(ctx, world)
    world.set_customers(range(1, 41), active=False)
    (made,) = prepare_due(ctx)
    assert made.state is RunState.EMPTY
    assert stored(ctx, series_id).state is SeriesState.ACTIVE
    assert campaign(ctx, runs(ctx)[0].campaign_id).state is CampaignState.CANCELLED


def test_pause_resume_change_and_end(ctx: Context, world: Any, clock: FixedClock) -> None:
    series_id = begun(ctx, world, daily(every=Every.DAY, off_day=OffDay.RUN, lead=0))
    verbs.pause(ctx, series_id)
    at(clock, 26, 12)
    assert prepare_due(ctx) == []
    verbs.resume(ctx, series_id)
    assert prepare_due(ctx) == []  # what was due meanwhile is not made up for
    later = daily(every=Every.WEEK, weekdays=(4,), lead=0, at=time(8, 0))
    seen = stored(ctx, series_id).updated_at
    verbs.change(ctx, series_id, later, seen=seen)
    with pytest.raises(verbs.SeriesChanged):
        verbs.change(ctx, series_id, later, seen=seen - timedelta(seconds=1))
    at(clock, 27, 8)
    assert [made.due_on for made in prepare_due(ctx)] == ["2026-11-27"]
    verbs.end(ctx, series_id)
    at(clock, 30, 12)
    assert prepare_due(ctx) == []
    for act in (verbs.pause, verbs.resume, verbs.end):
        with pytest.raises(verbs.WrongSeriesState):
            act(ctx, series_id)
    assert actions(ctx) == [
        "series.create", "series.pause", "series.resume", "series.change", "series.run", "series.end",
    ]  # fmt: skip


def test_after_its_last_day_a_series_ends_by_itself(ctx: Context, world: Any, clock: FixedClock) -> None:
    series_id = begun(ctx, world, daily(until=date(2026, 11, 24)))
    prepare_due(ctx)
    prepare_due(ctx)
    assert stored(ctx, series_id).state is SeriesState.ENDED
    assert states(ctx) == [("11-24", "made")]


def test_an_edit_of_the_pattern_counts_from_the_next_run(ctx: Context, world: Any, clock: FixedClock) -> None:
    series_id = begun(ctx, world, daily(every=Every.DAY, off_day=OffDay.RUN, lead=0))
    at(clock, 24, 9)
    prepare_due(ctx)
    pattern_id = stored(ctx, series_id).pattern_id
    with ctx.database.read() as session:
        saved = load_draft(session, pattern_id)
    clock.advance(timedelta(hours=2))
    save_draft(ctx, world.draft(name="新的提醒"), pattern_id, seen=saved.updated_at)
    assert campaign(ctx, pattern_id).state is CampaignState.PATTERN
    at(clock, 25, 9)
    prepare_due(ctx)
    names = [campaign(ctx, run.campaign_id).name for run in runs(ctx)]
    assert names == ["房贷11月还款提醒 2026-11-24", "新的提醒 2026-11-25"]
    assert "campaign.edit" in actions(ctx, "campaign.")


def test_whoever_had_a_hand_in_the_series_never_approves_a_run(
    ctx: Context, supervisor_ctx: Context, world: Any
) -> None:
    series_id = begun(ctx, world)
    with ctx.database.begin() as session:  # the supervisor was an officer when they changed it
        supervisor_ctx.audit(session, "series.change", verbs.subject(series_id))
    prepare_due(ctx)
    found = campaign(ctx, runs(ctx)[0].campaign_id)
    with pytest.raises(OwnCampaign):
        approve(supervisor_ctx, found.id, world.batch(found.batch_id).digest)


@pytest.mark.parametrize(
    "audience",
    [
        Audience.of_import(1),
        Audience(kind=AudienceKind.FILTER, filter=CustomerFilter(import_id=1)),
        Audience.of_outcome(1, Ending.FAILED),
    ],
)
def test_what_belongs_to_one_day_can_not_repeat(ctx: Context, world: Any, audience: Audience) -> None:
    campaign_id = world.saved(audience=audience)
    with pytest.raises(CannotRepeat) as refused:
        verbs.create(ctx, campaign_id, daily())
    assert "segment" in str(refused.value.hint)
    assert campaign(ctx, campaign_id).state is CampaignState.DRAFT
    pattern_id = stored(ctx, begun(ctx, world)).pattern_id
    with pytest.raises(CannotRepeat):
        save_draft(ctx, world.draft(audience=audience), pattern_id)


def test_refused_at_once_is_what_would_fail_every_time(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    with pytest.raises(BadRecurrence):
        begun(ctx, world, daily(until=date(2026, 11, 23)))
    with pytest.raises(freezing.NotComplete):
        verbs.create(ctx, save_draft(ctx, world.draft(version_id=None, template_version_id=None)).campaign_id, daily())
    with pytest.raises(NotPermitted):
        verbs.create(supervisor_ctx, world.saved(), daily())
    with pytest.raises(NotPermitted):
        verbs.end(supervisor_ctx, begun(ctx, world))


def test_an_import_that_is_being_written_only_puts_it_off(ctx: Context, world: Any, clock: FixedClock) -> None:
    begun(ctx, world)
    with ctx.database.begin() as session:
        going_on = ImportBatch(
            file_name="客户.xlsx", file_digest="0" * 64, sheet="1", mapping={}, state=ImportState.APPLYING,
            created_by=ctx.actor.user_id, created_at=clock.now(),
        )  # fmt: skip
        session.add(going_on)
    (waits,) = prepare_due(ctx)
    assert waits.state is RunState.PREPARING
    with ctx.database.begin() as session:
        session.execute(delete(ImportBatch))
    clock.advance(STALE + timedelta(seconds=1))
    assert [made.state for made in prepare_due(ctx)] == [RunState.MADE]


def test_a_campaign_that_was_sent_can_not_be_edited(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    begun(ctx, world)
    prepare_due(ctx)
    found = campaign(ctx, runs(ctx)[0].campaign_id)
    approve(supervisor_ctx, found.id, world.batch(found.batch_id).digest)
    with pytest.raises(WrongState):
        save_draft(ctx, world.draft(), found.id)
