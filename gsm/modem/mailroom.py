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
from gsm.modem.health import fields, first_line
from gsm.modem.pdu import Deliver, PduError, StatusReport, decode
from gsm.modem.reassembly import Piece, Reassembly, Whole
from gsm.modem.setup import ReportMode, Session, is_phase_2_plus

log = logging.getLogger(__name__)

_INDICATION = re.compile(r'\+C(?:MT|DS)I: ?"?(\w+)"?, ?(\d+)')
_FULL = re.compile(r"\^SMMEMFULL|\+CMTI: ?\"?FULL|SMS FULL|\+CIEV: ?\"?(?:SMSFULL|SMS_FULL)\"?, ?[12]", re.IGNORECASE)
_LIST_SECONDS = 60.0
_REMEMBERED = 1_000  # PDUs that could not be deleted yet
_OWN = frozenset({"2", "3"})  # <stat>: stored unsent, stored sent (27.005 3.1)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in a store of the modem."""

    store: str
    index: int
    raw: str
    own: bool = False  # written by somebody on this side, not one that came


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
    purge: bool = False  # what other programs wrote and left there goes as well, once the house has it


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
        self._held: dict[str, tuple[Place, ...]] = {}  # by token: handed on, not acknowledged yet
        self._adrift: dict[str, str] = {}  # PDU to token: handed on before a set-up, its place to be found again
        self._committed: dict[str, None] = {}  # PDUs that the house has and the modem has not deleted yet
        self._seen: dict[tuple[str, int], str] = {}  # stored, handed on or waiting for its other parts
        self._parts: Reassembly[Place] = Reassembly(incomplete_seconds, time.monotonic)
        self._session: Session | None = None
        self._selected = ""
        self._fills: dict[str, tuple[int, int]] = {}  # by store: places used when last asked, and how many there are
        self._closed = False
        self.refusals = 0  # confirmations in a row that the modem did not take
        self.on_report: Callable[[DeliveryReport], None] = lambda report: None

    def start(self, session: Session) -> None:
        """After each set-up of the modem: its places may hold other messages now, so all stores are read again.

        What was handed on already is known again by its PDU: it is not handed on twice, and not forgotten either.
        """
        with self._lock:
            self._session = session
            self._selected = ""
            for token, places in self._held.items():
                self._adrift |= {place.raw: token for place in places if isinstance(place, Stored)}
                self._held[token] = tuple(place for place in places if not isinstance(place, Stored))
            self._seen.clear()
            self._parts.forget(lambda place: isinstance(place, Stored))
        confirm = Release(Direct())
        with self._chores_lock:  # a modem waits for one confirmation at most
            owed = confirm in self._chores and session.reports is ReportMode.ACKNOWLEDGED
            self._chores = deque([confirm] if owed else ())
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
        elif _FULL.match(event.text):
            self.purge()

    def _confirms(self) -> bool:
        return self._session is not None and self._session.reports is ReportMode.ACKNOWLEDGED

    def sweep(self) -> None:
        """Read every store again: what an indication never told of is found, what is handed on already is not."""
        for store in self._session.stores if self._session else ():
            self._add(Sweep(store))

    def purge(self) -> None:
        """A store is full: read every one out, with what other programs left there."""
        for store in self._session.stores if self._session else ():
            self._add(Sweep(store, purge=True))

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
        with self._lock:
            places = self._held.pop(received.token, ())
            adrift = [raw for raw, token in self._adrift.items() if token == received.token]
            for raw in adrift:
                del self._adrift[raw]
            committed = [*adrift, *(place.raw for place in places if isinstance(place, Stored))]
            self._committed |= dict.fromkeys(committed)
            while len(self._committed) > _REMEMBERED:
                del self._committed[next(iter(self._committed))]
        for place in dict.fromkeys(places):
            if isinstance(place, Stored) or self._confirms():
                self._add(Release(place))
        with self._freed:
            self._freed.notify_all()

    def await_room(self, seconds: float) -> None:
        """Wait while the store of reports is half full of what nobody read or acknowledged; what is too much is lost.

        Raises NotSent when it does not empty in time.
        """
        with self._freed:
            if not self._freed.wait_for(self._has_room, seconds):
                raise NotSent("reports.unacknowledged", retry_after=1)

    def _has_room(self) -> bool:
        if self._session is None or self._session.reports is not ReportMode.STORED or self._closed:
            return True
        with self._lock:
            held = [place for places in self._held.values() for place in places]
        with self._chores_lock:
            announced = sum(isinstance(chore, Fetch) and chore.store == "SR" for chore in self._chores)
        waiting = announced + sum(isinstance(place, Stored) and place.store == "SR" for place in held)
        return waiting <= self._fills.get("SR", (0, 10))[1] // 2

    def close(self) -> None:
        self._closed = True
        with self._freed:
            self._freed.notify_all()
        self._queue.put(None)

    def _add(self, chore: Chore) -> None:
        with self._chores_lock:
            if chore == Release(Direct()) or chore not in self._chores:
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

    def _file_deliver(self, deliver: Deliver, raw: str, place: Place) -> None:
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
                parts=whole.total,
                missing=whole.missing,
                flash=first.deliver.coding.message_class == 0,
                content=first.deliver.content,
                waiting=first.deliver.waiting,
            )
        )

    def _hand_undecodable(self, raw: str, reason: str, place: Place) -> None:
        token = self._token((place,))
        self._queue.put(Undecodable(token=token, raw=raw, reason=reason, received_at=self._now()))

    def _token(self, places: tuple[Place, ...]) -> str:
        with self._lock:
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
        self._selected = ""  # a modem that has started anew meanwhile has chosen another store
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
            self._sweep(engine, chore)
        else:
            self._release(engine, chore.place)

    def _select(self, engine: Engine, store: str, *, anew: bool = False) -> bool:
        if self._selected == store and not anew:
            return True
        answer = engine.ask(Request(f'AT+CPMS="{store}"', prefix="+CPMS:", required=False))
        if engine.rebooted:
            raise LineUnavailable("modem.restarted", "noticed before a store was touched")
        chosen = answer.final.ok and (bool(answer.lines) or self._is_selected(engine, store))
        self._selected = store if chosen else ""
        fill = fields(first_line(answer.lines))
        if answer.final.ok and len(fill) > 1 and fill[0].isdigit() and fill[1].isdigit():
            self._fills[store] = int(fill[0]), int(fill[1])
        return chosen

    def _is_selected(self, engine: Engine, store: str) -> bool:
        """An OK alone may be the late answer to something else: a place is named only in a store that is chosen."""
        answer = engine.ask(Request("AT+CPMS?", prefix="+CPMS:"))
        return answer.final.ok and fields(first_line(answer.lines))[:1] == [store]

    def _is_full(self, store: str) -> bool:
        used, places = self._fills.get(store, (0, 0))
        return 0 < places <= used

    def _fetch(self, engine: Engine, chore: Fetch) -> None:
        if not self._select(engine, chore.store):
            return
        answer = engine.ask(Request(f"AT+CMGR={chore.index}", prefix="+CMGR:", pdu=True, required=False))
        if answer.final.ok:
            for line in answer.lines:
                self._file_stored(line, Stored(chore.store, chore.index, line.pdu, _status(line.text, 0) in _OWN))

    def _sweep(self, engine: Engine, chore: Sweep) -> None:
        if not self._select(engine, chore.store, anew=True):
            return
        purge = chore.purge or self._is_full(chore.store)
        request = Request("AT+CMGL=4", prefix="+CMGL:", pdu=True, required=False)
        answer = engine.ask(request, longest=_LIST_SECONDS)
        if not answer.final.ok:
            return
        for line in answer.lines:
            index = line.text.split(":", 1)[-1].split(",")[0].strip()
            if index.isdigit():
                place = Stored(chore.store, int(index), line.pdu, _status(line.text, 1) in _OWN)
                self._file_stored(line, place, purge=purge)

    def _file_stored(self, line: Info, place: Stored, *, purge: bool = False) -> None:
        key = (place.store, place.index)
        if self._seen.get(key) == place.raw:
            if place.raw in self._committed:
                self._add(Release(place))  # the modem refused to delete it the last time
            return
        if place.own and not purge:
            return
        self._seen[key] = place.raw
        if self._known_again(place):
            return
        if place.own:
            self._hand_undecodable(place.raw, "left by another program in a store that was full", place)
        else:
            self._file(place.raw, _announced(line.text), place)

    def _known_again(self, place: Stored) -> bool:
        """Whether it was handed on before the last set-up; it is freed as soon as the house has it."""
        with self._lock:
            token = self._adrift.get(place.raw, "")
            if token in self._held:
                self._held[token] = (*self._held[token], place)
                return True
            committed = place.raw in self._committed
        if committed:
            self._add(Release(place))
        return committed

    def _release(self, engine: Engine, place: Place) -> None:
        if isinstance(place, Direct):
            self._confirm(engine)
        elif self._seen.get((place.store, place.index)) == place.raw and self._select(engine, place.store):
            self._delete(engine, place)

    def _confirm(self, engine: Engine) -> None:
        if engine.attempt("AT+CNMA"):
            self.refusals = 0
        elif self._session is not None and self._confirms():
            if not is_phase_2_plus(engine):  # what it routed to us now would be lost where nobody writes it down
                engine.rebooted = True
                raise LineUnavailable("modem.restarted", "noticed at a confirmation")
            self.refusals += 1
            engine.attempt(f"AT+CNMI={self._session.routing}")  # late: the modem has stopped routing by itself

    def _delete(self, engine: Engine, place: Stored) -> None:
        try:
            gone = engine.attempt(f"AT+CMGD={place.index}", patience=2)
        except LineUnavailable:
            # It may be gone, and a new message may lie in its place: what lies there is read before anything else.
            self._seen.pop((place.store, place.index), None)
            self._add(Sweep(place.store))
            raise
        if gone:
            self._seen.pop((place.store, place.index), None)
            with self._lock:
                self._committed.pop(place.raw, None)
        else:
            log.info("place %d of %s could not be freed; it is tried again", place.index, place.store)


def _places(whole: Whole[Place]) -> tuple[Place, ...]:
    return tuple(piece.place for piece in whole.pieces)


def _status(line: str, position: int) -> str:
    values = fields(line)
    return values[position].strip() if len(values) > position else ""


def _announced(line: str) -> int | None:
    last = line.rsplit(",", 1)[-1].rsplit(":", 1)[-1].strip()
    return int(last) if last.isdigit() else None
