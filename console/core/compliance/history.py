"""How much counts for a class's caps: messages to the customer or to the number, and calls to the customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Row, Select, String, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.core.compliance.model import Calls, Policy
from console.core.compliance.times import window_start
from console.core.messages.classes import MessageClass
from db.keys import keys
from db.models import Batch, BatchKind, BatchState, Contact, ContactKind, Message, MessageState

MAY_HAVE_LEFT = frozenset(
    {
        MessageState.SENDING,
        MessageState.ACCEPTED,
        MessageState.DELIVERED,
        MessageState.UNDELIVERED,
        MessageState.EXPIRED,
        MessageState.UNKNOWN,
    }
)
_OPENED = (BatchState.OPEN, BatchState.PAUSED, BatchState.CANCELLED, BatchState.FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    customer_id: int | None
    loan_id: int | None
    phone: str
    told_amount: Decimal | None = None  # yuan, as the frozen text says
    told_due: date | None = None  # of the instalment that it speaks of


class Person(Protocol):
    @property
    def customer_id(self) -> int | None: ...
    @property
    def phone(self) -> str: ...


class Counting:
    """One class at one moment: which messages count, and in which windows. Test messages never count."""

    def __init__(
        self,
        class_: MessageClass,
        policy: Policy,
        now: datetime,
        *,
        leaving: bool = False,
        exclude_messages: Collection[int] = (),
    ) -> None:
        """``leaving``: after the counts of what may have left come as many of what is claimed at this moment, whatever
        its age. ``exclude_messages`` do not count."""
        caps = policy.caps_of(class_)
        self._caps = [(cap.classes, window_start(cap.window, now, policy.zone)) for cap in caps]
        self._calls = [(cap.calls, since) for cap, (_, since) in zip(caps, self._caps, strict=True)]
        self._calling = any(calls is not Calls.NONE for calls, _ in self._calls)
        self._padding = (0,) * len(caps) if leaving else ()
        self.nothing = (0,) * len(caps) + self._padding
        self._silent = False
        self._exclude_messages = frozenset(exclude_messages)

    def look_ahead(self, session: Session) -> None:
        """For many recipients: when nothing in the whole database can count, ``count`` need not look again."""
        if not self._caps:
            return
        classes = frozenset().union(*(classes for classes, _ in self._caps))
        sent = select(Batch.id).where(
            Batch.class_key.in_(classes), Batch.kind != BatchKind.TEST, Batch.state.in_(_OPENED)
        )
        called = select(Contact.id).where(Contact.kind == ContactKind.CALL)
        self._calling = self._calling and session.scalar(called.limit(1)) is not None
        self._silent = session.scalar(sent.limit(1)) is None

    @property
    def idle(self) -> bool:
        """``count`` finds nothing for anybody."""
        return not self._caps or (self._silent and not self._calling)

    def count(self, session: Session, recipients: Sequence[Person]) -> list[tuple[int, ...]]:
        """For each recipient, in order, one count for each of ``Policy.caps_of(class)``."""
        if not self._caps:
            return [self.nothing] * len(recipients)
        customers = {r.customer_id for r in recipients if r.customer_id is not None}
        sent = [self.nothing] * len(recipients) if self._silent else self._messages(session, recipients, customers)
        if not self._calling or not (calls := self._called(session, customers)):
            return sent
        none = self.nothing
        return [
            tuple(map(sum, zip(counts, calls.get(r.customer_id or 0, none), strict=True)))
            for r, counts in zip(recipients, sent, strict=True)
        ]

    def _messages(
        self, session: Session, recipients: Sequence[Person], customers: Collection[int]
    ) -> list[tuple[int, ...]]:
        to_customer = self._rows(session, Message.customer_id, customers)
        to_phone = self._rows(session, Message.phone, {r.phone for r in recipients})
        if not to_customer and not to_phone:
            return [self.nothing] * len(recipients)
        batches = self._batches(session, {row[2] for row in (*to_customer, *to_phone)})
        by_customer, by_phone = self._grouped(to_customer, batches), self._grouped(to_phone, batches)
        return [
            self._total({**by_customer.get(r.customer_id or 0, {}), **by_phone.get(r.phone, {})}.values())
            for r in recipients
        ]

    def _total(self, messages: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
        return tuple(sum(column) for column in zip(*messages, strict=True)) or self.nothing

    def _called(self, session: Session, customers: Collection[int]) -> dict[int, tuple[int, ...]]:
        """By customer: the telephone calls that count for each cap."""
        if not customers:
            return {}
        wanted = keys(session, customers)
        since = min(since for calls, since in self._calls if calls is not Calls.NONE)
        query = (
            select(Contact.customer_id, Contact.at, Contact.connected)
            .join(wanted, wanted.c.value == Contact.customer_id)
            .where(Contact.kind == ContactKind.CALL, Contact.at >= since)
        )
        found: dict[int, tuple[int, ...]] = {}
        for customer, at, connected in session.execute(query):
            counts = self._padded(
                at >= since and (calls is Calls.ATTEMPTED or (calls is Calls.CONNECTED and connected is True))
                for calls, since in self._calls
            )
            found[customer] = tuple(map(sum, zip(found.get(customer, self.nothing), counts, strict=True)))
        return found

    def _padded(self, counts: Iterable[bool]) -> tuple[int, ...]:
        return (*counts, *self._padding)

    def _batches(self, session: Session, ids: Collection[int]) -> dict[int, str]:
        """The class of each batch whose messages count."""
        wanted = keys(session, ids)
        query = (
            select(Batch.id, Batch.class_key)
            .join(wanted, wanted.c.value == Batch.id)
            .where(Batch.kind != BatchKind.TEST)
        )
        return {batch: class_key for batch, class_key in session.execute(query)}  # noqa: C416 - a Row is no tuple

    def _rows(
        self, session: Session, column: InstrumentedAttribute[Any], values: Collection[int] | Collection[str]
    ) -> Sequence[Row[Any, int, int, datetime, str]]:
        """Value of ``column``, message, batch, when it left, and its state."""
        if not values:
            return []
        wanted = keys(session, values)
        return session.execute(self._query(column).join(wanted, wanted.c.value == column)).all()

    def _grouped(
        self, rows: Iterable[Row[Any, int, int, datetime, str]], batches: Mapping[int, str]
    ) -> dict[int | str, dict[int, tuple[int, ...]]]:
        """By customer or number: the messages, each with whether it counts for each cap."""
        found: dict[int | str, dict[int, tuple[int, ...]]] = defaultdict(dict)
        for key, message, batch, at, state in rows:
            class_key = batches.get(batch)
            if class_key is not None and message not in self._exclude_messages:
                found[key][message] = self._counts(class_key, at, claimed=state == MessageState.CLAIMED)
        return found

    def _counts(self, class_key: str, at: datetime, *, claimed: bool) -> tuple[int, ...]:
        if claimed:
            return (*(0 for _ in self._caps), *(class_key in classes for classes, _ in self._caps))
        return self._padded(class_key in classes and at >= since for classes, since in self._caps)

    def _query(self, column: InstrumentedAttribute[Any]) -> Select[Any, int, int, datetime, str]:
        """Only the keys may lead to an index: SQLite would rather read every message of these states."""
        at = func.coalesce(Message.sending_at, Message.accepted_at, Message.created_at)
        state = func.coalesce(Message.state, "", type_=String)
        states = sorted(state.value for state in MAY_HAVE_LEFT)
        never_left = and_(
            state == MessageState.EXPIRED.value, Message.sending_at.is_(None)
        )  # its batch's time was over
        left = and_(state.in_(states), ~never_left, at >= min(since for _, since in self._caps))
        claimed = state == MessageState.CLAIMED.value
        query = select(column, Message.id, Message.batch_id, at, state)
        return query.where(or_(left, claimed) if self._padding else left)
