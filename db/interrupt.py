"""Stopping a statement that somebody no longer waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc
from sqlalchemy.orm import Session


class Interrupted(Exception):
    """The statement was stopped by ``Interrupter.stop``; nothing is wrong."""


class Interrupter:
    """One piece of reading: ``stop`` may be called from any thread, at any time, more than once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._driver: Any = None
        self._stopped = False

    @property
    def stopped(self) -> bool:
        return self._stopped

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._driver is not None:
                (getattr(self._driver, "interrupt", None) or self._driver.cancel)()

    @contextmanager
    def watching(self, session: Session) -> Iterator[None]:
        """Statements of ``session`` inside may be stopped. Raises Interrupted then, or when it was stopped before."""
        with self._lock:
            if self._stopped:
                raise Interrupted
            self._driver = session.connection().connection.driver_connection
        try:
            yield
        except exc.DBAPIError as error:
            if self._stopped:
                raise Interrupted from error
            raise
        finally:
            with self._lock:  # from here on the connection may be somebody else's
                self._driver = None
