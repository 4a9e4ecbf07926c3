"""Campaigns that repeat: what people decide about them. ``series_runs`` makes their runs.

A series has a pattern, a campaign that is never sent itself. Each run is a campaign of its own, made as a copy of the
pattern for the audience as it is on that day, and goes the whole way of approval.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from console.core.campaigns.audience import Audience, AudienceKind
from console.core.campaigns.draft import Draft, campaign_of, draft_of, put_draft
from console.core.campaigns.freeze import plan_to_send
from console.core.campaigns.recurrence import BadRecurrence, Due, Recurrence, dues, in_words
from console.core.compliance.policy import Policy
from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.errors import UserError
from console.core.format import local_date
from console.core.i18n import T
from console.core.security.permissions import Permission
from db.models import AuditEntry, Batch, Campaign, CampaignState, Series, SeriesRun, SeriesState

NAME_LENGTH = 80  # the day of a run comes behind it
MAKING = ("series.create", "series.change", "series.resume")


class CannotRepeat(UserError):
    """This campaign can not be repeated; the text says why."""


class SeriesGone(UserError):
    def __init__(self) -> None:
        super().__init__(T("This series does not exist."), T("Open the list again."))


class SeriesChanged(UserError):
    def __init__(self) -> None:
        super().__init__(T("The series was changed elsewhere meanwhile."), T("Look at it again."))


class WrongSeriesState(UserError):
    def __init__(self) -> None:
        super().__init__(T("This can not be done with the series as it stands now."), T("Look at it again."))


def subject(series_id: int) -> str:
    return f"series:{series_id}"


def create(ctx: Context, campaign_id: int, recurrence: Recurrence) -> int:
    """Repeat a campaign. A draft becomes the pattern; of any other campaign a copy does. The id of the series.

    Raises NotPermitted, BadRecurrence, CannotRepeat, NotComplete, NotYours, CampaignGone.
    """
    ctx.require(Permission.CAMPAIGNS_SUBMIT)
    ctx.require(Permission.CAMPAIGNS_EDIT)
    recurrence.check()
    now = ctx.clock.now()
    with ctx.database.read() as session:
        draft = draft_of(campaign_of(session, campaign_id))
        require_repeatable(draft)
        first = next_due(recurrence, now, policy_at(session, now))
        if first is None:
            raise BadRecurrence(T("No run would ever fall into this time."), T("Choose a later last day."))
        plan_to_send(ctx, session, draft_for(draft, first, now), campaign_id)
    with ctx.database.begin() as session:
        pattern = _pattern(ctx, session, campaign_of(session, campaign_id, lock=True), now)
        series = Series(
            pattern_id=pattern.id,
            recurrence=recurrence.dump(),
            state=SeriesState.ACTIVE,
            maker_id=ctx.actor.user_id,
            since=now,
            created_at=now,
            updated_at=now,
        )
        session.add(series)
        session.flush()
        ctx.audit(
            session,
            "series.create",
            subject(series.id),
            name=pattern.name,
            campaign=pattern.id,
            recurrence=in_words(recurrence),
        )
        return series.id


def change(ctx: Context, series_id: int, recurrence: Recurrence, *, seen: datetime | None = None) -> None:
    """When it repeats, from the next run on; whoever changes it answers for it from now on.

    ``seen``: its ``updated_at`` when it was read. Raises BadRecurrence, SeriesChanged, SeriesGone, WrongSeriesState.
    """
    ctx.require(Permission.CAMPAIGNS_SUBMIT)
    recurrence.check()
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        series = series_of(session, series_id, lock=True)
        if seen is not None and series.updated_at != seen:
            raise SeriesChanged()
        if series.state is SeriesState.ENDED:
            raise WrongSeriesState()
        before = in_words(Recurrence.load(series.recurrence))
        series.recurrence, series.since = recurrence.dump(), now
        series.maker_id, series.updated_at = ctx.actor.user_id, now
        ctx.audit(session, "series.change", subject(series_id), before=before, after=in_words(recurrence))


def pause(ctx: Context, series_id: int) -> None:
    """No run is made until ``resume``; those that were made go on. Raises WrongSeriesState, SeriesGone."""
    ctx.require(Permission.CAMPAIGNS_RUN)
    _switch(ctx, series_id, (SeriesState.ACTIVE,), SeriesState.PAUSED, "series.pause")


def resume(ctx: Context, series_id: int) -> None:
    """Go on with the next run; whoever resumes it answers for it. What was due meanwhile is not made up for."""
    ctx.require(Permission.CAMPAIGNS_SUBMIT)
    _switch(ctx, series_id, (SeriesState.PAUSED,), SeriesState.ACTIVE, "series.resume")


def end(ctx: Context, series_id: int) -> None:
    """No further run, for good."""
    ctx.require(Permission.CAMPAIGNS_SUBMIT)
    _switch(ctx, series_id, (SeriesState.ACTIVE, SeriesState.PAUSED), SeriesState.ENDED, "series.end")


def _switch(ctx: Context, series_id: int, expected: tuple[SeriesState, ...], to: SeriesState, action: str) -> None:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        series = series_of(session, series_id, lock=True)
        if series.state not in expected:
            raise WrongSeriesState()
        series.state, series.updated_at, series.trouble = to, now, ""
        if to is SeriesState.ACTIVE:
            series.since, series.maker_id = now, ctx.actor.user_id
        ctx.audit(session, action, subject(series_id))


# What the rest of the house asks


def series_of(session: Session, series_id: int, *, lock: bool = False) -> Series:
    """Raises SeriesGone."""
    found = session.get(Series, series_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise SeriesGone()
    return found


def next_due(recurrence: Recurrence, since: datetime, policy: Policy) -> Due | None:
    return next(dues(recurrence, since, policy.calendar, policy.zone), None)


def draft_for(pattern: Draft, due: Due, now: datetime) -> Draft:
    """What a run starts from: the pattern's answers, with the day in the name, not before it is due."""
    name = T("{name} {day}", name=pattern.name[:NAME_LENGTH], day=local_date(due.day))
    return replace(
        pattern,
        name=str(name),
        not_before=due.at if due.at > now else None,
        expires_at=None,
        schedule=pattern.schedule.from_day(due.day),
    )


