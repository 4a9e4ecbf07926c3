"""A page of several sections: their list on the left, the chosen one beside it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QListWidgetItem, QStackedWidget, QWidget

from console.core.i18n import tr
from console.shell import theme
from console.shell.icons import icon
from console.shell.widgets import TextList, row


class Sections(QWidget):
    """``list`` chooses what ``stack`` shows; a section is known by its key."""

    def __init__(self) -> None:
        super().__init__()
        self.list = TextList()
        self.list.setAccessibleName(tr("Sections"))
        self.list.setFixedWidth(theme.current().px(190))
        side = theme.current().px(16)
        self.list.setIconSize(QSize(side, side))
        self.list.setSpacing(2)
        self.stack = QStackedWidget()
        layout = row(self.list, self.stack, spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.list.currentRowChanged.connect(self.stack.setCurrentIndex)

    def add(self, key: str, title: str, icon_name: str, widget: QWidget) -> None:
        item = QListWidgetItem(icon(icon_name), title)
        item.setData(Qt.ItemDataRole.UserRole, key)
        item.setSizeHint(QSize(0, theme.current().row_height))
        self.list.addItem(item)
        self.stack.addWidget(widget)
        if self.list.count() == 1:
            self.list.setCurrentRow(0)

    @property
    def keys(self) -> list[str]:
        return [self.list.item(place).data(Qt.ItemDataRole.UserRole) for place in range(self.list.count())]

    @property
    def current(self) -> str:
        """The key of the section that is shown."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def open(self, key: str) -> None:
        """Nothing happens where the reader has no such section."""
        if key in self.keys:
            self.list.setCurrentRow(self.keys.index(key))
