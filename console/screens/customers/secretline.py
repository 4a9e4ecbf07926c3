"""A number that shows its end, and for a reason and a minute the whole of it."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QToolButton, QWidget

from console.core.i18n import tr
from console.core.security.permissions import Permission
from console.screens.customers.reveal import Asking, RevealDialog
from console.shell.services import Services
from console.shell.widgets import icon_button, label, row

SHOWN_FOR = 60_000  # milliseconds that a full number stays on the screen


class SecretLine(QWidget):
    """A masked number with its eye; what was shown is masked again after a minute."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._masked = ""
        self._owner: object = None
        self._title = ""
        self._ask: Asking | None = None
        self._name = label("", "quiet")
        self.number = label("", selectable=True)
        self.eye = icon_button("eye", tr("Show the full number"), self._reveal)
        self.eye.setVisible(services.allowed(Permission.PHONES_REVEAL))
        self._timer = QTimer(self, interval=SHOWN_FOR, singleShot=True)
        self._timer.timeout.connect(self._mask)
        self.line = row(self._name, 8, self.number, self.eye, None, spacing=8)
        self.setLayout(self.line)
        low(self.eye)

    def show_secret(self, name: str, masked: str, title: str, ask: Asking, owner: object) -> None:
        """``owner``: whose it is; another one's is masked at once."""
        self._name.setText(name)
        self._masked, self._title, self._ask = masked, title, ask
        if owner != self._owner or not self._timer.isActive():
            self._owner = owner
            self._timer.stop()
            self._mask()

    def _reveal(self) -> None:
        if self._ask is None:
            return
        owner = self._owner
        dialog = RevealDialog(self, self._services, self._title, self._ask)

        def told(number: str) -> None:
            if owner == self._owner:
                self.number.setText(number)
                self._timer.start()

        dialog.revealed.connect(told)
        dialog.open()

    def _mask(self) -> None:
        self.number.setText(self._masked)


def low(button: QToolButton) -> None:
    """As high as a line of text, so that facts stand close."""
    button.setProperty("kind", "inline")
