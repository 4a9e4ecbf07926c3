"""Which customers: a filter that can be stored, read aloud, and turned into one statement."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, exists, null, or_, select, true

from console.core.clock import SystemClock
from console.core.customers.prefix import starts_with
from console.core.i18n import T, Text
from db.models import Customer, ImportedCustomer, Loan, LoanState

LOAN_STATE_TITLES: Mapping[str, Text] = {
    LoanState.ACTIVE: T("Repaying"),
    LoanState.OVERDUE: T("Overdue"),
    LoanState.SETTLED: T("Settled"),
    LoanState.APPLYING: T("Applying"),
}
_TITLES: Mapping[str, Text] = {
    "text": T("Search"),
    "region": T("Region"),
    "branch": T("Branch"),
    "rating": T("Rating"),
    "segment": T("Segment"),
    "product": T("Product"),
}


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

    def dump(self) -> dict[str, object]:
        """As JSON, without what is empty."""
        record = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in record.items()
            if value not in ("", None)
        }

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
        if self.loan_state:
            named.append((T("Loan"), LOAN_STATE_TITLES[self.loan_state]))
        if self.due_from or self.due_to:
            named.append((T("Due"), _span(self.due_from, self.due_to)))
        if self.overdue_min is not None or self.overdue_max is not None:
            named.append((T("Days overdue"), _span(self.overdue_min, self.overdue_max)))
        if self.import_id is not None:
            named.append((T("Import"), self.import_id))
        return " · ".join(str(T("{name}: {value}", name=str(name), value=str(v))) for name, v in named if v)


def _span(low: date | int | None, high: date | int | None) -> str:
    if high is None:
        return f"≥ {low}"
    return f"≤ {high}" if low is None else f"{low} – {high}"


def local_today() -> date:
    return SystemClock().now().astimezone().date()


def audience_select(
    filter: CustomerFilter,  # noqa: A002 - the field's word
    *,
    per_loan: bool,
    today: date | None = None,
) -> Select[tuple[int, int | None]]:
    """(customer id, loan id) in the order of ids; ``per_loan``: a row a matching loan, else the loan is NULL.

    ``today`` is the local date that days overdue count from.
    """
    if per_loan:
        loans = _loan_conditions(filter, today)
        pairs = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
        pairs = pairs.where(_customer_conditions(filter), loans).order_by(Customer.id, Loan.id)
    else:
        pairs = select(Customer.id, null().label("loan_id"))
        pairs = pairs.where(matching(filter, today=today)).order_by(Customer.id)
    return cast("Select[tuple[int, int | None]]", pairs)


def matching(filter: CustomerFilter, *, today: date | None = None) -> ColumnElement[bool]:  # noqa: A002
    """The whole filter as one condition on Customer."""
    condition = _customer_conditions(filter)
    if not filter.about_loans:
        return condition
    return and_(condition, exists().where(Loan.customer_id == Customer.id, _loan_conditions(filter, today)))


def _customer_conditions(filter: CustomerFilter) -> ColumnElement[bool]:  # noqa: A002
    conditions: list[ColumnElement[bool]] = [Customer.active.is_(True)]
    for name in ("region", "branch", "rating", "segment"):
        if wanted := getattr(filter, name):
            conditions.append(getattr(Customer, name) == wanted)
    if filter.import_id is not None:
        conditions.append(
            Customer.id.in_(select(ImportedCustomer.customer_id).where(ImportedCustomer.import_id == filter.import_id))
        )
    if filter.text.strip():
        conditions.append(_found(filter.text))
    return and_(*conditions)


def _loan_conditions(filter: CustomerFilter, today: date | None) -> ColumnElement[bool]:  # noqa: A002
    conditions: list[ColumnElement[bool]] = [true()]
    if filter.product:
        conditions.append(Loan.product == filter.product)
    if filter.loan_state:
        conditions.append(Loan.state == LoanState(filter.loan_state))
    if filter.due_from:
        conditions.append(Loan.due_on >= filter.due_from)
    if filter.due_to:
        conditions.append(Loan.due_on <= filter.due_to)
    if filter.overdue_min is not None or filter.overdue_max is not None:
        conditions.extend(_overdue(filter, today or local_today()))
    return and_(*conditions)


def _overdue(filter: CustomerFilter, today: date) -> list[ColumnElement[bool]]:  # noqa: A002
    days = max(1, filter.overdue_min or 0)
    conditions = [Loan.state.in_([LoanState.ACTIVE, LoanState.OVERDUE]), Loan.due_on <= today - timedelta(days=days)]
    if filter.overdue_max is not None:
        conditions.append(Loan.due_on >= today - timedelta(days=filter.overdue_max))
    return conditions


def _found(text: str) -> ColumnElement[bool]:
    words = unicodedata.normalize("NFKC", text).split()
    joined = "".join(words)
    digits = re.sub(r"[\s\-]|^(?:\+|00)86", "", joined)
    if len(words) > 1 and digits.isdecimal() and digits.isascii():  # 138 0013 8000
        return _in_any(_places(digits))
    each = and_(*(_in_any(_places(word)) for word in words))
    if len(words) > 1 and joined.isascii():  # li ming
        return or_(each, starts_with(Customer.pinyin, joined.casefold()))
    return each


def _in_any(places: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    return or_(*places)


def _places(word: str) -> list[ColumnElement[bool]]:
    """Where a typed word may stand; each place is answered by an index, but for Chinese names."""
    if not word.isascii():
        return [Customer.name.contains(word, autoescape=True)]
    numbers = {word, word.upper()}
    loans = select(Loan.customer_id).where(or_(*(starts_with(Loan.number, number) for number in numbers)))
    places: list[ColumnElement[bool]] = [starts_with(Customer.number, number) for number in numbers]
    places.append(Customer.id.in_(loans))
    digits = re.sub(r"-|^(?:\+|00)86", "", word)
    if digits.isdecimal():
        places.extend(_phone_places(digits))
    else:
        places.append(starts_with(Customer.pinyin, word.casefold()))
        places.append(starts_with(Customer.initials, word.casefold()))
    return places


def _phone_places(digits: str) -> list[ColumnElement[bool]]:
    if len(digits) >= 11:
        return [Customer.phone == digits[-11:]]
    places: list[ColumnElement[bool]] = [starts_with(Customer.phone, digits)]
    if len(digits) == 4:
        places.append(Customer.phone_tail == digits)
    elif len(digits) > 4:
        places.append(and_(Customer.phone_tail == digits[-4:], Customer.phone.endswith(digits)))
    return places
