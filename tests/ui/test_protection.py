from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers.browse import CustomerFilter
from console.core.protection.looks import TooManyLooks, look
from console.core.protection.requests import ask_for_customers, decide, request_rows
from console.core.pulse import pulse
from console.screens.protection.looks import LooksSection
from console.screens.protection.people import EraseDialog, HandOverDialog, PeopleSection
from console.screens.protection.requests import RefuseDialog, RequestsSection
from console.screens.protection.retention import MonthsDialog, RetentionSection
from console.screens.protection.screen import KEEPING, LOOKS, PEOPLE, REQUESTS, ProtectionPage
from console.shell.notices import Notice
from console.shell.services import Services
from console.shell.theme import ThemeManager
from db.models import Customer, Message
from tests.protection_world import NAME, PHONE, Planted, planted

__all__ = ["planted"]


@pytest.fixture
def ctx(context_of: Callable[[str], Context]) -> Context:
    return context_of("officer")


@pytest.fixture
def asked(ctx: Context, planted: Planted) -> int:
    return ask_for_customers(ctx, CustomerFilter(), "letters")


class Desk:
    """The page of one person, and waiting for its work."""

    def __init__(self, qtbot: QtBot, services: Services) -> None:
        self.qtbot, self.services = qtbot, services
        self.told: list[Notice] = []
        services.notices.posted.connect(self.told.append)
        self.page = ProtectionPage(services)
        self.page.resize(1200, 760)
        qtbot.addWidget(self.page)
        self.page.show()
        qtbot.waitExposed(self.page)
        self.page.arrive()
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.services.tasks.idle, timeout=20_000)

    def dialog(self, kind: type[QDialog]) -> QDialog:
        self.qtbot.waitUntil(lambda: bool(self.page.findChildren(kind)))
        return self.page.findChildren(kind)[-1]

    def words(self) -> str:
        return "\n".join(each.text() for each in self.page.parts.stack.currentWidget().findChildren(QLabel))


@pytest.fixture
def desk_of(qtbot: QtBot, services_of: Callable[[Context], Services]) -> Callable[[Context], Desk]:
    return lambda ctx: Desk(qtbot, services_of(ctx))


def test_each_sees_their_own_sections(
    desk_of: Callable[[Context], Desk], ctx: Context, supervisor_ctx: Context, admin_ctx: Context
) -> None:
    page = desk_of(ctx).page
    assert list(page.sections) == [REQUESTS]
    assert not page.parts.list.isVisible()  # nothing to choose from
    assert page.bar.title.text() == "Protection · Full numbers"
    assert list(desk_of(supervisor_ctx).page.sections) == [REQUESTS, LOOKS, PEOPLE, KEEPING]
    assert list(desk_of(admin_ctx).page.sections) == [REQUESTS, KEEPING]


