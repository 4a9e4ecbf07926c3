"""A line that lives in memory: it accepts, reports and receives like a modem, for tests and rehearsals."""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from gsm.errors import GsmError, LineUnavailable, OutcomeUnknown
from gsm.messages import (
    Accepted,
    DeliveryOutcome,
    DeliveryReport,
    Inbound,
    LineHealth,
    LineIdentity,
    Received,
    Registration,
    SimState,
    Submit,
)
from gsm.transport import Transport

_IDENTITY = LineIdentity(
    manufacturer="Memory", model="M1", firmware="1", imei="490154203237518", imsi="460001234567890"
)


class MemoryTransport(Transport):
    """``ledger`` holds what was accepted; ``fail_next`` makes submissions fail, before or after acceptance."""

    def __init__(self, address: str = "", *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.address = address
        self.ledger: list[Submit] = []
        self.acknowledged: list[Received] = []
        self.status = 0x00
        self._now = now
        self._opened = False
        self._closed = threading.Event()
        self._references = itertools.cycle(range(256))
        self._tokens = itertools.count(1)
        self._received: queue.Queue[Received | None] = queue.Queue()
        self._failures: deque[GsmError] = deque()

    def fail_next(self, *errors: GsmError) -> None:
        """An OutcomeUnknown is raised after the message was accepted, every other before."""
        self._failures.extend(errors)

    def open(self) -> LineIdentity:
        if self._closed.is_set():
            raise LineUnavailable("port.closed", "closed by us")
        self._opened = True
        return _IDENTITY

    def submit(self, submit: Submit, *, clear_to_send: Callable[[], None]) -> Accepted:
        self._require_open()
        failure = self._failures.popleft() if self._failures else None
        clear_to_send()
        if failure is not None and not isinstance(failure, OutcomeUnknown):
            raise failure
        reference = str(next(self._references))
        self.ledger.append(submit)
        if submit.status_report:
            self._report(submit, reference)
        if failure is not None:
            raise failure
        return Accepted(reference=reference, sender_identity=_IDENTITY.imsi, at=self._now())

    def _report(self, submit: Submit, reference: str) -> None:
        now = self._now()
        delivered = self.status == 0
        self._received.put(
            DeliveryReport(
                token=str(next(self._tokens)),
                raw=f"{reference}:{submit.recipient}:{self.status:02X}",
                reference=reference,
                recipient=submit.recipient,
                sender_identity=_IDENTITY.imsi,
                outcome=DeliveryOutcome.DELIVERED if delivered else DeliveryOutcome.FAILED,
                status=f"{self.status:02X}",
                sent_at=now,
                done_at=now,
                received_at=now,
            )
        )

    def inbound(self, sender: str, text: str) -> None:
        """Somebody writes to this line."""
        now = self._now()
        self._received.put(
            Inbound(
                token=str(next(self._tokens)),
                raw=text,
                sender=sender,
                body=text,
                sender_identity=_IDENTITY.imsi,
                sent_at=now,
                received_at=now,
            )
        )

    def receive(self, timeout: float) -> Received | None:
        if self._closed.is_set() and self._received.empty():
            return None
        try:
            return self._received.get(timeout=timeout)
        except queue.Empty:
            return None

    def acknowledge(self, received: Received) -> None:
        self.acknowledged.append(received)

    def health(self) -> LineHealth:
        self._require_open()
        return LineHealth(
            at=self._now(),
            identity=_IDENTITY,
            signal_dbm=-73,
            bars=5,
            registration=Registration.HOME,
            technology="GSM",
            operator="Memory",
            sim=SimState.READY,
        )

    def _require_open(self) -> None:
        if not self._opened or self._closed.is_set():
            raise LineUnavailable("port.closed", "not open")

    def close(self) -> None:
        self._closed.set()
        self._received.put(None)
