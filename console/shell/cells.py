"""One cell of a list: painted, and as text for the clipboard."""

from __future__ import annotations

import re

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from console.shell import theme
from console.shell.gauges import paint_bar
from console.shell.records import SHARE_ROLE, STATE_ROLE
from console.shell.states import paint_state

Index = QModelIndex | QPersistentModelIndex
_FORMULA = frozenset("=+-@")  # what a cell begins with that a spreadsheet would work out
_NUMBER = re.compile(r"[+-][\d,]+(\.\d+)?%?")


class CellDelegate(QStyledItemDelegate):
    """Paints the shape of a state or a bar before the text, and no dotted focus box."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        state, share = index.data(STATE_ROLE), index.data(SHARE_ROLE)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        option.state &= ~QStyle.StateFlag.State_HasFocus
        words, option.text = option.text, ""
        widget = option.widget
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        now = theme.current()
        if focused and index.column() == 0:
            painter.fillRect(QRectF(option.rect.x(), option.rect.y(), 3, option.rect.height()), now.color("accent"))
        inner = option.rect.adjusted(now.px(8), 0, -now.px(8), 0)
        if state:
            side = now.px(10)
            paint_state(painter, QRectF(inner.x(), inner.center().y() - side / 2 + 0.5, side, side), state)
            inner.setLeft(inner.left() + now.px(17))
        if share is not None:
            width = min(now.px(72), inner.width() // 2)
            paint_bar(painter, QRectF(inner.x(), inner.center().y() - 2, width, 5), share)
            inner.setLeft(inner.left() + width + now.px(8))
        painter.setPen(now.color("text"))
        shown = option.fontMetrics.elidedText(words, Qt.TextElideMode.ElideRight, inner.width())
        painter.setFont(option.font)
        painter.drawText(inner, int(option.displayAlignment.value), shown)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), theme.current().row_height)


def plain_cell(text: str) -> str:
    """One cell of text that Excel takes for nothing but text or a number."""
    cell = " ".join(text.split())
    formula = cell[:1] in _FORMULA and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if formula else cell
