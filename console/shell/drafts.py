"""An editor beside a list: what was written and not saved waits until its record is opened again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from console.shell.table import RecordTable

NEW = 0  # id of a record that is not stored yet


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What stands in an editor; what is written is added to it."""

    id: int | None  # None: of a record that is not stored yet
    seen: int | None  # newest version that the writer has looked at


class Detail(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Detail)
D = TypeVar("D", bound=Draft)


class DraftEditor(QWidget, Generic[R, D]):
    """Holds what is written until it is saved or given up."""

    def __init__(self, blank: D) -> None:
        super().__init__()
        self.detail: R | None = None  # as stored; None: not yet
        self._stored = blank

    @property
    def draft(self) -> D:
        raise NotImplementedError

    @property
    def dirty(self) -> bool:
        return self.draft != self._stored

    def load(self, detail: R | None, begun: D | None = None) -> None:
        """Show a record, or with None a new one; ``begun`` is what was written of it and not saved yet."""
        raise NotImplementedError

    def take_as_stored(self, saved: D) -> None:
        """What differs from ``saved`` was typed since."""
        self._stored = saved

    def _hold(self, detail: R | None, stored: D, begun: D | None) -> D:
        """What is to be shown. Who began before another version was saved has not seen that one."""
        shown = begun or stored
        self.detail, self._stored = detail, replace(stored, seen=shown.seen)
        return shown


class EditorPane(QStackedWidget, Generic[R, D]):
    """The editor of the record that is open, or what is shown while none is; its list points at that record."""

    chosen = Signal(int)  # id of the row that somebody chose

    def __init__(self, table: RecordTable[Any], editor: DraftEditor[R, D], empty: QWidget) -> None:
        super().__init__()
        self._table, self._editor = table, editor
        self._waiting: dict[int, D] = {}  # what was left before it was saved
        self._pointed: int | None = None  # record whose row is current
        self.record_id: int | None = None  # record in the editor, NEW, or nothing
        self.addWidget(empty)
        self.addWidget(editor)
        table.current_changed.connect(self._current_changed)
        table.loaded.connect(lambda _number: self._point())

    def _current_changed(self, row: Detail | None) -> None:
        """Also told when the rows were read again; only another row than before is somebody's choice."""
        before, self._pointed = self._pointed, row.id if row is not None else None
        if row is not None and row.id not in (before, self.record_id):
            self.chosen.emit(row.id)

    def _point(self) -> None:
        """The list points at what is in the editor, where it shows it."""
        if self.record_id and self._table.current_id() != self.record_id:
            self._table.select_id(self.record_id)

    def show_record(self, detail: R) -> None:
        self._put_aside()
        self.record_id = detail.id
        self._editor.load(detail, self._waiting.pop(detail.id, None))
        self.setCurrentWidget(self._editor)
        self._point()

    def begin(self) -> D | None:
        """Turn to a new record; what was written of one before and not saved."""
        self._put_aside()
        self.record_id = NEW
        self._table.setCurrentIndex(QModelIndex())
        self._table.clearSelection()
        self.setCurrentWidget(self._editor)
        return self._waiting.pop(NEW, None)

    def _put_aside(self) -> None:
        if self.record_id is not None and self._editor.dirty:
            self._waiting[self.record_id] = self._editor.draft

    def saved(self, draft: D, record_id: int, number: int) -> None:
        """``draft`` is version ``number`` of a record now; what was typed meanwhile goes on from there."""
        before = draft.id or NEW
        if self.record_id == before:
            self.record_id = record_id
            self._editor.take_as_stored(replace(draft, id=record_id, seen=number))
        elif (left := self._waiting.pop(before, draft)) != draft:
            self._waiting[record_id] = replace(left, id=record_id, seen=number)
