"""Many messages over modems that fail now and then: at the end book, ledger and reports agree.

``SOAK_MESSAGES=5000 pytest tests/unit/gsm/modem/test_soak.py --timeout 0`` runs a long one.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from gsm.emulator.client import EmulatorProcess
from gsm.encoding import split
from gsm.errors import GsmError, LineFault, Outcome
from gsm.messages import Accepted, DeliveryReport, Inbound, Submit
from gsm.modem.driver import ModemTransport
from gsm.transport import RecoveryStep

MESSAGES = int(os.environ.get("SOAK_MESSAGES", "120"))
PROBABILITY = 0.004  # of each of the faults below at its moment: one fault about every 12 messages
FAULTS = [
    ("command", "silence", {}),
    ("command", "error", {"text": "+CMS ERROR: 515"}),
    ("command", "unplug", {"ms": 20}),
    ("prompt", "silence", {}),
    ("prompt", "reset", {}),
    ("prompt", "say", {"text": "RING\n^RSSI:9\n+CREG: 5"}),
    ("prompt", "garbage", {}),
    ("prompt", "unplug", {"ms": 20}),
    ("body", "error", {"text": "+CMS ERROR: 38"}),
    ("body", "error", {"text": "+CMS ERROR: 500"}),
    ("body", "reset", {}),
    ("body", "delay", {"ms": 400}),
    ("accepted", "silence", {}),
    ("accepted", "late", {"ms": 500}),
    ("accepted", "delay", {"ms": 400}),
    ("accepted", "reset", {}),
    ("accepted", "unplug", {"ms": 20}),
    ("accepted", "garbage", {}),
    ("result", "error", {"text": "ERROR"}),
    ("done", "reset", {}),
]


@pytest.fixture(params=["acknowledged", "stored"])
def lines(request: pytest.FixtureRequest) -> Iterator[list[tuple[EmulatorProcess, str]]]:
    settings: dict[str, object] = {"boot_ms": 0, "redeliver_ms": 20, "ack_ms": 500}
    emulators = [EmulatorProcess(seed=seed, settings=settings) for seed in (11, 12)]
    yield [(emulator, request.param) for emulator in emulators]
    for emulator in emulators:
        emulator.close()


class Worker:
    """What a line of the dispatcher does: send, recover, send again only what provably did not leave."""

    def __init__(self, emulator: EmulatorProcess, reports: str, number: int) -> None:
        self.emulator = emulator
        self.book: dict[str, Accepted | Outcome] = {}
        self.reports: Counter[str] = Counter()
        self.written: list[str] = []  # by customers
        self.read: Counter[str] = Counter()
        self._number = number
        self._pause = threading.Event()
        self._transport = ModemTransport(
            emulator.address,
            {
                "reports": reports,
                "submit_seconds": 0.3,
                "prompt_seconds": 0.3,
                "late_seconds": 0.3,
                "command_seconds": 0.5,
                "probe_seconds": 0.2,
                "quiet_seconds": 0.01,
                "sweep_seconds": 0.2,
                "register_seconds": 0,
            },
        )

    def run(self) -> None:
        self._transport.open()
        reader = threading.Thread(target=self._read)
        reader.start()
        for message in range(MESSAGES):
            self._send(f"m{self._number}.{message}", message)
            if message % 5 == 0:
                self._write(f"i{self._number}.{message} " + "款" * (message % 3 * 60))
        self.emulator.clear()
        self._recover()
        self._wait(lambda: len(self.reports) + self.dropped() >= len(self.emulator.accepted()))
        self._wait(lambda: len(self.read) == len(self.written) and not self._stored())
        self._transport.close()
        reader.join()

    def _write(self, text: str) -> None:
        self.emulator.inbound("+8613900001111", text)
        self.written.append(text)

    def _stored(self) -> int:
        return sum(self.emulator.stats()["stores"].values())

    def dropped(self) -> int:
        """Reports that the device threw away between its restart and our noticing it: nobody could have them."""
        count: int = self.emulator.stats()["lost"]
        return count

    def _send(self, text: str, message: int) -> None:
        submit = Submit(recipient=f"+861380013{message % 10_000:04}", part=split(text)[0], key=text)
        for _ in range(50):
            try:
                self.book[text] = self._transport.submit(submit, clear_to_send=lambda: None)
                return
            except LineFault:
                self._recover()
            except GsmError as error:
                if error.outcome is Outcome.NOT_SENT:
                    continue
                self.book[text] = error.outcome
                return
        raise AssertionError("it never left")

    def _recover(self) -> None:
        self._wait(self._recovered)

    def _recovered(self) -> bool:
        for step in (RecoveryStep.RESYNC, RecoveryStep.REOPEN):
            try:
                self._transport.recover(step)
            except LineFault:
                continue
            return True
        return False

    def _wait(self, condition: Callable[[], bool]) -> None:
        for _ in range(4000):
            if condition():
                return
            self._pause.wait(0.005)
        raise AssertionError("it did not become true")

    def _read(self) -> None:
        while (received := self._transport.receive(60)) is not None:
            if isinstance(received, DeliveryReport):
                self.reports[received.recipient] += 1
            elif isinstance(received, Inbound):
                self.read[received.body] += 1
            self._transport.acknowledge(received)


def test_book_ledger_and_reports_agree(lines: list[tuple[EmulatorProcess, str]]) -> None:
    workers = [Worker(emulator, reports, number) for number, (emulator, reports) in enumerate(lines)]
    for emulator, _ in lines:
        for moment, action, values in FAULTS:
            emulator.rule("CMGS", moment, action, times=0, probability=PROBABILITY, **values)
        for command in ("CMGR", "CMGL", "CMGD", "CPMS"):
            for action in ("silence", "reset", "error"):
                emulator.rule(command, "command", action, times=0, probability=PROBABILITY * 5)
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        ledger = Counter(entry["text"] for entry in worker.emulator.accepted())
        unknown = {text for text, entry in worker.book.items() if entry is Outcome.UNKNOWN}
        accepted = {text for text, entry in worker.book.items() if isinstance(entry, Accepted)}
        assert max(ledger.values()) == 1, "accepted twice"
        assert accepted <= set(ledger), "we say accepted, the network does not"
        assert set(ledger) <= accepted | unknown, "it left, and we do not know"
        assert len(worker.book) == MESSAGES
        recipients = {entry["recipient"] for entry in worker.emulator.accepted()}
        assert len(recipients - set(worker.reports)) <= worker.dropped(), "reports lost"
        assert worker.read == Counter(worker.written), "a customer's message lost, or handed on twice"
        assert worker.dropped() <= MESSAGES // 2
