"""The preview beside the editor: whose message it is, the telephone, the length, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from console.core.compliance.sources import source_words
from console.core.i18n import listed, tr
from console.core.messages.findings import Finding
from console.core.messages.preview import SAMPLE, Candidate, Shown, longest
from console.core.messages.variables import VARIABLES
from console.screens.templates.phone import Phone, length_words, room_words
from console.shell.widgets import ElidedLabel, StateShape, clear, column, flat_button, icon_button, label, row, scroll


class CustomerPicker(QWidget):
    """One customer after the other, or the one whose text is longest; the sample where there is nobody."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._people: Sequence[Candidate] = ()
        self._place = 0
        self._own = True
        self.before = icon_button("chevron-left", tr("Previous customer"), lambda: self._step(-1))
        self.after = icon_button("chevron-right", tr("Next customer"), lambda: self._step(1))
        self.name = ElidedLabel()
        self.longest: QPushButton = flat_button(tr("Longest"))
        self.longest.setToolTip(tr("The customer whose message is longest"))
        self.place = label("", "quiet")
        walk = row(self.before, self.name, self.after, spacing=4)
        walk.setStretchFactor(self.name, 1)
        self.setLayout(column(walk, row(self.place, None, self.longest), spacing=2))
        self.set_people(())

    @property
    def candidate(self) -> Candidate:
        return self._people[self._place] if self._people else SAMPLE

    def set_people(self, people: Sequence[Candidate], *, own: bool = True) -> None:
        """``own``: the text in the editor is the one that they get."""
        self._people, self._place, self._own = people, 0, own
        self._show()

    def go_to_longest(self, body: str) -> None:
        self._place = longest(body, self._people)
        self._show()

    def _step(self, by: int) -> None:
        if self._people:
            self._place = (self._place + by) % len(self._people)
        self._show()

    def _show(self) -> None:
        person = self.candidate
        self.name.setText(" · ".join(filter(None, (person.name, person.product))) or tr("Made-up customer"))
        self.place.setText(
            tr("{place} of {number}", place=self._place + 1, number=len(self._people)) if self._people else ""
        )
        if self._people and not self._own:
            self.place.setText(tr("gets another text"))
        for button in (self.before, self.after, self.longest):
            button.setEnabled(len(self._people) > 1)
        self.changed.emit()


class FindingLine(QFrame):
    """What is wrong and how to mend it, with the way to its place."""

    chosen = Signal(object)  # Finding with a place

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding
        words = label(str(finding.why), wrap=True)
        mend = label(str(finding.mend), "quiet", wrap=True)
        texts = column(words, mend, spacing=1)
        shape = StateShape(finding.level.value)
        layout = row(shape, texts, spacing=8)
        layout.setAlignment(shape, Qt.AlignmentFlag.AlignTop)
        layout.setAlignment(texts, Qt.AlignmentFlag.AlignTop)
        layout.setStretchFactor(texts, 1)
        if finding.where:
            go = flat_button(tr("Show"), partial(self.chosen.emit, finding))
            go.setAccessibleName(tr("Show where: {why}", why=str(finding.why)))
            layout.addWidget(go)
        self.setLayout(layout)
        self.setAccessibleName(f"{finding.why} {finding.mend}")
        if finding.source:
            self.setToolTip(tr("Source: {place}", place=source_words(finding.source)))


class FindingList(QWidget):
    chosen = Signal(object)  # Finding with a place

    def __init__(self) -> None:
        super().__init__()
        self.shown: tuple[Finding, ...] | None = None
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(8)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.set_findings(())

    def set_findings(self, findings: tuple[Finding, ...]) -> None:
        if findings == self.shown:
            return
        self.shown = findings
        clear(self._lines)
        if not findings:
            fine = row(StateShape("good"), label(tr("Nothing to mend."), "quiet"), None, spacing=8)
            self._lines.addLayout(fine)
        for finding in findings:
            line = FindingLine(finding)
            line.chosen.connect(self.chosen)
            self._lines.addWidget(line)


class PreviewPanel(QWidget):
    """``show_message`` after every change of the text or the customer."""

    def __init__(self) -> None:
        super().__init__()
        self.picker = CustomerPicker()
        self.phone = Phone()
        self.length = label("", wrap=True)
        self.room = label("", "quiet")
        self.absent = label("", "quiet", wrap=True)
        self.findings = FindingList()
        layout = column(
            self.picker,
            self.phone,
            self.length,
            self.room,
            self.absent,
            4,
            scroll(self.findings),
            spacing=6,
        )
        layout.setStretchFactor(self.phone, 5)
        layout.setStretch(layout.count() - 1, 4)
        self.setLayout(layout)

    def show_message(self, shown: Shown, signature: str, price: Decimal | None) -> None:
        """``price``: of the whole message, yuan."""
        self.phone.sender_name.setText(tr("Message from {sender}", sender=signature))
        self.phone.bubble.set_text(shown.text, shown.marks)
        cost = "" if price is None else tr("{amount} yuan a customer", amount=f"{price.normalize():f}")
        self.length.setText(" · ".join(filter(None, (length_words(shown.measure), cost))))
        self.room.setText(room_words(shown.measure))
        titles = listed(VARIABLES[key].title for key in shown.absent)
        self.absent.setVisible(bool(titles))
        self.absent.setText(
            tr("This customer has no value for: {variables}. They would be left out.", variables=titles)
        )
        self.findings.set_findings(shown.findings)
