"""Conditions as rows and boxes that a person fills in, adds to, and moves with mouse or keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from console.core.segments import editing
from console.core.segments.conditions import Condition, Group, Node, Related
from console.core.segments.editing import Path
from console.core.segments.fields import Field, Scope
from console.screens.segments.parts import ConditionRow, GroupBox, Part, fields_in, place_of
from console.shell.widgets import clear, column

KEYS = {"up": "Ctrl+Shift+Up", "down": "Ctrl+Shift+Down", "duplicate": "Ctrl+D", "remove": "Ctrl+Shift+Del"}


class Builder(QWidget):
    """Holds the tree as it is typed, complete or not."""

    changed = Signal()
    values_wanted = Signal(object)  # Field

    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today
        self._root = Group()
        self._own: Sequence[Field] = ()
        self._editable = True
        self._parts: dict[Path, Part] = {}
        self._values: dict[str, Sequence[str]] = {}
        self._asked: set[str] = set()
        self._wrong: Path | None = None
        self._body = column(spacing=0)
        self.setLayout(self._body)
        for act, keys in KEYS.items():
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda act=act: self._act_on_focus(act))

    @property
    def root(self) -> Group:
        return self._root

    def part(self, *path: int) -> Part:
        """The frame at a place."""
        return self._parts[path]

    def show_root(self, root: Group, own: Sequence[Field], *, editable: bool) -> None:
        """Show conditions as they are stored; ``own`` are the fields that the administrator made up."""
        self._own, self._editable = own, editable
        self._build(root)

    def forget_values(self) -> None:
        """The file has changed: ask again what is in it."""
        self._values.clear()
        self._asked.clear()

    def offer(self, field: Field, values: Sequence[str]) -> None:
        self._values[field.key] = values
        for part in self._parts.values():
            if isinstance(part, ConditionRow):
                part.offer(field.key, values)

    def mark(self, path: Path | None) -> None:
        """Show which condition is not complete."""
        for place, wrong in ((self._wrong, False), (path, True)):
            if place is not None and place in self._parts:
                self._parts[place].set_wrong(wrong)
        self._wrong = path

    # Building

    def _build(self, root: Group) -> None:
        self._root, self._wrong = root, None
        self._parts = {}
        self.setUpdatesEnabled(False)
        clear(self._body)
        self._body.addWidget(self._frame(root, (), Scope.CUSTOMER))
        self.setUpdatesEnabled(True)
        for part in self._parts.values():
            if isinstance(part, ConditionRow):
                part.ask_for_values()

    def _frame(self, node: Node, path: Path, scope: Scope) -> Part:
        part = self._row(node, path, scope) if isinstance(node, Condition) else self._box(node, path, scope)
        self._parts[path] = part
        part.edited.connect(lambda edited: self._edited(path, edited))
        part.act_wanted.connect(lambda act: self._act(act, path))
        return part

    def _row(self, node: Condition, path: Path, scope: Scope) -> ConditionRow:
        made = ConditionRow(path, node, fields_in(scope, self._own), self._today, editable=self._editable)
        made.values_wanted.connect(self._want_values)
        return made

    def _box(self, node: Group | Related, path: Path, scope: Scope) -> GroupBox:
        made = GroupBox(path, node, scope, self._own, self._today, editable=self._editable)
        made.add_wanted.connect(lambda added: self._add(path, added))
        for place, each in enumerate(node.parts):
            made.body.addWidget(self._frame(each, (*path, place), made.inner))
        return made

    def _want_values(self, field: Field) -> None:
        if field.key in self._values:
            self.offer(field, self._values[field.key])
        elif field.key not in self._asked:
            self._asked.add(field.key)
            self.values_wanted.emit(field)

    # Editing

    def _edited(self, path: Path, node: Node) -> None:
        """Something was filled in: the frames stand, only the tree is another."""
        if not isinstance(node, Condition):  # its parts may have changed since the frame was made
            before = editing.node_at(self._root, path)
            assert not isinstance(before, Condition)
            node = (
                Related(node.scope, before.parts, node.logic, node.present)
                if isinstance(node, Related)
                else Group(before.parts, node.logic)
            )
        self._root = editing.replaced(self._root, path, node)
        self.changed.emit()

    def _add(self, path: Path, node: Node) -> None:
        root, place = editing.appended(self._root, path, node)
        self._rebuild(root, place)

    def _act(self, act: str, path: Path) -> None:
        if not path or not self._editable:
            return
        change: Callable[[], tuple[Group, Path]] = {
            "up": lambda: editing.moved(self._root, path, -1),
            "down": lambda: editing.moved(self._root, path, 1),
            "duplicate": lambda: editing.duplicated(self._root, path),
            "remove": lambda: (editing.removed(self._root, path), path),
        }[act]
        self._rebuild(*change())

    def _act_on_focus(self, act: str) -> None:
        path = place_of(QApplication.focusWidget())
        if path is not None:
            self._act(act, path)

    def _rebuild(self, root: Group, focus: Path) -> None:
        self._build(root)
        self.changed.emit()
        near = next((focus[:end] for end in range(len(focus), -1, -1) if focus[:end] in self._parts), ())
        part = self._parts[near]
        first = next((each for each in (*_fields(part), part) if each.isEnabled()), part)
        first.setFocus(Qt.FocusReason.OtherFocusReason)


def _fields(part: Part) -> list[QWidget]:
    return [part.field] if isinstance(part, ConditionRow) else []
