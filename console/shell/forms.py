"""Forms built in code: a label beside each field, its error under it, and the first wrong field gets the focus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QDate, QDateTime, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QDateTimeEdit,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)

from console.core.errors import UserError
from console.core.i18n import sentences, tr
from console.shell import theme
from console.shell.widgets import column, danger_button, heading, inset, label, primary_button, quiet_button, row

if TYPE_CHECKING:  # the login window shows forms before the database layer is loaded
    from console.core.context import Context
    from console.shell.services import Services

T_ = TypeVar("T_")


@dataclass(eq=False)
class _Field:
    label: QLabel
    widget: QWidget
    hint: QLabel | None
    error: QLabel
    read: Callable[[], object]
    write: Callable[[object], None]
    row: int


class Form(QWidget):
    """Fields in order; ``values()`` by key. Aware datetimes; None where an optional field is left open."""

    changed = Signal()
    submitted = Signal()  # Enter in a one-line field

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._fields: dict[str, _Field] = {}

    def add_text(
        self, key: str, title: str, value: str = "", *, hint: str = "", placeholder: str = "", max_length: int = 0
    ) -> QLineEdit:
        edit = QLineEdit(value)
        edit.setPlaceholderText(placeholder)
        if max_length:
            edit.setMaxLength(max_length)
        edit.textChanged.connect(self._note)
        edit.returnPressed.connect(self.submitted)
        self._add(key, title, edit, hint, lambda: edit.text().strip(), lambda v: edit.setText(str(v)))
        return edit

    def add_password(self, key: str, title: str, *, hint: str = "") -> QLineEdit:
        edit = QLineEdit()
        edit.setEchoMode(QLineEdit.EchoMode.Password)
        edit.textChanged.connect(self._note)
        edit.returnPressed.connect(self.submitted)
        self._add(key, title, edit, hint, edit.text, lambda v: edit.setText(str(v)))
        return edit

    def add_multiline(
        self, key: str, title: str, value: str = "", *, hint: str = "", placeholder: str = "", lines: int = 4
    ) -> QPlainTextEdit:
        edit = QPlainTextEdit(value)
        edit.setPlaceholderText(placeholder)
        edit.setTabChangesFocus(True)
        edit.setFixedHeight(edit.fontMetrics().lineSpacing() * lines + 18)
        edit.textChanged.connect(self._note)
        self._add(key, title, edit, hint, edit.toPlainText, lambda v: edit.setPlainText(str(v)))
        return edit

    def add_number(
        self,
        key: str,
        title: str,
        value: int | None = None,
        *,
        minimum: int = 0,
        maximum: int = 1_000_000,
        suffix: str = "",
        hint: str = "",
        none_text: str = "",
    ) -> QSpinBox:
        """With ``none_text`` the value below the minimum is shown so and read as None."""
        spin = QSpinBox()
        lowest = minimum - 1 if none_text else minimum
        spin.setRange(lowest, maximum)
        spin.setSpecialValueText(none_text)
        spin.setSuffix(suffix)
        spin.setGroupSeparatorShown(True)
        spin.setMaximumWidth(theme.current().px(200))

        def write(number: object) -> None:
            spin.setValue(number if isinstance(number, int) else lowest)

        def read() -> int | None:
            return None if none_text and spin.value() == lowest else spin.value()

        write(value)
        inset(spin)
        spin.valueChanged.connect(self._note)
        self._add(key, title, spin, hint, read, write)
        return spin

    def add_choice(
        self, key: str, title: str, choices: Sequence[tuple[object, str]], value: object = None, *, hint: str = ""
    ) -> QComboBox:
        box = QComboBox()
        for stored, text in choices:
            box.addItem(text, stored)

        def write(wanted: object) -> None:
            box.setCurrentIndex(max(0, next((i for i in range(box.count()) if box.itemData(i) == wanted), 0)))

        write(value)
        box.currentIndexChanged.connect(self._note)
        self._add(key, title, box, hint, box.currentData, write)
        return box

    def add_flag(self, key: str, title: str, value: bool = False, *, text: str = "", hint: str = "") -> QCheckBox:
        box = QCheckBox(text or title)
        box.setChecked(value)
        box.toggled.connect(self._note)
        self._add(key, title if text else "", box, hint, box.isChecked, lambda v: box.setChecked(bool(v)))
        box.setAccessibleName(text or title)
        return box

    def add_date(self, key: str, title: str, value: date | None = None, *, hint: str = "") -> QDateEdit:
        edit = QDateEdit(_qdate(value or datetime.now(UTC).astimezone().date()))
        edit.setCalendarPopup(True)
        edit.setDisplayFormat("yyyy-MM-dd")
        edit.setMaximumWidth(theme.current().px(200))
        inset(edit)
        edit.dateChanged.connect(self._note)

        def read() -> date:
            got = edit.date()
            return date(got.year(), got.month(), got.day())

        self._add(key, title, edit, hint, read, lambda v: edit.setDate(_qdate(v)) if isinstance(v, date) else None)
        return edit

    def add_date_time(
        self,
        key: str,
        title: str,
        value: datetime | None = None,
        *,
        hint: str = "",
        optional: str = "",
        offered: datetime | None = None,
    ) -> QDateTimeEdit:
        """Local time on screen, aware UTC as value. ``optional`` are the words of a box that switches it on.

        ``offered`` stands there until a moment is chosen; without it, now.
        """
        start = value or offered or datetime.now(UTC)
        edit = QDateTimeEdit(QDateTime.fromSecsSinceEpoch(int(start.timestamp())))
        edit.setCalendarPopup(True)
        edit.setDisplayFormat("yyyy-MM-dd HH:mm")
        edit.setMaximumWidth(theme.current().px(200))
        inset(edit)
        edit.dateTimeChanged.connect(self._note)
        box = QCheckBox(optional)
        box.setChecked(value is not None)
        holder: QWidget = edit
        if optional:
            edit.setEnabled(box.isChecked())
            edit.setAccessibleName(title)
            box.toggled.connect(edit.setEnabled)
            box.toggled.connect(self._note)
            holder = QWidget()
            box.setMinimumWidth(theme.current().px(104))  # so that two of them stand in line
            holder.setLayout(row(box, edit, None))
            holder.setFocusProxy(box)

        def read() -> datetime | None:
            if optional and not box.isChecked():
                return None
            return datetime.fromtimestamp(edit.dateTime().toSecsSinceEpoch(), UTC)

        def write(moment: object) -> None:
            box.setChecked(isinstance(moment, datetime))
            if isinstance(moment, datetime):
                edit.setDateTime(QDateTime.fromSecsSinceEpoch(int(moment.timestamp())))

        self._add(key, title, holder, hint, read, write)
        return edit

    def add_widget(
        self, key: str, title: str, widget: QWidget, read: Callable[[], object] = lambda: None, *, hint: str = ""
    ) -> None:
        """A field of another kind; call ``changed.emit`` yourself."""
        self._add(key, title, widget, hint, read, lambda _value: None)

    def add_heading(self, text: str) -> None:
        place = self._grid.rowCount()
        if place > 1:
            self._grid.setRowMinimumHeight(place, 4)
            place += 1
        self._grid.addWidget(heading(text), place, 0, 1, 2)

    def values(self) -> dict[str, object]:
        return {key: field.read() for key, field in self._fields.items()}

    def value(self, key: str) -> object:
        return self._fields[key].read()

    def text(self, key: str) -> str:
        return str(self._fields[key].read())

    def set_values(self, values: Mapping[str, object]) -> None:
        for key, value in values.items():
            self._fields[key].write(value)

    def set_field_visible(self, key: str, visible: bool) -> None:
        field = self._fields[key]
        field.label.setVisible(visible)
        field.widget.setVisible(visible)
        if field.hint is not None:
            field.hint.setVisible(visible)
        field.error.setVisible(visible and bool(field.error.text()))
        self._grid.setRowMinimumHeight(field.row, theme.current().field_height if visible else 0)

    def set_error(self, key: str, text: str) -> None:
        """Say under the field what is wrong with it and take the person there; empty puts it right."""
        field = self._fields[key]
        _mark(field, text)
        if text:
            field.widget.setFocus()

    @property
    def last(self) -> QWidget:
        return next(reversed(self._fields.values())).widget

    def focus_first(self) -> None:
        """Put the cursor into the first field that can be filled in."""
        for field in self._fields.values():
            if field.widget.isEnabled() and not field.widget.isHidden():
                field.widget.setFocus()
                return

    def clear_errors(self) -> None:
        for field in self._fields.values():
            _mark(field, "")

    def _note(self) -> None:
        self.changed.emit()

    def _add(
        self,
        key: str,
        title: str,
        widget: QWidget,
        hint: str,
        read: Callable[[], object],
        write: Callable[[object], None],
    ) -> None:
        place = self._grid.rowCount()
        named = label(title)
        named.setBuddy(widget)
        named.setMinimumHeight(theme.current().field_height)
        if title:
            widget.setAccessibleName(title)
        if hint:
            widget.setAccessibleDescription(hint)
        error = label("", "error", wrap=True)
        error.hide()
        under = column(widget, spacing=2)
        told = label(hint, "small", wrap=True) if hint else None
        if told is not None:
            under.addWidget(told)
        under.addWidget(error)
        self._grid.addWidget(named, place, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addLayout(under, place, 1)
        self._grid.setRowMinimumHeight(place, theme.current().field_height)
        self._fields[key] = _Field(named, widget, told, error, read, write, place)


def days_ahead(now: datetime, days: int, hour: int) -> datetime:
    """That hour of a later day, on the clock of this computer."""
    later = now.astimezone().date() + timedelta(days=days)
    return datetime.combine(later, time(hour)).astimezone(UTC)


def _mark(field: _Field, text: str) -> None:
    field.error.setText(text)
    field.error.setVisible(bool(text))
    field.widget.setProperty("wrong", bool(text))
    field.widget.style().unpolish(field.widget)
    field.widget.style().polish(field.widget)


def _qdate(value: date) -> QDate:
    return QDate(value.year, value.month, value.day)


class FormDialog(QDialog):
    """A form that must interrupt. ``work`` runs off the GUI thread; a UserError stands above the buttons."""

    def __init__(self, parent: QWidget | None, title: str, action: str, *, danger: bool = False) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(theme.current().px(460))
        self.form = Form()
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.action = danger_button(action) if danger else primary_button(action)
        self.action.setDefault(not danger)
        self.cancel = quiet_button(tr("Cancel"), self.reject)
        self.buttons: QHBoxLayout = row(None, self.cancel, self.action)
        self.body = column(heading(title), 4, self.form, self.trouble, None, 8, self.buttons, margins=20)
        self.setLayout(self.body)

    def explain(self, text: str) -> None:
        """A sentence under the heading."""
        self.body.insertWidget(1, label(text, "quiet", wrap=True))

    def on_action(self, act: Callable[[], None]) -> None:
        self.action.clicked.connect(lambda _checked=False: act())

    def work(self, services: Services, work: Callable[[Context], T_], done: Callable[[T_], None] | None = None) -> None:
        """Run ``work`` on the database executor; close when it succeeds, say why when it does not."""
        self.form.clear_errors()
        self.trouble.hide()
        self.action.setEnabled(False)

        def succeeded(result: T_) -> None:
            self.accept()
            if done is not None:
                done(result)

        services.tasks.query(work, succeeded, owner=self, failed=self.tell)

    def open(self) -> None:
        """Show it and go on; it is deleted when it is closed."""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        super().open()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.form.focus_first()

    def tell(self, error: UserError) -> None:
        self.action.setEnabled(True)
        self.trouble.setText(sentences(error.message, error.hint))
        self.trouble.show()
        self.action.setFocus()
