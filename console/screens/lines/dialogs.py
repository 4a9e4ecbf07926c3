"""Attaching and changing a line, and the test message over it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from console.core.campaigns.trial import TrialSent
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import sentences, tr
from console.core.lines.browse import LineCard
from console.core.lines.editing import InvalidLine, LineDraft, add_line, edit_line
from console.core.lines.limits import Limits
from console.screens.lines import operations
from console.screens.lines.limits import LimitsForm
from console.screens.lines.ports import PortField
from console.shell import theme
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import column, quiet_button, row


class LineDialog(FormDialog):
    """``card`` None: a new line."""

    def __init__(self, parent: QWidget, services: Services, card: LineCard | None = None) -> None:
        title = tr("Attach a line") if card is None else tr("Change {name}", name=card.name)
        super().__init__(parent, title, tr("Attach") if card is None else tr("Save"))
        self._services, self._card = services, card
        if card is None:
            self.explain(tr("A line is a GSM modem with a SIM card. Plug it in, then choose its port."))
        self.form.add_text("name", tr("Line"), card.name if card else "", placeholder=tr("Counter 1"), max_length=60)
        self.port = PortField(services, card.address if card else "")
        self.address = self.port.box
        self.form.add_widget(
            "address",
            tr("Port"),
            self.address,
            self.port.address,
            hint=tr("From the list, or the address of a modem server: socket://host:port"),
        )
        self.form.add_widget("search", "", self.port)
        self.form.add_number(
            "pace",
            tr("Messages a minute"),
            card.pace_per_minute if card else None,
            minimum=1,
            maximum=600,
            none_text=tr("As fast as it goes"),
        )
        pin = tr("Kept encrypted. Leave it empty to keep the one stored.") if card and card.has_pin else ""
        self.form.add_password("pin", tr("SIM PIN"), hint=pin or tr("Only when the SIM card asks for one."))
        limits = card.limits if card else Limits()
        self.limits = LimitsForm(limits)
        place = self.body.indexOf(self.form)
        self.body.removeWidget(self.form)
        both = row(spacing=32)
        both.addLayout(column(self.form, None), 1)
        self._beside = QWidget()  # hidden whole, it leaves its room to the form
        self._beside.setLayout(column(self.limits, None))
        both.addWidget(self._beside, 1)
        self.body.insertLayout(place, both)
        self.more = quiet_button(tr("Limits and hours…"), self._show_limits, "gauge")
        self.buttons.insertWidget(0, self.more)
        self._beside.hide()
        if limits != Limits():
            self._show_limits()
        self.on_action(self._save)
        self.form.submitted.connect(self._save)
        self.limits.submitted.connect(self._save)
        if card is None:
            self.port.search()

    def _show_limits(self) -> None:
        self._beside.show()
        width = theme.current().px(900)
        self.setMinimumSize(width, self.body.totalHeightForWidth(width))  # or wrapped hints would be cut
        self.more.hide()

    def _draft(self) -> LineDraft:
        form = self.form
        pace, pin = form.value("pace"), form.text("pin")
        return LineDraft(
            name=form.text("name"),
            address=self.port.address(),
            pace_per_minute=pace if isinstance(pace, int) else None,
            limits=self.limits.limits(),
            pin=pin or None,
        )

    def _save(self) -> None:
        draft, card = self._draft(), self._card

        def work(ctx: Context) -> None:
            if card is None:
                add_line(ctx, draft)
            else:
                edit_line(ctx, card.id, draft)

        self.work(self._services, work, lambda _none: self._services.announce(operations.LINES))

    def tell(self, error: UserError) -> None:
        super().tell(error)
        if isinstance(error, InvalidLine):
            self.trouble.hide()
            about_limits = error.field in self.limits.values()
            if about_limits:
                self._show_limits()
            form = self.limits if about_limits else self.form
            form.set_error(error.field, sentences(error.message, error.hint))


class TrialDialog(FormDialog):
    """One message to one number over one line."""

    def __init__(self, parent: QWidget, services: Services, card: LineCard) -> None:
        super().__init__(parent, tr("Test message over {name}", name=card.name), tr("Send"))
        self._services, self._card = services, card
        self.explain(tr("One short message, marked as a test. It leaves the same way as every other."))
        known = services.ctx.settings.text("bank.test_phone")
        self.form.add_text("phone", tr("Mobile number"), known, placeholder="13800138000", max_length=20)
        self.on_action(self._send)
        self.form.submitted.connect(self._send)

    def _send(self) -> None:
        phone, line_id = self.form.text("phone"), self._card.id

        def work(ctx: Context) -> TrialSent:
            return operations.test(ctx, line_id, phone)

        def done(_sent: TrialSent) -> None:
            self._services.announce(operations.TEST)
            hint = tr("Its receipt shows on the home page; the figures below count it.")
            self._services.notices.good(tr("The test message is in the queue."), hint)

        self.work(self._services, work, done)
