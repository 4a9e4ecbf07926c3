"""The network behind the emulated modem: the ledger of what was accepted, and what it delivers back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from gsm.emulator.pdus import Submitted, encode_deliver, encode_report
from gsm.emulator.settings import Settings
from gsm.encoding import split


@dataclass(frozen=True, slots=True)
class Delivery:
    pdu: str
    report: bool


class Receiver(Protocol):
    async def take(self, delivery: Delivery) -> bool:
        """True when the device has it; False when the network is to try again."""


class Network:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.ledger: list[dict[str, object]] = []
        self.lost: list[str] = []  # PDUs that no device will ever get
        self._waiting: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._held_back: list[Delivery] = []
        self._concat_reference = 0
        self._era = 0

    def accept(self, submitted: Submitted, reference: int, pdu: str) -> None:
        """From here on the message has left: it stands in the ledger."""
        now = datetime.now(UTC)
        part = submitted.concatenation
        self.ledger.append(
            {
                "recipient": submitted.recipient,
                "text": submitted.text,
                "alphabet": submitted.alphabet,
                "reference": reference,
                "at": now.isoformat(),
                "concat": [part.reference, part.total, part.sequence] if part else None,
                "report": submitted.report,
                "validity_s": submitted.validity.total_seconds() if submitted.validity else None,
                "class": submitted.message_class,
                "pdu": pdu,
            }
        )
        if submitted.report and self._settings.reports != "drop":
            self._schedule_report(reference, submitted.recipient, now)

    def _schedule_report(self, reference: int, recipient: str, sent_at: datetime) -> None:
        if self._settings.reports == "early":
            self.report(reference, recipient, sent_at)
            return
        self._later(self._settings.report_delay_ms, lambda: self.report(reference, recipient, sent_at))

    def _later(self, ms: int, action: Callable[[], None]) -> None:
        era = self._era
        asyncio.get_running_loop().call_later(ms / 1000, lambda: action() if era == self._era else None)

    def report(self, reference: int, recipient: str, sent_at: datetime, status: str = "") -> None:
        settings = self._settings
        pdu = encode_report(
            reference,
            recipient,
            int(status or settings.status, 16),
            sent_at.replace(microsecond=0),
            datetime.now(UTC),
            centre=settings.centre,
        )
        delivery = Delivery(pdu, report=True)
        if settings.reports == "reorder":
            self._held_back.append(delivery)
            if len(self._held_back) < 2:
                self._later(self._settings.redeliver_ms, self._release)  # however few there are
            else:
                self._release()
            return
        self.put(delivery)
        if settings.reports == "duplicate":
            self.put(delivery)

    def _release(self) -> None:
        while self._held_back:
            self.put(self._held_back.pop())

    def inbound(
        self, sender: str, text: str, *, parts: list[int] | None = None, message_class: int | None = None
    ) -> int:
        """A message to this SIM; ``parts`` limits and orders the parts that arrive. Returns how many there are."""
        self._concat_reference = (self._concat_reference + 1) % 256
        pieces = split(text, concat_reference=self._concat_reference)
        now = datetime.now(UTC).replace(microsecond=0)
        for sequence in parts if parts is not None else range(1, len(pieces) + 1):
            piece = pieces[sequence - 1]
            centre = self._settings.centre
            pdu = encode_deliver(sender, piece, now, centre=centre, message_class=message_class)
            self.put(Delivery(pdu, report=False))
        return len(pieces)

    def forget(self) -> None:
        """Nothing was ever sent; reports that are on their way are dropped."""
        self._era += 1
        self.ledger.clear()
        self.lost.clear()
        self._waiting.clear()
        self._held_back.clear()

    def put(self, delivery: Delivery) -> None:
        self._waiting.append(delivery)
        self._arrived.set()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def deliver_to(self, receiver: Receiver) -> None:
        """One message after the other, as the link to one SIM carries them; what fails is tried again."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            delivery = self._waiting.popleft()
            if not await receiver.take(delivery):
                self._again(delivery)

    def _again(self, delivery: Delivery) -> None:
        self._later(self._settings.redeliver_ms, lambda: self.put(delivery))

    def lose(self, delivery: Delivery) -> None:
        self.lost.append(delivery.pdu)
