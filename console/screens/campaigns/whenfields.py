"""Fields of section 3 of the campaign page: days, hours, days of the week, pace, lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from enum import StrEnum

from PySide6.QtCore import QDate, QTime, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDateEdit, QSpinBox, QTimeEdit, QWidget

from console.core.campaigns.choices import LineChoice
from console.core.campaigns.schedule import MOST, Pace, Unit
from console.core.campaigns.schedule_words import UNIT_TITLES, WEEKDAYS
from console.core.i18n import tr
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.widgets import column, inset, label, row

_USUAL_PACE = 300
WINDOW_DAYS = 3


class Days(StrEnum):
    EVERY = "every"
    WORKING = "working"
    CHOSEN = "chosen"


class Field(QWidget):
    changed = Signal()


class DayRange(Field):
    """From a day to a day, both included."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.first, self.last = QDateEdit(), QDateEdit()
        for edit, name in ((self.first, tr("First day")), (self.last, tr("Last day"))):
            edit.setCalendarPopup(True)
            edit.setDisplayFormat("yyyy-MM-dd")
            edit.setAccessibleName(name)
            edit.setMaximumWidth(theme.current().px(150))
            inset(edit)
        self.set_days(today, today + timedelta(days=WINDOW_DAYS - 1))
        self.first.dateChanged.connect(self._first_changed)
        self.last.dateChanged.connect(lambda _day: self.changed.emit())
        self.setLayout(row(self.first, label(tr("to")), self.last, None))
        self.setFocusProxy(self.first)

    def set_days(self, first: date, last: date) -> None:
        self.last.setMinimumDate(_qdate(first))
        self.first.setDate(_qdate(first))
        self.last.setDate(_qdate(last))

    def value(self) -> tuple[date, date]:
        return _day(self.first), _day(self.last)

    def _first_changed(self, day: QDate) -> None:
        self.last.setMinimumDate(day)  # which takes the last day with it
        self.changed.emit()


class HourRange(Field):
    def __init__(self) -> None:
        super().__init__()
        self.only = QCheckBox(tr("Only from"))
        self.first, self.last = QTimeEdit(QTime(9, 0)), QTimeEdit(QTime(18, 0))
        for edit, name in ((self.first, tr("From")), (self.last, tr("Until"))):
            edit.setDisplayFormat("HH:mm")
            edit.setAccessibleName(name)
            edit.setMaximumWidth(theme.current().px(90))
            edit.setEnabled(False)
            inset(edit)
            self.only.toggled.connect(edit.setEnabled)
        self.first.timeChanged.connect(self._first_changed)
        self.last.timeChanged.connect(lambda _time: self.changed.emit())
        self.only.toggled.connect(lambda _on: self.changed.emit())
        hint = label(tr("Hours in which messages of this kind are not allowed stay closed."), "small", wrap=True)
        self.setLayout(column(row(self.only, self.first, label(tr("to")), self.last, None), hint, spacing=2))
        self.setFocusProxy(self.only)

    def set_hours(self, opens: time | None, closes: time | None) -> None:
        self.only.setChecked(opens is not None)
        if opens is not None and closes is not None:
            self.last.setMinimumTime(QTime(0, 1))
            self.first.setTime(QTime(opens.hour, opens.minute))
            self.last.setTime(QTime(closes.hour, closes.minute))

    def value(self) -> tuple[time | None, time | None]:
        if not self.only.isChecked():
            return None, None
        return _time(self.first), _time(self.last)

    def _first_changed(self, first: QTime) -> None:
        self.last.setMinimumTime(min(first.addSecs(60), QTime(23, 59)))
        self.first.setMaximumTime(QTime(23, 58))
        self.changed.emit()


