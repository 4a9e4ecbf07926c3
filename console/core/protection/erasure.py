"""Erasing a customer on their request: what the law allows, everywhere at once, with a certificate about it.

An open loan has to be served, so its customer is only reduced to what the contract needs. Without one the customer
goes: their rows are deleted, messages and replies lose text and number, and refusals stay as digests. The audit trail
keeps that it happened, to which row, by whom and on what ground, and no name.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Row, String, Table, cast, func, or_, select, update
from sqlalchemy.orm import Session

from console.core.compliance.purpose import Purpose
from console.core.context import Context
from console.core.customers.secrets import sealer
from console.core.errors import UserError
from console.core.format import local_datetime, masked_name
from console.core.i18n import T, Text, tr
from console.core.protection.digests import erasure_key
from console.core.protection.scrub import Person, person_of, remember_refusals, remove_person
from console.core.security.permissions import Permission
from db.base import Base
from db.models import (
    Consent,
    Customer,
    CustomerPhone,
    Erasure,
    Loan,
    LoanState,
    Message,
    MessageState,
)

_OPEN = (LoanState.ACTIVE, LoanState.OVERDUE, LoanState.APPLYING)
_ON_ITS_WAY = (MessageState.CLAIMED, MessageState.SENDING)
_SHORTEST = 6  # characters of a ground
_LEAST_DIGITS = 11


class Gone(UserError):
    def __init__(self) -> None:
        super().__init__(T("This customer is not in the database any more."), T("Refresh the list."))


class NoGround(UserError):
    def __init__(self) -> None:
        super().__init__(T("Write on what ground: who asked, and how it was proved who they are."))


class OnItsWay(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("A message to this customer is on its way out, or its outcome is unknown."),
            T("Wait until it has ended, or decide it on the home page."),
        )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What erasing this customer would do."""

    customer_id: int
    name: str
    whole: bool  # False: only what the open loans do not need
    reasons: tuple[Text, ...]  # why not everything, or what stays nevertheless
    loans: int
    messages: int
    shared: int  # numbers that another customer has as well: they stay with that one


@dataclass(frozen=True, kw_only=True)
class Erased:
    erasure_id: int
    whole: bool
    counts: dict[str, int]  # rows by table
    left: tuple[str, ...]  # tables in which a number of the person still stands, beside those of others
    certificate: str


def standing(ctx: Context, customer_id: int) -> Standing:
    """Raises NotPermitted, Gone."""
    ctx.require(Permission.SUBJECT_REQUESTS)
    with ctx.database.read() as session:
        person = _person(session, customer_id)
        open_loans = _open_loans(session, customer_id)
        messages = session.scalar(select(func.count()).where(Message.customer_id == customer_id)) or 0
    reasons = [
        T("Times and outcomes of messages, a digest of the number, and the audit trail are kept: the law asks for it.")
    ]
    if open_loans:
        reasons.insert(
            0,
            T(
                "Open loans: {n}. What the contract needs stays until they are settled; tags, birthday, wishes, "
                "own fields and further numbers go, and marketing ends.",
                n=open_loans,
            ),
        )
    shared = len(person.phones) - len(person.own)
    if shared:
        reasons.append(T("Numbers that another customer has as well: {n}. They stay with that one.", n=shared))
    return Standing(
        customer_id=customer_id,
        name=person.name,
        whole=not open_loans,
        reasons=tuple(reasons),
        loans=len(person.loans),
        messages=messages,
        shared=shared,
    )


def erase(ctx: Context, customer_id: int, basis: str) -> Erased:
    """Erase, or reduce where a loan is open. ``basis`` names nobody: it is kept.

    Raises NotPermitted, Gone, NoGround, OnItsWay.
    """
    ctx.require(Permission.SUBJECT_REQUESTS)
    basis = basis.strip()[:500]
    if len(basis) < _SHORTEST:
        raise NoGround()
    key, columns = erasure_key(ctx.database), sealer(ctx.database)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        person = _person(session, customer_id)
        _require_quiet(session, person)
        secrets = _numbers(session, person, columns.unseal)
        whole = not _open_loans(session, customer_id)
        basis = _without(basis, (*secrets, person.name))
        counts = _remove(session, key, person, now) if whole else _reduce(session, person, now)
        row = Erasure(
            customer_id=customer_id, basis=basis, counts=dict(counts), erased_by=ctx.actor.user_id, erased_at=now
        )
        session.add(row)
        session.flush()
        ctx.audit(session, "subject.erase", f"erasure:{row.id}", basis=basis, counts=dict(counts), whole=whole)
        erasure_id = row.id
    left = _redact(ctx, secrets) if whole else ()
    certificate = _certificate(ctx, person, erasure_id, whole, dict(counts), now)
    return Erased(erasure_id=erasure_id, whole=whole, counts=dict(counts), left=left, certificate=certificate)


def _person(session: Session, customer_id: int) -> Person:
    person = person_of(session, customer_id)
    if person is None:
        raise Gone()
    return person


def _open_loans(session: Session, customer_id: int) -> int:
    query = select(func.count()).where(Loan.customer_id == customer_id, Loan.state.in_(_OPEN))
    return session.scalar(query) or 0


def _require_quiet(session: Session, person: Person) -> None:
    busy = select(Message.id).where(
        Message.customer_id == person.id, Message.state.in_((*_ON_ITS_WAY, MessageState.UNKNOWN))
    )
    if session.scalar(busy.limit(1)) is not None:
        raise OnItsWay()


