"""One customer: who it is, the loans, what was agreed, and what is to be minded. What happened is the time line's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import circumstances, consents, suppressions
from console.core.customers.editing import NoSuchCustomer, further_phones
from console.core.customers.fields import Field, fields
from console.core.customers.instalments import Instalment, Standing, standing
from console.core.customers.loans import computable, instalments_of
from console.core.customers.secrets import masked, sealer
from console.core.errors import UserError
from console.core.format import masked_phone
from console.core.i18n import T, Text
from console.core.protection.looks import NoReason, look
from console.core.security.permissions import Permission
from db.models import Customer, CustomerPhone, Loan, LoanState

__all__ = [
    "CustomerDetail", "LoanDetail", "NoReason", "NoSuchCustomer", "NothingToReveal", "PhoneDetail", "customer_detail",
    "reveal_account", "reveal_id", "reveal_phone",
]  # fmt: skip


class NothingToReveal(UserError):
    def __init__(self) -> None:
        super().__init__(T("No such number is on file."), T("Refresh the page."))


@dataclass(frozen=True, kw_only=True)
class LoanDetail:
    id: int
    number: str
    product: str
    kind: str
    state: LoanState
    principal: Decimal | None  # yuan
    rate: Decimal | None  # per cent a year
    method: str
    start_on: date | None
    term_months: int | None
    due_day: int | None
    account_tail: str
    account_known: bool  # the whole number is on file, sealed
    amount_due: Decimal | None  # yuan, this instalment
    due_on: date | None
    penalty: Decimal | None  # yuan
    days_overdue: int  # 0: not overdue
    instalments: tuple[Instalment, ...]
    standing: Standing | None  # None: no instalments are on file
    uncomputable: Text | None  # why no schedule can be computed; None when it can
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class PhoneDetail:
    id: int
    phone: str  # masked
    label: str


@dataclass(frozen=True, kw_only=True)
class CustomerDetail:
    id: int
    number: str
    name: str
    title: str
    phone: str  # masked
    phones: tuple[PhoneDetail, ...]  # further ones
    id_number: str  # masked; "" for none
    region: str
    branch: str
    manager: str
    rating: str
    segment: str
    birthday: date | None
    tags: tuple[str, ...]
    channel: str  # key of editing.CHANNELS
    hours: tuple[int, int] | None  # minutes after midnight
    fields: tuple[Field, ...]  # of the administrator's, those in use
    extra: dict[str, object]  # values by key of a field
    active: bool
    updated_at: datetime
    loans: tuple[LoanDetail, ...]
    consents: tuple[consents.Standing, ...]  # one for each purpose
    suppressions: tuple[suppressions.SuppressionRow, ...]  # those in force
    circumstances: tuple[circumstances.Shown, ...]  # those in force


def customer_detail(ctx: Context, customer_id: int) -> CustomerDetail:
    """Raises NotPermitted, NoSuchCustomer."""
    ctx.require(Permission.CUSTOMERS_VIEW)
    now = ctx.clock.now()
    with ctx.database.read() as session:
        person = session.get(Customer, customer_id)
        if person is None:
            raise NoSuchCustomer()
        begin, end = person.hours_from, person.hours_to
        return CustomerDetail(
            id=person.id,
            number=person.number,
            name=person.name,
            title=person.title,
            phone=masked_phone(person.phone),
            phones=tuple(_phones(session, customer_id)),
            id_number=masked(person.id_tail),
            region=person.region,
            branch=person.branch,
            manager=person.manager,
            rating=person.rating,
            segment=person.segment,
            birthday=person.birthday,
            tags=tuple(person.tags),
            channel=person.channel,
            hours=(begin, end) if begin is not None and end is not None else None,
            fields=tuple(fields(session)),
            extra=dict(person.extra),
            active=person.active,
            updated_at=person.updated_at,
            loans=tuple(_loans(session, customer_id, now.astimezone().date())),
            consents=tuple(consents.standings(ctx, session, customer_id, person.phone)),
            suppressions=tuple(suppressions.of_customer(session, customer_id, now)),
            circumstances=tuple(circumstances.in_force(session, customer_id, now)),
        )


def reveal_phone(ctx: Context, customer_id: int, reason: str, phone_id: int | None = None) -> str:
    """The full number (a further one by its id), once, for a reason that is kept.

    Raises NotPermitted, NoReason, TooManyLooks, NoSuchCustomer, NothingToReveal.
    """

    def read(session: Session) -> str:
        main = session.scalar(select(Customer.phone).where(Customer.id == customer_id))
        if main is None:
            raise NoSuchCustomer()
        if phone_id is None:
            return main
        other = session.get(CustomerPhone, phone_id)
        if other is None or other.customer_id != customer_id:
            raise NothingToReveal()
        return other.phone

    return look(ctx, "customer.reveal_phone", customer_id, reason, read)


def reveal_id(ctx: Context, customer_id: int, reason: str) -> str:
    """The full identity number, once, for a reason that is kept.

    Raises NotPermitted, NoReason, TooManyLooks, NoSuchCustomer, NothingToReveal, secrets.Unreadable.
    """
    seal = sealer(ctx.database)

    def read(session: Session) -> str:
        person = session.get(Customer, customer_id)
        if person is None:
            raise NoSuchCustomer()
        if person.id_cipher is None:
            raise NothingToReveal()
        return seal.unseal(person.id_cipher)

    return look(ctx, "customer.reveal_id", customer_id, reason, read)


def reveal_account(ctx: Context, loan_id: int, reason: str) -> str:
    """The full number of the account that repays a loan, once, for a reason that is kept.

    Raises NotPermitted, NoReason, TooManyLooks, NothingToReveal, secrets.Unreadable.
    """
    seal = sealer(ctx.database)
    with ctx.database.read() as session:
        owner = session.scalar(select(Loan.customer_id).where(Loan.id == loan_id))
    if owner is None:
        raise NothingToReveal()

    def read(session: Session) -> str:
        loan = session.get(Loan, loan_id)
        if loan is None or loan.account_cipher is None:
            raise NothingToReveal()
        return seal.unseal(loan.account_cipher)

    return look(ctx, "customer.reveal_account", owner, reason, read)


def _phones(session: Session, customer_id: int) -> Iterator[PhoneDetail]:
    for each in further_phones(session, customer_id):
        yield PhoneDetail(id=each.id, phone=masked_phone(each.phone), label=each.label)


def _loans(session: Session, customer_id: int, today: date) -> Iterator[LoanDetail]:
    query = select(Loan).where(Loan.customer_id == customer_id).order_by(Loan.due_on.is_(None), Loan.due_on, Loan.id)
    loans = session.scalars(query).all()
    instalments = instalments_of(session, [loan.id for loan in loans])
    for loan in loans:
        found = instalments.get(loan.id, [])
        stands = standing(found, today)
        yield LoanDetail(
            id=loan.id,
            number=loan.number,
            product=loan.product,
            kind=loan.kind,
            state=loan.state,
            principal=loan.principal,
            rate=None if loan.rate is None else Decimal(str(loan.rate)),
            method=loan.method,
            start_on=loan.start_on,
            term_months=loan.term_months,
            due_day=loan.due_day,
            account_tail=loan.account_tail,
            account_known=loan.account_cipher is not None,
            amount_due=loan.amount_due,
            due_on=loan.due_on,
            penalty=loan.penalty,
            days_overdue=_days_overdue(loan, stands, today),
            instalments=tuple(found),
            standing=stands,
            uncomputable=computable(loan),
            updated_at=loan.updated_at,
        )


def _days_overdue(loan: Loan, stands: Standing | None, today: date) -> int:
    if loan.state not in (LoanState.ACTIVE, LoanState.OVERDUE):
        return 0
    if stands is not None:
        return stands.days_overdue
    paid = loan.amount_due is not None and loan.amount_due <= 0
    return 0 if loan.due_on is None or paid else max(0, (today - loan.due_on).days)
