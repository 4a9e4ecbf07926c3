"""Gathers the facts of many recipients at once: a few queries a chunk, none a row, the same on both engines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from console.core.compliance.history import Counting, Recipient
from console.core.compliance.model import Need, Policy
from console.core.compliance.rules import BRANCH, Bars, Facts, Ground, scopes_of
from console.core.messages.classes import MessageClass
from console.core.protection.digests import any_erased_refusal, erased_refusals
from db.keys import keys
from db.models import Circumstance, CircumstanceKind, Consent, Customer, Loan, LoanState, Suppression

__all__ = ["OF_CUSTOMER", "OF_LOAN", "Pass", "Recipient", "gather"]

CHUNK = 1_000  # recipients a query
FEW = 20_000  # rows of a table up to which a pass over many recipients reads it once and as a whole

Grounds = tuple[Ground, ...]


OF_CUSTOMER = (Customer.phone, Customer.active, Customer.hours_from, Customer.hours_to, Customer.channel)
OF_LOAN = (Loan.state, Loan.amount_due, Loan.due_on)


class _Owner(NamedTuple):
    phone: str
    active: bool
    hours_from: int | None
    hours_to: int | None
    channel: str


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
    counting: Counting | None = None,
) -> list[Facts]:
    """One ``Facts`` a recipient, in order. ``counting`` says what counts for the caps; None: what may have left."""
    counting = counting or Counting(class_, policy, now)
    asking = _Asking(class_, policy, now)
    found: list[Facts] = []
    for start in range(0, len(recipients), CHUNK):
        found += _chunk(session, recipients[start : start + CHUNK], class_, asking, counting)
    return found


class Pass:
    """``gather`` for many customers and loans that are read in one snapshot: only what else is known is asked.

    What cannot be there for anybody, or is little for everybody, is found out once.
    """

    def __init__(self, session: Session, class_: MessageClass, policy: Policy, now: datetime) -> None:
        self._session = session
        self._per_loan = class_.per_loan
        self._asking = _Asking(class_, policy, now)
        self._counting = Counting(class_, policy, now)
        self._counting.look_ahead(session)
        self._bars = self._asking.all_bars(session)
        self._grounds = self._asking.all_grounds(session)

    def facts(self, rows: Sequence[Sequence[Any]]) -> list[Facts]:
        """One ``Facts`` a row, in order. A row begins with the ids of customer and loan, then come ``OF_CUSTOMER``
        and, where the class is about one loan, ``OF_LOAN``; what follows is not looked at."""
        session, asking = self._session, self._asking
        bars, grounds = self._bars, self._grounds
        if bars is None:
            bars = asking.bars(session, {row[2] for row in rows})
        if grounds is None:
            grounds = asking.grounds(session, {row[0] for row in rows})
        consents = asking.consents_of(session, {row[0] for row in rows}) if asking.consents else {}
        sent = self._sent(rows)
        if not self._per_loan:
            return [
                Facts(
                    row[2], row[0], row[2], row[3], row[4], row[5], row[6], bars.get(row[2], _NO_BARS),
                    consents.get(row[0]), grounds.get(row[0], _NO_GROUNDS), None, None, None, None, counts,
                )
                for row, counts in zip(rows, sent, strict=True)
            ]  # fmt: skip
        return [
            Facts(
                row[2], row[0], row[2], row[3], row[4], row[5], row[6], bars.get(row[2], _NO_BARS),
                consents.get(row[0]), grounds.get(row[0], _NO_GROUNDS), row[1], row[7], row[8], row[9], counts,
            )
            for row, counts in zip(rows, sent, strict=True)
        ]  # fmt: skip

    def _sent(self, rows: Sequence[Sequence[Any]]) -> Sequence[tuple[int, ...]]:
        if self._counting.idle:
            return [self._counting.nothing] * len(rows)
        people = [Recipient(customer_id=row[0], loan_id=row[1], phone=row[2]) for row in rows]
        return self._counting.count(self._session, people)


def _chunk(
    session: Session,
    recipients: Sequence[Recipient],
    class_: MessageClass,
    asking: _Asking,
    counting: Counting,
) -> list[Facts]:
    customers = {r.customer_id for r in recipients if r.customer_id is not None}
    owners = _owners(session, customers)
    bars = asking.bars(session, {r.phone for r in recipients})
    grounds = asking.grounds(session, customers)
    consents = asking.consents_of(session, customers)
    loans = _loans(session, {r.loan_id for r in recipients if r.loan_id is not None}) if class_.per_loan else {}
    sent = counting.count(session, recipients)
    return [
        _facts(r, owners, bars, consents, grounds, loans, counts) for r, counts in zip(recipients, sent, strict=True)
    ]


def _facts(
    recipient: Recipient,
    owners: Mapping[int, _Owner],
    bars: Mapping[str, Bars],
    consents: Mapping[int, bool],
    grounds: Mapping[int, Grounds],
    loans: Mapping[int, _LoanFacts],
    sent: tuple[int, ...],
) -> Facts:
    customer = recipient.customer_id or 0
    owner = owners.get(customer, _NOBODY)
    loan = loans.get(recipient.loan_id or 0)
    if loan is not None and loan.customer_id != recipient.customer_id:
        loan = None
    return Facts(
        phone=recipient.phone,
        customer_id=recipient.customer_id,
        own_phone=owner.phone or None,
        active=owner.active,
        hours_from=owner.hours_from,
        hours_to=owner.hours_to,
        channel=owner.channel,
        suppressed=bars.get(recipient.phone, _NO_BARS),
        consent=consents.get(customer),
        circumstances=grounds.get(customer, _NO_GROUNDS),
        loan_id=recipient.loan_id,
        loan_state=loan.state if loan else None,
        amount_due=loan.amount_due if loan else None,
        due_on=loan.due_on if loan else None,
        told_amount=recipient.told_amount,
        told_due=recipient.told_due,
        sent=sent,
    )


_NOBODY = _Owner("", True, None, None, "")
_NO_BARS: Bars = frozenset()
_NO_GROUNDS: Grounds = ()


class _Asking:
    """What is asked about anybody, for one class at one moment."""

    def __init__(self, class_: MessageClass, policy: Policy, now: datetime) -> None:
        self._purpose = class_.purpose.value
        self._scopes = scopes_of(class_)
        self._kinds = sorted({ease.kind for ease in policy.eases_of(class_)})
        self._now = now
        self.consents = policy.needs[class_.purpose] is not Need.NOT_NEEDED

    # Suppressions

    def bars(self, session: Session, phones: Collection[str]) -> dict[str, Bars]:
        wanted = keys(session, phones)
        found = self._bars(session, self._suppressions().join(wanted, wanted.c.value == Suppression.phone))
        for phone, scopes in erased_refusals(session, phones).items():
            ours = {(BRANCH, scope) for scope in scopes if scope in self._scopes}
            found[phone] = found.get(phone, _NO_BARS) | ours
        return found

    def all_bars(self, session: Session) -> dict[str, Bars] | None:
        """Of every number; None when there are more than a pass should hold, or some are known by digest only."""
        query = self._suppressions()
        return self._bars(session, query) if _few(session, query) and not any_erased_refusal(session) else None

    def _suppressions(self) -> Select[str, str, str]:
        return select(Suppression.phone, Suppression.issuer, Suppression.scope).where(
            Suppression.scope.in_(self._scopes), or_(Suppression.until.is_(None), Suppression.until > self._now)
        )

    def _bars(self, session: Session, query: Select[str, str, str]) -> dict[str, Bars]:
        found: dict[str, Bars] = {}
        for phone, issuer, scope in session.execute(query):
            found[phone] = found.get(phone, _NO_BARS) | {(issuer, scope)}
        return found

    # Circumstances

    def grounds(self, session: Session, customers: Collection[int]) -> dict[int, Grounds]:
        if not self._kinds or not customers:
            return {}
        wanted = keys(session, customers)
        return self._grounds(session, self._circumstances().join(wanted, wanted.c.value == Circumstance.customer_id))

    def all_grounds(self, session: Session) -> dict[int, Grounds] | None:
        """Of every customer; None when there are more than a pass should hold."""
        if not self._kinds:
            return {}
        query = self._circumstances()
        return self._grounds(session, query) if _few(session, query) else None

    def _circumstances(self) -> Select[int, CircumstanceKind, int | None, datetime | None]:
        return select(Circumstance.customer_id, Circumstance.kind, Circumstance.loan_id, Circumstance.until).where(
            Circumstance.kind.in_(self._kinds),
            or_(Circumstance.ended_at.is_(None), Circumstance.ended_at > self._now),
            or_(Circumstance.until.is_(None), Circumstance.until > self._now),
        )

    def _grounds(
        self, session: Session, query: Select[int, CircumstanceKind, int | None, datetime | None]
    ) -> dict[int, Grounds]:
        found: dict[int, Grounds] = {}
        for customer, kind, loan_id, until in session.execute(query.order_by(Circumstance.id)):
            found[customer] = (*found.get(customer, _NO_GROUNDS), Ground(kind, loan_id, until))
        return found

    # Consents

    def consents_of(self, session: Session, customers: Collection[int]) -> dict[int, bool]:
        """The newest word of each customer on the purpose; of two at one moment the one written later."""
        if not self.consents or not customers:
            return {}
        wanted = keys(session, customers)
        query = (
            select(Consent.customer_id, Consent.granted)
            .join(wanted, wanted.c.value == Consent.customer_id)
            .where(Consent.purpose == self._purpose)
            .order_by(Consent.at, Consent.id)
        )
        return {customer: granted for customer, granted in session.execute(query)}  # noqa: C416 - a Row is no tuple


def _few(session: Session, query: Select[*tuple[object, ...]]) -> bool:
    some = query.limit(FEW + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= FEW


def _owners(session: Session, ids: Collection[int]) -> dict[int, _Owner]:
    if not ids:
        return {}
    wanted = keys(session, ids)
    query = select(
        Customer.id, Customer.phone, Customer.active, Customer.hours_from, Customer.hours_to, Customer.channel
    ).join(wanted, wanted.c.value == Customer.id)
    return {row[0]: _Owner(*row[1:]) for row in session.execute(query)}


def _loans(session: Session, ids: Collection[int]) -> dict[int, _LoanFacts]:
    if not ids:
        return {}
    wanted = keys(session, ids)
    query = select(Loan.id, Loan.customer_id, Loan.state, Loan.amount_due, Loan.due_on).join(
        wanted, wanted.c.value == Loan.id
    )
    return {row[0]: _LoanFacts(row[1], row[2], row[3], row[4]) for row in session.execute(query)}
