"""The imports so far, and what can still be done about each."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal

from console.core.customers.importlog import ImportRecord, ImportState
from console.core.customers.outlook import titles_of
from console.core.customers.previous import COMPLETES
from console.core.errors import UserError
from console.core.format import count, local_datetime
from console.core.i18n import clauses, listed, ntr, tr
from console.screens.customers import importwork
from console.screens.customers.importwork import IMPORTED
from console.shell import theme
from console.shell.files import ask_workbook
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import Card, EmptyState, confirm, label, quiet_button, row

ROWS_SHOWN = 6


class LogSection(Card):
    show_wanted = Signal(int)  # import id
    undone = Signal(int)  # import id

    def __init__(self, services: Services) -> None:
        super().__init__(tr("Imports so far"), spacing=10)
        self._services = services
        self._undoing = False
        columns = [
            Column[ImportRecord]("at", tr("Time"), lambda r: local_datetime(r.at), 130, sortable=False),
            Column[ImportRecord]("file", tr("File"), lambda r: r.file_name, 170, sortable=False),
            Column[ImportRecord]("source", tr("Sender"), lambda r: r.source, 110, sortable=False),
            Column[ImportRecord]("by", tr("By"), lambda r: r.by, 80, sortable=False),
            Column[ImportRecord]("what", tr("Outcome"), _outcome, 0, sortable=False, tip=about),
        ]
        empty = EmptyState("upload", tr("Nothing was imported yet"))
        self.table = RecordTable(services, columns, importwork.log_ids, importwork.log_rows, empty)
        self.table.setAccessibleName(tr("Imports so far"))
        self.table.current_changed.connect(self._show)
        self.table.loaded.connect(lambda _number: self.table.land())
        self.about = label("", "quiet", wrap=True)
        self.show_these = quiet_button(tr("Show these customers"), self._show_customers, "users")
        self.errors = quiet_button(tr("Save error workbook…"), self._ask_where, "file-x")
        self.undo = quiet_button(tr("Undo this import…"), self._ask_undo, "undo-2")
        self.add(self.table, self.about, row(self.show_these, self.errors, self.undo, None))
        now = theme.current()
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head + ROWS_SHOWN * now.row_height + 2)
        self._show(None)

    def reload(self, import_id: int | None = None) -> None:
        """``import_id``: the one to go to; the buttons are about the row that is marked."""
        self.table.seek(import_id)
        self.table.reload()

    def _show(self, found: ImportRecord | None) -> None:
        done = found is not None and found.state is ImportState.DONE and not self._undoing
        self.about.setText(about(found) if found is not None else "")
        self.show_these.setEnabled(done)
        self.undo.setEnabled(done)
        self.errors.setEnabled(found is not None and found.errors > 0)

    def _show_customers(self) -> None:
        found = self.table.current_row()
        if found is not None:
            self.show_wanted.emit(found.id)

    def _ask_where(self) -> None:
        found = self.table.current_row()
        if found is None:
            return
        suggested = tr("{file} - to correct.xlsx", file=Path(found.file_name).stem)
        path = ask_workbook(self, tr("Save error workbook"), suggested)
        if path is not None:
            self.save_errors(found, path)

    def save_errors(self, found: ImportRecord, path: Path) -> None:
        def saved(rows: int) -> None:
            told = ntr("{n} row was saved to {file}.", "{n} rows were saved to {file}.", rows, file=path.name)
            self._services.notices.good(told, tr("Correct them there and import the file again."))

        work = importwork.errors_again(found.id, path)
        self._services.tasks.run(tr("Saving the error workbook"), work, saved, owner=self)

    def _ask_undo(self) -> None:
        found = self.table.current_row()
        if found is None:
            return
        text = tr(
            "{added} rows that it added are removed, and {updated} are put back as they were before.",
            added=count(found.added),
            updated=count(found.updated),
        )
        title = tr("Undo the import of {file}?", file=found.file_name)
        if confirm(self, title, text, tr("Undo the import"), danger=True):
            self.take_back(found)

    def take_back(self, found: ImportRecord) -> None:
        def undone(_none: None) -> None:
            over()
            self.undone.emit(found.id)
            self._services.notices.good(tr("The import of {file} was undone.", file=found.file_name))
            self._services.announce(IMPORTED)

        def over(error: UserError | None = None) -> None:
            self._undoing = False
            self.reload(found.id)
            if error is not None:
                self._services.notices.error(error)

        self._undoing = True
        self._show(self.table.current_row())
        title = tr("Undoing the import of {file}", file=found.file_name)
        work = importwork.take_back(found.id)
        self._services.tasks.run(title, work, undone, owner=self, failed=over, cancellable=False)


def _outcome(found: ImportRecord) -> str:
    if found.state is ImportState.UNDONE:
        return tr("undone by {name}", name=found.undone_by)
    if found.state is ImportState.UNDOING:
        return tr("being undone")
    if found.state is not ImportState.DONE:
        return tr("being written")
    return tr(
        "{added} added, {updated} updated, {unchanged} unchanged, {invalid} invalid",
        added=count(found.added),
        updated=count(found.updated),
        unchanged=count(found.unchanged),
        invalid=count(found.invalid),
    )


def about(found: ImportRecord) -> str:
    """Everything that the log knows of one import."""
    parts = [_outcome(found)]
    difference = found.difference
    if difference:
        gone = difference["gone_loans"] + difference["gone_customers"]
        counts = [
            ntr("{n} new", "{n} new", difference["new"]),
            ntr("{n} changed", "{n} changed", difference["changed"]),
            ntr("{n} as before", "{n} as before", difference["same"]),
            ntr("{n} paid since", "{n} paid since", difference["paid"]),
            ntr("{n} gone", "{n} gone", gone),
        ]
        parts.append(tr("against the file before: {counts}", counts=listed(counts)))
        if difference["fields"]:
            parts.append(tr("Fields that change: {fields}", fields=listed(titles_of(difference["fields"]))))
    if found.control.get(COMPLETES):
        parts.append(tr("corrected rows of the file before"))
    if found.control.get("confirmed"):
        parts.append(tr("imported although the totals differed"))
    if found.undone_at is not None:
        parts.append(tr("undone at {time}", time=local_datetime(found.undone_at)))
    return clauses(parts)
