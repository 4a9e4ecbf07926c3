"""Which customers: a filter that can be stored, read aloud, and turned into one statement."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, String, and_, null, select, true, type_coerce
from sqlalchemy.orm import Session

from console.core.clock import SystemClock
from console.core.customers import search
from console.core.customers.loanstates import LOAN_STATE_TITLES
from console.core.i18n import T, Text
from console.core.segments import compile as segments
from console.core.segments.conditions import Group, load
from console.core.segments.days import Today
from console.core.segments.sentence import sentence
from console.core.segments.store import today_of
from db.models import Customer, ImportedCustomer, Loan, LoanState

__all__ = [
    "FACETS",
    "LOAN_STATE_TITLES",
    "CustomerFilter",
    "audience_select",
    "conditions",
    "local_today",
    "matching",
    "today_for",
]

FACETS = ("region", "branch", "rating", "segment")
_OF_LOANS = ("product", "loan_state", "due_from", "due_to", "overdue_min", "overdue_max")
_TITLES: Mapping[str, Text] = {
    "text": T("Search"),
    "region": T("Region"),
    "branch": T("Branch"),
    "rating": T("Rating"),
    "segment": T("Segment"),
    "product": T("Product"),
}

_LONG_NUMBER = re.compile(r"\d{7,}[\dXx]", re.ASCII)  # a phone or an identity number


@dataclass(frozen=True, kw_only=True)
class CustomerFilter:
    """All conditions hold together; an empty field is no condition. Loan conditions hold for one and the same loan."""

    text: str = ""  # name, pinyin, initials, phone or its tail, customer or loan number
    region: str = ""
    branch: str = ""
    rating: str = ""
    segment: str = ""
    product: str = ""
    loan_state: str = ""
    due_from: date | None = None
    due_to: date | None = None
    overdue_min: int | None = None  # whole days since the due date
    overdue_max: int | None = None
    import_id: int | None = None
    asked: str = ""  # conditions of a segment, as JSON

    def dump(self) -> dict[str, object]:
        """As JSON, without what is empty."""
        record = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in record.items()
            if value not in ("", None)
        }

    def told(self) -> dict[str, object]:
        """``dump`` for a record that others read: a full number that was searched for shows its end only."""
        record = self.dump()
        return {**record, "text": _masked(self.text)} if self.text else record

    @staticmethod
    def load(record: Mapping[str, Any]) -> CustomerFilter:
        """What ``dump`` wrote. Raises ValueError for a field that this version does not know: never a wider filter."""
        unknown = set(record) - {each.name for each in fields(CustomerFilter)}
        if unknown:
            raise ValueError(f"unknown filter fields {sorted(unknown)}")
        days = {name: date.fromisoformat(record[name]) for name in ("due_from", "due_to") if record.get(name)}
        return CustomerFilter(**{**record, **days})

    @property
    def about_loans(self) -> bool:
        return bool(
            self.product
            or self.loan_state
            or self.due_from
            or self.due_to
            or self.overdue_min is not None
            or self.overdue_max is not None
        )

    def describe(self) -> str:
        """The conditions as one line in the current language; empty for no condition."""
        named: list[tuple[Text, object]] = [(title, getattr(self, name)) for name, title in _TITLES.items()]
        named[0] = (_TITLES["text"], _masked(self.text))
        if self.loan_state:
            named.append((T("Loan"), LOAN_STATE_TITLES[self.loan_state]))
        if self.due_from or self.due_to:
            named.append((T("Due"), _span(self.due_from, self.due_to)))
        if self.overdue_min is not None or self.overdue_max is not None:
            named.append((T("Days overdue"), _span(self.overdue_min, self.overdue_max)))
        if self.import_id is not None:
            named.append((T("Import"), self.import_id))
        if self.asked:
            named.append((T("Conditions"), sentence(_asked(self))))
        return " · ".join(str(T("{name}: {value}", name=str(name), value=str(v))) for name, v in named if v)


def _masked(text: str) -> str:
    return _LONG_NUMBER.sub(lambda number: f"****{number[0][-4:]}", text)


def _asked(filter: CustomerFilter) -> Group:  # noqa: A002
    """Raises BadConditions, UnknownField."""
    return load(json.loads(filter.asked))


def _span(low: date | int | None, high: date | int | None) -> str:
    if high is None:
        return f"≥ {low}"
    return f"≤ {high}" if low is None else f"{low} – {high}"


def local_today() -> date:
    return SystemClock().now().astimezone().date()


def today_for(session: Session, filter: CustomerFilter, day: date | None) -> Today:  # noqa: A002
    """What "today" means on the local ``day``: conditions count working days by the rules in force."""
    day = day or local_today()
    return today_of(session, day) if filter.asked else Today.of(day)


def audience_select(
    session: Session,
    filter: CustomerFilter,  # noqa: A002 - the field's word
    *,
    per_loan: bool,
    today: date | None = None,
) -> Select[tuple[int, int | None]]:
    """(customer id, loan id) in the order of ids; ``per_loan``: a row a matching loan, else the loan is NULL.

    ``today`` is the local date that days overdue count from.
    """
    on = today_for(session, filter, today)
    if per_loan:
        loans = _loan_conditions(filter, on)
        pairs = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
        pairs = pairs.where(_customer_conditions(filter, on), loans).order_by(Customer.id, Loan.id)
    else:
        pairs = select(Customer.id, null().label("loan_id"))
        pairs = pairs.where(matching(filter, on)).order_by(Customer.id)
    return cast("Select[tuple[int, int | None]]", pairs)


def matching(filter: CustomerFilter, today: Today) -> ColumnElement[bool]:  # noqa: A002
    """The whole filter as one condition on Customer."""
    condition = _customer_conditions(filter, today)
    if not filter.about_loans:
        return condition
    loans = select(Loan.customer_id).where(_loan_conditions(filter, today)).correlate(None)
    return and_(condition, Customer.id.in_(loans))


def conditions(filter: CustomerFilter, today: Today) -> list[search.Condition]:  # noqa: A002
    """What ``matching`` says but for the text, each condition by itself."""
    found = []
    for name in FACETS:
        if wanted := getattr(filter, name):
            column = getattr(Customer, name)
            members = select(Customer.id).where(column == wanted, search.shown()).correlate(None)
            found.append(
                search.Condition(
                    (members,), search.unindexed(column) == wanted, name, wanted, in_use=True, in_order=True
                )
            )
    if filter.import_id is not None:
        of_file = ImportedCustomer.import_id == filter.import_id
        rows = select(ImportedCustomer.customer_id).where(of_file)
        own = rows.where(ImportedCustomer.customer_id == Customer.id).correlate(Customer)
        found.append(search.Condition((rows.correlate(None),), own.exists(), in_order=True))
    if filter.about_loans:
        loans = select(Loan.customer_id).where(_loan_conditions(filter, today))
        own = loans.where(Loan.customer_id == Customer.id).correlate(Customer)
        stated = [name for name in _OF_LOANS if getattr(filter, name) not in ("", None)]
        in_order = stated in (["product"], ["loan_state"])
        found.append(search.Condition((loans.correlate(None),), own.exists(), in_order=in_order))
    if filter.asked:
        root = _asked(filter)
        found.append(search.Condition((segments.members(root, today),), segments.matching(root, today), in_use=True))
    return found


def _customer_conditions(filter: CustomerFilter, today: Today) -> ColumnElement[bool]:  # noqa: A002
    conditions: list[ColumnElement[bool]] = [search.shown()]
    for name in FACETS:
        if wanted := getattr(filter, name):
            conditions.append(getattr(Customer, name) == wanted)
    if filter.import_id is not None:
        conditions.append(
            Customer.id.in_(select(ImportedCustomer.customer_id).where(ImportedCustomer.import_id == filter.import_id))
        )
    if filter.asked:
        conditions.append(Customer.id.in_(segments.members(_asked(filter), today)))
    if filter.text.strip():
        conditions.append(search.found(filter.text))
    return and_(*conditions)


def _loan_conditions(filter: CustomerFilter, today: Today) -> ColumnElement[bool]:  # noqa: A002
    conditions: list[ColumnElement[bool]] = [true()]
    if filter.product:
        conditions.append(Loan.product == filter.product)
    if filter.loan_state:
        by_date = filter.due_from or filter.due_to or filter.overdue_min or filter.overdue_max
        state = _state_beside_the_date() if by_date else Loan.state
        conditions.append(state == LoanState(filter.loan_state))
    if filter.due_from:
        conditions.append(Loan.due_on >= filter.due_from)
    if filter.due_to:
        conditions.append(Loan.due_on <= filter.due_to)
    if filter.overdue_min is not None or filter.overdue_max is not None:
        conditions.extend(_overdue(filter, today.day))
    return and_(*conditions)


def _overdue(filter: CustomerFilter, today: date) -> list[ColumnElement[bool]]:  # noqa: A002
    days = max(1, filter.overdue_min or 0)
    unpaid = _state_beside_the_date().in_([LoanState.ACTIVE, LoanState.OVERDUE])
    conditions = [unpaid, Loan.due_on <= today - timedelta(days=days)]
    if filter.overdue_max is not None:
        conditions.append(Loan.due_on >= today - timedelta(days=filter.overdue_max))
    return conditions


def _state_beside_the_date() -> ColumnElement[str]:
    """Nearly all loans are in one state: SQLite would begin with that."""
    return type_coerce(Loan.state, String()).concat("")
