"""What comes back over a line: committed first, then acknowledged to the line, then matched."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from functools import partial

from console.core.sending.receipts import as_row
from console.core.sending.steps import Steps
from console.core.sending.writer import Task, Writer
from gsm.messages import DeliveryReport, Received
from gsm.transport import Transport

log = logging.getLogger(__name__)


class Receiver:
    """One thread over one open transport; ends when the transport is closed."""

    def __init__(self, line_id: int, transport: Transport, writer: Writer, steps: Steps) -> None:
        self._line_id = line_id
        self._transport = transport
        self._writer = writer
        self._steps = steps
        self._closing = threading.Event()
        self.crashed = False
        self._thread = threading.Thread(target=self._run, name=f"line-{line_id}-receiver", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout: float = 10) -> None:
        """After the transport was closed: what it had still to say is stored."""
        self._closing.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while not (self._closing.is_set() and self._drained()):
                received = self._transport.receive(timeout=1.0)
                if received is not None:
                    self._store(received)
        except Exception:  # the outermost loop of this thread; the line starts again
            log.exception("line %d: receiving failed", self._line_id)
            self.crashed = True

    def _drained(self) -> bool:
        """After closing: what was still to be said is stored."""
        received = self._transport.receive(timeout=0)
        if received is not None:
            self._store(received)
        return received is None

    def _store(self, received: Received) -> None:
        if isinstance(received, DeliveryReport):
            task = Task(self._steps.receipts, as_row(self._line_id, received))
            task.future.add_done_callback(partial(self._stored, received))
            self._writer.post(task)
        else:
            kept = Task(self._steps.inbound, (self._line_id, received))
            kept.future.add_done_callback(partial(self._stored, received))
            self._writer.post(kept)

    def _stored(self, received: Received, done: Future[int]) -> None:
        """In the writer's thread, after the commit."""
        error = done.exception()
        if error is not None:
            log.error("line %d: a received message could not be stored: %s", self._line_id, error)
            return
        self._transport.acknowledge(received)
        if isinstance(received, DeliveryReport):
            self._writer.post(Task(self._steps.match, done.result()))
