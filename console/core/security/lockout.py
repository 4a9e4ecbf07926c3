"""How long a login stays shut after wrong passwords: nothing for slips, ever longer for guessing; as key slots do."""

from __future__ import annotations

from datetime import datetime

from db.keyslots import FIRST_DELAY, FREE_TRIES, LONGEST_DELAY

_DOUBLINGS = 16


def locked_until(failures: int, now: datetime) -> datetime | None:
    """``failures``: wrong passwords in a row, this one included. None: the next attempt may come at once."""
    if failures < FREE_TRIES:
        return None
    doublings = min(failures - FREE_TRIES, _DOUBLINGS)
    return now + min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)
