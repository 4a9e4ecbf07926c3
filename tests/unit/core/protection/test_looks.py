from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.listing import Sort
from console.core.protection.looks import (
    LookFilter,
    NoReason,
    TooManyLooks,
    look,
    look_ids,
    look_rows,
    lookers,
    refused_lately,
)
from db.models import AuditEntry
from tests.protection_world import NAME, PHONE, Planted, planted

__all__ = ["planted"]

NEWEST = Sort("at", descending=True)


def _limited(ctx: Context, limit: int) -> Context:
    return ctx.with_settings(ctx.settings.changed("security.looks_per_hour", limit))


def _look(ctx: Context, customer: int = 7, reason: str = "call back") -> str:
    return look(ctx, "customer.reveal_phone", customer, reason, lambda session: "13911112222")


def test_a_look_has_a_reason_and_an_entry(ctx: Context, admin_ctx: Context) -> None:
    assert _look(ctx) == "13911112222"
    with pytest.raises(NoReason):
        _look(ctx, reason="  ")
    with pytest.raises(NotPermitted):
        _look(admin_ctx)
    with ctx.database.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
        assert [(row.action, row.subject, "call back" in row.detail) for row in entries] == [
            ("customer.reveal_phone", "customer:7", True)
        ]


def test_too_many_within_an_hour_are_refused_and_seen(ctx: Context, supervisor_ctx: Context, clock: FixedClock) -> None:
    officer = _limited(ctx, 3)
    for customer in range(3):
        _look(officer, customer)
        clock.advance(timedelta(minutes=10))
    with pytest.raises(TooManyLooks):
        _look(officer, 9)
    _look(_limited(supervisor_ctx, 3), 9)  # somebody else's looks are their own
    with ctx.database.read() as session:
        assert refused_lately(session, clock.now()) == 1
    rows = look_rows(supervisor_ctx, look_ids(supervisor_ctx, LookFilter(), NEWEST))
    assert [(row.actor, row.customer_id, row.refused) for row in rows] == [
        ("supervisor", 9, False),
        ("officer", 9, True),
        ("officer", 2, False),
        ("officer", 1, False),
        ("officer", 0, False),
    ]
    assert rows[1].reason == "call back"
    people = lookers(supervisor_ctx, LookFilter())
    assert [(each.actor, each.looks, each.customers, each.refused) for each in people] == [
        ("officer", 3, 4, 1),
        ("supervisor", 1, 1, 0),
    ]
    clock.advance(timedelta(minutes=35))  # the first is more than an hour ago
    assert _look(officer, 9)


def test_who_looked_at_one_customer(ctx: Context, supervisor_ctx: Context, planted: Planted) -> None:
    _look(ctx, planted.id, "call back 100%")
    _look(ctx, planted.neighbour, "letter came back")
    _look(ctx, 999, "gone meanwhile")

    def found(text: str) -> list[int]:
        ids = look_ids(supervisor_ctx, LookFilter(text=text), NEWEST)
        return [row.customer_id for row in look_rows(supervisor_ctx, ids)]

    assert found(NAME) == found(f" {NAME[:1]} call ") == found(PHONE[-4:]) == found("100%") == [planted.id]
    assert found("back") == [planted.neighbour, planted.id]
    assert found(PHONE[-3:]) == []  # so few digits are everybody's
    assert found("nobody") == []
    assert [each.looks for each in lookers(supervisor_ctx, LookFilter(text=NAME))] == [1]


def test_the_report_is_for_those_who_watch(ctx: Context, supervisor_ctx: Context) -> None:
    _look(ctx)
    with pytest.raises(NotPermitted):
        look_ids(ctx, LookFilter(), NEWEST)
    today = ctx.clock.now().astimezone().date()
    assert look_ids(supervisor_ctx, LookFilter(actor="officer", since=today, until=today), NEWEST)
    assert not look_ids(supervisor_ctx, LookFilter(since=today + timedelta(days=1)), NEWEST)
    assert not look_ids(supervisor_ctx, LookFilter(refused=True), NEWEST)
