"""One customer beside the list: who it is, the loans, what was agreed, and all that happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from console.core.context import Context
from console.core.customers.circumstances import Shown
from console.core.customers.contacts import ContactKind
from console.core.customers.detail import CustomerDetail, PhoneDetail
from console.core.customers.editing import CHANNELS
from console.core.customers.fields import Field, shown
from console.core.errors import UserError
from console.core.format import local_date, local_datetime
from console.core.i18n import listed, ntr, tr
from console.core.security.permissions import Permission
from console.screens.customers import file_operations as operations
from console.screens.customers.agreements import CircumstanceView, ConsentsCard
from console.screens.customers.folding import FoldCard
from console.screens.customers.loanscard import LoansCard
from console.screens.customers.notedialogs import CircumstanceDialog, ContactDialog
from console.screens.customers.persondialogs import CustomerDialog, PhoneDialog, clock_time
from console.screens.customers.reveal import RevealDialog
from console.screens.customers.secretline import SHOWN_FOR, SecretLine, low
from console.screens.customers.timelinecard import TimelineCard
from console.shell.flow import FlowLayout
from console.shell.rows import KeyedRows
from console.shell.services import Services
from console.shell.widgets import (
    EmptyState,
    KeyValues,
    StateBadge,
    column,
    confirm,
    icon_button,
    label,
    quiet_button,
    row,
    scroll,
)


class CustomerPane(QStackedWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("surface")
        self._services = services
        self._customer_id: int | None = None
        self._shown: CustomerDetail | None = None
        self._empty = EmptyState("user", tr("No customer is chosen"), tr("Choose one on the left."))
        self.addWidget(self._empty)
        self._timer = QTimer(self, interval=SHOWN_FOR, singleShot=True)
        self._timer.timeout.connect(self._mask)
        self._may_edit = services.allowed(Permission.CUSTOMERS_EDIT)
        self._title = label("", "title", wrap=True, selectable=True)
        self._sub = label("", "quiet", wrap=True, selectable=True)
        self._gone = StateBadge("off", tr("No longer a customer"))
        self.phone = label("", "heading", selectable=True)
        self.eye = icon_button("eye", tr("Show the full number"), self._ask)
        self.eye.setVisible(services.allowed(Permission.PHONES_REVEAL))
        self.circumstances: KeyedRows[Shown, CircumstanceView] = KeyedRows(
            lambda each: each.id,
            lambda _each: CircumstanceView(services),
            lambda view, each: view.show_circumstance(each),
            spacing=6,
        )
        self.person = PersonCard(services)
        self.loans = LoansCard(services)
        self.consents = ConsentsCard(services)
        self.history = TimelineCard(services)
        self._pane = scroll(self._inside())
        self.history.follow(self._pane)
        self.addWidget(self._pane)

    def _inside(self) -> QWidget:
        self.edit = icon_button("pencil", tr("Edit the customer"), self._edit)
        self.edit.setVisible(self._may_edit)
        name = row(self._title, self.edit, spacing=4)
        name.setStretch(0, 1)
        number = row(self.phone, self.eye, None, spacing=4)
        head = column(
            name,
            self._sub,
            row(self._gone, None),
            number,
            self._actions(),
            self.circumstances,
            spacing=6,
            margins=(16, 16, 16, 4),
        )
        cards = column(self.person, self.loans, self.consents, self.history, None, spacing=10, margins=(12, 8, 12, 12))
        inside = QWidget()
        inside.setLayout(column(head, cards, spacing=0))
        return inside

    def _actions(self) -> FlowLayout:
        """Notes in two clicks."""
        self.call = quiet_button(tr("Call"), None, "phone")
        menu = QMenu(self.call)
        menu.addAction(tr("Not answered"), self._not_answered)
        menu.addAction(tr("Got through…"), partial(self._contact, ContactKind.CALL))
        self.call.setMenu(menu)
        visit = quiet_button(tr("Visit"), partial(self._contact, ContactKind.VISIT), "house")
        remark = quiet_button(tr("Remark"), partial(self._contact, ContactKind.NOTE), "message-square-text")
        mind = quiet_button(tr("To be minded"), self._circumstance, "triangle-alert")
        self.notes = (self.call, visit, remark, mind)
        line = FlowLayout(6, 6)
        for button in self.notes:
            button.setVisible(self._may_edit)
            line.addWidget(button)
        return line

    # What is shown

    def show_customer(self, customer_id: int | None) -> None:
        if customer_id != self._customer_id:
            self._customer_id, self._shown = customer_id, None
            self._timer.stop()
        if customer_id is None:
            self.setCurrentWidget(self._empty)
        else:
            self.reload()

    def take_focus(self) -> None:
        """From the list, for the keyboard."""
        (self.call if self._may_edit else self._pane).setFocus()

    def say_selected(self, number: int) -> None:
        """For the time when no single customer is shown."""
        if number > 1:
            what = tr("They can be changed, or added to a campaign, at the foot of the list.")
            words = what if self._may_edit else ""
            self._empty.say(ntr("{n} customer is selected.", "{n} customers are selected.", number), words)
        else:
            self._empty.say(tr("No customer is chosen"), tr("Choose one on the left."))

    def reload(self) -> None:
        if self._customer_id is not None:
            work = operations.detail(self._customer_id)
            self._services.tasks.query(work, self._show, owner=self, failed=self._lost, key="detail")

    def _lost(self, _error: UserError) -> None:
        self.show_customer(None)

    def _show(self, found: CustomerDetail) -> None:
        if found.id != self._customer_id:
            return
        if self._shown is None:
            self._pane.verticalScrollBar().setValue(0)
        before, self._shown = self._shown, found
        self.setCurrentWidget(self._pane)
        self.history.show_customer(found.id)
        if found == before:
            return
        self._title.setText(" ".join(filter(None, (found.name, found.title))))
        self._sub.setText(" · ".join(filter(None, (found.number, found.branch, found.region))))
        self._gone.setVisible(not found.active)
        if not self._timer.isActive():
            self._mask()
        self.circumstances.set_records(found.circumstances)
        self.person.show_customer(found)
        self.loans.show_customer(found)
        self.consents.show_customer(found)

    # The full number

    def _ask(self) -> None:
        if self._shown is None:
            return
        customer_id = self._shown.id
        title = tr("Show the full number of {name}", name=self._shown.name)
        dialog = RevealDialog(self, self._services, title, operations.show_phone(customer_id, None))
        dialog.revealed.connect(lambda number: self._reveal(customer_id, number))
        dialog.open()

    def _reveal(self, customer_id: int, phone: str) -> None:
        if customer_id == self._customer_id:
            self.phone.setText(_spaced(phone))
            self._timer.start()

    def _mask(self) -> None:
        self.phone.setText(self._shown.phone if self._shown else "")

    # Writing things down

    def _edit(self) -> None:
        if self._shown is not None:
            CustomerDialog(self, self._services, self._shown, self._shown.fields, lambda _id: None).open()

    def _not_answered(self) -> None:
        if self._shown is not None:
            work = operations.add_contact(self._shown.id, ContactKind.CALL, "", False, None, None)
            self._services.tasks.query(work, self._noted, owner=self)

    def _noted(self, _id: int) -> None:
        self._services.notices.good(tr("The call was noted."))
        self._services.announce(operations.CHANGED)

    def _contact(self, kind: ContactKind) -> None:
        if self._shown is not None:
            ContactDialog(self, self._services, self._shown, kind).open()

    def _circumstance(self) -> None:
        if self._shown is not None:
            CircumstanceDialog(self, self._services, self._shown).open()


class PersonCard(FoldCard):
    """What is on file beside name and main number."""

    def __init__(self, services: Services) -> None:
        super().__init__(tr("Personal data"))
        self._services = services
        self._found: CustomerDetail | None = None
        self._may_edit = services.allowed(Permission.CUSTOMERS_EDIT)
        self._may_look = services.allowed(Permission.PHONES_REVEAL)
        self._facts = KeyValues()
        self.identity = SecretLine(services)
        self.phones: KeyedRows[PhoneDetail, PhoneLine] = KeyedRows(
            lambda phone: phone.id, lambda _phone: PhoneLine(services), lambda line, phone: line.show_phone(phone)
        )
        self.new_phone = icon_button("plus", tr("Add another number"), self._add_phone)
        self.new_phone.setVisible(self._may_edit)
        self.extras.addWidget(self.new_phone)
        self.add(self.identity, self.phones, self._facts)

    def show_customer(self, found: CustomerDetail) -> None:
        self._found = found
        name = tr("Show the full identity number of {name}", name=found.name)
        self.identity.setVisible(bool(found.id_number))
        self.identity.show_secret(
            tr("Identity number"), found.id_number, name, operations.show_identity(found.id), found.id
        )
        for line in self.phones.widgets:
            line.customer = found
        self.phones.set_records(found.phones)
        for line in self.phones.widgets:
            line.customer = found
        self._facts.set_pairs(list(_facts(found)))

    def _add_phone(self) -> None:
        if self._found is not None:
            PhoneDialog(self, self._services, self._found).open()


class PhoneLine(SecretLine):
    """A further number: looked at, made the main one, removed."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.customer: CustomerDetail | None = None
        self._phone: PhoneDetail | None = None
        may_edit = services.allowed(Permission.CUSTOMERS_EDIT)
        self.main = icon_button("check", tr("Make it the main number"), self._make_main)
        self.drop = icon_button("trash-2", tr("Remove this number"), self._remove)
        for button in (self.main, self.drop):
            low(button)
            button.setVisible(may_edit)
            self.line.addWidget(button)

    def show_phone(self, phone: PhoneDetail) -> None:
        self._phone = phone
        name = phone.label or tr("Another number")
        self.show_secret(name, phone.phone, tr("Show the full number"), self._asking, phone)

    def _asking(self, reason: str) -> Callable[[Context], str]:
        assert self.customer is not None
        assert self._phone is not None
        return operations.show_phone(self.customer.id, self._phone.id)(reason)

    def _make_main(self) -> None:
        found, phone = self.customer, self._phone
        if found is None or phone is None:
            return
        text = tr(
            "Messages go to {number} from then on; {old} stays as a further number.",
            number=phone.phone,
            old=found.phone,
        )
        if confirm(self, tr("Make it the main number?"), text, tr("Make it the main number")):
            self._do(operations.make_main(found.id, phone.id))

    def _remove(self) -> None:
        found, phone = self.customer, self._phone
        if found is None or phone is None:
            return
        text = tr("{number} is taken out of the file of {name}.", number=phone.phone, name=found.name)
        if confirm(self, tr("Remove this number?"), text, tr("Remove"), danger=True):
            self._do(operations.remove_phone(found.id, phone.id))

    def _do(self, work: Callable[[Context], None]) -> None:
        announce = self._services.announce
        self._services.tasks.query(work, lambda _none: announce(operations.CHANGED), owner=self)


def _facts(found: CustomerDetail) -> Iterator[tuple[str, str]]:
    hours = ""
    if found.hours is not None:
        hours = tr("{start} to {end}", start=clock_time(found.hours[0]), end=clock_time(found.hours[1]))
    pairs: Sequence[tuple[str, str]] = (
        (tr("Birthday"), local_date(found.birthday) if found.birthday else ""),
        (tr("Customer manager"), found.manager),
        (tr("Rating"), found.rating),
        (tr("Segment"), found.segment),
        (tr("Tags"), listed(found.tags)),
        (tr("Preferred channel"), str(CHANNELS.get(found.channel, found.channel)) if found.channel else ""),
        (tr("Contact hours"), hours),
        *((field.title, _own(field, found)) for field in found.fields),
        (tr("Updated"), local_datetime(found.updated_at)),
    )
    return ((name, value) for name, value in pairs if value)


def _own(field: Field, found: CustomerDetail) -> str:
    return shown(field, found.extra.get(field.key))


def _spaced(phone: str) -> str:
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}"
