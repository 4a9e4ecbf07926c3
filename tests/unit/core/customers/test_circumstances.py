"""Why to go easy on a customer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers.circumstances import (
    CircumstanceRefused,
    Shown,
    end_circumstance,
    in_force,
    set_circumstance,
)
from console.core.customers.editing import NotTheirLoan
from console.core.errors import NotPermitted
from db.models import CircumstanceKind, Loan


def _now(ctx: Context, customer_id: int) -> list[Shown]:
    with ctx.database.read() as session:
        return in_force(session, customer_id, ctx.clock.now())


def test_set_seen_and_ended(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    zhang = village["张三"]
    made = set_circumstance(ctx, zhang, CircumstanceKind.BEREAVED, note="父亲去世")
    (shown,) = _now(ctx, zhang)
    assert (shown.id, shown.kind, shown.by, shown.loan) == (made, CircumstanceKind.BEREAVED, "王敏", "")
    end_circumstance(ctx, made, "客户来电，可以联系")
    assert _now(ctx, zhang) == []
    with pytest.raises(CircumstanceRefused, match="ended already"):
        end_circumstance(ctx, made, "again")


def test_a_promise_holds_until_its_day(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    zhang = village["张三"]
    with ctx.database.read() as session:
        loan = session.scalars(select(Loan.id).where(Loan.number == "L9001")).one()
    until = clock.now() + timedelta(days=3)
    with pytest.raises(CircumstanceRefused, match="day"):
        set_circumstance(ctx, zhang, CircumstanceKind.PROMISED, note="周五还")
    set_circumstance(ctx, zhang, CircumstanceKind.PROMISED, note="周五还", until=until, loan_id=loan)
    assert [(shown.loan, shown.until) for shown in _now(ctx, zhang)] == [("L9001", until)]
    clock.advance(timedelta(days=3))
    assert _now(ctx, zhang) == []


def test_what_cannot_stand(ctx: Context, supervisor_ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    with ctx.database.read() as session:
        other = session.scalars(select(Loan.id).where(Loan.number == "L9003")).one()
    kind, zhang = CircumstanceKind.DISPUTED, village["张三"]
    with pytest.raises(CircumstanceRefused):
        set_circumstance(ctx, zhang, kind, note=" ")
    with pytest.raises(CircumstanceRefused):
        set_circumstance(ctx, zhang, kind, note="x", until=clock.now())
    with pytest.raises(NotTheirLoan):
        set_circumstance(ctx, zhang, kind, note="x", loan_id=other)
    with pytest.raises(NotPermitted):
        set_circumstance(supervisor_ctx, zhang, kind, note="x")
    assert _now(ctx, zhang) == []
