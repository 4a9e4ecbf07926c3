"""What must hold between a message, its parts and its line. Pure.

Of each line and day: taken = delivered + failed + expired + unknown + waiting for a receipt + being sent. *Taken* is
told by the parts alone: messages whose last attempt the line took, refused, or may have taken. The other side is told
by the messages alone. A message that was given up without ever having been taken stands on neither side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date

from console.core.sending.folding import fold
from db.models import MessageState, PartState
from db.outbox_reconcile import LEFT, Taken, Told
from db.outbox_results import PartRow

RESTORED = "backup.restored"  # given up because an older copy of the database is at work: it has no parts here
_ARRIVED = (MessageState.DELIVERED, MessageState.ACCEPTED)
_COLUMN = {
    MessageState.SENDING: "sending",
    MessageState.ACCEPTED: "waiting",
    MessageState.DELIVERED: "delivered",
    MessageState.UNDELIVERED: "failed",
    MessageState.REFUSED: "failed",
    MessageState.EXPIRED: "expired",
    MessageState.UNKNOWN: "unknown",
}


@dataclass
class Sum:
    """Messages of one line and day."""

    taken: int = 0
    delivered: int = 0
    failed: int = 0
    expired: int = 0
    unknown: int = 0
    waiting: int = 0  # for a receipt
    sending: int = 0
    odd: list[int] = field(default_factory=list)  # messages that stand on one side only

    @property
    def difference(self) -> int:
        return self.taken - self.delivered - self.failed - self.expired - self.unknown - self.waiting - self.sending

    def figures(self) -> dict[str, int]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "odd"}


Key = tuple[int, date]


def place(sums: dict[Key, Sum], told: Told, decided: int) -> None:
    """Count a message on both sides. ``decided``: a person let it go again after so many attempts."""
    taken = _taken(told.parts, decided)
    left = _left(told, taken)
    if taken is not None:
        sums.setdefault(taken, Sum()).taken += 1
    if left is not None:
        each = sums.setdefault(left, Sum())
        column = _COLUMN.get(told.state, "unknown")  # a person dropped what may have left
        setattr(each, column, getattr(each, column) + 1)
    if taken != left:
        for key in (taken, left):
            if key is not None:
                sums[key].odd.append(told.message_id)


def _taken(parts: Sequence[Taken], decided: int) -> Key | None:
    """Line and day of the last attempt that was not proved not to have left."""
    first = [part for part in parts if part.sequence == 1 and part.attempt > decided]
    last = max(first, key=lambda part: part.attempt, default=None)
    if last is None or last.state is PartState.NOT_SENT:
        return None
    return last.line_id, last.sending_at.astimezone().date()


def _left(told: Told, taken: Key | None) -> Key | None:
    if told.state not in LEFT or told.line_id is None or told.sending_at is None:
        return taken if told.state is MessageState.CANCELLED and told.reason.startswith("person.") else None
    given_up = told.state is MessageState.REFUSED and taken is None
    return None if given_up else (told.line_id, told.sending_at.astimezone().date())


def contradicts(told: Told) -> bool:
    """Whether a message says something else of its end than its parts do."""
    folded = fold([_row(part) for part in told.parts], told.total).state if told.parts else None
    match told.state:
        case MessageState.DELIVERED:
            return folded is not MessageState.DELIVERED
        case MessageState.ACCEPTED:
            return told.reason != "person.sent" and folded not in _ARRIVED
        case MessageState.UNDELIVERED:
            return folded is not MessageState.UNDELIVERED
        case MessageState.EXPIRED:
            return folded in _ARRIVED
        case MessageState.REFUSED:
            return folded in _ARRIVED
        case MessageState.UNKNOWN:
            never_sent_here = folded is None and told.reason == RESTORED
            return folded in (None, MessageState.DELIVERED) and not never_sent_here
        case MessageState.CANCELLED | MessageState.SUPPRESSED:
            return folded in _ARRIVED and not told.reason.startswith("person.")
        case _:
            return False


def _row(part: Taken) -> PartRow:
    return PartRow(
        part_id=part.part_id,
        message_id=part.message_id,
        sequence=part.sequence,
        attempt=part.attempt,
        state=part.state,
        error=part.error,
    )
