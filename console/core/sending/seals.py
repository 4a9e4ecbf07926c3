"""Keyed seals over what was decided: a batch, a decision, leave to send again. Who changes a row by hand breaks them.

A batch is sealed when it is put before the checkers, and anew each time the program opens, pauses or closes it, so
that a batch which somebody opened in the database has no seal that fits. What has none from before there were seals is
sealed once (``adopt``), where the audit trail bears it out.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from console.core.sending.integrity import framed
from db import outbox_seals
from db.audit import canonical
from db.engine import Database
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    Decision,
    DiscrepancyKind,
    Resend,
    Secret,
)

MARK = "sealed"  # a row of ``Secret``: from here on nothing is without its seal
_STATES = (BatchState.PENDING, BatchState.OPEN, BatchState.PAUSED, BatchState.CANCELLED, BatchState.FINISHED)


def batch_seal(secret: bytes, values: Sequence[Any]) -> str:
    """``values`` in the order of ``outbox_seals.SEALED``; anything behind them is left out."""
    return _seal(secret, "batch", values[: len(outbox_seals.SEALED)])


def seal_batch(secret: bytes, batch: Batch) -> None:
    """Over the batch as it is now; it has its id."""
    batch.seal = batch_seal(secret, outbox_seals.values_of(batch))


def batch_fits(secret: bytes, values: Sequence[Any]) -> bool:
    """``values`` as ``outbox_seals.sealed_values`` gives them."""
    return hmac.compare_digest(values[-1], batch_seal(secret, values))


def is_sealed(secret: bytes, batch: Batch) -> bool:
    return batch_fits(secret, outbox_seals.values_of(batch))


def seal_decision(secret: bytes, decision: Decision) -> None:
    decision.seal = _decision_seal(secret, decision)


def decision_fits(secret: bytes, decision: Decision) -> bool:
    return hmac.compare_digest(decision.seal, _decision_seal(secret, decision))


def _decision_seal(secret: bytes, decision: Decision) -> str:
    return _seal(secret, "decision", [getattr(decision, name) for name in outbox_seals.DECIDED])


def resend_of(secret: bytes, message_id: int, attempt: int, user_id: int | None, now: datetime) -> Resend:
    made = Resend(message_id=message_id, attempt=attempt, decided_by=user_id, decided_at=now)
    made.seal = _resend_seal(secret, made)
    return made


def _resend_seal(secret: bytes, resend: Resend) -> str:
    return _seal(secret, "resend", (resend.message_id, resend.attempt, resend.decided_by, resend.decided_at))


def signed(secret: bytes, batch: Sequence[Any], decisions: Sequence[Decision]) -> bool:
    """Whether the decisions are whole, and one of them lets a campaign's batch out."""
    if not all(decision_fits(secret, each) for each in decisions):
        return False
    told = dict(zip(outbox_seals.SEALED, batch, strict=False))
    if told["kind"] is not BatchKind.CAMPAIGN or told["campaign_id"] is None or told["state"] is BatchState.PENDING:
        return True
    return any(each.approved and each.digest == told["digest"] for each in decisions)


class Seals:
    """Those of the batches that a dispatcher sends from; what has not changed is not computed again."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[int, tuple[Any, ...]] = {}

    def fits(self, values: tuple[Any, ...]) -> bool:
        """``outbox_seals.sealed_values`` of a batch."""
        batch_id: int = values[0]
        if self._known.get(batch_id) == values:
            return True
        if not batch_fits(self._secret, values):
            return False
        self._known[batch_id] = values
        return True

    def unsound(self, session: Session, batch_ids: Collection[int]) -> dict[int, DiscrepancyKind]:
        """Batches that are not as they were approved, or not approved at all, and what is wrong with them."""
        decided = outbox_seals.decisions(session, batch_ids)
        found = {}
        for batch_id, values in outbox_seals.batch_values(session, batch_ids).items():
            if not self.fits(values):
                found[batch_id] = DiscrepancyKind.BATCH
            elif not signed(self._secret, values, decided.get(batch_id, [])):
                found[batch_id] = DiscrepancyKind.DECISION
        return found

    def implausible(self, session: Session, message_ids: Collection[int]) -> set[int]:
        """Messages that say they may leave although they have left, or may have, or were tried more often."""
        pasts = outbox_seals.pasts(session, message_ids)
        return {id_ for id_, past in pasts.items() if not past.plausible(self._decided(past.resends))}

    def decided(self, session: Session, message_ids: Collection[int]) -> dict[int, int]:
        """The last attempt that a person knew of who let a message go again; only messages with such a decision."""
        found: dict[int, list[Resend]] = {}
        for each in session.scalars(select(Resend).where(Resend.message_id.in_(message_ids))):
            found.setdefault(each.message_id, []).append(each)
        return {message_id: self._decided(resends) for message_id, resends in found.items()}

    def _decided(self, resends: Sequence[Resend]) -> int:
        sound = (each for each in resends if hmac.compare_digest(each.seal, _resend_seal(self._secret, each)))
        return max((each.attempt for each in sound), default=0)


def adopt(database: Database, secret: bytes) -> int:
    """Seal what is from before there were seals, once in the life of a database; how many batches were."""
    with database.read() as session:
        if session.get(Secret, MARK) is not None:
            return 0
    with database.begin() as session:
        if session.get(Secret, MARK) is not None:
            return 0
        session.execute(insert(Secret).values(name=MARK, value=b"1"))
        on_record = _approvals_on_record(session)
        for decision in session.scalars(select(Decision).where(Decision.seal == "")):
            if not decision.approved or (decision.batch_id, decision.digest) in on_record:
                seal_decision(secret, decision)
        adopted = 0
        for batch in session.scalars(select(Batch).where(Batch.seal == "", Batch.state.in_(_STATES))):
            unopened = batch.kind is not BatchKind.CAMPAIGN or batch.state is BatchState.PENDING
            if unopened or (batch.id, batch.digest) in on_record:
                seal_batch(secret, batch)
                adopted += 1
        return adopted


def _approvals_on_record(session: Session) -> set[tuple[int, str]]:
    entries = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "campaign.approve"))
    told = [json.loads(detail) for detail in entries]
    return {(each.get("batch"), each.get("digest", "")) for each in told}


def reseal(session: Session, secret: bytes, batch_id: int) -> None:
    """After the program changed its state in the database itself."""
    values = outbox_seals.batch_values(session, [batch_id])[batch_id]
    session.execute(update(Batch).where(Batch.id == batch_id).values(seal=batch_seal(secret, values)))


def _seal(secret: bytes, kind: str, values: Sequence[Any]) -> str:
    return hmac.digest(secret, framed(kind, *map(_plain, values)), "sha256").hex()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Enum):
        return str(value.value)
    return canonical(value) if isinstance(value, dict) else str(value)
