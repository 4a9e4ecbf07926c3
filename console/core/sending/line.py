"""One line: its thread takes the device, sends, watches its health, and gets over its faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from console.core.clock import Clock
from console.core.lines.pins import opened
from console.core.sending.attempt import Desk
from console.core.sending.basket import Basket
from console.core.sending.causes import explain
from console.core.sending.errands import Errands
from console.core.sending.finding import Find
from console.core.sending.ladder import Fault, Kind, Ladder, Plan, Step, climb, kind_of
from console.core.sending.outcomes import Retries
from console.core.sending.pacing import Limits, Pace
from console.core.sending.quotas import limits_of, paced
from console.core.sending.receiver import Receiver
from console.core.sending.sender import Sender
from console.core.sending.steps import Found, LineEvent, LineShow, Move, Steps
from console.core.sending.trouble import LineTrouble, Record
from console.core.sending.writer import Task, Writer
from db import outbox_lines
from db.engine import Database
from db.errors import DatabaseError
from db.models import LineState
from db.outbox import Claimed, Scope
from db.outbox_lines import LineRow
from gsm.errors import LineFault
from gsm.messages import LineIdentity
from gsm.transport import Transport

log = logging.getLogger(__name__)

OpenTransport = Callable[[str, str, Mapping[str, object]], Transport]
_TICK = 0.5  # seconds of waiting for a message before looking around
_HEALTH_SECONDS = 30.0
_MOVED = 5.0  # seconds in which the dispatcher replaces a line whose address has changed
_HELD_ELSEWHERE = 2.0  # seconds before asking again for a line that another dispatcher holds
_HOLD_TIMEOUT = 60.0
_ANSWERS_LATE = timedelta(minutes=10)  # how long a modem may still answer for a message that was given up


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What all lines of a dispatcher share."""

    database: Database
    writer: Writer
    steps: Steps
    clock: Clock
    open_transport: OpenTransport
    find_modem: Find
    retries: Callable[[], Retries]
    hungry: Callable[[], None]  # a line has room for more


class _Moved(Exception):
    """The modem is at another port now; the dispatcher starts the line anew with its new address."""


