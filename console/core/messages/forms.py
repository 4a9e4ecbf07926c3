"""How what is stored of a customer or a loan is written in a message: empty where it is absent or unfit."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache

from console.core.format import money
from console.core.messages.variables import address, clean, month_day, percentage, tail, usable

REMEMBERED = 10_000  # of each form: many recipients share one


@lru_cache(REMEMBERED)
def _text(raw: str) -> str:
    value = clean(raw)
    return value if usable(value) else ""


@lru_cache(REMEMBERED)
def _name(name: str, title: str) -> str:
    return _text(address(name, title))


def _words(today: date, raw: str) -> str:
    return _text(raw)


def _number(today: date, number: str) -> str:
    return clean(tail(clean(number)))


def _account(today: date, digits: str) -> str:
    return digits if len(digits) == 4 and digits.isalnum() else ""


@lru_cache(REMEMBERED)
def _amount(today: date, amount: Decimal | None) -> str:
    return "" if amount is None or amount < 0 else money(amount)


@lru_cache(REMEMBERED)
def _positive(today: date, amount: Decimal | None) -> str:
    return "" if amount is None or amount <= 0 else money(amount)


def _total(today: date, amount_due: Decimal | None, penalty: Decimal | None) -> str:
    return "" if amount_due is None or penalty is None else _positive(today, amount_due + penalty)


def _rate(today: date, rate: Decimal | None) -> str:
    return percentage(rate) if rate is not None and 0 < rate < 100 else ""


@lru_cache(REMEMBERED)
def _day(today: date, day: date | None) -> str:
    return "" if day is None else month_day(day, today)


def _overdue(today: date, due_on: date | None) -> str:
    days = (today - due_on).days if due_on else 0
    return str(days) if days > 0 else ""


def _instalment(today: date, start_on: date | None, due_on: date | None, term_months: int | None) -> str:
    """Due dates are monthly and the first one falls in the month after the start."""
    if start_on is None or due_on is None:
        return ""
    number = (due_on.year - start_on.year) * 12 + due_on.month - start_on.month
    return str(number) if 1 <= number <= (term_months or 1200) else ""


def _maturity(today: date, start_on: date | None, term_months: int | None) -> str:
    if start_on is None or not term_months:
        return ""
    year, month = divmod(start_on.year * 12 + start_on.month - 1 + term_months, 12)
    last = monthrange(year, month + 1)[1]
    return month_day(date(year, month + 1, min(start_on.day, last)), today)


# by variable: the columns it is made of, and how
OF_CUSTOMER: Mapping[str, tuple[tuple[str, ...], Callable[..., str]]] = {
    "name": (("name", "title"), _name),
    "branch": (("branch",), _text),
    "mgr": (("manager",), _text),
}

OF_LOAN: Mapping[str, tuple[tuple[str, ...], Callable[..., str]]] = {
    "prod": (("product",), _words),
    "no": (("number",), _number),
    "card4": (("account_tail",), _account),
    "amt": (("amount_due",), _positive),
    "due": (("due_on",), _day),
    "seq": (("start_on", "due_on", "term_months"), _instalment),
    "overdue": (("due_on",), _overdue),
    "fee": (("penalty",), _amount),
    "total": (("amount_due", "penalty"), _total),
    "principal": (("principal",), _positive),
    "limit": (("principal",), _positive),
    "rate": (("rate",), _rate),
    "method": (("method",), _words),
    "start": (("start_on",), _day),
    "matures": (("start_on", "term_months"), _maturity),
    "first": (("due_on",), _day),
}
