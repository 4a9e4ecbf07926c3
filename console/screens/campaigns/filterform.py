"""The fields by which customers are chosen for a campaign."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDateEdit, QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from console.core.customers.browse import LOAN_STATE_TITLES, CustomerFilter, Facets
from console.core.i18n import tr
from console.shell import theme
from console.shell.widgets import inset, label, row

NO_LIMIT = -1


class AudienceFilter(QWidget):
    """Reads and writes a ``CustomerFilter``; fields that are left open are no condition."""

    changed = Signal()

    def __init__(self, today: date) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(24, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        for stretched in (1, 3):
            self._grid.setColumnStretch(stretched, 1)
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Name, phone tail, customer or loan number"))
        self.text.textChanged.connect(lambda _text: self.changed.emit())
        self.region = self._box(tr("Region"))
        self.branch = self._box(tr("Branch"))
        self.rating = self._box(tr("Rating"))
        self.segment = self._box(tr("Segment"))
        self.product = self._box(tr("Product"))
        self.loan_state = self._box(tr("Loan"))
        for key, title in LOAN_STATE_TITLES.items():
            self.loan_state.addItem(str(title), str(key))
        self._due_on = QCheckBox(tr("Due between"))
        self._due_from, self._due_to = _day(tr("Due from"), today), _day(tr("Due to"), today)
        self._due_on.toggled.connect(self._due_switched)
        self.overdue_min, self.overdue_max = _days(tr("Overdue at least")), _days(tr("Overdue at most"))
        for edit in (self._due_from, self._due_to):
            edit.dateChanged.connect(lambda _date: self.changed.emit())
        for spin in (self.overdue_min, self.overdue_max):
            spin.valueChanged.connect(lambda _value: self.changed.emit())
        self._lay_out()
        self._due_switched(False)

    def _lay_out(self) -> None:
        self._put(0, 0, tr("Search"), self.text)
        self._put(0, 2, tr("Product"), self.product)
        self._put(1, 0, tr("Region"), self.region)
        self._put(1, 2, tr("Branch"), self.branch)
        self._put(2, 0, tr("Rating"), self.rating)
        self._put(2, 2, tr("Segment"), self.segment)
        self._put(3, 0, tr("Loan"), self.loan_state)
        overdue = QWidget()
        overdue.setLayout(row(self.overdue_min, label("–"), self.overdue_max, None))
        self._put(3, 2, tr("Days overdue"), overdue)
        due = QWidget()
        due.setLayout(row(self._due_from, label("–"), self._due_to, None))
        self._grid.addWidget(self._due_on, 4, 0)
        self._grid.addWidget(due, 4, 1, 1, 3)

    def _put(self, line: int, place: int, name: str, widget: QWidget) -> None:
        named = QLabel(name)
        named.setBuddy(widget)
        if not widget.accessibleName():
            widget.setAccessibleName(name)
        self._grid.addWidget(named, line, place)
        self._grid.addWidget(widget, line, place + 1)

    def _box(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        _offer(box, ())
        box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        return box

    def offer(self, facets: Facets) -> None:
        for box, values in (
            (self.region, facets.regions),
            (self.branch, facets.branches),
            (self.rating, facets.ratings),
            (self.segment, facets.segments),
            (self.product, facets.products),
        ):
            _offer(box, values)

    def value(self) -> CustomerFilter:
        due = self._due_on.isChecked()
        return CustomerFilter(
            text=self.text.text().strip(),
            region=_chosen(self.region),
            branch=_chosen(self.branch),
            rating=_chosen(self.rating),
            segment=_chosen(self.segment),
            product=_chosen(self.product),
            loan_state=_chosen(self.loan_state),
            due_from=_date(self._due_from) if due else None,
            due_to=_date(self._due_to) if due else None,
            overdue_min=_limit(self.overdue_min),
            overdue_max=_limit(self.overdue_max),
        )

    def set_filter(self, wanted: CustomerFilter) -> bool:
        """Whether the fields say all of it."""
        self.blockSignals(True)
        self.text.setText(wanted.text)
        for box, value in (
            (self.region, wanted.region),
            (self.branch, wanted.branch),
            (self.rating, wanted.rating),
            (self.segment, wanted.segment),
            (self.product, wanted.product),
            (self.loan_state, wanted.loan_state),
        ):
            if value and box.findData(value) < 0:
                box.addItem(value, value)
            box.setCurrentIndex(box.findData(value))
        first, last = wanted.due_from or wanted.due_to, wanted.due_to or wanted.due_from
        self._due_on.setChecked(first is not None)
        if first is not None and last is not None:
            self._due_from.setDate(_qdate(first))
            self._due_to.setDate(_qdate(last))
        self.overdue_min.setValue(NO_LIMIT if wanted.overdue_min is None else wanted.overdue_min)
        self.overdue_max.setValue(NO_LIMIT if wanted.overdue_max is None else wanted.overdue_max)
        self.blockSignals(False)
        return self.value() == wanted

    def _due_switched(self, on: bool) -> None:
        self._due_from.setEnabled(on)
        self._due_to.setEnabled(on)
        self.changed.emit()


def _offer(box: QComboBox, values: tuple[str, ...]) -> None:
    """Anything, or one of ``values``."""
    box.blockSignals(True)
    box.clear()
    box.addItem(tr("any"), "")
    for value in values:
        box.addItem(value, value)
    box.blockSignals(False)


def _chosen(box: QComboBox) -> str:
    return str(box.currentData() or "")


def _limit(spin: QSpinBox) -> int | None:
    return None if spin.value() == NO_LIMIT else spin.value()


def _day(name: str, today: date) -> QDateEdit:
    edit = QDateEdit(_qdate(today))
    edit.setCalendarPopup(True)
    edit.setDisplayFormat("yyyy-MM-dd")
    edit.setAccessibleName(name)
    edit.setMinimumWidth(theme.current().px(120))
    inset(edit)
    return edit


def _days(name: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(NO_LIMIT, 10_000)
    spin.setSpecialValueText(tr("any"))
    spin.setValue(NO_LIMIT)
    spin.setAccessibleName(name)
    spin.setMinimumWidth(theme.current().px(80))
    inset(spin)
    return spin


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)


def _date(edit: QDateEdit) -> date:
    chosen = edit.date()
    return date(chosen.year(), chosen.month(), chosen.day())
