"""One line: its thread takes the device, sends, watches its health, and gets over its faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from console.core.clock import Clock
from console.core.sending.attempt import Desk
from console.core.sending.basket import Basket
from console.core.sending.causes import explain, needs_person
from console.core.sending.outcomes import Retries
from console.core.sending.pacing import Pace, Quota
from console.core.sending.receiver import Receiver
from console.core.sending.sender import Sender
from console.core.sending.status import midnight
from console.core.sending.steps import LineShow, Steps
from console.core.sending.trouble import LineTrouble, Record
from console.core.sending.writer import Task, Writer
from db import outbox_lines
from db.engine import Database
from db.errors import DatabaseError
from db.models import LineState
from db.outbox import Claimed
from db.outbox_lines import LineRow
from gsm.errors import LineFault
from gsm.messages import LineIdentity
from gsm.transport import Transport

log = logging.getLogger(__name__)

OpenTransport = Callable[[str, str, Mapping[str, object]], Transport]
_TICK = 0.5  # seconds of waiting for a message before looking around
_HEALTH_SECONDS = 30.0
_HELD_ELSEWHERE = 2.0  # seconds before asking again for a line that another dispatcher holds
_HOLD_TIMEOUT = 60.0


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What all lines of a dispatcher share."""

    database: Database
    writer: Writer
    steps: Steps
    clock: Clock
    open_transport: OpenTransport
    retries: Callable[[], Retries]
    hungry: Callable[[], None]  # a line has room for more


class LineThread:
    def __init__(self, line: LineRow, shop: Shop) -> None:
        self.line = line
        self._shop = shop
        self._stopping = threading.Event()
        self._record = Record()
        self._lock = threading.Lock()
        self._basket: Basket | None = None
        self._quota: Quota | None = None
        self._sender: Sender | None = None
        self._transport: Transport | None = None
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
            basket, quota = self._basket, self._quota
        if basket is None or quota is None or self._stopping.is_set() or len(basket) > chunk // 2:
            return 0
        left = quota.remaining(self._shop.clock.now())
        room = chunk - len(basket)
        return room if left is None else max(0, min(room, left - len(basket)))

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
            self._show(state=LineState.OFF, fault="", fault_text="")
            self._shop.writer.post(Task(self._shop.steps.let_line_go, self.line.line_id))

    def _serve(self) -> float:
        """Hold the line and send until something happens; seconds to wait before the next try."""
        try:
            if not self._hold():
                return _HELD_ELSEWHERE
            self._use()
        except LineTrouble as trouble:
            return self._tell(trouble)
        except LineFault as fault:
            return self._tell(LineTrouble.of(fault))
        except DatabaseError as error:
            log.warning("line %d: %s", self.line.line_id, type(error).__name__)
            return _HELD_ELSEWHERE
        except Exception:  # the outermost loop of this thread
            log.exception("line %d failed", self.line.line_id)
            return self._tell(LineTrouble("line.crashed"))
        return 0.0

    def _hold(self) -> bool:
        return self._shop.writer.ask(self._shop.steps.hold_line, self.line.line_id).result(_HOLD_TIMEOUT)

    def _use(self) -> None:
        self._show(state=LineState.STARTING)
        try:
            transport = self._shop.open_transport(self.line.kind, self.line.address, dict(self.line.options))
        except ValueError as error:
            raise LineTrouble("line.settings", str(error)) from error
        with self._lock:
            self._transport = transport
        try:
            self._work(transport, transport.open())
        finally:
            with self._lock:
                self._transport = None
            transport.close()

    def _work(self, transport: Transport, identity: LineIdentity) -> None:
        log.info("line %d is ready", self.line.line_id)
        self._show(state=LineState.READY, fault="", fault_text="", identity=plain(asdict(identity)))
        receiver = Receiver(self.line.line_id, transport, self._shop.writer, self._shop.steps)
        desk = self._desk(transport, identity)
        sender = Sender(desk, self._stopping)
        with self._lock:
            self._basket, self._quota, self._sender = desk.basket, desk.quota, sender
        receiver.start()
        try:
            self._pump(transport, sender, receiver)
        finally:
            with self._lock:
                self._basket = self._quota = self._sender = None
            sender.flush()
            self._give_back(desk.basket.close())
            transport.close()
            receiver.close()

    def _desk(self, transport: Transport, identity: LineIdentity) -> Desk:
        now = self._shop.clock.now()
        with self._shop.database.read() as session:
            used, last = outbox_lines.parts_left_since(session, self.line.line_id, midnight(now))
        pace = Pace(self.line.pace_per_minute)
        if last is not None:
            pace.left(1, (now - last).total_seconds())
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
            quota=Quota(self.line.daily_quota, now.astimezone().date(), used),
            record=self._record,
        )

    def _pump(self, transport: Transport, sender: Sender, receiver: Receiver) -> None:
        self._shop.hungry()
        health_due = time.monotonic()
        while not self._stopping.is_set():
            if (fault := transport.fault()) is not None:
                raise fault
            if receiver.crashed:
                raise LineTrouble("line.crashed")
            if time.monotonic() >= health_due:
                self._poll_health(transport)
                health_due = time.monotonic() + _HEALTH_SECONDS
            sender.step(_TICK)

    def _poll_health(self, transport: Transport) -> None:
        health = transport.health()
        self._show(health=plain(asdict(health)), health_at=health.at)

    def _tell(self, trouble: LineTrouble) -> float:
        """Show the fault to people; seconds to leave the line alone."""
        pause = self._record.fault(trouble)
        log.warning("line %d: %s; next try in %d s", self.line.line_id, trouble, pause.total_seconds())
        state = LineState.STOPPED if needs_person(trouble.code) else LineState.FAULT
        self._show(state=state, fault=trouble.code[:64], fault_text=explain(trouble.code).text.dump())
        if trouble.code != "line.lost":
            self._shop.writer.post(Task(self._shop.steps.let_line_go, self.line.line_id))
        return pause.total_seconds()

    def _show(self, **values: object) -> None:
        self._shop.writer.post(Task(self._shop.steps.show, LineShow(line_id=self.line.line_id, values=values)))

    def _give_back(self, message_ids: list[int]) -> None:
        if message_ids:
            self._shop.writer.post(Task(self._shop.steps.give_back, message_ids))


def plain(record: Any) -> Any:
    """A record as JSON can hold it: moments as ISO text, enumerations by value."""
    if isinstance(record, Mapping):
        return {key: plain(value) for key, value in record.items()}
    if isinstance(record, datetime):
        return record.isoformat()
    return record.value if isinstance(record, Enum) else record
