"""Loans and their instalments."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.context import Context
from console.core.customers.detail import customer_detail
from console.core.customers.loans import edit_loan
from console.screens.customers.detail import CustomerPane
from console.screens.customers.loandialogs import LoanDialog, PaymentDialog
from console.screens.customers.reveal import RevealDialog
from db.models import Instalment, Loan
from tests.trail import actions

ACCOUNT = "6222021234567890123"
Settle = Callable[[], None]
Texts = Callable[[QWidget], list[str]]
Opened = Callable[..., Any]
Save = Callable[..., None]


def test_the_account_of_a_loan_asks_for_a_reason(
    pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle, opened: Opened, save: Save
) -> None:
    with ctx.database.read() as session:
        loan_id = session.scalars(select(Loan.id).where(Loan.customer_id == zhang)).first()
    assert loan_id is not None
    (view, *_others) = pane.loans.rows.widgets
    assert view.account.isHidden()
    edit_loan(ctx, loan_id, {"account": ACCOUNT}, customer_detail(ctx, zhang).loans[0].updated_at)
    pane.reload()
    settle()
    assert view.account.number.text() == "****" + ACCOUNT[-4:]
    qtbot.mouseClick(view.account.eye, Qt.MouseButton.LeftButton)
    save(opened(RevealDialog), reason="核对扣款")
    assert view.account.number.text() == ACCOUNT
    view.account._timer.timeout.emit()
    assert view.account.number.text() == "****" + ACCOUNT[-4:]
    assert actions(ctx)[-1] == "customer.reveal_account"


def test_instalments_are_computed_paid_and_taken_back(
    pane: CustomerPane,
    ctx: Context,
    qtbot: QtBot,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    opened: Opened,
    save: Save,
) -> None:
    monkeypatch.setattr("console.screens.customers.loanscard.confirm", lambda *_args, **_more: True)
    (view,) = pane.loans.rows.widgets
    qtbot.mouseClick(view.compute, Qt.MouseButton.LeftButton)
    settle()
    assert view.instalments.isVisibleTo(pane)
    assert len(view.instalments.table) == 12
    assert view._progress.accessibleName() == "4 of 12 instalments"
    view.instalments.table.selectRow(4)
    qtbot.mouseClick(view.instalments.pay, Qt.MouseButton.LeftButton)
    dialog = opened(PaymentDialog)
    save(dialog, amount="lots")
    assert dialog.form._fields["amount"].error.text()
    save(dialog, amount="10,240.00")
    assert view._progress.accessibleName() == "5 of 12 instalments"
    qtbot.mouseClick(view.instalments.back, Qt.MouseButton.LeftButton)
    settle()
    assert view._progress.accessibleName() == "4 of 12 instalments"
    with ctx.database.read() as session:
        assert len(session.scalars(select(Instalment)).all()) == 12


def test_a_loan_by_hand(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, texts: Texts, opened: Opened, save: Save
) -> None:
    qtbot.mouseClick(pane.loans.new, Qt.MouseButton.LeftButton)
    dialog = opened(LoanDialog)
    save(dialog, number="L9001", rate="much")
    assert dialog.form._fields["rate"].error.text()
    save(dialog, number="L9002", product="车贷", rate="4%", principal="8万", account="6222 0000 0000 1234")
    first, second = (loan for loan in customer_detail(ctx, pane._customer_id or 0).loans)
    assert (second.number, second.principal, second.account_tail, second.account_known) == (
        "L9002", Decimal(80000), "1234", True,
    )  # fmt: skip
    qtbot.mouseClick(pane.loans.rows.widgets[1].edit, Qt.MouseButton.LeftButton)
    save(opened(LoanDialog), product="汽车贷")
    assert "汽车贷" in texts(pane.loans)
    assert first.number == "L9001"
