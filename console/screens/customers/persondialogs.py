"""The customer's own data and further numbers, entered by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QWidget

from console.core.customers.detail import CustomerDetail
from console.core.customers.editing import CHANNELS, EXTRA, TITLES, Invalid
from console.core.customers.fields import Field, FieldKind
from console.core.errors import UserError
from console.core.i18n import tr
from console.screens.customers import file_operations as operations
from console.shell import theme
from console.shell.forms import Form, FormDialog
from console.shell.services import Services
from console.shell.widgets import scroll

_HALF_HOUR = 30


class FileDialog(FormDialog):
    """Problems stand under their fields; a long form scrolls inside the dialog."""

    def tell(self, error: UserError) -> None:
        if not isinstance(error, Invalid):
            super().tell(error)
            return
        self.action.setEnabled(True)
        known = self.form.values()
        for key in reversed([key for key in error.problems if key in known]):
            self.form.set_error(key, str(error.problems[key]))
        if not error.problems.keys() & known.keys():
            super().tell(error)

    def let_scroll(self) -> None:
        """Call when the form is whole."""
        place = self.body.indexOf(self.form)
        self.body.removeWidget(self.form)
        self.body.insertWidget(place, scroll(self.form), 100)  # not the free room that stands above the buttons
        self.form.setContentsMargins(0, 0, theme.current().px(12), 0)
        room = self.screen().availableGeometry()
        wanted = self.form.sizeHint().height() + theme.current().px(150)
        self.resize(min(theme.current().px(560), room.width()), min(wanted, int(room.height() * 0.85)))


class CustomerDialog(FileDialog):
    """A new customer, or one as they stand; a number that is masked is written only where a new one is entered."""

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        found: CustomerDetail | None,
        fields: Sequence[Field],
        done: Callable[[int], None],
    ) -> None:
        title = tr("Edit {name}", name=found.name) if found else tr("New customer")
        super().__init__(parent, title, tr("Save"))
        self._services, self._found, self._fields, self._done = services, found, fields, done
        self._add_person()
        self._add_bank()
        self._add_contact()
        if fields:
            self._add_own()
        self.on_action(self._save)
        self.form.submitted.connect(self._save)
        self.let_scroll()

    def _add_person(self) -> None:
        found, form = self._found, self.form
        form.add_heading(tr("Personal data"))
        form.add_text("name", tr("Name"), found.name if found else "", max_length=100)
        titles = [(value, value or tr("None stated")) for value in TITLES]
        form.add_choice("title", tr("Form of address"), titles, found.title if found else "")
        kept = tr("Leave empty to keep {number}", number=found.phone) if found else tr("Eleven digits, mainland China")
        form.add_text("phone", tr("Mobile number"), placeholder=kept, max_length=30)
        held = found.id_number if found else ""
        words = tr("Leave empty to keep {number}", number=held) if held else tr("18 characters; kept encrypted")
        form.add_text("id_number", tr("Identity number"), placeholder=words, max_length=30)
        if held:
            form.add_flag("id_gone", tr("Delete the identity number"))
        birthday = found.birthday.isoformat() if found and found.birthday else ""
        form.add_text("birthday", tr("Birthday"), birthday, placeholder="1990-01-31", max_length=20)

    def _add_bank(self) -> None:
        found, form = self._found, self.form
        form.add_heading(tr("At the bank"))
        number = tr("Made up when left empty") if found is None else ""
        form.add_text("number", tr("Customer number"), found.number if found else "", placeholder=number, max_length=40)
        for key, title, limit in (
            ("region", tr("Region"), 60),
            ("branch", tr("Branch"), 60),
            ("manager", tr("Customer manager"), 60),
            ("rating", tr("Rating"), 10),
            ("segment", tr("Segment"), 40),
        ):
            form.add_text(key, title, getattr(found, key) if found else "", max_length=limit)
        tags = "，".join(found.tags) if found else ""
        form.add_text("tags", tr("Tags"), tags, placeholder=tr("Words between commas"), max_length=400)

    def _add_contact(self) -> None:
        found, form = self._found, self.form
        form.add_heading(tr("Wishes"))
        channels = [(key, str(title)) for key, title in CHANNELS.items()]
        form.add_choice("channel", tr("Preferred channel"), channels, found.channel if found else "")
        begin, end = found.hours if found and found.hours else (None, None)
        form.add_choice("hours_from", tr("Contact from"), _times(begin), begin)
        form.add_choice("hours_to", tr("Contact until"), _times(end), end)

    def _add_own(self) -> None:
        form = self.form
        form.add_heading(tr("Fields of this office"))
        for field in self._fields:
            stored = self._found.extra.get(field.key) if self._found else None
            add_own_field(form, field, stored)

    def _entered(self) -> Mapping[str, object]:
        entered = dict(self.form.values())
        gone = entered.pop("id_gone", False)
        if self._found is not None and not entered["phone"]:
            del entered["phone"]
        if not entered["id_number"] and not gone:
            del entered["id_number"]
        return entered

    def _save(self) -> None:
        found = self._found
        if found is None:
            self.work(self._services, operations.create(self._entered()), self._saved)
        else:
            work = operations.edit(found.id, self._entered(), found.updated_at)
            self.work(self._services, work, lambda _changed: self._saved(found.id))

    def _saved(self, customer_id: int) -> None:
        self._services.announce(operations.CHANGED)
        self._done(customer_id)


def add_own_field(form: Form, field: Field, stored: object) -> None:
    key = EXTRA + field.key
    nothing = ("", tr("None stated"))
    if field.kind is FieldKind.CHOICE:
        form.add_choice(key, field.title, [nothing, *((each, each) for each in field.choices)], stored or "")
    elif field.kind is FieldKind.FLAG:
        said = "" if stored is None else "yes" if stored else "no"
        form.add_choice(key, field.title, [nothing, ("yes", tr("yes")), ("no", tr("no"))], said)
    else:
        example = "2026-11-21" if field.kind is FieldKind.DATE else ""
        value = "" if stored is None else str(stored)
        form.add_text(key, field.title, value, placeholder=example, max_length=200)


def _times(stored: int | None) -> list[tuple[object, str]]:
    """Every half hour, and what is stored though it lie between."""
    minutes = {*range(0, 24 * 60 + 1, _HALF_HOUR)} | ({stored} if stored is not None else set())
    return [(None, tr("None stated")), *((each, clock_time(each)) for each in sorted(minutes))]


def clock_time(minutes: int) -> str:
    """Minutes after midnight as ``09:30``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


class PhoneDialog(FileDialog):
    """One more number of a customer."""

    def __init__(self, parent: QWidget, services: Services, found: CustomerDetail) -> None:
        super().__init__(parent, tr("Another number of {name}", name=found.name), tr("Add"))
        self._services, self._customer_id = services, found.id
        self.explain(tr("Messages go to the main number only; replies from this one are shown here too."))
        self.form.add_text("phone", tr("Mobile number"), max_length=30)
        self.form.add_text("label", tr("Whose or where"), placeholder=tr("Work, spouse"), max_length=40)
        self.on_action(self._save)
        self.form.submitted.connect(self._save)

    def _save(self) -> None:
        work = operations.add_phone(self._customer_id, self.form.text("phone"), self.form.text("label"))
        self.work(self._services, work, lambda _id: self._services.announce(operations.CHANGED))
