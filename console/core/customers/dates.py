"""Dates as spreadsheets hold them: typed cells, serial numbers, and the ways people write them."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from console.core.customers.normalise import Refused, text
from console.core.i18n import T

FIRST_YEAR, LAST_YEAR = 1900, 2199
_TIME = r"(?:[ T]\s?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_SEPARATED = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME, re.ASCII)
_CHINESE = re.compile(r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号號]?" + _TIME, re.ASCII)
_EIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0)?", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
_EPOCH = date(1899, 12, 30)  # serial 60 is 29 February 1900, which never was: right from March 1900 on
_EPOCH_1904 = date(1904, 1, 1)
_PLAUSIBLE = range(18_264, 91_313)  # serials of 1950 to 2149: a number in a date column outside them is no date


def day(cell: object, *, since_1904: bool = False) -> date | Refused | None:
    """The calendar date of a cell; a time of day in it is dropped. None for an empty cell.

    ``since_1904``: bare serial numbers of this workbook count from 1904 (old Excel for the Mac).
    """
    if isinstance(cell, datetime):
        return _plausible(cell.date())
    if isinstance(cell, date):
        return _plausible(cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _from_number(float(cell), since_1904)
    value = text(cell)
    if not value:
        return None
    return _from_text(value, since_1904)


_CLOCK = re.compile(r"(?:^|[ T日号])(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def moment(cell: object, *, since_1904: bool = False) -> datetime | Refused | None:
    """Date and local time of a cell, aware; the start of the day where it gives no time."""
    found = day(cell, since_1904=since_1904)
    if not isinstance(found, date):
        return found
    clock = cell.time() if isinstance(cell, datetime) else _clock(text(cell))
    if clock is None:
        return Refused(T("“{value}” is no time such as 14:05", value=text(cell)[:40]))
    return datetime.combine(found, clock.replace(microsecond=0, tzinfo=None)).astimezone()


def _clock(value: str) -> time | None:
    match = _CLOCK.search(value)
    if match is None:
        return time.min
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        return None


def _from_number(value: float, since_1904: bool) -> date | Refused:
    if value.is_integer() and 19_000_101 <= value <= 21_991_231 and (eight := _EIGHT.fullmatch(str(int(value)))):
        return _of(*eight.groups(), written=str(int(value)))
    if abs(value) < 1e6 and int(value) + (1462 if since_1904 else 0) in _PLAUSIBLE:
        return (_EPOCH_1904 if since_1904 else _EPOCH) + timedelta(days=int(value))
    return _no_date(f"{value:g}")


def _from_text(value: str, since_1904: bool) -> date | Refused:
    if match := _SEPARATED.fullmatch(value):
        return _of(match[1], match[3], match[4], written=value)
    if match := _CHINESE.fullmatch(value):
        return _of(*match.groups(), written=value)
    if match := _EIGHT.fullmatch(value):
        return _of(*match.groups(), written=value)
    if match := _SERIAL.fullmatch(value):
        return _from_number(float(match[1]), since_1904)
    return _no_date(value)


def _of(year: str, month: str, day_: str, *, written: str) -> date | Refused:
    try:
        return _plausible(date(int(year), int(month), int(day_)))
    except ValueError:
        return Refused(T("“{value}” is not in the calendar", value=written[:40]))


def _plausible(value: date) -> date | Refused:
    if FIRST_YEAR <= value.year <= LAST_YEAR:
        return value
    return Refused(T("“{value}” is not a likely date", value=value.isoformat()))


def _no_date(value: str) -> Refused:
    return Refused(T("“{value}” is no date such as 2026-11-21", value=value[:40]))
