"""Gathers the facts of many recipients at once: a few queries a chunk, none a row, the same on both engines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from console.core.compliance.history import Counting, Recipient
from console.core.compliance.policy import Need, Policy
from console.core.compliance.purpose import SCOPE_ALL
from console.core.compliance.rules import Facts
from console.core.messages.classes import MessageClass
from db.keys import keys
from db.models import Consent, Customer, Loan, LoanState, Suppression

__all__ = ["Recipient", "Standing", "facts_of", "gather"]

CHUNK = 1_000  # recipients a query


class Standing(NamedTuple):
    """What the rows of a customer and of a loan say, as the caller has read them."""

    phone: str  # the customer's
    customer_id: int
    active: bool
    loan_id: int | None = None
    loan_state: LoanState | None = None
    amount_due: Decimal | None = None  # yuan
    due_on: date | None = None


class _Owner(NamedTuple):
    phone: str
    active: bool


class _LoanFacts(NamedTuple):
    customer_id: int
    state: LoanState
    amount_due: Decimal | None
    due_on: date | None


def gather(
    session: Session,
    recipients: Sequence[Recipient],
    class_: MessageClass,
    policy: Policy,
    now: datetime,
    exclude_batch: int | None = None,
) -> list[Facts]:
    """One ``Facts`` a recipient, in order. Messages of ``exclude_batch`` do not count for the caps."""
    counting = Counting(class_, policy, now, exclude_batch=exclude_batch)
    found: list[Facts] = []
    for start in range(0, len(recipients), CHUNK):
        found += _chunk(session, recipients[start : start + CHUNK], class_, policy, now, counting)
    return found


def facts_of(
    session: Session, standings: Sequence[Standing], class_: MessageClass, policy: Policy, now: datetime
) -> list[Facts]:
    """``gather`` for customers and loans that were read in the same snapshot: only what else is known is asked."""
    suppressed = _suppressed(session, {each.phone for each in standings}, class_, now)
    consents = _consents(session, {each.customer_id for each in standings}, class_, policy)
    sent = Counting(class_, policy, now).count(session, standings)
    return [
        Facts(
            phone=phone,
            customer_id=customer_id,
            own_phone=phone,
            active=active,
            suppressed=suppressed.get(phone, _NONE),
            consent=consents.get(customer_id),
            loan_id=loan_id,
            loan_state=loan_state,
            amount_due=amount_due,
            due_on=due_on,
            sent=counts,
        )
        for (phone, customer_id, active, loan_id, loan_state, amount_due, due_on), counts in zip(
            standings, sent, strict=True
        )
    ]


def _chunk(
    session: Session,
    recipients: Sequence[Recipient],
    class_: MessageClass,
    policy: Policy,
    now: datetime,
    counting: Counting,
) -> list[Facts]:
    phones = {r.phone for r in recipients}
    customers = {r.customer_id for r in recipients if r.customer_id is not None}
    owners = _owners(session, customers)
    suppressed = _suppressed(session, phones, class_, now)
    consents = _consents(session, customers, class_, policy)
    loans = _loans(session, {r.loan_id for r in recipients if r.loan_id is not None}) if class_.per_loan else {}
    sent = counting.count(session, recipients)
    return [_facts(r, owners, suppressed, consents, loans, counts) for r, counts in zip(recipients, sent, strict=True)]


def _facts(
    recipient: Recipient,
    owners: Mapping[int, _Owner],
    suppressed: Mapping[str, frozenset[str]],
    consents: Mapping[int, bool],
    loans: Mapping[int, _LoanFacts],
    sent: tuple[int, ...],
) -> Facts:
    customer = recipient.customer_id
    owner = owners.get(customer) if customer is not None else None
    loan = loans.get(recipient.loan_id) if recipient.loan_id is not None else None
    if loan is not None and loan.customer_id != customer:
        loan = None
    return Facts(
        phone=recipient.phone,
        customer_id=customer,
        own_phone=owner.phone if owner else None,
        active=owner.active if owner else True,
        suppressed=suppressed.get(recipient.phone, _NONE),
        consent=consents.get(customer) if customer is not None else None,
        loan_id=recipient.loan_id,
        loan_state=loan.state if loan else None,
        amount_due=loan.amount_due if loan else None,
        due_on=loan.due_on if loan else None,
        sent=sent,
    )


_NONE: frozenset[str] = frozenset()


def _owners(session: Session, ids: Collection[int]) -> dict[int, _Owner]:
    if not ids:
        return {}
    wanted = keys(session, ids)
    query = select(Customer.id, Customer.phone, Customer.active).join(wanted, wanted.c.value == Customer.id)
    return {customer: _Owner(phone, active) for customer, phone, active in session.execute(query)}


def _suppressed(
    session: Session, phones: Collection[str], class_: MessageClass, now: datetime
) -> dict[str, frozenset[str]]:
    wanted = keys(session, phones)
    query = (
        select(Suppression.phone, Suppression.scope)
        .join(wanted, wanted.c.value == Suppression.phone)
        .where(
            Suppression.scope.in_((SCOPE_ALL, class_.purpose.value)),
            or_(Suppression.until.is_(None), Suppression.until > now),
        )
    )
    scopes: dict[str, frozenset[str]] = {}
    for phone, scope in session.execute(query):
        scopes[phone] = scopes.get(phone, _NONE) | {scope}
    return scopes


def _consents(session: Session, ids: Collection[int], class_: MessageClass, policy: Policy) -> dict[int, bool]:
    """The newest word of each customer on the purpose; of two at one moment the one written later."""
    if not ids or policy.needs[class_.purpose] is Need.NOT_NEEDED:
        return {}
    wanted = keys(session, ids)
    query = (
        select(Consent.customer_id, Consent.granted)
        .join(wanted, wanted.c.value == Consent.customer_id)
        .where(Consent.purpose == class_.purpose.value)
        .order_by(Consent.at, Consent.id)
    )
    return {customer: granted for customer, granted in session.execute(query)}  # noqa: C416 - a Row is no tuple


def _loans(session: Session, ids: Collection[int]) -> dict[int, _LoanFacts]:
    if not ids:
        return {}
    wanted = keys(session, ids)
    query = select(Loan.id, Loan.customer_id, Loan.state, Loan.amount_due, Loan.due_on).join(
        wanted, wanted.c.value == Loan.id
    )
    return {row[0]: _LoanFacts(row[1], row[2], row[3], row[4]) for row in session.execute(query)}
