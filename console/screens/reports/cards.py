"""The ready-made reports, one card each; one of them is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QPushButton, QWidget

from console.core.i18n import tr
from console.core.reports.requests import Card, Report
from console.shell import theme
from console.shell.icons import icon
from console.shell.widgets import column, label, row

_WIDE, _SHORT = 312, 216  # design pixels


class ReportCard(QPushButton):
    def __init__(self, card: Card) -> None:
        super().__init__()
        self.report = card.report
        self.setObjectName("card")
        self.setCheckable(True)
        self.setAccessibleName(str(card.title))
        self.setAccessibleDescription(str(card.text))
        picture = QLabel()
        picture.setPixmap(icon(card.icon, "accent").pixmap(QSize(20, 20)))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        picture.setFixedWidth(20)
        self.about = label(str(card.text), "quiet", wrap=True)
        words = column(label(str(card.title), "heading", wrap=True), self.about, spacing=4)
        layout = row(picture, words, spacing=12, margins=14)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        for inside in self.findChildren(QLabel):
            inside.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        policy = self.sizePolicy()
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return layout.heightForWidth(width) if layout is not None else super().heightForWidth(width)

    def set_short(self, short: bool) -> None:
        """Without its description, which is then its tip."""
        self.about.setVisible(not short)
        self.setToolTip(self.about.text() if short else "")
        layout = self.layout()
        if layout is not None:
            layout.activate()  # a column within a row does not hear of it by itself
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        width = theme.current().px(_SHORT if self.about.isHidden() else _WIDE) - 32
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.current().color("accent"))
            painter.drawRoundedRect(QRectF(4, 10, 4, self.height() - 20), 2, 2)


class CardList(QWidget):
    chosen = Signal(object)  # Report

    def __init__(self, cards: Sequence[Card]) -> None:
        super().__init__()
        self.setAccessibleName(tr("Reports"))
        self._group = QButtonGroup(self)
        self.cards = [ReportCard(card) for card in cards]
        for card in self.cards:
            self._group.addButton(card)
        self.cards[0].setChecked(True)
        self._group.buttonClicked.connect(lambda _button: self.chosen.emit(self.report()))
        self.setLayout(column(*self.cards, None, spacing=8, margins=16))
        self.set_short(False)

    def set_short(self, short: bool) -> None:
        """Where the page has little room its reports are named only."""
        for card in self.cards:
            card.set_short(short)
        self.setFixedWidth(theme.current().px(_SHORT if short else _WIDE))

    def report(self) -> Report:
        return next(card.report for card in self.cards if card.isChecked())

    def choose(self, report: Report) -> None:
        next(card for card in self.cards if card.report is report).setChecked(True)
