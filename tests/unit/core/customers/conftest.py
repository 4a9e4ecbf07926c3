"""A small village of customers, and files to import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from console.core.context import Context
from console.core.customers.workbook import Sheet, read
from db.models import (
    Consent,
    Customer,
    ImportBatch,
    ImportedCustomer,
    ImportState,
    Loan,
    LoanState,
    StagedRow,
    Suppression,
)

AT = datetime(2026, 11, 1, tzinfo=UTC)


def _customer(number: str, name: str, pinyin: str, phone: str, **more: object) -> Customer:
    initials = "".join(part[0] for part in pinyin.split())
    return Customer(
        number=number,
        name=name,
        pinyin=pinyin.replace(" ", ""),
        initials=initials,
        phone=phone,
        phone_tail=phone[-4:],
        created_at=AT,
        updated_at=AT,
        **more,
    )


def _loan(customer_id: int, number: str, product: str, state: LoanState, due_on: date) -> Loan:
    return Loan(
        customer_id=customer_id,
        number=number,
        product=product,
        state=state,
        due_on=due_on,
        rate="3.05",
        amount_due=Decimal("3256.80"),
        updated_at=AT,
    )


@pytest.fixture
def village(ctx: Context) -> dict[str, int]:
    """Ids by name. Zhang has an overdue and a settled loan, Li one due later, Wang none; Chen is inactive."""
    with ctx.database.begin() as session:
        people = [
            _customer("C001", "张三", "zhang san", "13800138000", region="浦东", branch="城东支行", rating="A"),
            _customer("C002", "李四", "li si", "13912345678", region="徐汇", branch="城西支行", segment="高净值"),
            _customer("C003", "王小明", "wang xiao ming", "15000001234", region="浦东", branch="城东支行", rating="A"),
            _customer("C100", "陈旧", "chen jiu", "15900009999", active=False),
        ]
        session.add_all(people)
        session.flush()
        ids = {person.name: person.id for person in people}
        zhang, li = ids["张三"], ids["李四"]
        session.add_all(
            [
                _loan(zhang, "L9001", "房贷", LoanState.OVERDUE, date(2026, 11, 10)),
                _loan(zhang, "L9002", "车贷", LoanState.SETTLED, date(2026, 1, 10)),
                _loan(li, "L9003", "房贷", LoanState.ACTIVE, date(2026, 11, 28)),
                Consent(customer_id=zhang, purpose="marketing", granted=False, source="counter", at=AT),
                Suppression(phone="13800138000", scope="marketing", reason="退订", source="reply", created_at=AT),
            ]
        )
        batch = ImportBatch(
            file_name="a.xlsx", file_digest="0" * 64, sheet="1", mapping={}, state=ImportState.DONE,
            created_by=ctx.actor.user_id, created_at=AT,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        session.add(ImportedCustomer(import_id=batch.id, customer_id=ids["王小明"]))
        ids["import"] = batch.id
    return ids


@pytest.fixture
def sheet_of(tmp_path: Path) -> Callable[..., Sheet]:
    """``sheet_of(header, row, ...)``: a workbook with these rows, read."""

    def make(*rows: list[object], name: str = "清单.xlsx") -> Sheet:
        book = Workbook(write_only=True)
        page = book.create_sheet("名单")
        for row in rows:
            page.append(row)
        book.save(tmp_path / name)
        return read(tmp_path / name)

    return make


@pytest.fixture
def counts(ctx: Context) -> Callable[[], dict[str, int]]:
    """How many rows there are in the tables that an import writes."""
    tables = (Customer, Loan, Consent, ImportBatch, ImportedCustomer, StagedRow)

    def count() -> dict[str, int]:
        with ctx.database.read() as session:
            return {t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}

    return count
