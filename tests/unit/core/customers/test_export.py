from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from console.core.context import Context
from console.core.customers.browse import CustomerFilter, Sort
from console.core.customers.export import export_customers
from console.core.errors import NotPermitted
from db.models import AuditEntry


def test_the_list_as_a_workbook(ctx: Context, village: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "客户.xlsx"
    seen: list[tuple[int, int]] = []
    told = lambda done, total: seen.append((done, total))  # noqa: E731
    assert export_customers(ctx, CustomerFilter(region="浦东"), Sort("name"), path, told) == 2
    page = load_workbook(path).active
    assert page is not None
    rows = [row for row in page.iter_rows(values_only=True) if row[0] in ("C001", "C003")]
    assert [row[1] for row in rows] == ["王小明", "张三"]
    zhang = rows[1]
    assert zhang[3] == "138****8000"
    assert zhang[9:12] == (2, "房贷", "Overdue")
    assert isinstance(zhang[12], datetime)
    assert float(str(zhang[13])) == 3256.8
    assert seen[-1] == (2, 2)
    text = "".join(str(cell) for row in page.iter_rows(values_only=True) for cell in row)
    assert "13800138000" not in text
    with ctx.database.read() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["customer.export"]


def test_only_the_selected(ctx: Context, village: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert export_customers(ctx, CustomerFilter(), Sort("name"), path, only=[village["李四"]]) == 1


def test_who_may_export(admin_ctx: Context, village: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        export_customers(admin_ctx, CustomerFilter(), Sort("name"), tmp_path / "a.xlsx")
    assert not list(tmp_path.glob("*.xlsx"))
