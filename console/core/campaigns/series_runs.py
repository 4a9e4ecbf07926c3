"""Making the runs of series when their time has come, exactly once however many processes look.

    take up    run PREPARING, campaign DRAFT         one transaction; a series has one run a day (unique key)
    freeze     as if the maker had submitted it      ``freeze``, in the maker's name and with the maker's rights
    note       run MADE, EMPTY or FAILED             one transaction

What a crash leaves PREPARING is taken up again after a while. Dispatchers and windows alike call ``prepare_due``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console.core.campaigns.draft import CampaignGone, campaign_of, draft_of, put_draft
from console.core.campaigns.freeze import NobodyGetsIt, NotEditable, Superseded, freeze
from console.core.campaigns.recurrence import Due, Recurrence, dues
from console.core.campaigns.series import draft_for, series_of, subject
from console.core.compliance.policy import Policy
from console.core.compliance.versions import policy_at
from console.core.context import SYSTEM, Actor, Context
from console.core.customers.imports import ImportUnderway
from console.core.errors import EnvironmentTrouble, UserError
from console.core.format import local_date
from console.core.i18n import T, Text
from console.core.security.permissions import Permission, Role
from console.core.settings import Settings
from db.models import Campaign, CampaignState, RunState, Series, SeriesRun, SeriesState, User

STALE = timedelta(minutes=2)  # without a sign of life; freezing gives one with every chunk
_NEEDED = (Permission.CAMPAIGNS_EDIT, Permission.CAMPAIGNS_SUBMIT)
_UNFINISHED = (CampaignState.DRAFT, CampaignState.FREEZING)

Report = Callable[[int, int], None]  # done, total; may raise to stop


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What became of one run."""

    series_id: int
    name: str
    due_on: str  # ISO
    state: RunState
    reason: Text  # empty unless it failed


def anything_due(ctx: Context) -> bool:
    """Whether ``prepare_due`` would find something to do; a few rows are read."""
    now = ctx.clock.now()
    with ctx.database.read() as session:
        policy = policy_at(session, now)
        return bool(_stale(session, now)) or any(
            _due_now(series, policy, now) or _over(series, policy) for series in _active(session)
        )


def prepare_due(ctx: Context, *, progress: Report | None = None) -> list[Prepared]:
    """Make every run whose time has come. Raises what ``progress`` raises, EnvironmentTrouble, db.errors."""
    ctx, now = replace(ctx, actor=SYSTEM), ctx.clock.now()
    with ctx.database.read() as session:
        policy = policy_at(session, now)
        wanted = [each.id for each in _active(session) if _due_now(each, policy, now) or _over(each, policy)]
        stale = _stale(session, now)
    runs = [run_id for series_id in wanted for run_id in _take_up(ctx, series_id, policy)]
    runs += [run_id for run_id, touched_at in stale if _take_over(ctx, run_id, touched_at)]
    return [_prepare(ctx, run_id, progress) for run_id in runs]


def _active(session: Session) -> Sequence[Series]:
    return session.scalars(select(Series).where(Series.state == SeriesState.ACTIVE).order_by(Series.id)).all()


def _due_now(series: Series, policy: Policy, now: datetime) -> list[Due]:
    """What should be before the checkers by now and is not decided."""
    coming = dues(Recurrence.load(series.recurrence), series.since, policy.calendar, policy.zone)
    return list(takewhile(lambda due: due.prepare_at <= now, coming))


def _over(series: Series, policy: Policy) -> bool:
    recurrence = Recurrence.load(series.recurrence)
    return next(dues(recurrence, series.since, policy.calendar, policy.zone), None) is None


def _stale(session: Session, now: datetime) -> list[tuple[int, datetime]]:
    """Runs that somebody took up and left."""
    query = (
        select(SeriesRun.id, SeriesRun.touched_at)
        .outerjoin(Campaign, Campaign.id == SeriesRun.campaign_id)
        .where(SeriesRun.state == RunState.PREPARING, SeriesRun.touched_at < now - STALE)
        .where((Campaign.state != CampaignState.FREEZING) | (Campaign.updated_at < now - STALE) | Campaign.id.is_(None))
    )
    return [(run_id, touched_at) for run_id, touched_at in session.execute(query)]


def _take_over(ctx: Context, run_id: int, touched_at: datetime) -> bool:
    with ctx.database.begin() as session:
        taken = session.execute(
            update(SeriesRun)
            .where(SeriesRun.id == run_id, SeriesRun.state == RunState.PREPARING, SeriesRun.touched_at == touched_at)
            .values(touched_at=ctx.clock.now())
        )
        return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _take_up(ctx: Context, series_id: int, policy: Policy) -> list[int]:
    """Runs that are ours to prepare now; decided under the lock of the series, so by one process only."""
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        series = series_of(session, series_id, lock=True)
        if series.state is not SeriesState.ACTIVE:
            return []
        if _over(series, policy):
            series.state, series.updated_at = SeriesState.ENDED, now
            ctx.audit(session, "series.end", subject(series_id))
            return []
        coming = _due_now(series, policy, now)
        if not coming:
            return []
        trouble = _not_permitted(session.get_one(User, series.maker_id))
        if trouble is not None:
            _stop(ctx, session, series, trouble)
            return []
        series.since = coming[-1].at
        days = select(SeriesRun.due_on).where(SeriesRun.series_id == series_id)
        known = set(session.scalars(days.where(SeriesRun.due_on >= coming[0].day)))
        fresh = [due for due in coming if due.day not in known]
        past = [due for due in fresh if due.at <= now]
        for due in past[:-1]:
            _note_missed(ctx, session, series, due)
        return [_begin(ctx, session, series, due) for due in [*past[-1:], *(due for due in fresh if due.at > now)]]


