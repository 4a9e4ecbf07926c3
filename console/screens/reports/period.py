"""Choose a stretch of days: a usual one, or any."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import QComboBox, QDateEdit, QWidget

from console.core.i18n import tr
from console.core.reports import period
from console.core.reports.period import LONGEST, Period
from console.shell.widgets import label, row


class PeriodChooser(QWidget):
    """Never holds an impossible period: the other end follows the one that is moved."""

    changed = Signal()

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._usual: list[tuple[str, Callable[[datetime], Period]]] = [
            (tr("Today"), period.today),
            (tr("Yesterday"), period.yesterday),
            (tr("Last 7 days"), lambda at: period.last_days(at, 7)),
            (tr("This month"), period.this_month),
            (tr("Last month"), period.last_month),
        ]
        self.usual = QComboBox()
        self.usual.setAccessibleName(tr("Period"))
        self.usual.addItems([title for title, _ in self._usual])
        self.usual.addItem(tr("Other days"))
        self.first, self.last = _day_field(tr("First day")), _day_field(tr("Last day"))
        self.usual.setCurrentIndex(2)
        self._choose(2)
        self.usual.activated.connect(self._chosen)
        self.first.dateChanged.connect(lambda _day: self._moved(self.first))
        self.last.dateChanged.connect(lambda _day: self._moved(self.last))
        self.setLayout(row(self.usual, self.first, label("–", "quiet"), self.last, spacing=6))

    def value(self) -> Period:
        return Period(_date(self.first), _date(self.last))

    def set_period(self, wanted: Period) -> None:
        self._set(wanted)
        self._name()
        self.changed.emit()

    def _chosen(self, place: int) -> None:
        if place < len(self._usual):
            self._choose(place)
            self.changed.emit()
        else:
            self.first.setFocus()

    def _choose(self, place: int) -> None:
        self._set(self._usual[place][1](self._now()))

    def _set(self, wanted: Period) -> None:
        for field, day in ((self.first, wanted.first), (self.last, wanted.last)):
            field.blockSignals(True)
            field.setDate(QDate(day.year, day.month, day.day))
            field.blockSignals(False)

    def _moved(self, field: QDateEdit) -> None:
        first, last = _date(self.first), _date(self.last)
        if field is self.first:
            last = min(max(first, last), first + timedelta(days=LONGEST - 1))
        else:
            first = max(min(first, last), last - timedelta(days=LONGEST - 1))
        self.set_period(Period(first, last))

    def _name(self) -> None:
        """Show the usual name of what stands in the fields, if it has one."""
        now, found = self._now(), self.value()
        place = next((i for i, (_, make) in enumerate(self._usual) if make(now) == found), len(self._usual))
        self.usual.setCurrentIndex(place)


def _day_field(name: str) -> QDateEdit:
    field = QDateEdit()
    field.setDisplayFormat("yyyy-MM-dd")
    field.setCalendarPopup(True)
    field.setAccessibleName(name)
    field.setToolTip(name)
    field.setKeyboardTracking(False)  # tells when a day is whole, not at each digit
    return field


def _date(field: QDateEdit) -> date:
    day = field.date()
    return date(day.year(), day.month(), day.day())
