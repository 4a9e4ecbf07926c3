from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.listing import Sort
from console.shell.records import BLOCK, BLOCKS_KEPT, ranges_of
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState


@dataclass(frozen=True)
class Row:
    id: int
    name: str


class Source:
    """Ids and rows as a use-case gives them; counts what is read."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)
        self.rows_read = 0
        self.sorts: list[Sort] = []

    def load_ids(self, ctx: Context, sort: Sort) -> list[int]:
        self.sorts.append(sort)
        return sorted(self.ids, reverse=sort.descending)

    def load_rows(self, ctx: Context, ids: Sequence[int]) -> list[Row]:
        self.rows_read += len(ids)
        return [Row(id_, f"customer {id_}") for id_ in ids]


Make = Callable[[Source], RecordTable[Row]]


@pytest.fixture
def make(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> Make:
    def build(source: Source) -> RecordTable[Row]:
        columns = [
            Column[Row]("id", "Number", lambda row: str(row.id), 80, "right"),
            Column[Row]("name", "Name", lambda row: row.name, 0, state=lambda row: "delivered"),
        ]
        empty = EmptyState("users", "No customers yet")
        table = RecordTable(services, columns, source.load_ids, source.load_rows, empty, sort=Sort("id"))
        qtbot.addWidget(table)
        table.resize(600, 400)
        table.show()
        table.reload()
        settle()
        return table

    return build


def test_shows_rows_and_is_a_sound_model(make: Make, settle: Callable[[], None]) -> None:
    source = Source(range(1, 501))
    table = make(source)
    tester = QAbstractItemModelTester(table.records, QAbstractItemModelTester.FailureReportingMode.Fatal)
    source.ids.append(501)
    table.reload()
    settle()
    assert table.records.rowCount() == 501
    assert table.records.index(0, 1).data() == "customer 1"
    assert table.records.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "Delivered customer 1"
    del tester


def test_a_million_ids_keep_memory_flat(make: Make, qtbot: QtBot, settle: Callable[[], None]) -> None:
    source = Source(range(1_000_000))
    table = make(source)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for row in range(0, 1_000_000, 50_000):
            table.verticalScrollBar().setValue(row)
            settle()
            assert table.records.index(row, 0).data() == str(row)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 2_000_000
    assert source.rows_read <= 25 * 2 * BLOCK
    assert len(table.records._blocks) <= BLOCKS_KEPT


def test_selection_follows_the_ids(make: Make, settle: Callable[[], None]) -> None:
    source = Source(range(100, 400))
    table = make(source)
    assert table.select_id(150)
    source.ids = [*range(1, 50), *source.ids]
    table.reload()
    settle()
    assert table.current_id() == 150
    assert table.selected_ids() == [150]
    row = table.current_row()
    assert row is not None
    assert row.name == "customer 150"


def test_everything_selected_stays_everything(make: Make, qtbot: QtBot, settle: Callable[[], None]) -> None:
    source = Source(range(1, 301))
    table = make(source)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(table.selected_ids()) == 300
    source.ids.append(301)
    table.reload()
    settle()
    assert len(table.selected_ids()) == 301


def test_a_header_click_sorts_both_ways(make: Make, settle: Callable[[], None]) -> None:
    source = Source(range(1, 10))
    table = make(source)
    table.horizontalHeader().sectionClicked.emit(0)
    settle()
    assert source.sorts[-1] == Sort("id", True)
    assert table.records.index(0, 0).data() == "9"
    table.horizontalHeader().sectionClicked.emit(0)
    settle()
    assert source.sorts[-1] == Sort("id", False)


def test_sorting_needs_no_pointer(make: Make, settle: Callable[[], None]) -> None:
    source = Source(range(1, 10))
    table = make(source)
    menu = table.context_menu()
    (sorting,) = [action.menu() for action in menu.actions() if action.menu() is not None]
    names = [action.text() for action in sorting.actions()]
    assert names == ["Number", "Name"]
    sorting.actions()[1].trigger()
    settle()
    assert source.sorts[-1] == Sort("name", False)


def test_enter_activates_and_current_is_told_once(make: Make, qtbot: QtBot, settle: Callable[[], None]) -> None:
    table = make(Source(range(1, 10)))
    current: list[Row | None] = []
    opened: list[Row] = []
    table.current_changed.connect(current.append)
    table.row_activated.connect(opened.append)
    table.select_id(3)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert [row.id for row in current if row] == [3]
    assert [row.id for row in opened] == [3]


def test_copies_as_excel_pastes(make: Make, qtbot: QtBot, settle: Callable[[], None]) -> None:
    table = make(Source(range(1, 10)))
    table.select_id(2)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    settle()
    assert QGuiApplication.clipboard().text() == "Number\tName\n2\tcustomer 2"


def test_an_empty_list_says_what_belongs_there(make: Make, settle: Callable[[], None]) -> None:
    source = Source([])
    table = make(source)
    assert table.findChild(EmptyState).isVisible()  # type: ignore[union-attr]
    source.ids = [1]
    table.reload()
    settle()
    assert not table.findChild(EmptyState).isVisible()  # type: ignore[union-attr]


def test_runs_of_rows() -> None:
    from array import array

    assert ranges_of(array("q", [5, 6, 7, 8, 9]), [6, 7, 9, 100]) == [(1, 2), (4, 4)]
