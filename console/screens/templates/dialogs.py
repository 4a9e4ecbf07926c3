"""The question that stands before a template goes back to its writer."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from console.core.i18n import tr
from console.core.messages.library import TemplateDetail
from console.screens.templates import operations
from console.shell.forms import FormDialog
from console.shell.services import Services


class ReturnDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, detail: TemplateDetail) -> None:
        super().__init__(parent, tr("Return {name}", name=detail.name), tr("Return"))
        self._services = services
        self._detail = detail
        self.explain(tr("The writer sees your words beside the text."))
        self.form.add_text("comment", tr("What has to be changed?"), max_length=500)
        self.form.submitted.connect(self._return)
        self.on_action(self._return)

    def _return(self) -> None:
        comment = str(self.form.value("comment"))
        if not comment:
            self.form.set_error("comment", tr("Say what has to be changed."))
            return
        work = operations.returning(self._detail.id, self._detail.newest.number, comment)
        self.work(self._services, work)