class Weekdays(Field):
    def __init__(self) -> None:
        super().__init__()
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("Days of the week"))
        for stored, words in (
            (Days.EVERY, tr("every day")),
            (Days.WORKING, tr("working days, as the calendar of the rules has them")),
            (Days.CHOSEN, tr("chosen days of the week")),
        ):
            self.choice.addItem(words, stored)
        self.choice.setMaximumWidth(theme.current().px(320))
        self.boxes = {day: QCheckBox(str(title)) for day, title in WEEKDAYS.items()}
        self._chosen = QWidget()
        flow = FlowLayout(12, 4)
        for day, box in self.boxes.items():
            box.setChecked(day <= 5)
            box.toggled.connect(lambda _on: self.changed.emit())
            flow.addWidget(box)
        self._chosen.setLayout(flow)
        self._chosen.hide()
        self.choice.currentIndexChanged.connect(self._switched)
        self.setLayout(column(row(self.choice, None), self._chosen, spacing=4))
        self.setFocusProxy(self.choice)

    def set_days(self, weekdays: frozenset[int], *, working: bool) -> None:
        days = Days.CHOSEN if weekdays else Days.WORKING if working else Days.EVERY
        self.choice.setCurrentIndex(self.choice.findData(days))
        for day, box in self.boxes.items():
            if weekdays:
                box.setChecked(day in weekdays)

    def value(self) -> tuple[frozenset[int], bool]:
        """Days of the week, and whether only working days."""
        days = Days(self.choice.currentData())
        chosen = frozenset(day for day, box in self.boxes.items() if box.isChecked())
        return (chosen if days is Days.CHOSEN else frozenset()), days is Days.WORKING

    def _switched(self) -> None:
        self._chosen.setVisible(self.choice.currentData() == Days.CHOSEN)
        self.changed.emit()


class PaceField(Field):
    def __init__(self) -> None:
        super().__init__()
        self.on = QCheckBox(tr("At most"))
        self.most = QSpinBox()
        self.most.setRange(1, MOST)
        self.most.setGroupSeparatorShown(True)
        self.most.setValue(_USUAL_PACE)
        self.most.setMaximumWidth(theme.current().px(120))
        self.most.setAccessibleName(tr("Messages"))
        inset(self.most)
        self.unit = QComboBox()
        self.unit.setAccessibleName(tr("In which time"))
        for unit in Unit:
            self.unit.addItem(tr("messages {unit}", unit=str(UNIT_TITLES[unit])), unit)
        self.unit.setCurrentIndex(self.unit.findData(Unit.HOUR))
        for widget in (self.most, self.unit):
            widget.setEnabled(False)
            self.on.toggled.connect(widget.setEnabled)
        self.on.toggled.connect(lambda _on: self.changed.emit())
        self.most.valueChanged.connect(lambda _number: self.changed.emit())
        self.unit.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.setLayout(row(self.on, self.most, self.unit, None))
        self.setFocusProxy(self.on)

    def set_pace(self, pace: Pace | None) -> None:
        self.on.setChecked(pace is not None)
        if pace is not None:
            self.most.setValue(pace.most)
            self.unit.setCurrentIndex(self.unit.findData(pace.unit))

    def value(self) -> Pace | None:
        if not self.on.isChecked():
            return None
        return Pace(most=self.most.value(), unit=Unit(self.unit.currentData()))


class LineChooser(Field):
    """Any line, or some of those that there are."""

    def __init__(self) -> None:
        super().__init__()
        self.any = QCheckBox(tr("Any line that may send it"))
        self.any.setChecked(True)
        self.boxes: dict[int, QCheckBox] = {}
        self._flow = FlowLayout(12, 4)
        self._some = QWidget()
        self._some.setLayout(self._flow)
        self._some.hide()
        self.any.toggled.connect(self._switched)
        self.setLayout(column(self.any, self._some, spacing=4))
        self.setFocusProxy(self.any)

    def offer(self, lines: Sequence[LineChoice], chosen: Sequence[int]) -> None:
        """``chosen`` are offered even when they are switched off."""
        known = {line.line_id for line in lines}
        words = tr("a line that is switched off")
        off = [LineChoice(line_id=each, name=words) for each in chosen if each not in known]
        for line in (*lines, *off):
            if line.line_id not in self.boxes:
                box = QCheckBox(line.name)
                box.toggled.connect(lambda _on: self.changed.emit())
                self.boxes[line.line_id] = box
                self._flow.addWidget(box)
            self.boxes[line.line_id].setChecked(line.line_id in chosen)
        self.any.setChecked(not chosen)

    def value(self) -> tuple[int, ...]:
        """Empty for any."""
        if self.any.isChecked():
            return ()
        return tuple(line for line, box in self.boxes.items() if box.isChecked())

    def _switched(self) -> None:
        some = not self.any.isChecked()
        if some and not self.value():
            for box in self.boxes.values():
                box.setChecked(True)
        self._some.setVisible(some)
        self.changed.emit()


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


def _day(edit: QDateEdit) -> date:
    got = edit.date()
    return date(got.year(), got.month(), got.day())


def _time(edit: QTimeEdit) -> time:
    got = edit.time()
    return time(got.hour(), got.minute())
