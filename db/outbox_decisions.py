"""What a person decides about messages: the global stop, and outcomes that cannot be known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models import Batch, BatchState, Campaign, CampaignState, Control, Message, MessageState

_REOPENABLE = (BatchState.OPEN, BatchState.PAUSED, BatchState.FINISHED)


def set_stopped(session: Session, stopped: bool, *, user_id: int | None, now: datetime, reason: str = "") -> bool:
    """Switch the global stop; False when it already was so."""
    changed = session.execute(
        update(Control)
        .where(Control.stopped.is_not(stopped))
        .values(stopped=stopped, reason=reason if stopped else "", changed_by=user_id, changed_at=now)
        .returning(Control.id)
    )
    return bool(changed.all())


def stop_class(session: Session, class_key: str, *, user_id: int | None, now: datetime, reason: str) -> bool:
    """False when it was stopped already: the first one's name and reason stay."""
    classes = _stopped_classes(session)
    if class_key in classes:
        return False
    record = {"by": user_id, "at": now.astimezone(UTC).isoformat(), "reason": reason}
    session.execute(update(Control).values(classes={**classes, class_key: record}))
    return True


def resume_class(session: Session, class_key: str) -> bool:
    """False when it was not stopped."""
    classes = _stopped_classes(session)
    if class_key not in classes:
        return False
    session.execute(update(Control).values(classes={key: each for key, each in classes.items() if key != class_key}))
    return True


def _stopped_classes(session: Session) -> dict[str, Any]:
    """Held until the end of the transaction: it waits for those that are at the last gate now."""
    return dict(session.execute(select(Control.classes).with_for_update()).scalar_one())


def lock_unknown(session: Session, message_ids: Sequence[int]) -> list[int]:
    """Those of ``message_ids`` whose outcome is unknown now, held until the end of the transaction."""
    query = select(Message.id).where(Message.id.in_(message_ids), Message.state == MessageState.UNKNOWN)
    return list(session.scalars(query.order_by(Message.id).with_for_update()))


def not_resendable(session: Session, message_ids: Sequence[int], now: datetime) -> int:
    """How many of them belong to a batch that must not send any more: cancelled, or past its time."""
    closed = Batch.state.not_in(_REOPENABLE) | (Batch.expires_at <= now)
    query = select(func.count(Message.id)).join(Batch, Batch.id == Message.batch_id)
    query = query.where(Message.id.in_(message_ids), closed)
    return session.scalar(query) or 0


def finished_batches(session: Session, message_ids: Sequence[int]) -> list[Batch]:
    """Of these messages, held until the end of the transaction."""
    batches = select(Message.batch_id).where(Message.id.in_(message_ids))
    query = select(Batch).where(Batch.id.in_(batches), Batch.state == BatchState.FINISHED)
    return list(session.scalars(query.order_by(Batch.id).with_for_update()))


def resend(session: Session, message_ids: Sequence[int]) -> None:
    """Back to waiting; the campaigns of batches that had finished go on."""
    batches = session.scalars(select(Message.batch_id).where(Message.id.in_(message_ids)).distinct()).all()
    session.execute(
        update(Campaign)
        .where(Campaign.batch_id.in_(batches), Campaign.state == CampaignState.FINISHED)
        .values(state=CampaignState.APPROVED)
    )
    session.execute(
        update(Message)
        .where(Message.id.in_(message_ids))
        .values(
            state=MessageState.WAITING,
            reason="",
            reason_text="",
            not_before=None,
            attempts=0,
            line_id=None,
            owner="",
            lease_until=None,
            accepted_at=None,
            done_at=None,
        )
    )


def call_sent(session: Session, message_ids: Sequence[int], now: datetime) -> None:
    """Taken for accepted. Its parts stay as they are, so that a late report still finds them."""
    _close(session, message_ids, state=MessageState.ACCEPTED, reason="person.sent", accepted_at=_left_at(now))


def call_off(session: Session, message_ids: Sequence[int], now: datetime) -> None:
    _close(session, message_ids, state=MessageState.CANCELLED, reason="person.cancelled", done_at=now)


def _left_at(now: datetime) -> object:
    return func.coalesce(Message.accepted_at, Message.sending_at, now)


def _close(session: Session, message_ids: Sequence[int], **values: object) -> None:
    session.execute(update(Message).where(Message.id.in_(message_ids)).values(reason_text="", **values))
