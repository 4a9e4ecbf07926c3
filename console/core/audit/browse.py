"""Reading the audit trail: ids that fit a filter, then the rows that are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, or_, select

from console.core.audit.words import ACTIONS
from console.core.context import Context
from console.core.listing import Sort
from console.core.security.permissions import Permission
from db import paging
from db.models import AuditEntry


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    text: str = ""  # in actor, subject, detail, or the words of the action
    actor: str = ""
    area: str = ""  # what stands before the dot of an action: campaign, user, login ...
    subject: str = ""  # exactly: campaign:17
    since: date | None = None  # local days, both included
    until: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRow:
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str  # canonical JSON
    hash: str


def audit_ids(context: Context, wanted: AuditFilter, sort: Sort, *, limit: int | None = None) -> list[int]:
    """Newest first, unless ``sort`` is by time ascending; the first ``limit``."""
    context.require(Permission.AUDIT_VIEW)
    order = AuditEntry.id.asc() if sort.key == "at" and not sort.descending else AuditEntry.id.desc()
    with context.reading() as session:
        return paging.ids(session, _fitting(select(AuditEntry.id), wanted).order_by(order).limit(limit)).tolist()


def audit_rows(context: Context, ids: Sequence[int]) -> list[AuditRow]:
    """In the order of ``ids``."""
    context.require(Permission.AUDIT_VIEW)
    with context.database.read() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.id.in_(ids)))
        rows = {entry.id: _row(entry) for entry in found}
    return [rows[id_] for id_ in ids if id_ in rows]


def actors(context: Context) -> list[str]:
    context.require(Permission.AUDIT_VIEW)
    with context.database.read() as session:
        return list(session.scalars(select(AuditEntry.actor).distinct().order_by(AuditEntry.actor)))


def _fitting(query: Select[int], wanted: AuditFilter) -> Select[int]:
    if wanted.actor:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.area:
        query = query.where(
            or_(AuditEntry.action == wanted.area, AuditEntry.action.startswith(f"{wanted.area}.", autoescape=True))
        )
    if wanted.subject:
        query = query.where(AuditEntry.subject == wanted.subject)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= _midnight(wanted.since))
    if wanted.until is not None:
        query = query.where(AuditEntry.at < _midnight(wanted.until + timedelta(days=1)))
    for word in wanted.text.split():
        query = query.where(_mentions(word))
    return query


def _mentions(word: str) -> ColumnElement[bool]:
    folded = word.casefold()
    titled = [action for action, title in ACTIONS.items() if folded in str(title).casefold()]
    return or_(
        AuditEntry.actor.icontains(word, autoescape=True),
        AuditEntry.subject.icontains(word, autoescape=True),
        AuditEntry.detail.icontains(word, autoescape=True),
        AuditEntry.action.in_(titled),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        detail=entry.detail,
        hash=entry.hash,
    )
