"""Cycles are collected on the GUI thread only.

Python collects them in whatever thread happens to allocate. A worker that collects a page or a dialog that was left
behind would destroy its widgets there, and Qt does not survive that.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

from console.core.quiet import is_collector_paused

EVERY = 500  # milliseconds between two looks
SHARE = 0.01  # of the time at most that full collections take: each holds up every thread


class Garbage(QObject):
    """As long as it lives, the collector runs from a timer; afterwards by itself again."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._full_after = 0.0  # by ``time.monotonic``
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due, nearly as Python would have; nothing during an import."""
        if is_collector_paused():
            return
        began = time.monotonic()
        due = [count > most for count, most in zip(gc.get_count(), self._thresholds, strict=True)]
        due[-1] = due[-1] and began >= self._full_after
        if any(due):
            oldest = max(generation for generation, is_due in enumerate(due) if is_due)
            gc.collect(oldest)
            if oldest == len(due) - 1:
                ended = time.monotonic()
                self._full_after = ended + (ended - began) / SHARE

    def close(self) -> None:
        self._timer.stop()
        gc.enable()
