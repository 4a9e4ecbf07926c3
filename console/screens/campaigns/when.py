"""Section 3 of the campaign page: on which days, at which hours, how fast, how urgent, over which lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from PySide6.QtCore import QDate, QTime, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDateEdit, QSpinBox, QTimeEdit, QWidget

from console.core.campaigns.choices import LineChoice
from console.core.campaigns.draft import Draft
from console.core.campaigns.foresee import Foreseen
from console.core.campaigns.schedule import MOST, Pace, Schedule, Unit, Urgency
from console.core.campaigns.schedule_words import UNIT_TITLES, URGENCY_TITLES, WEEKDAYS
from console.core.format import duration, when
from console.core.i18n import sentences, tr
from console.core.messages.classes import MessageClass
from console.screens.campaigns.sections import Section
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.forms import Form, days_ahead
from console.shell.widgets import StateShape, column, inset, label, row

_USUAL_PACE = 300
_WINDOW_DAYS = 3
_MORNING, _EVENING = 9, 18  # hours that are offered


class Mode(StrEnum):
    SOON = "soon"
    AT = "at"
    WINDOW = "window"


class Days(StrEnum):
    EVERY = "every"
    WORKING = "working"
    CHOSEN = "chosen"


class ScheduleSection(Section):
    """Its answers as parts of a draft; what cannot be answered together is not offered together."""

    def __init__(self, today: date) -> None:
        super().__init__(3, tr("When and how"))
        self._class: MessageClass | None = None
        self.form = Form()
        self._add_times(today)
        self._add_pace()
        self.lines = _LineChooser()
        self.lines.changed.connect(self.form.changed)
        self.form.add_widget("lines", tr("Lines"), self.lines)
        self._forecast = _ForecastLine()
        self.add(self.form, self._forecast)
        self.form.changed.connect(self._changed)
        self._show_fields()

    def _add_times(self, today: date) -> None:
        modes = (
            (Mode.SOON, tr("As soon as it is approved")),
            (Mode.AT, tr("At a time")),
            (Mode.WINDOW, tr("Within a window of days")),
        )
        self.mode = self.form.add_choice("mode", tr("Starts"), modes, Mode.SOON)
        self.mode.setMaximumWidth(theme.current().px(320))
        noon = datetime.combine(today, time(12)).astimezone()
        self.form.add_date_time("not_before", tr("Not before"), offered=days_ahead(noon, 1, _MORNING))
        self.days = _DayRange(today)
        self.days.changed.connect(self.form.changed)
        self.form.add_widget("days", tr("Days"), self.days)
        self.hours = _HourRange()
        self.hours.changed.connect(self.form.changed)
        self.form.add_widget("hours", tr("Hours"), self.hours)
        self.weekdays = _Weekdays()
        self.weekdays.changed.connect(self.form.changed)
        self.form.add_widget("weekdays", tr("Days of the week"), self.weekdays)
        self.spread = self.form.add_flag(
            "spread", tr("Speed"), text=tr("Spread evenly over this time, instead of as fast as the lines go")
        )
        self.form.add_date_time(
            "expires_at",
            tr("Ends"),
            None,
            optional=tr("At the latest"),
            offered=days_ahead(noon, _WINDOW_DAYS, _EVENING),
            hint=tr("What has not left by then is never sent. Left open, the office's setting decides."),
        )

    def _add_pace(self) -> None:
        self.pace = _PaceField()
        self.pace.changed.connect(self.form.changed)
        self.form.add_widget("pace", tr("Pace"), self.pace)
        self.urgency = self.form.add_choice("urgency", tr("Priority"), self._urgencies(), Urgency.NORMAL)
        self.urgency.setMaximumWidth(theme.current().px(320))

    def _urgencies(self) -> list[tuple[object, str]]:
        """No campaign is more urgent than its class allows."""
        may = self._class is None or self._class.urgent is not None
        return [(each, str(URGENCY_TITLES[each])) for each in Urgency if may or each is not Urgency.URGENT]

    # Answers

    def begin(self, lines: Sequence[LineChoice], draft: Draft) -> None:
        schedule = draft.schedule
        self.form.blockSignals(True)
        mode = Mode.SOON if draft.not_before is None else Mode.AT
        self.form.set_values(
            {
                "mode": Mode.WINDOW if schedule.first_day is not None else mode,
                "spread": schedule.spread,
                "expires_at": draft.expires_at,
                "urgency": schedule.urgency,
            }
        )
        if draft.not_before is not None:
            self.form.set_values({"not_before": draft.not_before})
        if schedule.first_day is not None and schedule.last_day is not None:
            self.days.set_days(schedule.first_day, schedule.last_day)
        self.hours.set_hours(schedule.opens, schedule.closes)
        self.weekdays.set_days(schedule.weekdays, working=schedule.workdays)
        self.pace.set_pace(schedule.pace)
        self.lines.offer(lines, (draft.line_id,) if draft.line_id else schedule.lines)
        self.form.blockSignals(False)
        self._show_fields()

    def answer(self, draft: Draft) -> Draft:
        """``draft`` with what stands here."""
        chosen = self.lines.value()
        mode = self.form.value("mode")
        schedule = Schedule(pace=self.pace.value(), urgency=self._urgency())
        if mode == Mode.WINDOW:
            schedule = self._window(schedule)
        if len(chosen) > 1:
            schedule = replace(schedule, lines=chosen)
        return replace(
            draft,
            not_before=_moment(self.form.value("not_before")) if mode == Mode.AT else None,
            expires_at=_moment(self.form.value("expires_at")),
            line_id=chosen[0] if len(chosen) == 1 else None,
            schedule=schedule,
        )

    def missing(self) -> list[str]:
        return [tr("a line")] if not self.lines.any.isChecked() and not self.lines.value() else []

    def _urgency(self) -> Urgency:
        return Urgency(self.form.text("urgency"))

    def _window(self, schedule: Schedule) -> Schedule:
        first, last = self.days.value()
        opens, closes = self.hours.value()
        weekdays, working = self.weekdays.value()
        return replace(
            schedule, first_day=first, last_day=last, opens=opens, closes=closes, weekdays=weekdays, workdays=working,
            spread=self.spread.isChecked(),
        )  # fmt: skip

    @property
    def not_before(self) -> datetime | None:
        """When the first message may leave, as far as it is a moment or a day."""
        answered = self.answer(Draft())
        if answered.schedule.first_day is not None:
            return datetime.combine(answered.schedule.first_day, answered.schedule.opens or time()).astimezone()
        return answered.not_before

    def set_class(self, class_: MessageClass | None) -> None:
        """Which class the chosen template has."""
        if class_ == self._class:
            return
        self._class = class_
        before = self._urgency()
        self.urgency.blockSignals(True)
        self.urgency.clear()
        for stored, text in self._urgencies():
            self.urgency.addItem(text, stored)
        self.form.set_values({"urgency": before if self.urgency.findData(before) >= 0 else Urgency.NORMAL})
        self.urgency.blockSignals(False)

    def show_forecast(self, found: Foreseen | None, now: datetime) -> None:
        """None: nobody can tell yet."""
        self._forecast.show_forecast(found, now)

    def _changed(self) -> None:
        self._show_fields()
        self.changed.emit()

    def _show_fields(self) -> None:
        mode = self.form.value("mode")
        self.form.set_field_visible("not_before", mode == Mode.AT)
        for key in ("days", "hours", "weekdays", "spread"):
            self.form.set_field_visible(key, mode == Mode.WINDOW)


class _Field(QWidget):
    changed = Signal()


class _DayRange(_Field):
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
        self.set_days(today, today + timedelta(days=_WINDOW_DAYS - 1))
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


class _HourRange(_Field):
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


class _Weekdays(_Field):
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


class _PaceField(_Field):
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


class _LineChooser(_Field):
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


class _ForecastLine(QWidget):
    """How long it takes and when it is done; or why it can not be."""

    def __init__(self) -> None:
        super().__init__()
        self._shape = StateShape("info")
        self.words = label("", "quiet", wrap=True)
        line = row(self._shape, self.words)
        line.setStretch(1, 1)
        self.setLayout(line)
        self.hide()

    def show_forecast(self, found: Foreseen | None, now: datetime) -> None:
        self.setVisible(found is not None)
        if found is None:
            return
        self._shape.set_state("warn" if found.findings else "info")
        warnings = [sentences(each.why, each.mend) for each in found.findings]
        self.words.setText(sentences(*warnings) if warnings else _told(found, now))


def _told(found: Foreseen, now: datetime) -> str:
    foreseen = found.forecast
    if foreseen.starts_at is None or foreseen.finish_at is None or foreseen.takes is None:
        return ""
    done = when(foreseen.finish_at, now)
    if foreseen.starts_at > now:
        begins = when(foreseen.starts_at, now)
        return tr("Approved now, it would begin {begins} and be done {done}.", begins=begins, done=done)
    takes = duration(foreseen.takes)
    return tr("Approved now, it would take about {takes} and be done {done}.", takes=takes, done=done)


def _moment(value: object) -> datetime | None:
    return value.replace(second=0, microsecond=0) if isinstance(value, datetime) else None


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


def _day(edit: QDateEdit) -> date:
    got = edit.date()
    return date(got.year(), got.month(), got.day())


def _time(edit: QTimeEdit) -> time:
    got = edit.time()
    return time(got.hour(), got.minute())
