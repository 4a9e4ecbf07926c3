"""The model behind every list: all ids, and frozen rows for the part that is being looked at."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from console.shell.states import state_title

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex
BLOCK = 100  # rows that are read at once
BLOCKS_KEPT = 12
STATE_ROLE = Qt.ItemDataRole.UserRole + 1  # name of a state whose shape is painted before the text
SHARE_ROLE = Qt.ItemDataRole.UserRole + 2  # 0..1, painted as a bar before the text


@dataclass(frozen=True)
class Column(Generic[R]):
    """How one column is read from a row record. ``width`` in design pixels; 0 takes the room that is left.

    Where the room is short, the column with the highest ``drop`` goes first, and one with 0 never does.
    """

    key: str
    title: str
    text: Callable[[R], str]
    width: int = 120
    align: str = "left"  # left | right | center
    sortable: bool = True
    state: Callable[[R], str] | None = None
    tip: Callable[[R], str] | None = None
    share: Callable[[R], float | None] | None = None
    drop: int = 0
    shown: bool = True  # unless the person chose otherwise


_ALIGN = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "right": Qt.AlignmentFlag.AlignRight,
    "center": Qt.AlignmentFlag.AlignHCenter,
}


class RecordModel(QAbstractTableModel, Generic[R]):
    """Nothing is fetched here: the view asks for blocks in the background and hands them in."""

    def __init__(self, columns: Sequence[Column[R]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = list(columns)
        self.ids: array[int] = array("q")
        self._blocks: OrderedDict[int, list[R]] = OrderedDict()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.columns)

    def record(self, row: int) -> R | None:
        block = self._blocks.get(row // BLOCK)
        place = row % BLOCK
        return block[place] if block is not None and 0 <= row < len(self.ids) and place < len(block) else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int((_ALIGN[column.align] | Qt.AlignmentFlag.AlignVCenter).value)
        record = self.record(index.row())
        return None if record is None else _cell(column, record, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int((_ALIGN[self.columns[section].align] | Qt.AlignmentFlag.AlignVCenter).value)
        return None

    def reset(self, ids: array[int], blocks: dict[int, list[R]]) -> None:
        """A new list with the blocks that are seen first."""
        self.beginResetModel()
        self.ids = ids
        self._blocks = OrderedDict(blocks)
        self.endResetModel()

    def grow(self, ids: array[int]) -> None:
        """More rows below those that are here, which stay as they are."""
        self.beginInsertRows(QModelIndex(), len(self.ids), len(ids) - 1)
        self._blocks.pop(len(self.ids) // BLOCK, None)  # was perhaps not whole
        self.ids = ids
        self.endInsertRows()

    def renew(self, blocks: dict[int, list[R]]) -> None:
        """The same ids with fresh rows: nothing jumps, nothing flickers."""
        self._blocks = OrderedDict(blocks)
        if self.ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.ids) - 1, len(self.columns) - 1))

    def put(self, block: int, rows: list[R]) -> None:
        self._blocks[block] = rows
        self._blocks.move_to_end(block)
        while len(self._blocks) > BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        first = block * BLOCK
        last = min(first + BLOCK, len(self.ids)) - 1
        if first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def missing(self, first: int, last: int) -> list[int]:
        """Blocks that rows ``first``..``last`` need and that are not here."""
        return [block for block in range(first // BLOCK, last // BLOCK + 1) if block not in self._blocks]

    def ids_of(self, block: int) -> list[int]:
        return self.ids[block * BLOCK : (block + 1) * BLOCK].tolist()


def _cell(column: Column[R], record: R, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return column.text(record)
    if role == STATE_ROLE:
        return column.state(record) if column.state else None
    if role == SHARE_ROLE:
        return column.share(record) if column.share else None
    if role == Qt.ItemDataRole.ToolTipRole:
        return column.tip(record) if column.tip else None
    if role == Qt.ItemDataRole.AccessibleTextRole:
        text = column.text(record)
        state = state_title(column.state(record)) if column.state else ""
        return f"{state} {text}".strip() if state != text else text
    return None


def block_of(ids: array[int], block: int) -> list[int]:
    return ids[block * BLOCK : (block + 1) * BLOCK].tolist()


def ranges_of(ids: array[int], wanted: Iterable[int]) -> list[tuple[int, int]]:
    """Where ``wanted`` ids stand in ``ids``, as runs of rows (first, last)."""
    left = set(wanted)
    runs: list[tuple[int, int]] = []
    if not left:
        return runs
    for row, id_ in enumerate(ids):
        if id_ not in left:
            continue
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs
