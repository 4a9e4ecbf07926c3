"""Can we send? One card a line, with what to do when it can not."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QWidget

from console.core.events import Change, Topic
from console.core.i18n import tr
from console.core.lines.browse import LineCard
from console.core.security.permissions import Permission
from console.screens.lines import operations
from console.screens.lines.card import LineWidget
from console.screens.lines.dialogs import LineDialog, TrialDialog
from console.screens.lines.terminal import TerminalDialog
from console.shell import theme
from console.shell.page import Page
from console.shell.services import Services
from console.shell.widgets import EmptyState, confirm, scroll

NARROWEST = 320  # design pixels of a card
MOST_COLUMNS = 4


class LinesPage(Page):
    key: ClassVar[str] = "lines"
    icon: ClassVar[str] = "radio-tower"
    topics: ClassVar[frozenset[Topic]] = frozenset({Topic.LINES, Topic.OUTBOX})
    permission: ClassVar[Permission | None] = Permission.LINES_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Lines")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._may_edit = services.allowed(Permission.LINES_EDIT)
        self.cards: dict[int, LineWidget] = {}
        self._columns = 0
        if self._may_edit:
            self.bar.set_primary(tr("Attach a line"), self.add)
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(20, 16, 20, 20)
        self._grid.setSpacing(16)
        self._area = scroll(self._inside)
        self._area.viewport().installEventFilter(self)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._area)
        self.stack.addWidget(self._empty())
        self.set_content(self.stack)

    def _empty(self) -> EmptyState:
        text = tr("A line is a GSM modem with a SIM card. Plug one into this computer and attach it here.")
        if not self._may_edit:
            text = tr("An administrator attaches a GSM modem here.")
        action = tr("Attach a line") if self._may_edit else ""
        return EmptyState("radio-tower", tr("No line yet"), text, action, self.add)

    def arrive(self, **arguments: object) -> None:
        self.refresh(None)
        if arguments.get("add") and self._may_edit:
            self.add()

    def refresh(self, change: Change | None) -> None:
        operations.load(self.services, self, self._show)

    def _show(self, cards: list[LineCard]) -> None:
        gone = self.cards.keys() - {card.id for card in cards}
        for line_id in gone:
            self.cards.pop(line_id).deleteLater()
        for card in cards:
            widget = self.cards.get(card.id)
            if widget is None:
                widget = self.cards[card.id] = self._make(card)
            elif widget.card == card:
                continue
            widget.show_card(card)
        self.cards = {card.id: self.cards[card.id] for card in cards}
        self.stack.setCurrentIndex(0 if cards else 1)
        self._columns = 0
        self._arrange()

    def _make(self, card: LineCard) -> LineWidget:
        demo = self.services.demo if card.address.startswith("socket://") else None
        may_test = self.services.allowed(Permission.CAMPAIGNS_TEST_SEND)
        widget = LineWidget(card, may_edit=self._may_edit, may_test=may_test, demo=demo)
        widget.setParent(self._inside)
        widget.edit_wanted.connect(self.edit)
        widget.test_wanted.connect(self.test)
        widget.switch_wanted.connect(self.switch)
        widget.balance_wanted.connect(self.balance)
        widget.terminal_wanted.connect(self.terminal)
        widget.remove_wanted.connect(self.remove)
        widget.fail_wanted.connect(self.fail)
        return widget

    def _arrange(self) -> None:
        """As many columns as fit; cards of a row share its height."""
        wide = self._area.viewport().width() - 40 + 16
        columns = max(1, min(MOST_COLUMNS, wide // (theme.current().px(NARROWEST) + 16)))
        if columns == self._columns:
            return
        self._columns = columns
        while self._grid.takeAt(0) is not None:
            pass
        for place, widget in enumerate(self.cards.values()):
            self._grid.addWidget(widget, place // columns, place % columns)
            widget.show()
        for column in range(MOST_COLUMNS):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        rows = (len(self.cards) + columns - 1) // columns
        for place in range(self._grid.rowCount()):
            self._grid.setRowStretch(place, 0)
        self._grid.setRowStretch(rows, 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._area.viewport():
            self._arrange()
        return False

    # Verbs

    def add(self) -> None:
        LineDialog(self, self.services).open()

    def edit(self, card: LineCard) -> None:
        LineDialog(self, self.services, card).open()

    def test(self, card: LineCard) -> None:
        TrialDialog(self, self.services, card).open()

    def switch(self, card: LineCard) -> None:
        text = tr(
            "Nothing leaves over {name} until it is switched on again. What waits goes over the other lines.",
            name=card.name,
        )
        if not card.enabled or confirm(self, tr("Switch this line off?"), text, tr("Switch off"), danger=True):
            operations.switch(self.services, self, card.id, not card.enabled)

    def balance(self, card: LineCard) -> None:
        operations.ask_for_balance(self.services, self, card.id, card.name)

    def terminal(self, card: LineCard) -> None:
        TerminalDialog(self, self.services, card).open()

    def remove(self, card: LineCard) -> None:
        text = tr(
            "{name} is taken out of the list. A line that has sent messages stays; switch it off instead.",
            name=card.name,
        )
        if confirm(self, tr("Remove this line?"), text, tr("Remove the line"), danger=True):
            operations.remove(self.services, self, card.id)

    def fail(self, key: str) -> None:
        if self.services.demo is not None:
            operations.fail(self.services, self, self.services.demo, key)
