"""Variables as chips: clicked or dragged into the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QPushButton, QSizePolicy, QWidget

from console.core.i18n import tr
from console.core.messages.classes import MessageClass
from console.core.messages.variables import VARIABLES, Source, Variable
from console.shell.flow import FlowLayout
from console.shell.widgets import column, label


class VariableChip(QPushButton):
    picked = Signal(str)

    def __init__(self, variable: Variable, *, required: bool) -> None:
        super().__init__(f"{variable.title} *" if required else str(variable.title))
        self.key = variable.key
        self.setObjectName("chip")
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        tip = tr("${{{key}}}, for example {sample}", key=variable.key, sample=variable.sample)
        self.setToolTip(f"{tip}\n{tr('This kind of message must have it.')}" if required else tip)
        self.setAccessibleName(tr("Put in {variable}", variable=str(variable.title)))
        self._pressed_at = QPoint()
        self.clicked.connect(lambda _checked=False: self.picked.emit(self.key))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        moved = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if event.buttons() & Qt.MouseButton.LeftButton and moved >= QApplication.startDragDistance():
            self.setDown(False)
            drag = QDrag(self)
            mime = QMimeData()
            mime.setText(f"${{{self.key}}}")
            drag.setMimeData(mime)
            drag.setPixmap(self.grab())
            drag.exec(Qt.DropAction.CopyAction)
            return
        super().mouseMoveEvent(event)


class ChipPanel(QWidget):
    """Grouped by where the value comes from; what the class needs first."""

    picked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._body = column(spacing=6)
        self.setLayout(self._body)
        self._class: MessageClass | None = None
        self.chips: list[VariableChip] = []

    def show_class(self, class_: MessageClass) -> list[str]:
        """Rebuilt for a class; returns the keys on offer, in order."""
        if class_ is self._class:
            return [chip.key for chip in self.chips]
        self._class = class_
        while (item := self._body.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.chips = []
        for title, variables in _groups(class_):
            self._body.addWidget(self._group(title, variables, set(class_.required)))
        return [chip.key for chip in self.chips]

    def _group(self, title: str, variables: Iterable[Variable], required: set[str]) -> QWidget:
        flow = FlowLayout(6)
        for variable in variables:
            chip = VariableChip(variable, required=variable.key in required)
            chip.picked.connect(self.picked)
            self.chips.append(chip)
            flow.addWidget(chip)
        box = QWidget()
        layout = column(label(title, "small"), spacing=3)
        layout.addLayout(flow)
        box.setLayout(layout)
        return box


def _groups(class_: MessageClass) -> Sequence[tuple[str, list[Variable]]]:
    def of(*sources: Source) -> list[Variable]:
        found = [variable for variable in VARIABLES.values() if variable.source in sources]
        return sorted(found, key=lambda variable: variable.key not in class_.required)

    groups = [
        (tr("From the customer and the office"), of(Source.CUSTOMER, Source.OFFICE)),
        (tr("From the loan"), of(Source.LOAN) if class_.per_loan else []),
        (tr("Given with each campaign"), of(Source.CAMPAIGN)),
    ]
    if not class_.per_loan:
        groups[2][1].insert(0, VARIABLES["prod"])
    return [(title, variables) for title, variables in groups if variables]
