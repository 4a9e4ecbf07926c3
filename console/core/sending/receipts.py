"""Delivery reports: stored first, matched second, folded into the state of their message third.

The steps are functions over one write transaction; the dispatcher's writer runs them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from console.core.sending.causes import explain
from console.core.sending.folding import fold, moves
from console.core.sending.matching import NAMELESS_WINDOW, REMEMBER, Found, digits, match
from db import outbox_receipts, outbox_results
from db.models import PartState
from db.outbox_receipts import Candidate, NewReceipt, PartChange, StoredReceipt, Twin
from db.outbox_results import Folded
from gsm.messages import DeliveryOutcome, DeliveryReport

_FINAL = (PartState.DELIVERED, PartState.FAILED, PartState.EXPIRED)
_STATES = {
    DeliveryOutcome.DELIVERED: PartState.DELIVERED,
    DeliveryOutcome.FORWARDED: PartState.FORWARDED,
    DeliveryOutcome.TRYING: PartState.ACCEPTED,  # still on its way, but proof that it was accepted
    DeliveryOutcome.FAILED: PartState.FAILED,
    DeliveryOutcome.EXPIRED: PartState.EXPIRED,
}


def as_row(line_id: int, report: DeliveryReport) -> NewReceipt:
    return NewReceipt(
        line_id=line_id,
        sender_identity=report.sender_identity,
        reference=report.reference,
        recipient=report.recipient[:40],
        outcome=report.outcome.value,
        status=report.status[:16],
        sent_at=report.sent_at,
        done_at=report.done_at,
        received_at=report.received_at,
        raw=report.raw,
    )


def match_stored(session: Session, receipt_ids: Collection[int], now: datetime) -> int:
    return _match(session, outbox_receipts.by_id(session, receipt_ids), now)


def match_early(session: Session, references: Collection[str], now: datetime) -> int:
    """Reports that had overtaken the acceptances with these references."""
    return _match(session, outbox_receipts.unmatched_for(session, references, now - REMEMBER), now)


def match_again(session: Session, now: datetime, *, after: int, limit: int) -> tuple[int, int]:
    """One page of all that match nothing; how many do now, and where the next page begins (0: no more)."""
    page = outbox_receipts.unmatched(session, now - REMEMBER, after=after, limit=limit)
    found = _match(session, page, now)
    return found, page[-1].receipt_id if len(page) == limit else 0


def _match(session: Session, receipts: Sequence[StoredReceipt], now: datetime) -> int:
    """Match in the order of arrival; each sees what the ones before it have changed."""
    if not receipts:
        return 0
    work = _Work(session, receipts, now)
    for receipt in receipts:
        work.take(receipt)
    outbox_receipts.change_parts(session, list(work.changes.values()))
    outbox_receipts.mark_matched(session, work.matched)
    refold(session, work.touched, now)
    return len(work.matched)


class _Work:
    """One pass over some reports: what they may speak of, and what they have changed so far."""

    def __init__(self, session: Session, receipts: Sequence[StoredReceipt], now: datetime) -> None:
        earliest = min(receipt.sent_at or receipt.received_at for receipt in receipts)
        named = outbox_receipts.named_parts(session, receipts, now - REMEMBER)
        nameless = outbox_receipts.nameless_parts(session, receipts, earliest - NAMELESS_WINDOW)
        twins = outbox_receipts.twins(session, receipts)
        closed = outbox_receipts.parts_by_id(session, {twin.part_id for twin in twins}) if twins else {}
        self._parts = {**closed, **{part.part_id: part for part in (*named, *nameless)}}
        self._named: dict[str, set[int]] = defaultdict(set)
        self._nameless: dict[str, set[int]] = defaultdict(set)
        self._twins: dict[tuple[str, str], list[Twin]] = defaultdict(list)
        for part in named:
            self._named[part.reference].add(part.part_id)
        for part in nameless:
            self._nameless[_tail(part.phone)].add(part.part_id)
        for twin in twins:
            self._twins[twin.reference, twin.recipient].append(twin)
        self.changes: dict[int, PartChange] = {}
        self.matched: list[tuple[int, int]] = []
        self.touched: set[int] = set()

    def take(self, receipt: StoredReceipt) -> None:
        twins = self._twins[receipt.reference, receipt.recipient]
        ids = self._named[receipt.reference] | self._nameless[_tail(receipt.recipient)]
        result = match(receipt, twins, [self._parts[part_id] for part_id in sorted(ids)])
        if result is None:
            return
        part = result.part if isinstance(result, Found) else self._parts[result.part_id]
        self.matched.append((receipt.receipt_id, part.part_id))
        twins.append(_twin(receipt, part.part_id))
        if part.state not in _FINAL:
            self._change(part, receipt)

    def _change(self, part: Candidate, receipt: StoredReceipt) -> None:
        state = _STATES[DeliveryOutcome(receipt.outcome)]
        if part.state is PartState.FORWARDED and state is PartState.ACCEPTED:
            state = PartState.FORWARDED  # "still trying" that was overtaken
        failed = state in (PartState.FAILED, PartState.EXPIRED)
        self.changes[part.part_id] = PartChange(
            part_id=part.part_id,
            state=state,
            reference=receipt.reference,
            sender_identity=part.sender_identity or receipt.sender_identity,
            error=status_code(receipt.status) if failed else "",
            status=receipt.status,
            accepted_at=part.accepted_at or part.sending_at,
            done_at=(receipt.done_at or receipt.received_at) if state in _FINAL else None,
        )
        self.touched.add(part.message_id)
        self._parts[part.part_id] = replace(part, state=state, reference=receipt.reference)
        self._nameless[_tail(part.phone)].discard(part.part_id)
        if state in _FINAL:
            self._named[receipt.reference].discard(part.part_id)
        else:
            self._named[receipt.reference].add(part.part_id)


def _tail(number: str) -> str:
    return digits(number)[-9:]


def _twin(receipt: StoredReceipt, part_id: int) -> Twin:
    return Twin(
        part_id=part_id,
        sender_identity=receipt.sender_identity,
        reference=receipt.reference,
        recipient=receipt.recipient,
        sent_at=receipt.sent_at,
        raw=receipt.raw,
    )


def status_code(status: str) -> str:
    """``46`` of a modem is ``tp.46``; ``MK:0001`` of a gateway is ``dr.MK:0001``."""
    try:
        return f"tp.{int(status, 16):02x}" if len(status) == 2 else f"dr.{status}"
    except ValueError:
        return f"dr.{status}"


def refold(session: Session, message_ids: Iterable[int], now: datetime) -> None:
    """Give messages the state that their parts have together, where they may take it."""
    messages, parts = outbox_results.messages_with_parts(session, message_ids)
    folded: dict[int, Folded] = {}
    for message_id, message in messages.items():
        result = fold(parts[message_id], message.parts)
        if moves(message.state, result.state):
            text = explain(result.error).text.dump() if result.error else ""
            folded[message_id] = Folded(state=result.state, reason=result.error, reason_text=text)
    outbox_results.write_folded(session, folded, now)
    outbox_receipts.accept_late(session, folded, now)
