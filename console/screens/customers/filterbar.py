"""Everything that narrows the list and has no room in the page bar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from console.core.customers.browse import CustomerFilter, Facets
from console.core.customers.dates import day
from console.core.i18n import tr
from console.shell import theme
from console.shell.widgets import FilterBox, column, label, link_button, row


class FilterBar(QFrame):
    """Where, which product, which rating, due when, how late. ``chosen`` when one of them has changed."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("pagebar")
        self.region = FilterBox(tr("Region"))
        self.branch = FilterBox(tr("Branch"))
        self.product = FilterBox(tr("Product"))
        self.rating = FilterBox(tr("Rating"))
        self.segment = FilterBox(tr("Segment"))
        self._boxes = (self.region, self.branch, self.product, self.rating, self.segment)
        for box in self._boxes:
            box.chosen.connect(lambda _value: self.chosen.emit())
        self.due_from = self._field(tr("Due from"), "2026-11-01", 104)
        self.due_to = self._field(tr("Due until"), "2026-11-30", 104)
        self.overdue_min = self._field(tr("Days overdue from"), "1", 52)
        self.overdue_max = self._field(tr("Days overdue until"), "30", 52)
        boxes = row(*self._boxes, None)
        fields = row(
            label(tr("Due"), "quiet"), self.due_from, label("–", "quiet"), self.due_to,
            16, label(tr("Days overdue"), "quiet"), self.overdue_min, label("–", "quiet"), self.overdue_max,
            None, link_button(tr("Clear"), self._clear),
        )  # fmt: skip
        self.setLayout(column(boxes, fields, spacing=6, margins=(20, 6, 16, 8)))

    def offer(self, choices: Facets) -> None:
        offered = (choices.regions, choices.branches, choices.products, choices.ratings, choices.segments)
        for box, values in zip(self._boxes, offered, strict=True):
            box.set_choices([(value, value) for value in values])

    def narrow(self, wanted: CustomerFilter) -> CustomerFilter:
        """``wanted`` with what is chosen here; a field that cannot be read is marked and left out."""
        return replace(
            wanted,
            region=str(self.region.value()),
            branch=str(self.branch.value()),
            product=str(self.product.value()),
            rating=str(self.rating.value()),
            segment=str(self.segment.value()),
            due_from=_date(self.due_from),
            due_to=_date(self.due_to),
            overdue_min=_days(self.overdue_min),
            overdue_max=_days(self.overdue_max),
        )

    def reset(self) -> None:
        """Nothing chosen; says nothing."""
        for box in self._boxes:
            box.set_value("")
        for field in (self.due_from, self.due_to, self.overdue_min, self.overdue_max):
            field.clear()
            _mark(field, wrong=False)

    def _clear(self) -> None:
        self.reset()
        self.chosen.emit()

    def _field(self, name: str, placeholder: str, width: int) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(placeholder)
        field.setAccessibleName(name)
        field.setToolTip(name)
        field.setFixedWidth(theme.current().px(width))
        field.editingFinished.connect(self._edited)
        return field

    def _edited(self) -> None:
        field = self.sender()
        if isinstance(field, QLineEdit) and field.isModified():
            field.setModified(False)
            self.chosen.emit()


def _date(field: QLineEdit) -> date | None:
    found = day(field.text())
    _mark(field, wrong=not isinstance(found, date | None))
    return found if isinstance(found, date) else None


def _days(field: QLineEdit) -> int | None:
    text = field.text().strip()
    good = not text or (text.isascii() and text.isdecimal() and int(text) < 10_000)
    _mark(field, wrong=not good)
    return int(text) if text and good else None


def _mark(field: QWidget, *, wrong: bool) -> None:
    field.setProperty("wrong", wrong)
    field.style().unpolish(field)
    field.style().polish(field)
