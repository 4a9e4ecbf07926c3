"""What the states of its parts make of a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.models import MessageState, PartState
from db.outbox_results import PartRow

# The worst part decides: any part that failed fails the message, and all must be delivered to deliver it.
_ORDER = (
    (PartState.FAILED, MessageState.UNDELIVERED),
    (PartState.EXPIRED, MessageState.EXPIRED),
    (PartState.REFUSED, MessageState.REFUSED),
    (PartState.UNKNOWN, MessageState.UNKNOWN),
    (PartState.NOT_SENT, MessageState.UNKNOWN),
    (PartState.SENDING, MessageState.SENDING),
)
_OPEN = (MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.UNDELIVERED, MessageState.EXPIRED)
_FINAL = (MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.EXPIRED)


@dataclass(frozen=True)
class Fold:
    state: MessageState
    error: str  # code of the part that decided it


def fold(parts: Sequence[PartRow], total: int) -> Fold:
    """From the latest attempt of each part; ``total`` is how many parts the message has."""
    latest: dict[int, PartRow] = {}
    for part in sorted(parts, key=lambda row: row.attempt):
        latest[part.sequence] = part
    rows = [latest[sequence] for sequence in sorted(latest)]
    for part_state, message_state in _ORDER:
        for row in rows:
            if row.state is part_state:
                return Fold(message_state, row.error)
    if len(rows) < total:
        return Fold(MessageState.UNKNOWN, "parts.left")
    if all(row.state is PartState.DELIVERED for row in rows):
        return Fold(MessageState.DELIVERED, "")
    return Fold(MessageState.ACCEPTED, "")


def moves(present: MessageState, folded: MessageState) -> bool:
    """Whether a report may take a message from its present state to the folded one.

    A message on its way out is left to its dispatcher, except that one about to be sent again by a person's decision
    (waiting, or claimed already) is not sent again once a report says that it was delivered. What a person called sent
    or cancelled gives way to proof only.
    """
    if present is folded:
        return False
    if present in (MessageState.WAITING, MessageState.CLAIMED):
        return folded is MessageState.DELIVERED
    if present is MessageState.CANCELLED:
        return folded in _FINAL
    if present is MessageState.ACCEPTED:
        return folded in _FINAL
    return present in _OPEN and folded is not MessageState.SENDING
