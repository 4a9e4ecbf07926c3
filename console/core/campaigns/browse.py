"""Lists of campaigns: ids in an order, then the rows that are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, UnaryExpression, and_, func, or_, select
from sqlalchemy.orm import Session

from console.core.campaigns.audience import Audience, describe
from console.core.campaigns.draft import campaign_of, wording_of
from console.core.campaigns.progress import state_counts
from console.core.campaigns.results import TextResult, text_results
from console.core.campaigns.schedule import Schedule
from console.core.campaigns.views import Outcome, Standing, standing, tally
from console.core.i18n import Text, listed, tr
from console.core.listing import Sort
from console.core.messages.classes import CLASSES
from console.core.messages.variants import Variant, said
from console.core.sending.stops import Stopped, stop_of
from db.models import Batch, BatchState, Campaign, CampaignState, Decision, Line, User

DEFAULT_SORT = Sort("updated", descending=True)


@dataclass(frozen=True, kw_only=True)
class CampaignFilter:
    text: str = ""  # in the name
    standing: Standing | None = None
    class_key: str = ""


@dataclass(frozen=True, kw_only=True)
class CampaignRow:
    """One line of the list."""

    id: int
    name: str
    class_title: Text
    standing: Standing
    total: int  # messages as frozen; 0 before submission
    counts: dict[Outcome, int]
    maker: str
    updated_at: datetime

    @property
    def done(self) -> int:
        waiting = self.counts[Outcome.WAITING] + self.counts[Outcome.SENDING] + self.counts[Outcome.UNKNOWN]
        return sum(self.counts.values()) - waiting


@dataclass(frozen=True, kw_only=True)
class CampaignDetail:
    """Everything about a campaign but its figures."""

    id: int
    name: str
    class_key: str
    class_title: Text
    template: str  # name; "" while none is chosen
    template_number: int | None  # of the version
    body: str  # without the signature
    variants: tuple[Variant, ...]
    texts: tuple[TextResult, ...]  # where the template has variants: how each of its texts did
    audience: Text
    variables: dict[str, str]
    standing: Standing
    not_before: datetime | None
    expires_at: datetime | None  # of the frozen batch, else as drafted
    schedule: Schedule
    line: str  # names; "" for any line
    maker: str
    created_at: datetime
    updated_at: datetime
    approver: str  # "" before approval
    opened_at: datetime | None
    comment: str  # of the last return; "" when there is none
    batch_id: int | None
    digest: str
    hold_out: int  # per cent
    stop: Stopped | None = None  # what keeps its class from being sent


def campaign_ids(session: Session, wanted: CampaignFilter, sort: Sort, now: datetime) -> list[int]:
    """Ids of all that match, in order. An unknown sort key means newest first."""
    query = select(Campaign.id).outerjoin(Batch, Batch.id == Campaign.batch_id).where(_matching(wanted, now))
    return list(session.scalars(query.order_by(*_order(sort))))


def campaign_rows(session: Session, ids: Sequence[int], now: datetime) -> list[CampaignRow]:
    """The rows of ``ids`` in that order; one that is gone meanwhile is left out."""
    query = (
        select(Campaign, Batch, User.display_name)
        .outerjoin(Batch, Batch.id == Campaign.batch_id)
        .join(User, User.id == Campaign.created_by)
        .where(Campaign.id.in_(ids))
    )
    found = {campaign.id: (campaign, batch, maker) for campaign, batch, maker in session.execute(query)}
    shown = [batch.id for _, batch, _ in found.values() if batch is not None and _frozen(batch)]
    counts = state_counts(session, shown)
    rows = []
    for campaign, batch, maker in (found[each] for each in ids if each in found):
        state = batch.state if batch is not None else BatchState.VOID
        whole = batch is not None and _frozen(batch)
        rows.append(
            CampaignRow(
                id=campaign.id,
                name=campaign.name,
                class_title=class_title(campaign.class_key),
                standing=standing(campaign, batch, now),
                total=batch.messages if whole else 0,
                counts=tally(counts.get(batch.id, []) if whole else [], state),
                maker=maker,
                updated_at=campaign.updated_at,
            )
        )
    return rows


def campaign_detail(session: Session, campaign_id: int, now: datetime) -> CampaignDetail:
    """Raises CampaignGone."""
    campaign = campaign_of(session, campaign_id)
    batch = session.get(Batch, campaign.batch_id) if campaign.batch_id else None
    wording = wording_of(session, campaign.template_version_id)
    variants = said(session, wording.variants) if wording else ()
    return CampaignDetail(
        id=campaign.id,
        name=campaign.name,
        class_key=campaign.class_key,
        class_title=class_title(campaign.class_key),
        template=wording.name if wording else "",
        template_number=wording.number if wording else None,
        body=wording.body if wording else "",
        variants=variants,
        texts=text_results(session, batch if batch and _frozen(batch) else None, wording.body, variants)
        if wording
        else (),
        audience=describe(session, Audience.load(campaign.audience)),
        variables=dict(campaign.variables),
        standing=standing(campaign, batch, now),
        not_before=batch.not_before if batch and _frozen(batch) else campaign.not_before,
        expires_at=batch.expires_at if batch and _frozen(batch) else campaign.expires_at,
        schedule=Schedule.load(campaign.schedule),
        line=line_names(session, campaign),
        maker=user_name(session, campaign.created_by),
        created_at=campaign.created_at,
        updated_at=campaign.updated_at,
        approver=user_name(session, batch.opened_by if batch else None),
        opened_at=batch.opened_at if batch else None,
        comment=_comment(session, campaign),
        batch_id=batch.id if batch and _frozen(batch) else None,
        digest=batch.digest if batch else "",
        hold_out=campaign.hold_out,
        stop=stop_of(session, campaign.class_key),
    )


def class_title(key: str) -> Text:
    """In words; empty while no template was chosen, the bare key for a class that this version does not know."""
    known = CLASSES.get(key)
    return known.title if known else Text(key)


def user_name(session: Session, user_id: int | None) -> str:
    user = session.get(User, user_id) if user_id else None
    return user.display_name if user else ""


def line_names(session: Session, campaign: Campaign) -> str:
    """Of the lines that may carry it; empty for any."""
    line_ids = (campaign.line_id,) if campaign.line_id else Schedule.load(campaign.schedule).lines
    names = session.scalars(select(Line.name).where(Line.id.in_(line_ids)).order_by(Line.name)).all()
    gone = len(set(line_ids)) - len(names)
    return listed([*names, *[tr("a line that was deleted")] * gone])


def _frozen(batch: Batch) -> bool:
    return batch.state not in (BatchState.BUILDING, BatchState.VOID)


def _comment(session: Session, campaign: Campaign) -> str:
    query = select(Decision.comment).where(Decision.campaign_id == campaign.id, Decision.approved.is_(False))
    return session.scalar(query.order_by(Decision.id.desc()).limit(1)) or ""


def _matching(wanted: CampaignFilter, now: datetime) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [Campaign.state != CampaignState.PATTERN]
    if wanted.text.strip():
        conditions.append(Campaign.name.icontains(wanted.text.strip(), autoescape=True))
    if wanted.class_key:
        conditions.append(Campaign.class_key == wanted.class_key)
    if wanted.standing is not None:
        conditions.append(_stands(wanted.standing, now))
    return and_(*conditions)


_STORED = {
    Standing.DRAFT: CampaignState.DRAFT,
    Standing.PREPARING: CampaignState.FREEZING,
    Standing.PENDING: CampaignState.PENDING,
    Standing.RETURNED: CampaignState.RETURNED,
    Standing.CANCELLED: CampaignState.CANCELLED,
    Standing.FINISHED: CampaignState.FINISHED,
    Standing.PATTERN: CampaignState.PATTERN,
}


def _stands(where: Standing, now: datetime) -> ColumnElement[bool]:
    """``views.standing`` as a condition; a test holds the two together."""
    if where in _STORED:
        return Campaign.state == _STORED[where]
    later = and_(Batch.not_before.is_not(None), Batch.not_before > now)
    paused = Batch.state == BatchState.PAUSED
    place = {
        Standing.PAUSED: paused,
        Standing.SCHEDULED: and_(~paused, later),
        Standing.SENDING: and_(~paused, or_(Batch.not_before.is_(None), Batch.not_before <= now)),
    }
    return and_(Campaign.state == CampaignState.APPROVED, place[where])


def _order(sort: Sort) -> tuple[UnaryExpression[Any], ...]:
    columns: dict[str, SQLColumnExpression[Any]] = {
        "name": Campaign.name,
        "class": Campaign.class_key,
        "standing": Campaign.state,
        "progress": func.coalesce(Batch.messages, 0),
        "updated": Campaign.updated_at,
    }
    column = columns.get(sort.key)
    if column is None:
        sort, column = DEFAULT_SORT, columns["updated"]
    return (column.desc(), Campaign.id.desc()) if sort.descending else (column.asc(), Campaign.id.asc())
