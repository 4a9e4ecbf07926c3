"""Fields of customers that this office made up: title, kind, choices, order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from console.core.context import Context
from console.core.customers import fields as core
from console.core.customers.fields import KIND_TITLES, Field, FieldKind
from console.core.events import Change, Topic
from console.core.i18n import listed, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, column, icon_button, label, quiet_button, row

CHANGED = Change.of(Topic.SETTINGS, Topic.CUSTOMERS, Topic.AUDIT)


class FieldsSection(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._fields: dict[int, Field] = {}
        self.table = self._table()
        self.table.current_changed.connect(lambda _row: self._dress())
        self.table.row_activated.connect(lambda _row: self.edit())
        about = tr(
            "They stand in the file of every customer, after those of the program. A field keeps its kind for ever; "
            "one that is retired is not shown any more, and what customers hold in it stays."
        )
        self.up = icon_button("arrow-up", tr("Further up"), lambda: self._move(-1))
        self.down = icon_button("arrow-down", tr("Further down"), lambda: self._move(1))
        self.change = quiet_button(tr("Change…"), self.edit, "pencil")
        self.retire = quiet_button(tr("Retire"), self._retire, "archive")
        buttons = row(self.change, self.up, self.down, self.retire, None)
        layout = column(label(about, "quiet", wrap=True), self.table, buttons, spacing=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._dress()

    def _table(self) -> RecordTable[Field]:
        columns = [
            Column[Field]("title", tr("Title"), lambda each: each.title, 160, sortable=False),
            Column[Field]("kind", tr("Kind"), lambda each: str(KIND_TITLES[each.kind]), 110, sortable=False),
            Column[Field]("choices", tr("Choices"), lambda each: listed(each.choices), 0, sortable=False, drop=1),
            Column[Field](
                "state",
                tr("State"),
                lambda each: tr("Retired") if each.retired else tr("In use"),
                110,
                sortable=False,
                state=lambda each: "retired" if each.retired else "active",
            ),
        ]
        empty = EmptyState("list", tr("No fields of your own"), tr("A field such as occupation or pension day."))
        table = RecordTable(self._services, columns, self._ids, self._rows, empty)
        table.setAccessibleName(tr("Fields of customers"))
        return table

    def _ids(self, ctx: Context, _sort: Sort) -> list[int]:
        """Places in the list; the rows that follow are of the same moment."""
        ctx.require(Permission.SETTINGS_EDIT)
        with ctx.database.read() as session:
            self._fields = {_number(field): field for field in core.fields(session, retired=True)}
        return sorted(self._fields, key=lambda number: (self._fields[number].retired, self._fields[number].position))

    def _rows(self, _ctx: Context, ids: Sequence[int]) -> list[Field]:
        return [self._fields[each] for each in ids if each in self._fields]

    def reload(self) -> None:
        self.table.reload()

    def _dress(self) -> None:
        chosen = self.table.current_row()
        for button in (self.change, self.retire):
            button.setEnabled(chosen is not None)
        for arrow in (self.up, self.down):
            arrow.setEnabled(chosen is not None and not chosen.retired)
        self.retire.setText(tr("Take up again") if chosen is not None and chosen.retired else tr("Retire"))

    def add(self) -> None:
        FieldDialog(self, self._services, None, self._changed).open()

    def edit(self) -> None:
        chosen = self.table.current_row()
        if chosen is not None:
            FieldDialog(self, self._services, chosen, self._changed).open()

    def _move(self, by: int) -> None:
        chosen = self.table.current_row()
        if chosen is not None:
            key = chosen.key
            self._services.tasks.query(
                lambda ctx: core.move_field(ctx, key, by), lambda _none: self._changed(), owner=self
            )

    def _retire(self) -> None:
        chosen = self.table.current_row()
        if chosen is None:
            return
        key, retired = chosen.key, not chosen.retired
        work = _retiring(key, retired=retired)
        self._services.tasks.query(work, lambda _none: self._changed(), owner=self)

    def _changed(self) -> None:
        self._services.announce(CHANGED)
        self.reload()


def _number(field: Field) -> int:
    return int(field.key.removeprefix("f"))


def _retiring(key: str, *, retired: bool) -> Callable[[Context], None]:
    return lambda ctx: core.retire_field(ctx, key, retired=retired)


class FieldDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, field: Field | None, done: Callable[[], None]) -> None:
        super().__init__(parent, tr("Change the field") if field else tr("New field of customers"), tr("Save"))
        self._services, self._field, self._done = services, field, done
        form = self.form
        form.add_text("title", tr("Title"), field.title if field else "", max_length=core.TITLE_LIMIT)
        kinds = [(kind, str(title)) for kind, title in KIND_TITLES.items()]
        self.kind = form.add_choice("kind", tr("Kind"), kinds, field.kind if field else FieldKind.TEXT)
        self.kind.setEnabled(field is None)
        choices = "\n".join(field.choices) if field else ""
        form.add_multiline("choices", tr("Choices"), choices, hint=tr("One on each line"), lines=5)
        self.kind.currentIndexChanged.connect(lambda _place: self._dress())
        form.submitted.connect(self._save)
        self.on_action(self._save)
        self._dress()

    def _dress(self) -> None:
        self.form.set_field_visible("choices", self.form.value("kind") == FieldKind.CHOICE)

    def _save(self) -> None:
        wanted = Field(
            key=self._field.key if self._field else "",
            title=self.form.text("title"),
            kind=FieldKind(str(self.form.value("kind"))),
            choices=tuple(self.form.text("choices").splitlines()),
        )
        self.work(self._services, lambda ctx: core.save_field(ctx, wanted), lambda _key: self._done())
