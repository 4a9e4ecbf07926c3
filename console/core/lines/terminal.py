"""The support terminal: a person's AT commands over one line that nobody else uses, with a masked transcript."""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from console.core.context import Context
from console.core.errors import EnvironmentTrouble, UserError
from console.core.format import local_datetime
from console.core.i18n import T, sentences
from console.core.lines.commands import refusal
from console.core.lines.editing import InvalidLine
from console.core.lines.lease import Lease
from console.core.logs import masked
from console.core.security.permissions import Permission
from console.core.sending.causes import explain
from db.errors import DatabaseError
from db.models import Line
from gsm.errors import LineFault
from gsm.modem.at import Request, Unsolicited
from gsm.modem.engine import Engine
from gsm.modem.port import open_port

log = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
SEARCH_SECONDS = 180.0  # AT+COPS=? listens to every network around
KEPT = 2000  # entries of a transcript
_AUDITED = 50  # commands named in the trail
_OCTETS = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{24,}(?![0-9A-Za-z])")
_NUMBER = re.compile(r"\+?\d{3,}(\d{4})")


class Kind(StrEnum):
    SENT = "sent"
    HEARD = "heard"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Entry:
    at: datetime
    kind: Kind
    text: str  # masked


def hidden(text: str) -> str:
    """Without numbers of people, cards and devices, and without messages; their last digits stay."""
    text = _OCTETS.sub(lambda found: f"[{len(found[0]) // 2} octets]", text)
    return masked(_NUMBER.sub(lambda found: f"***{found[1]}", text))


class Terminal:
    """``ask``, ``close`` and ``save`` wait for the modem or the disk: off the GUI thread. ``news`` does not."""

    def __init__(
        self, ctx: Context, line_id: int, name: str, address: str, options: dict[str, object], lease: Lease
    ) -> None:
        self.name = name
        self._lease = lease
        self._ctx = ctx
        self._line_id = line_id
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._news: deque[Entry] = deque(maxlen=KEPT)
        self._commands: list[str] = []
        self._closing = threading.Lock()
        self._closed = False
        self._ready = False  # what the modem says while it is made ready is no news
        baudrate = options.get("baudrate")
        port = open_port(address, baudrate=baudrate if isinstance(baudrate, int) else 115200)
        self._engine = Engine(port, self._unasked, self._gone, command_seconds=ANSWER_SECONDS)
        try:
            self._engine.wake()
            self._engine.attempt("AT+CMEE=1")
            self._engine.attempt("AT+CMGF=0")  # messages as octets, which are hidden
        except LineFault:
            self._engine.close()
            raise
        self._ready = True

    def ask(self, command: str) -> None:
        """The answer, or why there is none, goes into the transcript."""
        command = command.strip()
        self._commands.append(hidden(command))
        reason = refusal(command)
        if reason is not None:
            self._note(Kind.SENT, command)
            self._note(Kind.NOTE, sentences(T("Not handed to the modem."), reason))
            return
        self._note(Kind.SENT, command)
        name = re.match(r"AT\s*([+^*%$#!_]\w+)", command, re.IGNORECASE)
        prefix = f"{name[1].upper()}:" if name else "+"
        seconds = SEARCH_SECONDS if "COPS=?" in command.upper().replace(" ", "") else ANSWER_SECONDS
        request = Request(command, prefix=prefix, bare=True, required=False)
        try:
            answer = self._engine.ask(request, patience=seconds / ANSWER_SECONDS)
        except LineFault as error:
            cause = explain(error.code)
            self._note(Kind.NOTE, sentences(cause.text, cause.advice, f"({error.code})"))
            return
        for line in answer.lines:
            self._note(Kind.HEARD, line.text)
            if line.pdu:
                self._note(Kind.HEARD, line.pdu)
        self._note(Kind.HEARD, answer.final.line)

    def news(self) -> list[Entry]:
        """What has been added since the last call."""
        found = []
        while self._news:
            found.append(self._news.popleft())
        return found

    def transcript(self) -> str:
        signs = {Kind.SENT: ">", Kind.HEARD: "<", Kind.NOTE: "#"}
        return "".join(f"{moment(entry)} {signs[entry.kind]} {entry.text}\n" for entry in list(self._entries))

    def save(self, path: Path) -> None:
        """Masked, as on the screen. Raises UserError."""
        head = f"# {self.name}  {local_datetime(self._ctx.clock.now())}\n"
        try:
            path.write_text(head + self.transcript(), "utf-8")
        except OSError as error:
            raise EnvironmentTrouble(
                T("The file {file} cannot be written.", file=path.name), T("Choose another folder.")
            ) from error

    def close(self) -> None:
        """Give the modem back; told in the trail. Safe to call twice."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._engine.close()
        self._lease.release()
        with self._ctx.database.begin() as session:
            self._ctx.audit(
                session,
                "line.terminal.close",
                f"line:{self._line_id}",
                name=self.name,
                count=len(self._commands),
                commands=self._commands[:_AUDITED],
            )

    def leave(self) -> None:
        """``close`` for the end of the program, where nobody can be told any more."""
        try:
            self.close()
        except DatabaseError as error:
            log.warning("the end of a terminal could not be written down: %s", type(error).__name__)

    def _note(self, kind: Kind, text: str) -> None:
        entry = Entry(at=self._ctx.clock.now(), kind=kind, text=hidden(text) if kind is not Kind.NOTE else text)
        self._entries.append(entry)
        self._news.append(entry)

    def _unasked(self, event: Unsolicited) -> None:
        if not self._ready:
            return
        self._note(Kind.HEARD, event.text)
        if event.pdu:
            self._note(Kind.HEARD, event.pdu)

    def _gone(self, error: LineFault) -> None:
        self._note(Kind.NOTE, str(explain(error.code).text))


def moment(entry: Entry) -> str:
    return entry.at.astimezone().strftime("%H:%M:%S")


def open_terminal(ctx: Context, line_id: int) -> Terminal:
    """Raises NotPermitted, InvalidLine, LineTaken while a dispatcher or another terminal has the modem,
    EnvironmentTrouble.
    """
    ctx.require(Permission.LINES_EDIT)
    lease = Lease.take(ctx, line_id)
    try:
        return _open(ctx, line_id, lease)
    except LineFault as error:
        lease.release()
        cause = explain(error.code)
        raise EnvironmentTrouble(cause.text, cause.advice) from error
    except UserError:
        lease.release()
        raise


def _open(ctx: Context, line_id: int, lease: Lease) -> Terminal:
    with ctx.database.begin() as session:
        line = session.get(Line, line_id)
        if line is None:
            raise InvalidLine("name", T("This line does not exist any more."))
        name, address, options = line.name, line.address, dict(line.options)
        ctx.audit(session, "line.terminal.open", f"line:{line_id}", name=name, address=address)
    return Terminal(ctx, line_id, name, address, options, lease)
