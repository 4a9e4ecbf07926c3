"""How often a campaign repeats: asked for in a dialog that shows the next runs as they are typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QDate, QTime, QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QDateEdit, QGridLayout, QSpinBox, QTimeEdit, QWidget

from console.core.campaigns.recurrence import (
    MOST_BEFORE_END,
    MOST_LEAD,
    Due,
    Every,
    OffDay,
    Recurrence,
    weekday_names,
)
from console.core.context import Context
from console.core.errors import UserError
from console.core.format import local_date, local_datetime
from console.core.i18n import listed, sentences, tr
from console.screens.campaigns import operations
from console.shell import theme
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import column, inset, label, open_at, row

SHOWN = 4  # next runs
NINE = time(9, 0)
_A_ROW = 4  # days of the week
_FRIDAY = 4
_OFFERED = timedelta(days=90)  # for a series that is to end


class RepeatDialog(FormDialog):
    """``store`` is given the answer and runs off the GUI thread; ``done`` with what it gives back."""

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        title: str,
        action: str,
        store: Callable[[Recurrence], Callable[[Context], int]],
        done: Callable[[int], None],
        *,
        before: Recurrence | None = None,
    ) -> None:
        super().__init__(parent, title, action)
        self._services, self._store, self._done = services, store, done
        self.setMinimumWidth(theme.current().px(540))  # four days of the week in a row
        self.explain(
            tr(
                "Every run is a campaign of its own, for those who fulfil the conditions on its day. "
                "It is put before the supervisors in your name; nothing is sent without their approval."
            )
        )
        self._ask(before or self._usual())
        self.next = label("", "quiet", wrap=True)
        self.next.setMinimumHeight(self.next.fontMetrics().lineSpacing() * 2)
        self.body.insertWidget(self.body.indexOf(self.trouble), self.next)
        self.form.changed.connect(self._changed)
        self.on_action(self.save)
        self._changed()

    def _usual(self) -> Recurrence:
        today = self._services.ctx.clock.now().astimezone().date()
        weekday = min(today.weekday(), _FRIDAY)  # on a day off nothing would run
        return Recurrence(every=Every.WORKDAY, first=today, at=NINE, weekdays=(weekday,), day=today.day)

    def _ask(self, known: Recurrence) -> None:
        form = self.form
        self.every = QComboBox()
        for each, words in _every():
            self.every.addItem(words, each)
        self.every.setCurrentIndex(max(0, self.every.findData(known.every)))
        self.every.currentIndexChanged.connect(lambda _index: form.changed.emit())
        self.weekdays = [QCheckBox(name) for name in weekday_names()]
        self._days = QWidget()
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        for place, box in enumerate(self.weekdays):
            box.setChecked(place in known.weekdays)
            box.toggled.connect(lambda _on: form.changed.emit())
            grid.addWidget(box, place // _A_ROW, place % _A_ROW)
        self._days.setLayout(grid)
        self.day = self._spin(known.day, 1, 31)
        self._of_month = _line(tr("on day"), self.day, tr("or the last day of a shorter month"))
        self.before_end = self._spin(known.before_end, 0, MOST_BEFORE_END)
        self._to_end = _line("", self.before_end, tr("working days before it; 0: on that day itself"))
        how = QWidget()
        how.setLayout(column(self.every, self._days, self._of_month, self._to_end, spacing=4))
        how.setFocusProxy(self.every)
        form.add_widget("every", tr("How often"), how)
        self.every.setAccessibleName(tr("How often"))
        self.day.setAccessibleName(tr("Day of the month"))
        self.before_end.setAccessibleName(tr("Working days before the last one"))
        self.off_day = form.add_choice("off_day", tr("On a day off"), _off_days(), known.off_day)
        self.at = QTimeEdit(QTime(known.at.hour, known.at.minute))
        self.at.setDisplayFormat("HH:mm")
        self.at.setMaximumWidth(theme.current().px(200))
        inset(self.at)
        self.at.timeChanged.connect(lambda _at: form.changed.emit())
        form.add_widget("at", tr("Starts at"), self.at)
        form.add_date("first", tr("From"), known.first)
        self.ends = QCheckBox(tr("Last day"))
        self.until = QDateEdit(_qdate(known.until or known.first + _OFFERED))
        self.until.setCalendarPopup(True)
        self.until.setDisplayFormat("yyyy-MM-dd")
        self.until.setAccessibleName(tr("Last day"))
        inset(self.until)
        self.ends.setChecked(known.until is not None)
        self.until.setEnabled(known.until is not None)
        self.ends.toggled.connect(self.until.setEnabled)
        self.ends.toggled.connect(lambda _on: form.changed.emit())
        self.until.dateChanged.connect(lambda _day: form.changed.emit())
        until = QWidget()
        until.setLayout(row(self.ends, self.until, None))
        form.add_widget("until", tr("Until"), until)
        hint = tr("So many working days before a run the supervisors get it.")
        form.add_number("lead", tr("Time to approve"), known.lead, maximum=MOST_LEAD, hint=hint)

    def _spin(self, value: int, least: int, most: int) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(least, most)
        spin.setValue(value)
        inset(spin)
        spin.valueChanged.connect(lambda _value: self.form.changed.emit())
        return spin

    def recurrence(self) -> Recurrence:
        every, off_day = Every(self.every.currentData()), OffDay(str(self.form.value("off_day")))
        first = self.form.value("first")
        at = self.at.time()
        return Recurrence(
            every=every,
            first=first if isinstance(first, date) else self._usual().first,
            until=_date(self.until.date()) if self.ends.isChecked() else None,
            at=time(at.hour(), at.minute()),
            weekdays=tuple(place for place, box in enumerate(self.weekdays) if box.isChecked()),
            day=self.day.value(),
            before_end=self.before_end.value(),
            off_day=off_day,
            lead=_number(self.form.value("lead")),
        )

    def save(self) -> None:
        self.work(self._services, self._store(self.recurrence()), self._done)

    def _changed(self) -> None:
        wanted = self.recurrence()
        self._days.setVisible(wanted.every is Every.WEEK)
        self._of_month.setVisible(wanted.every is Every.MONTH_DAY)
        self._to_end.setVisible(wanted.every is Every.MONTH_END)
        self.form.set_field_visible("off_day", wanted.every not in (Every.WORKDAY, Every.MONTH_END))
        QTimer.singleShot(0, self, self._fit)
        work = operations.next_runs(wanted, SHOWN)
        self._services.tasks.query(work, self._show_next, owner=self, failed=self._wrong, key="next")

    def _fit(self) -> None:
        """Words that wrap have no height of their own that a dialog would keep to."""
        needed = self.body.totalHeightForWidth(self.width())
        if needed > self.height():
            open_at(self, self.width(), needed)

    def _show_next(self, found: Sequence[Due]) -> None:
        self.action.setEnabled(bool(found))
        if not found:
            mend = tr("Choose other days, or what happens on a day off.")
            self.next.setText(sentences(tr("No run would ever fall into this time."), mend))
            return
        first = found[0]
        days = listed(local_date(due.day) for due in found)
        ready = _moment(first.prepare_at, self._services.ctx.clock.now())
        self.next.setText(tr("Next runs: {days} … The supervisors get the first one {when}.", days=days, when=ready))

    def _wrong(self, error: UserError) -> None:
        self.action.setEnabled(False)
        self.next.setText(sentences(error.message, error.hint))


def _moment(at: datetime, now: datetime) -> str:
    return tr("at once") if at <= now else tr("on {time}", time=local_datetime(at))


def _every() -> list[tuple[object, str]]:
    return [
        (Every.DAY, tr("Every day")),
        (Every.WORKDAY, tr("Every working day")),
        (Every.WEEK, tr("Every week")),
        (Every.MONTH_DAY, tr("Every month on a certain day")),
        (Every.MONTH_LAST, tr("Every month on its last day")),
        (Every.MONTH_END, tr("Every month before its last working day")),
    ]


def _off_days() -> list[tuple[object, str]]:
    return [
        (OffDay.SKIP, tr("No run")),
        (OffDay.BEFORE, tr("On the working day before")),
        (OffDay.AFTER, tr("On the working day after")),
        (OffDay.RUN, tr("Just the same")),
    ]


def _line(before: str, field: QWidget, after: str) -> QWidget:
    holder = QWidget()
    holder.setLayout(row(*([label(before)] if before else []), field, label(after, "quiet"), None))
    return holder


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


def _date(day: QDate) -> date:
    return date(day.year(), day.month(), day.day())
