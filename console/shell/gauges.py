"""The strength of a signal as bars that can also be read."""

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
