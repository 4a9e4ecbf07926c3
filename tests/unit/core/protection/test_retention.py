from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.protection import retention
from console.core.protection.retention import TooShort, months_before, preview, rules, run, run_daily, set_months
from db.models import AuditEntry, Contact, Customer, ErasedRefusal, InboundMessage, Loan, LoanState, Message
from tests.protection_world import NAME, PHONE, SECRETS, Planted, everything


def _due(ctx: Context) -> dict[str, int]:
    return {each.rule.key: each.rows for each in preview(ctx) if each.rows}


def test_nothing_is_due_at_first(admin_ctx: Context, planted: Planted) -> None:
    assert _due(admin_ctx) == {}
    assert run(admin_ctx) == {}
    assert NAME in everything(admin_ctx.database)


def test_what_is_due_goes_and_the_figures_stay(admin_ctx: Context, planted: Planted, clock: FixedClock) -> None:
    clock.advance(timedelta(days=800))
    due = _due(admin_ctx)
    assert due["messages"] == 2
    assert due["replies"] == 1
    assert due["contacts"] == 2
    assert due["exclusions"] == 1
    assert "customers" not in due
    assert run(admin_ctx) == due
    assert _due(admin_ctx) == {}
    with admin_ctx.database.read() as session:
        rows = session.execute(select(Message.phone, Message.body, Message.customer_id, Message.digest)).all()
        assert [tuple(row) for row in rows] == [("", "", planted.id, "d" * 64)] * 2
        assert len(set(session.scalars(select(Message.recipient)))) == 2
        assert session.scalars(select(InboundMessage.body)).all() == [""]
        assert session.scalar(select(func.count()).select_from(Contact)) == 0
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, '"messages":2' in entry.detail) == ("retention.run", True)


def test_people_without_a_loan_go_at_their_term_and_refusals_stay(
    admin_ctx: Context, planted: Planted, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=61 * 31))
    assert _due(admin_ctx)["customers"] == 2
    run(admin_ctx)
    text = everything(admin_ctx.database)
    assert [secret for secret in SECRETS if secret in text] == []
    with admin_ctx.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0
        assert session.scalar(select(func.count()).select_from(ErasedRefusal)) == 5


def test_an_open_loan_or_a_late_word_keeps_a_person(admin_ctx: Context, planted: Planted, clock: FixedClock) -> None:
    clock.advance(timedelta(days=61 * 31))
    with admin_ctx.database.begin() as session:
        session.get_one(Loan, planted.loan).state = LoanState.ACTIVE
        reply = session.scalars(select(InboundMessage)).one()
        reply.customer_id, reply.sender, reply.received_at = planted.neighbour, "x", clock.now()
    assert "customers" not in _due(admin_ctx)


def test_months_have_a_floor_and_an_author(ctx: Context, admin_ctx: Context) -> None:
    with pytest.raises(NotPermitted):
        set_months(ctx, "messages", 12)
    for months in (4, 0, 1000):
        with pytest.raises(TooShort):
            set_months(admin_ctx, "messages", months)
    set_months(admin_ctx, "messages", 5)
    set_months(admin_ctx, "customers", None)
    with admin_ctx.database.read() as session:
        found = {rule.key: rule.months for rule in rules(session)}
        actions = session.scalars(select(AuditEntry.action)).all()
    assert (found["messages"], found["customers"], found["replies"]) == (5, None, 24)
    assert actions == ["retention.change"] * 2


def test_for_ever_is_for_ever(admin_ctx: Context, planted: Planted, clock: FixedClock) -> None:
    for rule in retention.shipped_rules():
        set_months(admin_ctx, rule.key, None)
    clock.advance(timedelta(days=10_000))
    assert run(admin_ctx) == {}
    assert PHONE in everything(admin_ctx.database)


def test_once_a_day_by_itself(admin_ctx: Context, planted: Planted, clock: FixedClock) -> None:
    never: Callable[[], bool] = lambda: False  # noqa: E731
    assert run_daily(admin_ctx, never) == {}
    assert run_daily(admin_ctx, never) is None
    clock.advance(timedelta(days=800))
    assert run_daily(admin_ctx, lambda: True) == {}  # told to end: nothing begun
    clock.advance(timedelta(days=1))
    done = run_daily(admin_ctx, never)
    assert done is not None
    assert done["messages"] == 2


@pytest.mark.parametrize(
    ("months", "expected"), [(1, (2026, 2, 28)), (3, (2025, 12, 31)), (12, (2025, 3, 31)), (24, (2024, 3, 31))]
)
def test_months_before(months: int, expected: tuple[int, int, int]) -> None:
    found = months_before(datetime(2026, 3, 31, 12, tzinfo=UTC), months)
    assert (found.year, found.month, found.day, found.hour) == (*expected, 12)
