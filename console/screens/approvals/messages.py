"""The real messages, every one of them: mixed by chance first, or the longest first."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox

from console.core.campaigns.messages import LONGEST, RANDOM, MessageRow
from console.core.format import count
from console.core.i18n import tr
from console.core.listing import Sort
from console.screens.approvals import operations
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.search import SearchField
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import Card, EmptyState, label


class MessagesCard(Card):
    def __init__(self, services: Services) -> None:
        super().__init__(tr("Messages as they will arrive"))
        self._batch_id: int | None = None
        self.order = QComboBox()
        self.order.setAccessibleName(tr("Order"))
        self.order.addItem(tr("By chance"), RANDOM)
        self.order.addItem(tr("The longest first"), LONGEST)
        self.order.addItem(tr("By name"), Sort("name"))
        self.order.currentIndexChanged.connect(lambda _index: self._look())
        self.search = SearchField(tr("Name, text or number"))
        self.search.searched.connect(lambda _text: self._look())
        self.number = label("", "quiet")
        self.table = self._table(services)
        self.table.loaded.connect(lambda n: self.number.setText(tr("{count} messages", count=count(n))))
        self.table.loaded.connect(self.table.land)  # one message can be read in full at once
        self.text = label("", wrap=True, selectable=True)
        self.text.setAccessibleName(tr("The whole message"))
        self.table.current_changed.connect(self._show_current)
        bar = FlowLayout()
        for widget in (self.order, self.search, self.number):
            bar.addWidget(widget)
        self.add(bar, self.table, self.text)

    def _table(self, services: Services) -> RecordTable[MessageRow]:
        columns = [
            Column[MessageRow]("name", tr("Name"), lambda m: m.name, 70, sortable=False),
            Column[MessageRow]("phone", tr("Number"), lambda m: m.phone, 104, sortable=False, drop=1),
            Column[MessageRow]("body", tr("Text"), lambda m: m.body, 0, sortable=False, tip=lambda m: m.body),
            Column[MessageRow]("parts", tr("Parts"), lambda m: str(m.parts), 84, align="right", sortable=False),
        ]
        empty = EmptyState("message-square-text", tr("No message fits"), tr("Try another word."))
        table = RecordTable(services, columns, lambda ctx, sort: [], operations.messages, empty)
        table.setAccessibleName(tr("Messages as they will arrive"))
        table.setMinimumHeight(theme.current().row_height * 9)
        return table

    def show_batch(self, batch_id: int) -> None:
        if batch_id != self._batch_id:
            self._batch_id = batch_id
            self._look()

    def _look(self) -> None:
        order = self.order.currentData()
        if self._batch_id is not None and isinstance(order, Sort):
            self.table.set_loaders(operations.message_ids_of(self._batch_id, order, self.search.text().strip()))
            self.table.reload(keep_selection=False)

    def _show_current(self, message: MessageRow | None) -> None:
        self.text.setText(message.body if message else "")
        self.text.setVisible(message is not None)
