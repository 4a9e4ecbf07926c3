"""Outcomes that cannot be known: the evidence, and the three decisions beside it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from console.core.context import Context
from console.core.format import local_datetime, masked_phone
from console.core.home import UnknownMessage, unknown_ids, unknown_rows
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.core.sending.control import Decision
from console.screens.home import operations
from console.shell.listdialog import ListDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, confirm, label, quiet_button


class UnknownDialog(ListDialog[UnknownMessage]):
    def __init__(self, parent: QWidget, services: Services) -> None:
        self._services = services
        about = tr(
            "The modem or the network gave no clear answer, so these messages may or may not have left. "
            "The program never sends them again by itself. A late report may still settle them."
        )
        table = RecordTable(services, _columns(), _ids, _rows, _nothing(), sort=Sort("at"))
        self.evidence = label("", "quiet", wrap=True)
        self.sent = quiet_button(tr("It arrived"), lambda: self._decide(Decision.SENT), "check")
        self.resend = quiet_button(tr("Send again…"), lambda: self._decide(Decision.RESEND), "send")
        self.cancel = quiet_button(tr("Drop it…"), lambda: self._decide(Decision.CANCEL), "ban")
        super().__init__(
            parent,
            tr("Outcomes that are not known"),
            table,
            above=[label(about, "quiet", wrap=True)],
            below=[self.evidence],
            beside=[self.sent, self.resend, self.cancel],
            size=(820, 480),
        )
        table.selection_changed.connect(self._enable)
        table.current_changed.connect(self._evidence)
        self._enable()

    def _enable(self) -> None:
        may = bool(self.table.selected_ids()) and self._services.allowed(Permission.OUTBOX_RESOLVE)
        for button in (self.sent, self.resend, self.cancel):
            button.setEnabled(may)

    def _evidence(self, message: UnknownMessage | None) -> None:
        if message is None:
            self.evidence.setText("")
            return
        self.evidence.setText(
            tr(
                "{explanation} {advice} Line {line}, {at}. Code {code}.",
                explanation=message.explanation,
                advice=message.advice,
                line=message.line or "–",
                at=local_datetime(message.at, seconds=True),
                code=message.code or "–",
            )
        )

    def _decide(self, decision: Decision) -> None:
        picked = self.table.selected_ids()
        if picked and self._sure(decision, len(picked)):
            operations.decide(self._services, self, picked, decision, self.table.reload)

    def _sure(self, decision: Decision, number: int) -> bool:
        if decision is Decision.SENT:
            return True
        if decision is Decision.RESEND:
            title = ntr("Send {n} message again?", "Send {n} messages again?", number)
            text = tr("Whoever has received it already receives it twice. Ask the customer first where you can.")
            return confirm(self, title, text, tr("Send again"), danger=True)
        title = ntr("Drop {n} message?", "Drop {n} messages?", number)
        return confirm(self, title, tr("It counts as not sent and is not tried again."), tr("Drop it"), danger=True)


def _columns() -> list[Column[UnknownMessage]]:
    return [
        Column(
            "customer", tr("Customer"), lambda m: m.customer or "–", 110, state=lambda _m: "unknown", sortable=False
        ),
        Column("phone", tr("Number"), lambda m: masked_phone(m.phone), 120, sortable=False),
        Column("campaign", tr("Campaign"), lambda m: m.campaign or tr("Test message"), 0, sortable=False),
        Column("at", tr("On its way since"), lambda m: local_datetime(m.at, seconds=True), 160, sortable=False),
        Column("line", tr("Line"), lambda m: m.line or "–", 110, sortable=False),
    ]


def _ids(ctx: Context, _sort: Sort) -> list[int]:
    return unknown_ids(ctx)


def _rows(ctx: Context, ids: Sequence[int]) -> list[UnknownMessage]:
    return unknown_rows(ctx, ids)


def _nothing() -> EmptyState:
    return EmptyState("circle-check", tr("No open outcome"), tr("Every message has an outcome that is known."))
