"""Resident IDs and account numbers in a text, told from other digits by their checksums."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_GAP = r"[ \u00a0\u3000\-]"
_RUN = re.compile(rf"(?<!\d)\d(?:{_GAP}?\d){{14,18}}{_GAP}?[Xx]?(?!\d)")  # \d takes full-width digits too
_GAPS = re.compile(_GAP)
_SHORTEST = 15  # digits
_LONG = re.compile(rf"\d{{{_SHORTEST}}}")
_TRAIL = re.compile(r"\D*$")
_DIGIT = re.compile(r"\d")
_OTHER = re.compile(rf"(?!{_GAP})\D")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class NumberKind(StrEnum):
    IDENTITY = "identity"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class FoundNumber:
    start: int
    end: int
    kind: NumberKind


def find_numbers(text: str) -> list[FoundNumber]:
    """Every resident ID (GB 11643) and every card number (ISO/IEC 7812, Luhn) that stands in full in ``text``."""
    joined = text.replace(" ", "").replace("\u00a0", "").replace("\u3000", "").replace("-", "")
    return list(_found(text)) if _LONG.search(joined) else []


def short(value: str, before: str, after: str) -> bool:
    """Whether no number can share a digit with ``value``; ``before`` and ``after`` must hold what ends a number."""
    around = _OTHER.split(before)[-1] + value + _OTHER.split(after)[0]
    return len(_DIGIT.findall(around)) < _SHORTEST


def ends_numbers(text: str) -> bool:
    return _OTHER.search(text) is not None


def _found(text: str) -> Iterator[FoundNumber]:
    for match in _RUN.finditer(text):
        number = "".join(map(_digit, _GAPS.sub("", match[0])))
        if is_identity(number):
            yield FoundNumber(match.start(), match.end(), NumberKind.IDENTITY)
        elif is_card(number.rstrip("X")):
            yield FoundNumber(match.start(), match.start() + len(_TRAIL.sub("", match[0])), NumberKind.CARD)


def _digit(char: str) -> str:
    return "X" if char in "Xx" else str(unicodedata.digit(char))


def is_identity(number: str) -> bool:
    """18 characters with a real birth date and the right check character."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number):
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return born.year >= 1900 and _CHECKS[total % 11] == number[17]


def is_card(number: str) -> bool:
    """15 to 19 digits that begin like a payment card and pass the Luhn check."""
    if not re.fullmatch(r"[3-6][0-9]{14,18}", number):
        return False
    total = 0
    for place, char in enumerate(reversed(number)):
        digit = int(char)
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0
