"""What the rules page is put together from: rules of a section, differences, a version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from console.core.compliance.describe import MARK_TITLES, RuleChange, RuleView
from console.core.compliance.overview import VersionRow
from console.core.format import local_datetime
from console.core.i18n import sentences, tr
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.widgets import (
    Card,
    StateBadge,
    StateShape,
    clear,
    column,
    label,
    link_button,
    row,
    separator,
)

WIDEST = 900  # design pixels a line of text may be long


class RulesCard(Card):
    """The rules of one section, each with what it says and where it comes from."""

    def __init__(
        self, title: str, change: Callable[[str], object], remove: Callable[[str], object] | None = None
    ) -> None:
        super().__init__(title)
        self.setMaximumWidth(theme.current().px(WIDEST))
        self._change = change
        self._remove = remove
        self._rows = column(spacing=10)
        self.body.addLayout(self._rows)
        self.shown: tuple[RuleView, ...] = ()
        self.texts: dict[str, QLabel] = {}

    def show_rules(self, rules: Sequence[RuleView], changed: Collection[str], *, editing: bool) -> None:
        focused = self.window().focusWidget()
        button = focused.objectName() if focused is not None and self.isAncestorOf(focused) else ""
        if button:
            self.setFocus()  # else the focus goes to whatever comes next, and the page scrolls there
        clear(self._rows)
        self.shown = tuple(rules)
        self.texts = {}
        for place, rule in enumerate(rules):
            if place:
                self._rows.addWidget(separator())
            self._rows.addLayout(self._row(rule, rule.rule in changed, editing=editing))
        if button:
            QTimer.singleShot(0, self, lambda: self._focus(button))  # once the new ones are shown

    def _focus(self, button: str) -> None:
        for each in self.findChildren(QPushButton, button):
            if each.isVisible():
                each.setFocus()

    def _row(self, rule: RuleView, changed: bool, *, editing: bool) -> QGridLayout:
        title = label(rule.title, wrap=True)
        title.setMinimumWidth(theme.current().px(170))
        title.setMaximumWidth(theme.current().px(170))
        value = label(rule.value, wrap=True, selectable=True)
        self.texts[rule.rule] = value
        source = label(origin(rule.source, rule.date, rule.mark), "small", wrap=True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        grid.addLayout(column(title, self._marks(rule, changed, editing=editing), None, spacing=4), 0, 0, top)
        told = column(value, source, None, spacing=2)  # a box asks each wrapped text for its height, a grid guesses
        grid.addLayout(told, 0, 1)
        return grid

    def _marks(self, rule: RuleView, changed: bool, *, editing: bool) -> FlowLayout:
        """Under the title: beside a long text there is no room for them in large letters."""
        marks = FlowLayout(6, 2)
        if changed:
            marks.addWidget(StateBadge("warn", tr("In the draft")))
        elif rule.hard:
            marks.addWidget(StateBadge("suppressed", tr("Binding")))
        if editing and rule.editable:
            button = link_button(tr("Change…"), lambda: self._change(rule.rule))
            button.setAccessibleName(tr("Change {rule}", rule=rule.title))
            button.setObjectName(f"change:{rule.rule}")
            marks.addWidget(button)
        remove = self._remove
        if editing and remove is not None and rule.removable:
            gone = link_button(tr("Take away…"), lambda: remove(rule.rule))
            gone.setAccessibleName(tr("Take away {rule}", rule=rule.title))
            gone.setObjectName(f"remove:{rule.rule}")
            marks.addWidget(gone)
        return marks


def origin(source: str, date: str, mark: str) -> str:
    """Source, its date, and how sure it is."""
    return tr("{place} · {date} · {mark}", place=source, date=date, mark=str(MARK_TITLES[mark]))


class ChangesList(QWidget):
    """Differences, one under the other: before, after, and the source of the new value."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = column(spacing=10)
        self.setLayout(self._rows)
        self.shown: tuple[RuleChange, ...] = ()

    def show_changes(self, changes: Sequence[RuleChange], nothing: str) -> None:
        clear(self._rows)
        self.shown = tuple(changes)
        for place, change in enumerate(changes):
            if place:
                self._rows.addWidget(separator())
            self._rows.addLayout(self._change(change))
        if not changes:
            self._rows.addWidget(label(nothing, "quiet", wrap=True))

    def _change(self, change: RuleChange) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(change.title, "heading", wrap=True), 0, 0, 1, 2)
        lines = ((tr("Before"), change.before), (tr("After"), change.after), (tr("Source"), change.source))
        for place, (name, value) in enumerate(lines, 1):
            if not value:  # nothing was taken away, or nothing was added
                continue
            grid.addWidget(label(name, "quiet"), place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(value, wrap=True, selectable=True), place, 1)
        return grid


class VersionCard(Card):
    """One version: since when, by whom, why."""

    def __init__(
        self, version: VersionRow, look: Callable[[int], object], take_up: Callable[[int], object] | None
    ) -> None:
        super().__init__()
        self.setMaximumWidth(theme.current().px(WIDEST))
        self.number = version.number
        shape = StateShape("good" if version.in_force else "scheduled" if version.upcoming else "none")
        self.title = label(_title(version), "heading", wrap=True)
        head = row(shape, self.title)
        head.setStretch(1, 1)
        if version.number > 1:
            head.addWidget(link_button(tr("What changed"), lambda: look(version.number)))
        if take_up is not None and not version.in_force and not version.upcoming:
            head.addWidget(link_button(tr("Take up again…"), lambda: take_up(version.number)))
        self.add(head, label(_about(version), "quiet", wrap=True))
        self.changes = ChangesList()
        self.changes.hide()
        self.add(self.changes)

    def show_changes(self, changes: Sequence[RuleChange]) -> None:
        self.changes.show_changes(changes, tr("It says the same as the version before."))
        self.changes.show()


def _title(version: VersionRow) -> str:
    if version.in_force:
        return tr("Version {number} · in force", number=version.number)
    if version.upcoming:
        return tr("Version {number} · from {time}", number=version.number, time=local_datetime(version.effective_from))
    return tr("Version {number}", number=version.number)


def _about(version: VersionRow) -> str:
    if version.effective_from is None:
        return tr("As shipped with the program.")
    written = tr(
        "From {time}, written by {maker}, approved by {checker}.",
        time=local_datetime(version.effective_from),
        maker=version.maker,
        checker=version.checker,
    )
    return sentences(written, version.note)
