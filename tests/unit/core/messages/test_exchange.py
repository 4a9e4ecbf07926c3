from __future__ import annotations

import csv
from pathlib import Path

import pytest
import python_calamine as calamine

from console.core.clock import Clock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.listing import Sort
from console.core.messages import exchange, library
from console.core.messages.exchange import Effect

BODY = "${name}您好,您的${prod}应还${amt}元,咨询${tel}。"


def silent(done: int, total: int) -> None:
    pass


def table(path: Path, *rows: tuple[str, ...]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def exported(ctx: Context, path: Path) -> Path:
    exchange.export_templates(ctx, library.TemplateFilter(), Sort("class"), path)
    return path


@pytest.fixture
def shipped(ctx: Context, clock: Clock) -> Context:
    with ctx.database.begin() as session:
        library.ship_templates(session, clock)
    return ctx


def test_what_went_out_comes_back_unchanged(shipped: Context, tmp_path: Path) -> None:
    incoming = exchange.read_templates(shipped, exported(shipped, tmp_path / "t.xlsx"))
    assert [each.effect for each in incoming] == [Effect.SAME] * 43
    assert exchange.take_templates(shipped, incoming, silent) == 0


def test_a_formula_stays_a_text(ctx: Context, tmp_path: Path) -> None:
    library.save_template(ctx, name='=HYPERLINK("x")', class_key="remind", body="=1+1" + BODY)
    path = exported(ctx, tmp_path / "t.xlsx")
    rows = calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert rows[-1][1] == '=HYPERLINK("x")'
    assert rows[-1][3] == "=1+1" + BODY


def test_new_and_changed_rows_become_drafts(shipped: Context, tmp_path: Path) -> None:
    with shipped.database.read() as session:
        known = library.active_versions(session, "remind")[0]
    path = table(
        tmp_path / "t.csv",
        ("模板名称", "类别", "正文"),
        ("年末提醒", "remind", BODY),
        (known.name, "remind", known.body + "谢谢"),
        ("", "remind", BODY),
        ("没有类别", "别的", BODY),
        ("没有正文", "remind", ""),
    )
    incoming = exchange.read_templates(shipped, path)
    assert [each.effect for each in incoming] == [
        Effect.NEW,
        Effect.CHANGED,
        Effect.UNUSABLE,
        Effect.UNUSABLE,
        Effect.UNUSABLE,
    ]
    assert exchange.take_templates(shipped, incoming, silent) == 2
    with shipped.database.read() as session:
        drafts = library.template_rows(session, library.template_ids(session, library.TemplateFilter(state="draft")))
        assert {row.name for row in drafts} == {"年末提醒", known.name}
        assert library.active_versions(session, "remind")[0].body == known.body  # in force as before


def test_a_template_that_changed_meanwhile_is_not_overwritten(shipped: Context, tmp_path: Path) -> None:
    with shipped.database.read() as session:
        known = library.active_versions(session, "remind")[0]
    path = table(tmp_path / "t.csv", ("名称", "类别", "正文"), (known.name, "remind", BODY))
    incoming = exchange.read_templates(shipped, path)
    library.save_template(
        shipped, template_id=known.template_id, name=known.name, class_key="remind", body=known.body + "一"
    )
    with pytest.raises(library.TemplateChanged):
        exchange.take_templates(shipped, incoming, silent)


def test_another_table_is_told_so(ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(exchange.NoTemplates):
        exchange.read_templates(ctx, table(tmp_path / "t.csv", ("客户号", "姓名"), ("1", "李强")))


def test_rights(ctx: Context, supervisor_ctx: Context, admin_ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        exchange.read_templates(supervisor_ctx, tmp_path / "t.csv")
    with pytest.raises(NotPermitted):
        exported(admin_ctx, tmp_path / "t.xlsx")
