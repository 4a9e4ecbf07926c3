"""Files with full numbers: what was asked for, by whom, why; the decision; the writing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from console.core.format import count, local_datetime, when
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.protection.requests import STATE_TITLES, RequestRow
from console.core.security.permissions import Permission
from console.screens.protection import operations
from console.shell.files import ask_workbook
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import (
    Card,
    EmptyState,
    KeyValues,
    column,
    heading,
    label,
    master_detail,
    primary_button,
    quiet_button,
    row,
    scroll,
)

_SHAPES = {"pending": "pending", "approved": "good", "refused": "block", "used": "delivered", "expired": "none"}


class RequestsSection(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._may_decide = services.allowed(Permission.APPROVALS_DECIDE)
        self._shown: RequestRow | None = None
        self.table = self._table()
        self.table.current_changed.connect(self._show)
        self.table.loaded.connect(self.table.land)
        self._title = heading("")
        self._values = KeyValues()
        self._hint = label("", "quiet", wrap=True)
        self.approve = primary_button(tr("Approve"), self.do_approve, "check")
        self.refuse = quiet_button(tr("Refuse…"), self.do_refuse, "x")
        self.write = primary_button(tr("Write the file…"), self.do_write, "download")
        self._card = Card()
        self._card.add(self._title, self._values, self._hint, row(None, self.refuse, self.approve, self.write))
        self._card.hide()
        inside = QWidget()
        inside.setLayout(column(self._card, None, margins=16))
        whole = column(master_detail(self.table, scroll(inside), shares=(3, 2)))
        self.setLayout(whole)

    def _table(self) -> RecordTable[RequestRow]:
        columns = [
            Column[RequestRow](
                "state",
                tr("State"),
                lambda each: str(STATE_TITLES[each.state]),
                150,
                sortable=False,
                state=lambda each: _SHAPES[each.state],
            ),
            Column[RequestRow]("title", tr("What"), lambda each: each.title, 0, sortable=False),
            Column[RequestRow](
                "rows", tr("Rows"), lambda each: count(each.rows), 70, align="right", sortable=False, drop=3
            ),
            Column[RequestRow]("by", tr("By"), lambda each: each.requester, 80, sortable=False, drop=1),
            Column[RequestRow]("at", tr("Asked"), self._when, 110, sortable=False, drop=2),
        ]
        empty = EmptyState(
            "shield",
            tr("Nobody has asked for full numbers"),
            tr("Exports are masked. Where full numbers are needed, ask for them in the export; it then stands here."),
            tr("Open the reports") if self._services.allowed(Permission.REPORTS_EXPORT) else "",
            lambda: self._services.navigate("reports"),
        )
        table = RecordTable(
            self._services, columns, operations.request_ids, operations.request_rows, empty, sort=Sort("")
        )
        table.setAccessibleName(tr("Requests for full numbers"))
        return table

    def _when(self, each: RequestRow) -> str:
        return when(each.requested_at, self._services.ctx.clock.now())

    def reload(self) -> None:
        self.table.reload()

    def _show(self, shown: RequestRow | None) -> None:
        self._shown = shown
        self._card.setVisible(shown is not None)
        if shown is None:
            return
        own = shown.requester_id == self._services.ctx.actor.user_id
        self._title.setText(shown.title)
        pairs = [
            (tr("State"), str(STATE_TITLES[shown.state])),
            (tr("Rows"), count(shown.rows)),
            (tr("Asked by"), shown.requester),
            (tr("Asked"), local_datetime(shown.requested_at)),
            (tr("Reason"), shown.reason),
            (tr("Valid until"), local_datetime(shown.expires_at)),
            (tr("Decided by"), shown.decider or "–"),
            (tr("Comment"), shown.comment or "–"),
            (tr("Fingerprint of the list"), f"{shown.digest[:8]} {shown.digest[8:16]}"),
        ]
        self._values.set_pairs(pairs)
        pending = shown.state == "pending"
        for button in (self.approve, self.refuse):
            button.setVisible(pending and self._may_decide and not own)
        self.write.setVisible(own and shown.state == "approved")
        hint = ""
        if pending and own:
            hint = tr("Nobody decides on their own request.")
        elif own and shown.state == "approved":
            hint = tr("The file can be written once. If the list has changed meanwhile, ask again.")
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    # Doing

    def do_approve(self) -> None:
        if self._shown is not None:
            self._services.tasks.query(operations.approve(self._shown.id), lambda _none: self._decided(), owner=self)

    def do_refuse(self) -> None:
        if self._shown is not None:
            RefuseDialog(self, self._services, self._shown, self._decided).open()

    def _decided(self) -> None:
        self._services.announce(operations.DECIDED)
        self.reload()

    def do_write(self) -> None:
        shown = self._shown
        if shown is None:
            return

        def choose(folder: Path) -> None:
            suggested = folder / f"{tr('Full numbers')} {shown.id}.xlsx"
            target = ask_workbook(self, tr("Write the file"), suggested)
            if target is not None:
                self.write_to(shown.id, target)

        self._services.tasks.query(operations.folder, choose, owner=self)

    def write_to(self, request_id: int, target: Path) -> None:
        title = tr("Writing {name}", name=target.name)
        self._services.tasks.run(title, operations.write(request_id, target), self._written, owner=self)

    def _written(self, written: tuple[Path, int]) -> None:
        path, rows = written
        counted = ntr("{n} row", "{n} rows", rows)
        self._services.notices.good(tr("{file} is written: {rows}.", file=path.name, rows=counted), str(path.parent))
        self._decided()


class RefuseDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, asked: RequestRow, done: Callable[[], None]) -> None:
        super().__init__(parent, tr("Refuse full numbers"), tr("Refuse"), danger=True)
        self.explain(asked.title)
        self.form.add_multiline("comment", tr("Reason"), placeholder=tr("What to do instead"))
        self.on_action(
            lambda: self.work(services, operations.refuse(asked.id, self.form.text("comment")), lambda _none: done())
        )
