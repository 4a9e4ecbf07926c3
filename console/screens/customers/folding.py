"""A card whose body folds away under its heading."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from console.core.i18n import tr
from console.shell import theme
from console.shell.icons import icon
from console.shell.widgets import Card, heading, icon_button, label


class _Head(QWidget):
    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class FoldCard(Card):
    """``add`` fills the body; ``extras`` is room at the right end of the heading."""

    folded = Signal(bool)

    def __init__(self, title: str, *, spacing: int = 8, open_: bool = True) -> None:
        super().__init__(spacing=0)
        self.setAccessibleName(title)
        self._title = title
        self._open = open_
        self.arrow = icon_button("chevron-down", title, self.toggle)
        side = theme.current().px(14)
        self.arrow.setIconSize(QSize(side, side))
        self.about = label("", "quiet")
        self.extras = QHBoxLayout()
        self.extras.setSpacing(4)
        head = _Head()
        head.clicked.connect(self.toggle)
        head.setCursor(Qt.CursorShape.PointingHandCursor)
        line = QHBoxLayout(head)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.arrow)
        line.addWidget(heading(title))
        line.addSpacing(4)
        line.addWidget(self.about)
        line.addStretch(1)
        line.addLayout(self.extras)
        self._inside = QWidget()
        self._stack = QVBoxLayout(self._inside)
        self._stack.setContentsMargins(4, 8, 0, 0)
        self._stack.setSpacing(spacing)
        self.body.setContentsMargins(10, 6, 14, 8)
        self.body.addWidget(head)
        self.body.addWidget(self._inside)
        self._show()

    @property
    def is_open(self) -> bool:
        return self._open

    def add(self, *items: QWidget | QLayout) -> None:
        for item in items:
            if isinstance(item, QWidget):
                self._stack.addWidget(item)
            else:
                self._stack.addLayout(item)

    def say(self, about: str) -> None:
        """A figure beside the heading, seen when folded as well."""
        self.about.setText(about)

    def toggle(self) -> None:
        self.set_open(not self._open)

    def set_open(self, open_: bool) -> None:
        if open_ != self._open:
            self._open = open_
            self._show()
            self.folded.emit(not open_)

    def _show(self) -> None:
        self._inside.setVisible(self._open)
        self.arrow.setIcon(icon("chevron-down" if self._open else "chevron-right"))
        words = tr("Fold {section}", section=self._title) if self._open else tr("Unfold {section}", section=self._title)
        self.arrow.setToolTip(words)
        self.arrow.setAccessibleName(words)
