"""Calls, visits and remarks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers.contacts import ContactRefused, add_contact
from console.core.customers.editing import NotTheirLoan
from console.core.errors import NotPermitted
from db.models import AuditEntry, Contact, ContactKind, Loan


def test_what_was_noted(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    zhang = village["张三"]
    earlier = clock.now() - timedelta(hours=2)
    add_contact(ctx, zhang, ContactKind.CALL, "客户说周五还款", connected=True, at=earlier)
    add_contact(ctx, zhang, ContactKind.CALL, "", connected=False)
    add_contact(ctx, zhang, ContactKind.NOTE, "偏好下午联系")
    with ctx.database.read() as session:
        found = [(row.kind, row.connected, row.at) for row in session.scalars(select(Contact).order_by(Contact.id))]
        details = session.scalars(select(AuditEntry.detail)).all()
    assert found == [
        (ContactKind.CALL, True, earlier),
        (ContactKind.CALL, False, clock.now()),
        (ContactKind.NOTE, None, clock.now()),
    ]
    assert not any("周五" in detail for detail in details)


def test_what_cannot_stand(ctx: Context, supervisor_ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    zhang, later = village["张三"], clock.now() + timedelta(hours=1)
    for kind, body, connected, at in (
        (ContactKind.CALL, "x", None, None),
        (ContactKind.NOTE, "x", True, None),
        (ContactKind.CALL, " ", True, None),
        (ContactKind.VISIT, "", None, None),
        (ContactKind.VISIT, "x" * 2001, None, None),
        (ContactKind.VISIT, "x", None, later),
    ):
        with pytest.raises(ContactRefused):
            add_contact(ctx, zhang, kind, body, connected=connected, at=at)
    with ctx.database.read() as session:
        other = session.scalars(select(Loan.id).where(Loan.number == "L9003")).one()
    with pytest.raises(NotTheirLoan):
        add_contact(ctx, zhang, ContactKind.NOTE, "x", loan_id=other)
    with pytest.raises(NotPermitted):
        add_contact(supervisor_ctx, zhang, ContactKind.NOTE, "x")
