"""Everything that is known about one customer, for their own hand: a workbook to read and JSON to take elsewhere."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, or_, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.errors_workbook import replacing
from console.core.customers.secrets import Sealer, sealer
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import T, Text, tr
from console.core.protection.erasure import Gone
from console.core.protection.scrub import Person, person_of, spellings
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.security.permissions import Permission
from db.base import Base
from db.models import AuditEntry, InboundMessage, Message, MessagePart, Suppression

_NOT_THEIRS = frozenset({"segment_member", "segment_loan", "imported_customer", "imported_loan", "import_change"})
_HIDDEN = ("_digest", "_cipher")  # columns that mean nothing outside; numbers behind a cipher are given in clear
_INSIDE = frozenset({"digest", "owner", "lease_until", "recipient", "pinyin", "initials"})

TITLES: Mapping[str, Text] = {
    "customer": T("Customer"),
    "customer_phone": T("Further numbers"),
    "loan": T("Loans"),
    "instalment": T("Instalments"),
    "consent": T("Consents"),
    "suppression": T("Refusals"),
    "circumstance": T("Circumstances"),
    "contact": T("Calls, visits and notes"),
    "message": T("Messages"),
    "message_part": T("Parts of messages"),
    "inbound_message": T("Replies"),
    "exclusion": T("Left out"),
    "looks": T("Who looked or changed"),
}
FIELDS: Mapping[str, Text] = {
    "number": T("Number"),
    "name": T("Name"),
    "title": T("Form of address"),
    "phone": T("Mobile number"),
    "region": T("Region"),
    "branch": T("Branch"),
    "manager": T("Customer manager"),
    "rating": T("Rating"),
    "segment": T("Segment"),
    "birthday": T("Birthday"),
    "tags": T("Tags"),
    "id_number": T("Identity number"),
    "channel": T("Preferred channel"),
    "extra": T("Own fields"),
    "active": T("Active"),
    "created_at": T("Entered"),
    "updated_at": T("Changed"),
    "label": T("Label"),
    "product": T("Product"),
    "principal": T("Principal"),
    "rate": T("Rate, % a year"),
    "method": T("Method of repayment"),
    "start_on": T("Start"),
    "term_months": T("Term, months"),
    "due_day": T("Due day"),
    "state": T("State"),
    "kind": T("Kind"),
    "account_number": T("Account number"),
    "account_tail": T("Account, last digits"),
    "amount_due": T("Amount due"),
    "due_on": T("Due date"),
    "penalty": T("Penalty"),
    "sequence": T("Sequence"),
    "interest": T("Interest"),
    "paid": T("Paid"),
    "paid_at": T("Paid at"),
    "purpose": T("Purpose"),
    "granted": T("Granted"),
    "source": T("Source"),
    "evidence": T("Evidence"),
    "at": T("Time"),
    "scope": T("Scope"),
    "issuer": T("Issued by"),
    "reason": T("Reason"),
    "until": T("Until"),
    "note": T("Note"),
    "ended_at": T("Ended"),
    "connected": T("Connected"),
    "body": T("Text"),
    "parts": T("Parts"),
    "sending_at": T("Sent"),
    "accepted_at": T("Accepted"),
    "done_at": T("Ended at"),
    "sender": T("Sender"),
    "sent_at": T("Sent at"),
    "received_at": T("Received"),
    "rule": T("Rule"),
    "actor": T("Who"),
    "action": T("What"),
    "detail": T("Details"),
}


@dataclass(frozen=True, kw_only=True)
class HandedOver:
    workbook: Path
    json: Path
    rows: int


def hand_over(ctx: Context, customer_id: int, workbook: Path, basis: str) -> HandedOver:
    """Write both files, readable by this user alone. Numbers are in full: they are the customer's own.

    Raises NotPermitted, Gone, UserError, EnvironmentTrouble.
    """
    from console.core.reports import workbook as writer  # noqa: PLC0415 - loads openpyxl

    ctx.require(Permission.SUBJECT_REQUESTS)
    if not basis.strip():
        raise UserError(T("Write on what ground: who asked, and how it was proved who they are."))
    unsealer = sealer(ctx.database)
    about = gather(ctx, customer_id, unsealer)
    rows = sum(len(found) for found in about.values())
    by = tr("Handed over by {name} at {time}", name=ctx.actor.name, time=local_datetime(ctx.clock.now()))
    heading = writer.Heading(title=tr("Everything kept about one customer"), lines=(by,), author=ctx.actor.name)
    other = workbook.with_suffix(".json")
    with replacing(workbook) as fresh, replacing(other) as fresh_json:
        with fresh.open("wb") as file:
            writer.write(file, _sheets(about), heading, lambda done: None)
            file.flush()
            os.fsync(file.fileno())
        text = json.dumps({str(name): found for name, found in about.items()}, ensure_ascii=False, indent=1)
        fresh_json.write_text(text, "utf-8")
        for part in (fresh, fresh_json):
            part.chmod(0o600)
        with ctx.database.begin() as session:
            ctx.audit(session, "subject.export", f"customer:{customer_id}", basis=basis.strip()[:500], rows=rows)
    return HandedOver(workbook=workbook, json=other, rows=rows)


def gather(ctx: Context, customer_id: int, unsealer: Sealer) -> dict[str, list[dict[str, Any]]]:
    """Plain records by table: whatever points at the customer or at their loans, messages, replies, refusals, looks.

    Raises NotPermitted, Gone.
    """
    ctx.require(Permission.SUBJECT_REQUESTS)
    with ctx.database.read() as session:
        person = person_of(session, customer_id)
        if person is None:
            raise Gone()
        found = {
            name: [_record(row, unsealer) for row in session.execute(select(table).where(mine)).mappings()]
            for name, table, mine in _places(person)
        }
        found["looks"] = _looks(session, customer_id)
    return {name: rows for name, rows in found.items() if rows}


def _places(person: Person) -> Iterator[tuple[str, Table, ColumnElement[bool]]]:
    tables = Base.metadata.tables
    yield "customer", tables["customer"], tables["customer"].c.id == person.id
    for table in Base.metadata.sorted_tables:
        if table.name in _NOT_THEIRS or table.name == "customer":
            continue
        ids = {"customer": [person.id], "loan": list(person.loans)}
        pointing = [key.parent.in_(ids[key.column.table.name]) for key in table.foreign_keys if _personal(key.column)]
        if table.name == "message":
            pointing.append(table.c.phone.in_(person.own))
        if pointing:
            yield table.name, table, or_(*pointing)
    messages = select(Message.id).where(Message.customer_id == person.id)
    parts = MessagePart.__table__
    assert isinstance(parts, Table)
    yield "message_part", parts, parts.c.message_id.in_(messages)
    inbound = tables[InboundMessage.__tablename__]
    own = inbound.c.sender.in_(spellings(person.own))
    yield "inbound_message", inbound, or_(inbound.c.customer_id == person.id, own)
    yield "suppression", tables[Suppression.__tablename__], Suppression.phone.in_(person.own)


def _personal(column: ColumnElement[Any]) -> bool:
    return getattr(column, "table").name in ("customer", "loan")  # noqa: B009 - a Column, whatever its type says


def _looks(session: Session, customer_id: int) -> list[dict[str, Any]]:
    query = (
        select(AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.detail)
        .where(AuditEntry.subject == f"customer:{customer_id}")
        .order_by(AuditEntry.id)
    )
    return [{name: _plain(value) for name, value in row.items()} for row in session.execute(query).mappings()]


def _record(row: RowMapping, unsealer: Sealer) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_cipher") and value is not None:
            record[name.removesuffix("_cipher") + "_number"] = unsealer.unseal(value)
        elif not name.endswith(_HIDDEN) and name not in _INSIDE:
            record[name] = _plain(value)
    return record


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone().isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def _sheets(about: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Sheet]:
    for name, rows in about.items():
        keys = [key for key in rows[0] if key in FIELDS and any(row.get(key) not in (None, "", [], {}) for row in rows)]
        columns = [Column(title=FIELDS[key], kind=_kind(key), width=18) for key in keys]
        title = TITLES.get(name, Text(name))
        yield Sheet(name=title, columns=columns, rows=_rows(rows, keys), total=len(rows))


def _kind(key: str) -> Kind:
    return Kind.CODE if key in ("number", "phone", "id_number", "account_number", "sender") else Kind.TEXT


def _rows(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Iterator[Row]:
    for row in rows:
        yield tuple(_shown(row.get(key)) for key in keys)


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False) if value else None
    return str(value)
