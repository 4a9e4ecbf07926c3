from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.listing import Layout, Sort, load_layout
from console.shell.cells import plain_cell
from console.shell.records import BLOCK, BLOCKS_KEPT, RecordModel, ranges_of
from console.shell.services import Services
from console.shell.table import HEAD, Column, RecordTable
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


class SlowSource(Source):
    """Its first page comes at once; all ids only when ``gate`` opens."""

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(ids)
        self.gate = threading.Event()

    def load_head(self, ctx: Context, sort: Sort, limit: int) -> list[int]:
        return sorted(self.ids, reverse=sort.descending)[:limit]

    def load_ids(self, ctx: Context, sort: Sort) -> list[int]:
        self.gate.wait()
        return super().load_ids(ctx, sort)


Make = Callable[[Source], RecordTable[Row]]
COLUMNS = [
    Column[Row]("id", "Number", lambda row: str(row.id), 80, "right"),
    Column[Row]("name", "Name", lambda row: row.name, 0, state=lambda row: "delivered"),
    Column[Row]("twice", "Twice", lambda row: str(row.id * 2), 90, drop=1),
    Column[Row]("thrice", "Thrice", lambda row: f"={row.id * 3}", 90, drop=2, shown=False),
]


@pytest.fixture
def slow(qtbot: QtBot, services: Services) -> Iterator[tuple[SlowSource, RecordTable[Row]]]:
    """A list whose first page is there and whose end is not."""
    source = SlowSource(range(1, 351))
    table = RecordTable(
        services, COLUMNS[:2], source.load_ids, source.load_rows, EmptyState("users", "No customers yet"),
        sort=Sort("id"), load_head=source.load_head,
    )  # fmt: skip
    qtbot.addWidget(table)
    table.resize(600, 400)
    table.show()
    table.reload()
    qtbot.waitUntil(lambda: len(table) == HEAD)
    yield source, table
    source.gate.set()


@pytest.fixture
def wide(qtbot: QtBot, services: Services) -> Callable[[], RecordTable[Row]]:
    """``wide()``: a list with many columns, whose layout is kept under one name."""

    def build() -> RecordTable[Row]:
        source = Source(range(1, 10))
        table = RecordTable(
            services, COLUMNS, source.load_ids, source.load_rows, EmptyState("users", "No customers yet"),
            sort=Sort("id"), name="test",
        )  # fmt: skip
        qtbot.addWidget(table)
        table.resize(600, 400)
        table.show()
        table.reload()
        return table

    return build


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


