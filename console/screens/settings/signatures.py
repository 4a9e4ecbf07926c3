"""The signatures that stand before messages, as they are registered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from PySide6.QtWidgets import QWidget

from console.core.format import local_date
from console.core.i18n import tr
from console.core.listing import Sort
from console.core.messages.signatures import SignatureRow, Standing, standing
from console.screens.settings import operations
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, column, label, quiet_button, row

_LOOKS = {
    Standing.GOOD: "good",
    Standing.EXPIRING: "warn",
    Standing.EXPIRED: "block",
    Standing.RETIRED: "retired",
}


class SignatureDialog(FormDialog):
    def __init__(
        self, parent: QWidget, services: Services, known: SignatureRow | None, done: Callable[[object], None]
    ) -> None:
        super().__init__(parent, tr("Register a signature") if known is None else known.text, tr("Save"))
        self.explain(tr("As the carrier confirmed it. Another text is another registration."))
        text = self.form.add_text("text", tr("Signature without brackets"), known.text if known else "", max_length=18)
        text.setReadOnly(known is not None)
        self.form.add_text("holder", tr("Holder"), known.holder if known else "", max_length=100)
        self.form.add_text(
            "registration", tr("Number of the registration"), known.registration if known else "", max_length=60
        )
        ends = known is None or known.valid_until is not None
        self.form.add_flag("ends", tr("Ends"), ends, text=tr("It ends on the day below"))
        today = services.ctx.clock.now().astimezone().date()
        last = known.valid_until if known and known.valid_until else today + timedelta(days=365)
        self.form.add_date("until", tr("Last day"), last)
        self.form.changed.connect(self._dress)
        self._dress()
        self._id = known.id if known else None
        self.on_action(lambda: self.work(services, self._saving(), done))

    def _dress(self) -> None:
        self.form.set_field_visible("until", bool(self.form.value("ends")))

    def _saving(self) -> Callable[..., int]:
        values = self.form.values()
        last = values["until"]
        until = last if values["ends"] and isinstance(last, date) else None
        return operations.save_signature(
            self._id, str(values["text"]), str(values["holder"]), str(values["registration"]), until
        )


class SignaturesSection(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.table = self._table()
        self.table.current_changed.connect(self._show_choices)
        self.table.row_activated.connect(lambda _row: self.edit())
        self.change = quiet_button(tr("Change…"), self.edit)
        self.retire = quiet_button(tr("Retire"), lambda: self._retire(True), "archive")
        self.restore = quiet_button(tr("Use again"), lambda: self._retire(False), "rotate-ccw")
        words = label(
            tr("A campaign is not submitted under a signature that has ended. Before it ends there is a warning."),
            "quiet",
            wrap=True,
        )
        layout = column(words, self.table, row(self.change, self.retire, self.restore, None), spacing=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._show_choices(None)

    def _table(self) -> RecordTable[SignatureRow]:
        columns = [
            Column[SignatureRow]("text", tr("Signature"), lambda each: each.text, 130, sortable=False),
            Column[SignatureRow]("holder", tr("Holder"), lambda each: each.holder, 0, sortable=False),
            Column[SignatureRow](
                "registration", tr("Registration"), lambda each: each.registration, 130, sortable=False, drop=1
            ),
            Column[SignatureRow](
                "until",
                tr("Valid until"),
                lambda each: local_date(each.valid_until) if each.valid_until else tr("without end"),
                120,
                sortable=False,
                state=self._look,
            ),
        ]
        empty = EmptyState(
            "stamp", tr("No signature is registered"), tr("Enter those that the carrier has confirmed, and until when.")
        )
        table = RecordTable(
            self._services, columns, operations.signature_ids, operations.signature_rows_of, empty, sort=Sort("text")
        )
        table.setAccessibleName(tr("Signatures"))
        return table

    def _look(self, each: SignatureRow) -> str:
        return _LOOKS[standing(each, self._services.ctx.clock.now().astimezone().date())]

    def reload(self) -> None:
        self.table.reload()

    def _show_choices(self, chosen: SignatureRow | None) -> None:
        self.change.setEnabled(chosen is not None)
        self.retire.setVisible(chosen is None or not chosen.retired)
        self.retire.setEnabled(chosen is not None)
        self.restore.setVisible(chosen is not None and chosen.retired)

    def add(self) -> None:
        SignatureDialog(self, self._services, None, self._changed).open()

    def edit(self) -> None:
        chosen = self.table.current_row()
        if chosen is not None:
            SignatureDialog(self, self._services, chosen, self._changed).open()

    def _retire(self, retired: bool) -> None:
        chosen = self.table.current_row()
        if chosen is not None:
            self._services.tasks.query(operations.retire_signature(chosen.id, retired), self._changed, owner=self)

    def _changed(self, _none: object) -> None:
        self._services.announce(operations.SETTINGS_CHANGED)
