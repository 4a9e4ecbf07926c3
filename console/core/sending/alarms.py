"""What is stored is not what was approved: nothing more of its batch leaves, and people are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from console.core.sending.seals import Seals, reseal
from db import audit, outbox_recovery, outbox_seals
from db.models import Discrepancy, DiscrepancyKind
from db.outbox import Claimed


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
    session.add(
        Discrepancy(
            kind=alarm.kind,
            batch_id=alarm.batch_id,
            messages=[] if alarm.message_id is None else [alarm.message_id],
            figures=figures,
            alarm=True,
            found_at=now,
        )
    )
    audit.append(
        session,
        at=now,
        actor_id=None,
        actor="system",
        action="outbox.tampered",
        subject=f"batch:{alarm.batch_id}" if alarm.message_id is None else f"message:{alarm.message_id}",
        detail={"batch": alarm.batch_id, "paused": paused, "kind": alarm.kind.value, **figures},
    )
