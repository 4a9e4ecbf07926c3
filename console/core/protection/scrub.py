"""Making messages and people unrecognisable while the figures stay right: what retention and erasure share."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from console.core.protection.digests import number_digest
from db.base import Base
from db.models import (
    Consent,
    Customer,
    CustomerPhone,
    ErasedRefusal,
    ImportedCustomer,
    ImportedLoan,
    InboundMessage,
    Instalment,
    Loan,
    Message,
    MessagePart,
    Receipt,
    StagedRow,
    Suppression,
)
from db.paging import chunked

_CHUNK = 500  # ids in one statement


@dataclass(frozen=True, kw_only=True)
class Person:
    """Where one customer stands in the database."""

    id: int
    number: str
    name: str
    phones: tuple[str, ...]  # the main one first
    own: tuple[str, ...]  # those that nobody else here has
    loans: tuple[int, ...]


def person_of(session: Session, customer_id: int) -> Person | None:
    row = session.execute(
        select(Customer.number, Customer.name, Customer.phone).where(Customer.id == customer_id)
    ).first()
    if row is None:
        return None
    further = session.scalars(select(CustomerPhone.phone).where(CustomerPhone.customer_id == customer_id))
    phones = tuple(dict.fromkeys(filter(None, (row.phone, *further))))
    shared = {
        *session.scalars(select(Customer.phone).where(Customer.phone.in_(phones), Customer.id != customer_id)),
        *session.scalars(
            select(CustomerPhone.phone).where(CustomerPhone.phone.in_(phones), CustomerPhone.customer_id != customer_id)
        ),
    }
    loans = tuple(session.scalars(select(Loan.id).where(Loan.customer_id == customer_id)))
    own = tuple(phone for phone in phones if phone not in shared)
    return Person(id=customer_id, number=row.number, name=row.name, phones=phones, own=own, loans=loans)


def spellings(phones: Iterable[str]) -> list[str]:
    """How networks write these numbers."""
    return [spelling for phone in phones for spelling in (phone, f"86{phone}", f"+86{phone}", f"0086{phone}")]


# --- messages ---------------------------------------------------------------------------------------------------


def blank_messages(session: Session, key: bytes, ids: Collection[int]) -> int:
    """Texts and numbers go; states, times, parts and digests stay. How many messages."""
    done = 0
    for some in chunked(sorted(ids), _CHUNK):
        rows = session.execute(select(Message.id, Message.recipient).where(Message.id.in_(some), Message.phone != ""))
        values = [{"key": id_, "recipient": number_digest(key, recipient)} for id_, recipient in rows]
        if not values:
            continue
        table: Table = Message.__table__  # type: ignore[assignment]
        statement = (
            update(table)
            .where(table.c.id == bindparam("key"))
            .values(recipient=bindparam("recipient"), phone="", body="")
        )
        session.connection().execute(statement, values)
        _blank_parts(session, some)
        done += len(values)
    return done


def _blank_parts(session: Session, message_ids: Sequence[int]) -> None:
    parts = select(MessagePart.id).where(MessagePart.message_id.in_(message_ids))
    session.execute(update(Receipt).where(Receipt.part_id.in_(parts)).values(recipient="", raw=""))
    session.execute(update(MessagePart).where(MessagePart.message_id.in_(message_ids)).values(phone=""))


def blank_replies(session: Session, ids: Collection[int]) -> int:
    for some in chunked(sorted(ids), _CHUNK):
        session.execute(
            update(InboundMessage)
            .where(InboundMessage.id.in_(some))
            .values(sender="", body="", raw="", customer_id=None)
        )
    return len(ids)


# --- people -----------------------------------------------------------------------------------------------------


def remember_refusals(session: Session, key: bytes, person: Person, now: Any) -> int:
    """What the person refused, under digests, before the rows that say so go."""
    refused: set[tuple[str, str]] = set()
    rows = session.execute(
        select(Suppression.phone, Suppression.scope).where(
            Suppression.phone.in_(person.phones), or_(Suppression.until.is_(None), Suppression.until > now)
        )
    )
    refused |= {(phone, scope) for phone, scope in rows}
    words = session.execute(
        select(Consent.purpose, Consent.granted)
        .where(Consent.customer_id == person.id)
        .order_by(Consent.at, Consent.id)
    )
    newest = {purpose: granted for purpose, granted in words}  # noqa: C416 - as above
    refused |= {(phone, purpose) for purpose, granted in newest.items() if not granted for phone in person.phones}
    for phone, scope in sorted(refused):
        digest = number_digest(key, phone)
        if session.get(ErasedRefusal, (digest, scope)) is None:
            session.add(ErasedRefusal(digest=digest, scope=scope, at=now))
    session.flush()
    return len(refused)


def remove_person(session: Session, key: bytes, person: Person) -> Counter[str]:
    """The customer and everything that points at them goes; messages and replies stay without them. Rows by table."""
    counts: Counter[str] = Counter()
    texts = or_(Message.customer_id == person.id, Message.phone.in_(person.own))
    messages = list(session.scalars(select(Message.id).where(texts, Message.phone != "")))
    counts["message"] = blank_messages(session, key, messages)
    said = or_(InboundMessage.customer_id == person.id, InboundMessage.sender.in_(spellings(person.own) or [""]))
    counts["inbound_message"] = blank_replies(session, list(session.scalars(select(InboundMessage.id).where(said))))
    if person.own:
        stray = Receipt.recipient.in_(spellings(person.own))
        session.execute(update(Receipt).where(stray).values(recipient="", raw=""))
        counts["suppression"] = _gone(session.execute(delete(Suppression).where(Suppression.phone.in_(person.own))))
    counts["staged_row"] = _gone(session.execute(delete(StagedRow).where(StagedRow.number == person.number)))
    if person.own:
        staged = or_(*(column.in_(person.own) for column in _phone_columns(StagedRow.__table__)))  # type: ignore[arg-type]
        counts["staged_row"] += _gone(session.execute(delete(StagedRow).where(staged)))
    counts["import_change"] = _forget_changes(session, person)
    counts["import_errors"] = _forget_error_files(session, (*person.own, person.name, person.number))
    counts += _detach(session, "loan", person.loans)
    counts += _detach(session, "customer", (person.id,))
    session.execute(delete(Customer).where(Customer.id == person.id))
    counts["customer"] = 1
    session.expire_all()
    return +counts


def _phone_columns(table: Table) -> list[Any]:
    return [column for column in table.columns if column.name.startswith("phone")]


def _forget_changes(session: Session, person: Person) -> int:
    """What imports wrote over, kept for undoing them."""
    change = Base.metadata.tables["import_change"]
    rows = {
        "customer": [person.id],
        "loan": list(person.loans),
        "instalment": list(session.scalars(select(Instalment.id).where(Instalment.loan_id.in_(person.loans)))),
        "consent": list(session.scalars(select(Consent.id).where(Consent.customer_id == person.id))),
        "phone": list(session.scalars(select(CustomerPhone.id).where(CustomerPhone.customer_id == person.id))),
    }
    done = 0
    for kind, ids in rows.items():
        for some in chunked(ids, _CHUNK):
            done += _gone(session.execute(delete(change).where(change.c.kind == kind, change.c.row_id.in_(some))))
    return done


def _forget_error_files(session: Session, values: Sequence[str]) -> int:
    """Workbooks of refused rows that mention the person: nobody can take one row out of a file that waits."""
    errors = Base.metadata.tables["import_errors"]
    sought = [value for value in values if value]
    done = 0
    for import_id in session.scalars(select(errors.c.import_id)).all():
        workbook = session.scalar(select(errors.c.workbook).where(errors.c.import_id == import_id))
        if workbook is not None and _mentions(workbook, sought):
            session.execute(delete(errors).where(errors.c.import_id == import_id))
            done += 1
    return done


def _mentions(workbook: bytes, values: Sequence[str]) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
            parts = [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    except zipfile.BadZipFile:
        return True  # nobody can say what is in it
    return any(value in part for value in values for part in parts)


def _detach(session: Session, table: str, ids: Sequence[int]) -> Counter[str]:
    """Rows that point at ``ids`` of ``table``: they go, or only the pointer where it may be empty."""
    counts: Counter[str] = Counter()
    for other in reversed(Base.metadata.sorted_tables):
        for key in other.foreign_keys:
            if key.column.table.name != table:
                continue
            column = key.parent
            for some in chunked(ids, _CHUNK):
                if column.nullable and other.name not in _GO_WHOLE:
                    session.execute(update(other).where(column.in_(some)).values({column.name: None}))
                else:
                    if other.name == "loan":
                        session.execute(delete(Instalment).where(Instalment.loan_id.in_(_loans_of(some))))
                    counts[other.name] += _gone(session.execute(delete(other).where(column.in_(some))))
    journal = ImportedCustomer.customer_id if table == "customer" else ImportedLoan.loan_id
    for some in chunked(ids, _CHUNK):
        counts[journal.table.name] += _gone(session.execute(delete(journal.table).where(journal.in_(some))))
    return counts


_GO_WHOLE = frozenset({"circumstance", "contact", "exclusion"})  # about one loan or none, always about the person


def _loans_of(customers: Sequence[int]) -> Any:
    return select(Loan.id).where(Loan.customer_id.in_(customers))


def _gone(result: Any) -> int:
    return int(result.rowcount)
