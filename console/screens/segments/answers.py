"""The part of a condition that is filled in: a text, amounts, days, or some of the values on offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from PySide6.QtCore import QDate, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QWidget,
)

from console.core.i18n import listed, tr
from console.core.segments.conditions import MOST_DAYS, TEXT_LENGTH
from console.core.segments.fields import Field
from console.core.segments.operators import NEEDS, PERIOD_TITLES, Kind, Needs, Operator, Period
from console.shell import theme
from console.shell.widgets import TextList, column, inset, label, quiet_button, row


class Answer(QWidget):
    """``value`` has the shape that ``Needs`` says, complete or not."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.line: QHBoxLayout = row(spacing=6)
        self.setLayout(self.line)

    def value(self) -> tuple[str, ...]:
        return ()


class Texts(Answer):
    """One or two fields to type in, with what they are measured in."""

    def __init__(self, name: str, value: Sequence[str], number: int, *, width: int, unit: str = "") -> None:
        super().__init__()
        self.fields: list[QLineEdit] = []
        for place in range(number):
            field = QLineEdit(value[place] if place < len(value) else "")
            field.setAccessibleName(name)
            field.setMaxLength(TEXT_LENGTH)
            field.setFixedWidth(theme.current().px(width))
            field.textChanged.connect(lambda _text: self.changed.emit())
            if place:
                self.line.addWidget(label("–"))
            self.line.addWidget(field)
            self.fields.append(field)
        if unit:
            self.line.addWidget(label(unit, "quiet"))
        if unit or number > 1:
            self.line.addStretch(1)

    def value(self) -> tuple[str, ...]:
        return tuple(field.text().strip() for field in self.fields)


class Counts(Answer):
    """One or two whole numbers of days."""

    def __init__(self, name: str, value: Sequence[str], number: int, *, unit: str) -> None:
        super().__init__()
        self.fields: list[QSpinBox] = []
        for place in range(number):
            spin = QSpinBox()
            spin.setRange(0, MOST_DAYS)
            spin.setValue(int(value[place]) if place < len(value) else 0)
            spin.setAccessibleName(name)
            spin.setFixedWidth(theme.current().px(64))
            inset(spin)
            spin.valueChanged.connect(lambda _number: self.changed.emit())
            if place:
                self.line.addWidget(label("–"))
            self.line.addWidget(spin)
            self.fields.append(spin)
        if unit:
            self.line.addWidget(label(unit, "quiet"))
        self.line.addStretch(1)

    def value(self) -> tuple[str, ...]:
        return tuple(str(spin.value()) for spin in self.fields)


class Days(Answer):
    def __init__(self, name: str, value: Sequence[str], number: int) -> None:
        super().__init__()
        self.fields: list[QDateEdit] = []
        for place in range(number):
            day = date.fromisoformat(value[place])
            edit = QDateEdit(QDate(day.year, day.month, day.day))
            edit.setCalendarPopup(True)
            edit.setDisplayFormat("yyyy-MM-dd")
            edit.setAccessibleName(name)
            edit.setMinimumWidth(theme.current().px(118))
            inset(edit)
            edit.dateChanged.connect(lambda _date: self.changed.emit())
            if place:
                self.line.addWidget(label("–"))
            self.line.addWidget(edit)
            self.fields.append(edit)
        self.line.addStretch(1)

    def value(self) -> tuple[str, ...]:
        days = [edit.date() for edit in self.fields]
        return tuple(date(day.year(), day.month(), day.day()).isoformat() for day in days)


class One(Answer):
    """One of a few."""

    def __init__(self, name: str, value: Sequence[str], choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.box = QComboBox()
        self.box.setAccessibleName(name)
        for key, title in choices:
            self.box.addItem(title, key)
        self.box.setCurrentIndex(max(0, self.box.findData(value[0]) if value else 0))
        self.box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.line.addWidget(self.box)
        self.line.addStretch(1)

    def value(self) -> tuple[str, ...]:
        return (str(self.box.currentData()),)


class _Popup(QFrame):
    """A searched list with check marks; Enter adds what was typed where the list is open."""

    toggled = Signal()

    def __init__(self, parent: QWidget, *, closed: bool) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self._closed = closed
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search") if closed else tr("Search, or type and press Enter"))
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._enter)
        self.list = TextList()
        self.list.setAccessibleName(tr("Values"))
        self.list.itemChanged.connect(lambda _item: self.toggled.emit())
        self.list.itemActivated.connect(_flip)
        self.setLayout(column(self.search, self.list, spacing=4, margins=6))
        self.resize(theme.current().px(280), theme.current().px(300))

    def fill(self, choices: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for key, title in choices:
            self._add(key, title, key in chosen)
        self.list.blockSignals(False)
        self._narrow(self.search.text())

    def _add(self, key: str, title: str, on: bool) -> None:
        item = QListWidgetItem(title)
        item.setData(Qt.ItemDataRole.UserRole, key)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.list.addItem(item)

    def chosen(self) -> list[str]:
        items = (self.list.item(place) for place in range(self.list.count()))
        return [str(i.data(Qt.ItemDataRole.UserRole)) for i in items if i.checkState() is Qt.CheckState.Checked]

    def _narrow(self, text: str) -> None:
        for place in range(self.list.count()):
            item = self.list.item(place)
            item.setHidden(text.strip().casefold() not in item.text().casefold())

    def _enter(self) -> None:
        text = self.search.text().strip()
        if not text:
            self.close()
            return
        found = self.list.findItems(text, Qt.MatchFlag.MatchFixedString)
        if found:
            found[0].setCheckState(Qt.CheckState.Checked)
        elif not self._closed:
            self._add(text, text, on=True)
            self.toggled.emit()
        self.search.clear()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)


