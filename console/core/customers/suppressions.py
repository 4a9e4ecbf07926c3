"""The do-not-contact list: numbers that nobody may write to, for a purpose or for all, by whose word, until when.

An entry is ended by a date and stays on file; put on the list again, the same row counts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from console.core.compliance.purpose import PURPOSE_TITLES, SCOPE_ALL, Purpose
from console.core.context import Context
from console.core.customers import normalise
from console.core.customers.normalise import Refused, text
from console.core.errors import NotPermitted, UserError
from console.core.format import masked_phone
from console.core.i18n import T, Text
from console.core.listing import Sort
from console.core.security.permissions import Permission
from db.models import Customer, CustomerPhone, Suppression
from db.paging import chunked

REASON_LIMIT = 100
_CHUNK = 500
_DIGITS = 4  # typed, that are taken for a number and not for a name

Progress = Callable[[int, int], None]


class Issuer(StrEnum):
    """By whose word; stored by value."""

    BRANCH = "branch"
    HEAD_OFFICE = "head_office"
    REGULATOR = "regulator"


ISSUER_TITLES: Mapping[Issuer, Text] = {
    Issuer.BRANCH: T("This branch"),
    Issuer.HEAD_OFFICE: T("Head office"),
    Issuer.REGULATOR: T("Regulator"),
}
SCOPE_TITLES: Mapping[str, Text] = {SCOPE_ALL: T("All messages"), **{p.value: t for p, t in PURPOSE_TITLES.items()}}


class SuppressionRefused(UserError):
    """What was asked of the list cannot be done."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is to be put on the list, beside the number."""

    scope: str  # a Purpose, or SCOPE_ALL
    issuer: Issuer
    reason: str
    until: datetime | None = None  # None: until somebody ends it


@dataclass(frozen=True, kw_only=True)
class SuppressionFilter:
    text: str = ""  # a number, its end, or a customer's name
    scope: str = ""
    issuer: str = ""
    ended: bool = False  # those that do not count any more as well


@dataclass(frozen=True, kw_only=True)
class SuppressionRow:
    id: int
    phone: str  # masked
    customer_id: int | None
    name: str  # of a customer with this number; "" for nobody's
    scope: str
    issuer: Issuer
    reason: str
    source: str
    until: datetime | None
    in_force: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of a file of numbers."""

    added: int
    known: int  # on the list already
    refused: tuple[tuple[int, str, Text], ...]  # row of the file, cell, why; the first hundred
    refused_count: int


# Changing


def add(ctx: Context, cell: object, entry: Entry) -> int:
    """The id. Raises NotPermitted, SuppressionRefused."""
    ctx.require(Permission.SUPPRESSIONS_EDIT)
    phone = normalise.phone(cell)
    if isinstance(phone, Refused) or not phone:
        raise SuppressionRefused(phone.reason if isinstance(phone, Refused) else T("A number is needed."))
    return _add(ctx, phone, entry)


def add_customer(ctx: Context, customer_id: int, entry: Entry) -> int:
    """The customer's main number, which the caller need not know. Raises NotPermitted, SuppressionRefused."""
    ctx.require(Permission.SUPPRESSIONS_EDIT)
    with ctx.database.read() as session:
        phone = session.scalar(select(Customer.phone).where(Customer.id == customer_id))
    if phone is None:
        raise SuppressionRefused(T("This customer is not in the database any more."), T("Refresh the list."))
    return _add(ctx, phone, entry)


def _add(ctx: Context, phone: str, entry: Entry) -> int:
    now = ctx.clock.now()
    reason = _checked(entry, now)
    with ctx.database.begin() as session:
        written = _write(session, [phone], entry, reason, "manual", now)
        if not written:
            raise SuppressionRefused(T("This number is on the list already."), T("Look it up to change it."))
        detail = {"scope": entry.scope, "issuer": entry.issuer.value, "reason": reason, "until": entry.until}
        ctx.audit(session, "suppression.add", f"suppression:{written[0]}", **detail)
        return written[0]


def _checked(entry: Entry, now: datetime) -> str:
    reason = text(entry.reason)
    if not reason or len(reason) > REASON_LIMIT:
        raise SuppressionRefused(T("A reason of at most {limit} characters is needed.", limit=REASON_LIMIT))
    if entry.scope not in SCOPE_TITLES:
        raise ValueError(entry.scope)
    if entry.until is not None and entry.until <= now:
        raise SuppressionRefused(T("The day is over already."), T("Choose a later one."))
    return reason


