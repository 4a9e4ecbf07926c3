"""The question that stands before a full number."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from console.core.context import Context
from console.core.i18n import tr
from console.screens.customers import operations
from console.shell.forms import FormDialog
from console.shell.services import Services

Asking = Callable[[str], Callable[[Context], str]]  # a reason -> the work that gives the number


class RevealDialog(FormDialog):
    revealed = Signal(str)  # full number

    def __init__(self, parent: QWidget, services: Services, title: str, ask: Asking) -> None:
        super().__init__(parent, title, tr("Show"))
        self._services = services
        self._work = ask
        self.explain(tr("The look is kept in the audit trail with your name and the reason."))
        self.form.add_text(
            "reason", tr("Reason"), placeholder=tr("The customer asked to be called back"), max_length=200
        )
        self.form.submitted.connect(self._show)
        self.on_action(self._show)

    def _show(self) -> None:
        reason = str(self.form.value("reason"))
        if not reason:
            self.form.set_error("reason", tr("Write why you need it."))
            return
        self.work(self._services, self._work(reason), self._told)

    def _told(self, number: str) -> None:
        self.revealed.emit(number)
        self._services.announce(operations.LOOKED)
