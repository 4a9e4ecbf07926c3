"""The people whom a rule left out, in a window of their own."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QWidget

from console.core.campaigns.messages import ExclusionRow
from console.core.i18n import tr
from console.screens.approvals import operations
from console.shell import theme
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, column, heading, open_at, quiet_button, row


class PeopleDialog(QDialog):
    def __init__(self, parent: QWidget, services: Services, title: str, batch_id: int, rule: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        px = theme.current().px
        open_at(self, px(640), px(460))
        columns = [
            Column[ExclusionRow]("name", tr("Name"), lambda p: p.name, 100, sortable=False),
            Column[ExclusionRow]("phone", tr("Number"), lambda p: p.phone, 120, sortable=False),
            Column[ExclusionRow]("reason", tr("Reason"), lambda p: str(p.reason), 0, sortable=False),
        ]
        self.table = RecordTable(
            services,
            columns,
            operations.exclusion_ids_of(batch_id, rule),
            operations.exclusions,
            EmptyState("user", tr("Nobody")),
        )
        self.table.setAccessibleName(title)
        layout = column(
            heading(title), self.table, row(None, quiet_button(tr("Close"), self.accept)), spacing=12, margins=16
        )
        layout.setStretchFactor(self.table, 1)
        self.setLayout(layout)
        self.table.reload()