def test_a_request_is_approved_and_written(
    desk_of: Callable[[Context], Desk], ctx: Context, supervisor_ctx: Context, asked: int, tmp_path: Path
) -> None:
    desk = desk_of(supervisor_ctx)
    section = desk.page.sections[REQUESTS]
    assert isinstance(section, RequestsSection)
    QAbstractItemModelTester(section.table.records, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert section.approve.isVisible()
    assert not section.write.isVisible()
    section.approve.click()
    desk.settle()
    assert not section.approve.isVisible()
    own = desk_of(ctx)
    mine = own.page.sections[REQUESTS]
    assert isinstance(mine, RequestsSection)
    assert mine.write.isVisible()
    mine.write_to(asked, tmp_path / "full.xlsx")
    own.settle()
    assert own.told[-1].text == "full.xlsx is written: 2 rows."
    assert not mine.write.isVisible()
    assert (tmp_path / "full.xlsx").exists()


def test_ones_own_request_has_no_buttons(desk_of: Callable[[Context], Desk], ctx: Context, asked: int) -> None:
    desk = desk_of(ctx)
    section = desk.page.sections[REQUESTS]
    assert isinstance(section, RequestsSection)
    assert not section.approve.isVisible()
    assert "Nobody decides on their own request." in desk.words()


def test_a_refusal_has_a_reason(
    desk_of: Callable[[Context], Desk], ctx: Context, supervisor_ctx: Context, asked: int
) -> None:
    desk = desk_of(supervisor_ctx)
    section = desk.page.sections[REQUESTS]
    assert isinstance(section, RequestsSection)
    section.refuse.click()
    dialog = desk.dialog(RefuseDialog)
    assert isinstance(dialog, RefuseDialog)
    dialog.action.click()
    desk.settle()
    assert dialog.trouble.isVisible()
    dialog.form.set_values({"comment": "mask them"})
    dialog.action.click()
    desk.settle()
    (row,) = request_rows(ctx, [asked])
    assert (row.state, row.comment) == ("refused", "mask them")


def test_looks_are_counted_and_refusals_stand_out(
    desk_of: Callable[[Context], Desk], ctx: Context, supervisor_ctx: Context, planted: Planted
) -> None:
    few = ctx.with_settings(ctx.settings.changed("security.looks_per_hour", 1))
    look(few, "customer.reveal_phone", planted.id, "call back", lambda session: PHONE)
    with pytest.raises(TooManyLooks):
        look(few, "customer.reveal_phone", planted.id, "again", lambda session: PHONE)
    desk = desk_of(supervisor_ctx)
    desk.page.arrive(section=LOOKS)
    desk.settle()
    words = desk.words()
    assert "1 look of 1 customer" in words
    assert "1 refused: too many" in words
    assert PHONE not in words
    section = desk.page.sections[LOOKS]
    assert isinstance(section, LooksSection)
    assert desk.page.bar.search is section.search  # where Ctrl+F goes
    section.search.setText("again")
    desk.qtbot.waitUntil(lambda: len(section.table) == 1)
    section.search.setText(NAME)
    desk.qtbot.waitUntil(lambda: len(section.table) == 2)
    desk.settle()
    assert "1 refused: too many" in desk.words()


def test_months_and_letting_go(
    desk_of: Callable[[Context], Desk],
    admin_ctx: Context,
    planted: Planted,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.advance(timedelta(days=300))
    desk = desk_of(admin_ctx)
    desk.page.arrive(section=KEEPING)
    desk.settle()
    section = desk.page.sections[KEEPING]
    assert isinstance(section, RetentionSection)
    assert not section.run.isEnabled()
    section.change(section._due[0].rule)
    dialog = desk.dialog(MonthsDialog)
    assert isinstance(dialog, MonthsDialog)
    dialog.form.set_values({"months": 6})
    dialog.action.click()
    desk.settle()
    assert section.run.isEnabled()
    monkeypatch.setattr("console.screens.protection.retention.confirm", lambda *args, **values: True)
    section.run.click()
    desk.settle()
    assert desk.told[-1].text == "2 old records were let go."
    with admin_ctx.database.read() as session:
        assert session.scalars(select(Message.phone)).all() == ["", ""]


def test_a_customer_is_handed_over_and_erased(
    desk_of: Callable[[Context], Desk], supervisor_ctx: Context, planted: Planted, tmp_path: Path
) -> None:
    desk = desk_of(supervisor_ctx)
    desk.page.arrive(section=PEOPLE)
    section = desk.page.sections[PEOPLE]
    assert isinstance(section, PeopleSection)
    section.look_up(NAME)
    desk.settle()
    section.list.setCurrentRow(0)
    desk.settle()
    assert section.erase.text() == "Erase…"
    assert "1 loan, 2 messages" in desk.words()
    section.hand_over.click()
    giving = desk.dialog(HandOverDialog)
    assert isinstance(giving, HandOverDialog)
    giving.write_to(tmp_path / "own.xlsx", "asked in writing")
    desk.settle()
    assert json.loads((tmp_path / "own.json").read_text("utf-8"))["customer"][0]["phone"] == PHONE
    section.erase.click()
    dialog = desk.dialog(EraseDialog)
    assert isinstance(dialog, EraseDialog)
    dialog.form.set_values({"basis": "asked in writing"})
    dialog.action.click()
    desk.settle()
    card = section._certificate
    assert card.isVisible()
    assert "Number of the erasure: 1" in card.text.toPlainText()
    card.save_to(tmp_path / "certificate.txt")
    desk.settle()
    assert (tmp_path / "certificate.txt").read_text("utf-8") == card.text.toPlainText()
    with supervisor_ctx.database.read() as session:
        assert session.scalars(select(Customer.id)).all() == [planted.neighbour]


def test_the_badge_counts_what_waits_for_me(
    ctx: Context, supervisor_ctx: Context, admin_ctx: Context, asked: int
) -> None:
    assert [pulse(each).protection for each in (ctx, supervisor_ctx, admin_ctx)] == [0, 1, 0]
    decide(supervisor_ctx, asked, approved=True)
    assert [pulse(each).protection for each in (ctx, supervisor_ctx, admin_ctx)] == [1, 0, 0]


def test_in_large_letters_no_list_scrolls_sideways(
    desk_of: Callable[[Context], Desk], supervisor_ctx: Context, asked: int, theme_manager: ThemeManager
) -> None:
    theme_manager.apply("light", font_px=19, language="en")
    desk = desk_of(supervisor_ctx)
    desk.page.resize(1061, 640)  # a window of 1280 pixels
    for key in (REQUESTS, LOOKS):
        desk.page.arrive(section=key)
        desk.settle()
        section = desk.page.sections[key]
        assert isinstance(section, RequestsSection | LooksSection)
        table = section.table
        assert table.horizontalScrollBar().maximum() == 0
        seen = [table.records.columns[place].key for place in table.columns.visible()]
        assert seen == {REQUESTS: ["state", "title"], LOOKS: ["at", "actor", "customer", "reason"]}[key]


def test_looking_for_a_customer(
    qtbot: QtBot, desk_of: Callable[[Context], Desk], supervisor_ctx: Context, planted: Planted
) -> None:
    desk = desk_of(supervisor_ctx)
    desk.page.arrive(section=PEOPLE)
    section = desk.page.sections[PEOPLE]
    assert isinstance(section, PeopleSection)
    assert not section.list.isVisible()
    section.search.setText("nobody is called so")
    qtbot.waitUntil(section.nobody.isVisible)
    assert not section.list.isVisible()
    section.search.setText(NAME)
    qtbot.waitUntil(section._card.isVisible)  # the only one that fits is chosen
    assert section.list.isVisible()
    assert not section.nobody.isVisible()
    qtbot.keyClick(section.search, Qt.Key.Key_Down)
    assert section.list.hasFocus()
    desk.settle()


def test_where_nobody_asked_the_way_to_ask_is_shown(
    qtbot: QtBot, desk_of: Callable[[Context], Desk], ctx: Context, admin_ctx: Context
) -> None:
    desk = desk_of(ctx)
    (button,) = [each for each in desk.page.findChildren(QPushButton) if each.text() == "Open the reports"]
    assert button.isVisible()
    with qtbot.waitSignal(desk.services.navigated) as told:
        button.click()
    assert told.args == ["reports", {}]
    other = desk_of(admin_ctx)  # who may not export
    assert not [each for each in other.page.findChildren(QPushButton) if each.text() == "Open the reports"]
