"""Ending a read that nobody waits for any more: somebody typed another letter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc
from sqlalchemy.orm import Session

_AGAIN = 0.05  # seconds between two attempts


class Stopped(Exception):
    """The read was ended by ``Stop.stop``."""


class Stop:
    """One piece of reading work. ``stop`` may be called from any thread, before, during or after it."""

    def __init__(self) -> None:
        self.stopped = False
        self._lock = threading.Lock()
        self._connection: Any = None  # of the driver, while a session is watched
        self._ended = threading.Event()  # set while none is

    def stop(self) -> None:
        """Returns when the read has ended: a call between two statements ends neither, so it is repeated."""
        self.stopped = True
        while True:
            with self._lock:  # so that it never hits what the next user of the connection does
                if self._connection is None:
                    return
                if hasattr(self._connection, "interrupt"):
                    self._connection.interrupt()
                else:
                    self._connection.cancel_safe()
            if self._ended.wait(_AGAIN):
                return

    @contextmanager
    def watching(self, session: Session) -> Iterator[None]:
        """Queries of ``session`` in this block can be ended. Raises Stopped."""
        connection = session.connection().connection.driver_connection
        with self._lock:
            if self.stopped:
                raise Stopped
            self._connection = connection
            self._ended.clear()
        try:
            yield
        except exc.DBAPIError as error:
            if self.stopped:
                raise Stopped from error
            raise
        finally:
            with self._lock:
                self._connection = None
            self._ended.set()
