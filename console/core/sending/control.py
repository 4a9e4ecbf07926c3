"""What a person may do to sending as a whole, and to messages whose outcome cannot be known."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy.orm import Session

from console.core.campaigns.decisions import TamperedWhileRunning
from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.i18n import T
from console.core.messages.classes import CLASSES
from console.core.security.permissions import Permission
from console.core.sending.integrity import SECRET_NAME
from console.core.sending.seals import is_sealed, resend_of, seal_batch
from db import outbox_decisions, outbox_seals
from db.models import BatchState

REASON_LENGTH = 200
STOPPED = Change.of(Topic.OUTBOX, Topic.LINES, Topic.CAMPAIGNS)
CHUNK = 500  # messages in one transaction, so that no line waits long


class Decision(StrEnum):
    RESEND = "resend"  # the person is sure that it did not arrive, or accepts a second one
    SENT = "sent"
    CANCEL = "cancel"


def stop_all(ctx: Context, reason: str = "") -> Change:
    """Nothing leaves any more, from the next message on. Raises NotPermitted."""
    ctx.require(Permission.SENDING_STOP)
    with ctx.database.begin() as session:
        if outbox_decisions.set_stopped(
            session, True, user_id=ctx.actor.user_id or None, now=ctx.clock.now(), reason=reason
        ):
            ctx.audit(session, "sending.stop", "sending", reason=reason)
    return STOPPED


def resume_all(ctx: Context) -> Change:
    ctx.require(Permission.SENDING_RESUME)
    with ctx.database.begin() as session:
        if outbox_decisions.set_stopped(session, False, user_id=ctx.actor.user_id or None, now=ctx.clock.now()):
            ctx.audit(session, "sending.resume", "sending")
    return STOPPED


def stop_class(ctx: Context, class_key: str, reason: str) -> Change:
    """No message of this class leaves any more, from the next one on; they wait. Raises NotPermitted, UserError."""
    ctx.require(Permission.SENDING_STOP)
    if class_key not in CLASSES:
        raise UserError(T("This kind of message does not exist."), T("Choose one of the list."))
    reason = _said(reason)
    with ctx.database.begin() as session:
        if outbox_decisions.stop_class(
            session, class_key, user_id=ctx.actor.user_id or None, now=ctx.clock.now(), reason=reason
        ):
            ctx.audit(session, "sending.stop_class", "sending", class_key=class_key, reason=reason)
    return STOPPED


def resume_class(ctx: Context, class_key: str) -> Change:
    """Raises NotPermitted."""
    ctx.require(Permission.SENDING_RESUME)
    with ctx.database.begin() as session:
        if outbox_decisions.resume_class(session, class_key):
            ctx.audit(session, "sending.resume_class", "sending", class_key=class_key)
    return STOPPED


def _said(reason: str) -> str:
    if not reason.strip():
        raise UserError(T("Please say why it is stopped."), T("Everybody reads it until the stop is lifted."))
    return reason.strip()[:REASON_LENGTH]


def resolve_unknown(ctx: Context, message_ids: Sequence[int], decision: Decision | str) -> int:
    """Decide messages whose outcome is unknown; how many were. Others (a report came meanwhile) are left alone.

    Raises NotPermitted; UserError when a message to be sent again belongs to a campaign that is cancelled or expired.
    """
    ctx.require(Permission.OUTBOX_RESOLVE)
    chosen = Decision(decision)
    done = 0
    for start in range(0, len(message_ids), CHUNK):
        done += _resolve(ctx, message_ids[start : start + CHUNK], chosen)
    return done


def _resolve(ctx: Context, message_ids: Sequence[int], decision: Decision) -> int:
    now, secret = ctx.clock.now(), ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        found = outbox_decisions.lock_unknown(session, message_ids)
        if not found:
            return 0
        if decision is Decision.RESEND:
            if outbox_decisions.not_resendable(session, found, now):
                raise UserError(
                    T("Messages of a cancelled or expired campaign cannot be sent again."),
                    T("Copy the campaign and submit it for approval."),
                )
            for message_id, attempt in outbox_seals.tried(session, found).items():
                session.add(resend_of(secret, message_id, attempt, ctx.actor.user_id or None, now))
            _open_again(session, secret, found)
            outbox_decisions.resend(session, found)
        elif decision is Decision.SENT:
            outbox_decisions.call_sent(session, found, now)
        else:
            outbox_decisions.call_off(session, found, now)
        ctx.audit(session, "outbox.resolve", _subject(found), decision=decision, messages=found)
    return len(found)


def _open_again(session: Session, secret: bytes, message_ids: Sequence[int]) -> None:
    """Batches that had finished. Raises TamperedWhileRunning."""
    for batch in outbox_decisions.finished_batches(session, message_ids):
        if not is_sealed(secret, batch):
            raise TamperedWhileRunning()
        batch.state, batch.closed_at = BatchState.OPEN, None
        seal_batch(secret, batch)


def _subject(message_ids: Sequence[int]) -> str:
    return f"message:{message_ids[0]}" if len(message_ids) == 1 else f"messages:{message_ids[0]}-{message_ids[-1]}"
