"""The message as it will stand on a telephone."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QPainter,
    QPaintEvent,
    QPalette,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from console.core.format import count
from console.core.i18n import ntr, tr
from console.core.messages.template import Measure
from console.shell import theme
from console.shell.widgets import label, scroll

_ROOM = {"gsm7": (160, 153), "ucs2": (70, 67)}  # characters of one message, and of each of several


class Bubble(QWidget):
    """A text in its bubble; what stands for variables is tinted."""

    def __init__(self) -> None:
        super().__init__()
        self._document = QTextDocument(self)
        self._document.setDocumentMargin(0)
        wrap = QTextOption()
        wrap.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._document.setDefaultTextOption(wrap)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.text = ""

    def set_text(self, text: str, marks: Sequence[tuple[int, int, str]]) -> None:
        self.text = text
        self._document.setDefaultFont(self.font())
        self._document.setPlainText(text)
        tint = QTextCharFormat()
        tint.setForeground(theme.current().color("link"))
        cursor = QTextCursor(self._document)
        for start, end, _variable in marks:
            cursor.setPosition(_units(text, start))
            cursor.setPosition(_units(text, end), QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(tint)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def heightForWidth(self, width: int) -> int:
        self._document.setTextWidth(max(40, width - 2 * self._pad))
        return int(self._document.size().height()) + 2 * self._pad

    def sizeHint(self) -> QSize:
        width = theme.current().px(220)
        return QSize(width, self.heightForWidth(width))

    @property
    def _pad(self) -> int:
        return theme.current().px(11)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("soft"))
        painter.drawRoundedRect(QRectF(self.rect()), 12, 12)
        self._document.setTextWidth(max(40, self.width() - 2 * self._pad))
        painter.translate(QPointF(self._pad, self._pad))
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QPalette.ColorRole.Text, now.color("text"))
        self._document.documentLayout().draw(painter, context)


def _units(text: str, place: int) -> int:
    return len(text[:place].encode("utf-16-le")) // 2


class Phone(QWidget):
    """A drawn telephone; long texts scroll inside it."""

    def __init__(self) -> None:
        super().__init__()
        px = theme.current().px
        self.setMinimumSize(px(250), px(160))
        self.setMaximumHeight(px(400))
        self.setAccessibleName(tr("Preview"))
        self.bubble = Bubble()
        self.sender_name = label("", "small")
        self.sender_name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        inside = QWidget()
        page = QVBoxLayout(inside)
        page.setContentsMargins(px(12), px(8), px(30), px(12))
        page.addWidget(self.bubble)
        page.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(px(8), px(26), px(8), px(16))
        layout.setSpacing(2)
        layout.addWidget(self.sender_name)
        layout.addWidget(scroll(inside), 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(now.color("field_line"))
        painter.setBrush(now.color("surface"))
        painter.drawRoundedRect(body, now.px(26), now.px(26))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("line"))
        middle = body.center().x()
        painter.drawRoundedRect(QRectF(middle - now.px(24), now.px(11), now.px(48), now.px(5)), 3, 3)


def length_words(measure: Measure) -> str:
    characters = ntr("{n} character", "{n} characters", measure.units)
    parts = ntr("billed as {n} message", "billed as {n} messages", measure.parts)
    return f"{characters} · {parts}"


def room_words(measure: Measure) -> str:
    """How much more fits before the next message begins."""
    single, each = _ROOM[measure.alphabet.value]
    room = (single if measure.parts == 1 else each * measure.parts) - measure.units
    return tr("{room} more fit", room=count(max(0, room)))
