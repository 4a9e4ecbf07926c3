"""Refusals by reply: a word that means "no more advertising" takes the number out of marketing at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from console.core.compliance.purpose import Purpose
from db import audit
from db.models import Consent, Customer, Suppression

WORDS = frozenset({"R", "T", "TD", "N", "退订", "退訂", "拒收"})
SOURCE = "reply"


@dataclass(frozen=True, kw_only=True)
class Reply:
    inbound_id: int
    phone: str  # as customers' numbers are stored
    body: str
    received_at: datetime


def is_refusal(body: str) -> bool:
    """The whole message is one of the words, whatever its width, case, spaces and punctuation around it."""
    return folded(body) in {word.casefold() for word in WORDS}


def folded(body: str) -> str:
    wide = unicodedata.normalize("NFKC", body).casefold()
    return "".join(char for char in wide if unicodedata.category(char)[0] not in "ZPSC")


def honour(session: Session, reply: Reply) -> None:
    """Suppress marketing to the number and withdraw its owners' consent, once however often they refuse."""
    scope = Purpose.MARKETING.value
    known = session.scalar(
        select(Suppression.id).where(
            Suppression.phone == reply.phone, Suppression.scope == scope, Suppression.issuer == "branch"
        )
    )
    customers = session.scalars(select(Customer.id).where(Customer.phone == reply.phone).order_by(Customer.id)).all()
    if known is not None:
        session.execute(update(Suppression).where(Suppression.id == known).values(until=None))
    else:
        session.execute(
            insert(Suppression).values(
                phone=reply.phone, scope=scope, reason="refused", source=SOURCE, created_at=reply.received_at
            )
        )
    _withdraw(session, customers, reply)
    audit.append(
        session,
        at=reply.received_at,
        actor_id=None,
        actor="system",
        action="consent.refused",
        subject=f"inbound:{reply.inbound_id}",
        detail={"scope": scope, "customers": list(customers), "again": known is not None},
    )


def _withdraw(session: Session, customers: Sequence[int], reply: Reply) -> None:
    rows = [
        {
            "customer_id": customer,
            "purpose": Purpose.MARKETING.value,
            "granted": False,
            "source": SOURCE,
            "evidence": f"inbound:{reply.inbound_id}",
            "at": reply.received_at,
        }
        for customer in customers
    ]
    if rows:
        session.execute(insert(Consent), rows)
