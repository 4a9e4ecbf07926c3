"""One port, one reader, one writer: runs commands against a modem and keeps the conversation in step."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from gsm.errors import GsmError, LineUnavailable
from gsm.modem.at import CTRL_Z, ESC, Answer, Dialog, Echo, Event, Final, Prompt, Request, Stray, Unsolicited
from gsm.modem.port import Port

COMMAND_SECONDS = 5.0
WRITE_SECONDS = 5.0
QUIET_SECONDS = 0.1  # without a byte: the modem has said all it had to say
PROBE_SECONDS = 2.0  # for the answer to a question that any modem answers at once
# Questions that only their own answers fit and that need no SIM. They take turns, so that the late answer to one
# is not taken for the answer to the next.
_PROBES = tuple(Request(f"AT+{name}?", prefix=f"+{name}:") for name in ("CMEE", "CMGF", "CSMS", "CFUN"))
_RESYNC_ATTEMPTS = len(_PROBES)


class CommandTimeout(LineUnavailable):
    """The modem gave no final result in time; what it may still say belongs to nobody."""


class CommandFailed(LineUnavailable):
    """The modem refused a command that the line cannot do without."""

    def __init__(self, request: str, final: Final) -> None:
        super().__init__(f"at.{final}" if not final.family else str(final), f"{request}: {final.text}")
        self.final = final


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the transcript; ``at`` is seconds of the monotonic clock."""

    at: float
    sent: bool
    text: str


class Turn:
    """A re-entrant lock that whoever waits gets before whoever had it last."""

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._held = threading.Lock()
        self._owner = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._owner == me:
            yield
            return
        with self._next:
            self._held.acquire()
        self._owner = me
        try:
            yield
        finally:
            self._owner = 0
            self._held.release()


