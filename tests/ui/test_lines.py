from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from serial.tools import list_ports

from console.core.context import Context
from console.core.i18n import T, Text
from console.core.lines.browse import line_cards
from console.core.lines.editing import LineDraft, add_line
from console.core.lines.limits import Limits
from console.screens.lines import screen as lines_screen
from console.screens.lines.dialogs import LineDialog, TrialDialog
from console.screens.lines.screen import LinesPage
from console.screens.lines.terminal import TerminalDialog
from console.shell.notices import Notice
from console.shell.services import DemoFault, Services
from console.shell.widgets import EmptyState
from db.models import AuditEntry, Line, LineState, Message
from gsm.emulator.client import EmulatorProcess


@pytest.fixture
def admin(services_of: Callable[[Context], Services], admin_ctx: Context) -> Services:
    return services_of(admin_ctx)


Open = Callable[[Services], LinesPage]


@pytest.fixture
def open_page(arrived: Callable[[LinesPage], LinesPage]) -> Open:
    return lambda services: arrived(LinesPage(services))


def test_no_line_yet_offers_to_attach_one(open_page: Open, admin: Services, qtbot: QtBot) -> None:
    page = open_page(admin)
    empty = page.findChild(EmptyState)
    assert empty is not None
    assert empty.isVisible()
    empty.button.click()
    dialog = page.findChild(LineDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: admin.tasks.idle)
    dialog.form.set_values({"name": "柜台一号"})
    dialog.address.setCurrentText("modem")
    dialog.action.click()
    qtbot.waitUntil(lambda: admin.tasks.idle)
    assert "not the address of a modem" in dialog.form._fields["address"].error.text()
    dialog.address.setCurrentText("socket://127.0.0.1:5000")
    dialog.action.click()
    qtbot.waitUntil(lambda: len(page.cards) == 1)
    (card,) = page.cards.values()
    assert card.name.text() == "柜台一号"
    assert "being watched" in card.text.text()


