"""A GSM modem as a Transport."""

from __future__ import annotations

import logging
import math
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from gsm.errors import GsmError, LineFault, LineUnavailable, OutcomeUnknown, Refused, StoreFull
from gsm.messages import Accepted, Balance, DeliveryOutcome, DeliveryReport, LineHealth, LineIdentity, Received, Submit
from gsm.modem.at import OK, Answer, Info, Request, Unsolicited, parse_final
from gsm.modem.causes import error_after_body, error_before_body
from gsm.modem.engine import Engine, Said
from gsm.modem.health import ask_health, ask_numbers
from gsm.modem.mailroom import Mailroom
from gsm.modem.pdu import EncodedPdu, encode_submit
from gsm.modem.port import open_port
from gsm.modem.references import References
from gsm.modem.setup import ModemOptions, Session, configure, read_routing
from gsm.modem.ussd import UssdReply, ask_balance, ask_ussd
from gsm.transport import RecoveryStep, Transport

log = logging.getLogger(__name__)

_REFUSALS = 4  # confirmations in a row that were not taken: this modem cannot do it
_UNSAFE = re.compile(r"AT\s*(?:D|\+C(?:MGS|MSS|MGC|MGW|PIN|LCK|PWD|GACT))", re.IGNORECASE)
_REFERENCE = re.compile(r"\+CMGS: ?(\d+)")


def utc_now() -> datetime:
    return datetime.now(UTC)


