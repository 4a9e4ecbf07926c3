"""Who looked at full numbers, how often, and who was refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from PySide6.QtWidgets import QWidget

from console.core.audit.words import action_title, actor_title
from console.core.format import count, local_datetime
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.protection.looks import Looker, LookFilter, LookRow
from console.screens.protection import operations
from console.shell.search import SearchField
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import Card, EmptyState, FilterBox, StateShape, clear, column, label, row

EVERYBODY, ALWAYS = "", 0
_SHOWN = 6  # people in the summary


class LooksSection(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        days = [(1, tr("Today")), (7, tr("Last 7 days")), (31, tr("Last 31 days"))]
        self.period = FilterBox(tr("Time"), days, everything=ALWAYS)
        self.period.set_value(7)
        self.actor = FilterBox(tr("Person"), everything=EVERYBODY)
        self.refused = FilterBox(tr("Kind"), [(True, tr("Refused only"))], everything=False)
        self.search = SearchField(tr("Customer or reason"))
        self.search.searched.connect(lambda _text: self.reload())
        self.search.down.connect(self._into_list)
        for box in (self.period, self.actor, self.refused):
            box.chosen.connect(lambda _value: self.reload())
        self._card = Card(tr("Looks by person"))
        self._people = column(spacing=6)
        self._card.add(self._people)
        self.table = self._table()
        layout = column(
            row(self.search, self.period, self.actor, self.refused, None),
            self._card,
            self.table,
            spacing=12,
            margins=16,
        )
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def _table(self) -> RecordTable[LookRow]:
        columns = [
            Column[LookRow]("at", tr("Time"), lambda each: local_datetime(each.at, seconds=True), 136),
            Column[LookRow](
                "actor",
                tr("Who"),
                lambda each: actor_title(each.actor),
                96,
                sortable=False,
                state=lambda each: "block" if each.refused else "",
            ),
            Column[LookRow]("action", tr("What"), lambda each: action_title(each.action), 170, sortable=False, drop=1),
            Column[LookRow](
                "customer",
                tr("Customer"),
                lambda each: each.customer or tr("Customer {n}", n=each.customer_id),
                140,
                sortable=False,
                tip=lambda each: each.customer,
            ),
            Column[LookRow](
                "reason", tr("Reason"), lambda each: each.reason, 0, sortable=False, tip=lambda each: each.reason
            ),
        ]
        empty = EmptyState(
            "eye",
            tr("Nobody looked"),
            tr("Each look at a full number stands here with its reason. Try a longer time, or fewer filters."),
        )
        table = RecordTable(
            self._services,
            columns,
            operations.look_ids_of(self.wanted()),
            operations.look_rows,
            empty,
            sort=Sort("at", descending=True),
        )
        table.setAccessibleName(tr("Looks at full numbers"))
        return table

    def wanted(self) -> LookFilter:
        days = self.period.value()
        today = self._services.ctx.clock.now().astimezone().date()
        return LookFilter(
            actor=str(self.actor.value()),
            since=today - timedelta(days=days - 1) if isinstance(days, int) and days else None,
            refused=self.refused.value() is True,
            text=self.search.text().strip(),
        )

    def _into_list(self) -> None:
        self.table.setFocus()

    def reload(self) -> None:
        wanted = self.wanted()
        self.table.set_loaders(operations.look_ids_of(wanted))
        self.table.reload()
        everybody = replace(wanted, actor="", refused=False)
        self._services.tasks.query(operations.lookers_of(everybody), self._show, owner=self, key="people")

    def _show(self, people: list[Looker]) -> None:
        self.actor.set_choices([(each.actor, actor_title(each.actor)) for each in people])
        clear(self._people)
        if not people:
            self._people.addWidget(label(tr("Nobody looked at a full number in this time."), "quiet"))
        for each in people[:_SHOWN]:
            shape = StateShape("block" if each.refused else "good")
            words = tr(
                "{looks} of {people}",
                looks=ntr("{n} look", "{n} looks", each.looks),
                people=ntr("{n} customer", "{n} customers", each.customers),
            )
            refused = ntr("{n} refused: too many", "{n} refused: too many", each.refused) if each.refused else ""
            last = tr("last {time}", time=local_datetime(each.last_at))
            self._people.addLayout(
                row(shape, label(actor_title(each.actor)), label(words, "quiet"), label(refused, "error"), None,
                    label(last, "quiet"), spacing=12)
            )  # fmt: skip
        if len(people) > _SHOWN:
            self._people.addWidget(label(tr("… and {n} more", n=count(len(people) - _SHOWN)), "quiet"))
