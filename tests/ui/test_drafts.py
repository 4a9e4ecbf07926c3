"""An editor beside a list, with notes in place of segments or templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.listing import Sort
from console.shell.drafts import NEW, Draft, DraftEditor, EditorPane
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, column


@dataclass(frozen=True)
class Note:
    id: int
    text: str
    number: int = 1


@dataclass(frozen=True, kw_only=True)
class NoteDraft(Draft):
    text: str


BLANK = NoteDraft(id=None, seen=None, text="")


class NoteEditor(DraftEditor[Note, NoteDraft]):
    def __init__(self) -> None:
        super().__init__(BLANK)
        self.field = QLineEdit()
        self.setLayout(column(self.field))

    @property
    def draft(self) -> NoteDraft:
        return replace(self._stored, text=self.field.text())

    def load(self, detail: Note | None, begun: NoteDraft | None = None) -> None:
        stored = BLANK if detail is None else NoteDraft(id=detail.id, seen=detail.number, text=detail.text)
        self.field.setText(self._hold(detail, stored, begun).text)


Pane = EditorPane[Note, NoteDraft]


@pytest.fixture
def table(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> RecordTable[Note]:
    def ids(_ctx: Context, _sort: Sort) -> list[int]:
        return [1, 2, 3]

    def rows(_ctx: Context, ids: Sequence[int]) -> list[Note]:
        return [Note(each, f"note {each}") for each in ids]

    columns = [Column[Note]("text", "Note", lambda note: note.text, 0)]
    made = RecordTable(services, columns, ids, rows, EmptyState("filter", "No notes", ""), sort=Sort("text"))
    qtbot.addWidget(made)
    made.resize(300, 200)
    made.show()
    made.reload()
    settle()
    return made


@pytest.fixture
def editor() -> NoteEditor:
    return NoteEditor()


@pytest.fixture
def pane(qtbot: QtBot, table: RecordTable[Note], editor: NoteEditor) -> Pane:
    made = EditorPane(table, editor, QLabel("nothing is open"))
    qtbot.addWidget(made)
    return made


def test_another_row_is_a_choice_and_the_same_row_read_again_is_none(
    pane: Pane, table: RecordTable[Note], settle: Callable[[], None]
) -> None:
    chosen: list[int] = []
    pane.chosen.connect(chosen.append)
    table.select_id(2)
    assert chosen == [2]
    table.reload()
    settle()
    assert chosen == [2]
    pane.show_record(Note(3, "note 3"))
    assert table.current_id() == 3  # the list points at what is open, and nobody chose it
    assert chosen == [2]


def test_what_was_not_saved_waits_for_its_record(pane: Pane, table: RecordTable[Note], editor: NoteEditor) -> None:
    assert pane.currentWidget() is not editor
    pane.show_record(Note(1, "note 1"))
    assert pane.currentWidget() is editor
    assert not editor.dirty
    editor.field.setText("note 1, longer")
    editor.load(None, pane.begin())
    assert (pane.record_id, editor.field.text(), table.current_id()) == (NEW, "", None)
    editor.field.setText("a new one")
    editor.load(None, pane.begin())
    assert editor.field.text() == "a new one"
    pane.show_record(Note(1, "note 1"))
    assert editor.field.text() == "note 1, longer"
    assert editor.dirty
    editor.load(editor.detail)  # given up
    pane.show_record(Note(2, "note 2"))
    pane.show_record(Note(1, "note 1"))
    assert editor.field.text() == "note 1"
    editor.load(None, pane.begin())
    assert editor.field.text() == "a new one"


def test_who_began_before_another_version_was_saved_has_not_seen_it(pane: Pane, editor: NoteEditor) -> None:
    pane.show_record(Note(1, "note 1"))
    editor.field.setText("mine")
    pane.show_record(Note(2, "note 2"))
    pane.show_record(Note(1, "theirs", number=2))
    assert editor.draft == NoteDraft(id=1, seen=1, text="mine")
    editor.load(editor.detail)
    assert editor.draft == NoteDraft(id=1, seen=2, text="theirs")


def test_a_record_that_is_shown_again_keeps_what_was_written(pane: Pane, editor: NoteEditor) -> None:
    pane.show_record(Note(1, "note 1"))
    editor.field.setText("half a sen")
    pane.show_record(Note(1, "note 1"))  # a step of its review was taken, for instance
    assert editor.field.text() == "half a sen"


def test_what_is_typed_while_it_is_saved_goes_on_from_the_new_version(pane: Pane, editor: NoteEditor) -> None:
    editor.load(None, pane.begin())
    editor.field.setText("one")
    saving = editor.draft
    editor.field.setText("one, two")
    pane.saved(saving, 7, 1)
    pane.show_record(Note(7, "one"))
    assert editor.draft == NoteDraft(id=7, seen=1, text="one, two")
    assert editor.dirty
    pane.saved(editor.draft, 7, 2)
    assert not editor.dirty
    pane.show_record(Note(7, "one, two", number=2))
    assert not editor.dirty
    editor.load(None, pane.begin())
    assert editor.field.text() == ""  # it is a record now


@pytest.mark.parametrize(("left", "shown"), [("one", "one"), ("one, two", "one, two")])
def test_a_record_that_was_left_while_it_was_saved(pane: Pane, editor: NoteEditor, left: str, shown: str) -> None:
    pane.show_record(Note(1, "note 1"))
    editor.field.setText("one")
    saving = editor.draft
    editor.field.setText(left)
    pane.show_record(Note(2, "note 2"))
    editor.field.setText("of another")
    pane.saved(saving, 1, 2)
    pane.show_record(Note(1, "one", number=2))
    assert editor.draft == NoteDraft(id=1, seen=2, text=shown)
    assert editor.dirty == (left != "one")
    pane.show_record(Note(2, "note 2"))
    assert editor.field.text() == "of another"
