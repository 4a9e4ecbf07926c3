from __future__ import annotations

from datetime import timedelta

from console.core.clock import FixedClock
from console.core.security.lockout import locked_until


def test_slips_cost_nothing_and_guessing_ever_more(clock: FixedClock) -> None:
    now = clock.now()
    assert [locked_until(n, now) for n in (1, 2)] == [None, None]
    delays = [until - now for n in range(3, 30) if (until := locked_until(n, now)) is not None]
    assert delays[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert delays == sorted(delays)
    assert delays[-1] == timedelta(hours=1)
