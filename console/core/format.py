"""Numbers, amounts, dates and masks as people read them. Storage is UTC; everything here speaks local time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from console.core.i18n import ntr, tr

NOTHING = "–"
_CENT = Decimal("0.01")


def money(amount: Decimal | None) -> str:
    """Yuan with separators and two places, ``3,256.80``; a dash for no amount."""
    return NOTHING if amount is None else f"{amount.quantize(_CENT, ROUND_HALF_UP):,.2f}"


def yuan(amount: Decimal | None) -> str:
    """``money`` with its unit, for places where no heading names it."""
    return NOTHING if amount is None else tr("{amount} yuan", amount=money(amount))


def count(number: int | None) -> str:
    return NOTHING if number is None else f"{number:,}"


def percent(fraction: Decimal | float | None, places: int = 2) -> str:
    """A fraction as a percentage: 0.0305 is ``3.05%``."""
    if fraction is None:
        return NOTHING
    exact = Decimal(str(fraction)) * 100
    return f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)}%"


def share(part: int, whole: int, places: int = 1) -> str:
    """``part`` of ``whole`` as a percentage; a dash of nothing."""
    return percent(Decimal(part) / whole, places) if whole else NOTHING


def local_datetime(moment: datetime | None, *, seconds: bool = False) -> str:
    if moment is None:
        return NOTHING
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def local_date(day: date | datetime | None) -> str:
    if day is None:
        return NOTHING
    return (day.astimezone().date() if isinstance(day, datetime) else day).isoformat()


def local_time(moment: datetime | None, *, seconds: bool = False) -> str:
    return NOTHING if moment is None else moment.astimezone().strftime("%H:%M:%S" if seconds else "%H:%M")


def when(moment: datetime | None, now: datetime) -> str:
    """Short for lists: relative within the hour, the time today, else date and time."""
    if moment is None:
        return NOTHING
    passed = now - moment
    if timedelta(0) <= passed < timedelta(minutes=1):
        return tr("just now")
    if timedelta(0) <= passed < timedelta(hours=1):
        return ntr("{n} minute ago", "{n} minutes ago", int(passed.total_seconds() // 60))
    if moment.astimezone().date() == now.astimezone().date():
        return local_time(moment)
    return local_datetime(moment)


def duration(span: timedelta | float | None) -> str:
    """A length of time, rounded to what a person plans with; a number is in seconds."""
    if span is None:
        return NOTHING
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds < 60:
        return ntr("{n} second", "{n} seconds", max(0, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 60:
        return ntr("{n} minute", "{n} minutes", minutes)
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return tr("{hours} h {minutes} min", hours=hours, minutes=rest) if rest else ntr("{n} hour", "{n} hours", hours)
    return ntr("{n} day", "{n} days", round(hours / 24))


def file_size(octets: int) -> str:
    size = float(octets)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")


def masked_phone(phone: str) -> str:
    """``138****8000``; a short number keeps only its last two digits."""
    if len(phone) < 8:
        return "*" * max(0, len(phone) - 2) + phone[-2:]
    return f"{phone[:-8]}****{phone[-4:]}"


def masked_name(name: str) -> str:
    """``李*``: the first character and one star for each other one."""
    return name[:1] + "*" * (len(name) - 1)


def masked_identity(number: str) -> str:
    """A resident ID as ``1101**********002X``."""
    return f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}" if len(number) > 8 else "*" * len(number)


def masked_card(number: str) -> str:
    """A card as ``6222 **** **** 1234``."""
    digits = number.replace(" ", "")
    if len(digits) <= 8:
        return "*" * len(digits)
    hidden = "*" * (len(digits) - 8)
    groups = " ".join(hidden[i : i + 4] for i in range(0, len(hidden), 4))
    return f"{digits[:4]} {groups} {digits[-4:]}"
