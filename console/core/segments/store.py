"""Segments on record. A version never changes: saving other conditions makes the next one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, tr
from console.core.security.permissions import Permission
from console.core.segments.conditions import Condition, Group, checked, dump, load, walk
from console.core.segments.days import Today, shifted
from console.core.segments.fields import Field, UnknownField, field_of, own_field
from db.models import CustomField, Segment, SegmentVersion

NAME_LENGTH = 60


class SegmentGone(UserError):
    def __init__(self) -> None:
        super().__init__(T("This segment does not exist any more."), T("Look at the list again."))


class SegmentChanged(UserError):
    def __init__(self, number: int) -> None:
        super().__init__(
            T("Somebody has saved version {number} of this segment meanwhile.", number=number),
            T("Save yours as a copy, or look at the new version first."),
        )


class SegmentUnnamed(UserError):
    def __init__(self) -> None:
        super().__init__(T("The segment has no name."), T("Give it a name of at most {n} characters.", n=NAME_LENGTH))


class NameTaken(UserError):
    def __init__(self, name: str) -> None:
        super().__init__(T("There is a segment called {name} already.", name=name), T("Choose another name."))


@dataclass(frozen=True, kw_only=True)
class Saved:
    segment_id: int
    version_id: int
    number: int


def save_segment(
    ctx: Context, *, segment_id: int | None = None, name: str, root: Group, seen: int | None = None
) -> Saved:
    """A new segment, or the next version of one; only its name changes when the conditions are the same.

    ``seen`` is the newest version that the writer has looked at. Raises NotPermitted, SegmentUnnamed, NameTaken,
    SegmentChanged, SegmentGone, BadConditions, TooLarge, UnknownField.
    """
    ctx.require(Permission.CAMPAIGNS_EDIT)
    name, root = " ".join(name.split()), checked(root)
    if not 0 < len(name) <= NAME_LENGTH:
        raise SegmentUnnamed()
    with ctx.database.begin() as session:
        require_known(session, root)
        _require_free(session, name, segment_id)
        if segment_id is None:
            saved = _new(ctx, session, name, root)
            _record(ctx, session, "segment.create", saved.segment_id, name=name)
            return saved
        segment = segment_of(session, segment_id, lock=True)
        last = newest_version(session, segment_id)
        if seen is not None and last.number != seen:
            raise SegmentChanged(last.number)
        before, segment.name, segment.updated_at = segment.name, name, ctx.clock.now()
        if last.conditions == dump(root):
            if before != name:
                _record(ctx, session, "segment.rename", segment_id, name=name, before=before)
            return Saved(segment_id=segment_id, version_id=last.id, number=last.number)
        version = _add_version(ctx, session, segment_id, last.number + 1, root)
        _record(ctx, session, "segment.save", segment_id, name=name, number=version.number)
        return Saved(segment_id=segment_id, version_id=version.id, number=version.number)


def copy_segment(ctx: Context, segment_id: int) -> Saved:
    """A new segment with the newest conditions of another. Raises NotPermitted, SegmentGone, NameTaken."""
    ctx.require(Permission.CAMPAIGNS_EDIT)
    with ctx.database.begin() as session:
        source = segment_of(session, segment_id)
        root = load(newest_version(session, segment_id).conditions)
        name = _free_name(session, source.name)
        saved = _new(ctx, session, name, root)
        _record(ctx, session, "segment.copy", saved.segment_id, source=segment_id, name=name)
        return saved


def retire_segment(ctx: Context, segment_id: int) -> None:
    """No new campaign can choose it; those that use it go on. Raises NotPermitted, SegmentGone."""
    _set_retired(ctx, segment_id, True, "segment.retire")


def restore_segment(ctx: Context, segment_id: int) -> None:
    """Raises NotPermitted, SegmentGone, NameTaken."""
    _set_retired(ctx, segment_id, False, "segment.restore")


def _set_retired(ctx: Context, segment_id: int, retired: bool, action: str) -> None:
    ctx.require(Permission.CAMPAIGNS_EDIT)
    with ctx.database.begin() as session:
        segment = segment_of(session, segment_id, lock=True)
        if not retired:
            _require_free(session, segment.name, segment_id)
        segment.retired, segment.updated_at = retired, ctx.clock.now()
        _record(ctx, session, action, segment_id, name=segment.name)


# Reading what is stored


def segment_of(session: Session, segment_id: int, *, lock: bool = False) -> Segment:
    """Raises SegmentGone."""
    segment = session.get(Segment, segment_id, with_for_update=lock, populate_existing=lock)
    if segment is None:
        raise SegmentGone()
    return segment


def newest_version(session: Session, segment_id: int) -> SegmentVersion:
    query = select(SegmentVersion).where(SegmentVersion.segment_id == segment_id)
    return session.scalars(query.order_by(SegmentVersion.number.desc()).limit(1)).one()


def conditions_of(session: Session, version_id: int) -> Group:
    """What a version asks for. Raises SegmentGone, BadConditions, UnknownField: never a wider segment."""
    version = session.get(SegmentVersion, version_id)
    if version is None:
        raise SegmentGone()
    root = load(version.conditions)
    require_known(session, root)
    return root


def today_of(session: Session, day: date) -> Today:
    """What "today" means on ``day`` under the rules in force at its end: zone, and calendar of working days."""
    shipped = Today.of(day)
    policy = policy_at(session, shipped.midnight(shifted(day, 1)) - timedelta(microseconds=1))
    return Today(day, policy.zone, policy.calendar)


def own_fields(session: Session, *, retired: bool = False) -> list[Field]:
    """The fields that the administrator made up, in their order; with ``retired`` also those no longer offered."""
    query = select(CustomField).order_by(CustomField.position, CustomField.key)
    if not retired:
        query = query.where(CustomField.retired.is_(False))
    return [own_field(each.kind, each.key, each.title, each.choices) for each in session.scalars(query)]


def require_known(session: Session, root: Group) -> None:
    """Raises UnknownField for a made-up field that is not in this database, or of another kind than it was."""
    used = {node.field for _path, node in walk(root) if isinstance(node, Condition) and field_of(node.field).own}
    if used:
        strange = used - {field.key for field in own_fields(session, retired=True)}
        if strange:
            raise UnknownField(field_of(min(strange)).own)


def titles_of(fields: Iterable[Field]) -> dict[str, str]:
    return {field.key: str(field.title) for field in fields}


# Writing


def _require_free(session: Session, name: str, segment_id: int | None) -> None:
    others = select(Segment.id).where(Segment.name == name, Segment.retired.is_(False))
    if any(found != segment_id for found in session.scalars(others)):
        raise NameTaken(name)


def _free_name(session: Session, name: str) -> str:
    taken = set(session.scalars(select(Segment.name)))
    made = tr("{name} (copy)", name=name)[:NAME_LENGTH]
    number = 2
    while made in taken:
        tail = f" {number}"
        made = tr("{name} (copy)", name=name)[: NAME_LENGTH - len(tail)] + tail
        number += 1
    return made


def _new(ctx: Context, session: Session, name: str, root: Group) -> Saved:
    now: datetime = ctx.clock.now()
    values = insert(Segment).values(name=name, created_by=ctx.actor.user_id, created_at=now, updated_at=now)
    segment_id = session.scalars(values.returning(Segment.id)).one()
    version = _add_version(ctx, session, segment_id, 1, root)
    return Saved(segment_id=segment_id, version_id=version.id, number=1)


def _add_version(ctx: Context, session: Session, segment_id: int, number: int, root: Group) -> SegmentVersion:
    values = insert(SegmentVersion).values(
        segment_id=segment_id,
        number=number,
        conditions=dump(root),
        created_by=ctx.actor.user_id,
        created_at=ctx.clock.now(),
    )
    return session.scalars(values.returning(SegmentVersion)).one()


def _record(ctx: Context, session: Session, action: str, segment_id: int, **detail: object) -> None:
    ctx.audit(session, action, f"segment:{segment_id}", **detail)
