"""Looking at segments: the list, and one of them with its versions and campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.browse import campaign_rows
from console.core.campaigns.views import Standing
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import Text
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.core.segments.conditions import Group, load
from console.core.segments.fields import Field
from console.core.segments.pinning import Pin
from console.core.segments.store import require_known, segment_of
from console.core.segments.values import distinct_values
from db.models import Campaign, Segment, SegmentPin, SegmentVersion, User

DEFAULT_SORT = Sort("name")
LISTED = 50  # campaigns of one segment


@dataclass(frozen=True, kw_only=True)
class SegmentRow:
    id: int
    name: str
    retired: bool
    number: int  # of the newest version
    pinned: int | None  # customers of the pinned list; None: live only
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Version:
    id: int
    number: int
    root: Group | None  # None: this program cannot read it, ``trouble`` says why
    trouble: Text
    author: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class UsedBy:
    campaign_id: int
    name: str
    standing: Standing
    number: int  # of the version
    pinned: bool


@dataclass(frozen=True, kw_only=True)
class SegmentDetail:
    id: int
    name: str
    retired: bool
    versions: tuple[Version, ...]  # newest first, at least one
    pin: Pin | None
    used_by: tuple[UsedBy, ...]  # newest first


@dataclass(frozen=True, kw_only=True)
class SegmentChoice:
    """For the audience of a campaign."""

    segment_id: int
    version_id: int
    number: int
    name: str
    root: Group
    pin: Pin | None


def segment_ids(session: Session, text: str = "", *, retired: bool = False, sort: Sort = DEFAULT_SORT) -> list[int]:
    """There are hundreds at most: ordered as they stand."""
    query = select(Segment.id).where(Segment.retired.is_(retired))
    if text.strip():
        query = query.where(Segment.name.icontains(text.strip(), autoescape=True))
    order = Segment.updated_at if sort.key == "updated" else Segment.name
    return list(session.scalars(query.order_by(order.desc() if sort.descending else order, Segment.id)))


def segment_rows(session: Session, ids: Sequence[int]) -> list[SegmentRow]:
    """In the order of ``ids``; those that are gone are left out."""
    number = select(func.max(SegmentVersion.number)).where(SegmentVersion.segment_id == Segment.id).scalar_subquery()
    pins = _pins(session, ids)
    query = select(Segment.id, Segment.name, Segment.retired, number.label("number"), Segment.updated_at)
    found = {
        row.id: SegmentRow(
            id=row.id,
            name=row.name,
            retired=row.retired,
            number=row.number,
            pinned=pins[row.id].customers if row.id in pins else None,
            updated_at=row.updated_at,
        )
        for row in session.execute(query.where(Segment.id.in_(ids)))
    }
    return [found[each] for each in ids if each in found]


def segment_detail(session: Session, segment_id: int, now: datetime) -> SegmentDetail:
    """Raises SegmentGone."""
    segment = segment_of(session, segment_id)
    versions = session.execute(
        select(SegmentVersion, User.display_name)
        .join(User, User.id == SegmentVersion.created_by)
        .where(SegmentVersion.segment_id == segment_id)
        .order_by(SegmentVersion.number.desc())
    ).all()
    numbers = {version.id: version.number for version, _author in versions}
    return SegmentDetail(
        id=segment.id,
        name=segment.name,
        retired=segment.retired,
        versions=tuple(_version(session, version, author) for version, author in versions),
        pin=_pins(session, [segment_id]).get(segment_id),
        used_by=_used_by(session, segment_id, numbers, now),
    )


def segment_choices(session: Session) -> list[SegmentChoice]:
    """Those that a new campaign may choose, by name, each with its newest version; none that cannot be read."""
    ids = segment_ids(session)
    pins = _pins(session, ids)
    newest = select(func.max(SegmentVersion.id)).where(SegmentVersion.segment_id.in_(ids))
    rows = session.execute(
        select(SegmentVersion, Segment.name)
        .join(Segment, Segment.id == SegmentVersion.segment_id)
        .where(SegmentVersion.id.in_(newest.group_by(SegmentVersion.segment_id)))
        .order_by(Segment.name, Segment.id)
    )
    found = []
    for stored, name in rows:
        version = _version(session, stored, "")
        if version.root is not None:
            found.append(
                SegmentChoice(
                    segment_id=stored.segment_id,
                    version_id=stored.id,
                    number=stored.number,
                    name=name,
                    root=version.root,
                    pin=pins.get(stored.segment_id),
                )
            )
    return found


def values_of(ctx: Context, field: Field) -> list[str]:
    """What the database has for a field whose choices are not shipped, in order."""
    ctx.require(Permission.CUSTOMERS_VIEW)
    with ctx.database.read() as session:
        return distinct_values(session, field)


_PINS = (
    select(SegmentPin, SegmentVersion.number, User.display_name)
    .join(SegmentVersion, SegmentVersion.id == SegmentPin.version_id)
    .join(User, User.id == SegmentPin.created_by)
)


def _pins(session: Session, ids: Sequence[int]) -> dict[int, Pin]:
    """The newest list of each segment that has one."""
    query = _PINS.where(SegmentPin.segment_id.in_(ids), SegmentPin.whole.is_(True)).order_by(SegmentPin.id)
    return {row[0].segment_id: _pin(*row) for row in session.execute(query)}


def _pin(pin: SegmentPin, number: int, author: str) -> Pin:
    return Pin(
        id=pin.id,
        segment_id=pin.segment_id,
        version_id=pin.version_id,
        number=number,
        day=pin.day,
        customers=pin.customers,
        at=pin.created_at,
        author=author,
    )


def _version(session: Session, version: SegmentVersion, author: str) -> Version:
    root, trouble = None, Text("")
    try:
        root = load(version.conditions)
        require_known(session, root)
    except UserError as error:
        root, trouble = None, error.message
    return Version(
        id=version.id, number=version.number, root=root, trouble=trouble, author=author, at=version.created_at
    )


def _used_by(session: Session, segment_id: int, numbers: dict[int, int], now: datetime) -> tuple[UsedBy, ...]:
    query = select(Campaign.id, Campaign.audience).where(Campaign.audience["segment"].as_integer() == segment_id)
    audiences = {row.id: row.audience for row in session.execute(query.order_by(Campaign.id.desc()).limit(LISTED))}
    return tuple(
        UsedBy(
            campaign_id=row.id,
            name=row.name,
            standing=row.standing,
            number=numbers.get(audiences[row.id]["version"], 0),
            pinned="pin" in audiences[row.id],
        )
        for row in campaign_rows(session, list(audiences), now)
    )
