"""Published values: Newcombe 1998, table I of the paper on one proportion and table II of that on two."""

from __future__ import annotations

import pytest

from console.core.campaigns.intervals import Share, difference


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    assert Share(part=part, whole=whole).interval() == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe(first: tuple[int, int], second: tuple[int, int], low: float, high: float) -> None:
    found = difference(Share(part=first[0], whole=first[1]), Share(part=second[0], whole=second[1]))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.value == pytest.approx(first[0] / first[1] - second[0] / second[1])
    assert found.told_apart is (low > 0 or high < 0)


def test_an_empty_group_tells_nothing() -> None:
    assert difference(Share(part=0, whole=0), Share(part=1, whole=2)) is None
    with pytest.raises(ValueError, match="no such share"):
        Share(part=0, whole=0).interval()
