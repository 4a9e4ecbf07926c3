"""The file of one customer, with one loan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.screens.customers.detail import CustomerPane
from console.shell.forms import FormDialog
from console.shell.services import Services
from db.models import Customer, Loan, LoanState

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
Settle = Callable[[], None]
D = TypeVar("D", bound=QWidget)


@pytest.fixture
def zhang(ctx: Context) -> int:
    with ctx.database.begin() as session:
        row = Customer(
            number="C001", name="张三", pinyin="zhangsan", initials="zs", phone="13800138000", phone_tail="8000",
            title="先生", region="浦东", branch="城东支行", created_at=AT, updated_at=AT,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(
            Loan(
                customer_id=row.id, number="L9001", product="房贷", state=LoanState.ACTIVE, principal=Decimal(120000),
                rate=Decimal("3.6"), method="等额本金", start_on=date(2026, 6, 25), term_months=12, due_day=25,
                due_on=date(2026, 11, 25), amount_due=Decimal(10240), updated_at=AT,
            )
        )  # fmt: skip
    return row.id


@pytest.fixture
def pane(qtbot: QtBot, services: Services, zhang: int, settle: Settle) -> Iterator[CustomerPane]:
    made = CustomerPane(services)
    services.changed.connect(lambda _change: made.reload())
    qtbot.addWidget(made)
    made.resize(520, 700)
    made.show()
    made.show_customer(zhang)
    settle()
    yield made
    settle()


@pytest.fixture
def texts() -> Callable[[QWidget], list[str]]:
    """``texts(widget)``: what can be read; what was just put into a layout is shown first."""

    def read(widget: QWidget) -> list[str]:
        QApplication.processEvents()
        return [found.text() for found in widget.findChildren(QLabel) if found.text() and found.isVisibleTo(widget)]

    return read


@pytest.fixture
def opened() -> Callable[[type[D]], D]:
    """``opened(PhoneDialog)``: the dialog of this kind that is open."""

    def find(kind: type[D]) -> D:
        return next(found for found in QApplication.topLevelWidgets() if isinstance(found, kind) and found.isVisible())

    return find


@pytest.fixture
def save(qtbot: QtBot, settle: Settle) -> Callable[..., None]:
    """``save(dialog, reason="...")``: fill in, and press its button."""

    def fill(dialog: FormDialog, **values: object) -> None:
        dialog.form.set_values(values)
        qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
        settle()

    return fill
