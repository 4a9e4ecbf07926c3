"""What the campaign page asks of core, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from console.core.campaigns import lifecycle, series
from console.core.campaigns.audience import Audience, Ending
from console.core.campaigns.browse import (
    CampaignDetail,
    CampaignFilter,
    CampaignRow,
    campaign_detail,
    campaign_ids,
    campaign_rows,
)
from console.core.campaigns.choices import Choices, choices, reach
from console.core.campaigns.compare import Comparison, compare, only_in_ids
from console.core.campaigns.draft import Draft, SavedDraft, load_draft
from console.core.campaigns.effect import Effect, effect
from console.core.campaigns.foresee import Foreseen, foresee
from console.core.campaigns.freeze import Frozen
from console.core.campaigns.housekeeping import settle, throw_away_abandoned
from console.core.campaigns.lifecycle import Cancelled
from console.core.campaigns.messages import (
    ExclusionRow,
    MessageFilter,
    MessageRow,
    RuleNumber,
    exclusion_ids,
    exclusion_rows,
    message_ids,
    message_rows,
    rule_numbers,
)
from console.core.campaigns.preflight import Preflight, preflight
from console.core.campaigns.progress import Progress, progress
from console.core.campaigns.recurrence import Due, Recurrence, dues
from console.core.campaigns.series_effect import SeriesEffect, series_effect
from console.core.campaigns.series_views import SeriesDetail, SeriesRow, series_detail, series_ids, series_rows, stopped
from console.core.campaigns.timeline import Event, timeline
from console.core.campaigns.trial import TrialSent, send_test
from console.core.campaigns.views import Standing
from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.core.messages.classes import MessageClass
from console.core.reports.comparison import export_comparison
from console.core.reports.comparison import suggested_path as suggested_comparison
from console.core.reports.requests import Report, Request
from console.core.reports.run import export, suggested_path
from console.core.reports.series import export_series
from console.core.reports.series import suggested_path as suggested_series
from console.shell.tasks import Progress as Reported

CHANGED = Change.of(Topic.CAMPAIGNS, Topic.OUTBOX)
Verb = Callable[[Context], int]  # gives the id of what it was done to


@dataclass(frozen=True)
class Overview:
    """Everything that the details pane shows of one campaign."""

    detail: CampaignDetail
    progress: Progress
    rules: tuple[RuleNumber, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Started:
    """What an editor begins with."""

    choices: Choices
    saved: SavedDraft | None
    comment: str  # with which it was returned; "" when it was not


def clean_up(ctx: Context) -> int:
    """Throw away what a crash left half prepared, so that its campaign can be edited again; how many there were."""
    return throw_away_abandoned(ctx)


def ids_of(wanted: CampaignFilter) -> Callable[[Context, Sort], list[int]]:
    def work(ctx: Context, sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return campaign_ids(session, wanted, sort, ctx.clock.now())

    return work


def rows(ctx: Context, ids: Sequence[int]) -> list[CampaignRow]:
    with ctx.database.read() as session:
        return campaign_rows(session, ids, ctx.clock.now())


def overview(campaign_id: int) -> Callable[[Context], Overview]:
    def work(ctx: Context) -> Overview:
        now = ctx.clock.now()
        with ctx.database.read() as session:
            detail = campaign_detail(session, campaign_id, now)
            return Overview(
                detail,
                progress(session, campaign_id, now),
                tuple(rule_numbers(session, detail.batch_id)) if detail.batch_id else (),
                tuple(timeline(session, campaign_id)),
            )

    return work


def effect_of(batch_id: int, days: int) -> Callable[[Context], Effect | None]:
    def work(ctx: Context) -> Effect | None:
        with ctx.reading() as session:
            return effect(session, batch_id, ctx.clock.now(), days)

    return work


def series_effect_of(series_id: int, days: int) -> Callable[[Context], SeriesEffect | None]:
    def work(ctx: Context) -> SeriesEffect | None:
        with ctx.reading() as session:
            return series_effect(session, series_id, ctx.clock.now(), days)

    return work


def message_ids_of(batch_id: int, wanted: MessageFilter) -> Callable[[Context, Sort], list[int]]:
    def work(ctx: Context, sort: Sort) -> list[int]:
        with ctx.reading() as session:
            return message_ids(session, batch_id, wanted, sort)

    return work


def message_head_of(batch_id: int, wanted: MessageFilter) -> Callable[[Context, Sort, int], list[int]]:
    def work(ctx: Context, sort: Sort, limit: int) -> list[int]:
        with ctx.reading() as session:
            return message_ids(session, batch_id, wanted, sort, limit=limit)

    return work


def messages(ctx: Context, ids: Sequence[int]) -> list[MessageRow]:
    with ctx.database.read() as session:
        return message_rows(session, ids)


def exclusion_ids_of(batch_id: int, rule: str) -> Callable[[Context, Sort], list[int]]:
    def work(ctx: Context, sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return exclusion_ids(session, batch_id, rule)

    return work


def exclusions(ctx: Context, ids: Sequence[int]) -> list[ExclusionRow]:
    with ctx.database.read() as session:
        return exclusion_rows(session, ids)


# Making one


def start(campaign_id: int | None) -> Callable[[Context], Started]:
    def work(ctx: Context) -> Started:
        with ctx.database.read() as session:
            if campaign_id is None:
                return Started(choices(session), None, "")
            saved = load_draft(session, campaign_id)
            told = campaign_detail(session, campaign_id, ctx.clock.now())
            comment = told.comment if told.standing is Standing.RETURNED else ""
            return Started(choices(session, saved.draft.audience), saved, comment)

    return work


def count_audience(audience: Audience, per_loan: bool, at: datetime | None) -> Callable[[Context], int]:
    def work(ctx: Context) -> int:
        today = (at or ctx.clock.now()).astimezone().date()
        with ctx.database.read() as session:
            return reach(session, audience, per_loan=per_loan, today=today)

    return work


def foreseen(draft: Draft, class_: MessageClass, messages: int, parts: int) -> Callable[[Context], Foreseen]:
    def work(ctx: Context) -> Foreseen:
        with ctx.database.read() as session:
            return foresee(ctx, session, draft, class_, messages, parts)

    return work


def save(draft: Draft, campaign_id: int | None, seen: datetime | None) -> Callable[[Context], SavedDraft]:
    return lambda ctx: lifecycle.save_draft(ctx, draft, campaign_id, seen=seen)


def check(draft: Draft, campaign_id: int | None) -> Callable[[Context, Reported], Preflight]:
    return lambda ctx, report: preflight(ctx, draft, campaign_id=campaign_id, progress=report)


def check_quietly(draft: Draft, campaign_id: int | None) -> Callable[[Context], Preflight]:
    return lambda ctx: preflight(ctx, draft, campaign_id=campaign_id)


def send_trial(draft: Draft, phone: str, campaign_id: int | None, variant: int = 0) -> Callable[[Context], TrialSent]:
    return lambda ctx: send_test(ctx, draft, phone, campaign_id=campaign_id, variant=variant)


def submit(draft: Draft, campaign_id: int | None, seen: datetime | None) -> Callable[[Context, Reported], Frozen]:
    """Store what is on the screen, then freeze it."""

    def work(ctx: Context, report: Reported) -> Frozen:
        saved = lifecycle.save_draft(ctx, draft, campaign_id, seen=seen)
        return lifecycle.submit(ctx, saved.campaign_id, progress=report)

    return work


# Running one


def pause(campaign_id: int) -> Callable[[Context], None]:
    return lambda ctx: lifecycle.pause(ctx, campaign_id)


def resume(campaign_id: int) -> Callable[[Context], None]:
    return lambda ctx: lifecycle.resume(ctx, campaign_id)


def cancel(campaign_id: int) -> Callable[[Context], Cancelled]:
    def work(ctx: Context) -> Cancelled:
        lifecycle.cancel(ctx, campaign_id)
        return lifecycle.called_back(ctx, campaign_id)

    return work


def settle_rows(ctx: Context, report: Reported) -> int:
    """Write a cancellation into its rows, so that it is complete even while no dispatcher runs."""
    return settle(ctx)


def withdraw(campaign_id: int) -> Callable[[Context], None]:
    return lambda ctx: lifecycle.withdraw(ctx, campaign_id)


def delete(campaign_id: int) -> Callable[[Context], None]:
    return lambda ctx: lifecycle.delete_draft(ctx, campaign_id)


def copy_for(campaign_id: int, ending: Ending, causes: Sequence[str] = ()) -> Callable[[Context], int]:
    return lambda ctx: lifecycle.copy_for(ctx, campaign_id, ending, causes)


def copy(campaign_id: int) -> Callable[[Context], int]:
    return lambda ctx: lifecycle.copy(ctx, campaign_id)


def export_target(campaign_id: int) -> Callable[[Context], Path]:
    return lambda ctx: suggested_path(ctx, Request(report=Report.CAMPAIGN, campaign_id=campaign_id))


def export_details(campaign_id: int, target: Path, reveal: bool) -> Callable[[Context, Reported], Path]:
    request = Request(report=Report.CAMPAIGN, campaign_id=campaign_id, reveal=reveal)
    return lambda ctx, report: export(ctx, request, target, report).path


# Comparing


def comparison(campaign_ids: Sequence[int]) -> Callable[[Context], Comparison]:
    return lambda ctx: compare(ctx, campaign_ids)


def only_in(campaign_id: int, other_id: int) -> Callable[[Context], list[int]]:
    def work(ctx: Context) -> list[int]:
        with ctx.reading() as session:
            return only_in_ids(session, campaign_id, other_id)

    return work


def comparison_target(ctx: Context) -> Path:
    return suggested_comparison(ctx)


def export_comparison_to(campaign_ids: Sequence[int], target: Path) -> Callable[[Context, Reported], Path]:
    return lambda ctx, _report: export_comparison(ctx, campaign_ids, target)


# Series


def series_ids_of(text: str) -> Callable[[Context, Sort], list[int]]:
    def work(ctx: Context, sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return series_ids(session, text, sort)

    return work


def series_rows_of(ctx: Context, ids: Sequence[int]) -> list[SeriesRow]:
    with ctx.database.read() as session:
        return series_rows(session, ids, ctx.clock.now())


def series_detail_of(series_id: int) -> Callable[[Context], SeriesDetail]:
    def work(ctx: Context) -> SeriesDetail:
        with ctx.database.read() as session:
            return series_detail(session, series_id, ctx.clock.now())

    return work


def series_target(series_id: int) -> Callable[[Context], Path]:
    return lambda ctx: suggested_series(ctx, series_id)


def export_series_to(series_id: int, target: Path) -> Callable[[Context, Reported], Path]:
    return lambda ctx, report: export_series(ctx, series_id, target, report)


def stopped_series(ctx: Context) -> int:
    with ctx.database.read() as session:
        return len(stopped(session))


def next_runs(recurrence: Recurrence, number: int) -> Callable[[Context], list[Due]]:
    def work(ctx: Context) -> list[Due]:
        recurrence.check()
        now = ctx.clock.now()
        with ctx.database.read() as session:
            policy = policy_at(session, now)
        return list(islice(dues(recurrence, now, policy.calendar, policy.zone), number))

    return work


def repeat(campaign_id: int, recurrence: Recurrence) -> Verb:
    return lambda ctx: series.create(ctx, campaign_id, recurrence)


def change_series(series_id: int, recurrence: Recurrence, seen: datetime) -> Verb:
    def work(ctx: Context) -> int:
        series.change(ctx, series_id, recurrence, seen=seen)
        return series_id

    return work


def pause_series(series_id: int) -> Verb:
    def work(ctx: Context) -> int:
        series.pause(ctx, series_id)
        return series_id

    return work


def resume_series(series_id: int) -> Verb:
    def work(ctx: Context) -> int:
        series.resume(ctx, series_id)
        return series_id

    return work


def end_series(series_id: int) -> Verb:
    def work(ctx: Context) -> int:
        series.end(ctx, series_id)
        return series_id

    return work
