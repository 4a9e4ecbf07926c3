"""A file against the one before it from the same source: who is new, what changed, who is gone, who has paid since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.effects import Effect
from console.core.customers.preparing import Prepared
from console.core.customers.previous import standing
from console.core.customers.sources import LONGEST, source_of
from console.core.format import masked_phone
from db.models import Customer, ImportBatch, ImportedCustomer, ImportedLoan, Loan
from db.paging import chunked


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Positions are those of ``Checked.valid``; a row counts by its loan, or by its customer where it has none."""

    source: str
    previous_id: int | None = None  # None: there is nothing to compare with
    completes: bool = False  # corrected rows of the file of ``previous_at``
    previous_at: datetime | None = None
    new: Sequence[int] = ()
    changed: Sequence[int] = ()
    same: int = 0
    paid: Sequence[int] = ()  # owed before, and the file says that nothing is owed any more
    fields: dict[str, int] = field(default_factory=dict)  # rows by column that changes
    gone_loans: Sequence[int] = ()  # ids
    gone_customers: Sequence[int] = ()

    @property
    def gone(self) -> int:
        return len(self.gone_loans) + len(self.gone_customers)

    def dump(self) -> dict[str, Any]:
        if self.previous_id is None:
            return {}
        return {
            "new": len(self.new),
            "changed": len(self.changed),
            "same": self.same,
            "paid": len(self.paid),
            "fields": self.fields,
            "gone_loans": len(self.gone_loans),
            "gone_customers": len(self.gone_customers),
        }


@dataclass(frozen=True, kw_only=True)
class Gone:
    """One who stood in the file before and does not stand in this one."""

    customer_id: int
    name: str
    phone: str  # masked
    number: str  # of the loan, else of the customer
    product: str
    amount_due: Decimal | None  # yuan
    due_on: date | None


def difference_of(ctx: Context, prepared: Prepared, source: str | None = None) -> Difference:
    """``source`` None: what the file's name suggests."""
    with ctx.database.read() as session:
        return difference_in(session, prepared, source)


def difference_in(session: Session, prepared: Prepared, source: str | None) -> Difference:
    said = source_of(prepared.checked.sheet.file_name) if source is None else source.strip()[:LONGEST]
    if not said:
        return Difference(source="")
    before = standing(session, said, prepared.import_id)
    if not before:
        return Difference(source=said)
    previous, ids = before[-1], [batch.id for batch in before]
    if prepared.checked.sheet.corrected:  # a part of that file: whoever is not in it is not gone
        return Difference(source=said, previous_at=previous.decided_at or previous.created_at, completes=True)
    loans = set(session.scalars(select(ImportedLoan.loan_id).where(ImportedLoan.import_id.in_(ids))))
    people = select(ImportedCustomer.customer_id).where(ImportedCustomer.import_id.in_(ids))
    customers = set(session.scalars(people))
    return _against(prepared, said, previous, loans, customers)


def _against(
    prepared: Prepared, source: str, previous: ImportBatch, loans: set[int], customers: set[int]
) -> Difference:
    numbers = prepared.checked.columns.get("loan_number")
    new, changed, paid = [], [], []
    same, by_field = 0, Counter[int]()
    here_loans: set[int | None] = set()
    here_customers: set[int | None] = set()
    for position in range(len(prepared.checked.valid)):
        known = prepared.known.get(position)
        if known is None:
            if position not in prepared.refused:
                new.append(position)
            continue
        here_loans.add(known.loan_id)
        here_customers.add(known.customer_id)
        stood = known.loan_id in loans if numbers and numbers[position] else known.customer_id in customers
        if not stood or known.effect is Effect.NEW:
            new.append(position)
            continue
        if known.paid:
            paid.append(position)
        if known.changes:
            changed.append(position)
            by_field[known.changes] += 1
        else:
            same += 1
    fields: Counter[str] = Counter()
    for bits, rows in by_field.items():
        for bit, name in enumerate(prepared.names):
            if bits >> bit & 1:
                fields[name] += rows
    return Difference(
        source=source,
        previous_id=previous.id,
        previous_at=previous.decided_at or previous.created_at,
        new=new,
        changed=changed,
        same=same,
        paid=paid,
        fields=dict(fields.most_common()),
        gone_loans=sorted(loans - here_loans) if numbers else (),
        gone_customers=sorted(customers - here_customers) if not numbers else (),
    )


def gone_rows(session: Session, difference: Difference, limit: int = 5_000) -> list[Gone]:
    """The list behind the number."""
    found: list[Gone] = []
    for ids in chunked(difference.gone_loans[:limit], 500):
        query = select(Loan, Customer).join(Customer, Customer.id == Loan.customer_id).where(Loan.id.in_(ids))
        for loan, customer in session.execute(query.order_by(Loan.id)):
            found.append(_gone(customer, loan))
    for ids in chunked(difference.gone_customers[:limit], 500):
        people = select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)
        found.extend(_gone(customer, None) for customer in session.scalars(people))
    return found


def _gone(customer: Customer, loan: Loan | None) -> Gone:
    return Gone(
        customer_id=customer.id,
        name=customer.name,
        phone=masked_phone(customer.phone),
        number=loan.number if loan else customer.number,
        product=loan.product if loan else "",
        amount_due=loan.amount_due if loan else None,
        due_on=loan.due_on if loan else None,
    )