def _write(session: Session, phones: Sequence[str], entry: Entry, reason: str, source: str, now: datetime) -> list[int]:
    """Ids of those that were not in force before."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {
        "reason": reason,
        "until": entry.until,
        "source": source,
        "created_at": now,
    }
    rows = [{"phone": phone, "scope": entry.scope, "issuer": entry.issuer.value, **values} for phone in phones]
    statement = insert(Suppression).values(rows)
    ended = and_(Suppression.until.is_not(None), Suppression.until <= now)
    key = [Suppression.phone, Suppression.scope, Suppression.issuer]
    changed = statement.on_conflict_do_update(index_elements=key, set_=values, where=ended)
    return list(session.scalars(changed.returning(Suppression.id)))


def end(ctx: Context, suppression_id: int, reason: str) -> None:
    """From now on it does not count. Entries of head office and the regulator need a right of their own.

    Raises NotPermitted, SuppressionRefused.
    """
    ctx.require(Permission.SUPPRESSIONS_EDIT)
    why = text(reason)[:200]
    if not why:
        raise SuppressionRefused(T("Write why the entry ends."))
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        row = session.scalar(select(Suppression).where(Suppression.id == suppression_id).with_for_update())
        if row is None or (row.until is not None and row.until <= now):
            raise SuppressionRefused(T("This entry has ended already."), T("Refresh the list."))
        if row.issuer != Issuer.BRANCH and not ctx.allowed(Permission.SUPPRESSIONS_OVERRULE):
            raise NotPermitted()
        row.until = now
        detail = {"scope": row.scope, "issuer": row.issuer, "reason": why}
        ctx.audit(session, "suppression.end", f"suppression:{suppression_id}", **detail)


def may_end(ctx: Context, issuer: str) -> bool:
    needed = Permission.SUPPRESSIONS_EDIT if issuer == Issuer.BRANCH else Permission.SUPPRESSIONS_OVERRULE
    return ctx.allowed(Permission.SUPPRESSIONS_EDIT) and ctx.allowed(needed)


def take_file(
    ctx: Context, cells: Sequence[tuple[int, object]], entry: Entry, file_name: str, progress: Progress | None = None
) -> Taken:
    """Put the numbers of a file on the list: (row of the file, cell); blank cells do not count.

    Written in short transactions: a list that is half taken holds back what it holds, and taking the file again
    completes it. Raises NotPermitted, SuppressionRefused.
    """
    ctx.require(Permission.SUPPRESSIONS_EDIT)
    now = ctx.clock.now()
    reason = _checked(entry, now)
    phones: dict[str, None] = {}
    refused: list[tuple[int, str, Text]] = []
    for row, cell in cells:
        phone = normalise.phone(cell)
        if isinstance(phone, Refused):
            refused.append((row, text(cell)[:40], phone.reason))
        elif phone:
            phones[phone] = None
    added = 0
    for done, chunk in enumerate(chunked(phones, _CHUNK)):
        with ctx.database.begin() as session:
            added += len(_write(session, chunk, entry, reason, "import", now))
        if progress is not None:
            progress(min(len(phones), (done + 1) * _CHUNK), len(phones))
    with ctx.database.begin() as session:
        detail = {"file": file_name, "scope": entry.scope, "issuer": entry.issuer.value, "reason": reason}
        numbers = {"added": added, "unchanged": len(phones) - added, "invalid": len(refused)}
        ctx.audit(session, "suppression.import", "suppression", **detail, **numbers)
    return Taken(added=added, known=len(phones) - added, refused=tuple(refused[:100]), refused_count=len(refused))


def phone_column(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> int | None:
    """The column that holds the numbers: the one with most of them, the first of equals; None where there is none."""
    found = [0] * len(headers)
    for row in rows[:200]:
        for place, cell in enumerate(row[: len(headers)]):
            value = normalise.phone(cell)
            found[place] += isinstance(value, str) and bool(value)
    best = max(range(len(found)), key=lambda place: (found[place], -place), default=None)
    return best if best is not None and found[best] else None


# Looking


def listed_ids(ctx: Context, session: Session, wanted: SuppressionFilter, sort: Sort) -> list[int]:
    """``ids`` for this person: nobody learns from the list whose number it is who may not see customers.

    Raises NotPermitted.
    """
    ctx.require(Permission.SUPPRESSIONS_VIEW)
    named = wanted.text.strip() and sum(char.isdecimal() for char in wanted.text) < _DIGITS
    if named and not ctx.allowed(Permission.CUSTOMERS_VIEW):
        return []
    return ids(session, wanted, sort, ctx.clock.now())


def listed_rows(ctx: Context, session: Session, wanted: Sequence[int]) -> list[SuppressionRow]:
    """``rows`` for this person. Raises NotPermitted."""
    ctx.require(Permission.SUPPRESSIONS_VIEW)
    found = rows(session, wanted, ctx.clock.now())
    if ctx.allowed(Permission.CUSTOMERS_VIEW):
        return found
    return [replace(row, customer_id=None, name="") for row in found]


def ids(session: Session, wanted: SuppressionFilter, sort: Sort, now: datetime) -> list[int]:
    """In order; an unknown sort key means the newest first."""
    query = select(Suppression.id)
    if not wanted.ended:
        query = query.where(in_force(now))
    if wanted.scope:
        query = query.where(Suppression.scope == wanted.scope)
    if wanted.issuer:
        query = query.where(Suppression.issuer == wanted.issuer)
    if wanted.text.strip():
        query = query.where(_found(wanted.text.strip()))
    return list(session.scalars(_ordered(query, sort)))


def in_force(now: datetime) -> ColumnElement[bool]:
    return or_(Suppression.until.is_(None), Suppression.until > now)


def _found(wanted: str) -> ColumnElement[bool]:
    digits = "".join(char for char in wanted if char.isdecimal())
    if len(digits) >= _DIGITS:
        return Suppression.phone.endswith(digits[-11:])
    named = select(Customer.phone).where(Customer.name.startswith(wanted, autoescape=True))
    return Suppression.phone.in_(named)


def _ordered(query: Select[int], sort: Sort) -> Select[int]:
    columns = {"until": Suppression.until, "scope": Suppression.scope, "issuer": Suppression.issuer}
    column = columns.get(sort.key)
    if column is None:
        newest = sort.key != "created" or sort.descending
        order = (Suppression.created_at, Suppression.id)
        return query.order_by(*(each.desc() if newest else each.asc() for each in order))
    return query.order_by(column.desc() if sort.descending else column.asc(), Suppression.id)


def rows(session: Session, wanted: Sequence[int], now: datetime) -> list[SuppressionRow]:
    """The rows of these ids in that order; one that is gone is left out."""
    entries = session.scalars(select(Suppression).where(Suppression.id.in_(wanted))).all()
    named = select(Customer.phone, Customer.id, Customer.name).where(Customer.phone.in_({row.phone for row in entries}))
    owners = {phone: (id_, name) for phone, id_, name in session.execute(named.order_by(Customer.id.desc()))}
    found = {row.id: _row(row, owners.get(row.phone), now) for row in entries}
    return [found[each] for each in wanted if each in found]


def _row(entry: Suppression, owner: tuple[int, str] | None, now: datetime) -> SuppressionRow:
    return SuppressionRow(
        id=entry.id,
        phone=masked_phone(entry.phone),
        customer_id=owner[0] if owner else None,
        name=owner[1] if owner else "",
        scope=entry.scope,
        issuer=Issuer(entry.issuer),
        reason=entry.reason,
        source=entry.source,
        until=entry.until,
        in_force=entry.until is None or entry.until > now,
        created_at=entry.created_at,
    )


def of_customer(session: Session, customer_id: int, now: datetime) -> list[SuppressionRow]:
    """Entries in force for any of the customer's numbers, the oldest first."""
    main = select(Customer.phone).where(Customer.id == customer_id)
    others = select(CustomerPhone.phone).where(CustomerPhone.customer_id == customer_id)
    phones = {*session.scalars(main), *session.scalars(others)}
    query = select(Suppression.id).where(Suppression.phone.in_(phones), in_force(now)).order_by(Suppression.id)
    return rows(session, list(session.scalars(query)), now)


def scope_title(scope: str) -> str:
    title = SCOPE_TITLES.get(scope)
    return scope if title is None else str(title)


def purposes() -> list[str]:
    """Scopes in the order of a form: all, then each purpose."""
    return [SCOPE_ALL, *(purpose.value for purpose in Purpose)]
