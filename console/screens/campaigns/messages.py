"""The messages of a campaign, and those left out of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from console.core.campaigns.messages import ExclusionRow, MessageFilter, MessageRow, RuleNumber
from console.core.campaigns.views import OUTCOME_TITLES, Outcome
from console.core.format import count, local_datetime
from console.core.i18n import ntr, tr
from console.screens.campaigns import operations
from console.shell.flow import FlowLayout
from console.shell.search import SearchField
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, FilterBox, column, label, row


class MessagesTab(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._batch_id: int | None = None
        self.search = SearchField(tr("Name, text or number"))
        self.search.searched.connect(lambda _text: self._look(keep=False))
        outcomes = [(outcome, str(title)) for outcome, title in OUTCOME_TITLES.items()]
        self.outcome = FilterBox(tr("State"), outcomes)
        self.outcome.chosen.connect(lambda _value: self._look(keep=False))
        self.number = label("", "quiet")
        self.table = self._table(services)
        self.table.loaded.connect(lambda n: self.number.setText(tr("{count} messages", count=count(n))))
        self.body = label("", wrap=True, selectable=True)
        self.reason = label("", "quiet", wrap=True)
        self.table.current_changed.connect(self._show_current)
        bar = FlowLayout()
        bar.setContentsMargins(12, 12, 12, 12)
        for widget in (self.search, self.outcome, self.number):
            bar.addWidget(widget)
        under = column(self.body, self.reason, spacing=4, margins=12)
        layout = column(bar, self.table, under, spacing=0)
        layout.setStretchFactor(self.table, 1)
        self.setLayout(layout)

    def _table(self, services: Services) -> RecordTable[MessageRow]:
        columns = [
            Column[MessageRow]("name", tr("Name"), lambda m: m.name, 64),
            Column[MessageRow]("phone", tr("Number"), lambda m: m.phone, 104),
            Column[MessageRow](
                "outcome",
                tr("State"),
                lambda m: str(OUTCOME_TITLES[m.outcome]),
                116,
                state=lambda m: m.outcome.value,
                tip=lambda m: str(m.reason),
            ),
            Column[MessageRow]("body", tr("Text"), lambda m: m.body, 0, sortable=False, tip=lambda m: m.body),
        ]
        empty = EmptyState("message-square-text", tr("No message fits"), tr("Try another word or state."))
        table = RecordTable(services, columns, lambda ctx, sort: [], operations.messages, empty)
        table.setAccessibleName(tr("Messages of the campaign"))
        return table

    def show_batch(self, batch_id: int | None) -> None:
        if batch_id != self._batch_id:
            self._batch_id = batch_id
            self.outcome.set_value("")
            self.search.clear()
            self._look(keep=False)
        elif self.isVisible():
            self.table.reload()

    def show_only(self, outcome: Outcome) -> None:
        self.outcome.set_value(outcome)
        self._look(keep=False)

    def _look(self, *, keep: bool) -> None:
        if self._batch_id is None:
            self.table.set_loaders(lambda ctx, sort: [])
        else:
            outcome = str(self.outcome.value())  # Qt keeps a plain string of it
            wanted = MessageFilter(outcome=Outcome(outcome) if outcome else None, text=self.search.text().strip())
            head = operations.message_head_of(self._batch_id, wanted)
            self.table.set_loaders(operations.message_ids_of(self._batch_id, wanted), load_head=head)
        self.table.reload(keep_selection=keep)

    def _show_current(self, message: MessageRow | None) -> None:
        self.body.setText(message.body if message else "")
        self.reason.setText(_said(message) if message else "")
        self.body.setVisible(bool(self.body.text()))
        self.reason.setVisible(bool(self.reason.text()))


def _said(message: MessageRow) -> str:
    """Reason, advice and times of one message."""
    words = [str(message.reason), str(message.advice), ntr("{n} part.", "{n} parts.", message.parts)]
    if message.not_before is not None:
        words.append(tr("Waits until {time}.", time=local_datetime(message.not_before)))
    if message.accepted_at is not None:
        words.append(tr("Left at {time}.", time=local_datetime(message.accepted_at, seconds=True)))
    if message.done_at is not None:
        words.append(tr("Settled at {time}.", time=local_datetime(message.done_at, seconds=True)))
    return " ".join(filter(None, words))


class LeftOutTab(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._batch_id: int | None = None
        self.rule = FilterBox(tr("Rule"))
        self.rule.chosen.connect(lambda _value: self._look())
        columns = [
            Column[ExclusionRow]("name", tr("Name"), lambda e: e.name, 90, sortable=False),
            Column[ExclusionRow]("phone", tr("Number"), lambda e: e.phone, 110, sortable=False),
            Column[ExclusionRow](
                "reason",
                tr("Reason"),
                lambda e: str(e.reason),
                0,
                sortable=False,
                state=lambda e: "suppressed",
                tip=lambda e: str(e.reason),
            ),
        ]
        empty = EmptyState("user", tr("Nobody was left out"))
        self.table = RecordTable(services, columns, lambda ctx, sort: [], operations.exclusions, empty)
        self.table.setAccessibleName(tr("People who were left out"))
        layout = column(row(self.rule, None, margins=12), self.table, spacing=0)
        layout.setStretchFactor(self.table, 1)
        self.setLayout(layout)

    def show_batch(self, batch_id: int | None, rules: Sequence[RuleNumber]) -> None:
        if batch_id == self._batch_id:
            return
        self._batch_id = batch_id
        self.rule.set_choices([(each.rule, f"{each.title} ({count(each.count)})") for each in rules])
        self.rule.set_value("")
        self._look()

    def show_only(self, rule: str) -> None:
        self.rule.set_value(rule)
        self._look()

    def _look(self) -> None:
        if self._batch_id is not None:
            self.table.set_loaders(operations.exclusion_ids_of(self._batch_id, str(self.rule.value() or "")))
            self.table.reload(keep_selection=False)
