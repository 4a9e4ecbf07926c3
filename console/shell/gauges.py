"""Bars that can also be read: how far something is, how strong a signal is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.core.i18n import tr
from console.shell import theme

BARS = 5


class SignalBars(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._bars: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_signal(None, None)

    def set_signal(self, bars: int | None, dbm: int | None) -> None:
        """``bars`` 0..5; None where the modem has not said."""
        self._bars = bars
        if bars is None:
            words = tr("Signal not known")
        else:
            words = tr("Signal {bars} of {most}, {dbm} dBm", bars=bars, most=BARS, dbm="–" if dbm is None else dbm)
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.update()

    def sizeHint(self) -> QSize:
        px = theme.current().px
        return QSize(px(26), px(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        gap = 2.0
        width = (self.width() - gap * (BARS - 1)) / BARS
        for place in range(BARS):
            height = self.height() * (0.28 + 0.72 * place / (BARS - 1))
            lit = self._bars is not None and place < self._bars
            tone = "warn" if self._bars is not None and self._bars <= 1 else "good"
            painter.setBrush(now.color(tone if lit else "track"))
            painter.drawRoundedRect(QRectF(place * (width + gap), self.height() - height, width, height), 1, 1)
        if self._bars is None:
            painter.setPen(now.color("quiet"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "?")


class ProgressLine(QWidget):
    """A thin bar and its figures in words: ``812 / 1,000``."""

    def __init__(self, tone: str = "accent") -> None:
        super().__init__()
        self._tone = tone
        self._share = 0.0
        self._text = ""
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_progress(self, done: float, total: float, text: str = "") -> None:
        self._share = min(1.0, max(0.0, done / total)) if total else 0.0
        self._text = text
        self.setAccessibleName(text or f"{self._share:.0%}")
        self.setToolTip(text)
        self.update()

    def set_tone(self, tone: str) -> None:
        self._tone = tone
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 6 if not self._text else self.fontMetrics().height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width()
        if self._text:
            taken = self.fontMetrics().horizontalAdvance(self._text) + 8
            width = max(24, width - taken)
            painter.setPen(theme.current().color("quiet"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._text)
        paint_bar(painter, QRectF(0, self.height() / 2 - 3, width, 6), self._share, self._tone)


def paint_bar(painter: QPainter, rect: QRectF, share: float, tone: str = "accent") -> None:
    """A rounded bar filled to ``share`` (0..1)."""
    now = theme.current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(now.color("track"))
    painter.drawRoundedRect(rect, 3, 3)
    if share > 0:
        painter.setBrush(now.color(tone))
        filled = QRectF(rect.x(), rect.y(), max(6.0, rect.width() * min(1.0, share)), rect.height())
        painter.drawRoundedRect(filled, 3, 3)
    painter.restore()
