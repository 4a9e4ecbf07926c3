"""Everything that comes in: reports and messages, direct or stored, kept until the house has them.

The reader thread only files what it hears. Commands that follow from it (reading a store, confirming to the
network, deleting what was committed) are chores, done by whoever holds the modem next.
"""

from __future__ import annotations

import itertools
import logging
import queue
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gsm.errors import LineUnavailable, NotSent
from gsm.messages import DeliveryReport, Inbound, Received, Undecodable
from gsm.modem.at import Info, Request, Unsolicited
from gsm.modem.engine import Engine
from gsm.modem.fields import Charset
from gsm.modem.health import fields, first_line
from gsm.modem.pdu import Deliver, PduError, StatusReport, decode
from gsm.modem.reassembly import Piece, Reassembly, Whole
from gsm.modem.setup import ReportMode, Session

log = logging.getLogger(__name__)

_INDICATION = re.compile(r'\+C(?:MT|DS)I: ?"?(\w+)"?, ?(\d+)')
_LIST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in a store of the modem."""

    store: str
    index: int
    raw: str


@dataclass(frozen=True, slots=True)
class Direct:
    """A message that came without being stored; in phase 2+ the network waits for AT+CNMA."""


Place = Stored | Direct


@dataclass(frozen=True, slots=True)
class Fetch:
    store: str
    index: int


@dataclass(frozen=True, slots=True)
class Sweep:
    store: str


@dataclass(frozen=True, slots=True)
class Release:
    place: Place


Chore = Fetch | Sweep | Release


class Mailroom:
    def __init__(self, now: Callable[[], datetime], incomplete_seconds: float) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._freed = threading.Condition()
        self._chores: deque[Chore] = deque()
        self._chores_lock = threading.Lock()
        self._failed: deque[Chore] = deque(maxlen=64)  # a chore that the modem hangs on must not stop the line
        self.wanted = threading.Event()  # set while chores wait
        self._queue: queue.Queue[Received | None] = queue.Queue()
        self._tokens = itertools.count(1)
        self._held: dict[str, tuple[Place, ...]] = {}
        self._seen: dict[tuple[str, int], str] = {}  # stored, handed on or waiting for its other parts
        self._parts: Reassembly[Place] = Reassembly(incomplete_seconds, time.monotonic)
        self._session: Session | None = None
        self._selected = ""
        self._places: dict[str, int] = {}  # how many messages each store holds
        self._closed = False
        self.refusals = 0  # confirmations in a row that the modem did not take
        self.on_report: Callable[[DeliveryReport], None] = lambda report: None

    def start(self, session: Session) -> None:
        """After each set-up of the modem: places known before mean nothing any more, all stores are read."""
        with self._lock:
            self._session = session
            self._selected = ""
            self._held = {token: places for token, places in self._held.items() if Direct() in places}
            self._seen.clear()
            self._parts.clear()
        with self._chores_lock:
            self._chores = deque(chore for chore in self._chores if chore == Release(Direct()))
        self.sweep()

    # Filing: any thread, no modem

    def unsolicited(self, event: Unsolicited) -> None:
        found = _INDICATION.match(event.text)
        if found:
            self._add(Fetch(found[1], int(found[2])))
        elif event.text.upper().startswith(("+CDS:", "+CMT:")):
            if event.pdu:
                self._file(event.pdu, _announced(event.text), Direct())
            else:
                self.sweep()

    def _confirms(self) -> bool:
        return self._session is not None and self._session.reports is ReportMode.ACKNOWLEDGED

    def sweep(self) -> None:
        """Read every store again: what an indication never told of is found, what is handed on already is not."""
        for store in self._session.stores if self._session else ():
            self._add(Sweep(store))

    def give_up_incomplete(self) -> None:
        with self._lock:
            late = self._parts.expired()
        for whole in late:
            self._hand_inbound(whole)

    def next(self, timeout: float) -> Received | None:
        if self._closed and self._queue.empty():
            return None
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def acknowledge(self, received: Received) -> None:
        for place in dict.fromkeys(self._held.pop(received.token, ())):
            if isinstance(place, Stored) or self._confirms():
                self._add(Release(place))
        with self._freed:
            self._freed.notify_all()

    def await_room(self, seconds: float) -> None:
        """Wait while the store of reports is half full of what nobody acknowledged; what comes on top would be lost.

        Raises NotSent when it does not empty in time.
        """
        with self._freed:
            if not self._freed.wait_for(self._has_room, seconds):
                raise NotSent("reports.unacknowledged", retry_after=1)

    def _has_room(self) -> bool:
        if self._session is None or self._session.reports is not ReportMode.STORED or self._closed:
            return True
        waiting = sum(isinstance(place, Stored) and place.store == "SR" for (place, *_) in list(self._held.values()))
        return waiting <= self._places.get("SR", 10) // 2

    def close(self) -> None:
        self._closed = True
        with self._freed:
            self._freed.notify_all()
        self._queue.put(None)

    def _add(self, chore: Chore) -> None:
        with self._chores_lock:
            if isinstance(chore, Release) or chore not in self._chores:
                self._chores.append(chore)
        self.wanted.set()

    # Sorting

    def _file(self, raw: str, length: int | None, place: Place) -> None:
        try:
            decoded = decode(raw, length=length)
        except PduError as error:
            self._hand_undecodable(raw, error.reason, place)
            return
        if isinstance(decoded, StatusReport):
            self._hand_report(decoded, raw, place)
        elif isinstance(decoded, Deliver):
            self._file_deliver(decoded, raw, place)
        elif isinstance(place, Stored):
            self._seen[place.store, place.index] = place.raw  # a message of our own: left where it is

    def _file_deliver(self, deliver: Deliver, raw: str, place: Place) -> None:
        if deliver.coding.charset is Charset.OCTETS:
            self._hand_undecodable(raw, "data, not text", place)
            return
        with self._lock:
            wholes = self._parts.add(Piece(deliver, raw, place))
        if place == Direct() and self._confirms() and not wholes:
            self._add(Release(place))  # the network does not wait for the other parts
        for whole in wholes:
            self._hand_inbound(whole)

    def _hand_report(self, report: StatusReport, raw: str, place: Place) -> None:
        record = DeliveryReport(
            token=self._token((place,)),
            raw=raw,
            reference=str(report.reference),
            recipient=report.recipient,
            sender_identity=self._identity(),
            outcome=report.outcome,
            status=f"{report.status:02X}",
            sent_at=report.sent_at,
            done_at=report.done_at,
            received_at=self._now(),
        )
        self.on_report(record)
        self._queue.put(record)

    def _hand_inbound(self, whole: Whole[Place]) -> None:
        first = whole.pieces[0]
        self._queue.put(
            Inbound(
                token=self._token(_places(whole)),
                raw="\n".join(piece.raw for piece in whole.pieces),
                sender=first.deliver.sender,
                body=whole.body,
                sender_identity=self._identity(),
                sent_at=first.deliver.sent_at,
                received_at=self._now(),
                complete=whole.complete,
                flash=first.deliver.coding.message_class == 0,
            )
        )

    def _hand_undecodable(self, raw: str, reason: str, place: Place) -> None:
        token = self._token((place,))
        self._queue.put(Undecodable(token=token, raw=raw, reason=reason, received_at=self._now()))

    def _token(self, places: tuple[Place, ...]) -> str:
        token = str(next(self._tokens))
        self._held[token] = places
        return token

    def _identity(self) -> str:
        return self._session.identity.sender if self._session else ""

    # Chores: inside a turn

    def do_chores(self, engine: Engine) -> None:
        """The chores that wait now; those they lead to come next time, or a chatty modem would never be free.

        Raises LineUnavailable when the modem stops answering; what was not done is tried once more later.
        """
        for _ in range(len(self._chores)):
            with self._chores_lock:
                chore = self._chores.popleft()
            try:
                self._do(engine, chore)
            except LineUnavailable:
                if chore not in self._failed:
                    self._failed.append(chore)
                    self._add(chore)
                raise
        self.wanted.clear()
        if self._chores:
            self.wanted.set()

    def _do(self, engine: Engine, chore: Chore) -> None:
        if isinstance(chore, Fetch):
            self._fetch(engine, chore)
        elif isinstance(chore, Sweep):
            self._sweep(engine, chore.store)
        else:
            self._release(engine, chore.place)

    def _select(self, engine: Engine, store: str) -> bool:
        if self._selected == store:
            return True
        answer = engine.ask(Request(f'AT+CPMS="{store}"', prefix="+CPMS:", required=False))
        self._selected = store if answer.final.ok else ""
        fill = fields(first_line(answer.lines))
        if answer.final.ok and len(fill) > 1 and fill[1].isdigit():
            self._places[store] = int(fill[1])
        return answer.final.ok

    def _fetch(self, engine: Engine, chore: Fetch) -> None:
        if not self._select(engine, chore.store):
            return
        answer = engine.ask(Request(f"AT+CMGR={chore.index}", prefix="+CMGR:", pdu=True, required=False))
        if answer.final.ok:
            for line in answer.lines:
                self._file_stored(line, Stored(chore.store, chore.index, line.pdu))

    def _sweep(self, engine: Engine, store: str) -> None:
        if not self._select(engine, store):
            return
        request = Request("AT+CMGL=4", prefix="+CMGL:", pdu=True, required=False)
        answer = engine.ask(request, longest=_LIST_SECONDS)
        if not answer.final.ok:
            return
        for line in answer.lines:
            index = line.text.split(":", 1)[-1].split(",")[0].strip()
            if index.isdigit():
                self._file_stored(line, Stored(store, int(index), line.pdu))

    def _file_stored(self, line: Info, place: Stored) -> None:
        key = (place.store, place.index)
        if self._seen.get(key) == place.raw:
            return
        self._seen[key] = place.raw
        self._file(place.raw, _announced(line.text), place)

    def _release(self, engine: Engine, place: Place) -> None:
        if isinstance(place, Direct):
            if engine.attempt("AT+CNMA"):
                self.refusals = 0
            elif self._session is not None:
                self.refusals += 1
                engine.attempt(f"AT+CNMI={self._session.routing}")  # late: the modem has stopped routing by itself
        elif self._select(engine, place.store):
            if engine.attempt(f"AT+CMGD={place.index}", patience=2):
                self._seen.pop((place.store, place.index), None)
            else:
                log.warning("place %d of %s could not be freed", place.index, place.store)


def _places(whole: Whole[Place]) -> tuple[Place, ...]:
    return tuple(piece.place for piece in whole.pieces)


def _announced(line: str) -> int | None:
    last = line.rsplit(",", 1)[-1].rsplit(":", 1)[-1].strip()
    return int(last) if last.isdigit() else None
