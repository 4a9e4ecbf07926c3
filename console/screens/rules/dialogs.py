"""Forms of the rules page: one rule, and sending a draft for approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTime, QTimer
from PySide6.QtGui import QShowEvent, QTextCursor
from PySide6.QtWidgets import QCheckBox, QGridLayout, QTimeEdit, QWidget

from console.core.compliance.changing import Field, Kind
from console.core.compliance.faults import BadPack
from console.core.compliance.wordlists import ALL
from console.core.errors import UserError
from console.core.i18n import Text, tr
from console.screens.rules import operations
from console.shell import theme
from console.shell.forms import FormDialog, days_ahead
from console.shell.services import Services
from console.shell.widgets import FRAME, inset, scroll

LINES = {"years": 2, "words": 7, "allowed": 3}  # of a field
FEW_FIELDS = 4  # that fit on every screen
FEW = 8  # choices that stand under each other


class Several(QWidget):
    """Some of a few choices, one box each."""

    def __init__(self, choices: Mapping[str, Text], chosen: Sequence[str]) -> None:
        super().__init__()
        self.boxes = {key: QCheckBox(str(title)) for key, title in choices.items()}
        for key, box in self.boxes.items():
            box.setChecked(key in chosen)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        columns = 3 if len(choices) > FEW else 1
        for place, box in enumerate(self.boxes.values()):
            grid.addWidget(box, place // columns, place % columns)
        self.setFocusProxy(next(iter(self.boxes.values())))

    def chosen(self) -> list[str]:
        return [key for key, box in self.boxes.items() if box.isChecked()]


class RuleDialog(FormDialog):
    """``fields`` come from core; the source of the new value is always asked for."""

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        draft_id: int,
        rule: str,
        title: str,
        fields: Sequence[Field],
        done: Callable[[None], None],
    ) -> None:
        super().__init__(parent, title, tr("Put into the draft"))
        self.setMinimumWidth(theme.current().px(560))
        self.explain(tr("It holds once somebody else has approved the draft."))
        self.fields = {each.key: self._add(each) for each in fields}
        self.source = self.form.add_text(
            "source",
            tr("Source"),
            hint=tr("Where the new value comes from: a decision, a circular, a law, with its date."),
            max_length=300,
        )
        self._area = scroll(self.form) if len(fields) > FEW_FIELDS else None
        if self._area is not None:  # a small screen can not show all of it
            self.setMinimumWidth(theme.current().px(640))
            self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what stands in it
            self.body.insertWidget(2, self._area, 1)
            self.body.setStretch(self.body.indexOf(self.trouble) + 1, 0)
        keys = [each.key for each in fields]
        if {"scope", "kinds"} <= set(keys):
            self.form.changed.connect(self._show_kinds)
            self._show_kinds()

        def save() -> None:
            if not self.form.text("source"):
                self.form.set_error("source", tr("Say where the new value comes from."))
                QTimer.singleShot(0, self, self._show_source)
                return
            values = {key: self.form.value(key) for key in keys}
            self.work(services, operations.change(draft_id, rule, values, self.form.text("source")), done)

        self.on_action(save)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._area is not None:
            beside = self.width() - self._area.viewport().width() + self._area.verticalScrollBar().sizeHint().width()
            self.setMinimumWidth(max(self.minimumWidth(), self.form.minimumSizeHint().width() + beside))
            wanted = self.height() - self._area.viewport().height() + self.form.sizeHint().height()
            self.resize(self.width(), min(wanted, self.screen().availableGeometry().height() - FRAME))

    def tell(self, error: UserError) -> None:
        """The title says already which rule it is about, and each reason how it has to be."""
        super().tell(error)
        if isinstance(error, BadPack):
            self.trouble.setText(tr("It cannot be put in: {why}.", why=str(error.why)))

    def _show_source(self) -> None:
        """And what is said of it, which is laid out by now."""
        if self._area is not None:
            self._area.ensureWidgetVisible(self.source, 0, theme.current().px(60))

    def _show_kinds(self) -> None:
        self.form.set_field_visible("kinds", self.form.value("scope") != ALL)

    def _add(self, field: Field) -> QWidget:
        adders: dict[Kind, Callable[[Field], QWidget]] = {
            Kind.TIME: self._time,
            Kind.CHOICE: self._choice,
            Kind.NUMBER: self._number,
            Kind.OPTIONAL: self._number,
            Kind.SET: self._several,
            Kind.TEXT: self._text,
            Kind.LINES: self._lines,
        }
        return adders[field.kind](field)

    def _time(self, field: Field) -> QWidget:
        edit = QTimeEdit(QTime.fromString(field.value, "HH:mm"))
        edit.setDisplayFormat("HH:mm")
        edit.setMaximumWidth(theme.current().px(200))
        inset(edit)
        self.form.add_widget(field.key, str(field.title), edit, lambda: edit.time().toString("HH:mm"))
        return edit

    def _choice(self, field: Field) -> QWidget:
        choices = [(key, str(title)) for key, title in field.choices.items()]
        return self.form.add_choice(field.key, str(field.title), choices, field.value, hint=str(field.hint))

    def _number(self, field: Field) -> QWidget:
        return self.form.add_number(
            field.key,
            str(field.title),
            field.value,
            minimum=field.minimum,
            maximum=field.maximum,
            hint=str(field.hint),
            none_text=str(field.none),
        )

    def _several(self, field: Field) -> QWidget:
        boxes = Several(field.choices, field.value)
        self.form.add_widget(field.key, str(field.title), boxes, boxes.chosen, hint=str(field.hint))
        return boxes

    def _text(self, field: Field) -> QWidget:
        return self.form.add_text(
            field.key, str(field.title), field.value, hint=str(field.hint), max_length=field.maximum
        )

    def _lines(self, field: Field) -> QWidget:
        lines = LINES.get(field.key, 4)
        edit = self.form.add_multiline(field.key, str(field.title), field.value, hint=str(field.hint), lines=lines)
        if field.value:  # what is typed is one more line
            edit.appendPlainText("")
            edit.moveCursor(QTextCursor.MoveOperation.End)
        return edit


class SubmitDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, draft_id: int, done: Callable[[None], None]) -> None:
        super().__init__(parent, tr("Send the draft for approval"), tr("Send for approval"))
        self.setMinimumWidth(theme.current().px(560))
        self.explain(tr("A supervisor who did not write in it decides. Until then the rules stay as they are."))
        offered = days_ahead(services.ctx.clock.now(), 1, 0)
        self.note = self.form.add_multiline("note", tr("Why"), hint=tr("The supervisor reads it."), lines=3)
        self.effective = self.form.add_date_time(
            "from", tr("In force"), optional=tr("At a time"), offered=offered,
            hint=tr("Otherwise from the approval on."),
        )  # fmt: skip

        def send() -> None:
            at: Any = self.form.value("from")
            self.work(services, operations.submit(draft_id, self.form.text("note"), at), done)

        self.on_action(send)
