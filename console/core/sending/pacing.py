"""How much a line may send: so many parts a minute, so many a day."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import date, datetime


class Pace:
    """Evenly spaced: a message of three parts makes the next one wait three times as long."""

    def __init__(self, per_minute: int | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval = 60 / per_minute if per_minute else 0.0
        self._monotonic = monotonic
        self._next = -math.inf

    def wait(self) -> float:
        """Seconds until the next message may leave."""
        return max(0.0, self._next - self._monotonic())

    def left(self, parts: int, ago: float = 0.0) -> None:
        """``parts`` left ``ago`` seconds ago."""
        self._next = max(self._next, self._monotonic() - ago) + parts * self._interval


class Quota:
    """Counts from the office's midnight; ``None`` has no end."""

    def __init__(self, daily: int | None, day: date, used: int) -> None:
        self._daily = daily
        self._day = day
        self._used = used

    def remaining(self, now: datetime) -> int | None:
        """Parts that may leave today; None: any number."""
        self._turn(now)
        return None if self._daily is None else max(0, self._daily - self._used)

    def covers(self, parts: int, now: datetime) -> bool:
        """Whether all parts of a message may leave today; once one does not fit, the day is over."""
        left = self.remaining(now)
        if left is not None and left < parts:
            self._used = self._daily or 0
            return False
        return True

    def left(self, parts: int, now: datetime) -> None:
        self._turn(now)
        self._used += parts

    def _turn(self, now: datetime) -> None:
        today = now.astimezone().date()
        if today != self._day:
            self._day, self._used = today, 0