class ModemTransport(Transport):
    """``address``: a device path, a COM port, or ``socket://host:port``; ``options`` as in ModemOptions."""

    def __init__(
        self, address: str, options: Mapping[str, object] | None = None, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._address = address
        self._options = ModemOptions.of(options or {})
        self._now = now
        self._engine: Engine | None = None
        self._session: Session | None = None
        self._mail = Mailroom(now, self._options.incomplete_seconds)
        self._mail.on_report = self._settle_reference
        self._references = References()
        self._fault: LineFault | None = None
        self._in_doubt = False  # a submission was left without its result, which may still come
        self._unanswered = ""  # its key
        self._late: list[tuple[str, Accepted]] = []
        self._numbers: tuple[str, ...] = ()
        self._ussd_lines: queue.Queue[str] = queue.Queue()
        self._closing = threading.Event()
        self._set_up_at = -math.inf  # monotonic
        self._attendant: threading.Thread | None = None

    # Opening and closing

    def open(self) -> LineIdentity:
        self._disconnect()
        self._connect()
        if self._attendant is None:
            self._start_attendant()
        return self._session_now().identity

    def _start_attendant(self) -> None:
        self._attendant = threading.Thread(target=self._attend, name="modem-attendant", daemon=True)
        self._attendant.start()

    def _connect(self, step: RecoveryStep = RecoveryStep.REOPEN) -> None:
        port = open_port(self._address, baudrate=self._options.baudrate, flow_control=self._options.flow_control)
        self._fault = None
        self._engine = Engine(
            port,
            self._on_unsolicited,
            self._on_gone,
            command_seconds=self._options.command_seconds,
            quiet_seconds=self._options.quiet_seconds,
            probe_seconds=self._options.probe_seconds,
        )
        try:
            if self._closing.is_set():
                raise LineUnavailable("port.closed", "closed by us")
            with self._engine.turn():
                self._reset(self._engine, step)
        except LineFault:
            self._disconnect()
            raise

    def _configure(self) -> None:
        engine = self._engine_now()
        with engine.turn():
            engine.rebooted = False
            self._session = configure(engine, self._options, self._closing)
            if engine.restarted:
                self._references.restarted()
                self._in_doubt = engine.restarted = False
            self._numbers = ()
            self._mail.start(self._session)
            self._set_up_at = time.monotonic()

    def _disconnect(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def close(self) -> None:
        self._closing.set()
        self._mail.wanted.set()
        engine = self._engine
        if engine is not None:
            engine.close()
        attendant = self._attendant
        if attendant is not None and attendant is not threading.current_thread():
            attendant.join(timeout=10)
        self._mail.close()

    def _engine_now(self) -> Engine:
        if self._engine is None:
            raise LineUnavailable("port.closed", "not open")
        return self._engine

    def _session_now(self) -> Session:
        if self._session is None:
            raise LineUnavailable("port.closed", "not open")
        return self._session

    # What the reader hears

    def _on_unsolicited(self, event: Unsolicited) -> None:
        if event.reboot:
            self._mail.wanted.set()
        if event.text.startswith("+CUSD:"):
            self._ussd_lines.put(event.text)
        self._mail.unsolicited(event)

    def _on_gone(self, error: LineUnavailable) -> None:
        self._fault = error
        self._mail.wanted.set()

    def fault(self) -> LineFault | None:
        """What ails the line, noticed without being asked; None while it is well."""
        return self._fault

    def transcript(self) -> list[Said]:
        engine = self._engine
        return engine.transcript() if engine is not None else []

    # Sending

    def submit(self, submit: Submit, *, clear_to_send: Callable[[], None]) -> Accepted:
        pdu = _encode(submit)
        engine = self._engine_now()
        self._mail.await_room(self._options.room_seconds)
        with engine.turn():
            self._make_ready(engine)
            if self._in_doubt:
                self._await_late(engine)
            self._references.check(submit.recipient)
            request = Request(f"AT+CMGS={pdu.length}", prefix="+CMGS:", prompt=True)
            self._ask_leave(engine, request, clear_to_send)
            engine.write_body(pdu.hex)
            reference = self._finish(engine, submit.key)
            self._references.accepted(reference, submit.recipient, report=submit.status_report)
        return Accepted(reference=str(reference), sender_identity=self._session_now().identity.sender, at=self._now())

    def remember(self, reference: str, unanswered: int) -> None:
        self._references.remember(int(reference) % 256 if reference.isdigit() else None, unanswered)
        self._in_doubt = unanswered > 0

    def _await_late(self, engine: Engine) -> None:
        """Give the result of the message before a last chance to come while it cannot be taken for another's."""
        found = _REFERENCE.match(engine.await_late(self._options.late_seconds))
        if found and self._references.came_late(int(found[1]) % 256):
            self._in_doubt = False
            self._came_late(found[1])

    def _came_late(self, reference: str) -> None:
        log.info("a message without a result was accepted after all, reference %s", reference)
        accepted = Accepted(
            reference=str(int(reference) % 256), sender_identity=self._session_now().identity.sender, at=self._now()
        )
        if self._unanswered:
            self._late.append((self._unanswered, accepted))

    def late(self) -> list[tuple[str, Accepted]]:
        told, self._late = self._late, []
        return told

    def _ask_leave(self, engine: Engine, request: Request, clear_to_send: Callable[[], None]) -> None:
        refusal = engine.prompt(request, self._options.prompt_seconds)
        if refusal is not None:
            if self._in_doubt:
                engine.mark_out_of_step()  # it may be the late one of the message before, with the prompt to come
            raise self._noted(error_before_body(refusal.final))
        cleared = False
        try:
            clear_to_send()
            cleared = True
        finally:
            if not cleared:
                self._back_out(engine)
        if engine.rebooted:
            engine.mark_out_of_step()
            raise LineUnavailable("modem.restarted", "before the message was written")

    def _noted(self, error: GsmError) -> GsmError:
        if isinstance(error, StoreFull):
            self._mail.purge()
        return error

    def _back_out(self, engine: Engine) -> None:
        try:
            engine.escape()
        except LineUnavailable as error:
            self._fault = error  # nothing left; the caller's exception matters more

    def _finish(self, engine: Engine, key: str) -> int:
        """TP-MR of the message that has just been written. Raises GsmError with what is proved."""
        try:
            answer, is_ours = self._result(engine)
        except LineUnavailable as error:
            self._in_doubt = True
            self._unanswered = key
            self._references.unanswered()
            raise OutcomeUnknown(error.code, error.detail) from error
        self._in_doubt = not is_ours
        reference = _reference_of(answer)
        if not is_ours:
            self._unanswered = key
            self._references.nobodys(reference)
            raise OutcomeUnknown("at.timeout", "the only result may be that of the message before")
        if not answer.final.ok:
            raise self._noted(error_after_body(answer.final))
        if reference < 0:
            raise OutcomeUnknown("at.no_reference", answer.lines[0].text)
        return reference

    def _result(self, engine: Engine) -> tuple[Answer, bool]:
        """The last result since the body was written, and whether it cannot be that of a message before."""
        results = [engine.finish_body(self._options.submit_seconds)]
        if self._in_doubt:
            results += self._further_results(engine)
        results = [answer for answer in results if not self._references.is_late(_reference_of(answer))]
        while not results:
            answer = engine.await_another("+CMGS:", self._options.submit_seconds)
            results = [] if self._references.is_late(_reference_of(answer)) else [answer]
        return results[-1], self._references.is_ours(_reference_of(results[-1]), len(results))

    def _further_results(self, engine: Engine) -> list[Answer]:
        """What came after the first result. Modems answer in order: nothing more comes once they answer a question."""
        if not engine.in_step(self._options.submit_seconds, anew=False):
            raise LineUnavailable("at.timeout", "no answer after the result")
        answers = []
        for line in engine.late_answers():
            final = parse_final(line)
            if _REFERENCE.match(line):
                answers.append(Answer(OK, (Info(line),)))
            elif final is not None and not final.ok:
                answers.append(Answer(final))
        return answers

    def _make_ready(self, engine: Engine) -> None:
        if self._mail.refusals >= _REFUSALS:
            self._options = replace(self._options, acknowledge=False)
            self._mail.refusals = 0
            engine.rebooted = True
        if engine.rebooted:
            self._configure()
        try:
            self._mail.do_chores(engine)
        except LineUnavailable:
            if not engine.rebooted or engine.gone is not None:
                raise
            self._configure()
            self._mail.do_chores(engine)
        self._fault = None

    # Receiving

    def receive(self, timeout: float) -> Received | None:
        return self._mail.next(timeout)

    def acknowledge(self, received: Received) -> None:
        self._mail.acknowledge(received)

    def _settle_reference(self, report: DeliveryReport) -> None:
        if report.outcome is not DeliveryOutcome.TRYING:
            self._references.reported(int(report.reference), report.recipient)

    def _attend(self) -> None:
        """Does the chores while nobody sends, sweeps at intervals, notices a modem that fell silent."""
        swept_at = time.monotonic()
        while not self._closing.is_set():
            self._mail.wanted.wait(max(0.0, swept_at + self._pause() - time.monotonic()))
            if self._closing.is_set():
                return
            due = time.monotonic() >= swept_at + self._pause()
            if due:
                swept_at = time.monotonic()
                self._mail.sweep()
            self._mail.give_up_incomplete()
            self._do_chores(heartbeat=due)

    def _pause(self) -> float:
        """Seconds between two sweeps; short after a set-up.

        A report that the modem had from before and nobody confirmed makes it switch its routing off only when the
        network's patience ends, which may be after we have switched it on (27.005 3.4.1).
        """
        young = time.monotonic() - self._set_up_at < self._options.settle_seconds
        return min(self._options.sweep_seconds, self._options.early_seconds if young else math.inf)

    def _do_chores(self, *, heartbeat: bool) -> None:
        engine = self._engine
        if engine is None or engine.gone is not None:
            self._mail.wanted.clear()
            return
        was_up = not engine.rebooted
        try:
            with engine.turn():
                if heartbeat and read_routing(engine) != self._session_now().routing_read:
                    engine.rebooted = True
                self._make_ready(engine)
        except LineFault as error:
            if engine.rebooted and was_up:
                self._mail.wanted.set()  # it fell silent because it starts anew: set it up
            elif engine is self._engine and not self._closing.is_set():
                self._fault = error
                self._mail.wanted.clear()  # again at the next sweep, unless somebody recovers the line before
                log.info("line fault %s while idle", error.code)

    # Health and recovery

    def health(self) -> LineHealth:
        engine = self._engine_now()
        with engine.turn():
            self._make_ready(engine)
            if not self._numbers:
                self._numbers = tuple(ask_numbers(engine))
            return replace(ask_health(engine, self._session_now().identity, self._now()), numbers=self._numbers)

    def numbers(self) -> list[str]:
        """The SIM's own numbers, where it knows them. Raises LineFault."""
        engine = self._engine_now()
        with engine.turn():
            return ask_numbers(engine)

    def ussd(self, code: str, *, seconds: float = 30) -> UssdReply:
        """Ask the network, ``*100#``. Raises LineFault. Nothing is sent meanwhile."""
        engine = self._engine_now()
        with engine.turn():
            packed = self._session_now().quirks.packed_ussd
            return ask_ussd(engine, self._ussd_lines, code, packed=packed, seconds=seconds)

    def balance(self, code: str = "", pattern: str = "") -> Balance:
        engine, session = self._engine_now(), self._session_now()
        with engine.turn():
            self._make_ready(engine)
            return ask_balance(
                engine,
                self._ussd_lines,
                session.identity.imsi,
                code=code,
                pattern=pattern,
                packed=session.quirks.packed_ussd,
            )

    def command(self, text: str) -> list[str]:
        """One command of a person at the terminal, and the lines that answered it.

        Raises ValueError for a command that would send, dial, or risk the SIM; LineFault.
        """
        if _UNSAFE.match(text) or ";" in text or not text.upper().startswith("AT"):
            raise ValueError(text)
        engine = self._engine_now()
        answer = engine.ask(Request(text, bare=True, prefix="+", required=False), patience=3)
        return [*(line.text for line in answer.lines), answer.final.line]

    def recover(self, step: RecoveryStep) -> LineIdentity:
        """Take one step towards a line that works. Raises LineFault."""
        engine = self._engine
        if step is RecoveryStep.REOPEN or engine is None or engine.gone is not None:
            self._disconnect()
            self._connect(step)
        else:
            with engine.turn():
                self._reset(engine, step)
        if self._attendant is None:
            self._start_attendant()
        self._fault = None
        return self._session_now().identity

    def _reset(self, engine: Engine, step: RecoveryStep) -> None:
        if step is RecoveryStep.SOFT_RESET:
            engine.wake()
            engine.attempt("AT&F")
        elif step is RecoveryStep.RADIO_RESET:
            engine.wake()
            engine.attempt("AT+CFUN=1,1", patience=3)
        self._configure()


def _reference_of(answer: Answer) -> int:
    """TP-MR, or -1 when the answer tells none."""
    found = _REFERENCE.match(answer.lines[0].text) if answer.final.ok and answer.lines else None
    return int(found[1]) % 256 if found else -1


def _encode(submit: Submit) -> EncodedPdu:
    try:
        return encode_submit(submit)
    except ValueError as error:
        raise Refused("pdu.invalid", str(error)) from error
