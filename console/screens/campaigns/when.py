"""Section 3 of the campaign page: on which days, at which hours, how fast, how urgent, over which lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from enum import StrEnum

from PySide6.QtWidgets import QWidget

from console.core.campaigns.choices import LineChoice
from console.core.campaigns.draft import Draft
from console.core.campaigns.foresee import Foreseen
from console.core.campaigns.schedule import Schedule, Urgency
from console.core.campaigns.schedule_words import URGENCY_TITLES
from console.core.format import duration, when
from console.core.i18n import sentences, tr
from console.core.messages.classes import MessageClass
from console.screens.campaigns.sections import Section
from console.screens.campaigns.whenfields import WINDOW_DAYS, DayRange, HourRange, LineChooser, PaceField, Weekdays
from console.shell import theme
from console.shell.forms import Form, days_ahead
from console.shell.widgets import StateShape, label, row

_MORNING, _EVENING = 9, 18  # hours that are offered


class Mode(StrEnum):
    SOON = "soon"
    AT = "at"
    WINDOW = "window"


class ScheduleSection(Section):
    """Its answers as parts of a draft; what cannot be answered together is not offered together."""

    def __init__(self, today: date) -> None:
        super().__init__(3, tr("When and how"))
        self._class: MessageClass | None = None
        self.form = Form()
        self._add_times(today)
        self._add_pace()
        self.lines = LineChooser()
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
        self.days = DayRange(today)
        self.days.changed.connect(self.form.changed)
        self.form.add_widget("days", tr("Days"), self.days)
        self.hours = HourRange()
        self.hours.changed.connect(self.form.changed)
        self.form.add_widget("hours", tr("Hours"), self.hours)
        self.weekdays = Weekdays()
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
            offered=days_ahead(noon, WINDOW_DAYS, _EVENING),
            hint=tr("What has not left by then is never sent. Left open, the office's setting decides."),
        )

    def _add_pace(self) -> None:
        self.pace = PaceField()
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