def _note_missed(ctx: Context, session: Session, series: Series, due: Due) -> None:
    now = ctx.clock.now()
    missed = SeriesRun(series_id=series.id, due_on=due.day, due_at=due.at, state=RunState.MISSED, touched_at=now)
    session.add(missed)
    ctx.audit(session, "series.missed", subject(series.id), due_on=local_date(due.day))


def _begin(ctx: Context, session: Session, series: Series, due: Due) -> int:
    now, pattern = ctx.clock.now(), campaign_of(session, series.pattern_id)
    campaign = Campaign(created_by=series.maker_id, created_at=now, updated_at=now, state=CampaignState.DRAFT)
    put_draft(campaign, draft_for(draft_of(pattern), due, now), pattern.class_key)
    session.add(campaign)
    session.flush()
    run = SeriesRun(
        series_id=series.id, due_on=due.day, due_at=due.at, state=RunState.PREPARING, campaign_id=campaign.id,
        touched_at=now,
    )  # fmt: skip
    session.add(run)
    session.flush()
    maker = session.get_one(User, series.maker_id)
    ctx.audit(
        session, "series.run", f"campaign:{campaign.id}", series=series.id, name=campaign.name,
        due_on=local_date(due.day), maker=maker.login,
    )  # fmt: skip
    return run.id


def _not_permitted(maker: User) -> Text | None:
    """Why nothing may be submitted in this person's name any more."""
    actor = Actor.of(maker.id, maker.login, maker.display_name, frozenset(map(Role, maker.roles)))
    if not maker.active:
        return T("{name}, in whose name it is submitted, does not work here any more.", name=maker.display_name)
    if not actor.permissions.issuperset(_NEEDED):
        return T("{name}, in whose name it is submitted, may not submit campaigns any more.", name=maker.display_name)
    return None


def _stop(ctx: Context, session: Session, series: Series, trouble: Text) -> None:
    series.state, series.trouble, series.updated_at = SeriesState.PAUSED, trouble.dump(), ctx.clock.now()
    ctx.audit(session, "series.stop", subject(series.id), reason=str(trouble))


def _prepare(ctx: Context, run_id: int, progress: Report | None) -> Prepared:
    with ctx.database.read() as session:
        run = session.get_one(SeriesRun, run_id)
        series = series_of(session, run.series_id)
        campaign = session.get(Campaign, run.campaign_id) if run.campaign_id else None
        maker = session.get_one(User, series.maker_id if campaign is None else campaign.created_by)
        settings, trouble = Settings.load(session), _not_permitted(maker)
    if campaign is None:
        return _note(ctx, run_id, RunState.FAILED, T("Its campaign was deleted."))
    if campaign.state not in _UNFINISHED:  # a crash between the submission and our note of it
        return _note(ctx, run_id, RunState.MADE)
    if trouble is not None:
        return _note(ctx, run_id, RunState.FAILED, trouble, stop=True)
    roles = frozenset(map(Role, maker.roles))
    made_by = Actor.of(maker.id, maker.login, maker.display_name, roles)
    try:
        freeze(replace(ctx, actor=made_by, settings=settings), campaign.id, progress=progress)
    except (EnvironmentTrouble, ImportUnderway):
        return _told(ctx, run_id)  # still PREPARING: somebody takes it up again
    except NobodyGetsIt as nobody:
        return _note(ctx, run_id, RunState.EMPTY, nobody.message)
    except (Superseded, NotEditable, CampaignGone) as elsewhere:
        return _note(ctx, run_id, RunState.FAILED, elsewhere.message)
    except UserError as error:
        return _note(ctx, run_id, RunState.FAILED, error.message, stop=True)
    return _note(ctx, run_id, RunState.MADE)


def _note(ctx: Context, run_id: int, state: RunState, reason: Text | None = None, *, stop: bool = False) -> Prepared:
    """``stop``: the next run would fail as well, so the series waits until somebody has looked."""
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        run = session.get_one(SeriesRun, run_id)
        run.state, run.reason, run.touched_at = state, reason.dump() if reason else "", now
        series = series_of(session, run.series_id, lock=True)
        if state is RunState.EMPTY and run.campaign_id is not None:
            campaign = campaign_of(session, run.campaign_id, lock=True)
            campaign.state, campaign.updated_at = CampaignState.CANCELLED, now
        if state in (RunState.EMPTY, RunState.FAILED):
            due_on, action = local_date(run.due_on), f"series.{state.value}"
            ctx.audit(session, action, subject(series.id), due_on=due_on, reason=str(reason or ""))
        if stop and reason is not None and series.state is SeriesState.ACTIVE:
            _stop(ctx, session, series, reason)
    return _told(ctx, run_id)


def _told(ctx: Context, run_id: int) -> Prepared:
    with ctx.database.read() as session:
        run = session.get_one(SeriesRun, run_id)
        pattern = campaign_of(session, series_of(session, run.series_id).pattern_id)
        return Prepared(
            series_id=run.series_id,
            name=pattern.name,
            due_on=local_date(run.due_on),
            state=run.state,
            reason=Text.load(run.reason) if run.reason else Text(""),
        )
