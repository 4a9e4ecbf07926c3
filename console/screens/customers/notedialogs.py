"""What staff note about a customer: contacts, circumstances, consents, the do-not-contact list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from PySide6.QtWidgets import QWidget

from console.core.compliance.purpose import PURPOSE_TITLES
from console.core.context import Context
from console.core.customers.circumstances import KIND_TITLES as CIRCUMSTANCES
from console.core.customers.circumstances import CircumstanceKind, Shown
from console.core.customers.consents import SOURCE_TITLES, Source, Standing
from console.core.customers.contacts import KIND_TITLES as CONTACTS
from console.core.customers.contacts import ContactKind
from console.core.customers.detail import CustomerDetail
from console.core.i18n import tr
from console.screens.customers import file_operations as operations
from console.shell.forms import Form, FormDialog
from console.shell.listingform import add_listing_fields, end_of, listing_of
from console.shell.services import Services

Work = Callable[[Context], object]


class NoteDialog(FormDialog):
    """A form about one customer. ``entered`` gives what to write, or None where the form says what is wrong with it.

    What is written is announced.
    """

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        title: str,
        action: str,
        entered: Callable[[], Work | None],
        *,
        danger: bool = False,
    ) -> None:
        super().__init__(parent, title, action, danger=danger)
        self._services, self._entered = services, entered
        self.on_action(self.save)
        self.form.submitted.connect(self.save)

    def save(self) -> None:
        work = self._entered()
        if work is not None:
            self.work(self._services, work, self._told)

    def _told(self, _result: object) -> None:
        self._services.announce(operations.CHANGED)


def _loans(form: Form, found: CustomerDetail, title: str) -> None:
    if found.loans:
        named = [(loan.id, " ".join(filter(None, (loan.product, loan.number)))) for loan in found.loans]
        form.add_choice("loan", title, [(None, tr("All loans")), *named])


def _loan(form: Form) -> int | None:
    chosen = form.values().get("loan")
    return chosen if isinstance(chosen, int) else None


class ContactDialog(NoteDialog):
    def __init__(self, parent: QWidget, services: Services, found: CustomerDetail, kind: ContactKind) -> None:
        title = tr("{kind} with {name}", kind=str(CONTACTS[kind]), name=found.name)
        super().__init__(parent, services, title, tr("Save"), self._contact)
        self._found, self._kind = found, kind
        if kind is ContactKind.CALL:
            answers = [(True, tr("Got through")), (False, tr("Not answered"))]
            self.form.add_choice("connected", tr("The call"), answers, True)
        self.form.add_multiline("body", tr("What was said"), lines=5)
        if kind is not ContactKind.NOTE:
            self.form.add_date_time("at", tr("When"), services.ctx.clock.now())
        _loans(self.form, found, tr("About"))

    def _contact(self) -> Work:
        values = self.form.values()
        at, connected = values.get("at"), values.get("connected")
        now = self._services.ctx.clock.now()
        moment = min(at, now) if isinstance(at, datetime) and at < now + timedelta(minutes=1) else at
        return operations.add_contact(
            self._found.id,
            self._kind,
            self.form.text("body"),
            connected if isinstance(connected, bool) else None,
            moment if isinstance(moment, datetime) else None,
            _loan(self.form),
        )


class CircumstanceDialog(NoteDialog):
    def __init__(self, parent: QWidget, services: Services, found: CustomerDetail) -> None:
        title = tr("What is to be minded with {name}", name=found.name)
        super().__init__(parent, services, title, tr("Save"), self._circumstance)
        self._found = found
        self.explain(tr("The rules go easy on the customer while it holds: overdue notices and marketing wait."))
        kinds = [(kind, str(title)) for kind, title in CIRCUMSTANCES.items()]
        box = self.form.add_choice("kind", tr("Circumstance"), kinds, CircumstanceKind.PROMISED)
        soon = services.ctx.clock.now().astimezone().date() + timedelta(days=7)
        self._ends = self.form.add_flag("ends", tr("Ends by itself"), True)
        self.form.add_date("until", tr("Last day"), soon)
        self.form.add_multiline("note", tr("Note"), lines=3)
        _loans(self.form, found, tr("Concerns"))
        box.currentIndexChanged.connect(lambda _place: self._dress())
        self._ends.toggled.connect(lambda _on: self._dress())
        self._dress()

    def _dress(self) -> None:
        promised = self.form.value("kind") == CircumstanceKind.PROMISED
        self.form.set_field_visible("ends", not promised)
        self.form.set_field_visible("until", promised or self._ends.isChecked())

    def _circumstance(self) -> Work:
        kind = CircumstanceKind(str(self.form.value("kind")))
        ends = kind is CircumstanceKind.PROMISED or self._ends.isChecked()
        until = end_of(self.form.value("until")) if ends else None
        return operations.set_circumstance(self._found.id, kind, self.form.text("note"), until, _loan(self.form))


class EndCircumstanceDialog(NoteDialog):
    def __init__(self, parent: QWidget, services: Services, shown: Shown) -> None:
        title = tr("End “{circumstance}”", circumstance=str(CIRCUMSTANCES[shown.kind]))
        super().__init__(parent, services, title, tr("End it"), self._ending)
        self._shown = shown
        self.form.add_text("note", tr("Why it is over"), max_length=400)

    def _ending(self) -> Work:
        return operations.end_circumstance(self._shown.id, self.form.text("note"))


class ConsentDialog(NoteDialog):
    def __init__(self, parent: QWidget, services: Services, found: CustomerDetail, standing: Standing) -> None:
        purpose = str(PURPOSE_TITLES[standing.purpose])
        title = tr("{purpose}: what did the customer say?", purpose=purpose)
        super().__init__(parent, services, title, tr("Record"), self._consent)
        self._found, self._standing = found, standing
        answers = [(True, tr("Agrees to it")), (False, tr("Refuses it"))]
        answer = self.form.add_choice("granted", tr("The customer"), answers, not standing.granted)
        sources = [(source, str(SOURCE_TITLES[source])) for source in Source]
        self.form.add_choice("source", tr("Known from"), sources, Source.COUNTER)
        self.form.add_text(
            "evidence", tr("Proof"), placeholder=tr("Number of the form, recording, who heard it"), max_length=255
        )
        self.form.add_flag("lift", tr("Take the number off this branch's do-not-contact list for it"), standing.barred)
        answer.currentIndexChanged.connect(lambda _place: self._dress())
        self._dress()

    def _dress(self) -> None:
        self.form.set_field_visible("lift", self._standing.barred and self.form.value("granted") is True)

    def _consent(self) -> Work:
        return operations.record_consent(
            self._found.id,
            self._standing.purpose,
            granted=self.form.value("granted") is True,
            source=Source(str(self.form.value("source"))),
            evidence=self.form.text("evidence"),
            lift=self._standing.barred and self.form.value("lift") is True,
        )


class SuppressDialog(NoteDialog):
    def __init__(self, parent: QWidget, services: Services, found: CustomerDetail) -> None:
        title = tr("Put the number of {name} on the do-not-contact list", name=found.name)
        super().__init__(parent, services, title, tr("Put on"), self._listing)
        self._found = found
        add_listing_fields(self.form, services.ctx.clock.now().astimezone().date())

    def _listing(self) -> Work:
        return operations.suppress(self._found.id, listing_of(self.form))


class EndSuppressionDialog(NoteDialog):
    def __init__(self, parent: QWidget, services: Services, suppression_id: int, about: str) -> None:
        title = tr("Take off the do-not-contact list")
        super().__init__(parent, services, title, tr("Take off"), self._ending, danger=True)
        self._id = suppression_id
        self.explain(tr("{entry}. From then on messages may leave for this number again.", entry=about))
        self.form.add_text("reason", tr("Why it ends"), max_length=200)

    def _ending(self) -> Work:
        return operations.end_suppression(self._id, self.form.text("reason"))
