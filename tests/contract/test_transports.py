"""What every transport promises, the double included; modems over a socket and over a pseudo terminal."""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import pytest

import gsm
from gsm.emulator.client import EmulatorProcess
from gsm.encoding import split
from gsm.errors import LineFault, LineUnavailable, NotSent, Outcome, OutcomeUnknown, Refused
from gsm.memory import MemoryTransport
from gsm.messages import DeliveryOutcome, DeliveryReport, Inbound, Part, Received, Registration, SimState, Submit
from gsm.transport import RecoveryStep, Transport

RECIPIENT = "+8613800138000"


def submit_of(text: str | Part, **values: object) -> Submit:
    part = text if isinstance(text, Part) else split(text)[0]
    return Submit(recipient=RECIPIENT, part=part, key="k", **values)  # type: ignore[arg-type]


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        pause.wait(0.005)


class Line(ABC):
    """A transport and what stands behind it."""

    transport: Transport

    @abstractmethod
    def texts(self) -> list[str]: ...

    @abstractmethod
    def write_to_it(self, sender: str, text: str) -> None: ...

    @abstractmethod
    def refuse_next(self) -> None: ...

    @abstractmethod
    def postpone_next(self) -> None: ...

    @abstractmethod
    def lose_next_result(self) -> None: ...

    def next(self) -> Received:
        received = self.transport.receive(10)
        assert received is not None
        self.transport.acknowledge(received)
        return received


class MemoryLine(Line):
    def __init__(self) -> None:
        self.memory = MemoryTransport()
        self.transport = self.memory

    def texts(self) -> list[str]:
        return [submit.part.text for submit in self.memory.ledger]

    def write_to_it(self, sender: str, text: str) -> None:
        self.memory.inbound(sender, text)

    def refuse_next(self) -> None:
        self.memory.fail_next(Refused("cms.21"))

    def postpone_next(self) -> None:
        self.memory.fail_next(NotSent("cms.38", retry_after=1))

    def lose_next_result(self) -> None:
        self.memory.fail_next(OutcomeUnknown("at.timeout"))


class ModemLine(Line):
    def __init__(self, emulator: EmulatorProcess) -> None:
        self.emulator = emulator
        self.transport = gsm.open_transport(
            "modem", emulator.address, {"submit_seconds": 0.3, "quiet_seconds": 0.02, "late_seconds": 0}
        )

    def texts(self) -> list[str]:
        return [entry["text"] for entry in self.emulator.accepted()]

    def write_to_it(self, sender: str, text: str) -> None:
        self.emulator.inbound(sender, text)

    def refuse_next(self) -> None:
        self.emulator.rule("CMGS", "body", "error", text="+CMS ERROR: 21")

    def postpone_next(self) -> None:
        self.emulator.rule("CMGS", "body", "error", text="+CMS ERROR: 38")

    def lose_next_result(self) -> None:
        self.emulator.rule("CMGS", "accepted", "silence")


