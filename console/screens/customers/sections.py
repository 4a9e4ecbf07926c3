"""The numbered cards of the import page. Each holds its answers in sight; the page joins them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QSpinBox, QWidget

from console.core.customers.checking import BadRow, Checked, why_incomplete
from console.core.customers.columns import FIELDS, Group, group_of
from console.core.customers.importing import Sheet
from console.core.customers.mapping import Fields, Mapping
from console.core.customers.normalise import phone, text
from console.core.customers.problems import Policy
from console.core.errors import UserError
from console.core.format import count, masked_card, masked_identity, masked_phone
from console.core.i18n import clauses, ntr, sentences, tr
from console.screens.customers.importwork import Opened
from console.shell import theme
from console.shell.files import ask_table
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    clear,
    inset,
    label,
    link_button,
    quiet_button,
    row,
)

SAMPLES = 3
SIDE_BY_SIDE = 8  # more columns than this stand in two halves
ROWS_SHOWN = 8  # of those that cannot be imported, before the list scrolls


class Section(Card):
    def __init__(self, number: int, title: str) -> None:
        super().__init__(tr("{number}  {title}", number=number, title=title), spacing=10)


class FileSection(Section):
    """Which file; what could not be read says so here."""

    chosen = Signal(object)  # Path

    def __init__(self) -> None:
        super().__init__(1, tr("File"))
        self.name = label(tr("No file yet"), "heading")
        self.about = label("", "quiet", wrap=True)
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.choose = quiet_button(tr("Choose a file…"), self._ask, "folder-open")
        hint = tr("Excel (.xlsx, .xls), OpenDocument (.ods) or text (.csv, .tsv). A file may also be dropped anywhere.")
        self.add(row(self.name, None, self.choose), self.about, self.trouble, label(hint, "small", wrap=True))
        self.about.hide()

    def reading(self, path: Path) -> None:
        self.name.setText(path.name)
        self.about.setText(tr("Reading…"))
        self.about.show()
        self.trouble.hide()

    def show_sheet(self, sheet: Sheet) -> None:
        lines = [ntr("{n} row", "{n} rows", len(sheet.rows)), *map(str, sheet.notes)]
        self.about.setText(" · ".join(lines))
        self.about.show()

    def refuse(self, error: UserError) -> None:
        self.about.hide()
        self.trouble.setText(sentences(error.message, error.hint))
        self.trouble.show()

    def _ask(self) -> None:
        path = ask_table(self, tr("Import customers"))
        if path is not None:
            self.chosen.emit(path)


class ColumnsSection(Section):
    """Sheet, header row, and which column is what, with samples beside each choice."""

    changed = Signal()  # the mapping
    sheet_wanted = Signal(str, object)  # name, header row or None

    def __init__(self) -> None:
        super().__init__(2, tr("Which column is what"))
        self.sheets = QComboBox()
        self.sheets.setAccessibleName(tr("Sheet"))
        self.sheets.activated.connect(lambda: self.sheet_wanted.emit(self.sheets.currentText(), None))
        self.header_row = QSpinBox()
        self.header_row.setAccessibleName(tr("Header in row"))
        self.header_row.setRange(0, 1000)
        inset(self.header_row)
        self.header_row.setSpecialValueText(tr("none"))
        self.header_row.editingFinished.connect(self._header_chosen)
        self._sheet_label = label(tr("Sheet"), "quiet")
        choice = row(self._sheet_label, self.sheets, label(tr("Header in row"), "quiet"), self.header_row, None)
        self.problem = label("", "error", wrap=True)
        self.drop_loans = link_button(tr("Leave the loan columns out"), self._drop_loans)
        self.repeated = QComboBox()
        self.repeated.setAccessibleName(tr("Where rows of the file contradict each other"))
        for policy, words in (
            (Policy.ASK, tr("the later row is refused, so that somebody looks")),
            (Policy.UPDATE, tr("the later row counts")),
            (Policy.KEEP, tr("the earlier row counts")),
        ):
            self.repeated.addItem(words, policy)
        self.repeated.activated.connect(self.changed)
        contradicting = row(label(tr("Where rows of the file contradict each other"), "quiet"), self.repeated, None)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.boxes: list[QComboBox] = []
        self._extra: Fields = {}
        self._samples: list[tuple[ElidedLabel, list[str]]] = []
        self.add(choice, self._grid, row(self.problem, self.drop_loans, None), contradicting)
        self._sheet: Sheet | None = None

    def show_opened(self, opened: Opened) -> None:
        sheets, sheet = opened.book.sheets, opened.sheet
        self._sheet = sheet
        self.sheets.clear()
        self.sheets.addItems(sheets)
        self.sheets.setCurrentText(sheet.name)
        for widget in (self.sheets, self._sheet_label):
            widget.setVisible(len(sheets) > 1)
        self.header_row.setValue(sheet.header_row)
        self._extra = opened.extra
        self._fill(sheet, opened.mapping)
        self._say()

    def mapping(self) -> Mapping:
        return tuple(str(box.currentData()) for box in self.boxes)

    def _fill(self, sheet: Sheet, mapping: Mapping) -> None:
        """One line a column of the file; side by side where they are many, so that the check stays in reach."""
        clear(self._grid)
        self.boxes = []
        self._samples = []
        wide = len(mapping) > SIDE_BY_SIDE and theme.current().px(900) <= 1050  # not with large letters
        half = (len(mapping) + 1) // 2 if wide else len(mapping)
        for side in range(1 if half == len(mapping) else 2):
            for place, title in enumerate((tr("Column of the file"), tr("Samples"), tr("Is imported as"))):
                self._grid.addWidget(label(title, "small"), 0, side * 4 + place)
            self._grid.setColumnStretch(side * 4 + 1, 1)
        self._grid.setColumnMinimumWidth(3, theme.current().px(20) if half < len(mapping) else 0)
        self._grid.setColumnStretch(5, 1 if half < len(mapping) else 0)
        samples = sheet.samples(20)
        for place, (header, key) in enumerate(zip(sheet.headers, mapping, strict=True)):
            values = dict.fromkeys(text(cells[place]) for cells in samples)
            sample = ElidedLabel("", "quiet")
            self._samples.append((sample, [value for value in values if value][:SAMPLES]))
            line, left = place % half + 1, place // half * 4
            self._grid.addWidget(label(header, wrap=True), line, left)
            self._grid.addWidget(sample, line, left + 1)
            self.boxes.append(self._box(header, key))
            self._grid.addWidget(self.boxes[-1], line, left + 2)
        for before, after in pairwise([self.header_row, *self.boxes]):
            QWidget.setTabOrder(before, after)

    def _box(self, header: str, key: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(tr("{column} is imported as", column=header))
        box.setMinimumWidth(theme.current().px(170))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.addItem(tr("(left out)"), "")
        for group in Group:
            box.insertSeparator(box.count())
            for field in (*FIELDS.values(), *self._extra.values()):
                if field.group is group:
                    box.addItem(str(field.title), field.key)
                    box.setItemData(box.count() - 1, str(field.hint), 3)  # Qt.ToolTipRole
        box.setCurrentIndex(max(0, box.findData(key)))
        box.activated.connect(lambda: self._chosen(box))
        return box

    def _chosen(self, box: QComboBox) -> None:
        """A field stands once: whoever had it before gives it up."""
        for other in self.boxes:
            if other is not box and box.currentData() and other.currentData() == box.currentData():
                other.setCurrentIndex(0)
        self._say()
        self.changed.emit()

    def _header_chosen(self) -> None:
        if self._sheet is not None and self.header_row.value() != self._sheet.header_row:
            self.sheet_wanted.emit(self._sheet.name, self.header_row.value())

    def _drop_loans(self) -> None:
        for box in self.boxes:
            key = str(box.currentData())
            if key and group_of(key) is not Group.CUSTOMER:
                box.setCurrentIndex(0)
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        mapping = self.mapping()
        for (sample, values), key in zip(self._samples, mapping, strict=True):
            sample.setText("  ·  ".join(_masked(value, key) for value in values))
        why = why_incomplete(mapping)
        loans = any(key and group_of(key) is not Group.CUSTOMER for key in mapping)
        self.problem.setText(str(why) if why else "")
        self.problem.setVisible(why is not None)
        self.drop_loans.setVisible(why is not None and loans and "loan_number" not in mapping)


def _masked(value: str, key: str) -> str:
    """A sample without what nobody needs in full to see which column it is."""
    if key == "phone":
        return masked_phone(value)
    if key == "id_number":
        return masked_identity(value)
    return masked_card(value) if key == "account" else value


class CheckSection(Section):
    """What can be imported, what cannot, and why."""

    save_wanted = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__(3, tr("Check"))
        self._services = services
        self._sheet: Sheet | None = None
        self.bad: tuple[BadRow, ...] = ()
        self.words = label("", wrap=True)
        self.figures = row(spacing=28)
        self.save = quiet_button(tr("Save error workbook…"), self.save_wanted.emit, "file-x")
        self.save.setToolTip(tr("The rows below with the reason, ready to be corrected and imported again"))
        self.table = self._table()
        self.hint = label(tr("An empty cell leaves what is stored as it is."), "small", wrap=True)
        foot = row(self.hint, self.save)
        foot.setStretch(0, 1)
        self.add(self.words, self.figures, self.table, foot)
        self.waiting("")

    def _table(self) -> RecordTable[BadRow]:
        columns = [
            Column[BadRow]("row", tr("Row"), lambda bad: count(bad.row), 70, align="right", sortable=False),
            Column[BadRow]("name", tr("Name"), lambda bad: self._cell(bad, "name"), 120, sortable=False),
            Column[BadRow]("phone", tr("Mobile number"), lambda bad: self._cell(bad, "phone"), 150, sortable=False),
            Column[BadRow]("why", tr("Reason"), _reasons, 0, sortable=False, tip=_reasons),
        ]
        empty = EmptyState("circle-check", tr("Every row is in order"))
        table = RecordTable(
            self._services,
            columns,
            lambda _ctx, _sort: list(range(len(self.bad))),
            lambda _ctx, ids: [self.bad[id_] for id_ in ids],
            empty,
        )
        table.setAccessibleName(tr("Rows that cannot be imported"))
        return table

    def _cell(self, bad: BadRow, key: str) -> str:
        if self._sheet is None or key not in self._mapping:
            return ""
        cell = self._sheet.rows[bad.index][self._mapping.index(key)]
        number = phone(cell) if key == "phone" else ""
        return masked_phone(number) if isinstance(number, str) and number else text(cell)

    def waiting(self, words: str) -> None:
        """Nothing is checked (any more)."""
        self.words.setText(words or tr("The rows are checked as soon as a file is read."))
        self.words.show()
        for widget in (self.table, self.save, self.hint):
            widget.hide()
        clear(self.figures)

    def show_checked(self, checked: Checked, refused: Sequence[BadRow] = ()) -> None:
        self._sheet, self._mapping = checked.sheet, checked.mapping
        self.bad = tuple(sorted((*checked.invalid, *checked.duplicates, *refused), key=lambda each: each.row))
        self.words.hide()
        clear(self.figures)
        figures = [
            (len(checked.valid) - len(refused), tr("can be imported"), "good"),
            (len(checked.invalid) + len(refused), tr("invalid"), "bad"),
            (len(checked.duplicates), tr("say the same as another row"), "quiet"),
            (checked.totals, tr("add up others"), "quiet"),
        ]
        for place, (number, words, _) in enumerate(figures):
            if number or place < 2:
                self.figures.addLayout(figure(number, words))
        self.figures.addStretch(1)
        lines = min(len(self.bad), ROWS_SHOWN)
        now = theme.current()
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + lines * now.row_height + 2)
        self.table.setVisible(bool(self.bad))
        self.save.setVisible(bool(self.bad))
        self.hint.show()
        self.table.reload(keep_selection=False)

    _mapping: Mapping = ()


def _reasons(bad: BadRow) -> str:
    return clauses(bad.problems)


def figure(number: int, words: str) -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(0)
    grid.addWidget(label(count(number), "figure"), 0, 0)
    grid.addWidget(label(words, "quiet"), 1, 0)
    return grid
