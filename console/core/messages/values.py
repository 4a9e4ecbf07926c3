"""The values of a text's variables for many recipients at once: a few queries a chunk, none a row."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from console.core.format import money
from console.core.messages.classes import MessageClass
from console.core.messages.variables import (
    VARIABLES,
    BadValue,
    Source,
    Variable,
    address,
    clean,
    month_day,
    percentage,
    tail,
    usable,
    written,
)
from console.core.settings import Settings
from db.keys import keys
from db.models import Customer, Loan

CHUNK = 1_000  # ids a query

CustomerRow = Row[int, str, str, str, str, str]
LoanRow = Row[int, int, str, str, Decimal | None, Decimal | None, str, date | None, int | None, str, *tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Values:
    """What one message is made of. ``values`` holds every wanted variable that is not in ``missing``."""

    customer_id: int
    loan_id: int | None
    phone: str  # empty: there is no such customer
    values: dict[str, str]  # clean
    missing: frozenset[str] = field(default_factory=frozenset)  # absent, or not fit to stand in a message


def office_values(settings: Settings) -> dict[str, str]:
    """Values that are the same for the whole office, by variable."""
    return {"tel": settings.text("bank.contact_phone"), "branch": settings.text("bank.branch")}


def campaign_variables(variables: Collection[str], class_: MessageClass) -> tuple[Variable, ...]:
    """Those of ``variables`` whose value the maker of a campaign gives, once for everybody."""
    return tuple(
        VARIABLES[key]
        for key in variables
        if VARIABLES[key].source is Source.CAMPAIGN or (VARIABLES[key].source is Source.LOAN and not class_.per_loan)
    )


def load_values(
    session: Session,
    pairs: Sequence[tuple[int, int | None]],
    variables: Collection[str],
    *,
    today: date,
    campaign: Mapping[str, str],
    office: Mapping[str, str],
) -> list[Values]:
    """One ``Values`` a (customer, loan) pair, in the order of ``pairs``.

    ``campaign`` is what the maker typed, by variable; it also stands in for a loan's variable where there is no loan.
    ``today`` is the local date on which the message leaves: days overdue are counted to it.
    """
    recipe = _Recipe(variables, today, campaign, office)
    found: list[Values] = []
    for part in _chunks(pairs):
        customers = _customers(session, {customer for customer, _ in part})
        wanted = {loan for _, loan in part if loan is not None}
        loans = _loans(session, wanted) if recipe.loan else {}
        found += [recipe.values(pair, customers.get(pair[0]), loans.get(pair[1] or 0)) for pair in part]
    return found


def _chunks(pairs: Sequence[tuple[int, int | None]]) -> Iterator[list[tuple[int, int | None]]]:
    rows = iter(pairs)
    while part := list(islice(rows, CHUNK)):
        yield part


def _customers(session: Session, ids: set[int]) -> dict[int, CustomerRow]:
    wanted = keys(session, ids)
    columns = (Customer.id, Customer.phone, Customer.name, Customer.title, Customer.branch, Customer.manager)
    query = select(*columns).join(wanted, wanted.c.value == Customer.id)
    return {row[0]: row for row in session.execute(query)}


def _loans(session: Session, ids: set[int]) -> dict[int, LoanRow]:
    wanted = keys(session, ids)
    query = select(
        Loan.id,
        Loan.customer_id,
        Loan.number,
        Loan.product,
        Loan.principal,
        Loan.rate,
        Loan.method,
        Loan.start_on,
        Loan.term_months,
        Loan.account_tail,
        Loan.amount_due,
        Loan.due_on,
        Loan.penalty,
    ).join(wanted, wanted.c.value == Loan.id)
    return {row[0]: row for row in session.execute(query)}


class _Recipe:
    """How each wanted variable is made, worked out once for all recipients."""

    def __init__(
        self, variables: Collection[str], today: date, campaign: Mapping[str, str], office: Mapping[str, str]
    ) -> None:
        self.today = today
        self.office = {key: value for key, raw in office.items() if usable(value := clean(raw))}
        self.campaign = _written(campaign, today)
        keys = list(dict.fromkeys(variables))
        self.same = {key: self._shared(key) for key in keys if VARIABLES[key].source in _SHARED}
        self.absent = frozenset(key for key, value in self.same.items() if not value)
        self.customer = [(key, _OF_CUSTOMER[key]) for key in keys if VARIABLES[key].source is Source.CUSTOMER]
        self.loan = [(key, _OF_LOAN[key]) for key in keys if VARIABLES[key].source is Source.LOAN]

    def _shared(self, key: str) -> str:
        return (self.campaign if VARIABLES[key].source is Source.CAMPAIGN else self.office).get(key, "")

    def values(self, pair: tuple[int, int | None], customer: CustomerRow | None, loan: LoanRow | None) -> Values:
        values = dict(self.same)
        if customer is not None:
            for key, make in self.customer:
                values[key] = make(customer) or self.office.get(key, "")
        if loan is not None and loan.customer_id == pair[0]:
            for key, build in self.loan:
                values[key] = build(loan, self.today)
        elif pair[1] is None:
            for key, _ in self.loan:
                values[key] = self.campaign.get(key, "")
        wanted = len(self.same) + len(self.customer) + len(self.loan)
        phone = customer.phone if customer is not None else ""
        if len(values) == wanted and all(values.values()):
            return Values(pair[0], pair[1], phone, values)
        missing = {key for key, value in values.items() if not value} | self.absent
        missing |= {key for key, _ in (*self.customer, *self.loan) if key not in values}
        return Values(
            pair[0], pair[1], phone, {k: v for k, v in values.items() if v and k not in missing}, frozenset(missing)
        )


_SHARED = frozenset({Source.OFFICE, Source.CAMPAIGN})


def _written(campaign: Mapping[str, str], today: date) -> dict[str, str]:
    """Campaign values in their written form; those that do not fit are left out, and so missing."""
    done = {}
    for key, raw in campaign.items():
        if key in VARIABLES:
            try:
                done[key] = written(VARIABLES[key], raw, today)
            except BadValue:
                continue
    return done


def _text(raw: str) -> str:
    value = clean(raw)
    return value if usable(value) else ""


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None or amount < 0 else money(amount)


def _positive(amount: Decimal | None) -> str:
    return "" if amount is None or amount <= 0 else money(amount)


def _total(loan: LoanRow, today: date) -> str:
    if loan.amount_due is None or loan.penalty is None:
        return ""
    return _positive(loan.amount_due + loan.penalty)


def _rate(loan: LoanRow, today: date) -> str:
    if loan.rate is None:
        return ""
    return percentage(loan.rate) if 0 < loan.rate < 100 else ""


def _day(day: date | None, today: date) -> str:
    return "" if day is None else month_day(day, today)


def _overdue(loan: LoanRow, today: date) -> str:
    days = (today - loan.due_on).days if loan.due_on else 0
    return str(days) if days > 0 else ""


def _instalment(loan: LoanRow, today: date) -> str:
    """Due dates are monthly and the first one falls in the month after the start."""
    if loan.start_on is None or loan.due_on is None:
        return ""
    number = (loan.due_on.year - loan.start_on.year) * 12 + loan.due_on.month - loan.start_on.month
    return str(number) if 1 <= number <= (loan.term_months or 1200) else ""


def _maturity(loan: LoanRow, today: date) -> str:
    if loan.start_on is None or not loan.term_months:
        return ""
    year, month = divmod(loan.start_on.year * 12 + loan.start_on.month - 1 + loan.term_months, 12)
    last = monthrange(year, month + 1)[1]
    return month_day(date(year, month + 1, min(loan.start_on.day, last)), today)


_OF_CUSTOMER: Mapping[str, Callable[[CustomerRow], str]] = {
    "name": lambda row: _text(address(row.name, row.title)),
    "branch": lambda row: _text(row.branch),
    "mgr": lambda row: _text(row.manager),
}

_OF_LOAN: Mapping[str, Callable[[LoanRow, date], str]] = {
    "prod": lambda row, today: _text(row.product),
    "no": lambda row, today: clean(tail(clean(row.number))),
    "card4": lambda row, today: row.account_tail if len(row.account_tail) == 4 and row.account_tail.isalnum() else "",
    "amt": lambda row, today: _positive(row.amount_due),
    "due": lambda row, today: _day(row.due_on, today),
    "seq": _instalment,
    "overdue": _overdue,
    "fee": lambda row, today: _amount(row.penalty),
    "total": _total,
    "principal": lambda row, today: _positive(row.principal),
    "limit": lambda row, today: _positive(row.principal),
    "rate": _rate,
    "method": lambda row, today: _text(row.method),
    "start": lambda row, today: _day(row.start_on, today),
    "matures": _maturity,
    "first": lambda row, today: _day(row.due_on, today),
}
