"""The texts of one template above its editor: the main one, and a tab for each variant with whom it is for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QTabBar, QWidget

from console.core.i18n import tr
from console.core.messages.variants import MOST, NAME_LENGTH, Choice, Variant
from console.shell.forms import FormDialog
from console.shell.icons import icon
from console.shell.widgets import column, flat_button, icon_button, label, row


class VariantBar(QWidget):
    """Nothing but a small button where a template has no variants."""

    chosen = Signal(int)  # 0 the main text, else the number of a variant
    add_wanted = Signal()
    edit_wanted = Signal()
    remove_wanted = Signal()
    move_wanted = Signal(int)  # -1 before the variant to its left, 1 behind the one to its right

    def __init__(self) -> None:
        super().__init__()
        self._variants: tuple[Variant, ...] = ()
        self._editable = True
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.tabs.setAccessibleName(tr("Texts of the template"))
        self.tabs.currentChanged.connect(self._changed)
        self.add = flat_button(tr("Text for some only…"), self.add_wanted.emit, "plus")
        self.add.setAccessibleName(tr("Text for some only…"))
        self.add.setToolTip(tr("Another wording for a segment, a tone, or the script somebody reads"))
        self.words = label("", "quiet", wrap=True)
        self.edit = icon_button("pencil", tr("Name and condition"), self.edit_wanted.emit)
        self.left = icon_button("chevron-left", tr("Look at it earlier"), lambda: self.move_wanted.emit(-1))
        self.right = icon_button("chevron-right", tr("Look at it later"), lambda: self.move_wanted.emit(1))
        self.remove = icon_button("trash-2", tr("Remove this text"), self.remove_wanted.emit)
        top = row(self.tabs, self.add, None, spacing=4)
        self._about = QWidget()
        about = row(self.words, self.edit, self.left, self.right, self.remove, spacing=4)
        about.setStretchFactor(self.words, 1)
        self._about.setLayout(about)
        self.setLayout(column(top, self._about, spacing=2))
        self.show_variants((), 0, editable=True)

    @property
    def at(self) -> int:
        return max(0, self.tabs.currentIndex())

    def show_variants(self, variants: Sequence[Variant], at: int, *, editable: bool) -> None:
        """Emits nothing: who calls it knows."""
        self._variants, self._editable = tuple(variants), editable
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        self.tabs.addTab(tr("Main text"))
        for each in variants:
            self.tabs.addTab(each.name.replace("&", "&&"))
        self.tabs.setCurrentIndex(at)
        self.tabs.blockSignals(False)
        self._show()

    def mark(self, faulty: Collection[int]) -> None:
        """The texts that something is wrong with."""
        for place in range(self.tabs.count()):
            self.tabs.setTabIcon(place, icon("triangle-alert") if place in faulty else QIcon())
            self.tabs.setTabToolTip(place, tr("Something in this text must be changed.") if place in faulty else "")

    def _changed(self, place: int) -> None:
        self._show()
        self.chosen.emit(place)

    def _show(self) -> None:
        at, number = self.at, len(self._variants)
        self.tabs.setVisible(bool(number))
        self.add.setVisible(self._editable and number < MOST)
        self.add.setText("" if number else tr("Text for some only…"))
        self._about.setVisible(bool(number))
        if at:
            self.words.setText(tr("for: {kinds}", kinds=self._variants[at - 1].said))
        else:
            self.words.setText(
                tr("For everybody whom no other text is for. The first one from the left that fits counts.")
            )
        for button in (self.edit, self.left, self.right, self.remove):
            button.setVisible(self._editable and at > 0)
        if number < 2:  # there is nothing to look at earlier or later
            self.left.hide()
            self.right.hide()
        self.left.setEnabled(at > 1)
        self.right.setEnabled(at < number)


class VariantDialog(FormDialog):
    """``done(name, choice)``; the choice is None where the condition stays as it is."""

    def __init__(
        self,
        parent: QWidget,
        choices: Sequence[Choice],
        taken: Collection[str],
        done: Callable[[str, Choice | None], None],
        before: Variant | None = None,
    ) -> None:
        super().__init__(parent, tr("Text for some only") if before is None else before.name, tr("Put in"))
        self._choices, self._taken, self._done, self._before = choices, taken, done, before
        self.explain(tr("It is checked, reviewed and approved together with the main text."))
        titles = [(str(place), each.title) for place, each in enumerate(choices)]
        if before is not None:
            titles.insert(0, ("", tr("as it is")))
        self.condition = self.form.add_choice(
            "condition", tr("For whom"), titles, titles[0][0],
            hint=tr("Segments can be made on their own page; their conditions are copied into this version."),
        )  # fmt: skip
        self.name = self.form.add_text(
            "name",
            tr("Name of the text"),
            before.name if before else "",
            max_length=NAME_LENGTH,
            hint=tr("Staff see it, customers do not."),
        )
        self.said = label("", "quiet", wrap=True)
        self.body.insertWidget(self.body.indexOf(self.form) + 1, self.said)
        self.form.changed.connect(self._show)
        self.form.submitted.connect(self._take)
        self.on_action(self._take)
        self._show()

    @property
    def choice(self) -> Choice | None:
        place = str(self.form.value("condition"))
        return self._choices[int(place)] if place else None

    def _show(self) -> None:
        choice = self.choice
        said = choice.said if choice is not None else self._before.said if self._before is not None else ""
        self.said.setText(tr("for: {kinds}", kinds=said))
        self.name.setPlaceholderText(self._suggested())

    def _take(self) -> None:
        name = " ".join(self.form.text("name").split()) or self._suggested()
        if not name:
            self.form.set_error("name", tr("Give it a name of at most {n} characters.", n=NAME_LENGTH))
        elif name in self._taken:
            self.form.set_error("name", tr("Give each its own name."))
        else:
            self.accept()
            self._done(name, self.choice)

    def _suggested(self) -> str:
        if self._before is not None or self.choice is None:
            return ""
        return self.choice.title[:NAME_LENGTH].strip()
