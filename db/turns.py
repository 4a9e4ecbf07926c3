"""A lock that is given in the order in which it was asked for: a thread that writes without end keeps nobody out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from db.errors import DatabaseBusy


class Turns:
    """For the threads of one process. Not to be nested in a thread."""

    def __init__(self, patience: float) -> None:
        self._patience = patience  # seconds
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()  # the first one has its turn

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises DatabaseBusy when the turn does not come in time."""
        mine = threading.Event()
        with self._lock:
            self._queue.append(mine)
            if self._queue[0] is mine:
                mine.set()
        try:
            if not mine.wait(self._patience):
                raise DatabaseBusy("other threads of this program write without end")
            yield
        finally:
            with self._lock:
                self._queue.remove(mine)
                if self._queue:
                    self._queue[0].set()