class Engine:
    """``turn`` gives one thread the modem; everything that writes happens inside it.

    ``on_unsolicited`` is called on the reader thread and must not block. ``on_gone`` is called once, there as well,
    when the port is lost.
    """

    def __init__(
        self,
        port: Port,
        on_unsolicited: Callable[[Unsolicited], None],
        on_gone: Callable[[LineUnavailable], None],
        *,
        command_seconds: float = COMMAND_SECONDS,
        quiet_seconds: float = QUIET_SECONDS,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        self._command_seconds = command_seconds
        self._quiet_seconds = quiet_seconds
        self._probe_seconds = probe_seconds
        self._port = port
        self._on_unsolicited = on_unsolicited
        self._on_gone = on_gone
        self._turn = Turn()
        self._changed = threading.Condition()
        self._dialog = Dialog()
        self._answers: deque[Prompt | Answer] = deque()
        self._strays: list[str] = []
        self._late = ""  # the last result of a message that nobody waited for any more
        self._heard_at = time.monotonic()
        self._gone: LineUnavailable | None = None
        self._closing = False
        self._out_of_step = False
        self._probes = itertools.cycle(_PROBES)
        self._echo_is_off = False  # then an echo means that the device has started anew without a word
        self._echo_heard = False
        self.rebooted = False  # the device has forgotten its set-up; cleared by whoever sets it up again
        self.restarted = False  # and it was heard to start anew, so that it owes no answers either; cleared as well
        self._transcript: deque[Said] = deque(maxlen=400)
        self._reader = threading.Thread(target=self._read, name="modem-reader", daemon=True)
        self._reader.start()

    # Reading

    def _read(self) -> None:
        try:
            while not self._closing:
                data = self._port.read()
                if data:
                    self._hear(data)
        except LineUnavailable as error:
            self._lose(error)

    def _hear(self, data: bytes) -> None:
        with self._changed:
            self._heard_at = time.monotonic()
            self._note(False, data)
            events = self._dialog.feed(data)
            for event in events:
                self._sort(event)
            self._changed.notify_all()
        for event in events:
            if isinstance(event, Unsolicited):
                self._on_unsolicited(event)

    def _sort(self, event: Event) -> None:
        if isinstance(event, Prompt | Answer):
            self._answers.append(event)
        elif isinstance(event, Stray):
            self._strays.append(event.text)
            self._late = event.text if event.text.startswith("+CMGS:") else self._late
        elif isinstance(event, Echo):
            self._echo_heard = True
            self.rebooted |= self._echo_is_off
            self.restarted |= self._echo_is_off
        elif event.reboot:
            self.rebooted = self.restarted = True

    def _lose(self, error: LineUnavailable) -> None:
        with self._changed:
            first = self._gone is None
            if first:
                self._gone = error
            self._changed.notify_all()
        if first and not self._closing:
            self._on_gone(error)

    def _note(self, sent: bool, data: bytes) -> None:
        self._transcript.append(Said(time.monotonic(), sent, data.decode("latin-1")))

    def transcript(self) -> list[Said]:
        """What was said last, both ways, for support; the caller masks it."""
        with self._changed:
            return list(self._transcript)

    # Writing

    def turn(self) -> AbstractContextManager[None]:
        return self._turn.taken()

    def ask(self, request: Request, *, patience: float = 1.0, longest: float = 0.0) -> Answer:
        """The answer, whatever it is. Raises LineUnavailable (CommandTimeout when the modem is silent).

        ``patience`` multiplies the usual time for commands known to be slow; ``longest`` seconds are granted to an
        answer that goes on arriving.
        """
        with self.turn():
            self.settle()
            return self._exchange(request, self._command_seconds * patience, longest)

    def must(self, command: str) -> None:
        """A command that the line cannot do without. Raises CommandFailed as well."""
        answer = self.ask(Request(command))
        if not answer.final.ok:
            raise CommandFailed(command, answer.final)

    def attempt(self, command: str, *, patience: float = 1.0) -> bool:
        """Whether the modem said OK to a command that it may refuse."""
        return self.ask(Request(command), patience=patience).final.ok

    def _exchange(self, request: Request, timeout: float, longest: float = 0.0) -> Answer:
        self._start(request)
        answer = self._wait(timeout, longest)
        if isinstance(answer, Answer):
            return answer
        raise self._timeout(request)

    def _start(self, request: Request, *, anew: bool = True) -> None:
        with self._changed:
            self._answers.clear()
            if anew:
                self._strays.clear()
            self._dialog.begin(request)
        self._write(request.text.encode("ascii") + b"\r")

    def _write(self, data: bytes) -> None:
        if self._gone is not None:
            raise self._lost()
        with self._changed:
            self._note(True, data)
        try:
            self._port.write(data, WRITE_SECONDS)
        except LineUnavailable as error:
            self._out_of_step = True
            if error.code == "port.gone":
                self._lose(error)
            raise

    def _wait(self, timeout: float, longest: float = 0.0) -> Prompt | Answer | None:
        started = time.monotonic()
        with self._changed:
            while not self._answers:
                if self._gone is not None:
                    raise self._lost()
                left = self._deadline(started, timeout, longest) - time.monotonic()
                if left <= 0:
                    self._dialog.abandon()
                    self._out_of_step = True
                    return None
                self._changed.wait(left)
            return self._answers.popleft()

    def _deadline(self, started: float, timeout: float, longest: float) -> float:
        """A device that starts anew answers nothing it was asked before."""
        deadline = started + timeout
        if longest:
            deadline = min(max(deadline, self._heard_at + timeout), started + longest)
        return min(deadline, max(started, self._heard_at) + self._probe_seconds) if self.rebooted else deadline

    def _lost(self) -> LineUnavailable:
        error = self._gone
        assert error is not None
        return LineUnavailable(error.code, error.detail)

    def _timeout(self, request: Request) -> CommandTimeout:
        return CommandTimeout("at.timeout", f"no answer to {request.text.split('=')[0]}")

    # A command with a body

    def prompt(self, request: Request, timeout: float) -> Answer | None:
        """None when the modem waits for the body; its answer when it refused.

        Raises CommandTimeout; a prompt that comes later is escaped from before the next command.
        """
        self.settle()
        self._start(request)
        heard = self._wait(timeout)
        if heard is None:
            raise self._timeout(request)
        return heard if isinstance(heard, Answer) else None

    def write_body(self, body: str) -> None:
        """The body without its end: nothing has left yet when this raises."""
        with self._changed:
            self._dialog.body_written(body)
            self._strays.clear()
            self._late = ""
        self._write(body.encode("ascii"))

    def finish_body(self, timeout: float) -> Answer:
        """Ctrl-Z and the final result. Raises CommandTimeout or LineUnavailable: then the outcome is unknown."""
        self._write(CTRL_Z)
        return self.await_answer(timeout)

    def await_answer(self, timeout: float) -> Answer:
        heard = self._wait(timeout)
        if isinstance(heard, Answer):
            return heard
        raise CommandTimeout("at.timeout", "no result after the body")

    def await_another(self, prefix: str, timeout: float) -> Answer:
        """The answer after one that was somebody else's. Raises as ``finish_body``."""
        with self._changed:
            self._dialog.begin(Request("", prefix=prefix))
        return self.await_answer(timeout)

    def await_late(self, seconds: float) -> str:
        """The result of a message that was given up, should it still come; empty when it does not. Tells it once."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self._late and self._gone is None and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            late, self._late = self._late, ""
            return late

    def escape(self) -> None:
        """Leave the prompt without sending; the modem is in command mode afterwards. Raises LineUnavailable."""
        with self._changed:
            self._dialog.abandon()
            self._out_of_step = True
        self.settle()

    # Keeping in step

    def settle(self) -> None:
        """Get back in step when the last command was left without its end. Raises LineUnavailable.

        ESC leaves a prompt; bytes are discarded until the modem is quiet; then a question that only its own
        answer fits is asked, for modems answer in order: what comes before that answer is late, what comes
        after it is not.
        """
        if not self._out_of_step:
            return
        for _ in range(_RESYNC_ATTEMPTS):
            self._write(ESC)
            self._hush()
            if self.in_step():
                self._out_of_step = False
                return
        raise CommandTimeout("at.silent", "the modem does not answer")

    def wake(self) -> None:
        """Command mode, echo off, verbose results, then in step. Raises LineUnavailable."""
        was_off, self._echo_is_off, self._echo_heard = self._echo_is_off, False, False
        for _ in range(_RESYNC_ATTEMPTS):
            self._write(ESC)
            self._hush()
            try:
                self._exchange(Request("ATE0V1Q0"), self._probe_seconds)
            except CommandTimeout:
                continue
            self.restarted |= was_off and self._echo_heard
            self._echo_heard = False
            if self.in_step():
                self._out_of_step = False
                self._echo_is_off = not self._echo_heard
                return
        raise CommandTimeout("at.silent", "the modem does not answer")

    def in_step(self, timeout: float | None = None, *, anew: bool = True) -> bool:
        """Whether the modem answers a question of its own kind; late answers to others are put aside.

        Without ``anew`` they are put to those that came since the last body was written.
        """
        probe = next(self._probes)
        self._start(probe, anew=anew)
        deadline = time.monotonic() + (self._probe_seconds if timeout is None else timeout)
        while (left := deadline - time.monotonic()) > 0:
            heard = self._wait(left)
            if isinstance(heard, Answer) and heard.final.ok:
                return True
            if isinstance(heard, Answer):  # an error of whatever came before; the real answer may follow
                with self._changed:
                    self._strays.append(heard.final.line)
                    self._dialog.begin(probe)
        return False

    def late_answers(self) -> list[str]:
        """Lines that answered nothing since the last command, body, or ``in_step`` anew began."""
        with self._changed:
            return list(self._strays)

    def _hush(self, limit: float = 2.0) -> None:
        deadline = time.monotonic() + limit
        with self._changed:
            while self._gone is None:
                now = time.monotonic()
                quiet_at = max(self._heard_at, deadline - limit) + self._quiet_seconds
                if now >= min(quiet_at, deadline):
                    return
                self._changed.wait(min(quiet_at, deadline) - now)

    def mark_out_of_step(self) -> None:
        self._out_of_step = True

    @property
    def gone(self) -> GsmError | None:
        return self._gone

    def close(self) -> None:
        """End every wait with ``port.closed``, join the reader, give the port back."""
        self._closing = True
        self._lose(LineUnavailable("port.closed", "closed by us"))
        self._port.cancel()
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout=5)
        self._port.close()
