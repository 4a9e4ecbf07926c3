"""How long a login stays shut after wrong passwords: nothing for slips, ever longer for guessing."""

from __future__ import annotations

from datetime import datetime, timedelta

FREE_FAILURES = 3
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
_DOUBLINGS = 7


def locked_until(failures: int, now: datetime) -> datetime | None:
    """``failures``: wrong passwords in a row, this one included. None: the next attempt may come at once."""
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, _DOUBLINGS)
    return now + min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)
