"""Loans by hand, their instalments, and payments noted by staff."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import instalments as terms
from console.core.customers import normalise
from console.core.customers.amounts import fen, rate
from console.core.customers.dates import day
from console.core.customers.editing import ChangedMeanwhile, Invalid, locked, touch
from console.core.customers.instalments import Instalment, Method, current, method_of, schedule
from console.core.customers.normalise import Refused
from console.core.customers.secrets import Sealer, canonical, sealer
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db import models
from db.models import Loan, LoanState

__all__ = [
    "LoanRefused", "LoanState", "carry", "computable", "compute", "create_loan", "edit_loan", "instalments_of",
    "mark_paid", "planned_of", "rows", "take_back",
]  # fmt: skip


class LoanRefused(UserError):
    """What was asked of a loan cannot be done."""


def create_loan(ctx: Context, customer_id: int, entered: Mapping[str, object]) -> int:
    """The id. ``entered``: cells as typed, by the name of the column; ``account`` in full or its tail.

    Raises NotPermitted, NoSuchCustomer, Invalid.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    seal, now = sealer(ctx.database), ctx.clock.now()
    with ctx.database.begin() as session:
        locked(session, customer_id)
        values = _read(entered)
        if not values.get("number"):
            raise Invalid({"number": T("This is needed.")})
        _unique(session, str(values["number"]), None)
        row = Loan(customer_id=customer_id, number="", product="", state=LoanState.ACTIVE, updated_at=now)
        changed = _apply(row, values, seal)
        session.add(row)
        session.flush()
        ctx.audit(session, "loan.create", f"customer:{customer_id}", loan=row.number, changed=sorted(changed))
        return row.id


