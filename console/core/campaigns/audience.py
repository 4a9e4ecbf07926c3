"""Whom a campaign is meant for, before any rule has looked at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import BigInteger, Select, literal_column, null, select
from sqlalchemy.orm import Session

from console.core.customers.browse import CustomerFilter, audience_select
from console.core.i18n import T, Text
from db.models import Customer, ImportBatch, Loan


class AudienceKind(StrEnum):
    ALL = "all"
    FILTER = "filter"
    IMPORT = "import"  # the customers of one imported file
    CUSTOMERS = "customers"  # picked one by one


@dataclass(frozen=True, kw_only=True)
class Audience:
    kind: AudienceKind = AudienceKind.ALL
    filter: CustomerFilter = field(default_factory=CustomerFilter)  # of FILTER and IMPORT
    customer_ids: tuple[int, ...] = ()  # of CUSTOMERS, ascending

    @staticmethod
    def of_import(import_id: int) -> Audience:
        return Audience(kind=AudienceKind.IMPORT, filter=CustomerFilter(import_id=import_id))

    @staticmethod
    def of_customers(customer_ids: list[int]) -> Audience:
        return Audience(kind=AudienceKind.CUSTOMERS, customer_ids=tuple(sorted(set(customer_ids))))

    def dump(self) -> dict[str, object]:
        """As JSON, only what the kind uses: two audiences that mean the same are stored the same."""
        record: dict[str, object] = {"kind": self.kind.value}
        if self.kind in (AudienceKind.FILTER, AudienceKind.IMPORT):
            record["filter"] = self.filter.dump()
        if self.kind is AudienceKind.CUSTOMERS:
            record["customers"] = list(self.customer_ids)
        return record

    @staticmethod
    def load(record: Mapping[str, Any]) -> Audience:
        """What ``dump`` wrote; an empty record is everybody."""
        return Audience(
            kind=AudienceKind(record.get("kind", AudienceKind.ALL)),
            filter=CustomerFilter.load(record.get("filter", {})),
            customer_ids=tuple(record.get("customers", ())),
        )


def pairs_of(audience: Audience, *, per_loan: bool, today: date | None = None) -> Select[int, int | None]:
    """(customer id, loan id) in the order of customers; ``per_loan``: one row a matching loan, else the loan is NULL.

    ``today``: the local date that the days overdue of a filter count from.
    """
    match audience.kind:
        case AudienceKind.ALL:
            pairs = audience_select(CustomerFilter(), per_loan=per_loan, today=today)
        case AudienceKind.FILTER | AudienceKind.IMPORT:
            pairs = audience_select(audience.filter, per_loan=per_loan, today=today)
        case AudienceKind.CUSTOMERS:
            return _picked(audience.customer_ids, per_loan=per_loan)
    return cast("Select[int, int | None]", pairs)


def describe(session: Session, audience: Audience) -> Text:
    """The audience in words, for a line on the screen and for the audit trail."""
    match audience.kind:
        case AudienceKind.ALL:
            return T("All customers")
        case AudienceKind.FILTER:
            return T("Customers with {filter}", filter=audience.filter.describe())
        case AudienceKind.IMPORT:
            stored = session.get(ImportBatch, audience.filter.import_id or 0)
            return T("Customers of the file {file}", file=stored.file_name if stored else "?")
        case AudienceKind.CUSTOMERS:
            return T("{count} picked customers", count=len(audience.customer_ids))


def _picked(ids: tuple[int, ...], *, per_loan: bool) -> Select[int, int | None]:
    # written into the statement: both engines limit the number of bound values, and these are our own integers
    chosen = Customer.id.in_(literal_column(str(int(each)), BigInteger()) for each in (ids or (0,)))
    if not per_loan:
        everybody = select(Customer.id, null().label("loan_id")).where(chosen).order_by(Customer.id)
        return cast("Select[int, int | None]", everybody)
    loans = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
    return cast("Select[int, int | None]", loans.where(chosen).order_by(Customer.id, Loan.id))
