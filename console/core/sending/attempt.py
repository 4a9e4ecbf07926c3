"""One part at the gate: asked for, cleared or hindered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass

from console.core.clock import Clock
from console.core.inbound.receiving import domestic
from console.core.sending.basket import Basket
from console.core.sending.outcomes import Retries, Tried
from console.core.sending.pacing import Limits, Pace
from console.core.sending.steps import Barred, Clearance, OutOfHours, Steps
from console.core.sending.trouble import Record
from console.core.sending.writer import Task, Writer
from db.engine import Database
from db.errors import DatabaseError
from db.outbox import Claimed
from db.outbox_sending import Cleared, Hindrance, SendingAsk
from gsm.messages import Part, Submit
from gsm.transport import Transport

_CLEAR_SECONDS = 20.0  # a modem does not keep its prompt open for ever


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a sender works with: one open line and the house behind it."""

    line_id: int
    identity: str  # IMSI or account
    transport: Transport
    basket: Basket
    writer: Writer
    steps: Steps
    clock: Clock
    retries: Callable[[], Retries]
    pace: Pace
    limits: Limits
    record: Record
    database: Database  # to look things up


class NotCleared(Exception):
    """Raised out of ``clear_to_send``: nothing leaves."""


class Attempt:
    """One part on its way out, once."""

    def __init__(self, desk: Desk, message: Claimed, part: Part, number: int | None) -> None:
        self.message = message
        self.part = part
        self.ask: Task[SendingAsk, Clearance] = Task(
            desk.steps.clear,
            SendingAsk(
                run=desk.steps.run,
                line_id=desk.line_id,
                sender_identity=desk.identity,
                message=message,
                sequence=part.sequence,
                attempt=number,
                concat_reference=part.concat_reference,
            ),
        )
        self.cleared: Cleared | None = None
        self.hindrance: Hindrance | OutOfHours | Barred | None = None

    @property
    def submit(self) -> Submit:
        key = f"{self.message.message_id}.{self.part.sequence}"
        return Submit(recipient=international(self.message.phone), part=self.part, key=key)

    def clear_to_send(self) -> None:
        """Returns when *sending* is durable. Raises NotCleared."""
        try:
            answer = self.ask.future.result(_CLEAR_SECONDS)
        except (DatabaseError, FutureTimeout) as error:
            raise NotCleared from error
        if not isinstance(answer, Cleared):
            self.hindrance = answer
            raise NotCleared
        self.cleared = answer

    def tried(self, part_id: int | None) -> Tried:
        return Tried(
            run=self.ask.item.run,
            message=self.message,
            part_id=part_id,
            sequence=self.part.sequence,
            total=self.part.total,
        )

    def when_known(self, then: Callable[[int | None], None]) -> None:
        """Nothing left, but the clearance may still come: ``then`` gets its part, or None when it got lost."""

        def known(done: Future[Clearance]) -> None:
            if done.exception() is not None:
                then(None)
            elif isinstance(answer := done.result(), Cleared):
                then(answer.part_id)

        self.ask.future.add_done_callback(known)


def international(phone: str) -> str:
    """As the air wants it: ``+8613800138000``; a short code as it is."""
    mobile = domestic(phone)
    return f"+86{mobile}" if len(mobile) == 11 and mobile.startswith("1") else mobile
