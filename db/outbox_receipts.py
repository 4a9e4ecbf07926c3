"""Delivery reports: stored as they came, looked at against the parts that are still open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from db.models import Message, MessagePart, MessageState, PartState, Receipt

_PART: Table = MessagePart.__table__  # type: ignore[assignment]
_RECEIPT: Table = Receipt.__table__  # type: ignore[assignment]
OPEN = (PartState.ACCEPTED, PartState.FORWARDED, PartState.UNKNOWN, PartState.SENDING)


@dataclass(frozen=True, kw_only=True)
class NewReceipt:
    line_id: int
    sender_identity: str
    reference: str
    recipient: str
    outcome: str  # gsm.messages.DeliveryOutcome
    status: str
    sent_at: datetime | None
    done_at: datetime | None
    received_at: datetime
    raw: str


@dataclass(frozen=True, kw_only=True)
class StoredReceipt(NewReceipt):
    receipt_id: int


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A part that a report may speak of."""

    part_id: int
    message_id: int
    line_id: int
    sender_identity: str
    reference: str
    phone: str
    state: PartState
    sending_at: datetime
    accepted_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A report that was matched before."""

    part_id: int
    sender_identity: str
    reference: str
    recipient: str
    sent_at: datetime | None
    raw: str


@dataclass(frozen=True, kw_only=True)
class PartChange:
    part_id: int
    state: PartState
    reference: str
    sender_identity: str
    error: str
    status: str
    accepted_at: datetime | None
    done_at: datetime | None


def store(session: Session, receipts: Sequence[NewReceipt]) -> list[int]:
    """As they came, matched to nothing; their ids in the same order."""
    rows = [{**vars(receipt), "matched": False} for receipt in receipts]
    return list(session.connection().execute(_STORE, rows).scalars())


_STORE = insert(_RECEIPT).returning(_RECEIPT.c.id, sort_by_parameter_order=True)


_STORED = (
    Receipt.id.label("receipt_id"),
    Receipt.line_id,
    Receipt.sender_identity,
    Receipt.reference,
    Receipt.recipient,
    Receipt.outcome,
    Receipt.status,
    Receipt.sent_at,
    Receipt.done_at,
    Receipt.received_at,
    Receipt.raw,
)


def by_id(session: Session, receipt_ids: Collection[int]) -> list[StoredReceipt]:
    return _unmatched(session, select(*_STORED).where(Receipt.id.in_(receipt_ids)))


def unmatched_for(session: Session, references: Collection[str], since: datetime) -> list[StoredReceipt]:
    """Reports that came before the acceptance of their part was known."""
    return _unmatched(session, select(*_STORED).where(Receipt.reference.in_(references), Receipt.received_at >= since))


def unmatched(session: Session, since: datetime, *, after: int, limit: int) -> list[StoredReceipt]:
    """Page by page over all that match nothing yet."""
    query = select(*_STORED).where(Receipt.received_at >= since, Receipt.id > after).limit(limit)
    return _unmatched(session, query)


def _unmatched(session: Session, query: Select[*tuple[object, ...]]) -> list[StoredReceipt]:
    rows = session.execute(query.where(Receipt.matched.is_(False)).order_by(Receipt.id))
    return [StoredReceipt(**row._mapping) for row in rows]


def twins(session: Session, receipts: Sequence[StoredReceipt]) -> list[Twin]:
    """Matched reports with a reference and a recipient that also stand in ``receipts``."""
    query = select(
        Receipt.part_id, Receipt.sender_identity, Receipt.reference, Receipt.recipient, Receipt.sent_at, Receipt.raw
    ).where(
        Receipt.matched.is_(True),
        Receipt.reference.in_({receipt.reference for receipt in receipts}),
        Receipt.recipient.in_({receipt.recipient for receipt in receipts}),
        Receipt.part_id.is_not(None),
    )
    return [Twin(**row._mapping) for row in session.execute(query)]


_CANDIDATE = (
    MessagePart.id.label("part_id"),
    MessagePart.message_id,
    MessagePart.line_id,
    MessagePart.sender_identity,
    MessagePart.reference,
    MessagePart.phone,
    MessagePart.state,
    MessagePart.sending_at,
    MessagePart.accepted_at,
)


def named_parts(session: Session, receipts: Sequence[StoredReceipt], since: datetime) -> list[Candidate]:
    """Open parts with one of these references, of these SIM cards or lines."""
    return _parts(session, receipts, MessagePart.reference.in_({receipt.reference for receipt in receipts}), since)


def nameless_parts(session: Session, receipts: Sequence[StoredReceipt], since: datetime) -> list[Candidate]:
    """Open parts of these SIM cards or lines whose acceptance nobody saw, or has not been written down yet."""
    return _parts(session, receipts, MessagePart.reference == "", since)


def _parts(
    session: Session, receipts: Sequence[StoredReceipt], which: ColumnElement[bool], since: datetime
) -> list[Candidate]:
    cards = MessagePart.sender_identity.in_({receipt.sender_identity for receipt in receipts} | {""})
    lines = {receipt.line_id for receipt in receipts if not receipt.sender_identity}
    query = select(*_CANDIDATE).where(
        or_(cards, MessagePart.line_id.in_(lines)) if lines else cards,
        which,
        MessagePart.state.in_(OPEN),
        MessagePart.sending_at >= since,
    )
    return [Candidate(**row._mapping) for row in session.execute(query.with_for_update())]


def parts_by_id(session: Session, part_ids: Collection[int]) -> dict[int, Candidate]:
    rows = session.execute(select(*_CANDIDATE).where(MessagePart.id.in_(part_ids)).with_for_update())
    return {row.part_id: Candidate(**row._mapping) for row in rows}


def change_parts(session: Session, changes: Sequence[PartChange]) -> None:
    if changes:
        session.connection().execute(
            update(_PART)
            .where(_PART.c.id == bindparam("which"))
            .values({key: bindparam(f"new_{key}") for key in _CHANGED}),
            [{"which": c.part_id, **{f"new_{key}": getattr(c, key) for key in _CHANGED}} for c in changes],
        )


_CHANGED = ("state", "reference", "sender_identity", "error", "status", "accepted_at", "done_at")


def mark_matched(session: Session, pairs: Sequence[tuple[int, int]]) -> None:
    """``(receipt_id, part_id)``; a repeated report is matched to the part of the first one."""
    if pairs:
        session.connection().execute(
            update(_RECEIPT)
            .where(_RECEIPT.c.id == bindparam("which"))
            .values(matched=True, part_id=bindparam("found")),
            [{"which": receipt_id, "found": part_id} for receipt_id, part_id in pairs],
        )


def accept_late(session: Session, message_ids: Collection[int], now: datetime) -> None:
    """A report proved that messages of unknown outcome had been accepted: give them the time that is known."""
    if message_ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(message_ids), Message.accepted_at.is_(None), Message.state != MessageState.WAITING)
            .values(accepted_at=Message.sending_at)
        )
