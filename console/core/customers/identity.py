"""Resident identity numbers (GB 11643-1999): checked, and told apart from what a message may need."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from console.core.customers.normalise import Refused, text
from console.core.i18n import T

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_FORM = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """A number and what it says; only sealed does it go any further."""

    birthday: date
    title: str  # 先生 or 女士
    number: str = field(default="", repr=False, compare=False)


def identity(cell: object) -> Identity | Refused | None:
    """None for an empty cell. No reason repeats the number."""
    if isinstance(cell, float) and cell >= 1e15:
        return Refused(T("an identity number stored as a number has lost its last digits: format the column as text"))
    value = text(cell).replace(" ", "").upper()
    if not value:
        return None
    if "*" in value:  # masked already: nothing to check and nothing to learn
        return None
    if not _FORM.fullmatch(value):
        return Refused(T("not an identity number of 18 characters"))
    if _CHECK[sum(int(digit) * weight for digit, weight in zip(value, _WEIGHTS, strict=False)) % 11] != value[17]:
        return Refused(T("the check character of the identity number does not fit: one digit is wrong"))
    try:
        birthday = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return Refused(T("the birth date in the identity number does not exist"))
    return Identity(birthday, "先生" if int(value[16]) % 2 else "女士", value)
