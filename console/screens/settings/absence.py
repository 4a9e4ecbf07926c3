"""Who decides in my place while I am away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QWidget

from console.core.format import local_datetime
from console.core.i18n import tr
from console.core.security.delegation import DelegationRow, Deputy
from console.screens.settings import operations
from console.screens.settings.operations import Absence
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import Card, clear, column, flat_button, label, quiet_button, row


class AbsenceDialog(FormDialog):
    def __init__(
        self, parent: QWidget, services: Services, people: Sequence[Deputy], done: Callable[[object], None]
    ) -> None:
        super().__init__(parent, tr("Somebody decides in my place"), tr("Hand over"))
        self.explain(
            tr("About what you made yourself your deputy does not decide either. It is kept in the audit trail.")
        )
        now = services.ctx.clock.now()
        self.form.add_choice("to", tr("Deputy"), [(each.user_id, each.name) for each in people])
        self.form.add_date_time("from", tr("From"), now)
        self.form.add_date_time("until", tr("Until"), now + timedelta(days=7))
        self.form.add_text("reason", tr("Reason"), placeholder=tr("Leave, business trip"), max_length=200)
        self.on_action(lambda: self.work(services, self._handing_over(), done))

    def _handing_over(self) -> Callable[..., int]:
        to, start, end = (self.form.value(key) for key in ("to", "from", "until"))
        if not (isinstance(to, int) and isinstance(start, datetime) and isinstance(end, datetime)):
            raise TypeError("the form gives a person and two moments")
        return operations.delegate(to, start, end, self.form.text("reason"))


class AbsenceCard(Card):
    """Shown to those who decide."""

    def __init__(self, services: Services) -> None:
        super().__init__(tr("While I am away"))
        self._services = services
        self._people: Sequence[Deputy] = ()
        words = tr("Approvals go on without you when somebody decides in your place. You can take it back at any time.")
        self._list = column(spacing=6)
        self.hand_over = quiet_button(tr("Name a deputy…"), self.ask, "user-plus")
        self.add(label(words, "quiet", wrap=True), self._list, row(self.hand_over, None))
        self.reload()

    def reload(self) -> None:
        self._services.tasks.query(operations.absence, self._show, owner=self, key="absence")

    def _show(self, found: Absence) -> None:
        self._people = found.deputies
        self.hand_over.setEnabled(bool(found.deputies))
        clear(self._list)
        for each in found.delegations:
            self._list.addLayout(self._line(each))

    def _line(self, each: DelegationRow) -> QHBoxLayout:
        words = tr(
            "{name}, {start} to {end}",
            name=each.name,
            start=local_datetime(each.starts_at),
            end=local_datetime(each.ends_at),
        )
        back = flat_button(tr("Take back"), partial(self._take_back, each.id))
        back.setAccessibleName(tr("Take back: {name}", name=each.name))
        return row(label(words), label(each.reason, "quiet"), None, back)

    def ask(self) -> None:
        AbsenceDialog(self, self._services, self._people, self._changed).open()

    def _take_back(self, delegation_id: int) -> None:
        self._services.tasks.query(operations.take_back(delegation_id), self._changed, owner=self)

    def _changed(self, _none: object) -> None:
        self._services.announce(operations.USERS_CHANGED)
        self.reload()
