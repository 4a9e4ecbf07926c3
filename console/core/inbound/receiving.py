"""What people write to our lines: stored as it came, with its effect, before the line may forget it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from console.core.inbound.optout import Reply, honour, is_refusal
from db.models import Customer, InboundMessage
from gsm.messages import Inbound, Undecodable

_MOBILE = re.compile(r"^(?:\+?86|0086)?(1[3-9]\d{9})$")


def domestic(number: str) -> str:
    """A mobile number as customers' numbers are stored; any other as it came."""
    found = _MOBILE.match(number)
    return found[1] if found else number


def store(session: Session, items: Sequence[tuple[int, Inbound | Undecodable]]) -> list[int]:
    """Keep what a line received; refusals take effect in the same transaction. Ids in the order of ``items``."""
    ids = []
    for line_id, received in items:
        if isinstance(received, Inbound):
            ids.append(_store_message(session, line_id, received))
        else:
            ids.append(_insert(session, line_id=line_id, sender="", body="", undecodable=True, **_common(received)))
    return ids


def _store_message(session: Session, line_id: int, received: Inbound) -> int:
    phone = domestic(received.sender)
    customer = session.scalar(select(Customer.id).where(Customer.phone == phone).order_by(Customer.id).limit(1))
    inbound_id = _insert(
        session,
        line_id=line_id,
        sender=phone[:40],
        body=received.body,
        complete=received.complete,
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
    return {"raw": received.raw, "received_at": received.received_at}


def _insert(session: Session, **values: object) -> int:
    return session.scalars(insert(InboundMessage).values(**values).returning(InboundMessage.id)).one()
