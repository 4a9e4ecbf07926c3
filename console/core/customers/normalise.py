"""Cells of other people's spreadsheets, put in order: each function gives a clean value, or says why it cannot.

A cell is what python-calamine or the csv module yields: str, float, int, bool, date, datetime, time, timedelta.
An empty cell is ``""``; every function gives its own nothing for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from console.core.i18n import T, Text

PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_PLUS_86 = re.compile(r"(?:\+|00)?86(1[3-9]\d{9})", re.ASCII)
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?E\+?\d+", re.ASCII | re.IGNORECASE)
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
_HAN = re.compile(r"[\u4e00-\u9fff]{1,100}")
_HAN_SPACE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")

# zero-width and direction marks, soft hyphen, byte order mark: they come along when copied from a web page
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0x00AD, 0x180E], None
)
_DASHES = str.maketrans("", "", " -‐‑‒–—―−()")
_DOTTED = re.compile(r"(1\d\d)\.(\d{4})\.(\d{4})", re.ASCII)
_DOTS = str.maketrans("•‧∙⋅・", "·····")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a cell cannot be taken, and so what to put right."""

    reason: Text


def text(cell: object) -> str:
    """Any cell as one line: NFKC, no invisible characters, whole numbers without ``.0``, Excel's text marks off."""
    if isinstance(cell, str):
        return plain(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e17 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(" ")
    return "" if cell is None else str(cell)


def plain(raw: str) -> str:
    if raw.isascii() and raw.isalnum():
        return raw
    value = unicodedata.normalize("NFKC", raw).translate(_INVISIBLE)
    if match := _EXCEL_TEXT.fullmatch(value.strip()):
        value = match[1]
    return " ".join(value.split()).removeprefix("'").strip()


def limited(cell: object, limit: int) -> str | Refused:
    """Text of at most ``limit`` characters."""
    value = text(cell)
    if len(value) > limit:
        return Refused(T("longer than {limit} characters", limit=limit))
    return value


def number(cell: object) -> str | Refused:
    """A customer, loan or contract number: letters, digits and ``-_/.``, at most 40, exactly as the bank writes it."""
    if isinstance(cell, str) and cell.isascii() and cell.isalnum() and len(cell) <= 40:
        return cell
    if isinstance(cell, float) and (not cell.is_integer() or abs(cell) >= 1e15):
        return Refused(_lost_digits(repr(cell)))
    value = text(cell).replace(" ", "")
    if _SCIENTIFIC.fullmatch(value) and not value.isalnum():
        return Refused(_lost_digits(value))
    if len(value) > 40:
        return Refused(T("longer than {limit} characters", limit=40))
    if value and not any(char.isalnum() for char in value):
        return Refused(T("“{value}” is no number", value=value))
    return value


def as_they_are(clean: Callable[[object], object], cells: Sequence[object]) -> bool:
    """Whether ``clean`` gives every one of them back as it is: told for all at a time, as it mostly is so."""
    plain = _AS_THEY_ARE.get(clean)
    if plain is None:
        return False
    try:
        lines = "\n".join([*cells, ""])  # type: ignore[list-item]
    except TypeError:  # not all of them are text
        return False
    return lines.count("\n") == len(cells) and plain.fullmatch(lines) is not None


def phone(cell: object) -> str | Refused:
    """Eleven digits of a mobile number of mainland China; ``""`` for an empty cell."""
    if isinstance(cell, str):
        if PHONE.fullmatch(cell):
            return cell
    elif isinstance(cell, float):
        if not cell.is_integer():
            return Refused(T("“{value}” is no phone number", value=repr(cell)))
        cell = str(int(cell)) if abs(cell) < 1e17 else repr(cell)
    return _phone(text(cell))


def _phone(value: str) -> str | Refused:
    if _SCIENTIFIC.fullmatch(value):
        return Refused(_lost_digits(value))
    digits = _DOTTED.sub(r"\1\2\3", value.removesuffix(".0")).translate(_DASHES)
    if match := _PLUS_86.fullmatch(digits):
        return match[1]
    if not digits or PHONE.fullmatch(digits):
        return digits
    return Refused(_why_no_phone(value, digits))


def _why_no_phone(value: str, digits: str) -> Text:
    if len(re.findall(PHONE, value)) > 1:
        return T("several phone numbers in one cell")
    if "*" in value:
        return T("“{value}” is masked: the file was exported without full numbers", value=value)
    rest = digits.lstrip("+")
    if not (rest.isascii() and rest.isdecimal()):
        return T("“{value}” is no phone number", value=value[:40])
    if rest.startswith("1") and len(rest) != 11:
        return T("“{value}” has {count} digits instead of 11", value=value[:40], count=len(rest))
    return T("“{value}” is no mobile number", value=value[:40])


def _lost_digits(value: str) -> Text:
    return T("“{value}” has lost digits: format the column as text in Excel and enter it again", value=value)


def name(cell: object) -> str | Refused:
    """A person's or a company's name; Chinese names lose the spaces that align them."""
    if isinstance(cell, str) and _HAN.fullmatch(cell):
        return cell
    value = _HAN_SPACE.sub("", text(cell)).translate(_DOTS)
    if len(value) > 100:
        return Refused(T("longer than {limit} characters", limit=100))
    if value and not any(unicodedata.category(char)[0] == "L" for char in value):
        return Refused(T("“{value}” is no name", value=value))
    return value


def whole_number(cell: object, low: int, high: int) -> int | Refused | None:
    """A whole number between the two, units in Chinese or English after it ignored (``36个月``, ``15日``)."""
    value = text(cell)
    if not value:
        return None
    match = re.fullmatch(
        r"(?:每月)?(\d{1,6})(?:\.0+)?\s*(?:个月|月|期|日|号|天|號|個月|months?|days?)?", value, re.IGNORECASE
    )
    if match is None or not low <= int(match[1]) <= high:
        return Refused(T("“{value}” is no whole number from {low} to {high}", value=value[:40], low=low, high=high))
    return int(match[1])


@dataclass(frozen=True, slots=True)
class Account:
    """The account that repays: its tail to show, and the whole of it where the file gives it, to be sealed."""

    tail: str
    number: str = field(repr=False)  # "" where only the tail is given


def tail(cell: object) -> str | Refused:
    """The last four of an account or card."""
    if isinstance(cell, float) and abs(cell) >= 1e15:
        return Refused(T("an account number stored as a number has lost its last digits: format the column as text"))
    value = re.sub(r"[\s\-]", "", text(cell))
    if not value:
        return ""
    if _SCIENTIFIC.fullmatch(value):
        return Refused(_lost_digits(value))
    last = value[-4:]
    if len(last) < 4 or not (last.isascii() and last.isalnum()):
        return Refused(T("an account number needs at least four digits"))
    return last


def account(cell: object) -> Account | Refused | None:
    """An account or card number, or the last four digits of one, with or without what masks the others."""
    last = tail(cell)
    if isinstance(last, Refused) or not last:
        return last or None
    value = re.sub(r"[\s\-]", "", text(cell))
    whole = len(value) > 8 and value.isascii() and value.isalnum()
    return Account(last, value if whole else "")


_HOURS = re.compile(r"(\d{1,2})(?:[:点时.](\d{2})?分?)?(?:-|~|至|到|—|–)(\d{1,2})(?:[:点时.](\d{2})?分?)?", re.ASCII)
_SPOKEN_HOURS = {
    "上午": (540, 720), "中午": (720, 840), "下午": (840, 1080), "晚上": (1080, 1260), "白天": (540, 1080),
    "工作时间": (540, 1080), "morning": (540, 720), "afternoon": (840, 1080), "evening": (1080, 1260),
}  # fmt: skip


def hours(cell: object) -> tuple[int, int] | Refused | None:
    """When somebody wishes to be written to, in minutes after midnight: ``9:00-18:00``, ``9-12点``, ``下午``."""
    value = text(cell).replace(" ", "").casefold()
    if not value or value in {"不限", "全天", "any"}:
        return None
    if value in _SPOKEN_HOURS:
        return _SPOKEN_HOURS[value]
    match = _HOURS.fullmatch(value)
    if match is not None:
        first, last = (int(match[h]) * 60 + int(match[m] or 0) for h, m in ((1, 2), (3, 4)))
        if 0 <= first < last <= 1440:
            return first, last
    return Refused(T("“{value}” is no span of hours such as 9:00-18:00", value=value[:40]))


def tags(cell: object) -> tuple[str, ...] | Refused:
    """Words between commas, semicolons or enumeration commas, without repetition."""
    words = dict.fromkeys(word.strip() for word in re.split(r"[,;、|]", text(cell)))
    words.pop("", None)
    if any(len(word) > 20 for word in words) or len(words) > 20:
        return Refused(T("at most 20 tags of 20 characters"))
    return tuple(words)


def today_or_earlier(value: date, today: date) -> date | Refused:
    return value if value <= today else Refused(T("{date} is still to come", date=value.isoformat()))


_AS_THEY_ARE: dict[Callable[[object], object], re.Pattern[str]] = {
    number: re.compile(r"(?:[0-9A-Za-z]{1,40}+\n)*+"),
    phone: re.compile(rf"(?:{PHONE.pattern}\n)*+", re.ASCII),
    name: re.compile(rf"(?:{_HAN.pattern}\n)*+"),
}
