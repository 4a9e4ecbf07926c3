"""Verbs of the customer page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from console.core.compliance.purpose import Purpose
from console.core.context import Context
from console.core.customers import circumstances, consents, contacts, editing, loans, suppressions, timeline, why
from console.core.customers.circumstances import CircumstanceKind
from console.core.customers.contacts import ContactKind
from console.core.customers.detail import CustomerDetail, customer_detail, reveal_account, reveal_id, reveal_phone
from console.core.customers.fields import Field, fields
from console.core.customers.suppressions import Entry as Listing
from console.core.customers.timeline import Cursor, Entry, Kind
from console.core.events import Change, Topic
from console.core.security.permissions import Permission

CHANGED = Change.of(Topic.CUSTOMERS, Topic.AUDIT)


def detail(customer_id: int) -> Callable[[Context], CustomerDetail]:
    return lambda ctx: customer_detail(ctx, customer_id)


def own_fields(ctx: Context) -> list[Field]:
    ctx.require(Permission.CUSTOMERS_VIEW)
    with ctx.database.read() as session:
        return fields(session)


def show_phone(customer_id: int, phone_id: int | None) -> Callable[[str], Callable[[Context], str]]:
    return lambda reason: lambda ctx: reveal_phone(ctx, customer_id, reason, phone_id)


def show_identity(customer_id: int) -> Callable[[str], Callable[[Context], str]]:
    return lambda reason: lambda ctx: reveal_id(ctx, customer_id, reason)


def show_account(loan_id: int) -> Callable[[str], Callable[[Context], str]]:
    return lambda reason: lambda ctx: reveal_account(ctx, loan_id, reason)


def create(entered: Mapping[str, object]) -> Callable[[Context], int]:
    return lambda ctx: editing.create_customer(ctx, entered)


def edit(customer_id: int, entered: Mapping[str, object], seen: datetime) -> Callable[[Context], list[str]]:
    return lambda ctx: editing.edit_customer(ctx, customer_id, entered, seen)


def add_phone(customer_id: int, phone: str, label: str) -> Callable[[Context], int]:
    return lambda ctx: editing.add_phone(ctx, customer_id, phone, label)


def make_main(customer_id: int, phone_id: int) -> Callable[[Context], None]:
    return lambda ctx: editing.make_main(ctx, customer_id, phone_id)


def remove_phone(customer_id: int, phone_id: int) -> Callable[[Context], None]:
    return lambda ctx: editing.remove_phone(ctx, customer_id, phone_id)


def create_loan(customer_id: int, entered: Mapping[str, object]) -> Callable[[Context], int]:
    return lambda ctx: loans.create_loan(ctx, customer_id, entered)


def edit_loan(loan_id: int, entered: Mapping[str, object], seen: datetime) -> Callable[[Context], list[str]]:
    return lambda ctx: loans.edit_loan(ctx, loan_id, entered, seen)


def compute(loan_id: int) -> Callable[[Context], int]:
    return lambda ctx: loans.compute(ctx, loan_id)


def mark_paid(instalment_id: int, amount: Decimal | None) -> Callable[[Context], Decimal]:
    return lambda ctx: loans.mark_paid(ctx, instalment_id, amount)


def take_back(instalment_id: int) -> Callable[[Context], None]:
    return lambda ctx: loans.take_back(ctx, instalment_id)


def record_consent(
    customer_id: int, purpose: Purpose, *, granted: bool, source: consents.Source, evidence: str, lift: bool
) -> Callable[[Context], None]:
    return lambda ctx: consents.record(
        ctx, customer_id, purpose, granted=granted, source=source, evidence=evidence, lift=lift
    )


def suppress(customer_id: int, entry: Listing) -> Callable[[Context], int]:
    return lambda ctx: suppressions.add_customer(ctx, customer_id, entry)


def end_suppression(suppression_id: int, reason: str) -> Callable[[Context], None]:
    return lambda ctx: suppressions.end(ctx, suppression_id, reason)


def set_circumstance(
    customer_id: int, kind: CircumstanceKind, note: str, until: datetime | None, loan_id: int | None
) -> Callable[[Context], int]:
    return lambda ctx: circumstances.set_circumstance(ctx, customer_id, kind, note=note, until=until, loan_id=loan_id)


def end_circumstance(circumstance_id: int, note: str) -> Callable[[Context], None]:
    return lambda ctx: circumstances.end_circumstance(ctx, circumstance_id, note)


def add_contact(
    customer_id: int, kind: ContactKind, body: str, connected: bool | None, at: datetime | None, loan_id: int | None
) -> Callable[[Context], int]:
    return lambda ctx: contacts.add_contact(ctx, customer_id, kind, body, connected=connected, at=at, loan_id=loan_id)


def history(customer_id: int, before: Cursor | None, kinds: frozenset[Kind]) -> Callable[[Context], list[Entry]]:
    return lambda ctx: timeline.page(ctx, customer_id, before, kinds=kinds)


def chain(kind: Kind, entry_id: int) -> Callable[[Context], list[why.Step]]:
    return lambda ctx: why.chain(ctx, kind, entry_id)
