"""The do-not-contact list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import suppressions
from console.core.customers.suppressions import Entry, Issuer, SuppressionFilter, SuppressionRefused, SuppressionRow
from console.core.customers.suppressions_export import export_suppressions
from console.core.errors import NotPermitted
from console.core.listing import Sort
from db.models import AuditEntry, Suppression

ALL = Entry(scope="all", issuer=Issuer.BRANCH, reason="要求不再联系")


def _rows(ctx: Context, sort: str = "", **wanted: object) -> list[SuppressionRow]:
    with ctx.database.read() as session:
        now = ctx.clock.now()
        ids = suppressions.ids(session, SuppressionFilter(**wanted), Sort(sort), now)  # type: ignore[arg-type]
        return suppressions.rows(session, ids, now)


def test_put_on_and_taken_off(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    added = suppressions.add(ctx, "+86 139 1234 5678", ALL)
    row = next(row for row in _rows(ctx) if row.id == added)
    assert (row.phone, row.name, row.customer_id, row.in_force) == ("139****5678", "李四", village["李四"], True)
    with pytest.raises(SuppressionRefused, match="on the list already"):
        suppressions.add(ctx, "13912345678", ALL)
    with pytest.raises(SuppressionRefused, match="why"):
        suppressions.end(ctx, added, " ")
    suppressions.end(ctx, added, "客户书面要求恢复")
    assert added not in [row.id for row in _rows(ctx)]
    assert added in [row.id for row in _rows(ctx, ended=True)]
    with pytest.raises(SuppressionRefused, match="ended already"):
        suppressions.end(ctx, added, "again")
    clock.advance(timedelta(hours=1))
    assert suppressions.add(ctx, "13912345678", ALL) == added  # the same row counts anew
    with ctx.database.read() as session:
        entries = session.execute(select(AuditEntry.action, AuditEntry.subject, AuditEntry.detail)).all()
    assert [action for action, _, _ in entries] == ["suppression.add", "suppression.end", "suppression.add"]
    assert {subject for _, subject, _ in entries} == {f"suppression:{added}"}
    assert not any("13912345678" in detail for _, _, detail in entries)


def test_only_some_end_the_word_of_head_office(ctx: Context, supervisor_ctx: Context, admin_ctx: Context) -> None:
    theirs = [
        suppressions.add(ctx, "13912345678", Entry(scope="all", issuer=issuer, reason="名单"))
        for issuer in (Issuer.HEAD_OFFICE, Issuer.REGULATOR)
    ]
    for each in theirs:
        with pytest.raises(NotPermitted):
            suppressions.end(ctx, each, "x")
    assert len(_rows(ctx)) == 2
    suppressions.end(supervisor_ctx, theirs[0], "总行来函")
    suppressions.end(admin_ctx, theirs[1], "监管来函")
    assert _rows(ctx) == []
    assert suppressions.may_end(ctx, "branch")
    assert not suppressions.may_end(ctx, "regulator")
    assert suppressions.may_end(supervisor_ctx, "regulator")


def test_a_customers_number_goes_on_without_being_known(ctx: Context, village: dict[str, int]) -> None:
    added = suppressions.add_customer(ctx, village["李四"], ALL)
    with ctx.database.read() as session:
        assert session.get_one(Suppression, added).phone == "13912345678"
        assert [row.id for row in suppressions.of_customer(session, village["李四"], ctx.clock.now())] == [added]


def test_what_cannot_stand(ctx: Context, clock: FixedClock) -> None:
    for cell, entry in (
        ("123", ALL),
        ("", ALL),
        ("13912345678", Entry(scope="all", issuer=Issuer.BRANCH, reason="")),
        ("13912345678", Entry(scope="all", issuer=Issuer.BRANCH, reason="x", until=clock.now())),
    ):
        with pytest.raises(SuppressionRefused):
            suppressions.add(ctx, cell, entry)
    assert _rows(ctx, ended=True) == []


def test_finding_filtering_and_order(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    clock.advance(timedelta(days=1))
    until = clock.now() + timedelta(days=30)
    late = suppressions.add(ctx, "13700001111", Entry(scope="care", issuer=Issuer.HEAD_OFFICE, reason="x", until=until))
    (first, second) = _rows(ctx)
    assert (first.id, second.name) == (late, "张三")
    assert [row.id for row in _rows(ctx, "created")] == [second.id, late]
    assert [row.id for row in _rows(ctx, text="1111")] == [late]
    assert [row.id for row in _rows(ctx, text="张三")] == [second.id]
    assert [row.id for row in _rows(ctx, scope="care")] == [late]
    assert [row.id for row in _rows(ctx, issuer="head_office")] == [late]
    assert [row.id for row in _rows(ctx, "scope")] == [late, second.id]
    clock.advance(timedelta(days=31))
    assert [row.id for row in _rows(ctx)] == [second.id]


def test_a_file_of_numbers(ctx: Context, village: dict[str, int]) -> None:
    rows: list[list[object]] = [["甲", "139 1234 5678"], ["乙", 13700001111.0], ["丙", "12"], ["丁", ""]]
    rows += [["戊", "13700001111"]]
    rows += [[str(n), f"136{n:08d}"] for n in range(700)]
    place = suppressions.phone_column(["姓名", "手机号"], rows)
    assert place == 1
    told: list[tuple[int, int]] = []
    cells = [(number, row[place]) for number, row in enumerate(rows, 2)]
    taken = suppressions.take_file(ctx, cells, ALL, "名单.xlsx", lambda done, total: told.append((done, total)))
    assert (taken.added, taken.known, taken.refused_count) == (702, 0, 1)
    assert [(row, cell) for row, cell, _ in taken.refused] == [(4, "12")]
    assert told == [(500, 702), (702, 702)]
    again = suppressions.take_file(ctx, cells, ALL, "名单.xlsx")
    assert (again.added, again.known) == (0, 702)
    assert suppressions.phone_column(["a", "b"], [["x", "y"]]) is None
    assert suppressions.phone_column([], []) is None


def test_no_right_no_list(ctx: Context) -> None:
    nobody = replace(ctx, actor=replace(ctx.actor, permissions=frozenset()))
    with pytest.raises(NotPermitted):
        suppressions.add(nobody, "13912345678", ALL)
    with pytest.raises(NotPermitted):
        suppressions.take_file(nobody, [(1, "13912345678")], ALL, "x")


def test_who_sees_no_customers_learns_of_none(
    ctx: Context, admin_ctx: Context, village: dict[str, int], tmp_path: Path
) -> None:
    def seen(who: Context, **wanted: object) -> list[str]:
        with who.database.read() as session:
            ids = suppressions.listed_ids(who, session, SuppressionFilter(**wanted), Sort(""))  # type: ignore[arg-type]
            return [row.name for row in suppressions.listed_rows(who, session, ids)]

    assert seen(ctx) == seen(ctx, text="张三") == ["张三"]
    assert seen(admin_ctx) == seen(admin_ctx, text="8000") == [""]
    assert seen(admin_ctx, text="张三") == []
    written = export_suppressions(
        admin_ctx, SuppressionFilter(), Sort(""), tmp_path / "a.xlsx", lambda _done, _all: None
    )
    assert written == 1
    page = load_workbook(tmp_path / "a.xlsx").worksheets[0]
    cells = [str(cell) for row in page.iter_rows(values_only=True) for cell in row]
    assert "138****8000" in cells
    assert not any("13800138000" in cell or "张三" in cell for cell in cells)
