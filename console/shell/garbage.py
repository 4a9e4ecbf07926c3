"""Cycles are collected on the GUI thread only.

Python collects them in whatever thread happens to allocate. A worker that collects a page or a dialog that was left
behind would destroy its widgets there, and Qt does not survive that.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY = 500  # milliseconds between two looks


class Garbage(QObject):
    """As long as it lives, the collector runs from a timer; afterwards by itself again."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due, as Python would have."""
        due = [count > most for count, most in zip(gc.get_count(), self._thresholds, strict=True)]
        if any(due):
            gc.collect(max(generation for generation, is_due in enumerate(due) if is_due))

    def close(self) -> None:
        self._timer.stop()
        gc.enable()
