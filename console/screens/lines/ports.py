"""Choosing a port: the modems that were found, who they are, and what speaks against one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from console.core.errors import UserError
from console.core.i18n import ntr, sentences, tr
from console.core.lines.search import Offer
from console.screens.lines import operations
from console.shell import theme
from console.shell.services import Services
from console.shell.tasks import Task
from console.shell.widgets import label, quiet_button, row


class PortField(QWidget):
    """What stands under the ``box``: how the search goes, and a word about the modem chosen."""

    def __init__(self, services: Services, address: str) -> None:
        super().__init__()
        self._services = services
        self._offers: list[Offer] = []
        self._task: Task | None = None
        self.box = QComboBox()
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(24)
        self.box.setCurrentText(address)
        self.box.currentIndexChanged.connect(self._tell)
        self.said = label("", "quiet", wrap=True)
        self.again = quiet_button(tr("Look for modems"), self.search, "search")
        line = row(self.said, self.again)
        line.setStretch(0, 1)
        line.setAlignment(self.again, Qt.AlignmentFlag.AlignTop)
        self.setLayout(line)

    def address(self) -> str:
        """The device behind a chosen entry, or what was typed."""
        place = self.box.findText(self.box.currentText())
        return str(self.box.itemData(place)) if place >= 0 else self.box.currentText().strip()

    def search(self) -> None:
        self.again.setEnabled(False)
        self.said.setText(tr("Looking for modems…"))
        self._task = operations.find_modems(self._services, self, self._found, self._failed)
        self._task.changed.connect(self._searching)

    def _searching(self) -> None:
        task = self._task
        if task is not None and task.text:
            self.said.setText(
                tr("Asking {address}, {done} of {total}", address=task.text, done=task.done + 1, total=task.total)
            )

    def _found(self, offers: list[Offer]) -> None:
        self._task = None
        self.again.setEnabled(True)
        typed = self.box.currentText()
        self._offers = offers
        self.box.blockSignals(True)
        self.box.clear()
        for offer in offers:
            self.box.addItem(words_of(offer), offer.address)
        free = next((place for place, offer in enumerate(offers) if offer.answered and not offer.attached), -1)
        self.box.setCurrentIndex(-1 if typed else free)
        if typed or free < 0:
            self.box.setCurrentText(typed)
        self.box.blockSignals(False)
        line = self.box.lineEdit()
        if line is not None:
            line.setCursorPosition(0)
            line.setPlaceholderText(tr("No port found; plug the modem in") if not offers else "")
        self._widen()
        self._tell()

    def _widen(self) -> None:
        """Long entries are read in full in the list."""
        view = self.box.view()
        widest = max((view.fontMetrics().horizontalAdvance(words_of(offer)) for offer in self._offers), default=0)
        view.setMinimumWidth(min(widest + theme.current().px(40), theme.current().px(720)))

    def _tell(self) -> None:
        place = self.box.currentIndex()
        chosen = self._offers[place] if 0 <= place < len(self._offers) else None
        found = sum(offer.answered for offer in self._offers)
        count = ntr("{n} modem found.", "{n} modems found.", found) if found else tr("No modem found.")
        self.said.setText(sentences(count, chosen.note) if chosen is not None else count)

    def _failed(self, error: UserError) -> None:
        self._task = None
        self.again.setEnabled(True)
        self.said.setText(sentences(error.message, error.hint))


def words_of(offer: Offer) -> str:
    """``COM5 – Quectel EC20F, IMEI …7518, China Mobile (attached as Counter 1)``"""
    tail = tr("IMEI ends in {tail}", tail=offer.imei_tail) if offer.imei_tail else ""
    known = "  ·  ".join(filter(None, (offer.device, tail, offer.operator)))
    note = f"({offer.note})" if offer.note.source and not offer.note.source.endswith(".") else ""
    return " – ".join(filter(None, (offer.address, " ".join(filter(None, (known, note))))))
