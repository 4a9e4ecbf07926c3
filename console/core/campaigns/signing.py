"""What approvers sign of a frozen batch."""

from __future__ import annotations

from collections.abc import Sequence

from console.core.campaigns import holdout, second
from console.core.campaigns.schedule import signed
from console.core.campaigns.second import Second
from console.core.sending.integrity import BatchDigest
from db.models import Batch, HoldOut


def signed_whole(messages: BatchDigest, batch: Batch, held: HoldOut | None, words: Sequence[Second]) -> str:
    """The digest of all messages and of the terms on which they are sent."""
    return messages.finish(
        class_key=batch.class_key,
        not_before=batch.not_before,
        expires_at=batch.expires_at,
        line_id=batch.line_id,
        hold_out=holdout.signed(held),
        schedule=signed(batch.schedule, batch.priority),
        words=second.signed(words),
    )
