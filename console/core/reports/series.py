"""All runs of a campaign that repeats, as a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core import paths
from console.core.campaigns.effect import DAYS
from console.core.campaigns.progress import state_counts
from console.core.campaigns.recurrence import days_in_words, lead_in_words, off_days_in_words, range_in_words
from console.core.campaigns.series import subject
from console.core.campaigns.series_effect import SeriesEffect, series_effect
from console.core.campaigns.series_views import STATE_TITLES, RunRow, SeriesDetail, series_detail, series_runs
from console.core.campaigns.views import OUTCOME_TITLES, Outcome, tally
from console.core.context import Context
from console.core.format import local_date, local_datetime
from console.core.i18n import T, Text, clauses, tr
from console.core.reports.campaign import effect_sheet
from console.core.reports.requests import workbook_name
from console.core.reports.table import Column, Kind, Row, Sheet, Value
from console.core.security.permissions import Permission
from db.models import Batch, BatchState, Campaign, SeriesRun

if TYPE_CHECKING:
    from console.core.reports.export import Tell

Numbers = tuple[int, ...]  # messages, parts, left out, and one for each outcome
_NUMBERS = 3 + len(Outcome)
_NEVER_FROZEN = (BatchState.BUILDING, BatchState.VOID)
_NEVER_LEFT = (Outcome.WAITING, Outcome.SUPPRESSED, Outcome.CANCELLED)


def suggested_path(ctx: Context, series_id: int) -> Path:
    """Raises SeriesGone."""
    with ctx.database.read() as session:
        name = series_detail(session, series_id, ctx.clock.now()).row.name
    folder = ctx.settings.text("export.folder")
    title = tr("All runs of {name} {day}", name=name, day=local_date(ctx.clock.now()))
    return (Path(folder) if folder else paths.documents_folder()) / workbook_name(title)


def export_series(ctx: Context, series_id: int, target: Path, tell: Tell | None = None) -> Path:
    """Write it, whole or not at all, and put it on record. No customer stands in it.

    Raises NotPermitted, SeriesGone, EnvironmentTrouble, and what ``tell`` raises.
    """
    from console.core.reports.export import export_sheets  # noqa: PLC0415 - openpyxl costs a quarter of a second

    ctx.require(Permission.REPORTS_EXPORT)
    now = ctx.clock.now()
    with ctx.database.read() as session:
        found = series_detail(session, series_id, now)
        made = [_facts(found), _runs(session, series_id, now), *_effect(session, found, now, tell)]
    title = tr("All runs of {name}", name=found.row.name)
    return export_sheets(ctx, made, title, target, subject(series_id), tell, report="series", name=found.row.name)


def _facts(found: SeriesDetail) -> Sheet:
    rows = [(str(title), value) for title, value in _fact_rows(found)]
    columns = (Column(title=T("Item"), width=24), Column(title=T("Content"), width=70))
    return Sheet(name=T("Summary"), columns=columns, rows=iter(rows), total=len(rows))


def _fact_rows(found: SeriesDetail) -> Iterator[tuple[Text, Value]]:
    each, how = found.row, found.row.recurrence
    yield T("Campaign"), each.name
    yield T("Class"), str(each.class_title)
    yield T("State"), str(STATE_TITLES[each.state])
    if str(each.trouble):
        yield T("Reason"), str(each.trouble)
    yield T("Repeats"), clauses(filter(None, (days_in_words(how), off_days_in_words(how))))
    yield T("Period"), range_in_words(how)
    yield T("Approval"), lead_in_words(how)
    yield T("Next run"), local_datetime(each.next.at) if each.next is not None else tr("None")
    yield T("In the name of"), each.maker
    yield T("Audience"), str(found.audience)
    yield T("Template"), str(T("{name}, version {number}", name=found.template, number=found.template_number or 0))
    yield T("Text"), found.body
    if found.hold_out:
        yield T("Held out"), tr("{percent} % by lot, the same customers in every run", percent=found.hold_out)


def _runs(session: Session, series_id: int, now: datetime) -> Sheet:
    figures = _figures(session, series_id)
    rows = [_run(run, figures) for run in series_runs(session, series_id, now)]
    columns = (
        Column(title=T("Time"), kind=Kind.MOMENT, width=20),
        Column(title=T("Campaign"), width=32),
        Column(title=T("State"), width=20),
        Column(title=T("Reason"), width=40),
        Column(title=T("Messages"), kind=Kind.COUNT),
        Column(title=T("Parts"), kind=Kind.COUNT),
        Column(title=T("Left out"), kind=Kind.COUNT),
        *(Column(title=OUTCOME_TITLES[each], kind=Kind.COUNT) for each in Outcome),
        Column(title=T("Delivery rate"), kind=Kind.SHARE),
    )
    summed = tuple(map(sum, zip(*(numbers for _name, numbers in figures.values()), strict=True))) or (0,) * _NUMBERS
    closing = (tr("Total"), None, None, None, *summed, _rate(summed))
    return Sheet(name=T("Runs"), columns=columns, rows=iter(rows), total=len(rows), closing=closing)


def _figures(session: Session, series_id: int) -> Mapping[int, tuple[str, Numbers]]:
    """By the campaign of a run; one that was never frozen has none."""
    query = (
        select(Campaign, Batch)
        .join(SeriesRun, SeriesRun.campaign_id == Campaign.id)
        .join(Batch, Batch.id == Campaign.batch_id)
        .where(SeriesRun.series_id == series_id, Batch.state.not_in(_NEVER_FROZEN))
    )
    frozen = session.execute(query).all()
    stored = state_counts(session, [batch.id for _campaign, batch in frozen])
    found: dict[int, tuple[str, Numbers]] = {}
    for campaign, batch in frozen:
        counts = tally(stored.get(batch.id, []), batch.state)
        numbers = (batch.messages, batch.parts, batch.excluded, *(counts[each] for each in Outcome))
        found[campaign.id] = campaign.name, numbers
    return found


def _run(run: RunRow, figures: Mapping[int, tuple[str, Numbers]]) -> Row:
    name, numbers = figures.get(run.campaign_id or 0, ("", None))
    told = (*numbers, _rate(numbers)) if numbers is not None else (None,) * (_NUMBERS + 1)
    return (run.due_at, name, str(run.title), str(run.reason), *told)


def _rate(numbers: Numbers) -> float | None:
    """Of what a line took, as in the daily report."""
    counts = dict(zip(Outcome, numbers[3:], strict=True))
    handed = sum(number for each, number in counts.items() if each not in _NEVER_LEFT)
    return counts[Outcome.DELIVERED] / handed if handed else None


def _effect(session: Session, found: SeriesDetail, now: datetime, tell: Tell | None) -> list[Sheet]:
    """Against those who were held out; no sheet when nobody was. It may take some seconds."""
    measured: list[SeriesEffect] = []
    for place, days in enumerate(DAYS):
        if tell is not None:
            tell(place, len(DAYS))  # may stop it
        effect = series_effect(session, found.row.id, now, days)
        if effect is None:
            return []
        measured.append(effect)
    return [effect_sheet((each.days, measure) for each in measured for measure in each.measures)]
