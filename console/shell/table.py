"""The list that every screen uses: a million ids at hand, rows read in the background as they come into sight."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
)

from console.core.context import Context
from console.core.format import count
from console.core.i18n import tr
from console.core.listing import Sort
from console.shell import theme
from console.shell.cells import CellDelegate, plain_cell
from console.shell.columns import Columns
from console.shell.icons import icon
from console.shell.records import (
    BLOCK,
    Column,
    Index,
    RecordModel,
    block_of,
    ranges_of,
)
from console.shell.services import Services
from console.shell.widgets import EmptyState

R = TypeVar("R")
COPY_LIMIT = 20_000  # rows that go to the clipboard at once
HEAD = BLOCK  # rows of the first page of a list that has a ``load_head``

Ids = Sequence[int]
LoadIds = Callable[[Context, Sort], Ids]
LoadHead = Callable[[Context, Sort, int], Ids]

__all__ = ["Column", "RecordTable", "Sort"]


@dataclass(frozen=True)
class _Before:
    """What was shown when something is read anew, and is to be found again in it."""

    ids: array[int]
    selected: array[int]
    everything: bool
    current: int | None
    top: int | None  # id of the row at the top; None: the beginning


@dataclass(frozen=True)
class _Loaded(Generic[R]):
    ids: array[int]
    blocks: dict[int, list[R]]
    runs: list[tuple[int, int]]  # rows that were selected before
    current: int  # row that was current before, -1 for none
    top: int  # row to stand at the top


class RecordTable(QTableView, Generic[R]):
    """``load_ids`` and ``load_rows`` run on the database executor; rows come back in the order of the ids asked for.

    ``load_head`` gives the first of these ids much quicker than ``load_ids`` all of them: a new order or filter is
    then shown at once, and the rest grows under it. ``name`` keeps the person's choice of columns.
    """

    row_activated = Signal(object)  # record: Enter or double click
    current_changed = Signal(object)  # record or None
    selection_changed = Signal()
    loaded = Signal(int)  # how many there are

    def __init__(
        self,
        services: Services,
        columns: Sequence[Column[R]],
        load_ids: LoadIds,
        load_rows: Callable[[Context, Sequence[int]], list[R]],
        empty: EmptyState,
        *,
        sort: Sort | None = None,
        load_head: LoadHead | None = None,
        name: str = "",
    ) -> None:
        super().__init__()
        self._services = services
        self._load_head = load_head
        self._load_ids = load_ids
        self._load_rows = load_rows
        self.sort = sort or Sort("")
        self.records: RecordModel[R] = RecordModel(columns, self)
        self._was_loaded = False
        self._anew = True  # another order or filter than what is shown
        self._others = False  # another filter
        self.complete = False  # all ids are here
        self._all_wanted = False  # select what is still to come, too
        self._touched = 0  # how often the selection changed
        self._told: int | None = None  # id whose record was last told as current
        self._sought: int | None = None
        self.setModel(self.records)
        self.setItemDelegate(CellDelegate(self))
        self._dress()
        self.columns = Columns(self, services, columns, name)
        self._show_sort()
        self._empty = empty
        empty.setParent(self.viewport())
        empty.hide()
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._look())
        self.doubleClicked.connect(self._activate)

    # What is shown

    def reload(self, keep_selection: bool = True) -> None:
        """Read the ids again; selection and place in the list follow the ids."""
        before = self._now() if keep_selection else _Before(self.records.ids, array("q"), False, None, None)
        if self._load_head is None or not self._anew:
            self._read_all(before)
        else:
            self._read_head(self._load_head, before)

    def _read_head(self, load_head: LoadHead, before: _Before) -> None:
        """The first page; the rest of the list follows beside whatever the person does with it."""
        sort, load_rows = self.sort, self._load_rows

        def work(ctx: Context) -> _Loaded[R]:
            ids = array("q", load_head(ctx, sort, HEAD))
            blocks = {0: load_rows(ctx, ids.tolist())} if ids else {}
            return _Loaded(ids, blocks, _runs(ids, before), _row_of(ids, before.current, -1), 0)

        def done(loaded: _Loaded[R]) -> None:
            self._anew = self._others = False
            self.complete = len(loaded.ids) < HEAD
            self.records.reset(loaded.ids, loaded.blocks)
            self._restore(loaded)
            self._all_wanted = before.everything and not self.complete
            self._settle()
            if not self.complete:
                self._read_rest(before, self._touched)

        self._services.tasks.query(work, done, owner=self, key="ids")

    def _read_rest(self, before: _Before, touched: int) -> None:
        sort, load_ids, head = self.sort, self._load_ids, self.records.ids

        def work(ctx: Context) -> _Loaded[R]:
            ids = _array(load_ids(ctx, sort))
            grown = ids[: len(head)] == head
            return _Loaded(ids, {}, _runs(ids, before), _row_of(ids, before.current, -1), 0 if grown else -1)

        def done(loaded: _Loaded[R]) -> None:
            if loaded.top < 0:  # somebody changed the list meanwhile
                self._read_all(self._now())
                return
            everything, untouched = self._all_wanted, touched == self._touched
            if len(loaded.ids) > len(head):
                self.records.grow(loaded.ids)
            self.complete = True
            if everything:
                self.selectAll()
            elif untouched and loaded.runs:
                self._select(loaded.runs, loaded.current)
            self._settle(fresh=False)

        self._services.tasks.query(work, done, owner=self, key="ids", aside=True)

    def _read_all(self, before: _Before) -> None:
        sort, load_ids, load_rows, rows_seen = self.sort, self._load_ids, self._load_rows, self._rows_seen()
        touched = self._touched

        def work(ctx: Context) -> _Loaded[R]:
            ids = _array(load_ids(ctx, sort))
            start = _row_of(ids, before.top, 0)
            wanted = range(start // BLOCK, (start + rows_seen) // BLOCK + 1) if ids else range(0)
            blocks = {block: load_rows(ctx, part) for block in wanted if (part := block_of(ids, block))}
            return _Loaded(ids, blocks, _runs(ids, before), _row_of(ids, before.current, -1), start)

        def done(loaded: _Loaded[R]) -> None:
            self._anew = self._others = False
            self.complete = True
            same = loaded.ids == self.records.ids
            if same and self._was_loaded:
                self.records.renew(loaded.blocks)
            else:
                if self.records.ids is before.ids and (touched != self._touched or self._top_id() != before.top):
                    loaded = self._as_it_is_now(loaded)
                self.records.reset(loaded.ids, loaded.blocks)
                self._restore(loaded)
            self._settle()

        self._services.tasks.query(work, done, owner=self, key="ids", aside=self._load_head is not None)

    def _as_it_is_now(self, loaded: _Loaded[R]) -> _Loaded[R]:
        """The person went on while the ids were read."""
        ids, now = loaded.ids, self._now()
        top = _row_of(ids, now.top, 0)
        return _Loaded(ids, loaded.blocks, _runs(ids, now), _row_of(ids, now.current, -1), top)

    def _now(self) -> _Before:
        lone = len(self.records.ids) == 1 and not self._all_wanted  # who was found, not whoever is
        everything = self.has_all() and not self._others and not lone  # all of one filter are not all of the next
        selected = array("q") if everything else self.picked()
        return _Before(self.records.ids, selected, everything, self.current_id(), self._top_id())

    def set_loaders(
        self,
        load_ids: LoadIds,
        load_rows: Callable[[Context, Sequence[int]], list[R]] | None = None,
        load_head: LoadHead | None = None,
    ) -> None:
        """Another filter, for example; call ``reload`` afterwards."""
        self._load_ids = load_ids
        self._load_rows = load_rows or self._load_rows
        self._load_head = load_head
        self._anew = self._others = True

    def set_empty(self, empty: EmptyState) -> None:
        self._empty.deleteLater()
        self._empty = empty
        empty.setParent(self.viewport())
        self._place_empty()

    def __len__(self) -> int:
        return len(self.records.ids)

    def __bool__(self) -> bool:
        return True

    # Selection

    def current_row(self) -> R | None:
        index = self.currentIndex()
        return self.records.record(index.row()) if index.isValid() else None

    def current_id(self) -> int | None:
        index = self.currentIndex()
        return self.records.ids[index.row()] if index.isValid() else None

    def picked(self) -> array[int]:
        """Ids of the selected rows in the order of the list; quick for a million."""
        found = array("q")
        for part in sorted(self.selectionModel().selection().toList(), key=lambda part: part.top()):
            found += self.records.ids[part.top() : part.bottom() + 1]
        return found

    def selected_ids(self) -> list[int]:
        """In the order of the list."""
        return self.picked().tolist()

    def selectAll(self) -> None:
        """All that the list has, or will have when it is read to its end."""
        super().selectAll()
        self._all_wanted = not self.complete

    def selected_count(self) -> int:
        """How many rows are selected, without making a list of them."""
        return sum(part.height() for part in self.selectionModel().selection().toList())

    def has_all(self) -> bool:
        """All that match are selected, those too that are still being read."""
        return self._all_wanted or (self.complete and 0 < len(self.records.ids) == self.selected_count())

    def selected_rows(self) -> list[R]:
        """The selected rows that are at hand (in or near what is seen)."""
        rows = (self.records.record(index.row()) for index in self.selectionModel().selectedRows())
        return [row for row in rows if row is not None]

    def select_id(self, id_: int) -> bool:
        """Make the row with this id current; False when the list does not have it."""
        row = _row_of(self.records.ids, id_, -1)
        if row < 0:
            return False
        self.setCurrentIndex(self.records.index(row, 0))
        self.scrollTo(self.records.index(row, 0))
        return True

    def seek(self, id_: int | None) -> None:
        """The row that the next ``land`` goes to."""
        self._sought = id_

    def land(self) -> bool:
        """For ``loaded``: to the row sought, or to the first one where none is chosen; True where that chose one."""
        sought, self._sought = self._sought, None
        if sought is not None and self.select_id(sought):
            return True
        if not self.records.ids or (self.current_id() is not None and self.selected_count()):
            return False
        current = self.current_id()  # Qt makes one current that it does not select, where the keyboard came first
        return self.select_id(self.records.ids[0] if current is None else current)

    # Inside

    def _dress(self) -> None:
        now = theme.current()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(now.row_height)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(True)
        head.setMinimumSectionSize(now.px(40))
        head.setSelectionModel(QItemSelectionModel(self.records, head))  # empty: painted, it asks each selected row
        head.sectionClicked.connect(self._sort_by)

    def _show_sort(self) -> None:
        place = next((i for i, column in enumerate(self.records.columns) if column.key == self.sort.key), -1)
        order = Qt.SortOrder.DescendingOrder if self.sort.descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(place, order)

    def _sort_by(self, place: int) -> None:
        column = self.records.columns[place]
        if column.sortable:
            down = self.sort.key == column.key and not self.sort.descending
            self.sort = Sort(column.key, down)
            self._anew = True
            self.reload()
        self._show_sort()

    def _rows_seen(self) -> int:
        return max(20, self.viewport().height() // max(1, self.verticalHeader().defaultSectionSize()) + 1)

    def _settle(self, fresh: bool = True) -> None:
        """After something was read."""
        self._was_loaded = True
        self._place_empty()
        self._look()
        self._tell_current(fresh=fresh)
        if self.complete:
            self.loaded.emit(len(self.records.ids))

    def _restore(self, loaded: _Loaded[R]) -> None:
        self._select(loaded.runs, loaded.current)
        self.verticalScrollBar().setValue(loaded.top)

    def _select(self, runs: Sequence[tuple[int, int]], current: int) -> None:
        model, last = self.selectionModel(), len(self.records.columns) - 1
        picked = QItemSelection()
        for first, end in runs:
            picked.append(QItemSelectionRange(self.records.index(first, 0), self.records.index(end, last)))
        model.select(picked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if current >= 0:
            there = self.records.index(current, 0)
            model.setCurrentIndex(there, QItemSelectionModel.SelectionFlag.NoUpdate)

    def _top_id(self) -> int | None:
        """Of the row at the top; None at the beginning of the list, which stays the beginning."""
        top = self.rowAt(0)
        return self.records.ids[top] if 0 < top < len(self.records.ids) else None

    def _place_empty(self) -> None:
        self._empty.setVisible(self._was_loaded and not self.records.ids)
        self._empty.setGeometry(self.viewport().rect())

    def _look(self) -> None:
        """Ask for the rows in sight that are not here yet."""
        if not self.records.ids:
            return
        first = max(0, self.rowAt(0))
        last = min(len(self.records.ids) - 1, first + self._rows_seen())
        missing = self.records.missing(first, last)
        if not missing:
            return
        parts = {block: self.records.ids_of(block) for block in missing}
        ids, load_rows = self.records.ids, self._load_rows

        def work(ctx: Context) -> dict[int, list[R]]:
            return {block: load_rows(ctx, part) for block, part in parts.items()}

        def done(blocks: dict[int, list[R]]) -> None:
            if self.records.ids is ids:
                for block, rows in blocks.items():
                    self.records.put(block, rows)
                self._tell_current()

        self._services.tasks.query(work, done, owner=self, key="rows")

    def currentChanged(self, current: QModelIndex | Index, previous: QModelIndex | Index) -> None:
        super().currentChanged(current, previous)
        self._tell_current()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self._touched += 1
        self._all_wanted = False
        self.selection_changed.emit()

    def _tell_current(self, fresh: bool = False) -> None:
        """Once for each new current record, and again when its row was read afresh."""
        id_, record = self.current_id(), self.current_row()
        if id_ is not None and record is None:
            return  # its row is on the way
        if fresh or id_ != self._told:
            self._told = id_
            self.current_changed.emit(record)

    def _activate(self, index: Index) -> None:
        record = self.records.record(index.row())
        if record is not None:
            self.row_activated.emit(record)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._activate(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By right click or the menu key: the table's own actions, copying, and sorting without a pointer."""
        menu = self.context_menu()
        at_keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
        here = self.visualRect(self.currentIndex()).center()
        menu.exec(self.viewport().mapToGlobal(here) if at_keyboard else event.globalPos())
        menu.deleteLater()

    def context_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addActions(self.actions())
        menu.addSeparator()
        copying = menu.addAction(icon("copy"), tr("Copy"), self.copy)
        copying.setEnabled(bool(self.selectionModel().hasSelection()))
        menu.addAction(tr("Select all"), self.selectAll)
        sorting = menu.addMenu(tr("Sort by"))
        for place, column in enumerate(self.records.columns):
            if column.sortable:
                action = sorting.addAction(column.title)
                action.setCheckable(True)
                action.setChecked(column.key == self.sort.key)
                action.triggered.connect(lambda _checked=False, at=place: self._sort_by(at))
        sorting.setEnabled(not sorting.isEmpty())
        self.columns.menu(menu)
        return menu

    def copy(self) -> None:
        """The selected rows as tab-separated text with headings, as Excel pastes them: the columns that are seen."""
        picked, load_rows = self.picked(), self._load_rows
        ids = picked[:COPY_LIMIT].tolist()
        columns = [self.records.columns[place] for place in self.columns.visible()]

        def work(ctx: Context) -> str:
            lines = ["\t".join(column.title for column in columns)]
            for start in range(0, len(ids), BLOCK):
                for record in load_rows(ctx, ids[start : start + BLOCK]):
                    lines.append("\t".join(plain_cell(column.text(record)) for column in columns))
            return "\n".join(lines)

        def done(text: str) -> None:
            QGuiApplication.clipboard().setText(text)
            if len(picked) > len(ids):
                told = tr("Only the first {count} rows were copied.", count=count(len(ids)))
                self._services.notices.warn(told, tr("The export takes any number of rows."))

        if ids:
            self._services.tasks.query(work, done, owner=self, key="copy", aside=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.columns.fit()
        self._place_empty()
        self._look()


def _row_of(ids: array[int], id_: int | None, otherwise: int) -> int:
    if id_ is None:
        return otherwise
    try:
        return ids.index(id_)
    except ValueError:
        return otherwise


def _array(ids: Ids) -> array[int]:
    return ids if isinstance(ids, array) else array("q", ids)


def _runs(ids: array[int], before: _Before) -> list[tuple[int, int]]:
    return [(0, len(ids) - 1)] if before.everything and ids else ranges_of(ids, before.selected)
