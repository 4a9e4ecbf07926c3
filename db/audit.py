"""The audit chain: every entry carries the hash of the one before, and one head row knows the last.

Who can write to the database can rewrite the whole chain; who only changes, removes, adds or moves entries, or cuts
the tail off, is found by ``verify``. Keeping the last hash elsewhere (a report, a printout) covers the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db.models import AuditEntry, AuditHead

START = "0" * 64  # the hash "before" the first entry
HEAD_ID = 1
_PAGE = 2_000


@dataclass(frozen=True, kw_only=True)
class Verification:
    entries: int  # that were read
    sound: bool
    first_bad: int | None  # number of the first entry that is wrong or missing
    reason: str  # "" | changed | missing | inserted | moved | cut | head


class _Entry(NamedTuple):
    id: int
    at: datetime
    actor_id: int | None
    actor: str
    action: str
    subject: str
    detail: str
    previous_hash: str


def append(
    session: Session,
    *,
    at: datetime,
    actor_id: int | None,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object],
) -> None:
    """Add one entry in the caller's transaction. It waits for other appenders until they have committed.

    ``detail`` holds JSON values, dates, decimals and enumerations; never a phone number or a message in full.
    """
    head = session.execute(
        select(AuditHead.entries, AuditHead.hash).where(AuditHead.id == HEAD_ID).with_for_update()
    ).one()
    number = head.entries + 1
    entry = _Entry(number, at, actor_id, actor, action, subject, canonical(detail), head.hash)
    digest = _hash(entry)
    session.execute(insert(AuditEntry).values(**entry._asdict(), hash=digest))
    session.execute(update(AuditHead).where(AuditHead.id == HEAD_ID).values(entries=number, hash=digest))


def canonical(detail: Mapping[str, object]) -> str:
    """JSON that is the same for the same content: sorted keys, no spaces."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    raise TypeError(f"{type(value).__name__} cannot stand in the audit trail")


def _hash(entry: _Entry) -> str:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    record = {**entry._asdict(), "at": at}
    return hashlib.sha256(canonical(record).encode()).hexdigest()


def verify(session: Session, *, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Read the whole chain, a page at a time. ``progress`` is called with entries done and entries expected."""
    head = session.execute(select(AuditHead.entries, AuditHead.hash).where(AuditHead.id == HEAD_ID)).one_or_none()
    if head is None:
        return Verification(entries=0, sound=False, first_bad=1, reason="head")
    expected, previous = 1, START
    for entry, stored in _entries(session):
        if reason := _flaw(entry, stored, expected, previous, head.entries):
            return Verification(entries=expected - 1, sound=False, first_bad=expected, reason=reason)
        expected, previous = expected + 1, stored
        if progress is not None and entry.id % _PAGE == 0:
            progress(entry.id, head.entries)
    return _closing(expected - 1, previous, head.entries, head.hash)


def _flaw(entry: _Entry, stored: str, expected: int, previous: str, last: int) -> str:
    if entry.id > last or entry.id < expected:
        return "inserted"
    if entry.id > expected:
        return "missing"
    if _hash(entry) != stored:
        return "changed"
    return "moved" if entry.previous_hash != previous else ""


def _closing(entries: int, last_hash: str, head_entries: int, head_hash: str) -> Verification:
    if entries < head_entries:
        return Verification(entries=entries, sound=False, first_bad=entries + 1, reason="cut")
    if last_hash != head_hash:
        return Verification(entries=entries, sound=False, first_bad=entries, reason="head")
    return Verification(entries=entries, sound=True, first_bad=None, reason="")


def _entries(session: Session) -> Iterator[tuple[_Entry, str]]:
    columns = (*(getattr(AuditEntry, name) for name in _Entry._fields), AuditEntry.hash)
    query = select(*columns).order_by(AuditEntry.id).limit(_PAGE)
    page = session.execute(query).all()
    while page:
        for row in page:
            yield _Entry(*row[:-1]), row[-1]
        page = session.execute(query.where(AuditEntry.id > page[-1][0])).all()
