"""One thing changed for all selected customers: what, how many it changes, and only then the button."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QWidget

from console.core.customers.bulk import FIELD_TITLES, NO, YES, BadValue, BulkField, Edit, Outcome, edit_of
from console.core.format import count
from console.core.i18n import ntr, tr
from console.screens.customers import lists
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import label

COUNT_AFTER = 250  # milliseconds of quiet before the customers are counted


class BulkDialog(FormDialog):
    """``decided`` is called with what to write."""

    def __init__(self, parent: QWidget, services: Services, ids: array[int], decided: Callable[[Edit], None]) -> None:
        super().__init__(parent, tr("Change many customers"), tr("Change"))
        self._services, self._ids, self._decided = services, ids, decided
        self._edit: Edit | None = None
        self.explain(ntr("{n} customer is selected.", "{n} customers are selected.", len(ids)))
        fields = [(field.value, str(title)) for field, title in FIELD_TITLES.items()]
        self.form.add_choice("field", tr("What"), fields).currentIndexChanged.connect(self._field_chosen)
        self.value = QComboBox()
        self.value.setEditable(True)
        self.form.add_widget("value", tr("Becomes"), self.value, self._value)
        self.told = label("", "quiet", wrap=True)
        self.body.insertWidget(self.body.indexOf(self.form) + 1, self.told)
        self._timer = QTimer(self, interval=COUNT_AFTER, singleShot=True)
        self._timer.timeout.connect(self._count)
        self.value.currentTextChanged.connect(self._changed)
        self.on_action(self._decide)
        self._field_chosen()

    def _field(self) -> BulkField:
        return BulkField(str(self.form.value("field")))

    def _value(self) -> str:
        if self._field() is BulkField.ACTIVE:
            return str(self.value.currentData())
        return "" if self._emptied() else self.value.currentText()

    def _emptied(self) -> bool:
        """Asked for by name: a value that was only not typed yet empties nothing."""
        return self.value.currentText() == _nothing()

    def _field_chosen(self) -> None:
        field = self._field()
        self.value.clear()
        self.value.setEditable(field is not BulkField.ACTIVE)
        if field is BulkField.ACTIVE:
            self.value.addItem(tr("No: hidden from lists and campaigns"), NO)
            self.value.addItem(tr("Yes"), YES)
        else:
            self.value.setEditText("")
            self._services.tasks.query(lists.values_of(field), self._offer, owner=self, key="values")
        self._changed()

    def _offer(self, values: list[str]) -> None:
        typed = self.value.currentText()
        if self.value.isEditable():
            self.value.clear()
            self.value.addItems(values)
            if self._field() not in (BulkField.TAG_ADD, BulkField.TAG_REMOVE):
                self.value.addItem(_nothing())
            self.value.setEditText(typed)

    def _changed(self, _text: str = "") -> None:
        self._edit = None
        self.form.clear_errors()
        self.action.setEnabled(False)
        self.action.setText(tr("Change"))
        self.told.setText(tr("Counting …"))
        self._timer.start()

    def _count(self) -> None:
        if not self._value().strip() and not self._emptied():
            self.told.setText(tr("Type what it becomes, or choose it from the list."))
            return
        try:
            edit = edit_of(self._field(), self._value())
        except BadValue as error:
            self.told.setText("")
            self.form.set_error("value", str(error.message))
            return

        def counted(found: Outcome) -> None:
            self._edit = edit if found.changed else None
            self.action.setEnabled(bool(found.changed))
            if found.changed and edit.value:
                self.action.setText(ntr("Change {n} customer", "Change {n} customers", found.changed))
            elif found.changed:
                self.action.setText(ntr("Empty it for {n} customer", "Empty it for {n} customers", found.changed))
            same = found.wanted - found.changed
            self.told.setText(tr("{count} have this already and stay as they are.", count=count(same)) if same else "")

        self._services.tasks.query(lists.count(self._ids, edit), counted, owner=self, key="count", aside=True)

    def _decide(self) -> None:
        if self._edit is not None:
            self.accept()
            self._decided(self._edit)


def _nothing() -> str:
    return tr("(nothing: the field is emptied)")
