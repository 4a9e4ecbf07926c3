"""What the palette looks up: a few customers by name, pinyin, initials, number or end of the telephone number."""

from __future__ import annotations

from dataclasses import dataclass

from console.core.context import Context
from console.core.customers.browse import customer_head, customer_rows
from console.core.customers.filters import CustomerFilter
from console.core.listing import Sort
from console.core.security.permissions import Permission

MOST = 8


@dataclass(frozen=True, kw_only=True)
class FoundCustomer:
    id: int
    name: str
    number: str
    phone: str  # masked


def find_customers(ctx: Context, text: str) -> list[FoundCustomer]:
    """At most eight; none for a person who may not see customers."""
    if not text.strip() or not ctx.allowed(Permission.CUSTOMERS_VIEW):
        return []
    with ctx.database.read() as session:
        ids = customer_head(session, CustomerFilter(text=text), Sort("name"), limit=MOST)
        rows = customer_rows(session, ids)
    return [FoundCustomer(id=row.id, name=row.name, number=row.number, phone=row.phone) for row in rows]
