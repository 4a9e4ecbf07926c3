"""A list in a window of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from console.core.i18n import tr
from console.shell import theme
from console.shell.table import RecordTable
from console.shell.widgets import column, heading, open_at, quiet_button, row

R = TypeVar("R")


class ListDialog(QDialog, Generic[R]):
    """``above`` and ``below`` stand around the list, ``beside`` in the row of the button that closes it.

    One row is current, and has the keyboard.
    """

    def __init__(
        self,
        parent: QWidget,
        title: str,
        table: RecordTable[R],
        *,
        above: Sequence[QWidget] = (),
        below: Sequence[QWidget] = (),
        beside: Sequence[QWidget] = (),
        size: tuple[int, int] = (640, 460),
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        px = theme.current().px
        open_at(self, px(size[0]), px(size[1]))
        self.table = table
        table.setAccessibleName(title)
        table.loaded.connect(self._loaded)
        buttons = row(*beside, None, quiet_button(tr("Close"), self.accept))
        body = column(heading(title), *above, 4, table, *below, 4, buttons, margins=20)
        body.setStretchFactor(table, 3)
        for widget in below:
            body.setStretchFactor(widget, 2 if isinstance(widget, RecordTable) else 0)
        self.setLayout(body)
        table.reload()

    def _loaded(self) -> None:
        if self.table.land():
            self.table.setFocus()
