"""The difference between two shares and how sure it is: Wilson's interval for one, Newcombe's hybrid for two.

R. G. Newcombe, Statistics in Medicine 17 (1998): 857-872, method 3, and 873-890, method 10; both without correction
for continuity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.959963984540054  # of the normal distribution: 95 % lie within it on both sides


@dataclass(frozen=True, kw_only=True)
class Share:
    """``part`` of ``whole``; both counted in people."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        return self.part / self.whole if self.whole else None

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the rate. Raises ValueError for an empty group."""
        if not 0 <= self.part <= self.whole or not self.whole:
            raise ValueError("no such share")
        whole, rate = self.whole, self.part / self.whole
        middle = 2 * self.part + _Z**2
        reach = _Z * math.sqrt(_Z**2 + 4 * self.part * (1 - rate))
        scale = 2 * (whole + _Z**2)
        low, high = (middle - reach) / scale, (middle + reach) / scale
        return 0.0 if self.part == 0 else low, 1.0 if self.part == whole else high


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first rate less the second, as fractions of one."""

    value: float
    low: float  # of the 95 % interval
    high: float

    @property
    def told_apart(self) -> bool:
        """Chance alone would hardly make such a difference."""
        return self.low > 0 or self.high < 0


def difference(first: Share, second: Share) -> Difference | None:
    """None when one of the groups is empty."""
    if not first.whole or not second.whole:
        return None
    (l1, u1), (l2, u2) = first.interval(), second.interval()
    p1, p2 = first.part / first.whole, second.part / second.whole
    value = p1 - p2
    low = value - math.hypot(p1 - l1, u2 - p2)
    high = value + math.hypot(u1 - p1, p2 - l2)
    return Difference(value=value, low=low, high=high)
