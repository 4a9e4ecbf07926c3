"""What a person may do to sending as a whole, and to messages whose outcome cannot be known."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.i18n import T
from console.core.security.permissions import Permission
from db import outbox_decisions

CHUNK = 500  # messages in one transaction, so that no line waits long


class Decision(StrEnum):
    RESEND = "resend"  # the person is sure that it did not arrive, or accepts a second one
    SENT = "sent"
    CANCEL = "cancel"


def stop_all(ctx: Context) -> Change:
    """Nothing leaves any more, from the next message on. Raises NotPermitted."""
    return _switch(ctx, stopped=True)


def resume_all(ctx: Context) -> Change:
    return _switch(ctx, stopped=False)


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


def _switch(ctx: Context, *, stopped: bool) -> Change:
    ctx.require(Permission.SENDING_STOP if stopped else Permission.SENDING_RESUME)
    with ctx.database.begin() as session:
        changed = outbox_decisions.set_stopped(session, stopped, user_id=ctx.actor.user_id or None, now=ctx.clock.now())
        if changed:
            ctx.audit(session, "sending.stop" if stopped else "sending.resume", "sending")
    return Change.of(Topic.OUTBOX, Topic.LINES)


def _resolve(ctx: Context, message_ids: Sequence[int], decision: Decision) -> int:
    now = ctx.clock.now()
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
            outbox_decisions.resend(session, found)
        elif decision is Decision.SENT:
            outbox_decisions.call_sent(session, found, now)
        else:
            outbox_decisions.call_off(session, found, now)
        ctx.audit(session, "outbox.resolve", _subject(found), decision=decision, messages=found)
    return len(found)


def _subject(message_ids: Sequence[int]) -> str:
    return f"message:{message_ids[0]}" if len(message_ids) == 1 else f"messages:{message_ids[0]}-{message_ids[-1]}"