class LineThread:
    """Climbs the ladder of ``console.core.sending.ladder`` when the line fails; others are not held up by it."""

    def __init__(self, line: LineRow, shop: Shop) -> None:
        self.line = line
        self._shop = shop
        self._stopping = threading.Event()
        self._record = Record()
        self._ladder = Ladder()
        self._plan: Plan | None = None  # what to do about the last fault; None: there was none
        self._lock = threading.Lock()
        self._basket: Basket | None = None
        self._limits: Limits | None = None
        self._sender: Sender | None = None
        self._transport: Transport | None = None
        self._receiver: Receiver | None = None
        self._thread = threading.Thread(target=self._run, name=f"line-{line.line_id}", daemon=True)

    # Called from other threads

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what is on the air, give back the rest, close the device."""
        self._stopping.set()
        with self._lock:
            if self._basket is not None:
                self._basket.wake()

    def join(self, timeout: float | None = None) -> bool:
        """Whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def room(self, chunk: int) -> int:
        """How many messages it could take now, topped up when half of ``chunk`` has gone."""
        with self._lock:
            basket, limits = self._basket, self._limits
        if basket is None or limits is None or self._stopping.is_set() or len(basket) > chunk // 2:
            return 0
        left = limits.remaining(self._shop.clock.now())
        room = chunk - len(basket)
        return room if left is None else max(0, min(room, left - len(basket)))

    def held(self) -> int:
        """How many messages it holds that have not left."""
        with self._lock:
            return len(self._basket) if self._basket is not None else 0

    def holds(self) -> list[int]:
        """Ids of the messages that it has claimed and knows of."""
        with self._lock:
            ids = self._basket.ids() if self._basket is not None else []
            return ids if self._sender is None or self._sender.on is None else [*ids, self._sender.on]

    def serves(self) -> bool:
        """Whether it can send now."""
        with self._lock:
            return self._basket is not None and not self._stopping.is_set()

    def scope(self) -> Scope:
        with self._lock:
            return self._limits.scope(self._shop.clock.now()) if self._limits is not None else Scope()

    def feed(self, messages: Sequence[Claimed]) -> bool:
        with self._lock:
            basket = self._basket
        return basket is not None and not self._stopping.is_set() and basket.put(messages)

    def abandon_device(self) -> None:
        """The line is not ours any more, or hangs: what is going on with the device fails at once."""
        with self._lock:
            transport = self._transport
        if transport is not None:
            transport.close()

    def holds_device(self) -> bool:
        with self._lock:
            return self._basket is not None

    def busy_since(self) -> datetime | None:
        with self._lock:
            return self._sender.busy_since if self._sender is not None else None

    # The thread

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._stopping.wait(self._serve())
        finally:
            self._drop_device()
            self._show(state=LineState.OFF, fault="", fault_text="", **_NO_STEP)
            self._shop.writer.post(Task(self._shop.steps.let_line_go, self.line.line_id))

    def _serve(self) -> float:
        """Hold the line and send until something happens; seconds to wait before the next try."""
        try:
            if not self._hold():
                self._drop_device()
                return _HELD_ELSEWHERE
            identity, receiver = self._bring_up()
            self._work(identity, receiver)
        except _Moved:
            self._drop_device()
            return _MOVED
        except LineTrouble as trouble:
            return self._tell(trouble)
        except LineFault as fault:
            return self._tell(LineTrouble.of(fault))
        except DatabaseError as error:
            log.warning("line %d: %s", self.line.line_id, type(error).__name__)
            self._drop_device()
            return _HELD_ELSEWHERE
        except Exception:  # the outermost loop of this thread
            log.exception("line %d failed", self.line.line_id)
            return self._tell(LineTrouble("line.crashed"))
        return 0.0

    def _hold(self) -> bool:
        return self._shop.writer.ask(self._shop.steps.hold_line, self.line.line_id).result(_HOLD_TIMEOUT)

    # The device

    def _bring_up(self) -> tuple[LineIdentity, Receiver]:
        """Open the device, or take the step that was planned about its fault. Raises LineFault, _Moved."""
        if self._plan is None:
            self._show(state=LineState.STARTING)
        transport = self._transport or self._take_transport()
        try:
            identity = transport.recover(self._plan.recovery) if self._plan is not None else transport.open()
        except LineFault as fault:
            if self._plan is not None and self._plan.looks_elsewhere and kind_of(fault.code) is Kind.GONE:
                self._look_elsewhere()
            raise
        self._mind_whose(identity)
        receiver = self._receiver
        if receiver is None:
            receiver = Receiver(self.line.line_id, transport, self._shop.writer, self._shop.steps)
            self._receiver = receiver
            receiver.start()
        return identity, receiver

    def _mind_whose(self, identity: LineIdentity) -> None:
        """Raises _Moved when the modem at this port is another line's: the two have changed places."""
        if not identity.imei or self.line.options.get("follow", True) is False:
            return
        with self._shop.database.read() as session:
            known = outbox_lines.known_identity(session, self.line.line_id)
        if known.get("imei") in ("", None, identity.imei):
            return
        found = Found(line_id=self.line.line_id, address=self.line.address, imei=identity.imei)
        if self._shop.writer.ask(self._shop.steps.change_places, found).result(_HOLD_TIMEOUT):
            log.info("line %d: the modem at its port is another line's; they change places", self.line.line_id)
            raise _Moved

    def _take_transport(self) -> Transport:
        try:
            transport = self._shop.open_transport(
                self.line.kind, self.line.address, opened(self._shop.database, self.line.options)
            )
        except ValueError as error:
            raise LineTrouble("line.settings", str(error)) from error
        with self._shop.database.read() as session:
            since = self._shop.clock.now() - _ANSWERS_LATE
            transport.remember(*outbox_lines.last_submissions(session, self.line.line_id, since))
        with self._lock:
            self._transport = transport
        return transport

    def _drop_device(self) -> None:
        with self._lock:
            transport, self._transport = self._transport, None
        receiver, self._receiver = self._receiver, None
        if transport is not None:
            transport.close()
        if receiver is not None:
            receiver.close()

    def _look_elsewhere(self) -> None:
        """Raises _Moved when the same modem answers at another port."""
        if self.line.options.get("follow", True) is False:
            return
        with self._shop.database.read() as session:
            known = outbox_lines.known_identity(session, self.line.line_id)
        identity = LineIdentity(**{key: str(known.get(key) or "") for key in ("imei", "imsi", "iccid")})
        if not identity.sender:
            return
        address = self._shop.find_modem(self.line.address, identity)
        if address and address != self.line.address:
            move = Move(line_id=self.line.line_id, old=self.line.address, new=address)
            if self._shop.writer.ask(self._shop.steps.move_line, move).result(_HOLD_TIMEOUT):
                log.info("line %d: its modem is at another port now", self.line.line_id)
                raise _Moved

    # Sending

    def _work(self, identity: LineIdentity, receiver: Receiver) -> None:
        log.info("line %d is ready", self.line.line_id)
        self._ladder = self._ladder.works(self._shop.clock.now())
        self._plan = None
        self._show(state=LineState.READY, fault="", fault_text="", identity=plain(asdict(identity)), **_NO_STEP)
        transport = self._transport
        if transport is None:
            raise LineTrouble("port.closed")
        desk = self._desk(transport, identity)
        sender = Sender(desk, self._stopping)
        with self._lock:
            self._basket, self._limits, self._sender = desk.basket, desk.limits, sender
        try:
            self._pump(transport, sender, receiver)
        finally:
            with self._lock:
                self._basket = self._limits = self._sender = None
            sender.flush()
            self._give_back(desk.basket.close())

    def _desk(self, transport: Transport, identity: LineIdentity) -> Desk:
        now = self._shop.clock.now()
        pace = Pace(self.line.pace_per_minute)
        with self._shop.database.read() as session:
            limits = limits_of(session, self.line, now)
            paced(session, self.line, pace, now)
        return Desk(
            line_id=self.line.line_id,
            identity=identity.sender,
            transport=transport,
            basket=Basket(self._shop.hungry),
            writer=self._shop.writer,
            steps=self._shop.steps,
            clock=self._shop.clock,
            retries=self._shop.retries,
            pace=pace,
            limits=limits,
            record=self._record,
            database=self._shop.database,
        )

    def _pump(self, transport: Transport, sender: Sender, receiver: Receiver) -> None:
        self._shop.hungry()
        health_due = time.monotonic()
        errands = Errands(self._shop.database, self.line, self._show)
        while not self._stopping.is_set():
            if (fault := transport.fault()) is not None:
                raise fault
            if receiver.crashed:
                raise LineTrouble("line.crashed")
            if time.monotonic() >= health_due:
                self._poll_health(transport)
                health_due = time.monotonic() + _HEALTH_SECONDS
            self._call_well()
            if not sender.step(_TICK):
                errands.run(transport)

    def _poll_health(self, transport: Transport) -> None:
        health = transport.health()
        self._show(health=plain(asdict(health)), health_at=health.at)

    # Faults

    def _tell(self, trouble: LineTrouble) -> float:
        """Plan the next step and show it to people; seconds to wait before it is taken."""
        fault = Fault(code=trouble.code, retry_after=trouble.retry_after, parts=self._record.parts)
        self._ladder, plan = climb(self._ladder, fault, self._shop.clock.now())
        self._plan = plan
        self._record.fault()
        log.warning(
            "line %d: %s; next: %s, attempt %d, in %d s",
            self.line.line_id,
            trouble,
            plan.step,
            plan.attempt,
            plan.wait.total_seconds(),
        )
        if not plan.keeps_port:
            self._drop_device()
        self._show(
            state=LineState.STOPPED if plan.step is Step.PERSON else LineState.FAULT,
            fault=trouble.code[:64],
            fault_text=explain(trouble.code).text.dump(),
            step=plan.step.value,
            step_text=plan.told().dump(),
            next_look_at=plan.at,
        )
        self._write_down(plan)
        if not plan.keeps_port:
            self._shop.writer.post(Task(self._shop.steps.let_line_go, self.line.line_id))
        return plan.wait.total_seconds()

    def _write_down(self, plan: Plan) -> None:
        """The beginning of a fault, and that the program has come to its end with it, stand in the audit trail."""
        detail = {"code": plan.code, "step": plan.step.value}
        if plan.first:
            self._event("line.fault", detail)
        elif plan.step in (Step.QUARANTINE, Step.PERSON) and plan.attempt == 1:
            self._event("line.rest", detail)

    def _call_well(self) -> None:
        now = self._shop.clock.now()
        if self._ladder.is_over(now, self._record.parts):
            taken = sum(self._ladder.steps.values())
            self._ladder = Ladder()
            self._event("line.recovered", {"steps": taken})

    def _event(self, action: str, detail: Mapping[str, object]) -> None:
        event = LineEvent(line_id=self.line.line_id, action=action, detail=detail)
        self._shop.writer.post(Task(self._shop.steps.line_event, event))

    def _show(self, **values: object) -> None:
        self._shop.writer.post(Task(self._shop.steps.show, LineShow(line_id=self.line.line_id, values=values)))

    def _give_back(self, message_ids: list[int]) -> None:
        if message_ids:
            self._shop.writer.post(Task(self._shop.steps.give_back, message_ids))


_NO_STEP: Mapping[str, object] = {"step": "", "step_text": "", "next_look_at": None}


def plain(record: Any) -> Any:
    """A record as JSON can hold it: moments as ISO text, enumerations by value."""
    if isinstance(record, Mapping):
        return {key: plain(value) for key, value in record.items()}
    if isinstance(record, datetime):
        return record.isoformat()
    return record.value if isinstance(record, Enum) else record
