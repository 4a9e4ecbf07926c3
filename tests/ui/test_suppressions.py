"""The page of the do-not-contact list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.customers import suppressions
from console.core.customers.suppressions import Entry, Issuer
from console.screens.suppressions.dialogs import AddDialog, EndDialog, FileDialog
from console.screens.suppressions.screen import SuppressionsPage
from console.shell.forms import FormDialog
from console.shell.notices import Notice
from console.shell.services import Services
from db.models import Customer

Settle = Callable[[], None]


@pytest.fixture
def page(qtbot: QtBot, services: Services, ctx: Context, settle: Settle) -> Iterator[SuppressionsPage]:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        person = {"pinyin": "lisi", "initials": "ls", "phone": "13912345678", "phone_tail": "5678"}
        session.add(Customer(number="C1", name="李四", created_at=now, updated_at=now, **person))
    suppressions.add(ctx, "13912345678", Entry(scope="marketing", issuer=Issuer.BRANCH, reason="退订"))
    suppressions.add(ctx, "13800001111", Entry(scope="all", issuer=Issuer.REGULATOR, reason="监管名单"))
    made = SuppressionsPage(services)
    qtbot.addWidget(made)
    made.resize(1200, 600)
    made.show()
    made.arrive()
    settle()
    yield made
    settle()


def phones(page: SuppressionsPage) -> list[str]:
    records = page.table.records
    return [str(records.data(records.index(row, 0))) for row in range(records.rowCount())]


def saved(kind: type[FormDialog], qtbot: QtBot, settle: Settle, **values: object) -> FormDialog:
    dialog = next(found for found in QApplication.topLevelWidgets() if isinstance(found, kind) and found.isVisible())
    dialog.form.set_values(values)
    qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    settle()
    return dialog


def test_found_filtered_and_shown(page: SuppressionsPage, qtmodeltester: ModelTester, settle: Settle) -> None:
    assert phones(page) == ["138****1111", "139****5678"]
    qtmodeltester.check(page.table.records)
    page.issuer.set_value("branch")
    page.issuer.chosen.emit("branch")
    settle()
    assert phones(page) == ["139****5678"]
    assert page.bar.search is not None
    page.bar.search.setText("1111")
    page._look()
    settle()
    assert phones(page) == []
    page.issuer.set_value("")
    page._look()
    settle()
    assert phones(page) == ["138****1111"]


def test_one_is_put_on_and_taken_off(page: SuppressionsPage, qtbot: QtBot, settle: Settle) -> None:
    assert page.bar.primary is not None
    qtbot.mouseClick(page.bar.primary, Qt.MouseButton.LeftButton)
    dialog = saved(AddDialog, qtbot, settle, phone="138", reason="要求")
    assert "11" in dialog.trouble.text()
    saved(AddDialog, qtbot, settle, phone="13700002222", reason="要求")
    page.refresh(None)
    settle()
    assert phones(page)[0] == "137****2222"
    page.table.selectRow(0)
    settle()
    qtbot.mouseClick(page.end, Qt.MouseButton.LeftButton)
    saved(EndDialog, qtbot, settle, reason="来函")
    page.refresh(None)
    settle()
    assert "137****2222" not in phones(page)
    qtbot.mouseClick(page.ended, Qt.MouseButton.LeftButton)
    settle()
    assert "137****2222" in phones(page)


def test_whose_word_it_is(
    page: SuppressionsPage,
    supervisor_ctx: Context,
    services_of: Callable[[Context], Services],
    qtbot: QtBot,
    settle: Settle,
) -> None:
    page.table.selectRow(0)
    settle()
    assert not page.end.isEnabled()
    assert "supervisor" in page.end.toolTip()
    services = services_of(supervisor_ctx)
    theirs = SuppressionsPage(services)
    qtbot.addWidget(theirs)
    theirs.show()
    theirs.arrive()
    qtbot.waitUntil(lambda: services.tasks.idle)
    theirs.table.selectRow(0)
    qtbot.waitUntil(theirs.end.isEnabled)


def test_the_customer_behind_a_number(page: SuppressionsPage, services: Services, qtbot: QtBot, settle: Settle) -> None:
    went: list[tuple[str, object]] = []
    services.navigated.connect(lambda key, arguments: went.append((key, arguments)))
    page.table.selectRow(0)
    settle()
    assert not page.customer.isEnabled()
    page.table.selectRow(1)
    settle()
    qtbot.mouseClick(page.customer, Qt.MouseButton.LeftButton)
    assert went == [("customers", {"customer_id": 1})]


def test_a_file_of_numbers(
    page: SuppressionsPage, tmp_path: Path, qtbot: QtBot, settle: Settle, notices: list[Notice]
) -> None:
    lines = ["姓名,手机号", "甲,13700002222", "乙,139 1234 5678", "丙,12"]
    (tmp_path / "名单.csv").write_text("\n".join(lines), "utf-8")
    page.open_file(tmp_path / "名单.csv")
    settle()
    dialog = saved(FileDialog, qtbot, settle, reason="")
    assert dialog.form._fields["reason"].error.text()
    saved(FileDialog, qtbot, settle, reason="总行名单", scope="marketing", issuer="branch")
    page.refresh(None)
    settle()
    assert phones(page)[0] == "137****2222"
    assert notices[-1].text == "1 number was put on the list. 1 was on it already. 1 row is no number."
    assert "row 4" in notices[-1].hint
    (tmp_path / "b.csv").write_text("姓名,城市\n甲,上海", "utf-8")
    page.open_file(tmp_path / "b.csv")
    settle()
    assert "No column" in notices[-1].text


def test_export(page: SuppressionsPage, tmp_path: Path, settle: Settle, notices: list[Notice]) -> None:
    page.export(tmp_path / "a.xlsx")
    settle()
    assert notices[-1].text == "2 entries were exported to a.xlsx."
