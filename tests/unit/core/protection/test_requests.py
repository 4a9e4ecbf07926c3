from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers.browse import CustomerFilter, Sort
from console.core.customers.export import export_customers
from console.core.errors import NotPermitted, UserError
from console.core.listing import Sort as Order
from console.core.protection.permits import ListChanged, NoPermit
from console.core.protection.requests import (
    Decided,
    OwnRequest,
    ask_for_customers,
    decide,
    request_ids,
    request_rows,
    write,
)
from console.core.protection.waiting import requests_waiting
from db.models import AuditEntry, Customer
from tests.protection_world import PHONE, SHARED, Planted

ALL = CustomerFilter()
REASON = "letters to everybody"


def _text(path: Path) -> str:
    book = CalamineWorkbook.from_path(str(path))
    return "\n".join(str(row) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python())


def _state(ctx: Context, request: int) -> str:
    (row,) = request_rows(ctx, [request])
    return row.state


def test_asked_by_one_approved_by_another_written_once(
    ctx: Context, supervisor_ctx: Context, planted: Planted, tmp_path: Path
) -> None:
    file = tmp_path / "full.xlsx"
    asked = ask_for_customers(ctx, ALL, REASON)
    with ctx.database.read() as session:
        assert (requests_waiting(ctx, session), requests_waiting(supervisor_ctx, session)) == (0, 1)
    with pytest.raises(NoPermit):
        write(ctx, asked, file)
    with pytest.raises(NotPermitted):
        decide(ctx, asked, approved=True)
    decide(supervisor_ctx, asked, approved=True, comment="once")
    with ctx.database.read() as session:
        assert (requests_waiting(ctx, session), requests_waiting(supervisor_ctx, session)) == (1, 0)
    with pytest.raises(NoPermit):
        write(supervisor_ctx, asked, file)  # it is the officer's
    assert write(ctx, asked, file) == 2
    text = _text(file)
    assert PHONE in text
    assert SHARED in text
    assert "approved by 陈立" in text
    assert REASON in text
    again = tmp_path / "again.xlsx"
    with pytest.raises(NoPermit):
        write(ctx, asked, again)
    assert not again.exists()
    assert _state(ctx, asked) == "used"
    with ctx.database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "full_export.request",
        "full_export.approve",
        "full_export.use",
        "customer.export",
    ]
    assert json.loads(entries[-1].detail)["revealed"] is True
    assert not any(PHONE in entry.detail for entry in entries)


def test_without_a_permit_numbers_are_masked(ctx: Context, planted: Planted, tmp_path: Path) -> None:
    file = tmp_path / "masked.xlsx"
    export_customers(ctx, ALL, Sort("number"), file)
    text = _text(file)
    assert PHONE not in text
    assert "139****2222" in text
    assert "Mobile numbers are masked." in text


def test_another_list_than_the_approved_one_is_not_written(
    ctx: Context, supervisor_ctx: Context, planted: Planted, tmp_path: Path
) -> None:
    asked = ask_for_customers(ctx, ALL, REASON)
    decide(supervisor_ctx, asked, approved=True)
    with ctx.database.begin() as session:
        person = Customer(number="C-9", name="后来", pinyin="", initials="", phone="13800000009", phone_tail="0009")
        person.created_at = person.updated_at = ctx.clock.now()
        session.add(person)
    with pytest.raises(ListChanged, match="2 rows then, 3 now"):
        write(ctx, asked, tmp_path / "no.xlsx")
    assert list(tmp_path.glob("*.xlsx")) == []
    assert _state(ctx, asked) == "approved"


def test_chosen_ones_are_exactly_those(ctx: Context, supervisor_ctx: Context, planted: Planted, tmp_path: Path) -> None:
    asked = ask_for_customers(ctx, ALL, REASON, only=[planted.neighbour])
    decide(supervisor_ctx, asked, approved=True)
    assert write(ctx, asked, tmp_path / "one.xlsx") == 1
    text = _text(tmp_path / "one.xlsx")
    assert SHARED in text
    assert PHONE not in text


def test_maker_is_never_checker(supervisor_ctx: Context, planted: Planted) -> None:
    asked = ask_for_customers(supervisor_ctx, ALL, REASON)
    with pytest.raises(OwnRequest):
        decide(supervisor_ctx, asked, approved=True)


def test_a_time_and_one_decision(
    ctx: Context, supervisor_ctx: Context, planted: Planted, clock: FixedClock, tmp_path: Path
) -> None:
    asked, late = ask_for_customers(ctx, ALL, REASON), ask_for_customers(ctx, ALL, REASON)
    with pytest.raises(UserError):
        decide(supervisor_ctx, asked, approved=False)  # a refusal has a reason
    decide(supervisor_ctx, asked, approved=False, comment="mask them")
    with pytest.raises(Decided):
        decide(supervisor_ctx, asked, approved=True)
    assert _state(ctx, asked) == "refused"
    decide(supervisor_ctx, late, approved=True)
    clock.advance(timedelta(hours=25))
    assert _state(ctx, late) == "expired"
    with pytest.raises(NoPermit):
        write(ctx, late, tmp_path / "late.xlsx")


def test_one_sees_ones_own(ctx: Context, supervisor_ctx: Context, admin_ctx: Context, planted: Planted) -> None:
    asked = ask_for_customers(ctx, ALL, REASON)
    order = Order("")
    assert request_ids(ctx, order) == request_ids(supervisor_ctx, order) == [asked]
    assert request_ids(admin_ctx, order) == []
    with pytest.raises(UserError):
        ask_for_customers(ctx, ALL, "  ")
