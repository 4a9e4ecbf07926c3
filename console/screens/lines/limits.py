"""The part of a line's dialog about limits: quotas, hours, message classes, priority."""

from __future__ import annotations

from datetime import time

from PySide6.QtCore import QTime, Signal
from PySide6.QtWidgets import QCheckBox, QMenu, QPushButton, QTimeEdit, QWidget

from console.core.i18n import ntr, tr
from console.core.lines.limits import FIRST, LAST, Limits
from console.core.messages.classes import CLASSES
from console.shell import theme
from console.shell.forms import Form
from console.shell.widgets import inset, label, quiet_button, row

_USUAL = (time(8), time(20))


class HoursField(QWidget):
    """``Only from 08:00 to 20:00``; unticked: at any hour."""

    def __init__(self, opens: time | None, closes: time | None) -> None:
        super().__init__()
        self.box = QCheckBox(tr("Only from"))
        self.box.setChecked(opens is not None and closes is not None)
        self.first = _time_edit(opens or _USUAL[0], tr("Earliest time"))
        self.last = _time_edit(closes or _USUAL[1], tr("Latest time"))
        for edit in (self.first, self.last):
            edit.setEnabled(self.box.isChecked())
            self.box.toggled.connect(edit.setEnabled)
        self.setLayout(row(self.box, self.first, label(tr("until"), "quiet"), self.last, None, spacing=6))
        self.setFocusProxy(self.box)

    def hours(self) -> tuple[time | None, time | None]:
        if not self.box.isChecked():
            return None, None
        return _time(self.first), _time(self.last)


def _time_edit(value: time, name: str) -> QTimeEdit:
    edit = QTimeEdit(QTime(value.hour, value.minute))
    edit.setDisplayFormat("HH:mm")
    inset(edit)
    edit.setMinimumWidth(theme.current().px(84))
    edit.setAccessibleName(name)
    return edit


def _time(edit: QTimeEdit) -> time:
    return time(edit.time().hour(), edit.time().minute())


class ClassesField(QWidget):
    """A button whose menu ticks message classes; none ticked: all may leave."""

    changed = Signal()

    def __init__(self, chosen: tuple[str, ...]) -> None:
        super().__init__()
        self.button: QPushButton = quiet_button("", None)
        self.button.setProperty("menu", True)
        self.menu = QMenu(self.button)
        for key, kind in CLASSES.items():
            action = self.menu.addAction(str(kind.title))
            action.setData(key)
            action.setCheckable(True)
            action.setChecked(key in chosen)
            action.toggled.connect(self._tell)
        self.button.setMenu(self.menu)
        self.setLayout(row(self.button, None))
        self.setFocusProxy(self.button)
        self._tell()

    def chosen(self) -> tuple[str, ...]:
        return tuple(str(action.data()) for action in self.menu.actions() if action.isChecked())

    def _tell(self) -> None:
        count = len(self.chosen())
        self.button.setText(ntr("{n} message class", "{n} message classes", count) if count else tr("All classes"))
        self.changed.emit()


class LimitsForm(Form):
    def __init__(self, limits: Limits) -> None:
        super().__init__()
        none = tr("No limit")
        self.add_heading(tr("Limits"))
        self.add_number("hourly", tr("Each hour"), limits.hourly_quota, minimum=1, maximum=100_000, none_text=none)
        self.add_number(
            "quota",
            tr("Daily quota"),
            limits.daily_quota,
            minimum=1,
            maximum=100_000,
            none_text=none,
            hint=tr("Messages a day as the carrier bills them; what is over goes out the next day."),
        )
        self.add_number(
            "monthly", tr("Each month"), limits.monthly_quota, minimum=1, maximum=10_000_000, none_text=none
        )
        self.hours = HoursField(limits.opens_at, limits.closes_at)
        self.add_widget("hours", tr("Hours"), self.hours, self.hours.hours)
        self.classes = ClassesField(limits.classes)
        self.add_widget("classes", tr("May send"), self.classes, self.classes.chosen)
        self.add_number(
            "priority",
            tr("Priority"),
            limits.priority,
            minimum=FIRST,
            maximum=LAST,
            hint=tr("0 goes first; a later line gets what those before it have no room for."),
        )
        self.add_flag("follow", tr("Follow the modem to another port"), limits.follow)
        self.add_text(
            "balance",
            tr("Code for the balance"),
            limits.balance_code,
            placeholder="*100#",
            max_length=31,
            hint=tr("Empty: the operator's usual one, where it is known."),
        )

    def limits(self) -> Limits:
        opens, closes = self.hours.hours()
        priority = self.value("priority")
        return Limits(
            hourly_quota=self._number("hourly"),
            daily_quota=self._number("quota"),
            monthly_quota=self._number("monthly"),
            opens_at=opens,
            closes_at=closes,
            classes=self.classes.chosen(),
            priority=priority if isinstance(priority, int) else FIRST,
            follow=bool(self.value("follow")),
            balance_code=self.text("balance"),
        )

    def _number(self, key: str) -> int | None:
        value = self.value(key)
        return value if isinstance(value, int) else None
