"""Two to four campaigns side by side, in the place of the list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QVBoxLayout, QWidget

from console.core.campaigns.compare import Comparison, Line, Overlap, VariantWording
from console.core.campaigns.messages import MessageRow
from console.core.context import Context
from console.core.errors import UserError
from console.core.format import count
from console.core.i18n import tr
from console.core.messages.difference import Stretch
from console.core.security.permissions import Permission
from console.screens.campaigns import operations
from console.shell import theme
from console.shell.differences import changes
from console.shell.files import ask_workbook
from console.shell.listdialog import ListDialog
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.table import Column, RecordTable
from console.shell.widgets import (
    Card,
    EmptyState,
    clear,
    column,
    flat_button,
    label,
    link_button,
    quiet_button,
    row,
    scroll,
)


class Lines(Card):
    """A table of few rows: one thing each, one column a campaign; what differs stands out."""

    def __init__(self, title: str, *, all_alike: str = "") -> None:
        super().__init__(title)
        self._all_alike = all_alike
        self.whole = QCheckBox(tr("Show what is the same, too"))
        self.whole.toggled.connect(lambda _on: self._fill())
        self.head.addWidget(self.whole)
        self.whole.setVisible(bool(all_alike))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self.add(self._grid)
        self._names: Sequence[str] = ()
        self._lines: Sequence[Line] = ()

    def show_lines(self, names: Sequence[str], lines: Sequence[Line]) -> None:
        self._names, self._lines = names, lines
        self.setVisible(bool(lines))
        self._fill()

    def _fill(self) -> None:
        clear(self._grid)
        shown = [each for each in self._lines if each.differs or self.whole.isChecked() or not self._all_alike]
        if not shown:
            self._grid.addWidget(label(self._all_alike, "quiet", wrap=True), 0, 0)
            return
        for place, name in enumerate(self._names, 1):
            self._grid.addWidget(label(name, "heading", wrap=True), 0, place)
            self._grid.setColumnStretch(place, 1)
        for line_place, line in enumerate(shown, 1):
            self._grid.addWidget(label(str(line.title), "quiet"), line_place, 0, Qt.AlignmentFlag.AlignTop)
            for place, value in enumerate(line.values, 1):
                told = label(value, wrap=True, selectable=True)
                told.setAccessibleName(f"{line.title}, {self._names[place - 1]}: {value}")
                self._grid.addWidget(told, line_place, place, Qt.AlignmentFlag.AlignTop)


class WordingCard(Card):
    """What another campaign's text says differently from the first one's."""

    def __init__(self) -> None:
        super().__init__(tr("Text"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.add(self._rows)

    def show_wording(
        self, names: Sequence[str], wording: Sequence[Sequence[Stretch]], variants: Sequence[VariantWording]
    ) -> None:
        clear(self._rows)
        for name, stretches in zip(names[1:], wording[1:], strict=True):
            self._add(tr("{name} against {first}", name=name, first=names[0]), stretches)
        for each in variants:
            other = names[0] if each.against_first else tr("its main text")
            title = tr("{name}, {text}, against {other}", name=names[each.campaign], text=each.title, other=other)
            self._add(title, each.stretches)

    def _add(self, said: str, stretches: Sequence[Stretch]) -> None:
        self._rows.addWidget(label(said, "small", wrap=True))
        if not stretches:
            self._rows.addWidget(label(tr("The same text.")))
            return
        self._rows.addWidget(changes(stretches, said))


class PeopleCard(Card):
    """Who was in one and not in the other; each number opens the list behind it."""

    list_wanted = Signal(int, int)  # places of the campaign that has them and of the one that has not

    def __init__(self) -> None:
        super().__init__(tr("Customers"))
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(12)
        self._rows.setVerticalSpacing(2)
        self._rows.setColumnStretch(1, 1)
        self.add(self._rows)

    def show_people(self, names: Sequence[str], overlaps: Sequence[Overlap]) -> None:
        clear(self._rows)
        self.setVisible(bool(overlaps))
        for each in overlaps:
            one, two = names[each.first], names[each.second]
            self._line(
                tr("Only in {name}, not in {other}", name=one, other=two), each.only_first, each.first, each.second
            )
            self._line(
                tr("Only in {name}, not in {other}", name=two, other=one), each.only_second, each.second, each.first
            )
            both = label(count(each.both))
            both.setContentsMargins(0, 0, theme.current().px(4), 0)  # as a link has
            self._put(both, tr("In both, {name} and {other}", name=one, other=two))

    def _line(self, words: str, number: int, has: int, has_not: int) -> None:
        link = link_button(count(number), partial(self.list_wanted.emit, has, has_not))
        link.setAccessibleName(f"{words}: {number}")
        link.setEnabled(number > 0)
        self._put(link, words)

    def _put(self, number: QWidget, words: str) -> None:
        """The number before its words: across the whole page nobody finds the way from one to the other."""
        place = self._rows.rowCount()
        self._rows.addWidget(number, place, 0, Qt.AlignmentFlag.AlignRight)
        self._rows.addWidget(label(words, wrap=True), place, 1)


class ComparePane(QWidget):
    left = Signal()

    def __init__(self, services: Services, campaign_ids: Sequence[int]) -> None:
        super().__init__()
        self._services = services
        self.campaign_ids = tuple(campaign_ids)
        self.shown: Comparison | None = None
        self._waiting = label(tr("Comparing…"), "quiet")
        self.settings = Lines(tr("What was set differently"), all_alike=tr("Everything is set the same."))
        self.wording = WordingCard()
        self.people = PeopleCard()
        self.people.list_wanted.connect(self._show_people)
        self.results = Lines(tr("What came of it"))
        self.texts = Lines(tr("What came of each text"))
        self.failures = Lines(tr("Failures by cause"))
        head = QWidget()
        head.setObjectName("pagebar")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        back = flat_button(tr("Back to the list"), self.left.emit, "arrow-left")
        self.export = quiet_button(tr("Export"), self._export, "file-spreadsheet")
        self.export.setVisible(services.allowed(Permission.REPORTS_EXPORT))
        self.export.setEnabled(False)
        title = label(tr("Campaigns compared"), "title")
        head.setLayout(row(back, title, None, self.export, spacing=12, margins=10))
        self._cards = (self.settings, self.wording, self.people, self.results, self.texts, self.failures)
        for card in self._cards:
            card.hide()
        inside = QWidget()
        inside.setLayout(column(self._waiting, *self._cards, None, spacing=12, margins=16))
        body = scroll(inside)
        layout = column(head, body, spacing=0)
        layout.setStretchFactor(body, 1)
        self.setLayout(layout)

    def begin(self) -> None:
        work = operations.comparison(self.campaign_ids)
        self._services.tasks.query(work, self._show, owner=self, failed=self._failed, key="compare", aside=True)

    def _failed(self, error: UserError) -> None:
        self._services.notices.error(error)
        self.left.emit()

    def _show(self, found: Comparison) -> None:
        self.shown = found
        self._waiting.hide()
        self.export.setEnabled(True)
        self.wording.show()
        self.settings.show_lines(found.names, found.settings)
        self.wording.show_wording(found.names, found.wording, found.variants)
        self.people.show_people(found.names, found.overlaps)
        self.results.show_lines(found.names, found.results)
        self.texts.show_lines(found.names, found.texts)
        self.failures.show_lines(found.names, found.failures)
        layout = self.layout()
        if layout is not None:
            tab_in_order(layout)

    def _show_people(self, has: int, has_not: int) -> None:
        found = self.shown
        if found is None:
            return
        title = tr("Only in {name}, not in {other}", name=found.names[has], other=found.names[has_not])
        ids = found.campaign_ids
        OnlyInDialog(self, self._services, title, ids[has], ids[has_not]).open()

    def _export(self) -> None:
        self._services.tasks.query(operations.comparison_target, self._choose_file, owner=self)

    def _choose_file(self, suggested: Path) -> None:
        target = ask_workbook(self, tr("Export the comparison"), suggested)
        if target is not None:
            self.export_to(target)

    def export_to(self, target: Path) -> None:
        work = operations.export_comparison_to(self.campaign_ids, target)
        self._services.tasks.run(tr("Exporting {name}", name=target.name), work, self._exported, owner=self)

    def _exported(self, target: Path) -> None:
        self._services.notices.good(tr("Exported to {file}.", file=str(target)))


class OnlyInDialog(ListDialog[MessageRow]):
    """The customers behind a number."""

    def __init__(self, parent: QWidget, services: Services, title: str, campaign_id: int, other_id: int) -> None:
        columns = [
            Column[MessageRow]("name", tr("Name"), lambda each: each.name, 100, sortable=False),
            Column[MessageRow]("phone", tr("Number"), lambda each: each.phone, 120, sortable=False),
            Column[MessageRow]("body", tr("Text"), lambda each: each.body, 0, sortable=False),
        ]

        def ids(ctx: Context, _sort: object) -> list[int]:
            return operations.only_in(campaign_id, other_id)(ctx)

        table = RecordTable(services, columns, ids, operations.messages, EmptyState("user", tr("Nobody")))
        super().__init__(parent, title, table, size=(720, 460))
