"""One line: can it send, and if not, what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QPushButton, QVBoxLayout

from console.core.format import count, local_datetime
from console.core.i18n import clauses, listed, ntr, sentences, tr
from console.core.lines.browse import LineCard
from console.core.lines.diagnosis import Diagnosis, Health, Level
from console.core.lines.words import centre_words, registration_words, sim_words, store_words
from console.shell.gauges import ProgressLine, SignalBars
from console.shell.icons import icon
from console.shell.services import Demo
from console.shell.widgets import (
    Card,
    ElidedLabel,
    KeyValues,
    StateBadge,
    StateShape,
    icon_button,
    label,
    quiet_button,
    row,
)

BADGES = {
    Level.READY: "ready",
    Level.WARN: "ready",
    Level.FAULT: "fault",
    Level.STOPPED: "stopped",
    Level.STARTING: "starting",
    Level.OFF: "off",
}


class LineWidget(Card):
    edit_wanted = Signal(object)
    test_wanted = Signal(object)
    switch_wanted = Signal(object)
    balance_wanted = Signal(object)
    terminal_wanted = Signal(object)
    remove_wanted = Signal(object)
    fail_wanted = Signal(str)

    def __init__(self, card: LineCard, *, may_edit: bool, may_test: bool, demo: Demo | None) -> None:
        super().__init__(spacing=10)
        self.card = card
        self.name = ElidedLabel("", "heading")
        self.badge = StateBadge("off")
        self.more = icon_button("ellipsis", tr("More for this line"))
        self.more.setPopupMode(self.more.ToolButtonPopupMode.InstantPopup)
        head = row(self.name, self.badge, spacing=8)
        head.setStretch(0, 1)
        if may_edit:
            head.addWidget(self.more)
        self.shape = StateShape("ready")
        self.text = label("", wrap=True)
        self.advice = label("", "quiet", wrap=True)
        self.also = label("", wrap=True)
        told = QVBoxLayout()
        told.setSpacing(2)
        told.addWidget(self.text)
        told.addWidget(self.advice)
        told.addWidget(self.also)
        said = row(spacing=8)
        said.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignTop)
        said.addLayout(told, 1)
        self.signal = SignalBars()
        self.network = label("", wrap=True)
        self.facts = KeyValues()
        self.quota = ProgressLine()
        self.quota_words = label("", "quiet")
        self.test = quiet_button(tr("Test message"), lambda: self.test_wanted.emit(self.card), "send")
        if not may_test:
            self.test.hide()
        self.switch = quiet_button("", lambda: self.switch_wanted.emit(self.card), "power")
        if not may_edit:
            self.switch.hide()
        buttons = row(self.test, self.switch, None, spacing=8)
        if demo is not None:
            buttons.addWidget(self._fail_button(demo))
        network = row(self.signal, self.network, spacing=10)
        network.setStretch(1, 1)
        self.add(head, said, network, self.facts, self.quota_words, self.quota)
        self.body.addStretch(1)
        self.body.addSpacing(4)
        self.add(buttons)
        self._menu()

    def _fail_button(self, demo: Demo) -> QPushButton:
        button = quiet_button(tr("Let it fail"), None, "flask-conical")
        menu = QMenu(button)
        for fault in demo.faults():
            action = menu.addAction(str(fault.title))
            action.triggered.connect(lambda _checked=False, key=fault.key: self.fail_wanted.emit(key))
        menu.addSeparator()
        right = menu.addAction(icon("check"), tr("Put it right"))
        right.triggered.connect(lambda _checked=False: self.fail_wanted.emit(""))
        button.setMenu(menu)
        button.setProperty("menu", True)
        return button

    def _menu(self) -> None:
        menu = QMenu(self.more)
        edit = menu.addAction(icon("pencil"), tr("Change…"))
        edit.triggered.connect(lambda _checked=False: self.edit_wanted.emit(self.card))
        balance = menu.addAction(icon("wallet"), tr("Ask for the balance"))
        balance.triggered.connect(lambda _checked=False: self.balance_wanted.emit(self.card))
        terminal = menu.addAction(icon("command"), tr("Support terminal…"))
        terminal.triggered.connect(lambda _checked=False: self.terminal_wanted.emit(self.card))
        remove = menu.addAction(icon("trash-2"), tr("Remove…"))
        remove.triggered.connect(lambda _checked=False: self.remove_wanted.emit(self.card))
        self.more.setMenu(menu)

    def show_card(self, card: LineCard) -> None:
        self.card = card
        found = card.diagnosis
        self.setAccessibleName(f"{card.name}. {found.text} {found.advice}")
        self.name.setText(card.name)
        self.badge.set_state(BADGES[found.level])
        self.shape.set_state({Level.WARN: "warn", Level.READY: "good"}.get(found.level, BADGES[found.level]))
        self.text.setText(str(found.text))
        self.advice.setText(_advice(found))
        self.advice.setVisible(bool(self.advice.text()))
        self.also.setText("\n".join(sentences(other.text, _advice(other)) for other in card.findings[1:]))
        self.also.setVisible(len(card.findings) > 1)
        self._show_network(card.health)
        self.facts.set_pairs(self._facts(card))
        self._show_quota(card)
        self.switch.setText(tr("Switch off") if card.enabled else tr("Switch on"))
        self.switch.setAccessibleName(self.switch.text())

    def _show_network(self, health: Health) -> None:
        self.signal.set_signal(health.bars, health.signal_dbm)
        dbm = f"{health.signal_dbm} dBm" if health.signal_dbm is not None else ""
        parts = (health.operator, health.technology, dbm)
        self.network.setText("  ·  ".join(filter(None, parts)) or tr("Network not known yet"))

    def _facts(self, card: LineCard) -> list[tuple[str, str]]:
        """What is known; what is not is left out."""
        pace = tr("at most {n} a minute", n=card.pace_per_minute) if card.pace_per_minute else ""
        facts = [
            (tr("Network"), registration_words(card.health)),
            (tr("SIM card"), sim_words(card.health, card.number_tail)),
            (tr("Own number"), listed(card.health.numbers)),
            (tr("Balance"), _balance(card)),
            (tr("Modem"), _device(card)),
            (tr("Port"), card.address),
            (tr("Message centre"), centre_words(card.health)),
            (tr("Message store"), store_words(card.health)),
            (tr("Last hour"), ntr("{n} message", "{n} messages", card.messages_hour)),
            (tr("Last error"), _last_error(card)),
            (tr("Limits"), clauses(filter(None, (pace, *card.limits.words())))),
        ]
        return [(name, value) for name, value in facts if value]

    def _show_quota(self, card: LineCard) -> None:
        self.quota.setVisible(card.daily_quota is not None)
        if card.daily_quota is None:
            self.quota_words.setText(tr("Today {sent} parts sent, no quota", sent=count(card.sent_today)))
            return
        words = tr("Today {sent} of {quota} parts", sent=count(card.sent_today), quota=count(card.daily_quota))
        self.quota_words.setText(words)
        self.quota.set_tone("warn" if card.sent_today >= card.daily_quota else "accent")
        self.quota.set_progress(card.sent_today, card.daily_quota)
        self.quota.setAccessibleName(words)


def _device(card: LineCard) -> str:
    words = (
        card.device,
        tr("firmware {version}", version=card.firmware) if card.firmware else "",
        tr("IMEI ends in {tail}", tail=card.imei_tail) if card.imei_tail else "",
    )
    return "  ·  ".join(filter(None, words))


def _balance(card: LineCard) -> str:
    waits = tr("asked for as soon as the line has nothing to send") if card.balance_wanted else ""
    return waits or (card.balance.words() if card.balance is not None else "")


def _last_error(card: LineCard) -> str:
    error = card.last_error
    return f"{local_datetime(error.at)}  {error.text} ({error.code})" if error is not None else ""


def _advice(found: Diagnosis) -> str:
    return sentences(found.doing, found.advice, f"({found.code})" if found.code else "")
