"""Loans by hand, computed instalments, payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import loans, secrets
from console.core.customers.editing import ChangedMeanwhile, Invalid
from console.core.customers.instalments import Instalment
from console.core.customers.loans import LoanRefused, compute, create_loan, edit_loan, mark_paid, take_back
from console.core.errors import NotPermitted
from db.models import AuditEntry, Loan, LoanState

TERMS = {
    "number": "X1", "product": "消费贷", "principal": "12万", "rate": "3.6%", "method": "等额本金",
    "start_on": "2026-06-25", "term_months": "12", "due_day": "25", "state": "active",
}  # fmt: skip


def _loan(ctx: Context, loan_id: int) -> Loan:
    with ctx.database.read() as session:
        return session.get_one(Loan, loan_id)


def _instalments(ctx: Context, loan_id: int) -> list[Instalment]:
    with ctx.database.read() as session:
        return loans.instalments_of(session, [loan_id]).get(loan_id, [])


@pytest.fixture
def loan_id(ctx: Context, village: dict[str, int]) -> int:
    """120,000 yuan over a year from June, the 25th; today is 23 November 2026, and the bank asks for November's."""
    made = create_loan(ctx, village["王小明"], {**TERMS, "due_on": "2026-11-25", "amount_due": "10210"})
    compute(ctx, made)
    return made


def test_a_loan_is_cleaned_sealed_and_stands_once(ctx: Context, village: dict[str, int]) -> None:
    made = create_loan(ctx, village["王小明"], {**TERMS, "account": "6222 0200 0000 1234"})
    row = _loan(ctx, made)
    assert (row.principal, Decimal(str(row.rate)), row.start_on, row.account_tail) == (
        Decimal(120000), Decimal("3.6"), date(2026, 6, 25), "1234",
    )  # fmt: skip
    assert row.account_cipher is not None
    assert secrets.unseal(ctx.database, row.account_cipher) == "6222020000001234"
    with pytest.raises(Invalid):
        create_loan(ctx, village["李四"], TERMS)
    with pytest.raises(Invalid) as refusal:
        create_loan(ctx, village["李四"], {"number": "", "rate": "much", "due_day": "40", "account": "****1234"})
    assert refusal.value.problems.keys() == {"rate", "due_day", "account"}
    assert edit_loan(ctx, made, {"account": "5678", "product": "消费贷"}, row.updated_at) == ["account"]
    after = _loan(ctx, made)
    assert (after.account_tail, after.account_cipher, after.account_digest) == ("5678", None, None)
    with pytest.raises(ChangedMeanwhile):
        edit_loan(ctx, made, {"product": "x"}, row.updated_at)


def test_the_schedule_is_written_with_what_the_bank_does_not_ask_for_as_paid(ctx: Context, loan_id: int) -> None:
    found = _instalments(ctx, loan_id)
    assert len(found) == 12
    assert [each.settled for each in found] == [True] * 4 + [False] * 8
    assert found[0].principal == Decimal("10000.00")
    assert found[0].interest == Decimal("360.00")  # 120,000 at 3.6 % for a month
    row = _loan(ctx, loan_id)
    assert (row.due_on, row.state) == (date(2026, 11, 25), LoanState.ACTIVE)
    assert row.amount_due == found[4].outstanding == Decimal("10240.00")


def test_paying_and_taking_back(ctx: Context, loan_id: int, clock: FixedClock) -> None:
    november, december = _instalments(ctx, loan_id)[4:6]
    assert mark_paid(ctx, november.id, Decimal("240.00")) == Decimal("10000.00")
    assert _loan(ctx, loan_id).amount_due == Decimal("10000.00")
    with pytest.raises(LoanRefused, match="at most"):
        mark_paid(ctx, november.id, Decimal("10000.01"))
    assert mark_paid(ctx, november.id) == 0
    row = _loan(ctx, loan_id)
    assert (row.amount_due, row.due_on) == (Decimal("0.00"), date(2026, 11, 25))  # a reminder for it finds it paid
    with pytest.raises(LoanRefused, match="paid already"):
        mark_paid(ctx, november.id)
    with pytest.raises(LoanRefused, match="Payments are noted"):
        compute(ctx, loan_id)
    take_back(ctx, november.id)
    assert _loan(ctx, loan_id).amount_due == Decimal("10240.00")
    with pytest.raises(LoanRefused, match="Nothing is noted"):
        take_back(ctx, december.id)
    with ctx.database.read() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["loan.create", "loan.schedule", "instalment.pay", "instalment.pay", "instalment.take_back"]


def test_late_and_then_settled(ctx: Context, loan_id: int) -> None:
    october = _instalments(ctx, loan_id)[3]
    take_back(ctx, october.id)
    row = _loan(ctx, loan_id)
    assert (row.state, row.due_on) == (LoanState.OVERDUE, date(2026, 10, 25))
    mark_paid(ctx, october.id)
    row = _loan(ctx, loan_id)
    assert (row.state, row.due_on) == (LoanState.ACTIVE, date(2026, 11, 25))
    for each in _instalments(ctx, loan_id):
        if not each.settled:
            mark_paid(ctx, each.id)
    assert _loan(ctx, loan_id).state is LoanState.SETTLED


def test_penalty_interest_stays_apart_and_is_paid_first(ctx: Context, village: dict[str, int]) -> None:
    late = {**TERMS, "due_on": "2026-10-25", "amount_due": "10270", "penalty": "50", "state": "overdue"}
    made = create_loan(ctx, village["王小明"], late)
    compute(ctx, made)
    october = _instalments(ctx, made)[3]
    assert (october.penalty, october.outstanding, october.owed) == (
        Decimal(50), Decimal("10320.00"), Decimal("10270.00"),
    )  # fmt: skip
    row = _loan(ctx, made)
    assert (row.amount_due, row.penalty, row.state) == (Decimal(10270), Decimal(50), LoanState.OVERDUE)
    mark_paid(ctx, october.id, Decimal(60))
    row = _loan(ctx, made)
    assert (row.amount_due, row.penalty) == (Decimal(10260), None)


def test_what_cannot_be_computed(ctx: Context, supervisor_ctx: Context, village: dict[str, int]) -> None:
    made = create_loan(ctx, village["王小明"], {"number": "X2"})
    with pytest.raises(LoanRefused, match="not on file"):
        compute(ctx, made)
    edit_loan(ctx, made, {"method": "随借随还"}, _loan(ctx, made).updated_at)
    with pytest.raises(LoanRefused, match="not one that is computed"):
        compute(ctx, made)
    edit_loan(ctx, made, {"method": "等额本息"}, _loan(ctx, made).updated_at)
    with pytest.raises(LoanRefused, match="are needed"):
        compute(ctx, made)
    with pytest.raises(NotPermitted):
        compute(supervisor_ctx, made)
    with pytest.raises(NotPermitted):
        mark_paid(supervisor_ctx, 1)
    with pytest.raises(LoanRefused):
        mark_paid(ctx, 999_999)
