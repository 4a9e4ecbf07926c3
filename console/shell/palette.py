"""Ctrl+K: any page, any action, any customer, by a few letters or pinyin initials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QApplication, QFrame, QLineEdit, QListView, QWidget
from shiboken6 import isValid

from console.core.context import Context
from console.core.i18n import tr
from console.shell import theme
from console.shell.services import Services
from console.shell.widgets import column

LONGEST = 12
FROM = 2  # letters before customers are looked for; one Chinese character is enough
DELAY = 150


@dataclass(frozen=True)
class Entry:
    text: str
    hint: str
    icon: QIcon
    go: Callable[[], object]
    keys: str = ""  # what else finds it, such as pinyin


@dataclass(frozen=True)
class Found:
    """Something that a finder outside the shell came up with."""

    text: str
    hint: str
    page: str
    arguments: dict[str, object]


Finder = Callable[[Context, str], list[Found]]


def matches(entry: Entry, wanted: str) -> int | None:
    """Rank of an entry, lower is better; None where it does not fit. Words may come in any order."""
    text, keys = entry.text.casefold(), entry.keys.casefold()
    words = wanted.casefold().split()
    if not all(word in text or word in keys for word in words):
        return None
    joined = " ".join(words)
    return 0 if text.startswith(joined) else 1 if joined in text else 2


def _enough(wanted: str) -> bool:
    return len(wanted) >= FROM or (bool(wanted) and not wanted.isascii())


class Palette(QFrame):
    """Lies over the window; it goes when the focus leaves it."""

    def __init__(
        self, parent: QWidget, services: Services, entries: Sequence[Entry], find: Finder | None, icon_found: QIcon
    ) -> None:
        super().__init__(parent)
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(tr("Go to…"))
        self._services = services
        self._entries = list(entries)
        self._find = find
        self._icon_found = icon_found
        self._shown: list[Entry] = []
        self._before: QWidget | None = None
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Page, action, or customer: name, pinyin, end of number"))
        self.field.setAccessibleName(self.field.placeholderText())
        self.field.installEventFilter(self)
        self.list = QListView()
        self.list.setAccessibleName(tr("Results"))
        self.list.setIconSize(QSize(16, 16))
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.clicked.connect(self._go)
        self._model = QStandardItemModel(self)
        self.list.setModel(self._model)
        body = column(self.field, self.list, spacing=4)
        body.setContentsMargins(6, 4, 6, 6)
        self.setLayout(body)
        self._timer = QTimer(self, singleShot=True, interval=DELAY)
        self._timer.timeout.connect(self._look)
        self.field.textChanged.connect(self._narrow)
        self._narrow("")

    def open_over(self, window: QWidget) -> None:
        self._before = QApplication.focusWidget()
        px = theme.current().px
        width = min(px(560), window.width() - 48)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move((window.width() - width) // 2, px(64))
        self.show()
        self.raise_()
        self.field.setFocus()

    def _narrow(self, wanted: str) -> None:
        ranked = [
            (rank, place, entry)
            for place, entry in enumerate(self._entries)
            if (rank := matches(entry, wanted)) is not None
        ]
        self._show([entry for _rank, _place, entry in sorted(ranked, key=lambda found: found[:2])][:LONGEST])
        if self._find is not None and _enough(wanted.strip()):
            self._timer.start()
        else:
            self._timer.stop()

    def _look(self) -> None:
        find, wanted = self._find, self.field.text().strip()
        if find is None:
            return

        def done(found: list[Found]) -> None:
            if self.field.text().strip() == wanted:
                self._show([*self._shown, *map(self._entry, found)][: 2 * LONGEST])

        self._services.tasks.query(lambda ctx: find(ctx, wanted), done, owner=self, key="find")

    def _entry(self, found: Found) -> Entry:
        def go() -> None:
            self._services.navigate(found.page, **found.arguments)

        return Entry(found.text, found.hint, self._icon_found, go)

    def _show(self, entries: list[Entry]) -> None:
        self._shown = entries
        self._model.clear()
        for entry in entries:
            item = QStandardItem(entry.icon, f"{entry.text}   {entry.hint}" if entry.hint else entry.text)
            item.setAccessibleText(", ".join(filter(None, (entry.text, entry.hint))))
            self._model.appendRow(item)
        if not entries:
            nothing = QStandardItem(tr("Nothing found"))
            nothing.setEnabled(False)
            self._model.appendRow(nothing)
        self.list.setCurrentIndex(self._model.index(0, 0))
        rows = max(1, min(LONGEST, len(entries)))
        self.list.setFixedHeight(rows * (theme.current().row_height + 2) + 8)
        self.adjustSize()

    def _go(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self._shown):
            go = self._shown[index.row()].go
            self.close()
            go()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        if watched is self.field and event.type() == QEvent.Type.FocusOut:
            self.close()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8}
        key = Qt.Key(event.key())
        if key in step:
            last = max(0, self._model.rowCount() - 1)
            place = min(last, max(0, self.list.currentIndex().row() + step[key]))
            self.list.setCurrentIndex(self._model.index(place, 0))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go(self.list.currentIndex())
        elif key == Qt.Key.Key_Escape:
            self.close()
            if self._before is not None and isValid(self._before):
                self._before.setFocus()
        else:
            return False
        return True
