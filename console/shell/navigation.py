"""The rail on the left: icon and word, badges for what waits for me, collapsible to icons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from console.core.i18n import ntr, tr
from console.shell import theme
from console.shell.icons import icon, paint_icon


@dataclass(frozen=True)
class Place:
    key: str
    title: str
    icon: str
    below: bool = False  # at the foot of the rail


class RailButton(QToolButton):
    """Painted by hand, so that icon, word and badge share one line at every font size."""

    def __init__(self, title: str, icon_name: str, shortcut: str = "") -> None:
        super().__init__()
        self._title = title
        self._icon_name = icon_name
        self._shortcut = shortcut
        self._badge = 0
        self._collapsed = False
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIcon(icon(icon_name))
        self.setText(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._name()

    @property
    def badge(self) -> int:
        return self._badge

    def set_badge(self, number: int) -> None:
        if number != self._badge:
            self._badge = number
            self._name()
            self.update()

    def set_collapsed(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        self._name()
        self.updateGeometry()
        self.update()

    def _name(self) -> None:
        waits = ntr("{n} waits for you", "{n} wait for you", self._badge) if self._badge else ""
        self.setAccessibleName(", ".join(filter(None, (self._title, waits))))
        keys = f"({self._shortcut})" if self._shortcut else ""
        shown = " ".join(filter(None, (self._title, keys)))
        self.setToolTip("\n".join(filter(None, (shown, waits))))

    def sizeHint(self) -> QSize:
        px = theme.current().px
        return QSize(px(44) if self._collapsed else px(120), px(36))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, now)
        strong = self.isChecked()
        color = now.color("link" if strong else "quiet")
        side = now.px(18)
        left = (self.width() - side) / 2 if self._collapsed else now.px(12)
        paint_icon(painter, QRectF(left, (self.height() - side) / 2, side, side), self._icon_name, color)
        if not self._collapsed:
            font = painter.font()
            font.setBold(strong)
            painter.setFont(font)
            painter.setPen(now.color("text" if strong or self.underMouse() else "quiet"))
            words = self.rect().adjusted(now.px(12) + side + now.px(10), 0, -now.px(8), 0)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._title)
        if self._badge:
            self._paint_badge(painter, now)

    def _paint_ground(self, painter: QPainter, now: theme.Theme) -> None:
        inside = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(now.color("selection" if self.isChecked() else "hover"))
            painter.drawRoundedRect(inside, 6, 6)
        if self.hasFocus():
            pen = painter.pen()
            pen.setStyle(Qt.PenStyle.SolidLine)
            pen.setColor(now.color("accent"))
            pen.setWidthF(2)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(inside, 6, 6)

    def _paint_badge(self, painter: QPainter, now: theme.Theme) -> None:
        text = str(self._badge) if self._badge < 100 else "99+"
        font = painter.font()
        font.setBold(True)
        font.setPixelSize(now.px(11))
        painter.setFont(font)
        height = now.px(17)
        width = max(height, painter.fontMetrics().horizontalAdvance(text) + now.px(9))
        top = now.px(1) if self._collapsed else (self.height() - height) / 2
        pill = QRectF(self.width() - width - now.px(2 if self._collapsed else 8), top, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("accent"))
        painter.drawRoundedRect(pill, height / 2, height / 2)
        painter.setPen(now.color("on_accent"))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


class NavigationRail(QFrame):
    chosen = Signal(str)

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAccessibleName(tr("Navigation"))
        self._collapsed = False
        self.buttons: dict[str, RailButton] = {}
        self._above, self._below = QVBoxLayout(), QVBoxLayout()
        for layout in (self._above, self._below):
            layout.setSpacing(2)
            layout.setContentsMargins(0, 0, 0, 0)
        for number, place in enumerate(places, 1):
            self._add(place, f"Ctrl+{number}" if number <= 9 else "")
        self._above.addStretch(1)
        self._fold = RailButton(tr("Narrow"), "panel-left", "Ctrl+B")
        self._fold.setCheckable(False)
        self._fold.clicked.connect(lambda _checked=False: self.toggle())
        self._below.addWidget(self._fold)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 8, 8, 8)
        whole.setSpacing(4)
        whole.addWidget(_scrolling(self._above), 1)
        whole.addLayout(self._below)
        self._size()

    @property
    def collapsed(self) -> bool:
        return self._collapsed

    def set_collapsed(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        for button in (*self.buttons.values(), self._fold):
            button.set_collapsed(collapsed)
        self._size()

    def toggle(self) -> None:
        self.set_collapsed(not self._collapsed)

    def set_current(self, key: str) -> None:
        for name, button in self.buttons.items():
            button.setChecked(name == key)

    def set_badge(self, key: str, number: int) -> None:
        if key in self.buttons:
            self.buttons[key].set_badge(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down walk through the rail."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        buttons = [*self.buttons.values(), self._fold]
        focused = next((i for i, button in enumerate(buttons) if button.hasFocus()), None)
        if step is None or focused is None:
            super().keyPressEvent(event)
        else:
            buttons[(focused + step) % len(buttons)].setFocus(Qt.FocusReason.TabFocusReason)

    def _add(self, place: Place, shortcut: str) -> None:
        button = RailButton(place.title, place.icon, shortcut)
        button.clicked.connect(lambda _checked=False, key=place.key: self._choose(key))
        self.buttons[place.key] = button
        (self._below if place.below else self._above).addWidget(button)

    def _choose(self, key: str) -> None:
        self.buttons[key].setChecked(self.buttons[key].isChecked())
        self.chosen.emit(key)

    def _size(self) -> None:
        px = theme.current().px
        self.setFixedWidth(px(44) + 17 if self._collapsed else px(150))


def _scrolling(layout: QVBoxLayout) -> QScrollArea:
    inside = QWidget()
    inside.setProperty("scrolled", True)
    inside.setLayout(layout)
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
