"""The AT line protocol as a state machine without a port (ITU-T V.250; 3GPP TS 27.005, 27.007).

``Dialog`` is told which command is outstanding and fed with whatever bytes arrive. It says which lines answer the
command and which came by themselves, wherever they fall: between a command and its result, inside a prompt, split
over reads, or glued together. It never raises on input.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ESC = b"\x1b"
CTRL_Z = b"\x1a"

_MAX_LINE = 4096
_MAX_QUOTED_LINES = 24
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_ERROR = re.compile(r"\+(CM[ES]) ERROR(?:: ?(.*))?", re.IGNORECASE)
_REFUSALS = frozenset({"ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"})
_WITH_PDU = ("+CDS:", "+CMT:", "+CBM:")
_ALWAYS_UNSOLICITED = (*_WITH_PDU, "+CMTI:", "+CDSI:", "+CUSD:", "+CRING:", "+CLIP:", "+CIEV:", "+CTZV:", "+CTZE:")
_BOOT = frozenset({"RDY", "^SYSSTART", "SYSSTART", "APP RDY", "START", "MODEM:STARTUP", "+CPIN: NOT READY", "^RESET"})
_WORDS = (
    frozenset({"RING", "CALL READY", "SMS READY", "SMS DONE", "PB DONE", "NO CARRIER", "NORMAL POWER DOWN"}) | _BOOT
)
_MARKED = re.compile(r"[+^*%$#&!][A-Z][A-Z0-9_ ]*(?::|$)", re.IGNORECASE)
_REGISTRATION = re.compile(r"\+C(?:E|G|5G)?REG: ?\d+(?:,[^0-9]|$|,\"|,0x)", re.IGNORECASE)
_ECHO = re.compile(r"AT.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Final:
    """The result that ends a command."""

    ok: bool
    family: str = ""  # "cms" or "cme"; empty for a bare result
    code: int | None = None
    text: str = ""  # verbose text, or the bare word

    @property
    def line(self) -> str:
        return f"+{self.family.upper()} ERROR: {self.text}" if self.family else self.text

    def __str__(self) -> str:
        if self.family and self.code is not None:
            return f"{self.family}.{self.code}"
        return "ok" if self.ok else (self.family or "error")


OK = Final(True, text="OK")


def parse_final(line: str) -> Final | None:
    """A final result, or None: only a whole line counts, never a text that begins like one."""
    if line == "OK":
        return OK
    if line in _REFUSALS:
        return Final(False, text=line)
    match = _ERROR.fullmatch(line)
    if match is None:
        return None
    rest = (match[2] or "").strip()
    return Final(False, match[1].lower(), int(rest) if rest.isdigit() else None, rest)


@dataclass(frozen=True, slots=True)
class Request:
    """A command and what may answer it."""

    text: str
    prefix: str = ""  # information lines begin with it, as in "+CSQ:"
    required: bool = True  # with a prefix: OK counts only after an information line
    bare: bool = False  # information lines carry no prefix (AT+CGSN)
    pdu: bool = False  # each information line is followed by one with a PDU
    prompt: bool = False  # a prompt comes first, then a body is written


@dataclass(frozen=True, slots=True)
class Info:
    text: str
    pdu: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    pass


@dataclass(frozen=True, slots=True)
class Answer:
    final: Final
    lines: tuple[Info, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """A result that nobody asked for; ``pdu`` is empty when its second line never came."""

    text: str
    pdu: str = ""
    reboot: bool = False  # the device says that it has just started


@dataclass(frozen=True, slots=True)
class Echo:
    """The outstanding command, typed back."""


@dataclass(frozen=True, slots=True)
class Stray:
    """An answer without a question: late, or an echo of trouble."""

    text: str


Event = Prompt | Answer | Unsolicited | Echo | Stray


class LineSplitter:
    """Bytes in, lines and prompts out. A prompt is looked for only while one is expected."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, data: bytes, expects_prompt: Callable[[], bool]) -> Iterator[str | Prompt]:
        self._tail += data.replace(b"\x00", b"")
        while True:
            self._tail = self._tail.lstrip(b"\r\n")
            if self._tail.startswith(b">") and expects_prompt():
                self._tail = self._tail[1:].removeprefix(b" ")
                yield Prompt()
                continue
            end = min((at for at in (self._tail.find(b"\r"), self._tail.find(b"\n")) if at >= 0), default=-1)
            if end < 0:
                self._tail = self._tail[-_MAX_LINE:]
                return
            line, self._tail = self._tail[:end], self._tail[end + 1 :]
            text = line.decode("latin-1").strip()
            if text:
                yield text

    def clear(self) -> None:
        self._tail = b""


@dataclass(slots=True)
class _Header:
    """A line whose PDU is still to come."""

    text: str
    answers: bool
    length: int | None

    def fits(self, pdu: str) -> bool:
        """The announced TPDU length, with or without a service centre address before it."""
        octets = len(pdu) // 2
        return self.length is None or octets in (self.length, self.length + 1 + int(pdu[:2], 16))


