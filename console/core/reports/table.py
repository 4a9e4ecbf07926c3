"""What a report is made of, whatever it is shown on: sheets of typed columns and rows of plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from console.core.format import count, local_date, local_datetime, money, percent
from console.core.i18n import Text

Value = str | int | float | Decimal | date | datetime | None
Row = tuple[Value, ...]


class Kind(StrEnum):
    TEXT = "text"
    CODE = "code"  # digits that are no number: phones, customer and loan numbers
    COUNT = "count"
    AMOUNT = "amount"  # Decimal, yuan
    DATE = "date"
    MOMENT = "moment"  # aware datetime
    SHARE = "share"  # fraction of one


@dataclass(frozen=True, kw_only=True)
class Column:
    title: Text
    kind: Kind = Kind.TEXT
    width: int = 12  # characters


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """``rows`` can be read once; it lives as long as the transaction it was made in."""

    name: Text
    columns: Sequence[Column]
    rows: Iterator[Row]
    total: int  # rows to come, for progress
    closing: Row | None = None  # a line of totals


NUMERIC = frozenset({Kind.COUNT, Kind.AMOUNT, Kind.SHARE})


def shown(value: Value, kind: Kind) -> str:
    """``value`` as it stands on a screen; empty for nothing."""
    if value is None:
        return ""
    match value:
        case datetime():
            return local_datetime(value, seconds=True)
        case date():
            return local_date(value)
        case Decimal():
            return money(value)
        case float() if kind is Kind.SHARE:
            return percent(value, 1)
        case int():
            return count(value)
    return str(value)
