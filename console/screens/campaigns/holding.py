"""The share of an audience that is left out by lot, so that the effect of a message can be measured."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QSpinBox, QWidget

from console.core.campaigns.holdout import MOST
from console.core.i18n import tr
from console.core.messages.classes import MessageClass
from console.shell.widgets import column, inset, label, row

_USUAL = 10  # per cent


class HoldOutRow(QWidget):
    """Only there for classes that somebody may be left out of."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.box = QCheckBox(tr("Leave some out by lot, to measure the effect:"))
        self.percent = QSpinBox()
        self.percent.setRange(1, MOST)
        self.percent.setValue(_USUAL)
        self.percent.setSuffix(" %")
        self.percent.setAccessibleName(tr("Share that is left out by lot"))
        self.percent.setEnabled(False)
        inset(self.percent)
        hint = tr("They would get it, but do not. The campaign's page then compares both groups.")
        self.setLayout(column(row(self.box, self.percent, None), label(hint, "small", wrap=True), spacing=2))
        self.box.toggled.connect(self._toggled)
        self.percent.valueChanged.connect(lambda _value: self.changed.emit())
        self.hide()

    def set_class(self, class_: MessageClass | None) -> None:
        self.setVisible(class_ is not None and class_.hold_out)

    def set_value(self, percent: int) -> None:
        self.box.setChecked(percent > 0)
        if percent:
            self.percent.setValue(percent)

    def value(self) -> int:
        """Per cent; 0 when nobody is left out, or nobody may be."""
        return self.percent.value() if self.box.isChecked() and not self.isHidden() else 0

    def _toggled(self, on: bool) -> None:
        self.percent.setEnabled(on)
        self.changed.emit()
