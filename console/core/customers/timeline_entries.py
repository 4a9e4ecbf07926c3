"""The entries of a customer's time line, and the key by which its pages follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from console.core.i18n import T, Text
from db.models import ContactKind


class Kind(StrEnum):
    """What the time line is narrowed by."""

    MESSAGE = "message"
    LEFT_OUT = "left_out"
    REPLY = "reply"
    CONTACT = "contact"
    CONSENT = "consent"
    CIRCUMSTANCE = "circumstance"
    CHANGE = "change"
    LOOK = "look"


KIND_TITLES: Mapping[Kind, Text] = {
    Kind.MESSAGE: T("Messages"),
    Kind.LEFT_OUT: T("Not sent to"),
    Kind.REPLY: T("Replies"),
    Kind.CONTACT: T("Calls, visits, remarks"),
    Kind.CONSENT: T("Consents and refusals"),
    Kind.CIRCUMSTANCE: T("Circumstances"),
    Kind.CHANGE: T("Changes and imports"),
    Kind.LOOK: T("Looks at full numbers"),
}


class Cursor(NamedTuple):
    """The last entry of a page; the next page begins after it."""

    at: datetime
    source: int
    id: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    source: int  # which table it came from; with ``id`` it names the entry
    id: int
    kind: Kind
    at: datetime
    title: str
    state: str = ""  # name of a badge; "" for none
    body: str = ""  # what was written, as it was
    note: str = ""  # why it is so, or what proves it
    by: str = ""  # who did it, by display name
    contact: ContactKind | None = None  # of Kind.CONTACT, which of them
    explained: bool = False  # ``why.chain`` has more to say

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.at, self.source, self.id)


class Who(NamedTuple):
    id: int
    phones: tuple[str, ...]  # the main number first


_Query = TypeVar("_Query", bound=Select[Any, *tuple[Any, ...]])
_At = ColumnElement[datetime] | ColumnElement[datetime | None] | InstrumentedAttribute[Any]


class Page(NamedTuple):
    """What one source is asked for: at most ``size`` entries after ``before``."""

    source: int
    before: Cursor | None
    size: int
    now: datetime

    def of(self, query: _Query, at: _At, key: InstrumentedAttribute[int]) -> _Query:
        after = _after(at, key, self.before, self.source)
        return query.where(after).order_by(at.desc(), key.desc()).limit(self.size)


def _after(at: _At, key: InstrumentedAttribute[int], before: Cursor | None, rank: int) -> ColumnElement[bool]:
    if before is None:
        return true()
    if rank > before.source:
        return at <= before.at
    if rank < before.source:
        return at < before.at
    return or_(at < before.at, and_(at == before.at, key < before.id))
