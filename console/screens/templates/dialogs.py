"""Questions about templates that must interrupt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from console.core.i18n import ntr, tr
from console.core.messages.exchange import Effect, Incoming
from console.core.messages.library import TemplateDetail
from console.screens.templates import operations
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import label

SHOWN = 8  # rows that cannot be taken


class ReturnDialog(FormDialog):
    """What stands before a template goes back to its writer."""

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


class ImportDialog(FormDialog):
    """What a file would do, before it does it."""

    def __init__(self, parent: QWidget, incoming: Sequence[Incoming]) -> None:
        super().__init__(parent, tr("Import templates"), tr("Save as drafts"))
        number = Counter(each.effect for each in incoming)
        self.explain(tr("Nothing is in force before a supervisor has approved it."))
        told = [
            ntr("{n} new template", "{n} new templates", number[Effect.NEW]),
            ntr("{n} changed text", "{n} changed texts", number[Effect.CHANGED]),
            ntr("{n} stays as it is", "{n} stay as they are", number[Effect.SAME]),
        ]
        unusable = [each for each in incoming if each.effect is Effect.UNUSABLE]
        told += [tr("Row {row}: {why}", row=each.row, why=str(each.why)) for each in unusable[:SHOWN]]
        if len(unusable) > SHOWN:
            told.append(ntr("and {n} more row", "and {n} more rows", len(unusable) - SHOWN))
        self.lines = [label(line, wrap=True) for line in told]
        for place, line in enumerate(self.lines):
            self.body.insertWidget(2 + place, line)
        self.action.setEnabled(bool(number[Effect.NEW] + number[Effect.CHANGED]))
        self.on_action(self.accept)
