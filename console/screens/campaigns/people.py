"""The people behind a number, in a window of their own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from console.core.campaigns.preflight import Left
from console.core.context import Context
from console.core.format import masked_phone
from console.core.i18n import tr
from console.shell.listdialog import ListDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, label


class PeopleDialog(ListDialog[Left]):
    def __init__(self, parent: QWidget, services: Services, title: str, people: Sequence[Left], number: int) -> None:
        columns = [
            Column[Left]("name", tr("Name"), lambda p: p.name, 100, sortable=False),
            Column[Left]("phone", tr("Number"), lambda p: masked_phone(p.phone), 120, sortable=False),
            Column[Left]("reason", tr("Reason"), lambda p: str(p.reason), 0, sortable=False),
        ]

        def rows(_ctx: Context, ids: Sequence[int]) -> list[Left]:
            return [people[place] for place in ids]

        table = RecordTable(
            services, columns, lambda _ctx, _sort: list(range(len(people))), rows, EmptyState("user", tr("Nobody"))
        )
        more = label(tr("The first {count} are shown.", count=len(people)), "quiet")
        more.setVisible(number > len(people))
        super().__init__(parent, title, table, beside=[more])
