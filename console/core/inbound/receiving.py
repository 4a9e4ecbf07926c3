"""What people write to our lines: stored as it came, with its effect, before the line may forget it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from console.core.inbound.optout import Reply, honour, is_refusal
from console.core.inbound.remarks import remarks_of
from db.models import Customer, InboundMessage
from gsm.messages import Inbound, Undecodable

REPEATED_WITHIN = timedelta(days=3)  # a PDU carries the centre's time, so the same bytes are the same message
_MOBILE = re.compile(r"^(?:\+?86|0086)?(1[3-9]\d{9})$")


def domestic(number: str) -> str:
    """A mobile number as customers' numbers are stored; any other as it came."""
    found = _MOBILE.match(number)
    return found[1] if found else number


def store(session: Session, items: Sequence[tuple[int, Inbound | Undecodable]]) -> list[int]:
    """Keep what a line received; refusals take effect in the same transaction. Ids in the order of ``items``.

    A modem hands on again what it could not forget before the program ended: the same bytes from the same line.
    """
    ids = []
    for line_id, received in items:
        known = _known(session, line_id, received)
        if known is not None:
            ids.append(known)
        elif isinstance(received, Inbound):
            ids.append(_store_message(session, line_id, received))
        else:
            ids.append(_insert(session, line_id=line_id, sender="", body="", undecodable=True, **_common(received)))
    return ids


def _known(session: Session, line_id: int, received: Inbound | Undecodable) -> int | None:
    query = select(InboundMessage.id).where(
        InboundMessage.sender == (domestic(received.sender)[:40] if isinstance(received, Inbound) else ""),
        InboundMessage.received_at > received.received_at - REPEATED_WITHIN,
        InboundMessage.line_id == line_id,
        InboundMessage.raw == received.raw,
        InboundMessage.body == (received.body if isinstance(received, Inbound) else ""),
        InboundMessage.sent_at.is_not_distinct_from(received.sent_at if isinstance(received, Inbound) else None),
    )
    return session.scalar(query.order_by(InboundMessage.id).limit(1))


def _store_message(session: Session, line_id: int, received: Inbound) -> int:
    phone = domestic(received.sender)
    customer = session.scalar(select(Customer.id).where(Customer.phone == phone).order_by(Customer.id).limit(1))
    inbound_id = _insert(
        session,
        line_id=line_id,
        sender=phone[:40],
        body=received.body,
        complete=received.complete,
        flash=received.flash,
        customer_id=customer,
        sent_at=received.sent_at,
        **_common(received),
    )
    if is_refusal(received.body):
        honour(
            session,
            Reply(inbound_id=inbound_id, phone=phone[:20], body=received.body, received_at=received.received_at),
        )
    return inbound_id


def _common(received: Inbound | Undecodable) -> dict[str, object]:
    remarks = [remark.dump() for remark in remarks_of(received)]
    return {"raw": received.raw, "received_at": received.received_at, "remarks": remarks}


def _insert(session: Session, **values: object) -> int:
    return session.scalars(insert(InboundMessage).values(**values).returning(InboundMessage.id)).one()
