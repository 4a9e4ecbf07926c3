"""Taking messages out of the house, step by step: claim, mark as sending, record what became of it.

Every verb works on many rows at once inside the caller's write transaction (``Database.begin``) and may be repeated:
a step that does not fit the row's present state changes nothing. Who may send is decided by rows alone: a run of a
dispatcher owns its claims and its line, and a claim counts only while its batch is open and nobody stopped everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session, aliased

from db.models import Batch, BatchKind, Control, Line, LineState, Message, MessageState
from db.outbox_batches import WIDE, Gate, OpenBatch, in_turn, obstacle, open_batches, waits_in

_ENOUGH = 2_000  # waiting rows that are counted at most
_REPLY_WAITS = timedelta(minutes=2)  # for the line of its conversation, while that is able to send


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A message as it was read when it was claimed; this copy is what leaves."""

    message_id: int
    batch_id: int
    kind: BatchKind
    class_key: str
    customer_id: int | None
    loan_id: int | None
    phone: str
    recipient: str
    body: str
    parts: int
    digest: str
    attempts: int
    told_amount: Decimal | None = None  # yuan, as its text says
    told_due: date | None = None


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a line may send now. Test messages are outside of hours and classes."""

    most_parts: int | None = None  # a longer message finds no room in its quota
    tests_only: bool = False
    classes: frozenset[str] | None = None  # None: all


_ANY = Scope()


@dataclass(frozen=True, kw_only=True)
class ClaimAsk:
    run: str
    line_id: int
    limit: int
    lease_until: datetime
    scope: Scope = _ANY


def waiting(session: Session, now: datetime, gate: Gate = WIDE) -> int:
    """How many messages some line could take now, counted up to 2,000; nothing of what is stopped."""
    control = session.execute(select(Control.stopped, Control.classes)).one()
    if control.stopped:
        return 0
    found = 0
    for batch in filter(gate.open, open_batches(session, now, control.classes)):
        for due in _due(now):
            rows = select(Message.id).where(waits_in(batch.id), due).limit(_ENOUGH - found).subquery()
            found += session.scalar(select(func.count()).select_from(rows)) or 0
            if found >= _ENOUGH:
                return found
    return found


def claim(
    session: Session, asks: Sequence[ClaimAsk], now: datetime, gate: Gate = WIDE, turn: int = 0
) -> list[list[Claimed]]:
    """Give each asker up to its limit of messages, the most urgent batch first; one list for each ask.

    A customer who was written to over one of the lines stays with it while it has room; a reply waits a little for
    the line of its conversation. ``turn`` counts the claims, so that each batch begins now and then.
    """
    control = session.execute(select(Control.stopped, Control.classes)).one()
    if control.stopped:
        return [[] for _ in asks]
    batches = [batch for batch in open_batches(session, now, control.classes) if gate.open(batch)]
    claiming = _Claiming(session, asks, now, in_turn(batches, turn), gate)
    return [claiming.serve(ask) for ask in asks]


@dataclass(frozen=True)
class _Able:
    owner: str
    ready: bool


def _able_lines(session: Session, now: datetime) -> dict[int, _Able]:
    rows = session.execute(select(Line.id, Line.owner, Line.lease_until, Line.enabled, Line.state))
    return {
        row.id: _Able(row.owner, row.state is LineState.READY)
        for row in rows
        if not line_is_lost(row.owner, row.lease_until, row.enabled, row.owner, now)
    }


class _Claiming:
    """One transaction in which several lines take what they send next. ``room``: what each may still take."""

    def __init__(
        self, session: Session, asks: Sequence[ClaimAsk], now: datetime, batches: Sequence[OpenBatch], gate: Gate
    ) -> None:
        self._session = session
        self._now = now
        self._batches = batches
        self._gate = gate
        self._able = _able_lines(session, now)
        self._room = Counter({ask.line_id: ask.limit for ask in asks if self._holds(ask)})

    def _holds(self, ask: ClaimAsk) -> bool:
        return ask.line_id in self._able and self._able[ask.line_id].owner == ask.run

    def serve(self, ask: ClaimAsk) -> list[Claimed]:
        if not self._holds(ask):
            return []
        taken: list[Claimed] = []
        for batch in self._batches:
            if len(taken) >= ask.limit:
                break
            if _may_carry(ask, batch):
                taken += self._take(batch, ask, ask.limit - len(taken))
        self._room[ask.line_id] -= len(taken)
        if taken:
            self._session.execute(
                update(Message)
                .where(Message.id.in_([row.message_id for row in taken]))
                .values(state=MessageState.CLAIMED, owner=ask.run, line_id=ask.line_id, lease_until=ask.lease_until)
            )
        return taken

    def _take(self, batch: OpenBatch, ask: ClaimAsk, wanted: int) -> list[Claimed]:
        room = self._gate.room(batch)
        wanted = wanted if room is None else min(room, wanted)
        taken: list[Claimed] = []
        for due in _due(self._now):
            if len(taken) < wanted:
                query = _select_waiting(batch.id, due, ask.scope)
                rest = wanted - len(taken)
                taken += self._pick(query, ask.line_id, rest, reply=batch.kind is BatchKind.REPLY)
        self._gate.took(batch, len(taken))
        return taken

    def _pick(self, query: Select[*tuple[Any, ...]], line_id: int, wanted: int, *, reply: bool) -> list[Claimed]:
        """What is at home on another line that asks is left to it as far as it has room."""
        others = +Counter({line: room for line, room in self._room.items() if line != line_id})
        if not others and not reply:
            return [Claimed(**row._mapping) for row in self._session.execute(query.limit(wanted))]
        chosen: list[Claimed] = []
        query = query.add_columns(_HOME, Message.created_at).limit(wanted + others.total())
        for row in self._session.execute(query):
            if others[row.home] > 0:
                others[row.home] -= 1
            elif not (reply and self._waits_for(row.home, line_id, row.created_at)) and len(chosen) < wanted:
                chosen.append(Claimed(**{name: row._mapping[name] for name in _CLAIMED}))
        return chosen

    def _waits_for(self, home: int | None, line_id: int, since: datetime) -> bool:
        """Whether a reply waits for the line of its conversation."""
        elsewhere = home is not None and home != line_id and home in self._able
        return elsewhere and self._able[home or 0].ready and self._now - since < _REPLY_WAITS


def _may_carry(ask: ClaimAsk, batch: OpenBatch) -> bool:
    if ask.scope.tests_only and batch.kind is not BatchKind.TEST:
        return False
    return obstacle(batch, ask.line_id, ask.scope.classes) is None


def _due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """First what was put off and is due, then what was never tried: each is one stretch of the index."""
    return Message.not_before <= now, Message.not_before.is_(None)


CLAIMED = (
    Message.id.label("message_id"),
    Message.batch_id,
    Batch.kind,
    Batch.class_key,
    Message.customer_id,
    Message.loan_id,
    Message.phone,
    Message.recipient,
    Message.body,
    Message.parts,
    Message.digest,
    Message.attempts,
    Message.told_amount,
    Message.told_due,
)


_CLAIMED = tuple(column.name for column in CLAIMED)
_EARLIER = aliased(Message)
_HOME = (
    select(_EARLIER.line_id)
    .where(_EARLIER.phone == Message.phone, _EARLIER.accepted_at.is_not(None))
    .order_by(_EARLIER.accepted_at.desc())
    .limit(1)
    .correlate(Message)
    .scalar_subquery()
    .label("home")
)


def _select_waiting(batch_id: int, due: ColumnElement[bool], scope: Scope = _ANY) -> Select[*tuple[Any, ...]]:
    fits = () if scope.most_parts is None else (Message.parts <= scope.most_parts,)
    return (
        select(*CLAIMED)
        .join(Batch, Batch.id == Message.batch_id)
        .where(waits_in(batch_id), due, *fits)
        .order_by(Message.not_before, Message.id)
        .with_for_update(of=Message, skip_locked=True)
    )


def line_is_lost(owner: str, lease_until: datetime | None, enabled: bool, run: str, now: datetime) -> bool:
    return not enabled or owner != run or lease_until is None or lease_until <= now


def give_back(session: Session, run: str, message_ids: Sequence[int]) -> None:
    """Claims of this run that did not start to leave wait again, for any line."""
    _leave_claim(session, run, message_ids, state=MessageState.WAITING, line_id=None)


def put_off(session: Session, run: str, message_ids: Sequence[int], until: datetime, reason: str, text: str) -> None:
    """Claims of this run wait until ``until``; ``text`` is stored as it is given."""
    _leave_claim(
        session,
        run,
        message_ids,
        state=MessageState.WAITING,
        line_id=None,
        not_before=until,
        reason=reason,
        reason_text=text,
    )


def suppress(session: Session, run: str, message_ids: Sequence[int], now: datetime, reason: str, text: str) -> None:
    """Claims of this run that a rule forbids never leave."""
    _leave_claim(
        session,
        run,
        message_ids,
        state=MessageState.SUPPRESSED,
        line_id=None,
        reason=reason,
        reason_text=text,
        done_at=now,
    )


def _leave_claim(session: Session, run: str, message_ids: Sequence[int], **values: object) -> None:
    if message_ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(message_ids), Message.state == MessageState.CLAIMED, Message.owner == run)
            .values(owner="", lease_until=None, **values)
        )
