"""The people whom a rule left out, in a window of their own."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from console.core.campaigns.messages import ExclusionRow
from console.core.i18n import tr
from console.screens.approvals import operations
from console.shell.listdialog import ListDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState


class PeopleDialog(ListDialog[ExclusionRow]):
    def __init__(self, parent: QWidget, services: Services, title: str, batch_id: int, rule: str) -> None:
        columns = [
            Column[ExclusionRow]("name", tr("Name"), lambda p: p.name, 100, sortable=False),
            Column[ExclusionRow]("phone", tr("Number"), lambda p: p.phone, 120, sortable=False),
            Column[ExclusionRow]("reason", tr("Reason"), lambda p: str(p.reason), 0, sortable=False),
        ]
        table = RecordTable(
            services,
            columns,
            operations.exclusion_ids_of(batch_id, rule),
            operations.exclusions,
            EmptyState("user", tr("Nobody")),
        )
        super().__init__(parent, title, table)
