"""What a row of a file does beside what is stored."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from console.core.customers.checking import BadRow, Checked, Problem


class Effect(StrEnum):
    NEW = "new"  # brings a customer, a loan or an instalment
    CHANGED = "changed"
    SAME = "same"


class Known(NamedTuple):
    """What is stored of a row."""

    customer_id: int | None
    loan_id: int | None
    effect: Effect
    changes: int  # a bit per name of ``Prepared.names``
    paid: bool  # something was owed, and the file says that nothing is


def bad_row(checked: Checked, position: int, problem: Problem) -> BadRow:
    index = checked.valid[position]
    return BadRow(index, checked.sheet.first_row + index, (problem,))
