"""Published values: Newcombe 1998, table I of the paper on one proportion and table II of that on two; and others."""

from __future__ import annotations

import math

import pytest

from console.core.campaigns.intervals import Share, common_difference, difference


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


# Thirteen trials of the BCG vaccine (Colditz et al., JAMA 271 (1994): 698-702): ill and well of the vaccinated, of the
# others. Pooled by metafor (R) with the same variance: z = -11.4708, interval -0.0039 to -0.0027.
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip


def pairs_of(tables: list[tuple[int, int, int, int]]) -> list[tuple[Share, Share]]:
    return [(Share(part=a, whole=a + b), Share(part=c, whole=c + d)) for a, b, c, d in tables]


def test_a_published_common_difference() -> None:
    found = common_difference(pairs_of(BCG))
    assert found is not None
    assert found.value == pytest.approx(-0.0033, abs=5e-5)
    assert found.value / math.sqrt(found.variance) == pytest.approx(-11.4708, abs=5e-5)
    told = found.interval()
    assert (told.low, told.high) == pytest.approx((-0.0039, -0.0027), abs=5e-5)


def test_by_hand() -> None:
    """Two of 4 against 1 of 4, and 3 of 6 against 1 of 2: weights 2 and 3/2, so (2/4 + 0) / (7/2) = 1/7.

    P: (16 - 32 + 0) / 64 = -1/4 and (36 - 12 - 24) / 64 = 0; Q: (6 + 2) / 16 = 1/2 and (3 + 3) / 16 = 3/8.
    """
    found = common_difference(pairs_of([(2, 2, 1, 3), (3, 3, 1, 1)]))
    assert found is not None
    assert found.value == pytest.approx(1 / 7)
    assert found.variance == pytest.approx((1 / 7 * -1 / 4 + 7 / 8) / 3.5**2)


def test_adding_up_would_mislead() -> None:
    """No difference in either run, but most of the second one's people were held out, and few of those pay."""
    runs = [(90, 10, 9, 1), (1, 9, 10, 90)]
    found = common_difference(pairs_of(runs))
    assert found is not None
    assert found.value == pytest.approx(0)
    added = difference(Share(part=91, whole=110), Share(part=19, whole=110))
    assert added is not None
    assert added.low > 0.5


def test_a_pair_without_one_group_says_nothing() -> None:
    whole = pairs_of([(2, 2, 1, 3)])
    empty = (Share(part=3, whole=9), Share(part=0, whole=0))
    assert common_difference([*whole, empty, (Share(part=0, whole=0), Share(part=0, whole=0))]) == common_difference(
        whole
    )
    assert common_difference([empty]) is None
    assert common_difference([]) is None
