"""The list of customers and the customer beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.campaigns.audience import Audience, AudienceKind
from console.core.context import Context
from console.core.customers.browse import CustomerFilter, CustomerRow
from console.core.customers.bulk import NO, BulkField, Edit
from console.core.customers.pinyin import spelled
from console.core.customers.timeline import Kind
from console.core.events import Change, Topic
from console.core.i18n import T
from console.core.protection.requests import request_rows
from console.screens.customers import many
from console.screens.customers.bulkdialog import BulkDialog
from console.screens.customers.reveal import RevealDialog
from console.screens.customers.screen import CustomersPage
from console.shell.asking import AskFullNumbersDialog
from console.shell.notices import Notice
from console.shell.services import Services
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    Consent,
    Customer,
    ImportBatch,
    ImportedCustomer,
    ImportState,
    Loan,
    LoanState,
    Message,
    MessageState,
)

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PEOPLE = [
    ("C001", "张三", "13800138000", "浦东", "城东支行", "A"),
    ("C002", "李四", "13912345678", "徐汇", "城西支行", "B"),
    ("C003", "王小明", "15000001234", "浦东", "城东支行", "A"),
]
Settle = Callable[[], None]


@pytest.fixture
def village(ctx: Context) -> dict[str, int]:
    with ctx.database.begin() as session:
        people = []
        for number, name, phone, region, branch, rating in PEOPLE:
            pinyin, initials = spelled(name)
            people.append(
                Customer(
                    number=number, name=name, pinyin=pinyin, initials=initials, phone=phone, phone_tail=phone[-4:],
                    region=region, branch=branch, rating=rating, title="先生", created_at=AT, updated_at=AT,
                )
            )  # fmt: skip
        session.add_all(people)
        session.flush()
        ids = {person.name: person.id for person in people}
        loan = Loan(
            customer_id=ids["张三"], number="L9001", product="房贷", state=LoanState.OVERDUE, due_on=date(2026, 11, 10),
            amount_due=Decimal("3256.80"), rate=Decimal("3.05"), updated_at=AT,
        )  # fmt: skip
        batch = Batch(
            kind=BatchKind.TEST, class_key="overdue_early", state=BatchState.OPEN,
            created_by=ctx.actor.user_id, created_at=AT,
        )  # fmt: skip
        file = ImportBatch(
            file_name="名单.xlsx", file_digest="0", sheet="", mapping={}, state=ImportState.DONE,
            created_by=ctx.actor.user_id, created_at=AT,
        )  # fmt: skip
        session.add_all([loan, batch, file])
        session.flush()
        session.add(
            Message(
                batch_id=batch.id, customer_id=ids["张三"], phone="13800138000", recipient="13800138000",
                body="【示例银行】张先生您好", parts=1, digest="0", state=MessageState.UNDELIVERED,
                reason="tp.43", reason_text=T("The number does not exist.").dump(), created_at=AT,
            )
        )  # fmt: skip
        session.add(Consent(customer_id=ids["张三"], purpose="marketing", granted=False, source="counter", at=AT))
        session.add(ImportedCustomer(import_id=file.id, customer_id=ids["王小明"]))
        ids["import"] = file.id
    return ids


@pytest.fixture
def page(qtbot: QtBot, services: Services, settle: Settle) -> Iterator[CustomersPage]:
    made = CustomersPage(services)
    qtbot.addWidget(made)
    made.resize(1400, 800)
    made.show()
    made.arrive()
    settle()
    yield made
    settle()


def names(page: CustomersPage) -> list[str]:
    records = page.table.records
    return [str(records.data(records.index(row, 0))) for row in range(records.rowCount())]


def texts(page: CustomersPage) -> list[str]:
    return [found.text() for found in page.detail.findChildren(QLabel) if found.text()]


def test_an_empty_base_offers_the_import(page: CustomersPage, qtbot: QtBot) -> None:
    assert any("dropped anywhere" in found.text() for found in page.table.findChildren(QLabel))
    qtbot.mouseClick(page.table._empty.button, Qt.MouseButton.LeftButton)
    assert page._import is not None
    assert page._import.isVisible()
    assert page.step_back()
    assert page.table.isVisible()


def test_the_list(village: dict[str, int], page: CustomersPage, qtmodeltester: ModelTester) -> None:
    assert names(page) == ["李四", "王小明", "张三"]
    assert page._counted.text() == "3 customers"
    qtmodeltester.check(page.table.records)
    row = [str(page.table.records.data(page.table.records.index(2, column))) for column in range(7)]
    assert row == ["张三", "138****8000", "城东支行", "A", "房贷", "2026-11-10", "3,256.80"]


def test_search_as_typed(village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle) -> None:
    assert page.bar.search is not None
    qtbot.keyClicks(page.bar.search, "wxm")
    qtbot.waitUntil(lambda: names(page) == ["王小明"])
    page.bar.search.setText("没有")
    qtbot.waitUntil(lambda: names(page) == [])
    assert any("No customer fits" in found.text() for found in page.table.findChildren(QLabel))
    qtbot.keyClick(page.bar.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(names(page)) == 3)


def test_from_the_search_to_the_customer_by_keyboard(
    village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle
) -> None:
    search = page.bar.search
    assert search is not None
    search.setFocus()
    qtbot.keyClicks(search, "zs")
    qtbot.waitUntil(lambda: names(page) == ["张三"])
    settle()
    assert page.detail._title.text().startswith("张三")  # the only one who fits
    assert page.focusWidget() is search
    search.clear()
    qtbot.waitUntil(lambda: len(names(page)) == 3)
    settle()
    assert page.table.selected_ids() == [village["张三"]]  # and nobody else
    page.table.clearSelection()
    qtbot.keyClick(search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.focusWidget() is page.table)
    settle()
    assert page.table.selected_count() == 1
    assert page.detail._title.text().startswith("张三")  # who was looked at before
    page.table.clearSelection()
    search.setFocus()
    qtbot.keyClick(search, Qt.Key.Key_Down)
    assert page.focusWidget() is page.table
    assert page.table.selected_count() == 1
    settle()
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert page.focusWidget() is page.detail.call
    assert page.step_back()  # Esc
    assert page.focusWidget() is page.table
    assert not page.step_back()


def test_filters(village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle) -> None:
    page.loan_state.set_value("overdue")
    page.loan_state.chosen.emit("overdue")
    settle()
    assert names(page) == ["张三"]
    page.loan_state.set_value("")
    qtbot.mouseClick(page.more, Qt.MouseButton.LeftButton)
    region = page.filters.region
    assert {region.itemText(place) for place in range(region.count())} == {"Region: all", "徐汇", "浦东"}
    region.set_value("浦东")
    region.chosen.emit("浦东")
    settle()
    assert names(page) == ["王小明", "张三"]
    page.filters.overdue_min.setFocus()
    qtbot.keyClicks(page.filters.overdue_min, "10")
    qtbot.keyClick(page.filters.overdue_min, Qt.Key.Key_Return)
    settle()
    assert names(page) == ["张三"]
    qtbot.keyClicks(page.filters.due_from, "2026/12")
    qtbot.keyClick(page.filters.due_from, Qt.Key.Key_Return)
    settle()
    assert page.filters.due_from.property("wrong")
    assert names(page) == ["张三"]
    qtbot.mouseClick(page.more, Qt.MouseButton.LeftButton)  # closing the bar drops its conditions
    settle()
    assert len(names(page)) == 3


def test_sorting_and_copy(village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle) -> None:
    page.table._sort_by(3)
    settle()
    assert names(page) == ["张三", "王小明", "李四"]
    page.table.setFocus()
    page.table.selectAll()
    assert "3 selected" in page._counted.text()
    assert any(found.text() == "3 customers are selected." for found in page.detail.findChildren(QLabel))
    qtbot.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    settle()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Name\tMobile number")
    assert lines[1].startswith("张三\t138****8000\t城东支行")
    assert len(lines) == 4


def test_details(village: dict[str, int], page: CustomersPage, settle: Settle) -> None:
    page.arrive(customer_id=village["张三"])
    settle()
    shown = texts(page)
    assert "张三 先生" in shown
    assert page.detail.phone.text() == "138****8000"
    assert {"3,256.80 yuan", "2026-11-10, 13 days overdue", "3.05%", "L9001"} <= set(shown)
    assert "【示例银行】张先生您好" in shown
    assert "The number does not exist." in shown
    assert "Marketing" in shown
    assert not any("13800138000" in text for text in shown)


def test_a_full_number_asks_for_a_reason(
    village: dict[str, int], page: CustomersPage, ctx: Context, qtbot: QtBot, settle: Settle
) -> None:
    page.arrive(customer_id=village["张三"])
    settle()
    qtbot.mouseClick(page.detail.eye, Qt.MouseButton.LeftButton)
    dialog = next(found for found in QApplication.topLevelWidgets() if isinstance(found, RevealDialog))
    qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()  # no reason, no number
    dialog.form.set_values({"reason": "回访"})
    qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    settle()
    assert page.detail.phone.text() == "138 0013 8000"
    with ctx.database.read() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["customer.reveal_phone"]
    assert page.detail.history.entries[0].kind is Kind.LOOK  # at once, for whoever looks after them
    page.detail.reload()
    settle()
    assert page.detail.phone.text() == "138 0013 8000"  # a refresh does not take it away
    page.detail._timer.timeout.emit()
    assert page.detail.phone.text() == "138****8000"
    page.arrive(customer_id=village["李四"])
    settle()
    assert page.detail.phone.text() == "139****5678"


def test_customers_of_a_file(village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle) -> None:
    page.arrive(import_id=village["import"])
    settle()
    assert names(page) == ["王小明"]
    assert page._narrowed.text() == "Only the customers of 名单.xlsx"
    qtbot.mouseClick(page._widen, Qt.MouseButton.LeftButton)
    settle()
    assert len(names(page)) == 3
    assert not page._narrowed.isVisible()


def test_a_customer_is_found_whatever_the_filters(
    village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle
) -> None:
    qtbot.mouseClick(page.more, Qt.MouseButton.LeftButton)
    page.filters.region.set_value("徐汇")
    page.filters.chosen.emit()
    settle()
    assert names(page) == ["李四"]
    page.arrive(customer_id=village["王小明"])
    settle()
    current = page.table.current_row()
    assert current is not None
    assert current.name == "王小明"


def test_export(
    village: dict[str, int], page: CustomersPage, tmp_path: Path, settle: Settle, notices: list[Notice]
) -> None:
    page.export(tmp_path / "a.xlsx")
    settle()
    assert [notice.text for notice in notices] == ["3 customers were exported to a.xlsx."]
    page.table.select_id(village["张三"])
    page.export(tmp_path / "nowhere" / "a.xlsx")
    settle()
    assert "cannot be written" in notices[-1].text


def test_full_numbers_are_asked_for(
    village: dict[str, int], page: CustomersPage, settle: Settle, notices: list[Notice]
) -> None:
    page.ask_full_numbers()
    dialog = page.findChild(AskFullNumbersDialog)
    assert dialog is not None
    dialog.form.set_values({"reason": "letters"})
    dialog.action.click()
    settle()
    assert [notice.text for notice in notices] == ["Request 1 waits for a supervisor."]
    (row,) = request_rows(page.services.ctx, [1])
    assert (row.rows, row.state) == (3, "pending")


def test_who_may_not_import(supervisor_ctx: Context, services_of: Callable[[Context], Services], qtbot: QtBot) -> None:
    services = services_of(supervisor_ctx)
    page = CustomersPage(services)
    qtbot.addWidget(page)
    told: list[Notice] = []
    services.notices.posted.connect(told.append)
    assert page.bar.primary is None
    page.arrive(file="/nowhere.xlsx")
    assert "may not import" in told[0].text
    qtbot.waitUntil(lambda: services.tasks.idle)


def test_names_for_those_who_do_not_see(village: dict[str, int], page: CustomersPage) -> None:
    named = [
        page.table,
        page.filters.region,
        page.filters.branch,
        page.loan_state,
        page.filters.due_from,
        page.detail.eye,
    ]
    assert all(widget.accessibleName() for widget in named)
    assert timedelta(milliseconds=page.detail._timer.interval()) == timedelta(minutes=1)


# Many at once


def bulk_dialog() -> BulkDialog:
    return next(
        found for found in QApplication.topLevelWidgets() if isinstance(found, BulkDialog) and found.isVisible()
    )


def test_many_are_changed_by_the_keyboard_and_put_back(
    village: dict[str, int], page: CustomersPage, ctx: Context, qtbot: QtBot, settle: Settle, notices: list[Notice]
) -> None:
    assert not page.many.change.isVisible()
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert "3 selected" in page._counted.text()
    page.many.change.setFocus()
    qtbot.keyClick(page.many.change, Qt.Key.Key_Space)
    dialog = bulk_dialog()
    dialog.form.set_values({"field": "rating"})
    assert not dialog.action.isEnabled()
    qtbot.waitUntil(lambda: dialog.value.count() == 3)  # the ratings that there are, and none
    qtbot.waitUntil(lambda: not dialog._timer.isActive())
    assert not dialog.action.isEnabled()  # nothing typed yet empties nothing
    assert "Type what it becomes" in dialog.told.text()
    dialog.value.setEditText("A")
    qtbot.waitUntil(dialog.action.isEnabled)
    assert dialog.action.text() == "Change 1 customer"
    assert dialog.told.text() == "2 have this already and stay as they are."
    qtbot.keyClick(dialog.action, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(notices) == 1)
    settle()
    assert notices[0].text == "1 customer was changed."
    assert [row.rating for row in rows_of(page)] == ["A", "A", "A"]
    assert page.table.selected_count() == 3  # the list was read again under the selection
    page.table.clearSelection()
    assert page.many.taking_back.isVisible()
    qtbot.mouseClick(page.many.taking_back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(notices) == 2)
    settle()
    assert [row.rating for row in rows_of(page)] == ["B", "A", "A"]
    assert not page.many.taking_back.isVisible()
    with ctx.database.read() as session:
        found = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert found == ["customer.bulk_edit", "customer.bulk_undo"]


def rows_of(page: CustomersPage) -> list[CustomerRow]:
    found = [page.table.records.record(row) for row in range(len(page.table))]
    return [row for row in found if row is not None]


def test_a_value_that_cannot_be_is_told_before_the_button(
    village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle
) -> None:
    page.table.selectAll()
    page.many.ask()
    dialog = bulk_dialog()
    dialog.form.set_values({"field": "tag_add"})
    dialog.value.setEditText("一，二")
    qtbot.waitUntil(lambda: not dialog._timer.isActive())
    assert not dialog.action.isEnabled()
    assert any("without a comma" in found.text() for found in dialog.findChildren(QLabel))
    dialog.form.set_values({"field": "active"})
    qtbot.waitUntil(dialog.action.isEnabled)
    assert dialog.action.text() == "Change 3 customers"
    dialog.reject()
    settle()


def test_a_field_is_emptied_only_when_that_is_chosen(
    village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle, ctx: Context
) -> None:
    page.table.selectAll()
    page.many.ask()
    dialog = bulk_dialog()
    dialog.form.set_values({"field": "rating"})
    qtbot.waitUntil(lambda: dialog.value.count() == 3)
    dialog.value.setCurrentIndex(2)
    qtbot.waitUntil(dialog.action.isEnabled)
    assert dialog.action.text() == "Empty it for 3 customers"
    qtbot.keyClick(dialog.action, Qt.Key.Key_Space)
    settle()
    with ctx.database.read() as session:
        assert set(session.scalars(select(Customer.rating).where(Customer.active.is_(True)))) == {""}


def test_the_notice_undoes(
    village: dict[str, int], page: CustomersPage, qtbot: QtBot, settle: Settle, notices: list[Notice]
) -> None:
    page.table.selectAll()
    page.many.run(page.table.picked(), Edit(BulkField.ACTIVE, NO))
    qtbot.waitUntil(lambda: len(notices) == 1 and names(page) == [])
    settle()
    assert notices[0].act is not None
    notices[0].act()
    qtbot.waitUntil(lambda: len(names(page)) == 3)
    settle()


def test_the_selected_go_to_a_campaign(
    village: dict[str, int], page: CustomersPage, services: Services, monkeypatch: pytest.MonkeyPatch, settle: Settle,
    notices: list[Notice],
) -> None:  # fmt: skip
    went: list[object] = []
    services.navigated.connect(lambda key, arguments: went.append((key, arguments["audience"])))
    page.table.selectAll()
    page.many.add_to_campaign()
    everybody = sorted(village[name] for _, name, *_ in PEOPLE)
    assert went.pop() == ("campaigns", Audience.of_customers(everybody))
    monkeypatch.setattr(many, "PICKED_LIMIT", 1)
    page.many.add_to_campaign()
    assert went.pop() == ("campaigns", Audience())
    page.loan_state.set_value("overdue")
    page._look()
    settle()
    page.table.selectAll()
    monkeypatch.setattr(many, "PICKED_LIMIT", 0)
    page.many.add_to_campaign()
    wanted = CustomerFilter(loan_state="overdue")
    assert went.pop() == ("campaigns", Audience(kind=AudienceKind.FILTER, filter=wanted))
    page.table.clearSelection()
    page.show_all()
    settle()
    page.table.selectRow(0)
    page.many.add_to_campaign()  # some of a long list
    assert went == []
    assert "one by one" in notices[-1].text
    assert notices[-1].act == page.many.ask  # a tag, for as many as one likes


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (CustomerFilter(), AudienceKind.ALL),
        (CustomerFilter(import_id=3), AudienceKind.IMPORT),
        (CustomerFilter(text="张", region="浦东"), AudienceKind.FILTER),
        (CustomerFilter(due_from=date(2026, 11, 1), due_to=date(2026, 11, 30)), AudienceKind.FILTER),
        (CustomerFilter(due_from=date(2026, 11, 1)), AudienceKind.FILTER),
        (CustomerFilter(import_id=3, region="浦东"), AudienceKind.FILTER),
        (CustomerFilter(asked="{}"), None),
    ],
)
def test_a_campaign_never_means_more_than_the_list(wanted: CustomerFilter, kind: AudienceKind | None) -> None:
    made = many.audience_of(wanted)
    assert (made.kind if made else None) == kind
    assert made is None or kind is AudienceKind.ALL or made.filter == wanted


def test_who_may_not_change(
    village: dict[str, int],
    supervisor_ctx: Context,
    services_of: Callable[[Context], Services],
    arrived: Callable[[CustomersPage], CustomersPage],
) -> None:
    page = arrived(CustomersPage(services_of(supervisor_ctx)))
    page.table.selectAll()
    assert not page.many.change.isVisible()
    assert not page.many.write.isVisible()
    assert "Change the selected …" not in [action.text() for action in page.table.actions()]


def test_what_is_sent_does_not_read_the_list_again(
    village: dict[str, int], page: CustomersPage, settle: Settle
) -> None:
    told: list[int] = []
    page.table.loaded.connect(told.append)
    page.services.announce(Change.of(Topic.OUTBOX))
    settle()
    assert told == []
    page.services.announce(Change.of(Topic.CUSTOMERS))
    settle()
    assert told == [3]
