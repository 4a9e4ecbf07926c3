"""What is stored is not what was approved: nothing more of its batch leaves, and people are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.sending.seals import Seals, reseal
from db import audit, outbox_recovery, outbox_seals
from db.models import Discrepancy, DiscrepancyKind
from db.outbox import Claimed

MOST = 200  # messages that are remembered of one discrepancy


@dataclass(frozen=True, kw_only=True)
class Alarm:
    kind: DiscrepancyKind
    batch_id: int
    message_id: int | None = None

    @staticmethod
    def of(message: Claimed, kind: DiscrepancyKind) -> Alarm:
        return Alarm(kind=kind, batch_id=message.batch_id, message_id=message.message_id)


def raise_alarm(session: Session, secret: bytes, alarm: Alarm, now: datetime, **figures: int) -> None:
    """Pause the batch, and put it on record and on the home page, in the caller's transaction.

    A batch that is itself sound keeps a seal that fits, so that a person may let it go on; another never opens again.
    """
    sound = Seals(secret).fits(outbox_seals.batch_values(session, [alarm.batch_id])[alarm.batch_id])
    paused = outbox_recovery.pause_batch(session, alarm.batch_id)
    if paused and sound:
        reseal(session, secret, alarm.batch_id)
    _note(session, alarm, now, figures)
    audit.append(
        session,
        at=now,
        actor_id=None,
        actor="system",
        action="outbox.tampered",
        subject=f"batch:{alarm.batch_id}" if alarm.message_id is None else f"message:{alarm.message_id}",
        detail={"batch": alarm.batch_id, "paused": paused, "kind": alarm.kind.value, **figures},
    )


def _note(session: Session, alarm: Alarm, now: datetime, figures: dict[str, int]) -> None:
    """One open discrepancy for each kind and batch, however many messages it is about."""
    query = select(Discrepancy).where(
        Discrepancy.kind == alarm.kind,
        Discrepancy.batch_id == alarm.batch_id,
        Discrepancy.alarm,
        Discrepancy.settled_at.is_(None),
    )
    known = session.scalars(query.limit(1)).one_or_none()
    if known is None:
        known = Discrepancy(kind=alarm.kind, batch_id=alarm.batch_id, figures=figures, alarm=True, found_at=now)
        known.messages = []
        session.add(known)
    if alarm.message_id is not None and alarm.message_id not in known.messages and len(known.messages) < MOST:
        known.messages = [*known.messages, alarm.message_id]