def _numbers(session: Session, person: Person, unseal: Callable[[bytes], str]) -> tuple[str, ...]:
    """Phone, identity and account numbers: nobody else has them, so they may be looked for in other texts.

    Customer and loan numbers are too short for it: they stand inside other people's.
    """
    ciphers = [
        session.scalar(select(Customer.id_cipher).where(Customer.id == person.id)),
        *session.scalars(select(Loan.account_cipher).where(Loan.customer_id == person.id)),
    ]
    values = [*person.own, *(unseal(cipher) for cipher in ciphers if cipher is not None)]
    return tuple(value for value in values if len(value) >= _LEAST_DIGITS)


def _remove(session: Session, key: bytes, person: Person, now: datetime) -> Counter[str]:
    waiting = update(Message).where(Message.customer_id == person.id, Message.state == MessageState.WAITING)
    session.execute(
        waiting.values(
            state=MessageState.CANCELLED,
            reason="customer.erased",
            reason_text=T("The customer was erased at their request.").dump(),
            done_at=now,
        )
    )
    refusals = remember_refusals(session, key, person, now)
    counts = remove_person(session, key, person)
    counts["erased_refusal"] = refusals
    return +counts


def _reduce(session: Session, person: Person, now: datetime) -> Counter[str]:
    """Only what the open loans need stays; marketing ends."""
    session.execute(
        update(Customer)
        .where(Customer.id == person.id)
        .values(birthday=None, tags=[], extra={}, channel="", hours_from=None, hours_to=None, updated_at=now)
    )
    further = session.scalars(select(CustomerPhone).where(CustomerPhone.customer_id == person.id)).all()
    for phone in further:
        session.delete(phone)
    session.add(
        Consent(
            customer_id=person.id, purpose=Purpose.MARKETING.value, granted=False, source="erasure", evidence="", at=now
        )
    )  # fmt: skip
    return Counter(customer=1, customer_phone=len(further))


# --- what others wrote about them ---------------------------------------------------------------------------------


def _redact(ctx: Context, values: tuple[str, ...]) -> tuple[str, ...]:
    """Put *** where a number of the person stands in a text of any table; the tables where one still stands.

    Tables are searched in a snapshot, so that nobody waits, and changed by key in short transactions. A number that
    is only a part of a longer one is somebody else's.
    """
    left = []
    number = re.compile("|".join(rf"(?<!\d)(?:(?:\+|00)?86)?{re.escape(value)}(?!\d)" for value in values))
    for table in Base.metadata.sorted_tables if values else ():
        columns = [column for column in table.columns if _may_hold(table, column)]
        for row in _rows_with(ctx, table, columns, values):
            changed = {
                column.name: _replaced(row._mapping[column], number)
                for column in columns
                if row._mapping[column] is not None and number.search(_as_text(row._mapping[column]))
            }
            if changed:
                place = [key == row._mapping[key] for key in table.primary_key.columns]
                with ctx.database.begin() as session:
                    session.execute(update(table).where(*place).values(changed))
        again = _rows_with(ctx, table, columns, values)
        if any(number.search(_as_text(row._mapping[column] or "")) for row in again for column in columns):
            left.append(table.name)
    return tuple(left)


_OTHERWISE = frozenset({("message", "phone"), ("message", "recipient")})  # blanked already, and unique in a batch


def _may_hold(table: Table, column: Column[Any]) -> bool:
    if table.name in ("audit_entry", "audit_head"):
        return False  # never changed, and without numbers from the start
    fixed = column.primary_key or column.unique or bool(column.foreign_keys)
    return isinstance(column.type, String | JSON) and not fixed and (table.name, column.name) not in _OTHERWISE


def _rows_with(ctx: Context, table: Table, columns: Sequence[Column[Any]], values: Sequence[str]) -> Sequence[Row[Any]]:
    if not columns:
        return []
    found = or_(*(cast(column, String).contains(value, autoescape=True) for column in columns for value in values))
    with ctx.database.read() as session:
        return session.execute(select(*table.primary_key.columns, *columns).where(found)).all()


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _replaced(value: Any, number: re.Pattern[str]) -> Any:
    text = number.sub("***", _as_text(value))
    return text if isinstance(value, str) else json.loads(text)


def _without(text: str, values: tuple[str, ...]) -> str:
    for value in filter(None, values):
        text = text.replace(value, "***")
    return text


# --- the certificate ----------------------------------------------------------------------------------------------


def _certificate(
    ctx: Context, person: Person, erasure_id: int, whole: bool, counts: dict[str, int], now: datetime
) -> str:
    """For the customer's hand; nothing of it is kept here."""
    lines = [
        tr("Certificate of erasure"),
        "",
        tr("Number of the erasure: {n}", n=erasure_id),
        tr("Customer: {name}", name=masked_name(person.name)),
        tr("Carried out: {time} by {name}", time=local_datetime(now), name=ctx.actor.name),
        tr("At: {bank} {branch}", bank=ctx.settings.text("bank.signature"), branch=ctx.settings.text("bank.branch")),
        "",
        tr("All data about you was deleted from the messaging system or made unrecognisable.")
        if whole
        else tr("Because a loan is open, everything was deleted that its contract does not need; marketing has ended."),
        tr(
            "Kept, as the law asks: times and outcomes of messages without text and number, and the record of this act."
        ),
        tr("What you refused stays in force: your number is recognised by a digest from which it cannot be computed."),
        "",
        tr("Rows deleted or blanked: {n}", n=sum(counts.values())),
    ]
    return "\n".join(lines) + "\n"
