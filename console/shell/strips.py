"""Bands across the whole window for what must not be overlooked: the demo, the global stop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy

from console.shell.icons import icon
from console.shell.widgets import ElidedLabel, link_button, row


class Strip(QFrame):
    def __init__(self, name: str, icon_name: str, tone: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._icon = icon(icon_name, tone)
        self._picture = QLabel()
        self._picture.setPixmap(self._icon.pixmap(16, 16))
        self._words = ElidedLabel("")
        self._words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._act: Callable[[], object] | None = None
        self.button = link_button("", self._pressed)
        self.button.hide()
        line = row(self._picture, self._words, self.button, None, spacing=8)
        line.setContentsMargins(16, 4, 16, 4)
        self.setLayout(line)
        self.hide()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._picture.setPixmap(self._icon.pixmap(16, 16))  # in the colour of the new theme

    @property
    def words(self) -> str:
        return self._words.text()

    def say(self, text: str) -> None:
        self._words.setText(text)
        self.setAccessibleName(text)

    def offer(self, text: str, act: Callable[[], object] | None = None) -> None:
        """A button at the end of the words; empty text takes it away."""
        self._act = act
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setVisible(bool(text))

    def _pressed(self) -> None:
        if self._act is not None:
            self._act()
