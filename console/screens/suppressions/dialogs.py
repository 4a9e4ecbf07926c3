"""Putting numbers on the do-not-contact list, one or a file of them, and taking one off."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from console.core.customers.suppressions import Entry, SuppressionRow, scope_title
from console.core.i18n import ntr, tr
from console.screens.suppressions import operations
from console.screens.suppressions.operations import Numbers
from console.shell.forms import FormDialog
from console.shell.listingform import add_listing_fields, listing_of
from console.shell.services import Services


class AddDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services) -> None:
        super().__init__(parent, tr("Put a number on the do-not-contact list"), tr("Put on"))
        self._services = services
        self.form.add_text("phone", tr("Mobile number"), max_length=30)
        add_listing_fields(self.form, services.ctx.clock.now().astimezone().date())
        self.form.submitted.connect(self._save)
        self.on_action(self._save)

    def _save(self) -> None:
        work = operations.add(self.form.text("phone"), listing_of(self.form))
        self.work(self._services, work, lambda _id: self._services.announce(operations.CHANGED))


class FileDialog(FormDialog):
    """What the numbers of a file hold back; ``chosen`` takes it from there."""

    def __init__(
        self, parent: QWidget, services: Services, numbers: Numbers, chosen: Callable[[Numbers, Entry], None]
    ) -> None:
        super().__init__(parent, tr("Put the numbers of a file on the list"), tr("Put on"))
        self._numbers, self._chosen = numbers, chosen
        rows = ntr("{n} row", "{n} rows", len(numbers.cells))
        words = tr(
            "{file}: {rows}, numbers in the column “{column}”.", file=numbers.name, rows=rows, column=numbers.column
        )
        self.explain(words)
        add_listing_fields(self.form, services.ctx.clock.now().astimezone().date())
        self.form.submitted.connect(self._save)
        self.on_action(self._save)

    def _save(self) -> None:
        entry = listing_of(self.form)
        if not entry.reason:
            self.form.set_error("reason", tr("This is needed."))
            return
        self.accept()
        self._chosen(self._numbers, entry)


class EndDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, row: SuppressionRow) -> None:
        super().__init__(parent, tr("Take {number} off the list", number=row.phone), tr("Take off"), danger=True)
        self._services, self._row = services, row
        scope = scope_title(row.scope)
        self.explain(tr("Holds back: {scope}. From then on messages may leave for this number again.", scope=scope))
        self.form.add_text("reason", tr("Why it ends"), max_length=200)
        self.form.submitted.connect(self._save)
        self.on_action(self._save)

    def _save(self) -> None:
        work = operations.end(self._row.id, self.form.text("reason"))
        self.work(self._services, work, lambda _none: self._services.announce(operations.CHANGED))
