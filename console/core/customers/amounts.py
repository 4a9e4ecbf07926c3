"""Amounts and rates as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from operator import sub

from console.core.customers.normalise import Refused, text
from console.core.i18n import T

_NEAR = 1e-4  # of a fen: what a float is off where two places were typed
LIMIT = 10**15  # fen; more than any branch lends, and far inside Numeric(18, 2)
_CURRENCY = re.compile(r"(?i)^(?:人民币|人民幣|rmb|cny|¥|￥)\s*|\s*(?:元整?|圆整?|圓整?|块|rmb|cny)$")
_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d*)?\s*(万|萬|亿|億)?", re.ASCII)
_UNITS = {"万": 10_000, "萬": 10_000, "亿": 10**8, "億": 10**8}
_RATE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*(%|‰)?", re.ASCII)


def fen(cell: object) -> int | Refused | None:
    """An amount of yuan in whole fen, rounded half up; None for an empty cell. Negative amounts are refused."""
    if isinstance(cell, float):
        return _from_float(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return _checked(cell * 100, str(cell))
    value = text(cell)
    if not value or value in {"-", "--", "—", "/"}:  # how accountants write nothing
        return None
    bare = _CURRENCY.sub("", _CURRENCY.sub("", value).strip()).strip()
    if re.match(r"^[-−(]", bare):
        return Refused(T("“{value}” is negative", value=value[:40]))
    match = _AMOUNT.fullmatch(bare)
    if match is None:
        return Refused(T("“{value}” is no amount", value=value[:40]))
    whole, places, unit = match.groups()
    exact = Decimal(whole.replace(",", "") + (places or "")) * _UNITS.get(unit or "", 1)
    return _checked(int((exact * 100).quantize(Decimal(1), ROUND_HALF_UP)), value)


def all_fen(cells: Sequence[object]) -> list[int] | None:
    """What ``fen`` gives for each, in one go where all are numbers of at most two places; else None."""
    if set(map(type, cells)) != {float}:
        return None
    scaled = [cell * 100 for cell in cells]  # type: ignore[operator]
    if not 0 <= min(scaled) <= max(scaled) < LIMIT:
        return None
    try:
        nearest = list(map(round, scaled))
    except ValueError:  # not a number
        return None
    return nearest if max(map(abs, map(sub, scaled, nearest))) <= _NEAR else None


def _from_float(value: float) -> int | Refused:
    if value != value or abs(value) >= LIMIT:
        return Refused(T("“{value}” is no amount", value=repr(value)))
    scaled = value * 100
    nearest = round(scaled)
    if abs(scaled - nearest) > _NEAR:  # more than two places: round as people do, on the digits that Excel shows
        nearest = int((Decimal(repr(value)) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return nearest if 0 <= nearest < LIMIT else _checked(nearest, repr(value))


def _checked(amount: int, written: str) -> int | Refused:
    if amount < 0:
        return Refused(T("“{value}” is negative", value=written[:40]))
    if amount >= LIMIT:
        return Refused(T("“{value}” is too large", value=written[:40]))
    return amount


def rate(cell: object) -> Decimal | Refused | None:
    """A yearly rate in per cent: ``3.05``, ``3.05%``, and 0.0305 in a cell that Excel shows as a percentage."""
    value = text(cell)
    if not value:
        return None
    match = _RATE.fullmatch(value)
    if match is None:
        return Refused(T("“{value}” is no rate such as 3.05%", value=value[:40]))
    exact, unit = Decimal(match[1]), match[2]
    if unit == "‰":
        exact /= 10
    elif unit is None and exact < Decimal("0.4"):
        exact *= 100
    if exact > 100:
        return Refused(T("“{value}” is no rate such as 3.05%", value=value[:40]))
    return Decimal(f"{exact.quantize(Decimal('0.000001'), ROUND_HALF_UP):f}".rstrip("0").rstrip("."))
