"""Which part a delivery report speaks of.

By SIM card (or line), reference, the last digits of the number and the time, over parts that are still open. A modem's
references wrap at 256, so several open parts may carry the same one; the centre's time of submission then decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from db.models import PartState
from db.outbox_receipts import Candidate, StoredReceipt, Twin

REMEMBER = timedelta(days=7)  # how long a report may follow its message
CLOCK_ERROR = timedelta(hours=15)  # a centre that gives the wrong time zone
NAMELESS_WINDOW = timedelta(minutes=10)  # for a part without reference the centre's clock must be right
EARLY = timedelta(minutes=5)  # our clock against our own: a part cannot be reported before it left


@dataclass(frozen=True)
class Repeated:
    part_id: int


@dataclass(frozen=True)
class Found:
    part: Candidate


Match = Repeated | Found | None


def match(receipt: StoredReceipt, twins: Iterable[Twin], candidates: Sequence[Candidate]) -> Match:
    for twin in twins:
        if _same_submission(receipt, twin):
            return Repeated(twin.part_id)
    here = [part for part in candidates if _of_the_same_card(receipt, part) and same_number(receipt, part)]
    named = [part for part in here if part.reference == receipt.reference and _in_time(receipt, part)]
    if named:
        return Found(min(named, key=lambda part: _distance(receipt, part)))
    return _nameless(receipt, here)


def _nameless(receipt: StoredReceipt, here: Sequence[Candidate]) -> Match:
    """A part whose acceptance nobody saw: only when it is the only one that fits, and none is just being sent."""
    if any(part.state is PartState.SENDING for part in here):
        return None
    fitting = [part for part in here if not part.reference and _in_narrow_time(receipt, part)]
    return Found(fitting[0]) if len(fitting) == 1 else None


def _same_submission(receipt: StoredReceipt, twin: Twin) -> bool:
    """The centre's time of submission tells two uses of one reference apart; without it only the same bytes do."""
    if (receipt.reference, receipt.recipient) != (twin.reference, twin.recipient):
        return False
    if receipt.sender_identity != twin.sender_identity:
        return False
    if receipt.sent_at is None or twin.sent_at is None:
        return receipt.raw == twin.raw
    return receipt.sent_at == twin.sent_at


def _of_the_same_card(receipt: StoredReceipt, part: Candidate) -> bool:
    if receipt.sender_identity and part.sender_identity:
        return receipt.sender_identity == part.sender_identity
    return receipt.line_id == part.line_id


def same_number(receipt: StoredReceipt, part: Candidate) -> bool:
    """Centres write one number in many ways: the last ten digits count, nine where one has no more."""
    ours, theirs = digits(part.phone), digits(receipt.recipient)
    tail = min(10, len(ours), len(theirs))
    return ours == theirs if tail < 9 else ours[-tail:] == theirs[-tail:]


@lru_cache(maxsize=4096)
def digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())


def _in_time(receipt: StoredReceipt, part: Candidate) -> bool:
    if not part.sending_at - EARLY <= receipt.received_at <= part.sending_at + REMEMBER:
        return False
    return receipt.sent_at is None or abs(receipt.sent_at - _left_at(part)) <= CLOCK_ERROR


def _in_narrow_time(receipt: StoredReceipt, part: Candidate) -> bool:
    if receipt.sent_at is None or not _in_time(receipt, part):
        return False
    return abs(receipt.sent_at - part.sending_at) <= NAMELESS_WINDOW


def _distance(receipt: StoredReceipt, part: Candidate) -> timedelta:
    return abs((receipt.sent_at or receipt.received_at) - _left_at(part))


def _left_at(part: Candidate) -> datetime:
    return part.accepted_at or part.sending_at
