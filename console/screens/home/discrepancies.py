"""What does not add up: where, the messages that do not fit, what to do, and who has looked into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from console.core.context import Context
from console.core.format import local_datetime, masked_phone
from console.core.i18n import ntr, sentences, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.core.sending.discrepancies import (
    DiscrepancyRow,
    OddMessage,
    discrepancy_ids,
    discrepancy_rows,
    odd_message_ids,
    odd_messages,
)
from console.screens.home import operations
from console.shell.forms import FormDialog
from console.shell.listdialog import ListDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, label, quiet_button


class DiscrepancyDialog(ListDialog[DiscrepancyRow]):
    def __init__(self, parent: QWidget, services: Services) -> None:
        self._services = services
        about = tr(
            "Every night the program compares campaigns, lines, messages and decisions: what a line took must be what "
            "was delivered, failed, expired, is unknown or awaits its receipt."
        )
        self.alarm = label(tr("Something was changed past the program."), "error", wrap=True)
        self.alarm.hide()
        table = RecordTable(services, _columns(), _ids, _rows, _nothing())
        self.advice = label("", wrap=True)
        self.messages = RecordTable(services, _message_columns(), _none, _messages, _no_messages())
        self.messages.setAccessibleName(tr("Messages that do not fit"))
        self.settle = quiet_button(tr("Settle…"), self._settle, "check")
        self.check = quiet_button(tr("Check now"), self._check, "refresh-cw")
        self.check.setEnabled(services.allowed(Permission.OUTBOX_RESOLVE))
        self.campaign = quiet_button(tr("Open the campaign"), self._open, "send")
        if not services.allowed(Permission.CAMPAIGNS_VIEW):
            self.campaign.hide()
        super().__init__(
            parent,
            tr("What does not add up"),
            table,
            above=[label(about, "quiet", wrap=True), self.alarm],
            below=[self.advice, self.messages],
            beside=[self.settle, self.campaign, self.check],
            size=(860, 600),
        )
        table.selection_changed.connect(self._enable)
        table.current_changed.connect(self._show)
        table.row_activated.connect(lambda _row: self._open())
        table.loaded.connect(lambda number: self.alarm.setVisible(number > 0))
        self._enable()
        self._show(None)

    def _enable(self) -> None:
        may = self._services.allowed(Permission.SENDING_RESUME)
        self.settle.setEnabled(may and bool(self.table.selected_ids()))
        self.settle.setToolTip("" if may else tr("A supervisor settles it."))

    def _show(self, found: DiscrepancyRow | None) -> None:
        self._campaign_id = found.campaign_id if found is not None else None
        self.campaign.setEnabled(self._campaign_id is not None)
        self.messages.setVisible(found is not None and bool(found.messages))
        if found is None:
            self.advice.setText("")
            return
        alarm = tr("It was found before anything of it left, and the campaign was paused.") if found.alarm else ""
        self.advice.setText(sentences(alarm, found.advice))
        self.messages.set_loaders(_messages_of(found.id))
        self.messages.reload(keep_selection=False)

    def _open(self) -> None:
        if self._campaign_id is not None and self._services.allowed(Permission.CAMPAIGNS_VIEW):
            self.accept()
            self._services.navigate("campaigns", campaign_id=self._campaign_id)

    def _settle(self) -> None:
        SettleDialog(self, self._services, self.table.selected_ids()).open()

    def _check(self) -> None:
        operations.check_now(self._services, self, self.table.reload)


class SettleDialog(FormDialog):
    def __init__(self, parent: DiscrepancyDialog, services: Services, ids: Sequence[int]) -> None:
        super().__init__(parent, ntr("Settle {n} discrepancy", "Settle {n} discrepancies", len(ids)), tr("Settle"))
        self.explain(tr("It leaves the home page and stays on record. It comes back when its figures change."))
        self.form.add_multiline("note", tr("What it was"), lines=3)
        self.on_action(lambda: self.work(services, operations.settle(ids, self.form.text("note")), self._told))
        self._services = services
        self._table = parent.table

    def _told(self, _change: object) -> None:
        self._services.announce(operations.OUTBOX)
        self._table.reload()


def _columns() -> list[Column[DiscrepancyRow]]:
    return [
        Column("kind", tr("What"), lambda d: d.title, 290, state=lambda _d: "failed", sortable=False),
        Column("where", tr("Where"), lambda d: d.where, 160, sortable=False),
        Column("figures", tr("Figures"), lambda d: d.figures, 0, sortable=False, tip=lambda d: d.figures),
        Column("found", tr("Found"), lambda d: local_datetime(d.found_at), 130, sortable=False),
    ]


def _message_columns() -> list[Column[OddMessage]]:
    return [
        Column("number", tr("The message"), lambda m: str(m.id), 90, sortable=False),
        Column("customer", tr("Customer"), lambda m: m.customer or "–", 110, sortable=False),
        Column("phone", tr("Number"), lambda m: masked_phone(m.phone) if m.phone else "–", 120, sortable=False),
        Column("says", tr("The message says"), lambda m: m.says, 150, sortable=False),
        Column("parts", tr("Its parts say"), lambda m: m.parts, 0, sortable=False),
    ]


def _ids(ctx: Context, _sort: Sort) -> list[int]:
    return discrepancy_ids(ctx)


def _rows(ctx: Context, ids: Sequence[int]) -> list[DiscrepancyRow]:
    return discrepancy_rows(ctx, ids)


def _none(_ctx: Context, _sort: Sort) -> list[int]:
    return []


def _messages_of(discrepancy_id: int) -> Callable[[Context, Sort], list[int]]:
    return lambda ctx, _sort: odd_message_ids(ctx, discrepancy_id)


def _messages(ctx: Context, ids: Sequence[int]) -> list[OddMessage]:
    return odd_messages(ctx, ids)


def _nothing() -> EmptyState:
    return EmptyState("circle-check", tr("Everything adds up"), tr("Campaigns, lines and decisions agree."))


def _no_messages() -> EmptyState:
    return EmptyState("message-square-text", tr("No message to show"))
