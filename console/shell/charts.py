"""Small painted charts in the theme's colours. Each value can also be read: by pointer, by arrow keys, by ear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QBrush,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from console.core.format import count
from console.core.i18n import clauses
from console.shell import theme
from console.shell.widgets import label, row


@dataclass(frozen=True)
class Series:
    """One layer of the bars. ``pattern`` tells it apart without colour: solid, striped, or hollow."""

    title: str
    tone: str  # a colour token
    values: Sequence[int]
    pattern: str = "solid"


def ceiling(largest: int) -> int:
    """A round number at or above ``largest``, for the top of the scale."""
    if largest <= 4:
        return 4
    step: int = 10 ** (len(str(largest)) - 1)
    for factor in (1, 2, 4, 5, 8, 10):
        if factor * step >= largest:
            return factor * step
    return 10 * step


class BarChart(QWidget):
    """Stacked bars over categories; every ``each``-th category has its name under it."""

    def __init__(self, name: str, each: int = 1) -> None:
        super().__init__()
        self._name = name
        self._each = each
        self._categories: list[str] = []
        self._series: list[Series] = []
        self._marked = -1
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(theme.current().px(150))

    def set_data(self, categories: Sequence[str], series: Sequence[Series]) -> None:
        self._categories, self._series = list(categories), list(series)
        self._marked = min(self._marked, len(self._categories) - 1)
        self.setAccessibleDescription(self._read_out())
        self.update()

    def sizeHint(self) -> QSize:
        px = theme.current().px
        return QSize(px(480), px(170))

    def words(self, place: int) -> str:
        """What one bar says."""
        parts = [f"{series.title} {count(series.values[place])}" for series in self._series if series.values[place]]
        return f"{self._categories[place]}  {' · '.join(parts) or count(0)}"

    def _read_out(self) -> str:
        filled = [place for place in range(len(self._categories)) if self._total(place)]
        return clauses(self.words(place) for place in filled)

    def _total(self, place: int) -> int:
        return sum(series.values[place] for series in self._series)

    # Painting

    def _plot(self) -> QRectF:
        px = theme.current().px
        scale = self.fontMetrics().horizontalAdvance(count(ceiling(self._largest())))
        return QRectF(self.rect()).adjusted(scale + px(10), px(8), -px(4), -px(22))

    def _largest(self) -> int:
        return max((self._total(place) for place in range(len(self._categories))), default=0)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot, top = self._plot(), ceiling(self._largest())
        self._paint_scale(painter, plot, top)
        width = plot.width() / max(1, len(self._categories))
        for place in range(len(self._categories)):
            slot = QRectF(plot.x() + place * width, plot.y(), width, plot.height())
            if place == self._marked:
                painter.fillRect(slot, now.color("hover"))
            self._paint_bar(painter, slot, place, top)
            if place % self._each == 0:
                painter.setPen(now.color("quiet"))
                under = QRectF(slot.x() - width, plot.bottom() + 3, width * 3, now.px(18))
                painter.drawText(under, Qt.AlignmentFlag.AlignCenter, self._categories[place])
        if self.hasFocus():
            painter.setPen(QPen(now.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _paint_scale(self, painter: QPainter, plot: QRectF, top: int) -> None:
        now = theme.current()
        for step in (0, top // 2, top):
            y = plot.bottom() - plot.height() * step / top
            painter.setPen(QPen(now.color("line"), 1))
            painter.drawLine(QPointF(plot.left(), round(y) + 0.5), QPointF(plot.right(), round(y) + 0.5))
            painter.setPen(now.color("quiet"))
            words = QRectF(0, y - now.px(9), plot.left() - now.px(6), now.px(18))
            painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count(step))

    def _paint_bar(self, painter: QPainter, slot: QRectF, place: int, top: int) -> None:
        thick = min(slot.width() * 0.64, 28.0)
        x, bottom = slot.center().x() - thick / 2, slot.bottom()
        for series in self._series:
            value = series.values[place]
            if not value:
                continue
            height = max(2.0, slot.height() * value / top)
            paint_fill(
                painter, QRectF(x, bottom - height, thick, height), theme.current().color(series.tone), series.pattern
            )
            bottom -= height

    # Reading by pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        plot = self._plot()
        width = plot.width() / max(1, len(self._categories))
        place = int((event.position().x() - plot.x()) // width)
        inside = 0 <= place < len(self._categories)
        self._mark(place if inside else -1)
        if inside:
            QToolTip.showText(event.globalPosition().toPoint(), self.words(place), self)

    def leaveEvent(self, event: QEvent) -> None:
        self._mark(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self._categories:
            super().keyPressEvent(event)
            return
        self._mark(min(len(self._categories) - 1, max(0, self._marked + step)))
        words = self.words(self._marked)
        self.setAccessibleName(f"{self._name}: {words}")
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.NameChanged))
        QToolTip.showText(self.mapToGlobal(self.rect().center()), words, self)

    def _mark(self, place: int) -> None:
        if place != self._marked:
            self._marked = place
            self.update()


def paint_fill(painter: QPainter, rect: QRectF, color: QColor, pattern: str) -> None:
    """A block in one of the three patterns."""
    painter.save()
    if pattern == "solid":
        painter.fillRect(rect, color)
    else:
        pale = QColor(color)
        pale.setAlpha(48)
        painter.fillRect(rect, pale)
        if pattern == "striped":
            painter.fillRect(rect, QBrush(color, Qt.BrushStyle.BDiagPattern))
        painter.setPen(QPen(color, 1))
        painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.restore()


class _Key(QWidget):
    def __init__(self, series: Series) -> None:
        super().__init__()
        self._series = series
        self.setFixedSize(12, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_fill(painter, QRectF(self.rect()), theme.current().color(self._series.tone), self._series.pattern)


class Legend(QWidget):
    """What the patterns and colours mean."""

    def __init__(self, series: Sequence[Series]) -> None:
        super().__init__()
        line = row(spacing=6)
        for each in series:
            line.addWidget(_Key(each))
            line.addWidget(label(each.title, "small"))
            line.addSpacing(8)
        self.setLayout(line)