def edit_loan(ctx: Context, loan_id: int, entered: Mapping[str, object], seen: datetime) -> list[str]:
    """Write what differs; the names of the fields. ``seen``: ``updated_at`` of the row the form was filled from.

    Raises NotPermitted, LoanRefused, ChangedMeanwhile, Invalid.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    seal, now = sealer(ctx.database), ctx.clock.now()
    with ctx.database.begin() as session:
        row = _locked(session, loan_id)
        if row.updated_at != seen:
            raise ChangedMeanwhile()
        values = _read(entered)
        if "number" in values:
            if not values["number"]:
                raise Invalid({"number": T("This is needed.")})
            _unique(session, str(values["number"]), row.id)
        changed = _apply(row, values, seal)
        if changed:
            touch(row, now)
            detail = {"loan": row.number, "changed": sorted(changed)}
            ctx.audit(session, "loan.edit", f"customer:{row.customer_id}", **detail)
        return changed


def _money(cell: object) -> object:
    found = fen(cell)
    return Decimal(found).scaleb(-2) if isinstance(found, int) else found


def _state(cell: object) -> object:
    value = normalise.text(cell)
    return LoanState(value) if value in set(LoanState) else Refused(T("“{value}” is not understood here", value=value))


def _account(cell: object) -> object:
    found = normalise.tail(cell)
    if isinstance(found, Refused) or "*" not in normalise.text(cell):
        return found if isinstance(found, Refused) else canonical(normalise.text(cell))
    return Refused(T("Enter the whole number, or its last four digits."))


_CLEAN: Mapping[str, Callable[[object], object]] = {
    "number": normalise.number,
    "product": lambda cell: normalise.limited(cell, 40),
    "kind": lambda cell: normalise.limited(cell, 40),
    "method": lambda cell: normalise.limited(cell, 40),
    "principal": _money,
    "amount_due": _money,
    "penalty": _money,
    "rate": rate,
    "start_on": day,
    "due_on": day,
    "term_months": lambda cell: normalise.whole_number(cell, 1, 600),
    "due_day": lambda cell: normalise.whole_number(cell, 1, 31),
    "state": _state,
    "account": _account,
}


def _read(entered: Mapping[str, object]) -> dict[str, object]:
    found = {key: _CLEAN[key](cell) for key, cell in entered.items()}
    problems = {key: each.reason for key, each in found.items() if isinstance(each, Refused)}
    if problems:
        raise Invalid(problems)
    return found


def _unique(session: Session, number: str, own_id: int | None) -> None:
    found = session.scalar(select(Loan.id).where(Loan.number == number))
    if found is not None and found != own_id:
        raise Invalid({"number": T("Another loan has this number.")})


def _apply(row: Loan, values: Mapping[str, object], seal: Sealer) -> list[str]:
    changed = []
    for key, value in values.items():
        if key == "account":
            if _apply_account(row, str(value), seal):
                changed.append(key)
        elif getattr(row, key) != value:
            setattr(row, key, value)
            changed.append(key)
    return changed


def _apply_account(row: Loan, number: str, seal: Sealer) -> bool:
    """Four characters are a tail that is all that is known; more are the whole number, sealed."""
    if len(number) <= 4:
        same = row.account_tail == number and (row.account_cipher is None or bool(number))
        if not same:
            row.account_cipher, row.account_digest, row.account_tail = None, None, number
        return not same
    sealed = seal.seal(number)
    if row.account_digest == sealed.digest:
        return False
    row.account_cipher, row.account_digest, row.account_tail = sealed.cipher, sealed.digest, sealed.tail
    return True


def _locked(session: Session, loan_id: int) -> Loan:
    row = session.scalar(select(Loan).where(Loan.id == loan_id).with_for_update())
    if row is None:
        raise LoanRefused(T("This loan is not in the database any more."), T("Refresh the page."))
    return row


# Instalments


def instalments_of(session: Session, loan_ids: Sequence[int]) -> dict[int, list[Instalment]]:
    """By loan, in order; a loan without any is not there."""
    query = select(models.Instalment).where(models.Instalment.loan_id.in_(loan_ids))
    found: dict[int, list[Instalment]] = {}
    for row in session.scalars(query.order_by(models.Instalment.loan_id, models.Instalment.sequence)):
        found.setdefault(row.loan_id, []).append(_instalment(row))
    return found


def _instalment(row: models.Instalment) -> Instalment:
    return Instalment(
        id=row.id,
        sequence=row.sequence,
        due_on=row.due_on,
        principal=row.principal,
        interest=row.interest,
        penalty=row.penalty,
        paid=row.paid,
    )


def computable(loan: Loan) -> Text | None:
    """Why no schedule can be computed from what is on file; None when it can."""
    if loan.state is LoanState.APPLYING:
        return T("The loan is still being applied for.")
    if not loan.method:
        return T("The repayment method is not on file.")
    if method_of(loan.method) is None:
        return T("The repayment method is not one that is computed here.")
    if not loan.principal or loan.rate is None or not loan.term_months or loan.start_on is None:
        return T("Amount, rate, term and start of the loan are needed.")
    return None


def compute(ctx: Context, loan_id: int) -> int:
    """Write the schedule that the terms give, with everything due before today as not known to be paid: those that
    fall before the stored due date count as paid, as the bank's own due date says. How many instalments there are.

    Refused when a payment is noted already. Raises NotPermitted, LoanRefused.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        loan = _locked(session, loan_id)
        planned = planned_of(loan)
        paid = select(models.Instalment.id).where(
            models.Instalment.loan_id == loan_id, models.Instalment.paid > 0, models.Instalment.paid_at.is_not(None)
        )
        if session.scalar(paid.limit(1)) is not None:
            raise LoanRefused(
                T("Payments are noted already: the instalments stay."), T("Take the payments back first.")
            )
        session.execute(delete(models.Instalment).where(models.Instalment.loan_id == loan_id))
        session.execute(insert(models.Instalment), list(rows(loan, planned)))
        carry(session, loan, now)
        ctx.audit(session, "loan.schedule", f"customer:{loan.customer_id}", loan=loan.number, instalments=len(planned))
        return len(planned)


def planned_of(loan: Loan) -> list[terms.Planned]:
    """Raises LoanRefused."""
    why = computable(loan)
    if why is not None:
        raise LoanRefused(why, T("Complete the loan, or import its instalments."))
    method = method_of(loan.method)
    assert isinstance(method, Method)
    assert loan.principal is not None
    assert loan.rate is not None
    assert loan.term_months is not None
    assert loan.start_on is not None
    return schedule(
        principal=loan.principal,
        rate=Decimal(str(loan.rate)),
        months=loan.term_months,
        method=method,
        start_on=loan.start_on,
        due_day=loan.due_day,
    )


