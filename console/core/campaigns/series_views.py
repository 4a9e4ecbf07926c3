"""Series as they are listed and looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from console.core.campaigns.audience import Audience, describe
from console.core.campaigns.browse import class_title, user_name
from console.core.campaigns.draft import Wording, campaign_of, wording_of
from console.core.campaigns.recurrence import Due, Recurrence
from console.core.campaigns.series import next_due, series_of
from console.core.campaigns.views import BADGES as CAMPAIGN_BADGES
from console.core.campaigns.views import STANDING_TITLES, Standing, standing
from console.core.compliance.policy import Policy
from console.core.compliance.versions import policy_at
from console.core.i18n import T, Text
from console.core.listing import Sort
from db.models import (
    AuditEntry,
    Batch,
    Campaign,
    RunState,
    Series,
    SeriesRun,
    SeriesState,
    TemplateVersion,
    User,
    VersionState,
)

RUNS = 30  # that are shown of one series

STATE_TITLES: Mapping[SeriesState, Text] = {
    SeriesState.ACTIVE: T("Repeats"),
    SeriesState.PAUSED: T("Paused"),
    SeriesState.ENDED: T("Ended"),
}
BADGES: Mapping[SeriesState, str] = {
    SeriesState.ACTIVE: "scheduled",
    SeriesState.PAUSED: "paused",
    SeriesState.ENDED: "finished",
}
_RANKS = {SeriesState.ACTIVE: 0, SeriesState.PAUSED: 1, SeriesState.ENDED: 2}
_RUN_TITLES: Mapping[RunState, Text] = {
    RunState.PREPARING: T("Being prepared"),
    RunState.MADE: T("Made"),
    RunState.EMPTY: T("Nobody would get it"),
    RunState.FAILED: T("Failed"),
    RunState.MISSED: T("Missed: the program did not run"),
}
_LAPSED = T("Not approved in time")
_RUN_BADGES: Mapping[RunState, str] = {
    RunState.PREPARING: "freezing",
    RunState.MADE: "pending",
    RunState.EMPTY: "cancelled",
    RunState.FAILED: "failed",
    RunState.MISSED: "suppressed",
}


@dataclass(frozen=True, kw_only=True)
class RunRow:
    id: int
    due_on: date
    due_at: datetime
    campaign_id: int | None
    title: Text  # how it stands
    badge: str
    reason: Text  # empty unless it failed
    messages: int


@dataclass(frozen=True, kw_only=True)
class SeriesRow:
    id: int
    name: str
    class_title: Text
    state: SeriesState
    recurrence: Recurrence
    trouble: Text  # why the program paused it; empty when it did not
    next: Due | None  # None: no further run, or none while it is paused
    last: RunRow | None
    maker: str  # in whose name its runs are submitted


@dataclass(frozen=True, kw_only=True)
class SeriesDetail:
    row: SeriesRow
    pattern_id: int
    template: str
    template_number: int | None
    newer: int | None  # number of a later version that was approved since
    body: str
    audience: Text
    hold_out: int
    runs: tuple[RunRow, ...]  # newest first
    updated_at: datetime


def series_ids(session: Session, text: str, sort: Sort) -> list[int]:
    """Those that repeat first, then paused and ended ones; within these by name or as ``sort`` says."""
    query = select(Series.id).join(Campaign, Campaign.id == Series.pattern_id)
    if text.strip():
        query = query.where(Campaign.name.icontains(text.strip(), autoescape=True))
    column = {"name": Campaign.name, "class": Campaign.class_key}.get(sort.key)
    if column is None:
        rank = case(_RANKS, value=Series.state, else_=len(_RANKS))
        return list(session.scalars(query.order_by(rank, Campaign.name, Series.id)))
    return list(session.scalars(query.order_by(column.desc() if sort.descending else column.asc(), Series.id)))


def series_rows(session: Session, ids: Sequence[int], now: datetime) -> list[SeriesRow]:
    policy = policy_at(session, now)
    query = (
        select(Series, Campaign, User.display_name)
        .join(Campaign, Campaign.id == Series.pattern_id)
        .join(User, User.id == Series.maker_id)
        .where(Series.id.in_(ids))
    )
    found = {
        series.id: _row(session, series, pattern, maker, policy, now)
        for series, pattern, maker in session.execute(query)
    }
    return [found[each] for each in ids if each in found]


def series_detail(session: Session, series_id: int, now: datetime) -> SeriesDetail:
    """Raises SeriesGone."""
    series = series_of(session, series_id)
    pattern = campaign_of(session, series.pattern_id)
    wording = wording_of(session, pattern.template_version_id)
    maker = user_name(session, series.maker_id)
    return SeriesDetail(
        row=_row(session, series, pattern, maker, policy_at(session, now), now),
        pattern_id=pattern.id,
        template=wording.name if wording else "",
        template_number=wording.number if wording else None,
        newer=_newer(session, wording) if wording else None,
        body=wording.body if wording else "",
        audience=describe(session, Audience.load(pattern.audience)),
        hold_out=pattern.hold_out,
        runs=tuple(_runs(session, series_id, RUNS, now)),
        updated_at=series.updated_at,
    )


def series_runs(session: Session, series_id: int, now: datetime) -> list[RunRow]:
    """All of them, newest first."""
    return _runs(session, series_id, None, now)


def _newer(session: Session, wording: Wording) -> int | None:
    query = select(func.max(TemplateVersion.number)).where(
        TemplateVersion.template_id == wording.template_id,
        TemplateVersion.state == VersionState.APPROVED,
        TemplateVersion.number > wording.number,
    )
    return session.scalar(query)


def stopped(session: Session) -> tuple[tuple[str, Text], ...]:
    """Name and reason of the series that the program paused and nobody has looked after yet."""
    query = (
        select(Campaign.name, Series.trouble)
        .join(Series, Series.pattern_id == Campaign.id)
        .where(Series.state == SeriesState.PAUSED, Series.trouble != "")
        .order_by(Series.updated_at.desc(), Series.id)
    )
    return tuple((name, Text.load(trouble)) for name, trouble in session.execute(query))


def _row(session: Session, series: Series, pattern: Campaign, maker: str, policy: Policy, now: datetime) -> SeriesRow:
    recurrence = Recurrence.load(series.recurrence)
    runs = _runs(session, series.id, 1, now)
    return SeriesRow(
        id=series.id,
        name=pattern.name,
        class_title=class_title(pattern.class_key),
        state=series.state,
        recurrence=recurrence,
        trouble=Text.load(series.trouble) if series.trouble else Text(""),
        next=next_due(recurrence, series.since, policy) if series.state is SeriesState.ACTIVE else None,
        last=runs[0] if runs else None,
        maker=maker,
    )


def _runs(session: Session, series_id: int, limit: int | None, now: datetime) -> list[RunRow]:
    query = (
        select(SeriesRun, Campaign, Batch)
        .outerjoin(Campaign, Campaign.id == SeriesRun.campaign_id)
        .outerjoin(Batch, Batch.id == Campaign.batch_id)
        .where(SeriesRun.series_id == series_id)
        .order_by(SeriesRun.due_on.desc())
        .limit(limit)
    )
    found = session.execute(query).all()
    lapsed = _lapsed(session, [run.campaign_id for run, _campaign, _batch in found])
    return [_run(run, campaign, batch, lapsed, now) for run, campaign, batch in found]


def _lapsed(session: Session, campaign_ids: Sequence[int | None]) -> frozenset[str]:
    subjects = [f"campaign:{each}" for each in campaign_ids if each is not None]
    query = select(AuditEntry.subject).where(AuditEntry.action == "campaign.lapse", AuditEntry.subject.in_(subjects))
    return frozenset(session.scalars(query))


def _run(
    run: SeriesRun, campaign: Campaign | None, batch: Batch | None, lapsed: frozenset[str], now: datetime
) -> RunRow:
    title, badge = _RUN_TITLES[run.state], _RUN_BADGES[run.state]
    if run.state is RunState.MADE and campaign is not None:
        where = standing(campaign, batch, now)
        title, badge = STANDING_TITLES[where], CAMPAIGN_BADGES[where]
        if where is Standing.RETURNED and f"campaign:{campaign.id}" in lapsed:
            title = _LAPSED
    return RunRow(
        id=run.id,
        due_on=run.due_on,
        due_at=run.due_at,
        campaign_id=run.campaign_id,
        title=title,
        badge=badge,
        reason=Text.load(run.reason) if run.reason else Text(""),
        messages=batch.messages if batch is not None and run.state is RunState.MADE else 0,
    )
