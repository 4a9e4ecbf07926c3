"""Import on one scrolling page: the file, its columns, what the check found, and the button."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from console.core.customers.checking import Checked, why_incomplete
from console.core.customers.importing import BadRow, ImportResult, Outdated
from console.core.customers.problems import Policy
from console.core.errors import UserError
from console.core.format import count
from console.core.i18n import ntr, tr
from console.core.security.permissions import Permission
from console.screens.customers import importwork
from console.screens.customers.decision import DecisionBar, ResultCard
from console.screens.customers.importwork import IMPORTED, Opened, Outlook
from console.screens.customers.logsection import LogSection
from console.screens.customers.outlook import OutlookSection
from console.screens.customers.sections import CheckSection, ColumnsSection, FileSection
from console.shell import theme
from console.shell.files import ask_workbook
from console.shell.services import Services
from console.shell.tasks import Task, TaskState
from console.shell.widgets import column, icon_button, label, row, scroll

CHECK_DELAY = 300  # milliseconds after the last change of a column


class ImportPage(QWidget):
    left = Signal()
    show_wanted = Signal(int)  # import id

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._opened: Opened | None = None
        self._checked: Checked | None = None
        self._refused: tuple[BadRow, ...] = ()
        self._reading: Task | None = None
        self._checking: Task | None = None
        self._importing: Task | None = None
        self._preparing: Task | None = None
        self._outlook: Outlook | None = None
        self._timer = QTimer(self, interval=CHECK_DELAY, singleShot=True)
        self._timer.timeout.connect(self._check)
        self.file = FileSection()
        self.columns = ColumnsSection()
        self.check = CheckSection(services)
        self.outlook = OutlookSection(services)
        self.log = LogSection(services)
        self.result = ResultCard(campaigns=services.allowed(Permission.CAMPAIGNS_EDIT))
        self.decision = DecisionBar()
        self._connect()
        back = icon_button("arrow-left", tr("Back to the list"), self.left.emit)
        head = QWidget()
        head.setObjectName("pagebar")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head.setLayout(row(back, label(tr("Import customers"), "title"), None, spacing=8, margins=(16, 10, 16, 10)))
        sections = (self.file, self.columns, self.check, self.outlook, self.result, self.log)
        inside = QWidget()
        inside.setMaximumWidth(theme.current().px(1100))
        inside.setLayout(column(*sections, None, spacing=12, margins=16))
        self.area = scroll(inside)
        whole = column(head, self.area, self.decision, spacing=0)
        whole.setStretchFactor(self.area, 1)
        self.setLayout(whole)
        self._show_steps(False)
        self.log.reload()

    def _connect(self) -> None:
        self.file.chosen.connect(self.open_file)
        self.columns.changed.connect(self._columns_changed)
        self.columns.sheet_wanted.connect(self._choose_sheet)
        self.check.save_wanted.connect(self._ask_where)
        self.decision.import_wanted.connect(self.start_import)
        self.decision.cancel_wanted.connect(self.cancel_import)
        self.outlook.changed.connect(self._ready)
        self.outlook.source_changed.connect(self._compare)
        self.log.show_wanted.connect(self.show_wanted)
        self.log.undone.connect(self._undone)
        self.result.show_wanted.connect(self.show_wanted)
        self.result.campaign_wanted.connect(lambda id_: self._services.navigate("campaigns", import_id=id_))
        self.result.errors_wanted.connect(self._ask_where)
        self.result.again_wanted.connect(self.start_over)
        self._services.tasks.finished.connect(self._task_ended)

    @property
    def busy(self) -> bool:
        """While rows are being brought in."""
        return self._importing is not None

    def start_over(self) -> None:
        """A fresh page; refused while an import is running."""
        if self.busy:
            return
        self._opened = None
        self._forget_check()
        self.file.name.setText(tr("No file yet"))
        self.file.about.hide()
        self.file.trouble.hide()
        self._show_steps(False)
        self.check.waiting("")
        self.log.reload()
        self.area.verticalScrollBar().setValue(0)
        self.file.choose.setFocus()

    # 1 and 2: the file and its columns

    def open_file(self, path: Path) -> None:
        if self.busy:
            self._services.notices.warn(tr("An import is running."), tr("Wait for its end or cancel it first."))
            return
        self.start_over()
        self.file.reading(path)
        title = tr("Reading {file}", file=path.name)
        self._reading = self._services.tasks.run(
            title, importwork.open_file(path), self._understood, owner=self, failed=self._unreadable
        )
        self._follow(self._reading)

    def _choose_sheet(self, name: str, header_row: int | None) -> None:
        if self._opened is not None and not self.busy:
            self._forget_check()
            work = importwork.choose_sheet(self._opened.book, name, header_row)
            title = tr("Reading {file}", file=self._opened.book.file_name)
            self._reading = self._services.tasks.run(title, work, self._understood, owner=self, failed=self._unreadable)
            self._follow(self._reading)

    def _unreadable(self, error: UserError) -> None:
        self.file.refuse(error)
        self.decision.hide()

    def _understood(self, opened: Opened) -> None:
        self._opened = opened
        self.file.trouble.hide()
        self.file.show_sheet(opened.sheet)
        self.columns.show_opened(opened)
        self._show_steps(True)
        self._columns_changed()

    def _show_steps(self, shown: bool) -> None:
        """What follows the choice of a file."""
        for step in (self.columns, self.check, self.outlook, self.decision):
            step.setVisible(shown)
        self.result.hide()

    def _columns_changed(self) -> None:
        self._forget_check()
        self._show_steps(True)
        self._timer.start()

    # 3: the check

    def _forget_check(self) -> None:
        self._timer.stop()
        self._checked, self._refused = None, ()
        if self._checking is not None:
            self._checking.cancel()
            self._checking = None
        self.check.waiting("")
        self.decision.offer(0, "")
        self._forget_outlook()

    def _check(self) -> None:
        if self._opened is None:
            return
        mapping = self.columns.mapping()
        if why_incomplete(mapping) is not None:
            self.check.waiting(tr("Settle the columns first."))
            self.decision.offer(0, tr("Settle the columns first."))
            return
        self.check.waiting(tr("Checking…"))
        work = importwork.check(self._opened, mapping, Policy(self.columns.repeated.currentData()))
        self._checking = self._services.tasks.run(tr("Checking the rows"), work, self._show_check, owner=self)
        self._follow(self._checking)

    def _show_check(self, checked: Checked) -> None:
        if self._opened is None or checked.sheet is not self._opened.sheet:
            return
        if checked.mapping != self.columns.mapping():
            return  # overtaken
        self._checked, self._checking = checked, None
        self.check.show_checked(checked)
        self._prepare()

    # 4: what will happen

    def _prepare(self, source: str | None = None) -> None:
        self._forget_outlook()
        if self._checked is None or not self._checked.valid:
            self.decision.offer(0, "")
            return
        self.outlook.waiting(tr("Comparing with what is stored…"))
        work = importwork.prepare(self._checked, source)
        title = tr("Looking at what will happen")
        self._preparing = self._services.tasks.run(title, work, self._show_outlook, owner=self, failed=self._failed)
        self._follow(self._preparing)

    def _forget_outlook(self) -> None:
        """Nothing of it stays: what was staged is thrown away, also when it is whole only later."""
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None
        if self._outlook is not None:
            self._services.tasks.query(importwork.forget(self._outlook.prepared), owner=None)
            self._outlook = None
        self.outlook.waiting("")

    def _show_outlook(self, outlook: Outlook) -> None:
        if outlook.prepared.checked is not self._checked:  # overtaken
            self._services.tasks.query(importwork.forget(outlook.prepared), owner=None)
            return
        self._preparing, self._outlook = None, outlook
        if self._checked is not None and outlook.prepared.refused:
            self._refused = tuple(outlook.prepared.refused.values())
            self.check.show_checked(self._checked, self._refused)
        self.outlook.show_outlook(outlook)
        self._ready()

    def _compare(self, source: str) -> None:
        if self._outlook is not None and source != self._outlook.difference.source:
            work = importwork.compare(self._outlook.prepared, source)
            self._services.tasks.query(work, self._show_outlook, owner=self, key="compare")

    def _ready(self) -> None:
        if self._outlook is not None and not self.busy:
            prepared = self._outlook.prepared
            rows = len(prepared.checked.valid) - len(prepared.refused)
            self.decision.offer(rows, self.outlook.summary, self.outlook.why_not)

    def _ask_where(self) -> None:
        if self._checked is None:
            return
        stem = Path(self._checked.sheet.file_name).stem
        suggested = tr("{file} - to correct.xlsx", file=stem)
        path = ask_workbook(self, tr("Save error workbook"), suggested)
        if path is not None:
            self.save_errors(path)

    def save_errors(self, path: Path) -> None:
        if self._checked is None:
            return
        work = importwork.save_errors(self._checked.sheet, self.check.bad, path)

        def saved(rows: int) -> None:
            told = ntr("{n} row was saved to {file}.", "{n} rows were saved to {file}.", rows, file=path.name)
            self._services.notices.good(told, tr("Correct them there and import the file again."))

        self._services.tasks.run(tr("Saving the error workbook"), work, saved, owner=self)

    # 5: the import

    def start_import(self) -> None:
        if self._checked is None or self._outlook is None or self.busy or self.outlook.why_not:
            return
        self._lock(True)
        title = tr("Importing {file}", file=self._checked.sheet.file_name)
        self._importing = self._services.tasks.run(
            title,
            importwork.commit(self._outlook.prepared, self.outlook.choices()),
            self._imported,
            owner=self,
            failed=self._failed,
        )
        self._follow(self._importing)
        self.area.setFocus()

    def cancel_import(self) -> None:
        """While it is not decided."""
        if self._importing is not None:
            self._importing.cancel()

    def _lock(self, locked: bool) -> None:
        for widget in (self.file, self.columns, self.outlook):
            widget.setEnabled(not locked)

    def _follow(self, task: Task) -> None:
        """Its progress stands at the foot of the page."""
        task.changed.connect(self._progressed)
        self._progressed()
        self.decision.show()

    def _progressed(self) -> None:
        for task in self._running():
            if task is not None and task.state in (TaskState.WAITING, TaskState.RUNNING):
                self.decision.running(task, importing=task is self._importing)

    def _running(self) -> tuple[Task | None, ...]:
        return self._reading, self._checking, self._preparing, self._importing

    def _task_ended(self, task: Task) -> None:
        cancelled = task.state is TaskState.CANCELLED and task in self._running()
        if task is self._importing:
            self._importing = None
            self._lock(False)
            if cancelled:
                self._ready()
                self.decision.say_once(tr("The import was cancelled. Nothing was changed."))
                self.decision.start.setFocus()
        elif cancelled:  # by the person; whoever is overtaken does not stand here any more
            self.decision.offer(0, tr("Cancelled. Choose the file again to go on."))
        if task is self._reading:
            self._reading = None

    def _failed(self, error: UserError) -> None:
        self._services.notices.error(error)
        if isinstance(error, Outdated):
            self._prepare()
        elif self._preparing is not None:
            self._preparing = None
            self.outlook.waiting("")
            self.decision.offer(0, "")
        else:
            self._importing = None
            self._ready()

    def _imported(self, result: ImportResult) -> None:
        self._outlook = None  # it is stored now
        self.outlook.waiting(tr("It is in the customer file now. The list below can undo it."))
        self.decision.hide()
        self.result.show_result(result)
        self.log.reload(result.import_id)
        self._services.announce(IMPORTED)
        if not self.isVisible():
            told = tr(
                "Imported: {added} added, {updated} updated.", added=count(result.added), updated=count(result.updated)
            )
            self._services.notices.good(told)
        QTimer.singleShot(0, self._to_result)

    def _undone(self, import_id: int) -> None:
        """The file that is open stands as before its import."""
        if self.result.isVisibleTo(self) and import_id == self.result.import_id:
            self._columns_changed()

    def _to_result(self) -> None:
        self.area.verticalScrollBar().setValue(self.result.y() - theme.current().px(16))
        self.result.show_these.setFocus()