def test_cards_stay_and_are_filled_again(
    open_page: Open, admin: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = add_line(admin.ctx, LineDraft(name="A", address="COM5", limits=Limits(daily_quota=100)))
    page = open_page(admin)
    card = page.cards[line]
    assert card.quota_words.text() == "Today 0 of 100 parts"
    assert card.quota.isVisible()
    monkeypatch.setattr(lines_screen, "confirm", lambda *_args, **_named: True)
    card.switch.click()
    qtbot.waitUntil(lambda: card.text.text() == "This line is switched off.")
    assert page.cards[line] is card
    assert card.switch.text() == "Switch on"
    assert [c.enabled for c in line_cards(admin.ctx)] == [False]


def test_an_officer_looks_and_tests_but_does_not_change(
    open_page: Open, services: Services, admin_ctx: Context, qtbot: QtBot, notices: list[Notice]
) -> None:
    line = add_line(admin_ctx, LineDraft(name="A", address="COM5"))
    page = open_page(services)
    card = page.cards[line]
    assert page.bar.primary is None
    assert not card.switch.isVisible()
    card.test.click()
    dialog = page.findChild(TrialDialog)
    assert dialog is not None
    dialog.form.set_values({"phone": "13800138000"})
    dialog.action.click()
    qtbot.waitUntil(lambda: services.tasks.idle)
    assert [notice.text for notice in notices] == ["The test message is in the queue."]
    with services.ctx.database.read() as session:
        assert session.query(Message).count() == 1


def test_cards_share_the_width(open_page: Open, admin: Services, qtbot: QtBot) -> None:
    for number in range(5):
        add_line(admin.ctx, LineDraft(name=f"L{number}", address=f"COM{number}"))
    page = open_page(admin)
    page.resize(1100, 720)
    tops = {card.y() for card in page.cards.values()}
    assert len(tops) == 2
    page.resize(420, 720)
    qtbot.waitUntil(lambda: len({card.y() for card in page.cards.values()}) == 5)


@dataclass(frozen=True)
class _Fault:
    key: str
    title: Text


class _Modem:
    def __init__(self) -> None:
        self.failed: list[str] = []

    def faults(self) -> list[DemoFault]:
        return [_Fault("hang", T("The modem no longer answers"))]

    def fail(self, key: str) -> None:
        self.failed.append(key)


def test_the_demo_lets_its_modem_fail(open_page: Open, admin: Services, qtbot: QtBot) -> None:
    modem = _Modem()
    admin.demo = modem
    add_line(admin.ctx, LineDraft(name="A", address="socket://127.0.0.1:5000"))
    page = open_page(admin)
    (card,) = page.cards.values()
    card.fail_wanted.emit("hang")
    card.fail_wanted.emit("")
    qtbot.waitUntil(lambda: modem.failed == ["hang", ""])


@dataclass
class _UsbPort:
    device: str
    location: str
    vid: int | None = 0x2C7C
    pid: int | None = 0x0125
    serial_number: str | None = None
    description: str | None = "USB"


def test_the_dialog_offers_the_modems_found(
    open_page: Open, admin: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmulatorProcess() as modem, EmulatorProcess(settings={"imei": "490154203237526"}) as twin:
        listed = [
            _UsbPort("/dev/no-such-port", "1-1:1.0"),
            _UsbPort(modem.address, "1-1:1.3"),
            _UsbPort(twin.address, "1-2:1.2"),
        ]
        monkeypatch.setattr(list_ports, "comports", lambda: listed)
        page = open_page(admin)
        page.add()
        dialog = page.findChild(LineDialog)
        assert dialog is not None
        assert not dialog.port.again.isEnabled()
        qtbot.waitUntil(lambda: admin.tasks.idle, timeout=20_000)
        words = [dialog.address.itemText(place) for place in range(dialog.address.count())]
        assert sorted(words) == sorted(
            f"{address} – Emulated EM-1  ·  IMEI ends in {tail}  ·  CHINA MOBILE"
            for address, tail in ((modem.address, "7518"), (twin.address, "7526"))
        )
        assert "2 modems found." in dialog.port.said.text()
        assert "one of them is a copy" in dialog.port.said.text()
        assert dialog.port.address() in (modem.address, twin.address)
        dialog.form.set_values({"name": "A"})
        dialog.action.click()
        qtbot.waitUntil(lambda: len(page.cards) == 1)


def test_what_was_typed_outlives_a_search(
    open_page: Open, admin: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: [_UsbPort("COM7", "1-1:1.0", vid=None)])
    page = open_page(admin)
    page.add()
    dialog = page.findChild(LineDialog)
    assert dialog is not None
    dialog.address.setCurrentText("COM9")
    qtbot.waitUntil(lambda: admin.tasks.idle)
    assert dialog.port.address() == "COM9"
    assert dialog.address.itemText(0) == "COM7 – USB (not asked: it may be another device)"
    assert dialog.port.said.text() == "No modem found."


def test_a_terminal_asks_refuses_and_gives_the_modem_back(
    open_page: Open, admin: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with EmulatorProcess() as modem:
        line = add_line(admin.ctx, LineDraft(name="A", address=modem.address))
        page = open_page(admin)
        page.cards[line].terminal_wanted.emit(page.cards[line].card)
        dialog = page.findChild(TerminalDialog)
        assert dialog is not None
        qtbot.waitUntil(dialog.send.isEnabled)
        for command, answer in (("AT+CIMI", "***7890"), ("AT+CMGS=23", "outbox"), ("AT+CSQ", "+CSQ: 20,99")):
            dialog.command.setText(command)
            dialog.send.click()
            qtbot.waitUntil(dialog.send.isEnabled)
            assert answer in dialog.said.toPlainText()
        assert "460001234567890" not in dialog.said.toPlainText()
        saved = tmp_path / "t.txt"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(saved), ""))
        dialog.keep.click()
        qtbot.waitUntil(lambda: saved.exists() and admin.tasks.idle)
        assert "+CSQ: 20,99" in saved.read_text("utf-8")
        dialog.leave.click()
        qtbot.waitUntil(lambda: not modem.stats()["attached"])
        qtbot.waitUntil(lambda: admin.tasks.idle)
        assert modem.accepted() == []


def test_a_terminal_says_why_it_cannot_open(open_page: Open, admin: Services, qtbot: QtBot) -> None:
    line = add_line(admin.ctx, LineDraft(name="A", address="COM5"))
    with admin.ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.owner, row.lease_until = "run", admin.ctx.clock.now() + timedelta(minutes=1)
    page = open_page(admin)
    page.terminal(page.cards[line].card)
    dialog = page.findChild(TerminalDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: bool(dialog.trouble.text()))
    assert "Switch the line off" in dialog.trouble.text()
    assert not dialog.send.isEnabled()
    dialog.leave.click()


def test_a_card_tells_everything_known_and_every_finding(open_page: Open, admin: Services) -> None:
    line = add_line(admin.ctx, LineDraft(name="A", address="COM5"))
    now = admin.ctx.clock.now()
    with admin.ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.state, row.health_at = LineState.READY, now
        row.identity = {"manufacturer": "Quectel", "model": "EC20F", "firmware": "R06", "imei": "490154203237518"}
        row.health = {
            "signal_dbm": -107,
            "bars": 1,
            "operator": "中国移动",
            "technology": "LTE",
            "registration": "roaming",
        }
        row.health |= {"sim": "ready", "smsc": "+8613800100500", "store_used": 38, "store_total": 40}
    card = open_page(admin).cards[line]
    assert card.text.text() == "The SIM card is in a foreign network."
    assert "The signal is weak. Move the antenna" in card.also.text()
    assert "store is nearly full" in card.also.text()
    assert card.also.isVisible()
    shown = dict(card._facts(card.card))
    assert shown["Message centre"] == "+86138****0500"
    assert shown["Message store"] == "38 of 40 places used"
    assert shown["Modem"] == "Quectel EC20F  ·  firmware R06  ·  IMEI ends in 7518"


def test_a_terminal_that_goes_with_its_page_gives_the_modem_back(
    open_page: Open, admin: Services, qtbot: QtBot
) -> None:
    with EmulatorProcess() as modem:
        line = add_line(admin.ctx, LineDraft(name="A", address=modem.address))
        page = open_page(admin)
        page.terminal(page.cards[line].card)
        dialog = page.findChild(TerminalDialog)
        assert dialog is not None
        qtbot.waitUntil(dialog.send.isEnabled)
        dialog.deleteLater()
        qtbot.waitUntil(lambda: not modem.stats()["attached"])
        page.terminal(page.cards[line].card)
        again = page.findChild(TerminalDialog)
        assert again is not None
        again.leave.click()
        qtbot.waitUntil(lambda: admin.tasks.idle and not modem.stats()["attached"])


def test_a_terminal_left_before_it_opens(open_page: Open, admin: Services, qtbot: QtBot) -> None:
    line = add_line(admin.ctx, LineDraft(name="A", address="socket://127.0.0.1:1"))
    page = open_page(admin)
    page.terminal(page.cards[line].card)
    dialog = page.findChild(TerminalDialog)
    assert dialog is not None
    dialog.leave.click()
    qtbot.waitUntil(lambda: admin.tasks.idle)


def test_a_terminal_that_is_open_when_the_window_ends_is_written_down(
    open_page: Open, admin: Services, qtbot: QtBot
) -> None:
    with EmulatorProcess() as modem:
        line = add_line(admin.ctx, LineDraft(name="A", address=modem.address))
        page = open_page(admin)
        page.terminal(page.cards[line].card)
        dialog = page.findChild(TerminalDialog)
        assert dialog is not None
        qtbot.waitUntil(dialog.send.isEnabled)
        admin.close()
        with admin.ctx.database.read() as session:
            actions = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
            assert session.get_one(Line, line).owner == ""
        assert actions == ["line.add", "line.terminal.open", "line.terminal.close"]
        qtbot.waitUntil(lambda: not modem.stats()["attached"])


def test_limits_are_set_in_the_dialog(open_page: Open, admin: Services, qtbot: QtBot) -> None:
    line = add_line(admin.ctx, LineDraft(name="A", address="COM5"))
    page = open_page(admin)
    page.edit(page.cards[line].card)
    dialog = page.findChild(LineDialog)
    assert dialog is not None
    assert not dialog.limits.isVisible()
    qtbot.waitExposed(dialog)
    assert dialog.form.geometry().right() == dialog.action.geometry().right()  # what is hidden takes no room
    dialog.more.click()
    assert dialog.limits.isVisible()
    dialog.limits.set_values({"hourly": 50, "quota": 20, "priority": 2, "follow": False, "balance": "*100#"})
    dialog.limits.hours.box.setChecked(True)
    first = dialog.limits.classes.menu.actions()[0]
    first.setChecked(True)
    key = str(first.data())
    assert dialog.limits.classes.button.text() == "1 message class"
    dialog.action.click()
    qtbot.waitUntil(lambda: admin.tasks.idle)
    assert "larger than that of a day" in dialog.limits._fields["hourly"].error.text()
    dialog.limits.set_values({"quota": 200})
    dialog.action.click()
    qtbot.waitUntil(lambda: page.cards[line].card.limits.hourly_quota == 50)
    assert page.cards[line].card.limits == Limits(
        hourly_quota=50,
        daily_quota=200,
        opens_at=time(8),
        closes_at=time(20),
        classes=(key,),
        priority=2,
        follow=False,
        balance_code="*100#",
    )
    assert dict(page.cards[line]._facts(page.cards[line].card))["Limits"].startswith("at most 50 an hour; 08:00–20:00")


def test_the_balance_stands_on_the_card(open_page: Open, admin: Services, qtbot: QtBot) -> None:
    told: list[Notice] = []
    admin.notices.posted.connect(told.append)
    with EmulatorProcess() as modem:
        line = add_line(admin.ctx, LineDraft(name="A", address=modem.address))
        page = open_page(admin)
        page.cards[line].balance_wanted.emit(page.cards[line].card)
        qtbot.waitUntil(lambda: page.cards[line].card.balance is not None, timeout=20_000)
        assert dict(page.cards[line]._facts(page.cards[line].card))["Balance"].startswith("12.34 (")
        assert told[-1].text.startswith("Balance of A: 12.34")
    with admin.ctx.database.begin() as session:
        row = session.get_one(Line, line)
        row.owner, row.lease_until = "run", admin.ctx.clock.now() + timedelta(minutes=1)
    page.cards[line].balance_wanted.emit(page.cards[line].card)
    qtbot.waitUntil(lambda: page.cards[line].card.balance_wanted)
    assert "asked for" in dict(page.cards[line]._facts(page.cards[line].card))["Balance"]
