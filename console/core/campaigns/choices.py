"""What the campaign page offers: templates, lines, imported files, and how large an audience is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.audience import Audience, AudienceKind, describe, pairs_of
from console.core.customers.browse import Facets, facets
from console.core.format import local_date
from console.core.i18n import ntr, tr
from console.core.messages.library import TemplateChoice, active_versions
from console.core.messages.template import compose, parse
from console.core.messages.values import office_values
from console.core.messages.variables import SAMPLES
from console.core.segments.browse import segment_choices
from console.core.segments.sentence import sentence
from console.core.segments.store import own_fields, titles_of
from console.core.settings import Settings
from db.models import Batch, BatchState, Campaign, Customer, ImportBatch, ImportState, Line

IMPORTS = 20
EARLIER = 50


@dataclass(frozen=True, kw_only=True)
class ImportChoice:
    import_id: int
    file_name: str
    rows: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LineChoice:
    line_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class SegmentOption:
    """A segment as it is found on the day, or its pinned list."""

    audience: Audience
    title: str
    said: str  # the conditions in one sentence


@dataclass(frozen=True, kw_only=True)
class EarlierChoice:
    """A campaign whose people may be left out."""

    batch_id: int
    name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Choices:
    templates: tuple[TemplateChoice, ...]  # by class and name
    lines: tuple[LineChoice, ...]  # that are switched on
    imports: tuple[ImportChoice, ...]  # newest first
    segments: tuple[SegmentOption, ...]  # by name
    earlier: tuple[EarlierChoice, ...]  # that were submitted, newest first
    facets: Facets
    customers: int


def choices(session: Session, audience: Audience | None = None) -> Choices:
    """``audience``: what a draft has, which is offered even when nobody else may choose it any more."""
    files = (
        select(ImportBatch).where(ImportBatch.state == ImportState.DONE).order_by(ImportBatch.id.desc()).limit(IMPORTS)
    )
    lines = select(Line.id, Line.name).where(Line.enabled.is_(True)).order_by(Line.name)
    return Choices(
        templates=tuple(active_versions(session)),
        lines=tuple(LineChoice(line_id=line, name=name) for line, name in session.execute(lines)),
        imports=tuple(
            ImportChoice(
                import_id=each.id,
                file_name=each.file_name,
                rows=each.rows_added + each.rows_updated + each.rows_unchanged,
                at=each.created_at,
            )
            for each in session.scalars(files)
        ),
        segments=_segments(session, audience),
        earlier=_earlier(session, audience),
        facets=facets(session),
        customers=session.scalar(select(func.count()).where(Customer.active.is_(True))) or 0,
    )


def _segments(session: Session, chosen: Audience | None) -> tuple[SegmentOption, ...]:
    titles = titles_of(own_fields(session, retired=True))
    chosen = None if chosen is None else chosen.plain
    options = []
    for each in segment_choices(session):
        live = Audience.of_segment(each.segment_id, each.version_id)
        options.append(SegmentOption(audience=live, title=each.name, said=sentence(each.root, titles)))
        if each.pin is not None:
            people = ntr("{n} customer", "{n} customers", each.pin.customers)
            title = tr("{name}: list of {day}, {people}", name=each.name, day=local_date(each.pin.at), people=people)
            listed = Audience.of_segment(each.segment_id, each.pin.version_id, each.pin.id)
            options.append(SegmentOption(audience=listed, title=title, said=""))
    if chosen is not None and chosen.kind is AudienceKind.SEGMENT and chosen not in [o.audience for o in options]:
        kept = tr("As chosen before: {segment}", segment=str(describe(session, chosen)))
        options.insert(0, SegmentOption(audience=chosen, title=kept, said=""))
    return tuple(options)


def _earlier(session: Session, chosen: Audience | None) -> tuple[EarlierChoice, ...]:
    """The last ones, and those that ``chosen`` leaves out."""
    kept = [each.batch_id for each in chosen.without if each.batch_id] if chosen is not None else []
    query = (
        select(Batch.id, Campaign.name, Batch.created_at)
        .join(Campaign, Campaign.batch_id == Batch.id)
        .order_by(Batch.id.desc())
    )
    closed = (BatchState.BUILDING, BatchState.VOID)
    rows = [
        *session.execute(query.where(Batch.state.not_in(closed)).limit(EARLIER)),
        *session.execute(query.where(Batch.id.in_(kept))),
    ]
    return tuple(EarlierChoice(batch_id=batch, name=name, at=at) for batch, name, at in dict.fromkeys(map(tuple, rows)))


def reach(session: Session, audience: Audience, *, per_loan: bool, today: date) -> int:
    """How many messages the audience would mean before any rule has looked at it."""
    pairs = pairs_of(session, audience, per_loan=per_loan, today=today).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(pairs)) or 0


def example(body: str, settings: Settings, campaign: dict[str, str]) -> str:
    """The text as it would look with made-up values, signature included."""
    parsed = parse(body)
    given = {key: value for key, value in {**office_values(settings), **campaign}.items() if value}
    return compose(settings.text("bank.signature"), parsed.render({**SAMPLES, **given}))
