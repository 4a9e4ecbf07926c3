"""Who must not be written to, by whose word, until when?"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from console.core.customers.circumstances import last_day
from console.core.customers.consents import SOURCE_TITLES
from console.core.customers.suppressions import (
    ISSUER_TITLES,
    SCOPE_TITLES,
    Entry,
    SuppressionFilter,
    SuppressionRow,
    Taken,
    may_end,
    purposes,
    scope_title,
)
from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.format import count, local_date
from console.core.i18n import clauses, ntr, sentences, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.screens.suppressions import operations
from console.screens.suppressions.dialogs import AddDialog, EndDialog, FileDialog
from console.screens.suppressions.operations import Numbers
from console.shell.files import ask_table, ask_workbook
from console.shell.page import Page
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, FilterBox, column, label, quiet_button, row


class SuppressionsPage(Page):
    key = "suppressions"
    icon = "ban"
    topics = frozenset({Topic.CUSTOMERS, Topic.OUTBOX})
    permission = Permission.SUPPRESSIONS_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("No contact")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._wanted = SuppressionFilter()
        self._may_edit = services.allowed(Permission.SUPPRESSIONS_EDIT)
        self.bar.add_search(tr("Number, its end, or a name"), lambda _text: self._look())
        scopes = [(scope, str(SCOPE_TITLES[scope])) for scope in purposes()]
        self.scope = self.bar.add_filter(FilterBox(tr("Holds back"), scopes), lambda _value: self._look())
        issuers = [(issuer.value, str(title)) for issuer, title in ISSUER_TITLES.items()]
        self.issuer = self.bar.add_filter(FilterBox(tr("By word of"), issuers), lambda _value: self._look())
        self.ended = quiet_button(tr("Ended ones too"), self._look)
        self.ended.setCheckable(True)
        export = quiet_button(tr("Export"), self._ask_where, "download")
        if self._may_edit:
            self.bar.add_action(tr("From a file"), self._ask_file, "upload")
            self.bar.set_primary(tr("Add number"), self.add, "plus", tr("Put a number on"))
        self._counted = label("", "quiet")
        self.table = self._table()
        self.table.current_changed.connect(lambda _row: self._dress())
        self.table.loaded.connect(lambda number: self._counted.setText(ntr("{n} entry", "{n} entries", number)))
        self.end = quiet_button(tr("Take off the list…"), self._end)
        self.customer = quiet_button(tr("Show the customer"), self._open, "user")
        foot = row(self._counted, self.ended, export, None, self.customer, self.end, margins=(20, 6, 16, 6))
        inside = QWidget()
        inside.setObjectName("surface")
        layout = column(self.table, foot, spacing=0)
        layout.setStretchFactor(self.table, 1)
        inside.setLayout(layout)
        self.set_content(inside)
        self._dress()

    def _table(self) -> RecordTable[SuppressionRow]:
        columns = [
            Column[SuppressionRow](
                "phone",
                tr("Mobile number"),
                lambda each: each.phone,
                124,
                sortable=False,
                state=lambda each: "suppressed" if each.in_force else "off",
            ),
            Column[SuppressionRow]("name", tr("Customer"), lambda each: each.name, 100, sortable=False),
            Column[SuppressionRow]("scope", tr("Holds back"), lambda each: scope_title(each.scope), 130),
            Column[SuppressionRow]("issuer", tr("By word of"), lambda each: str(ISSUER_TITLES[each.issuer]), 90),
            Column[SuppressionRow](
                "reason", tr("Reason"), lambda each: each.reason, 0, sortable=False, tip=lambda each: each.reason
            ),
            Column[SuppressionRow]("source", tr("Known from"), _source, 120, sortable=False),
            Column[SuppressionRow]("created", tr("Put on"), lambda each: local_date(each.created_at), 92),
            Column[SuppressionRow](
                "until",
                tr("Until"),
                lambda each: local_date(last_day(each.until)) if each.until else tr("open end"),
                92,
            ),
        ]
        table = RecordTable(
            self.services,
            columns,
            operations.ids_of(self._wanted),
            operations.rows,
            self._nobody(),
            sort=Sort("created", descending=True),
        )
        table.setAccessibleName(tr("Do-not-contact list"))
        table.row_activated.connect(lambda _row: self._open())
        return table

    def _nobody(self) -> EmptyState:
        if self._wanted != SuppressionFilter():
            return EmptyState("search", tr("No entry fits"), tr("Try fewer filters, or the end of the number."))
        words = tr("Refusals by reply come here by themselves. Lists of head office and the regulator come as a file.")
        action = tr("Put a number on") if self._may_edit else ""
        return EmptyState("ban", tr("Nobody is on the list"), words, action, self.add)

    # Going about

    def arrive(self, **arguments: object) -> None:
        self.refresh(None)

    def refresh(self, change: Change | None) -> None:
        self.table.reload()

    def _look(self) -> None:
        self._wanted = SuppressionFilter(
            text=self.bar.search.text().strip() if self.bar.search else "",
            scope=str(self.scope.value()),
            issuer=str(self.issuer.value()),
            ended=self.ended.isChecked(),
        )
        self.table.set_empty(self._nobody())
        self.table.set_loaders(operations.ids_of(self._wanted))
        self.table.reload()

    def _dress(self) -> None:
        chosen = self.table.current_row()
        ctx = self.services.ctx
        self.end.setVisible(self._may_edit)
        self.end.setEnabled(chosen is not None and chosen.in_force and may_end(ctx, chosen.issuer))
        foreign = chosen is not None and chosen.in_force and not may_end(ctx, chosen.issuer)
        self.end.setToolTip(tr("Only a supervisor or an administrator ends this one.") if foreign else "")
        self.customer.setVisible(self.services.allowed(Permission.CUSTOMERS_VIEW))
        self.customer.setEnabled(chosen is not None and chosen.customer_id is not None)

    def _open(self) -> None:
        chosen = self.table.current_row()
        if chosen is not None and chosen.customer_id is not None and self.customer.isVisible():
            self.services.navigate("customers", customer_id=chosen.customer_id)

    # Changing the list

    def add(self) -> None:
        AddDialog(self, self.services).open()

    def _end(self) -> None:
        chosen = self.table.current_row()
        if chosen is not None and self.end.isEnabled():
            EndDialog(self, self.services, chosen).open()

    def _ask_file(self) -> None:
        path = ask_table(self, tr("A file of numbers"))
        if path is not None:
            self.open_file(path)

    def open_file(self, path: Path) -> None:
        title = tr("Reading {file}", file=path.name)
        self.services.tasks.run(title, operations.understand(path), self._understood, owner=self, failed=self._told)

    def _told(self, error: UserError) -> None:
        self.services.notices.warn(str(error.message), str(error.hint))

    def _understood(self, numbers: Numbers) -> None:
        if not numbers.cells:
            self.services.notices.warn(
                tr("No column of {file} holds mobile numbers.", file=numbers.name), tr("Choose another file.")
            )
            return
        FileDialog(self, self.services, numbers, self._take).open()

    def _take(self, numbers: Numbers, entry: Entry) -> None:
        title = tr("Putting numbers on the do-not-contact list")
        self.services.tasks.run(title, operations.take(numbers, entry), self._taken, owner=self, failed=self._told)

    def _taken(self, taken: Taken) -> None:
        self.services.announce(operations.CHANGED)
        words = [ntr("{n} number was put on the list.", "{n} numbers were put on the list.", taken.added)]
        if taken.known:
            words.append(ntr("{n} was on it already.", "{n} were on it already.", taken.known))
        if not taken.refused_count:
            self.services.notices.good(sentences(*words))
            return
        words.append(ntr("{n} row is no number.", "{n} rows are no numbers.", taken.refused_count))
        first = (tr("row {row}: {reason}", row=count(line), reason=str(why)) for line, _cell, why in taken.refused[:3])
        self.services.notices.warn(sentences(*words), clauses(first))

    # Exporting

    def _ask_where(self) -> None:
        suggested = tr("Do-not-contact list {date}.xlsx", date=local_date(self.services.ctx.clock.now()))
        path = ask_workbook(self, tr("Export"), suggested)
        if path is not None:
            self.export(path)

    def export(self, path: Path) -> None:
        """What the list shows. Numbers are masked."""

        def exported(number: int) -> None:
            words = ntr(
                "{n} entry was exported to {file}.", "{n} entries were exported to {file}.", number, file=path.name
            )
            self.services.notices.good(words)
            self.services.announce(operations.EXPORTED)

        work = operations.export(self._wanted, self.table.sort, path)
        self.services.tasks.run(tr("Exporting the do-not-contact list"), work, exported, owner=self)


def _source(each: SuppressionRow) -> str:
    return str(SOURCE_TITLES.get(each.source, each.source))


def _until(each: SuppressionRow) -> str:
    return local_date(last_day(each.until)) if each.until else tr("open end")
