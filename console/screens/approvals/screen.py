"""Approvals: everything that a checker has to read before putting their name to it."""

from __future__ import annotations

from console.core.campaigns.approvals import ApprovalRow
from console.core.events import Change, Topic
from console.core.format import count, when
from console.core.i18n import tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.screens.approvals import operations
from console.screens.approvals.reading import ReadingPane
from console.shell.page import Page
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, master_detail


class ApprovalsPage(Page):
    key = "approvals"
    icon = "stamp"
    topics = frozenset({Topic.CAMPAIGNS})
    permission = Permission.APPROVALS_DECIDE

    @classmethod
    def title(cls) -> str:
        return tr("Approvals")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.table = self._table()
        self.reading = ReadingPane(services)
        self.reading.decided.connect(self._decided)
        self.table.current_changed.connect(self._show_current)
        self.table.row_activated.connect(lambda _row: self.reading.setFocus())
        self.table.loaded.connect(self.table.land)
        self.set_content(master_detail(self.table, self.reading, shares=(4, 5)))

    def _table(self) -> RecordTable[ApprovalRow]:
        columns = [
            Column[ApprovalRow]("name", tr("Campaign"), lambda c: c.name, 0, state=lambda c: "pending"),
            Column[ApprovalRow]("class", tr("Class"), lambda c: str(c.class_title), 116, sortable=False, drop=3),
            Column[ApprovalRow]("messages", tr("Messages"), lambda c: count(c.messages), 72, align="right"),
            Column[ApprovalRow]("maker", tr("By"), lambda c: c.maker, 64, sortable=False, drop=2),
            Column[ApprovalRow]("submitted", tr("Submitted"), self._when, 108, drop=1),
        ]
        empty = EmptyState(
            "stamp",
            tr("Nothing waits for approval"),
            tr("Campaigns that officers submit stand here until you approve or return them."),
        )
        table = RecordTable(self.services, columns, operations.ids, operations.rows, empty, sort=Sort("submitted"))
        table.setAccessibleName(tr("Campaigns waiting for approval"))
        return table

    def _when(self, row: ApprovalRow) -> str:
        return when(row.submitted_at, self.services.ctx.clock.now())

    def arrive(self, **arguments: object) -> None:
        """``campaign_id`` chooses one of the queue."""
        wanted = arguments.get("campaign_id")
        self.table.seek(wanted if isinstance(wanted, int) else None)
        self.table.reload()

    def refresh(self, change: Change | None) -> None:
        self.table.reload()
        self.reading.reload()

    def step_back(self) -> bool:
        return self.reading.step_back()

    def _show_current(self, row: ApprovalRow | None) -> None:
        self.reading.show_campaign(row.id if row is not None else None)

    def _decided(self) -> None:
        self.services.announce(operations.DECIDED)
        self.table.reload()
        self.table.setFocus()
