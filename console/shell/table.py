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
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from console.core.context import Context
from console.core.i18n import tr
from console.core.listing import Sort
from console.shell import theme
from console.shell.icons import icon
from console.shell.records import (
    BLOCK,
    SHARE_ROLE,
    STATE_ROLE,
    Column,
    Index,
    RecordModel,
    block_of,
    ranges_of,
)
from console.shell.services import Services
from console.shell.states import paint_state
from console.shell.widgets import EmptyState, paint_bar

R = TypeVar("R")
COPY_LIMIT = 20_000  # rows that go to the clipboard at once
LEAST = 140  # design pixels of the column that takes what the others leave

__all__ = ["Column", "RecordTable", "Sort"]


@dataclass(frozen=True)
class _Loaded(Generic[R]):
    ids: array[int]
    blocks: dict[int, list[R]]
    runs: list[tuple[int, int]]  # rows that were selected before
    current: int  # row that was current before, -1 for none
    top: int  # row to stand at the top


class RecordTable(QTableView, Generic[R]):
    """``load_ids`` and ``load_rows`` run on the database executor; rows come back in the order of the ids asked for."""

    row_activated = Signal(object)  # record: Enter or double click
    current_changed = Signal(object)  # record or None
    selection_changed = Signal()
    loaded = Signal(int)  # how many there are

    def __init__(
        self,
        services: Services,
        columns: Sequence[Column[R]],
        load_ids: Callable[[Context, Sort], list[int]],
        load_rows: Callable[[Context, Sequence[int]], list[R]],
        empty: EmptyState,
        *,
        sort: Sort | None = None,
    ) -> None:
        super().__init__()
        self._services = services
        self._load_ids = load_ids
        self._load_rows = load_rows
        self.sort = sort or Sort("")
        self.records: RecordModel[R] = RecordModel(columns, self)
        self._was_loaded = False
        self._told: int | None = None  # id whose record was last told as current
        self.setModel(self.records)
        self.setItemDelegate(_Cell(self))
        self._dress(columns)
        self._empty = empty
        empty.setParent(self.viewport())
        empty.hide()
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._look())
        self.doubleClicked.connect(self._activate)

    # What is shown

    def reload(self, keep_selection: bool = True) -> None:
        """Read the ids again; selection and place in the list follow the ids."""
        before = self.records.ids
        everything = keep_selection and 0 < len(before) == self.selected_count()
        selected = self.selected_ids() if keep_selection and not everything else []
        current = self.current_id() if keep_selection else None
        top = self.rowAt(0)
        anchor = before[top] if keep_selection and 0 < top < len(before) else None
        sort, load_ids, load_rows, rows_seen = self.sort, self._load_ids, self._load_rows, self._rows_seen()

        def work(ctx: Context) -> _Loaded[R]:
            ids = array("q", load_ids(ctx, sort))
            start = _row_of(ids, anchor, 0)
            runs = [(0, len(ids) - 1)] if everything and ids else ranges_of(ids, selected)
            wanted = range(start // BLOCK, (start + rows_seen) // BLOCK + 1) if ids else range(0)
            blocks = {block: load_rows(ctx, part) for block in wanted if (part := block_of(ids, block))}
            return _Loaded(ids, blocks, runs, _row_of(ids, current, -1), start)

        self._services.tasks.query(work, self._take, owner=self, key="ids")

    def set_loaders(
        self,
        load_ids: Callable[[Context, Sort], list[int]],
        load_rows: Callable[[Context, Sequence[int]], list[R]] | None = None,
    ) -> None:
        """Another filter, for example; call ``reload`` afterwards."""
        self._load_ids = load_ids
        self._load_rows = load_rows or self._load_rows

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

    def selected_ids(self) -> list[int]:
        """In the order of the list."""
        picked: list[int] = []
        model = self.selectionModel()
        for part in sorted(model.selection().toList(), key=lambda part: part.top()):
            picked += self.records.ids[part.top() : part.bottom() + 1].tolist()
        return picked

    def selected_count(self) -> int:
        """How many rows are selected, without making a list of them."""
        return sum(part.height() for part in self.selectionModel().selection().toList())

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

    # Inside

    def _dress(self, columns: Sequence[Column[R]]) -> None:
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
        head.sectionClicked.connect(self._sort_by)
        for place, column in enumerate(columns):
            if column.width:
                self.setColumnWidth(place, now.px(column.width))
            else:
                head.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)
        if all(column.width for column in columns):
            head.setStretchLastSection(True)
        self._show_sort()

    def _share_width(self) -> None:
        """The widest column takes what the others leave; too little, and it keeps its room and the list scrolls."""
        head, least = self.horizontalHeader(), theme.current().px(LEAST)
        for place, column in enumerate(self.records.columns):
            if not column.width:
                others = sum(head.sectionSize(i) for i in range(head.count()) if i != place)
                enough = self.viewport().width() - others >= least
                mode = QHeaderView.ResizeMode.Stretch if enough else QHeaderView.ResizeMode.Interactive
                head.setSectionResizeMode(place, mode)
                if not enough:
                    head.resizeSection(place, least)

    def _show_sort(self) -> None:
        place = next((i for i, column in enumerate(self.records.columns) if column.key == self.sort.key), -1)
        order = Qt.SortOrder.DescendingOrder if self.sort.descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(place, order)

    def _sort_by(self, place: int) -> None:
        column = self.records.columns[place]
        if column.sortable:
            down = self.sort.key == column.key and not self.sort.descending
            self.sort = Sort(column.key, down)
            self.reload()
        self._show_sort()

    def _rows_seen(self) -> int:
        return max(20, self.viewport().height() // max(1, self.verticalHeader().defaultSectionSize()) + 1)

    def _take(self, loaded: _Loaded[R]) -> None:
        if loaded.ids == self.records.ids and self._was_loaded:
            self.records.renew(loaded.blocks)
        else:
            self.records.reset(loaded.ids, loaded.blocks)
            self._restore(loaded)
        self._was_loaded = True
        self._place_empty()
        self._look()
        self._tell_current(fresh=True)
        self.loaded.emit(len(loaded.ids))

    def _restore(self, loaded: _Loaded[R]) -> None:
        model, last = self.selectionModel(), len(self.records.columns) - 1
        picked = QItemSelection()
        for first, end in loaded.runs:
            picked.append(QItemSelectionRange(self.records.index(first, 0), self.records.index(end, last)))
        model.select(picked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if loaded.current >= 0:
            there = self.records.index(loaded.current, 0)
            model.setCurrentIndex(there, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.verticalScrollBar().setValue(loaded.top)

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
        return menu

    def copy(self) -> None:
        """The selected rows as tab-separated text with headings, as Excel pastes them."""
        ids, load_rows = self.selected_ids()[:COPY_LIMIT], self._load_rows
        columns = list(self.records.columns)

        def work(ctx: Context) -> str:
            lines = ["\t".join(column.title for column in columns)]
            for start in range(0, len(ids), BLOCK):
                for record in load_rows(ctx, ids[start : start + BLOCK]):
                    lines.append("\t".join(_plain(column.text(record)) for column in columns))
            return "\n".join(lines)

        if ids:
            self._services.tasks.query(work, QGuiApplication.clipboard().setText, owner=self, key="copy")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()
        self._place_empty()
        self._look()


class _Cell(QStyledItemDelegate):
    """Paints the shape of a state or a bar before the text, and no dotted focus box."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        state, share = index.data(STATE_ROLE), index.data(SHARE_ROLE)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        option.state &= ~QStyle.StateFlag.State_HasFocus
        words, option.text = option.text, ""
        widget = option.widget
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        now = theme.current()
        if focused and index.column() == 0:
            painter.fillRect(QRectF(option.rect.x(), option.rect.y(), 3, option.rect.height()), now.color("accent"))
        inner = option.rect.adjusted(now.px(8), 0, -now.px(8), 0)
        if state:
            side = now.px(10)
            paint_state(painter, QRectF(inner.x(), inner.center().y() - side / 2 + 0.5, side, side), state)
            inner.setLeft(inner.left() + now.px(17))
        if share is not None:
            width = min(now.px(72), inner.width() // 2)
            paint_bar(painter, QRectF(inner.x(), inner.center().y() - 2, width, 5), share)
            inner.setLeft(inner.left() + width + now.px(8))
        painter.setPen(now.color("text"))
        shown = option.fontMetrics.elidedText(words, Qt.TextElideMode.ElideRight, inner.width())
        painter.setFont(option.font)
        painter.drawText(inner, int(option.displayAlignment.value), shown)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), theme.current().row_height)


def _row_of(ids: array[int], id_: int | None, otherwise: int) -> int:
    if id_ is None:
        return otherwise
    try:
        return ids.index(id_)
    except ValueError:
        return otherwise


def _plain(text: str) -> str:
    return " ".join(text.split("\t")).replace("\n", " ")
