"""Control totals: what the sender says that the file holds, against what it does hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from console.core.customers.amounts import fen
from console.core.customers.normalise import plain, text

AMOUNTS = ("amount_due", "principal", "penalty", "inst_principal", "inst_interest", "inst_penalty", "inst_paid")
_COUNTED = re.compile(r"(?<![\d.])(\d{1,3}(?:,\d{3})+|\d+)\s*(?:笔|户|条|行|人|筆|戶|條|rows|records)", re.ASCII)
_TOTALS = re.compile(r"(?:合计|总计|小计|合計|總計|小計|共计|共計|total|sum|subtotal)(?![a-z])")
_YUAN = re.compile(r"(?<![\d.])(\d[\d,]*(?:\.\d{1,2})?)\s*(万元|萬元|元)", re.ASCII)
ROWS = "rows"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One total."""

    key: str  # ROWS or a field's key
    found: int  # rows, or fen
    stated: int | None = None  # by the sender; None: nothing

    @property
    def differs(self) -> bool:
        return self.stated is not None and self.stated != self.found


def stated_in_name(file_name: str) -> dict[str, int]:
    """``逾期清单_1234笔_56789.00元.xlsx``: rows and the amount due."""
    stem = plain(file_name.rpartition(".")[0])
    said: dict[str, int] = {}
    if match := _COUNTED.search(stem):
        said[ROWS] = int(match[1].replace(",", ""))
    if match := _YUAN.search(stem):
        amount = fen(match[1] + match[2].removesuffix("元"))
        if isinstance(amount, int):
            said["amount"] = amount
    return said


def compared(
    rows: int, found: Mapping[str, int], below: Mapping[str, int], in_name: Mapping[str, int], typed: Mapping[str, int]
) -> tuple[Line, ...]:
    """Every total; what a person typed goes before what the sheet says, and that before the file's name."""
    keys = [key for key in AMOUNTS if key in found]
    main = next(iter(keys), "")  # the amount that a name speaks of
    said = {**({main: in_name["amount"]} if "amount" in in_name and main else {}), **below, **typed}
    if ROWS in in_name:
        said.setdefault(ROWS, in_name[ROWS])
    return (
        Line(key=ROWS, found=rows, stated=said.get(ROWS)),
        *(Line(key=key, found=found[key], stated=said.get(key)) for key in keys),
    )


def yuan(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def added_up(
    rows: Sequence[Sequence[object]], columns: dict[str, list[object]], problems: Collection[int]
) -> list[int]:
    """Rows without a phone (or an instalment's number) whose first word says that they add up others."""
    key = "phone" if "phone" in columns else "sequence"
    found = []
    for index in sorted(problems):
        if columns[key][index] in ("", None):
            first = next(cell for cell in rows[index] if cell != "")
            if _TOTALS.match(text(first).replace(" ", "").casefold()):
                found.append(index)
    return found


def stated_below(
    rows: Sequence[Sequence[object]], totals: list[int], columns: dict[str, list[object]]
) -> dict[str, int]:
    """What the last row of totals says: a number of rows in its words, and amounts in the columns of amounts."""
    if not totals:
        return {}
    last = totals[-1]
    stated = {key: value for key in AMOUNTS if key in columns and isinstance(value := columns[key][last], int)}
    for cell in rows[last]:
        if isinstance(cell, str) and (match := _COUNTED.search(text(cell))):
            stated["rows"] = int(match[1].replace(",", ""))
            break
    return stated


def sums(columns: dict[str, list[object]], totals: set[int]) -> dict[str, int]:
    """Over every row that is no total, also those that cannot be imported: that is what the sender counted."""
    found = {}
    for key in AMOUNTS:
        if key in columns:
            values = columns[key]
            if totals:
                values = [value for index, value in enumerate(values) if index not in totals]
            try:
                found[key] = sum(values)  # type: ignore[arg-type]
            except TypeError:  # some are empty or refused
                found[key] = sum(value for value in values if isinstance(value, int))
    return found
