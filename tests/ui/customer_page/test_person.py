"""What is known of a person: shown, edited, and asked for in full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.context import Context
from console.core.customers.detail import customer_detail
from console.core.customers.editing import edit_customer
from console.core.customers.fields import Field, save_field
from console.screens.customers.detail import CustomerPane
from console.screens.customers.persondialogs import CustomerDialog, PhoneDialog
from console.screens.customers.reveal import RevealDialog
from console.screens.customers.screen import CustomersPage
from console.shell.services import Services
from db.models import AuditEntry, Customer, FieldKind
from tests.trail import actions

ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999
Arrived = Callable[[CustomersPage], CustomersPage]
Settle = Callable[[], None]
Texts = Callable[[QWidget], list[str]]
Opened = Callable[..., Any]
Save = Callable[..., None]


def test_sections_fold_and_no_number_stands_in_full(pane: CustomerPane, qtbot: QtBot, texts: Texts) -> None:
    shown = texts(pane)
    assert {"张三 先生", "C001 · 城东支行 · 浦东", "138****8000", "L9001", "10,240.00 yuan"} <= set(shown)
    assert not any("13800138000" in text for text in shown)
    qtbot.mouseClick(pane.loans.arrow, Qt.MouseButton.LeftButton)
    assert "L9001" not in texts(pane)
    assert pane.loans.about.text() == "1"  # how many there are is seen all the same
    qtbot.mouseClick(pane.loans.arrow, Qt.MouseButton.LeftButton)
    assert "L9001" in texts(pane)


def test_editing_says_what_is_wrong_where_it_is(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, texts: Texts, opened: Opened, save: Save
) -> None:
    qtbot.mouseClick(pane.edit, Qt.MouseButton.LeftButton)
    dialog = opened(CustomerDialog)
    save(dialog, phone="138", id_number="110105194912310021")
    assert dialog.isVisible()
    assert "11" in dialog.form._fields["phone"].error.text()
    assert "check character" in dialog.form._fields["id_number"].error.text()
    save(
        dialog,
        phone="",
        id_number=ID_NUMBER,
        rating="A",
        tags="vip，常客",
        hours_from=540,
        hours_to=1080,
    )
    assert {"****002X", "1949-12-31", "A", "vip, 常客", "09:00 to 18:00"} <= set(texts(pane.person))
    with ctx.database.read() as session:
        assert session.scalars(select(Customer.phone)).one() == "13800138000"  # left empty, it stays


def test_another_window_was_quicker(
    pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, opened: Opened, save: Save
) -> None:
    qtbot.mouseClick(pane.edit, Qt.MouseButton.LeftButton)
    dialog = opened(CustomerDialog)
    edit_customer(ctx, zhang, {"rating": "B"}, customer_detail(ctx, zhang).updated_at)
    save(dialog, rating="C")
    assert "changed meanwhile" in dialog.trouble.text()
    assert customer_detail(ctx, zhang).rating == "B"
    dialog.reject()


def test_fields_of_this_office_are_asked_and_shown(
    pane: CustomerPane,
    ctx: Context,
    admin_ctx: Context,
    qtbot: QtBot,
    settle: Settle,
    texts: Texts,
    opened: Opened,
    save: Save,
) -> None:
    save_field(admin_ctx, Field(key="", title="职业", kind=FieldKind.TEXT))
    save_field(admin_ctx, Field(key="", title="等级", kind=FieldKind.CHOICE, choices=("金", "银")))
    save_field(admin_ctx, Field(key="", title="老客户", kind=FieldKind.FLAG))
    pane.reload()
    settle()
    qtbot.mouseClick(pane.edit, Qt.MouseButton.LeftButton)
    wanted = {"extra.f1": "教师", "extra.f2": "银", "extra.f3": "yes"}
    save(opened(CustomerDialog), **wanted)
    assert {"职业", "教师", "等级", "银", "老客户", "yes"} <= set(texts(pane.person))


def test_the_identity_number_asks_for_a_reason(
    pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle, opened: Opened, save: Save
) -> None:
    assert pane.person.identity.isHidden()
    edit_customer(ctx, zhang, {"id_number": ID_NUMBER}, customer_detail(ctx, zhang).updated_at)
    pane.reload()
    settle()
    assert pane.person.identity.number.text() == "****002X"
    qtbot.mouseClick(pane.person.identity.eye, Qt.MouseButton.LeftButton)
    save(opened(RevealDialog), reason="签约核对")
    assert pane.person.identity.number.text() == ID_NUMBER
    pane.person.identity._timer.timeout.emit()
    assert pane.person.identity.number.text() == "****002X"
    assert actions(ctx)[-1] == "customer.reveal_id"


def test_further_numbers(
    pane: CustomerPane,
    ctx: Context,
    qtbot: QtBot,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    texts: Texts,
    opened: Opened,
    save: Save,
) -> None:
    monkeypatch.setattr("console.screens.customers.detail.confirm", lambda *_args, **_more: True)
    qtbot.mouseClick(pane.person.new_phone, Qt.MouseButton.LeftButton)
    save(opened(PhoneDialog), phone="139 1111 2222", label="单位")
    (line,) = pane.person.phones.widgets
    assert {"单位", "139****2222"} <= set(texts(pane.person))
    qtbot.mouseClick(line.eye, Qt.MouseButton.LeftButton)
    save(opened(RevealDialog), reason="回访")
    assert line.number.text() == "13911112222"
    qtbot.mouseClick(line.main, Qt.MouseButton.LeftButton)
    settle()
    assert pane.phone.text() == "139****2222"
    qtbot.mouseClick(pane.person.phones.widgets[0].drop, Qt.MouseButton.LeftButton)
    settle()
    assert pane.person.phones.widgets == []


def test_a_customer_entered_by_hand(
    qtbot: QtBot,
    services: Services,
    arrived: Arrived,
    ctx: Context,
    zhang: int,
    settle: Settle,
    opened: Opened,
    save: Save,
) -> None:
    page = arrived(CustomersPage(services))
    qtbot.mouseClick(page.new, Qt.MouseButton.LeftButton)
    settle()
    dialog = opened(CustomerDialog)
    save(dialog, name="", phone="13700001111")
    assert dialog.form._fields["name"].error.text() == "This is needed."
    save(dialog, name="赵六")
    assert page.detail._title.text() == "赵六"
    assert page.detail.phone.text() == "137****1111"
    assert actions(ctx) == ["customer.create"]


def test_who_may_not_edit_sees_no_buttons_for_it(
    supervisor_ctx: Context, services_of: Callable[[Context], Services], zhang: int, qtbot: QtBot, texts: Texts
) -> None:
    services = services_of(supervisor_ctx)
    made = CustomerPane(services)
    qtbot.addWidget(made)
    made.show()
    made.show_customer(zhang)
    qtbot.waitUntil(lambda: services.tasks.idle)
    hidden = [made.edit, *made.notes, made.person.new_phone, made.loans.new, made.loans.rows.widgets[0].edit]
    assert not any(button.isVisibleTo(made) for button in hidden)
    assert "L9001" in texts(made)
    assert made.consents.suppress.isVisibleTo(made)


def test_names_for_those_who_do_not_see(pane: CustomerPane) -> None:
    named = [pane.edit, pane.eye, pane.loans.arrow, pane.loans.new, pane.person.new_phone, pane.history.filter]
    assert all(widget.accessibleName() for widget in named)
    assert pane.loans.arrow.accessibleName() == "Fold Loans"


def test_found_by_the_whole_identity_number(
    services: Services, arrived: Arrived, ctx: Context, zhang: int, settle: Settle, tmp_path: Path
) -> None:
    edit_customer(ctx, zhang, {"id_number": ID_NUMBER}, customer_detail(ctx, zhang).updated_at)
    page = arrived(CustomersPage(services))
    assert page.bar.search is not None
    for typed, number in (("11010519491231002", 0), (ID_NUMBER, 1), ("110105 19491231 002x", 1)):
        page.bar.search.setText(typed)
        page._look()
        settle()
        assert len(page.table) == number, typed
    page.bar.search.setText(ID_NUMBER)
    page._look()
    settle()
    page.export(tmp_path / "a.xlsx")
    settle()
    with ctx.database.read() as session:
        details = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "customer.export")).all()
    assert len(details) == 1
    assert ID_NUMBER not in details[0]
    assert "****002X" in details[0]
