"""Instalments of a loan: computed from its terms, stored or imported, and what is due, late and paid of them.

The schedule follows the formulas that banks publish: equal instalments (等额本息), equal principal (等额本金), interest
first (先息后本) and all at the end (到期一次还本付息), by whole months at a twelfth of the yearly rate, each amount
rounded half up to the fen and the last instalment taking up what rounding left. A bank that counts days in the first
month differs by some yuan there: what it exports is imported instead, and stands.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from console.core.i18n import T, Text

_FEN = Decimal("0.01")
_ZERO = Decimal("0.00")


class Method(StrEnum):
    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_FIRST = "interest_first"
    BULLET = "bullet"


METHOD_TITLES: Mapping[Method, Text] = {
    Method.EQUAL_INSTALMENT: T("Equal instalments"),
    Method.EQUAL_PRINCIPAL: T("Equal principal"),
    Method.INTEREST_FIRST: T("Interest monthly, principal at the end"),
    Method.BULLET: T("All at the end"),
}
# how banks write them; the first one is what a form writes
METHOD_NAMES: Mapping[Method, tuple[str, ...]] = {
    Method.EQUAL_INSTALMENT: ("等额本息", "等额还款", "等額本息", "按月等额本息"),
    Method.EQUAL_PRINCIPAL: ("等额本金", "等額本金", "按月等额本金"),
    Method.INTEREST_FIRST: (
        "先息后本",
        "按月付息到期还本",
        "按月付息，到期还本",
        "按月付息,到期还本",
        "按月结息到期还本",
        "先息後本",
    ),
    Method.BULLET: ("到期一次还本付息", "一次性还本付息", "一次还本付息", "利随本清", "到期還本付息"),
}
_BY_NAME = {name: method for method, names in METHOD_NAMES.items() for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One instalment as the terms of the loan give it; yuan."""

    sequence: int  # from 1
    due_on: date
    principal: Decimal
    interest: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """One instalment as it stands; yuan."""

    id: int
    sequence: int
    due_on: date
    principal: Decimal
    interest: Decimal
    penalty: Decimal
    paid: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.penalty

    @property
    def outstanding(self) -> Decimal:
        return max(_ZERO, self.total - self.paid)

    @property
    def owed(self) -> Decimal:
        """What is open without penalty interest, which a payment covers first."""
        return min(self.outstanding, self.principal + self.interest)

    @property
    def settled(self) -> bool:
        return self.outstanding == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a loan stands on one day, by its instalments; yuan."""

    amount_due: Decimal  # all that is late, or else what the next instalment asks for; without penalty interest
    penalty: Decimal  # that is open, of all instalments
    due_on: date | None  # of the oldest instalment that is open; None: all are paid
    next_due_on: date | None  # of the next instalment from today on, paid or not; None: the last day is over
    days_overdue: int  # of the oldest instalment that is late; 0: none is
    late: int  # instalments that are
    paid: Decimal  # so far, over all
    remaining: Decimal  # principal that is still owed
    settled: int  # instalments that are
    count: int


def method_of(name: str) -> Method | None:
    """The method behind what a bank writes; None for one that is not computed here."""
    return _BY_NAME.get("".join(name.split()))


def schedule(
    *, principal: Decimal, rate: Decimal, months: int, method: Method, start_on: date, due_day: int | None = None
) -> list[Planned]:
    """The instalments of a loan; ``rate`` in per cent a year. Raises ValueError for terms that are no loan.

    The first instalment falls due on ``due_day`` (the day of ``start_on`` when None) of the month after, and in a month
    that is too short for it on its last day.
    """
    if principal <= 0 or rate < 0 or not 1 <= months <= 600 or not 1 <= (due_day or 1) <= 31:
        raise ValueError("neither a principal, a rate, a term nor a day can be so")
    amounts = _AMOUNTS[method](principal, rate / 1200, months)
    day = due_day or start_on.day
    if method is Method.BULLET:
        (only,) = amounts
        return [Planned(sequence=1, due_on=_month(start_on, months, day), principal=only[0], interest=only[1])]
    return [
        Planned(sequence=number, due_on=_month(start_on, number, day), principal=part, interest=interest)
        for number, (part, interest) in enumerate(amounts, 1)
    ]


def _equal_instalment(principal: Decimal, rate: Decimal, months: int) -> Iterator[tuple[Decimal, Decimal]]:
    growth = (1 + rate) ** months
    payment = _round(principal * rate * growth / (growth - 1)) if rate else _round(principal / months)
    balance = principal
    for number in range(1, months + 1):
        interest = _round(balance * rate)
        part = balance if number == months else min(balance, payment - interest)
        balance -= part
        yield part, interest


def _equal_principal(principal: Decimal, rate: Decimal, months: int) -> Iterator[tuple[Decimal, Decimal]]:
    share, balance = _round(principal / months), principal
    for number in range(1, months + 1):
        interest = _round(balance * rate)
        part = balance if number == months else min(balance, share)
        balance -= part
        yield part, interest


def _interest_first(principal: Decimal, rate: Decimal, months: int) -> Iterator[tuple[Decimal, Decimal]]:
    interest = _round(principal * rate)
    for number in range(1, months + 1):
        yield (principal if number == months else _ZERO), interest


def _bullet(principal: Decimal, rate: Decimal, months: int) -> Iterator[tuple[Decimal, Decimal]]:
    """Simple interest for the whole term."""
    yield principal, _round(principal * rate * months)


_AMOUNTS = {
    Method.EQUAL_INSTALMENT: _equal_instalment,
    Method.EQUAL_PRINCIPAL: _equal_principal,
    Method.INTEREST_FIRST: _interest_first,
    Method.BULLET: _bullet,
}


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_FEN, ROUND_HALF_UP)


def _month(start: date, months: int, day: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(day, monthrange(year, month + 1)[1]))


def standing(instalments: Sequence[Instalment], today: date) -> Standing | None:
    """None without instalments. An instalment that falls due today is not late yet."""
    if not instalments:
        return None
    ordered = sorted(instalments, key=lambda each: each.sequence)
    unpaid = [each for each in ordered if not each.settled]
    late = [each for each in unpaid if each.due_on < today]
    following = next((each for each in ordered if each.due_on >= today), None)
    asked = late or unpaid[:1]
    return Standing(
        amount_due=sum((each.owed for each in asked), _ZERO),
        penalty=sum((each.outstanding - each.owed for each in unpaid), _ZERO),
        due_on=unpaid[0].due_on if unpaid else None,
        next_due_on=following.due_on if following else None,
        days_overdue=(today - late[0].due_on).days if late else 0,
        late=len(late),
        paid=sum((each.paid for each in ordered), _ZERO),
        remaining=sum((min(each.principal, each.outstanding) for each in unpaid), _ZERO),
        settled=len(ordered) - len(unpaid),
        count=len(ordered),
    )


def current(instalments: Sequence[Instalment], today: date) -> Instalment | None:
    """The instalment that messages speak of: the oldest late one, else the next from today on, though it be paid.

    So a reminder that waits for a day that was paid in advance finds nothing due, instead of the month after.
    """
    ordered = sorted(instalments, key=lambda each: each.sequence)
    late = (each for each in ordered if each.due_on < today and not each.settled)
    coming = (each for each in ordered if each.due_on >= today)
    return next(late, None) or next(coming, None) or (ordered[-1] if ordered else None)
