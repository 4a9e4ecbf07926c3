"""The values of a text's variables for many recipients at once: a few queries a chunk, none a row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, cast

from sqlalchemy import Column, Table, select
from sqlalchemy.orm import Session

from console.core.messages.classes import MessageClass
from console.core.messages.forms import OF_CUSTOMER, OF_LOAN
from console.core.messages.variables import (
    VARIABLES,
    BadValue,
    Source,
    Variable,
    clean,
    usable,
    written,
)
from console.core.settings import Settings
from db.keys import keys
from db.models import Customer, Loan

CHUNK = 1_000  # ids a query

_CUSTOMER = cast(Table, Customer.__table__)
_LOAN = cast(Table, Loan.__table__)


class Values(NamedTuple):
    """What one message is made of. ``values`` holds every wanted variable that is not in ``missing``."""

    customer_id: int
    loan_id: int | None
    phone: str  # empty: there is no such customer
    values: dict[str, str]  # clean
    missing: frozenset[str] = frozenset()  # absent, or not fit to stand in a message


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
    customer_columns, loan_columns = columns_of(variables)
    recipe = Recipe(variables, today, campaign, office, [*customer_columns, *loan_columns])
    no_customer, no_loan = (None,) * len(customer_columns), (None,) * len(loan_columns)
    found: list[Values] = []
    for part in _chunks(pairs):
        people = _rows(session, [_CUSTOMER.c.phone, *customer_columns], {customer for customer, _ in part})
        wanted = {loan for _, loan in part if loan is not None}
        loans = _rows(session, [_LOAN.c.customer_id, *loan_columns], wanted) if loan_columns else {}
        for customer_id, loan_id in part:
            customer, loan = people.get(customer_id), loans.get(loan_id or 0)
            if loan is not None and loan[0] != customer_id:
                loan = None
            row = (*(customer[1:] if customer else no_customer), *(loan[1:] if loan else no_loan))
            phone = customer[0] if customer else None
            found.append(recipe.values(customer_id, loan_id, phone, row, with_loan=loan is not None))
    return found


def columns_of(variables: Collection[str]) -> tuple[list[Column[Any]], list[Column[Any]]]:
    """The columns of the customer and of the loan that these variables are made of, each once."""
    customer = [column for key in variables if key in OF_CUSTOMER for column in OF_CUSTOMER[key][0]]
    loan = [column for key in variables if key in OF_LOAN for column in OF_LOAN[key][0]]
    return [_CUSTOMER.c[name] for name in dict.fromkeys(customer)], [_LOAN.c[name] for name in dict.fromkeys(loan)]


def _chunks(pairs: Sequence[tuple[int, int | None]]) -> Iterator[list[tuple[int, int | None]]]:
    rows = iter(pairs)
    while part := list(islice(rows, CHUNK)):
        yield part


def _rows(session: Session, columns: Sequence[Column[Any]], ids: set[int]) -> dict[int, tuple[Any, ...]]:
    """By id, of the table that ``columns`` belong to."""
    wanted, id_ = keys(session, ids), columns[0].table.c.id
    query = select(*columns, id_).join(wanted, wanted.c.value == id_)
    return {row[-1]: row[:-1] for row in session.execute(query)}


class Recipe:
    """How each wanted variable is made from a row of ``columns``, worked out once for all recipients."""

    def __init__(
        self,
        variables: Collection[str],
        today: date,
        campaign: Mapping[str, str],
        office: Mapping[str, str],
        columns: Sequence[object],
    ) -> None:
        """``columns`` need not hold those of a loan when there is never one."""
        self.office = {key: value for key, raw in office.items() if usable(value := clean(raw))}
        self.campaign = _written(campaign, today)
        keys = list(dict.fromkeys(variables))
        self.same = {key: self._shared(key) for key in keys if VARIABLES[key].source in _SHARED}
        self.absent = frozenset(key for key, value in self.same.items() if not value)
        self.customer = [
            (key, _reader(columns, _CUSTOMER, *OF_CUSTOMER[key]), self.office.get(key, ""))
            for key in keys
            if VARIABLES[key].source is Source.CUSTOMER
        ]
        self.loan = [
            (key, _reader(columns, _LOAN, OF_LOAN[key][0], partial(OF_LOAN[key][1], today)))
            for key in keys
            if VARIABLES[key].source is Source.LOAN
        ]
        self._wanted = len(keys)

    def _shared(self, key: str) -> str:
        return (self.campaign if VARIABLES[key].source is Source.CAMPAIGN else self.office).get(key, "")

    def values(
        self, customer_id: int, loan_id: int | None, phone: str | None, row: Sequence[Any], *, with_loan: bool
    ) -> Values:
        """``phone`` None: there is no such customer. ``with_loan``: ``row`` holds the customer's own loan."""
        values = self.same.copy()
        if phone is not None:
            for key, make, otherwise in self.customer:
                values[key] = make(row) or otherwise
        if with_loan:
            for key, build in self.loan:
                values[key] = build(row)
        elif loan_id is None:
            for key, _ in self.loan:
                values[key] = self.campaign.get(key, "")
        if len(values) == self._wanted and all(values.values()):
            return Values(customer_id, loan_id, phone or "", values)
        missing = {key for key, value in values.items() if not value} | self.absent
        missing |= {key for key, _, _ in self.customer if key not in values}
        missing |= {key for key, _ in self.loan if key not in values}
        there = {key: value for key, value in values.items() if value and key not in missing}
        return Values(customer_id, loan_id, phone or "", there, frozenset(missing))


def _reader(
    columns: Sequence[object], table: Table, names: tuple[str, ...], make: Callable[..., str]
) -> Callable[[Sequence[Any]], str]:
    """``make`` of the named columns of a row."""
    place_of = {id(column): place for place, column in enumerate(columns)}
    places = [place_of.get(id(table.c[name]), _ABSENT) for name in names]
    if len(places) == 1:
        place = places[0]
        return lambda row: make(row[place])
    several = itemgetter(*places)
    return lambda row: make(*several(row))


_ABSENT = sys.maxsize  # no row reaches as far
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