def require_repeatable(draft: Draft) -> None:
    """Raises CannotRepeat for what belongs to one day alone."""
    if not draft.name.strip():
        raise CannotRepeat(T("The campaign has no name."), T("Give it one at the top."))
    audience = draft.audience
    if audience.kind is AudienceKind.IMPORT or audience.filter.import_id is not None:
        raise CannotRepeat(
            T("The people of one imported file can not be written to again and again: the file does not change."),
            T("Choose a segment or conditions, which are looked up anew for every run."),
        )
    if audience.kind is AudienceKind.OUTCOME:
        raise CannotRepeat(
            T("Those with whom one earlier campaign ended in a certain way belong to that campaign alone."),
            T("Choose a segment or conditions, which are looked up anew for every run."),
        )


def require_pattern(session: Session, campaign: Campaign, audience: Audience, name: str) -> None:
    """Before an edit of a pattern is stored. Raises CannotRepeat, WrongSeriesState."""
    state = session.scalar(select(Series.state).where(Series.pattern_id == campaign.id))
    if state is SeriesState.ENDED:
        raise WrongSeriesState()
    require_repeatable(Draft(name=name, audience=audience))


def makers_behind(session: Session, campaign_id: int) -> frozenset[int]:
    """Everybody who had a hand in the series that a campaign is a run of; nobody when it is none."""
    query = (
        select(Series.id, Series.pattern_id, Series.maker_id)
        .join(SeriesRun, SeriesRun.series_id == Series.id)
        .where(SeriesRun.campaign_id == campaign_id)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return frozenset()
    series_id, pattern_id, maker_id = found
    edited = session.scalars(
        select(AuditEntry.actor_id).where(
            AuditEntry.actor_id.is_not(None),
            (AuditEntry.subject == subject(series_id)) & AuditEntry.action.in_(MAKING)
            | (AuditEntry.subject == f"campaign:{pattern_id}"),
        )
    )
    return frozenset({maker_id, *(actor for actor in edited if actor is not None)})


def previous_run(session: Session, campaign_id: int) -> int | None:
    """The campaign of the run before this one that was approved; None when there is none, or this is no run."""
    this, batch = aliased(SeriesRun), aliased(Batch)
    query = (
        select(SeriesRun.campaign_id)
        .join(this, this.series_id == SeriesRun.series_id)
        .join(Campaign, Campaign.id == SeriesRun.campaign_id)
        .join(batch, batch.id == Campaign.batch_id)
        .where(this.campaign_id == campaign_id, SeriesRun.due_on < this.due_on, batch.opened_at.is_not(None))
    )
    return session.scalar(query.order_by(SeriesRun.due_on.desc()).limit(1))


def _pattern(ctx: Context, session: Session, campaign: Campaign, now: datetime) -> Campaign:
    """The draft itself, or a copy of what was submitted already."""
    if campaign.state is CampaignState.DRAFT and campaign.batch_id is None:
        campaign.state, campaign.updated_at = CampaignState.PATTERN, now
        campaign.not_before = campaign.expires_at = None
        return campaign
    draft = replace(draft_of(campaign), not_before=None, expires_at=None)
    copied = Campaign(created_by=ctx.actor.user_id, created_at=now, updated_at=now, state=CampaignState.PATTERN)
    put_draft(copied, draft, campaign.class_key)
    session.add(copied)
    session.flush()
    return copied
