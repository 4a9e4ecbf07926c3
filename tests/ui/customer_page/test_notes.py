"""What staff note: contacts, circumstances, consents, the do-not-contact list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.context import Context
from console.core.customers.detail import customer_detail
from console.screens.customers.detail import CustomerPane
from console.screens.customers.notedialogs import (
    CircumstanceDialog,
    ConsentDialog,
    ContactDialog,
    EndCircumstanceDialog,
    EndSuppressionDialog,
    SuppressDialog,
)
from console.shell.notices import Notice
from db.models import Circumstance, Consent, Contact, ContactKind, Suppression

Settle = Callable[[], None]
Texts = Callable[[QWidget], list[str]]
Opened = Callable[..., Any]
Save = Callable[..., None]


def link(widget: QWidget, text: str) -> QPushButton:
    return next(found for found in widget.findChildren(QPushButton) if found.text() == text)


def test_a_call_that_was_not_answered_takes_two_clicks(
    pane: CustomerPane, ctx: Context, settle: Settle, notices: list[Notice], texts: Texts
) -> None:
    menu = pane.call.menu()
    next(action for action in menu.actions() if action.text() == "Not answered").trigger()
    settle()
    with ctx.database.read() as session:
        (row,) = session.scalars(select(Contact))
    assert (row.kind, row.connected, row.body) == (ContactKind.CALL, False, "")
    assert "Call, not answered" in texts(pane.history)
    assert [notice.text for notice in notices] == ["The call was noted."]


def test_what_was_said(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, texts: Texts, opened: Opened, save: Save
) -> None:
    _call, visit, remark, _mind = pane.notes
    qtbot.mouseClick(remark, Qt.MouseButton.LeftButton)
    dialog = opened(ContactDialog)
    save(dialog, body="")
    assert "Write what was said" in dialog.trouble.text()
    save(dialog, body="下午联系")
    qtbot.mouseClick(visit, Qt.MouseButton.LeftButton)
    loan = customer_detail(ctx, pane._customer_id or 0).loans[0].id
    save(opened(ContactDialog), body="上门核实", loan=loan)
    with ctx.database.read() as session:
        found = [(row.kind, row.body, row.loan_id) for row in session.scalars(select(Contact).order_by(Contact.id))]
    assert found == [(ContactKind.NOTE, "下午联系", None), (ContactKind.VISIT, "上门核实", loan)]
    assert {"下午联系", "上门核实"} <= set(texts(pane.history))
    assert {entry.contact for entry in pane.history.entries} >= {ContactKind.NOTE, ContactKind.VISIT}  # each its icon


def test_a_promise_stands_at_the_top_until_it_is_ended(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, opened: Opened, save: Save
) -> None:
    qtbot.mouseClick(pane.notes[3], Qt.MouseButton.LeftButton)
    save(opened(CircumstanceDialog), note="周五还", until=date(2026, 11, 27))
    (view,) = pane.circumstances.widgets
    assert view._badge.accessibleName() == "Promised to pay until 2026-11-27"
    with ctx.database.read() as session:
        (row,) = session.scalars(select(Circumstance))
    assert row.until == datetime(2026, 11, 27, 16, 0, tzinfo=UTC)  # midnight after the last day, in China
    qtbot.mouseClick(view.end, Qt.MouseButton.LeftButton)
    save(opened(EndCircumstanceDialog), note="已还清")
    assert pane.circumstances.widgets == []


def test_consents(pane: CustomerPane, ctx: Context, qtbot: QtBot, texts: Texts, opened: Opened, save: Save) -> None:
    def record(purpose: int, **values: object) -> None:
        assert pane.consents._found is not None
        pane.consents._record(pane.consents._found.consents[purpose])
        save(opened(ConsentDialog), **values)

    record(4, evidence="表单 17")
    record(4, evidence="录音 5", source="phone")
    shown = texts(pane.consents)
    assert "2026-11-23 · on the phone: 录音 5" in shown
    assert not any("表单 17" in text for text in shown)
    qtbot.mouseClick(link(pane.consents, "All 2"), Qt.MouseButton.LeftButton)
    assert "Agreed · 2026-11-23 · at the counter: 表单 17" in texts(pane.consents)
    with ctx.database.read() as session:
        assert [row.granted for row in session.scalars(select(Consent).order_by(Consent.id))] == [True, False]


def test_on_the_do_not_contact_list_and_off(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, texts: Texts, opened: Opened, save: Save
) -> None:
    qtbot.mouseClick(pane.consents.suppress, Qt.MouseButton.LeftButton)
    save(opened(SuppressDialog), reason="要求不再联系")
    assert "Not to be written to: All messages" in texts(pane.consents)
    qtbot.mouseClick(link(pane.consents, "End…"), Qt.MouseButton.LeftButton)
    save(opened(EndSuppressionDialog), reason="客户来函")
    assert "Not to be written to: All messages" not in texts(pane.consents)
    with ctx.database.read() as session:
        assert session.scalars(select(Suppression.until)).one() is not None


def test_the_word_of_head_office_is_not_the_officers_to_end(
    pane: CustomerPane, zhang: int, qtbot: QtBot, texts: Texts, opened: Opened, save: Save
) -> None:
    qtbot.mouseClick(pane.consents.suppress, Qt.MouseButton.LeftButton)
    save(opened(SuppressDialog), reason="名单", issuer="head_office")
    assert "Not to be written to: All messages" in texts(pane.consents)
    assert not [
        found for found in pane.consents.findChildren(QPushButton) if found.text() == "End…" and found.isVisible()
    ]
