"""Asking a supervisor for a file with full numbers, from any page that exports."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.i18n import tr
from console.shell.forms import FormDialog
from console.shell.services import Services

ASKED = Change.of(Topic.AUDIT)


class AskFullNumbersDialog(FormDialog):
    """``ask(reason)`` is the work that files the request and gives its number."""

    def __init__(
        self, parent: QWidget, services: Services, what: str, ask: Callable[[str], Callable[[Context], int]]
    ) -> None:
        super().__init__(parent, tr("Ask for full numbers"), tr("Ask"))
        self._services, self._ask = services, ask
        self.explain(
            tr("Somebody else has to approve this list as it is now. Then you write the file once, under Protection.")
        )
        self.explain(what)
        self.form.add_multiline("reason", tr("Reason"), placeholder=tr("What the full numbers are needed for"))
        self.on_action(lambda: self.work(services, ask(self.form.text("reason")), self._asked))

    def _asked(self, number: int) -> None:
        self._services.notices.good(
            tr("Request {n} waits for a supervisor.", n=number), tr("You find it under Protection.")
        )
        self._services.announce(ASKED)