def _flip(item: QListWidgetItem) -> None:
    on = item.checkState() is Qt.CheckState.Checked
    item.setCheckState(Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)


class Several(Answer):
    """Some of the values on offer; what the office has in its file comes in the background."""

    def __init__(self, name: str, value: Sequence[str], choices: Mapping[str, str] | None) -> None:
        super().__init__()
        self._name = name
        self._closed = choices is not None
        self._titles: dict[str, str] = dict(choices or {})
        self._value = list(value)
        self.button: QPushButton = quiet_button("", self._open)
        self.button.setProperty("look", "field")
        self.popup = _Popup(self, closed=self._closed)
        self.popup.toggled.connect(self._toggled)
        self.line.addWidget(self.button, 1)
        self._show()

    def value(self) -> tuple[str, ...]:
        return tuple(self._value)

    def offer(self, values: Sequence[str]) -> None:
        """What may be chosen beside what is."""
        if not self._closed:
            self._titles = {value: value for value in values}
            self.popup.fill(self._choices(), self._value)

    def _choices(self) -> list[tuple[str, str]]:
        return list(({value: value for value in self._value} | self._titles).items())

    def _open(self) -> None:
        self.popup.search.clear()
        self.popup.fill(self._choices(), self._value)
        self.popup.move(self.button.mapToGlobal(QPoint(0, self.button.height() + 2)))
        self.popup.show()
        self.popup.search.setFocus()

    def _toggled(self) -> None:
        self._value = self.popup.chosen()
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        words = listed(self._titles.get(each, each) for each in self._value)
        px = theme.current().px
        shown = self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, px(230))
        self.button.setText(shown or tr("Choose…"))
        self.button.setMinimumWidth(min(px(264), self.fontMetrics().horizontalAdvance(self.button.text()) + px(34)))
        self.button.setToolTip(words)
        self.button.setAccessibleName(f"{self._name}: {words or tr('Choose…')}")


def default_value(operator: Operator, today: date) -> tuple[str, ...]:
    """What a new condition begins with; empty where only a person can know."""
    day = today.isoformat()
    return {
        Needs.NUMBERS: ("", ""),
        Needs.NUMBER: ("",),
        Needs.TEXT: ("",),
        Needs.DAY: (day,),
        Needs.DAYS: (day, day),
        Needs.COUNT: ("30",) if operator is not Operator.NEXT_DAYS else ("7",),
        Needs.COUNTS: ("3", "5"),
        Needs.PERIOD: (Period.THIS_WEEK.value,),
        Needs.MONTH: (str(today.month),),
    }.get(NEEDS[operator], ())


def answer_for(field: Field, operator: Operator, value: Sequence[str], title: str) -> Answer:
    return _MADE[NEEDS[operator]](field, operator, value, title)


def _unit(field: Field, operator: Operator) -> str:
    if operator is Operator.IN_WORKDAYS:
        return ""  # the question says it
    if field.kind is Kind.MONEY:
        return tr("yuan")
    if field.kind is Kind.AGE:
        return tr("years")
    return tr("days") if field.kind in (Kind.DATE, Kind.MOMENT, Kind.DAYS, Kind.ANNIVERSARY) else ""


def _several(field: Field, operator: Operator, value: Sequence[str], title: str) -> Answer:
    choices = None if field.choices is None else {key: str(each) for key, each in field.choices.items()}
    return Several(title, value, choices)


def _numbers(number: int) -> Callable[[Field, Operator, Sequence[str], str], Answer]:
    return lambda field, operator, value, title: Texts(title, value, number, width=76, unit=_unit(field, operator))


_PERIODS = tuple(PERIOD_TITLES.items())
_MADE: Mapping[Needs, Callable[[Field, Operator, Sequence[str], str], Answer]] = {
    Needs.NOTHING: lambda field, operator, value, title: Answer(),
    Needs.TEXT: lambda field, operator, value, title: Texts(title, value, 1, width=200),
    Needs.SEVERAL: _several,
    Needs.NUMBER: _numbers(1),
    Needs.NUMBERS: _numbers(2),
    Needs.DAY: lambda field, operator, value, title: Days(title, value, 1),
    Needs.DAYS: lambda field, operator, value, title: Days(title, value, 2),
    Needs.COUNT: lambda field, operator, value, title: Counts(title, value, 1, unit=_unit(field, operator)),
    Needs.COUNTS: lambda field, operator, value, title: Counts(title, value, 2, unit=_unit(field, operator)),
    Needs.PERIOD: lambda field, operator, value, title: One(
        title, value, [(key.value, str(text)) for key, text in _PERIODS]
    ),
    Needs.MONTH: lambda field, operator, value, title: One(
        title, value, [(str(number), tr("month {n}", n=number)) for number in range(1, 13)]
    ),
}