def rows(loan: Loan, planned: Sequence[terms.Planned]) -> list[dict[str, object]]:
    """To be stored: paid without a date where they lie before the instalment that the bank says is open.

    Penalty interest on file stands with the oldest one that is open.
    """
    settled = loan.state is LoanState.SETTLED
    made: list[dict[str, object]] = []
    penalty = loan.penalty or Decimal(0)
    for each in planned:
        paid = settled or _before(each.due_on, loan)
        made.append(
            {
                "loan_id": loan.id,
                "sequence": each.sequence,
                "due_on": each.due_on,
                "principal": each.principal,
                "interest": each.interest,
                "penalty": Decimal(0) if paid else penalty,
                "paid": each.principal + each.interest if paid else Decimal(0),
                "paid_at": None,
            }
        )
        penalty = penalty if paid else Decimal(0)
    return made


def _before(due_on: date, loan: Loan) -> bool:
    """Is this instalment one that the bank does not ask for any more? Its due date may be moved by a few days."""
    if loan.due_on is None:
        return False
    if loan.amount_due is not None and loan.amount_due <= 0:
        return due_on <= loan.due_on
    return (due_on.year, due_on.month) < (loan.due_on.year, loan.due_on.month)


def mark_paid(ctx: Context, instalment_id: int, amount: Decimal | None = None) -> Decimal:
    """Note a payment, all that is open when no amount is given. What is open afterwards.

    Raises NotPermitted, LoanRefused.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        row, loan = _with_loan(session, instalment_id)
        before = _instalment(row).outstanding
        paid = before if amount is None else amount
        if before == 0:
            raise LoanRefused(T("This instalment is paid already."), T("Refresh the page."))
        if not 0 < paid <= before:
            raise LoanRefused(T("More than nothing and at most what is open can be paid."))
        row.paid += paid
        row.paid_at = now
        session.flush()
        carry(session, loan, now)
        detail = {"loan": loan.number, "instalment": row.sequence, "amount": paid}
        ctx.audit(session, "instalment.pay", f"customer:{loan.customer_id}", **detail)
        return before - paid


def take_back(ctx: Context, instalment_id: int) -> None:
    """What was noted as paid was not. Raises NotPermitted, LoanRefused."""
    ctx.require(Permission.CUSTOMERS_EDIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        row, loan = _with_loan(session, instalment_id)
        if not row.paid:
            raise LoanRefused(T("Nothing is noted as paid here."), T("Refresh the page."))
        detail = {"loan": loan.number, "instalment": row.sequence, "amount": row.paid}
        row.paid, row.paid_at = Decimal(0), None
        session.flush()
        carry(session, loan, now)
        ctx.audit(session, "instalment.take_back", f"customer:{loan.customer_id}", **detail)


def _with_loan(session: Session, instalment_id: int) -> tuple[models.Instalment, Loan]:
    row = session.get(models.Instalment, instalment_id)
    if row is None:
        raise LoanRefused(T("This instalment is not in the database any more."), T("Refresh the page."))
    loan = _locked(session, row.loan_id)  # then nobody else changes any of its instalments
    session.refresh(row)
    return row, loan


def carry(session: Session, loan: Loan, now: datetime) -> None:
    """Let the loan's own row, which the rules and the texts look at, say what its instalments say."""
    today = now.astimezone().date()
    found = instalments_of(session, [loan.id]).get(loan.id, [])
    asked, stands = current(found, today), terms.standing(found, today)
    if asked is None or stands is None:
        return
    loan.amount_due = stands.amount_due if stands.late else asked.owed
    loan.due_on = asked.due_on
    loan.penalty = stands.penalty or None
    if stands.settled == stands.count:
        loan.state = LoanState.SETTLED
    else:
        loan.state = LoanState.OVERDUE if stands.late else LoanState.ACTIVE
    touch(loan, now)
