"""How much one write transaction takes on: as much as fits into the time for which others may be kept waiting."""

from __future__ import annotations

from dataclasses import dataclass

AIM = 0.03  # seconds that a span should hold the database while lines send, its commit included
AIM_ALONE = 0.45  # and while none does: each row touches a page of every index, so large spans write far less
REST = 0.5  # of what it took is left to others after it: on a busy machine they wake up late
LEAST = 100  # rows: below that the commit is what takes the time


@dataclass
class Pace:
    """Told how long each span took, it says how many rows the next one has."""

    first: int  # rows of the first span while lines send
    alone: int  # and while none does
    most: int
    rows: int = 0  # 0: nothing is known yet

    def next(self, *, sending: bool) -> int:
        if sending and (not self.rows or self.rows > self.first * 4):  # what was measured alone is no guide
            return self.first
        return self.rows or self.alone

    def took(self, seconds: float, rows: int, *, sending: bool) -> None:
        fitting = int(rows * (AIM if sending else AIM_ALONE) / max(seconds, 0.001))
        self.rows = max(min(LEAST, self.most), min(self.most, fitting, 4 * rows))

    def rest(self, seconds: float) -> float:
        """How long to leave the database to others after a transaction of so many seconds, while lines send."""
        return REST * min(seconds, 2 * AIM)