@dataclass(slots=True)
class Dialog:
    _splitter: LineSplitter = field(default_factory=LineSplitter)
    _request: Request | None = None
    _awaits_prompt: bool = False
    _body: str = ""
    _orphaned: bool = False  # a late result of a message came, whose OK is still to come
    _lines: list[Info] = field(default_factory=list)
    _headers: list[_Header] = field(default_factory=list)
    _quoted: list[str] = field(default_factory=list)
    _pending: deque[Event] = field(default_factory=deque)

    def begin(self, request: Request) -> None:
        self._request = request
        self._awaits_prompt = request.prompt
        self._body = ""
        self._lines.clear()
        self._headers = [header for header in self._headers if not header.answers]

    def body_written(self, body: str) -> None:
        """After the prompt: from now on the result may come, and an echo of ``body``."""
        self._body = body

    def abandon(self) -> None:
        """Whatever still answers the outstanding command is a stray from now on."""
        self._request = None
        self._awaits_prompt = False
        if self._quoted:
            self._flush_quoted()
        self._headers = [header for header in self._headers if not header.answers]

    def feed(self, data: bytes) -> list[Event]:
        for item in self._splitter.feed(data, self._expects_prompt):
            if isinstance(item, Prompt):
                self._awaits_prompt = False
                self._pending.append(item)
            else:
                self._line(item)
        events = list(self._pending)
        self._pending.clear()
        return events

    def _expects_prompt(self) -> bool:
        return self._awaits_prompt and not self._quoted

    def _line(self, line: str) -> None:
        if self._quoted or (line.startswith("+CUSD:") and line.count('"') % 2):
            self._quote(line)
        elif self._headers and _HEX.fullmatch(line) and self._take_pdu(line):
            return
        elif not self._is_echo(line):
            self._classify(line)

    def _quote(self, line: str) -> None:
        """A quoted text that runs over several lines ends with its closing quote."""
        if self._quoted and self._is_whole_final(line):
            self._flush_quoted()
            self._classify(line)
            return
        self._quoted.append(line)
        if ('"' in line and "\n".join(self._quoted).count('"') % 2 == 0) or len(self._quoted) >= _MAX_QUOTED_LINES:
            self._flush_quoted()

    def _is_whole_final(self, line: str) -> bool:
        """An error that the outstanding command waits for; a bare OK may well be part of a quoted text."""
        return self._request is not None and line.startswith(("+CMS ERROR", "+CME ERROR"))

    def _flush_quoted(self) -> None:
        self._pending.append(Unsolicited("\n".join(self._quoted)))
        self._quoted.clear()

    def _take_pdu(self, line: str) -> bool:
        fitting = [header for header in self._headers if header.fits(line)]
        if not fitting and self._request is not None and self._request.bare:
            return False
        header = (fitting or self._headers)[-1]
        self._headers.remove(header)
        if header.answers:
            self._lines.append(Info(header.text, line))
        else:
            self._pending.append(Unsolicited(header.text, line))
        return True

    def _is_echo(self, line: str) -> bool:
        if self._request is not None and line == self._request.text:
            self._pending.append(Echo())
            return True
        if self._body and self._body.startswith(line.rstrip("\x1a")) and _HEX.fullmatch(line.rstrip("\x1a")):
            return True
        return bool(_ECHO.fullmatch(line)) and self._request is None

    def _classify(self, line: str) -> None:
        request = self._request
        final = parse_final(line)
        if final is not None:
            self._finish(final, line)
        elif self._is_unsolicited(line):
            self._unsolicited(line)
        elif request is not None and request.prefix and line.upper().startswith(request.prefix.upper()):
            self._information(line, request)
        elif request is not None and request.bare and not _MARKED.match(line):
            self._lines.append(Info(line))
        else:
            self._orphaned |= line.startswith("+CMGS:")
            self._pending.append(Stray(line) if line.startswith(("+CMGS", "+CMGR", "+CMGL")) else Unsolicited(line))

    def _is_unsolicited(self, line: str) -> bool:
        upper = line.upper()
        if upper.startswith(_ALWAYS_UNSOLICITED) or upper in _WORDS:
            return self._request is None or not (
                self._request.prefix and upper == "+CPIN: NOT READY" and self._request.prefix == "+CPIN:"
            )
        return bool(_REGISTRATION.match(line))

    def _unsolicited(self, line: str) -> None:
        if line.upper().startswith(_WITH_PDU):
            self._drop_stale_headers()
            self._headers.append(_Header(line, False, _announced_length(line)))
        else:
            self._pending.append(Unsolicited(line, reboot=line.upper() in _BOOT))

    def _drop_stale_headers(self) -> None:
        """A second header before the first one's PDU: that PDU is lost, and whoever cares must sweep."""
        for header in [header for header in self._headers if not header.answers]:
            self._headers.remove(header)
            self._pending.append(Unsolicited(header.text))

    def _information(self, line: str, request: Request) -> None:
        if request.prompt and not self._body:
            self._pending.append(Stray(line))  # no result can precede the body
        elif request.pdu:
            self._headers.append(_Header(line, True, _announced_length(line)))
        else:
            self._lines.append(Info(line))

    def _finish(self, final: Final, line: str) -> None:
        request = self._request
        if self._orphaned and final.ok:
            self._orphaned = False
            self._pending.append(Stray(line))
            return
        missing = request is not None and request.prefix and request.required and not self._lines
        if request is None or (final.ok and (missing or (request.prompt and not self._body))):
            self._pending.append(Stray(line))
            return
        damaged = [Info(header.text) for header in self._headers if header.answers]
        answer = Answer(final, (*self._lines, *damaged))
        self._request = None
        self._awaits_prompt = False
        self._headers = [header for header in self._headers if not header.answers]
        self._lines.clear()
        self._pending.append(answer)


def _announced_length(line: str) -> int | None:
    last = line.rsplit(",", 1)[-1].rsplit(":", 1)[-1].strip()
    return int(last) if last.isdigit() else None
