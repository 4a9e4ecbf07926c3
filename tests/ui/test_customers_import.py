"""The import on one page: file, columns, check, import, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.qtbot import QtBot
from sqlalchemy import func, select

from console.core.context import Context
from console.core.customers import importing as core
from console.core.customers import preparing
from console.core.customers.importing import ImportResult
from console.core.customers.problems import Policy
from console.screens.customers.importpage import ImportPage
from console.screens.customers.screen import CustomersPage
from console.shell.notices import Notice
from console.shell.services import Services
from db.models import AuditEntry, Customer, ImportBatch, Loan, StagedRow

HEADER: list[object] = ["客户号", "姓名", "手机号码", "备注列", "贷款编号", "应还金额"]
ROWS: list[list[object]] = [
    ["C1", "张三", "13800138000", "浦东", "L1", "3,256.80"],
    ["C2", "李四", "1380013", "徐汇", "L2", 100],
    ["C3", "王五", 13700137000, "浦东", "L3", 200],
    ["C1", "张三", "13800138000", "浦东", "L1", "3,256.80"],
]
Settle = Callable[[], None]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def save(*rows: list[object], name: str = "名单.xlsx") -> Path:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("名单")
        for row in rows:
            sheet.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return save


@pytest.fixture
def page(qtbot: QtBot, services: Services, settle: Settle) -> Iterator[CustomersPage]:
    made = CustomersPage(services)
    qtbot.addWidget(made)
    made.resize(1400, 900)
    made.show()
    yield made
    settle()


def opened(page: CustomersPage, qtbot: QtBot, path: Path, settle: Settle) -> ImportPage:
    page.arrive(file=path)
    importing = page._import
    assert importing is not None
    settle()
    if importing._opened is not None and not importing.columns.problem.text():
        qtbot.waitUntil(lambda: importing._checked is not None)
        settle()
        if importing._checked is not None and importing._checked.valid:
            qtbot.waitUntil(lambda: importing._outlook is not None)
    settle()
    return importing


def figures(importing: ImportPage) -> list[str]:
    return [found.text() for found in importing.check.findChildren(QLabel) if found.property("look") == "figure"]


def customers(ctx: Context) -> int:
    with ctx.database.read() as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


def test_from_the_file_to_the_list(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context, services: Services
) -> None:
    importing = opened(page, qtbot, make(["客户清单"], HEADER, *ROWS), settle)
    assert importing.file.name.text() == "名单.xlsx"
    assert importing.columns.header_row.value() == 2
    assert importing.columns.mapping() == ("number", "name", "phone", "", "loan_number", "amount_due")
    assert [bad.row for bad in importing.check.bad] == [4, 6]
    assert importing.decision.start.text() == "Import 2 rows"
    qtbot.mouseClick(importing.decision.start, Qt.MouseButton.LeftButton)
    settle()
    assert customers(ctx) == 2
    shown = [found.text() for found in importing.result.findChildren(QLabel)]
    assert "The import is complete" in shown
    assert "2 customers stood in the file; 2 of them are new." in shown
    went: list[tuple[str, object]] = []
    services.navigated.connect(lambda key, arguments: went.append((key, arguments)))
    qtbot.mouseClick(importing.result.campaign, Qt.MouseButton.LeftButton)
    with ctx.database.read() as session:
        import_id = session.scalars(select(ImportBatch.id)).one()
    assert went == [("campaigns", {"import_id": import_id})]
    qtbot.mouseClick(importing.result.show_these, Qt.MouseButton.LeftButton)
    settle()
    assert len(page.table) == 2
    assert page._narrowed.text() == "Only the customers of 名单.xlsx"


def test_a_column_is_corrected_and_the_choice_is_kept(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context
) -> None:
    path = make(HEADER, *ROWS)
    importing = opened(page, qtbot, path, settle)
    box = importing.columns.boxes[3]
    box.setCurrentIndex(box.findData("region"))
    box.activated.emit(box.currentIndex())
    assert importing._checked is None
    assert not importing.decision.start.isEnabled()
    qtbot.waitUntil(lambda: importing._outlook is not None)
    settle()
    importing.start_import()
    settle()
    with ctx.database.read() as session:
        assert set(session.scalars(select(Customer.region))) == {"浦东"}
    importing = opened(page, qtbot, path, settle)
    assert importing.columns.mapping()[3] == "region"


def test_a_field_stands_once(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle) -> None:
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    box = importing.columns.boxes[3]
    box.setCurrentIndex(box.findData("name"))
    box.activated.emit(box.currentIndex())
    assert importing.columns.mapping()[1] == ""
    settle()


def test_loan_columns_without_the_loan_number(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle) -> None:
    rows: list[list[object]] = [["张三", "13800138000", 12.5]]
    importing = opened(page, qtbot, make(["姓名", "手机号", "应还金额"], *rows), settle)
    assert "need the loan number" in importing.columns.problem.text()
    assert not importing.decision.start.isEnabled()
    qtbot.mouseClick(importing.columns.drop_loans, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: importing._checked is not None)
    settle()
    assert importing.columns.mapping() == ("name", "phone", "")
    assert importing.decision.start.text() == "Import 1 row"


def test_another_header_row(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle) -> None:
    importing = opened(page, qtbot, make(["x"], HEADER, *ROWS), settle)
    importing.columns.header_row.setValue(0)
    importing.columns.header_row.editingFinished.emit()
    settle()
    assert importing._opened is not None
    assert importing._opened.sheet.header_row == 0
    assert len(importing._opened.sheet.rows) == 6


def test_the_error_workbook(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, tmp_path: Path, notices: list[Notice]
) -> None:
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    importing.save_errors(tmp_path / "改.xlsx")
    settle()
    assert notices[-1].text == "2 rows were saved to 改.xlsx."
    book = load_workbook(tmp_path / "改.xlsx")
    assert book.active is not None
    assert "7 digits" in str(book.active["G2"].value)
    book.active["C2"] = "13900139000"
    book.active.delete_rows(3)
    book.save(tmp_path / "改.xlsx")
    importing.start_import()
    settle()
    importing = opened(page, qtbot, tmp_path / "改.xlsx", settle)
    assert importing.decision.start.text() == "Import 1 row"
    assert not importing.check.table.isVisible()
    assert importing.outlook.source.text() == "名单"
    assert "they complete the file of" in importing.outlook.against.text()
    assert not importing.outlook.retire.isVisible()  # nobody is gone
    importing.start_import()
    settle()
    assert "corrected rows of the file before" in importing.log.about.text()


def test_a_file_that_cannot_be_read_says_why(page: CustomersPage, qtbot: QtBot, tmp_path: Path, settle: Settle) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"%PDF-1.7")
    importing = opened(page, qtbot, tmp_path / "a.xlsx", settle)
    assert "no table" in importing.file.trouble.text()
    assert importing.file.trouble.isVisible()
    assert not importing.columns.isVisible()
    assert not importing.decision.start.isEnabled()


def staged(ctx: Context) -> int:
    with ctx.database.read() as session:
        return session.scalar(select(func.count()).select_from(StagedRow)) or 0


@pytest.mark.parametrize(("at_once", "stay"), [(1000, 0), (0, 2)])  # a very large file stays staged while it is shown
def test_what_was_only_looked_at_leaves_nothing(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context, monkeypatch: pytest.MonkeyPatch,
    at_once: int, stay: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(preparing, "AT_ONCE", at_once)
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    assert staged(ctx) == stay
    box = importing.columns.boxes[3]
    box.setCurrentIndex(box.findData("region"))
    box.activated.emit(box.currentIndex())
    assert not importing.decision.start.isEnabled()
    qtbot.waitUntil(lambda: importing._outlook is not None)
    settle()
    assert staged(ctx) == stay  # those of the new columns
    importing.start_over()
    settle()
    assert staged(ctx) == 0
    assert customers(ctx) == 0


def choose(box: QComboBox, data: object) -> None:
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())


def shown(importing: ImportPage) -> list[tuple[int, str, str]]:
    records = importing.outlook.table.records
    found = [row for at in range(len(records.ids)) if (row := records.record(at))]
    return [(row.row, row.mark.value, importing.outlook._what(row)) for row in found]


def test_what_will_happen_to_each_row(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle) -> None:
    opened(page, qtbot, make(HEADER, ROWS[0], name="名单20261120.xlsx"), settle).start_import()
    settle()
    rows: list[list[object]] = [["C1", "张三", "13800138000", "x", "L1", 99], *ROWS[1:3], ROWS[2]]
    importing = opened(page, qtbot, make(HEADER, *rows, name="名单20261121.xlsx"), settle)
    assert importing.outlook.source.text() == "名单"
    assert "1 new, 1 changed, 0 as before, 0 paid since, 0 gone" in importing.outlook.against.text()
    assert importing.outlook.fields.text() == "Fields that change: Amount due 1"
    assert shown(importing) == [
        (2, "changed", "Amount due 3,256.80 → 99.00"),
        (3, "bad", "Mobile number: “1380013” has 7 digits instead of 11"),
        (4, "new", "a new customer with a loan"),
        (5, "repeated", "says the same as row 4"),
    ]
    lists = [importing.outlook.view.itemText(at) for at in range(importing.outlook.view.count())]
    assert lists == [
        "The first rows (4)",
        "New (1)",
        "Changes (1)",
        "Not imported (1)",
        "New since the file before (1)",
    ]
    importing.outlook.source.setText("别人")
    importing.outlook.source.editingFinished.emit()
    settle()
    assert "Nothing came from this sender" in importing.outlook.against.text()


def test_row_by_row(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context) -> None:
    opened(page, qtbot, make(HEADER, ROWS[0], ROWS[2]), settle).start_import()
    settle()
    changed: list[list[object]] = [[*ROWS[0][:5], 1], [*ROWS[2][:5], 2]]
    importing = opened(page, qtbot, make(HEADER, *changed), settle)
    choose(importing.outlook.known, Policy.ASK)
    settle()
    assert importing.outlook.undecided.text() == "2 rows to decide on"
    assert not importing.decision.start.isEnabled()
    importing.outlook.table.select_id(0)
    qtbot.mouseClick(importing.outlook.keep, Qt.MouseButton.LeftButton)
    settle()
    assert shown(importing)[0][2] == "stays as it is stored"
    importing.outlook.table.clearSelection()
    importing.outlook.table.select_id(1)
    qtbot.mouseClick(importing.outlook.take, Qt.MouseButton.LeftButton)
    settle()
    assert importing.decision.start.isEnabled()
    importing.start_import()
    settle()
    with ctx.database.read() as session:
        assert list(session.scalars(select(Loan.amount_due).order_by(Loan.number))) == [Decimal("3256.80"), 2]


def test_the_preview_says_what_the_policy_leaves_alone(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context
) -> None:
    opened(page, qtbot, make(HEADER, ROWS[0], ROWS[2]), settle).start_import()
    settle()
    importing = opened(page, qtbot, make(HEADER, [*ROWS[0][:5], 1], ROWS[2]), settle)
    outlook = importing.outlook
    row = outlook.table.records.record(0)
    assert row is not None
    assert (outlook._mark(row), outlook._what(row)) == ("Changes", "Amount due 3,256.80 → 1.00")
    choose(outlook.known, Policy.KEEP)
    assert (outlook._mark(row), outlook._what(row)) == ("What is stored counts", "stays as it is stored")
    choose(outlook.known, Policy.ASK)
    settle()
    outlook.table.select_id(0)
    qtbot.mouseClick(outlook.take, Qt.MouseButton.LeftButton)
    settle()
    assert outlook._mark(row) == "The file counts"
    importing.start_import()
    settle()
    with ctx.database.read() as session:
        assert session.scalars(select(Loan.amount_due).where(Loan.number == "L1")).one() == 1


def test_a_stated_total_that_is_no_number_is_no_control(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle
) -> None:
    importing = opened(page, qtbot, make(HEADER, ROWS[0], ROWS[2]), settle)
    assert importing.decision.start.isEnabled()
    field = importing.outlook.inputs["amount_due"]
    field.setText("3456,8o")
    field.editingFinished.emit()
    assert not importing.decision.start.isEnabled()
    assert "not a number" in importing.decision.why_not.text()
    assert any(found.text() == "not a number" for found in importing.outlook.findChildren(QLabel))
    field.clear()
    field.editingFinished.emit()
    assert importing.decision.start.isEnabled()


def test_what_comes_of_it_is_always_in_sight(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle) -> None:
    page.resize(1200, 640)
    page.open_import()
    importing = page._import
    assert importing is not None
    assert importing.focusWidget() is importing.file.choose
    assert not importing.decision.isVisible()
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    assert importing.decision.summary.text() == "2 new, 0 changed, 0 as stored; 1 row is not imported"
    start = importing.decision.start
    assert importing.area.verticalScrollBar().value() == 0
    assert page.rect().contains(start.mapTo(page, start.rect().bottomRight()))
    qtbot.mouseClick(start, Qt.MouseButton.LeftButton)
    settle()
    assert not importing.decision.isVisible()
    assert importing.result.errors.isVisible()
    qtbot.waitUntil(lambda: importing.focusWidget() is importing.result.show_these)


def test_cancelled_before_it_is_decided(
    page: CustomersPage,
    qtbot: QtBot,
    make: Make,
    settle: Settle,
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pressed, commit = Event(), core.commit

    def after_the_button(*args: Any, **options: Any) -> ImportResult:
        pressed.wait()
        return commit(*args, **options)

    monkeypatch.setattr(core, "commit", after_the_button)
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    qtbot.mouseClick(importing.decision.start, Qt.MouseButton.LeftButton)
    assert not importing.decision.start.isEnabled()
    qtbot.mouseClick(importing.decision.cancel, Qt.MouseButton.LeftButton)
    assert not importing.decision.cancel.isEnabled()
    pressed.set()
    settle()
    assert customers(ctx) == 0
    assert importing.decision.words.text() == "The import was cancelled. Nothing was changed."
    assert importing.focusWidget() is importing.decision.start
    assert importing.file.isEnabled()
    qtbot.mouseClick(importing.decision.start, Qt.MouseButton.LeftButton)
    settle()
    assert customers(ctx) == 2


def test_cancelled_too_late_it_is_told_that_it_is_decided(
    page: CustomersPage,
    qtbot: QtBot,
    make: Make,
    settle: Settle,
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", 0)  # a large one, or beside lines that send
    seen: list[tuple[bool, str]] = []
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    commit = core.commit

    def with_a_late_button(ctx: Context, given: Any, progress: Any, told: Any, *, choices: Any) -> ImportResult:
        def late(done: int, total: int) -> None:
            told(done, total)
            assert importing._importing is not None
            importing._importing.cancel()

        return commit(ctx, given, progress, late, choices=choices)

    monkeypatch.setattr(core, "commit", with_a_late_button)
    importing.start_import()
    assert importing._importing is not None
    importing._importing.changed.connect(
        lambda: seen.append((importing.decision.cancel.isVisible(), importing.decision.words.text()))
    )
    settle()
    assert customers(ctx) == 2
    assert not seen[-1][0]
    assert "It is decided" in seen[-1][1]
    assert importing.result.isVisible()


def test_reading_that_was_cancelled_says_how_to_go_on(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle
) -> None:
    page.arrive(file=make(HEADER, *ROWS))
    importing = page._import
    assert importing is not None
    assert importing._reading is not None
    importing._reading.cancel()
    settle()
    assert "Choose the file again" in importing.decision.summary.text()
    assert not importing.decision.start.isEnabled()


def test_the_log_goes_to_the_newest(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle) -> None:
    for name in ("一.xlsx", "二.xlsx"):
        importing = opened(page, qtbot, make(HEADER, *ROWS, name=name), settle)
        importing.start_import()
        settle()
        found = importing.log.table.current_row()
        assert found is not None
        assert found.file_name == name
        assert importing.log.table.selected_count() == 1


def test_totals_that_differ_have_to_be_confirmed(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context
) -> None:
    total: list[object] = ["合计", "共3户", "", "", "", 3500]
    importing = opened(page, qtbot, make(HEADER, ROWS[0], ROWS[2], total), settle)
    assert importing.outlook.confirm.isVisible()
    assert "The totals differ" in importing.decision.why_not.text()
    assert not importing.decision.start.isEnabled()
    for key, stated in (("rows", "2"), ("amount_due", "3,456.80")):
        importing.outlook.inputs[key].setText(stated)
        importing.outlook.inputs[key].editingFinished.emit()
    assert not importing.outlook.confirm.isVisible()
    assert importing.decision.start.isEnabled()
    importing.outlook.inputs["rows"].setText("4")
    importing.outlook.inputs["rows"].editingFinished.emit()
    assert not importing.decision.start.isEnabled()
    importing.outlook.confirm.setChecked(True)
    importing.start_import()
    settle()
    with ctx.database.read() as session:
        batch = session.scalars(select(ImportBatch)).one()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "customer.import")).one()
    assert batch.control["rows"] == {"found": 2, "stated": 4}
    assert batch.control["confirmed"] is True
    assert "totals_confirmed" in entry.detail


def test_undone_from_the_log(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context, tmp_path: Path, notices: list[Notice]
) -> None:
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    importing.start_import()
    settle()
    log = importing.log
    assert len(log.table) == 1
    log.table.select_id(log.table.records.ids[0])
    found = log.table.current_row()
    assert found is not None
    assert "2 added, 0 updated, 0 unchanged, 1 invalid" in log.about.text()
    assert log.errors.isEnabled()
    log.save_errors(found, tmp_path / "again.xlsx")
    settle()
    again = load_workbook(tmp_path / "again.xlsx").active
    assert again is not None
    assert "7 digits" in str(again["G2"].value)
    log.take_back(found)
    assert not log.undo.isEnabled()  # not twice
    settle()
    assert customers(ctx) == 0
    assert notices[-1].text == "The import of 名单.xlsx was undone."
    assert not importing.result.isVisible()  # nobody makes a campaign for those who are gone again
    qtbot.waitUntil(importing.decision.start.isEnabled)
    assert not log.undo.isEnabled()
    assert "undone by" in log.about.text()
    log.take_back(found)
    settle()
    assert "undone already" in notices[-1].text


def test_leaving_while_it_runs_lets_it_run(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context, notices: list[Notice]
) -> None:
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    importing.start_import()
    assert page.step_back()
    page.arrive(file=make(HEADER, *ROWS, name="zwei.xlsx"))  # a second one has to wait
    assert "is running" in notices[0].text
    page.close_import()
    settle()
    assert customers(ctx) == 2
    assert notices[-1].text == "Imported: 2 added, 0 updated."
    assert len(page.table) == 2


def test_a_changed_database_is_told(
    page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle, ctx: Context
) -> None:
    opened(page, qtbot, make(HEADER, *ROWS), settle).start_import()
    settle()
    header: list[object] = ["客户号", "姓名", "手机号码", "贷款编号"]
    importing = opened(
        page, qtbot, make(header, ["C9", "赵六", "13600136000", "L1"], ["C8", "孙七", "13600136001", "L8"]), settle
    )
    importing.start_import()
    settle()
    assert [bad.row for bad in importing.check.bad] == [2]
    assert importing.check.table.isVisible()
    assert figures(importing) == ["1", "1"]


def test_names_for_those_who_do_not_see(page: CustomersPage, qtbot: QtBot, make: Make, settle: Settle) -> None:
    importing = opened(page, qtbot, make(HEADER, *ROWS), settle)
    assert all(box.accessibleName() for box in importing.columns.boxes)
    assert importing.check.table.accessibleName()
