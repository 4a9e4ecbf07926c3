"""Whom a campaign leaves out of its audience: the customers of a segment, or those who get an earlier campaign."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from console.core.campaigns.audience import Audience, Ending
from console.core.campaigns.choices import Choices
from console.core.format import local_date
from console.core.i18n import tr
from console.shell import theme
from console.shell.widgets import column, row


def none_yet(choice: str) -> str:
    return tr("{choice} (none yet)", choice=choice)


class WithoutRows(QWidget):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.segment = _Choice(tr("Leave out the customers of a segment"))
        self.earlier = _Choice(tr("Leave out those who get an earlier campaign"))
        self._rest: tuple[Audience, ...] = ()  # more than can be shown here
        self.setLayout(column(self.segment, self.earlier, spacing=4))
        for choice in (self.segment, self.earlier):
            choice.changed.connect(self.changed)

    def begin(self, choices: Choices, without: Sequence[Audience]) -> None:
        self.segment.offer([(option.title, option.audience) for option in choices.segments], without)
        told = [
            (f"{each.name} · {local_date(each.at)}", Audience.of_outcome(each.batch_id, Ending.TOLD))
            for each in choices.earlier
        ]
        self.earlier.offer(told, without)
        shown = {self.segment.value(), self.earlier.value()}
        self._rest = tuple(each for each in without if each not in shown)

    def value(self) -> tuple[Audience, ...]:
        found = (self.segment.value(), self.earlier.value())
        return tuple(each for each in found if each is not None) + self._rest


class _Choice(QWidget):
    """A box, and one of several when it is ticked."""

    changed = Signal()

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self.box = QCheckBox(words)
        self.which = QComboBox()
        self.which.setAccessibleName(words)
        self.which.setMaximumWidth(theme.current().px(420))
        self.which.hide()
        self.setLayout(row(self.box, self.which, None, spacing=8))
        self.box.toggled.connect(self._toggled)
        self.which.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def offer(self, options: Sequence[tuple[str, Audience]], chosen: Sequence[Audience]) -> None:
        self.blockSignals(True)
        self.which.clear()
        for words, audience in options:
            self.which.addItem(words, audience)
        place = next((place for place, (_, audience) in enumerate(options) if audience in chosen), None)
        self.which.setCurrentIndex(place or 0)
        self.box.setChecked(place is not None)
        self.box.setEnabled(bool(options))
        self.box.setText(self._words if options else none_yet(self._words))
        self.blockSignals(False)

    def value(self) -> Audience | None:
        found = self.which.currentData()
        return found if self.box.isChecked() and isinstance(found, Audience) else None

    def _toggled(self, on: bool) -> None:
        self.which.setVisible(on)
        self.changed.emit()