def test_painting_asks_no_row_of_a_long_selection(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt's header asks each selected row of each column, for as long as a quarter of a minute."""
    asked: list[int] = []

    class Counting(RecordModel[Row]):
        def rowCount(self, *args: Any) -> int:
            asked.append(1)
            return super().rowCount(*args)

    monkeypatch.setattr("console.shell.table.RecordModel", Counting)
    table = make(Source(range(5_000)))
    table.selectAll()
    assert table.selected_count() == 5_000
    asked.clear()
    table.grab()
    table.horizontalHeader().grab()
    assert len(asked) < 1_000


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


def test_a_list_lands_on_what_was_sought_or_on_its_first_row(make: Make, settle: Callable[[], None]) -> None:
    source = Source(range(100, 130))
    table = make(source)
    table.loaded.connect(table.land)
    table.reload()
    settle()
    assert table.selected_ids() == [100]
    table.seek(117)
    table.reload()
    settle()
    assert table.selected_ids() == [117]
    table.reload()  # what was sought once is not sought again
    table.select_id(120)
    settle()
    assert table.current_id() == 120
    table.seek(5)  # the list has no such row
    source.ids = list(range(121, 130))
    table.reload()
    settle()
    assert table.selected_ids() == [121]
    source.ids = []
    table.reload()
    settle()
    assert table.current_id() is None


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


def test_all_of_one_filter_are_not_all_of_the_next(make: Make, settle: Callable[[], None]) -> None:
    source = Source([7])
    table = make(source)
    table.select_id(7)
    whole = Source(range(1, 31))
    table.set_loaders(whole.load_ids, whole.load_rows)
    table.reload()
    settle()
    assert table.selected_ids() == [7]
    table.selectAll()
    few = Source([3, 4, 5])
    table.set_loaders(few.load_ids, few.load_rows)
    table.reload()
    settle()
    assert table.selected_ids() == [3, 4, 5]
    table.set_loaders(whole.load_ids, whole.load_rows)
    table.reload()
    settle()
    assert table.selected_ids() == [3, 4, 5]


def test_one_row_found_does_not_bring_the_next(make: Make, settle: Callable[[], None]) -> None:
    source = Source([7])
    table = make(source)
    table.select_id(7)
    source.ids.append(8)
    table.reload()
    settle()
    assert table.selected_ids() == [7]


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
    sorting = next(action.menu() for action in menu.actions() if action.text() == "Sort by")
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


def test_the_first_page_does_not_wait_for_the_rest(
    slow: tuple[SlowSource, RecordTable[Row]], qtbot: QtBot, settle: Callable[[], None]
) -> None:
    source, table = slow
    told: list[int] = []
    table.loaded.connect(told.append)
    assert table.records.index(0, 1).data() == "customer 1"
    assert not table.complete
    table.select_id(7)
    table.verticalScrollBar().setValue(20)
    source.gate.set()
    settle()
    assert len(table) == 350
    assert told == [350]
    assert table.current_id() == 7
    assert table.selected_ids() == [7]
    assert table.verticalScrollBar().value() == 20
    table.verticalScrollBar().setValue(340)
    settle()
    assert table.records.index(349, 1).data() == "customer 350"


def test_all_that_match_are_selected_before_they_are_read(
    slow: tuple[SlowSource, RecordTable[Row]], qtbot: QtBot, settle: Callable[[], None]
) -> None:
    source, table = slow
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    source.gate.set()
    settle()
    assert table.selected_count() == 350
    assert list(table.picked()) == list(range(1, 351))


def test_a_list_that_changed_meanwhile_is_read_again(
    slow: tuple[SlowSource, RecordTable[Row]], settle: Callable[[], None]
) -> None:
    source, table = slow
    table.select_id(50)
    source.ids = [id_ for id_ in source.ids if id_ != 3]
    source.gate.set()
    settle()
    assert len(table) == 349
    assert table.current_id() == 50


def test_another_order_begins_at_the_top_and_keeps_the_selection(
    slow: tuple[SlowSource, RecordTable[Row]], qtbot: QtBot, settle: Callable[[], None]
) -> None:
    source, table = slow
    source.gate.set()
    settle()
    table.select_id(5)
    table.verticalScrollBar().setValue(200)
    source.gate.clear()
    table._sort_by(0)
    table._sort_by(0)  # overtakes
    table._sort_by(0)
    qtbot.waitUntil(lambda: table.records.index(0, 0).data() == "350")
    assert table.verticalScrollBar().value() == 0
    source.gate.set()
    settle()
    assert table.selected_ids() == [5]
    assert table.current_id() == 5


def test_columns_are_chosen_moved_and_kept(
    wide: Callable[[], RecordTable[Row]], ctx: Context, settle: Callable[[], None], qtbot: QtBot
) -> None:
    table = wide()
    settle()
    assert table.columns.visible() == [0, 1, 2]
    chooser = next(action.menu() for action in table.context_menu().actions() if action.text() == "Columns")
    names = {action.text(): action for action in chooser.actions()}
    names["Thrice"].trigger()
    names["Twice"].trigger()
    table.columns.move(3, -1)
    table.horizontalHeader().resizeSection(0, 123)
    assert table.columns.visible() == [0, 3, 1]
    qtbot.waitUntil(lambda: load_layout(ctx, "test") is not None)
    settle()
    kept = load_layout(ctx, "test")
    assert kept is not None
    assert kept.shown == ("id", "thrice", "name")
    assert kept.hidden == ("twice",)
    again = wide()
    settle()
    assert again.columns.visible() == [0, 3, 1]
    assert again.horizontalHeader().sectionSize(0) == 123
    again.columns.reset()
    settle()
    assert again.columns.visible() == [0, 1, 2]
    assert load_layout(ctx, "test") is None


def test_the_last_column_stays(wide: Callable[[], RecordTable[Row]], settle: Callable[[], None]) -> None:
    table = wide()
    settle()
    for place in (0, 2):
        table.columns.show_column(place, False)
    chooser = next(action.menu() for action in table.context_menu().actions() if action.text() == "Columns")
    assert [action.text() for action in chooser.actions() if action.isCheckable() and not action.isEnabled()] == [
        "Name"
    ]


def test_what_has_no_room_drops_out(wide: Callable[[], RecordTable[Row]], settle: Callable[[], None]) -> None:
    table = wide()
    settle()
    table.columns.show_column(3, True)
    assert table.columns.visible() == [0, 1, 2, 3]
    table.resize(320, 400)
    assert table.columns.visible() == [0, 1, 2]
    table.resize(240, 400)
    assert table.columns.visible() == [0, 1]
    assert not table.horizontalScrollBar().isVisible()
    table.resize(600, 400)
    assert table.columns.visible() == [0, 1, 2, 3]


def test_a_stored_layout_of_another_version_does_no_harm() -> None:
    assert Layout.load("nonsense") == Layout()
    odd = Layout.load({"shown": ["a", 3], "hidden": [], "widths": {"a": "wide", "b": 40}})
    assert odd == Layout(shown=("a",), widths={"b": 40})


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|'/C calc'!A0", "'+cmd|'/C calc'!A0"),
        ("-2,300.50", "-2,300.50"),
        ("138****8000", "138****8000"),
        ("two\tcells\nor lines", "two cells or lines"),
        ("-", "'-"),
    ],
)
def test_a_cell_on_the_clipboard_is_no_formula(text: str, cell: str) -> None:
    assert plain_cell(text) == cell


def test_copies_the_columns_that_are_seen(
    wide: Callable[[], RecordTable[Row]], qtbot: QtBot, settle: Callable[[], None]
) -> None:
    table = wide()
    settle()
    table.columns.show_column(3, True)
    table.columns.show_column(1, False)
    table.select_id(2)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    settle()
    assert QGuiApplication.clipboard().text() == "Number\tTwice\tThrice\n2\t4\t'=6"
