"""The difference between two shares and how sure it is: Wilson's interval for one, Newcombe's hybrid for two.

R. G. Newcombe, Statistics in Medicine 17 (1998): 857-872, method 3, and 873-890, method 10; both without correction
for continuity. Over several pairs: Mantel and Haenszel's common difference of risks, with the variance of Sato.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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


@dataclass(frozen=True, kw_only=True)
class Common:
    """A difference that is estimated, and its variance."""

    value: float
    variance: float

    def interval(self) -> Difference:
        reach = _Z * math.sqrt(self.variance)
        return Difference(value=self.value, low=max(-1.0, self.value - reach), high=min(1.0, self.value + reach))


def weight(first: Share, second: Share) -> float:
    """Of a pair among others, after Mantel and Haenszel; 0 where a group is empty."""
    whole = first.whole + second.whole
    return first.whole * second.whole / whole if whole else 0.0


def common_difference(pairs: Sequence[tuple[Share, Share]]) -> Common | None:
    """Of the first shares less the second, each pair by itself, weighted; None when no pair has two groups.

    Adding the groups up would compare other people where the groups of the pairs differ in their proportion.
    N. Mantel and W. Haenszel, J. Nat. Cancer Inst. 22 (1959): 719-748; the variance is that of T. Sato, S. Greenland
    and J. M. Robins, Biometrics 45 (1989): 1323-1324, which holds for few large pairs and for many small ones. It
    takes the people of one pair to be others than those of the next.
    """
    weights = above = p = q = 0.0
    for first, second in pairs:
        n1, n0, a, b = first.whole, second.whole, first.part, second.part
        whole = n1 + n0
        if not n1 or not n0:
            continue
        weights += weight(first, second)
        above += (a * n0 - b * n1) / whole
        p += (n1**2 * b - n0**2 * a + n1 * n0 * (n0 - n1) / 2) / whole**2
        q += (a * (n0 - b) + b * (n1 - a)) / (2 * whole)
    if not weights:
        return None
    value = above / weights
    return Common(value=value, variance=max(0.0, (value * p + q) / weights**2))


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
