from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from console.core.audit.browse import AuditFilter
from console.core.audit.checking import verify_trail
from console.core.audit.export import export_audit
from console.core.context import Context
from console.core.errors import NotPermitted
from db.models import AuditEntry

HEAD = 6  # title, four lines, nothing; then the titles of the columns


def _entries(ctx: Context) -> None:
    with ctx.database.begin() as session:
        ctx.audit(session, "campaign.submit", "campaign:1", messages=100)
        ctx.audit(session, "campaign.submit", "campaign:17", comment='=HYPERLINK("http://x")')
        ctx.audit(session, "settings.change", "setting:bank.branch", value="+1-1")


def _read(path: Path) -> list[list[Any]]:
    book = CalamineWorkbook.from_path(str(path))
    return list(book.get_sheet_by_index(0).to_python())


def test_what_fits_oldest_first_with_its_proof(ctx: Context, supervisor_ctx: Context, tmp_path: Path) -> None:
    _entries(ctx)
    verify_trail(supervisor_ctx)
    file = tmp_path / "trail.xlsx"
    assert export_audit(supervisor_ctx, AuditFilter(actor="officer"), file) == 3
    rows = _read(file)
    head = "\n".join(str(row[0]) for row in rows[:HEAD])
    assert "Person: officer" in head
    assert "The trail is whole: 3 entries" in head
    assert "Exported by 陈立" in head
    found = rows[HEAD + 1 :]
    assert [row[0] for row in found] == [1.0, 2.0, 3.0]
    assert found[1][2:5] == ["officer", "Submitted for approval", "Campaign 17"]
    with ctx.database.read() as session:
        hashes = session.scalars(select(AuditEntry.hash).order_by(AuditEntry.id)).all()
        last = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first()
    assert [row[8] for row in found] == hashes[:3]
    assert last == "audit.export"


def test_nothing_in_it_is_a_formula(ctx: Context, supervisor_ctx: Context, tmp_path: Path) -> None:
    with ctx.database.begin() as session:
        ctx.audit(session, "=1+1", "=cmd|' /C calc'!A0", value="@SUM(A1)")
    file = tmp_path / "trail.xlsx"
    export_audit(supervisor_ctx, AuditFilter(), file)
    row = _read(file)[HEAD + 1]
    assert row[6:8] == ["=1+1", "=cmd|' /C calc'!A0"]  # a formula would have no value here
    assert row[3] == "=1+1"


def test_about_one_thing_exactly(ctx: Context, supervisor_ctx: Context, tmp_path: Path) -> None:
    _entries(ctx)
    file = tmp_path / "trail.xlsx"
    assert export_audit(supervisor_ctx, AuditFilter(subject="campaign:1"), file) == 1
    with pytest.raises(NotPermitted):
        export_audit(ctx, AuditFilter(), file)
