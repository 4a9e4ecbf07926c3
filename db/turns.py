"""Nobody is kept out by one who writes without end: threads get the lock in order, other processes get pauses."""

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


class Pauses:
    """SQLite's lock has no queue, and another process looks for it every so often: whom it finds held it never gets.

    One transaction after the other counts as one long one, unless there was a pause between them that nobody misses.
    """

    def __init__(self, pause: float, most: float) -> None:
        self._pause = pause  # seconds that a process which waits cannot miss
        self._most = most  # seconds held before others may be waiting
        self._held = 0.0
        self._ended = 0.0

    def due(self, began: float, ended: float) -> bool:
        """Told of each transaction: whether a pause must follow it."""
        if began - self._ended >= self._pause:
            self._held = 0.0
        self._held += ended - began
        self._ended = ended
        return self._held > self._most
