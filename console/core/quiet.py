"""Work on very many small values without the garbage collector counting them again and again."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pausing = 0  # threads
_enabled = True


@contextmanager
def collector_paused() -> Iterator[None]:
    """A hundred thousand rows at hand make each full collection walk them all; none of them is part of a cycle.

    Meanwhile all threads would wait, and whoever waits for a lock that one of them holds. To be nested as one likes.
    """
    global _pausing, _enabled  # noqa: PLW0603 - the collector is the process's, too
    with _lock:
        if not _pausing:
            _enabled = gc.isenabled()
            gc.disable()
        _pausing += 1
    try:
        yield
    finally:
        with _lock:
            _pausing -= 1
            if not _pausing and _enabled:
                gc.enable()


def is_collector_paused() -> bool:
    """For whoever collects by hand."""
    return _pausing > 0