KINDS = [
    "memory",
    "socket",
    pytest.param("pty", marks=pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")),
    "stored",
    "huawei",
]


@pytest.fixture(scope="module", params=KINDS)
def emulator(request: pytest.FixtureRequest) -> Iterator[EmulatorProcess | None]:
    if request.param == "memory":
        yield None
        return
    persona = request.param if request.param in ("stored", "huawei") else "plain"
    with EmulatorProcess(pty=request.param == "pty", persona=persona, settings={"boot_ms": 0}) as process:
        yield process


@pytest.fixture
def line(emulator: EmulatorProcess | None) -> Iterator[Line]:
    if emulator is not None:
        emulator.fresh()
    line = MemoryLine() if emulator is None else ModemLine(emulator)
    yield line
    line.transport.close()


@pytest.fixture
def opened(line: Line) -> Line:
    line.transport.open()
    return line


def send(line: Line, submit: Submit) -> str:
    return line.transport.submit(submit, clear_to_send=lambda: None).reference


def test_tells_who_it_is(line: Line) -> None:
    identity = line.transport.open()
    assert identity.imsi == "460001234567890"
    assert identity.imei == "490154203237518"


def test_leaves_only_after_clear_to_send(opened: Line) -> None:
    seen: list[list[str]] = []
    accepted = opened.transport.submit(submit_of("到期提醒"), clear_to_send=lambda: seen.append(opened.texts()))
    assert seen == [[]]
    assert opened.texts() == ["到期提醒"]
    assert accepted.sender_identity == "460001234567890"
    assert accepted.at.tzinfo is not None


class Stopped(Exception):
    pass


def test_nothing_leaves_when_clear_to_send_raises(opened: Line) -> None:
    def stop() -> None:
        raise Stopped

    for _ in range(2):
        with pytest.raises(Stopped):
            opened.transport.submit(submit_of("no"), clear_to_send=stop)
    send(opened, submit_of("yes"))
    assert opened.texts() == ["yes"]


def test_reports_name_reference_and_recipient(opened: Line) -> None:
    references = [send(opened, submit_of(f"message {number}")) for number in range(5)]
    reports = [opened.next() for _ in references]
    assert all(isinstance(report, DeliveryReport) for report in reports)
    assert sorted(report.reference for report in reports if isinstance(report, DeliveryReport)) == sorted(references)
    for report in reports:
        assert isinstance(report, DeliveryReport)
        assert report.recipient == RECIPIENT
        assert report.outcome is DeliveryOutcome.DELIVERED
        assert report.raw
        assert report.sender_identity == "460001234567890"
        assert report.sent_at is not None
        assert report.sent_at.utcoffset() is not None


def test_no_report_when_none_is_wanted(opened: Line) -> None:
    send(opened, submit_of("quiet", status_report=False))
    assert opened.transport.receive(0.05) is None


@pytest.mark.parametrize("text", ["hello {world} €", "贷款" * 100, "a" * 400, "😀" * 80])
def test_long_texts_arrive_whole(opened: Line, text: str) -> None:
    for part in split(text, concat_reference=7):
        send(opened, submit_of(part))
    assert "".join(opened.texts()) == text


@pytest.mark.parametrize("text", ["R", "已经还了" * 50])
def test_messages_come_in(opened: Line, text: str) -> None:
    opened.write_to_it("+8613900001111", text)
    inbound = opened.next()
    assert isinstance(inbound, Inbound)
    assert (inbound.sender, inbound.body, inbound.complete) == ("+8613900001111", text, True)


def test_each_failure_says_what_is_proved(opened: Line) -> None:
    send(opened, submit_of("before"))
    opened.refuse_next()
    with pytest.raises(Refused) as refused:
        send(opened, submit_of("refused"))
    opened.postpone_next()
    with pytest.raises(NotSent) as postponed:
        send(opened, submit_of("postponed"))
    opened.lose_next_result()
    with pytest.raises(OutcomeUnknown) as unknown:
        send(opened, submit_of("left"))
    send(opened, submit_of("after"))
    outcomes = [error.value.outcome for error in (refused, postponed, unknown)]
    assert outcomes == [Outcome.REFUSED, Outcome.NOT_SENT, Outcome.UNKNOWN]
    assert postponed.value.retry_after
    assert opened.texts() == ["before", "left", "after"]


def test_health(opened: Line) -> None:
    health = opened.transport.health()
    assert (health.sim, health.registration) == (SimState.READY, Registration.HOME)
    assert health.bars == 5
    assert opened.transport.fault() is None


@pytest.mark.parametrize("step", list(RecoveryStep))
def test_works_again_after_each_recovery_step(opened: Line, step: RecoveryStep) -> None:
    assert opened.transport.recover(step).imsi == "460001234567890"
    reference = send(opened, submit_of("again"))
    report = opened.next()
    assert isinstance(report, DeliveryReport)
    assert report.reference == reference


def test_receive_waits_no_longer_than_told(opened: Line) -> None:
    started = time.monotonic()
    assert opened.transport.receive(0.05) is None
    assert time.monotonic() - started < 5


def test_close_ends_a_waiting_receive(opened: Line) -> None:
    got: list[Received | None] = []
    waiting = threading.Thread(target=lambda: got.append(opened.transport.receive(60)))
    waiting.start()
    opened.transport.close()
    waiting.join(10)
    assert got == [None]


def test_closed_is_closed(opened: Line) -> None:
    opened.transport.close()
    opened.transport.close()
    assert opened.transport.receive(60) is None
    with pytest.raises(LineUnavailable):
        send(opened, submit_of("too late"))
    with pytest.raises(LineFault):
        opened.transport.health()
    assert opened.texts() == []
