"""The frames of the builder: one row for a condition, one box for a group or for "has a loan that ..."."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QMenu, QSizePolicy, QWidget

from console.core.i18n import tr
from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.editing import Path
from console.core.segments.fields import FIELDS, SCOPE_TITLES, WITHIN, Field, Scope, field_of
from console.core.segments.operators import OPERATORS, Operator
from console.core.segments.sentence import HAS, operator_title
from console.screens.segments.answers import Answer, Several, answer_for, default_value
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.widgets import column, flat_button, icon_button, row


class Part(QFrame):
    """What stands at one place of the tree."""

    edited = Signal(object)  # another condition, group or Related in this place
    act_wanted = Signal(str)  # up | down | duplicate | remove

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def set_wrong(self, wrong: bool) -> None:
        self.setProperty("wrong", wrong)
        self.style().unpolish(self)
        self.style().polish(self)

    def _actions(self) -> QHBoxLayout:
        acts = (
            ("arrow-up", tr("Move up (Ctrl+Shift+Up)"), "up"),
            ("arrow-down", tr("Move down (Ctrl+Shift+Down)"), "down"),
            ("copy", tr("Duplicate (Ctrl+D)"), "duplicate"),
            ("x", tr("Remove (Ctrl+Shift+Delete)"), "remove"),
        )
        line = row(spacing=0)
        for picture, name, act in acts:
            button = icon_button(picture, name, partial(self.act_wanted.emit, act))
            button.setFixedWidth(theme.current().px(28))
            button.setProperty("kind", "tight")
            line.addWidget(button)
        return line


class ConditionRow(Part):
    """Field, question, answer: read from left to right it is the sentence."""

    values_wanted = Signal(object)  # Field whose values the office has to be asked for

    def __init__(self, path: Path, node: Condition, fields: Sequence[Field], today: date, *, editable: bool) -> None:
        super().__init__(path)
        self.setObjectName("conditionrow")
        self._today = today
        self._fields = {field.key: field for field in fields}
        self._field = self._fields.setdefault(node.field, field_of(node.field))
        self.field = _box(tr("Field"), [(key, str(each.title)) for key, each in self._fields.items()], node.field)
        self.operator = _box(tr("Condition"), _questions(self._field), node.operator.value)
        self.answer = Answer()
        said = QWidget()
        self._said = FlowLayout(6, 4)
        said.setLayout(self._said)
        for box in (self.field, self.operator):
            self._said.addWidget(box)
        line = row(said, spacing=6, margins=(8, 4, 4, 4))
        line.setStretch(0, 1)
        if editable:
            line.addLayout(self._actions())
        self.setLayout(line)
        self.field.currentIndexChanged.connect(lambda _index: self._field_changed())
        self.operator.currentIndexChanged.connect(lambda _index: self._operator_changed())
        self._ask(node.value)
        self.setEnabled(editable)

    def node(self) -> Condition:
        return Condition(self._field.key, Operator(self.operator.currentData()), self.answer.value())

    def offer(self, key: str, values: Sequence[str]) -> None:
        if key == self._field.key and isinstance(self.answer, Several):
            self.answer.offer(values)

    def _ask(self, value: Sequence[str]) -> None:
        before, self.answer = (
            self.answer,
            answer_for(self._field, Operator(self.operator.currentData()), value, str(self._field.title)),
        )
        self._said.removeWidget(before)
        before.deleteLater()
        self._said.addWidget(self.answer)
        self.answer.setVisible(self.answer.line.count() > 0)
        self.answer.changed.connect(self._tell)

    def ask_for_values(self) -> None:
        if isinstance(self.answer, Several) and self._field.choices is None:
            self.values_wanted.emit(self._field)

    def _field_changed(self) -> None:
        self._field = self._fields[self.field.currentData()]
        self.operator.blockSignals(True)
        self.operator.clear()
        for key, title in _questions(self._field):
            self.operator.addItem(title, key)
        self.operator.blockSignals(False)
        self._operator_changed(keep=False)

    def _operator_changed(self, *, keep: bool = True) -> None:
        """What was filled in stays where the new question wants the same."""
        operator, before = Operator(self.operator.currentData()), self.answer.value()
        fresh = default_value(operator, self._today)
        same = keep and (len(before) == len(fresh) or isinstance(self.answer, Several))
        try:
            self._ask(before if same else fresh)
        except ValueError:  # days where a number was
            self._ask(fresh)
        self.ask_for_values()
        self._tell()

    def _tell(self) -> None:
        self.edited.emit(self.node())


class GroupBox(Part):
    """A head that says how the parts belong together, the parts, and a button for one more."""

    add_wanted = Signal(object)  # Node

    def __init__(
        self, path: Path, node: Group | Related, scope: Scope, own: Sequence[Field], today: date, *, editable: bool
    ) -> None:
        super().__init__(path)
        self.setObjectName("conditiongroup" if path else "conditionroot")
        self._node = node
        self.inner = node.scope if isinstance(node, Related) else scope
        self.logic = _box(tr("How the conditions belong together"), _logics(node), node.logic.value)
        said = QWidget()
        words = FlowLayout(6, 4)
        said.setLayout(words)
        if isinstance(node, Related):
            has = [(present, str(HAS[node.scope][0 if present else 1])) for present in (True, False)]
            self.has = _box(str(SCOPE_TITLES[node.scope]), has, node.present)
            self.has.currentIndexChanged.connect(lambda _index: self._changed())
            words.addWidget(self.has)
        words.addWidget(self.logic)
        self.logic.setVisible(not isinstance(node, Related) or len(node.parts) > 1)
        head = row(said, spacing=6)
        head.setStretch(0, 1)
        if path and editable:
            head.addLayout(self._actions())
        self.logic.currentIndexChanged.connect(lambda _index: self._changed())
        self.body = column(spacing=4)
        margins = (10, 6, 4, 8) if path else (0, 0, 0, 0)
        whole = column(head, self.body, spacing=6, margins=margins)
        if editable:
            self.add = AddButton(self.inner, own, today)
            self.add.wanted.connect(self.add_wanted)
            whole.addWidget(self.add)
        self.setLayout(whole)
        for box in (self.logic, *([self.has] if isinstance(node, Related) else [])):
            box.setEnabled(editable)

    def _changed(self) -> None:
        logic = Logic(self.logic.currentData())
        if isinstance(self._node, Related):
            self._node = Related(self._node.scope, self._node.parts, logic, bool(self.has.currentData()))
        else:
            self._node = Group(self._node.parts, logic)
        self.edited.emit(self._node)


def fields_in(scope: Scope, own: Sequence[Field]) -> list[Field]:
    return [field for field in (*FIELDS.values(), *own) if field.scope is scope]


def new_condition(field: Field, today: date) -> Condition:
    operator = OPERATORS[field.kind][0]
    return Condition(field.key, operator, default_value(operator, today))


def _questions(field: Field) -> list[tuple[str, str]]:
    return [(each.value, operator_title(field, each)) for each in OPERATORS[field.kind]]


def _logics(node: Group | Related) -> list[tuple[str, str]]:
    logics = [(Logic.ALL.value, tr("all of these hold")), (Logic.ANY.value, tr("any of these holds"))]
    return logics if isinstance(node, Related) else [*logics, (Logic.NONE.value, tr("none of these holds"))]


def _box(name: str, choices: Sequence[tuple[object, str]], chosen: object) -> QComboBox:
    box = _StillBox()
    box.setAccessibleName(name)
    for key, title in choices:
        box.addItem(title, key)
    box.setCurrentIndex(max(0, next((i for i in range(box.count()) if box.itemData(i) == chosen), 0)))
    return box


class _StillBox(QComboBox):
    """The wheel scrolls the page, not the choice under the pointer."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(lambda _index: self.updateGeometry())

    def sizeHint(self) -> QSize:
        """As wide as what is chosen, so that a row reads like a sentence."""
        wide = self.fontMetrics().horizontalAdvance(self.currentText()) + theme.current().px(58)
        return QSize(max(wide, theme.current().px(64)), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class AddButton(QWidget):
    """One more condition, or a record that there must (not) be."""

    wanted = Signal(object)  # Node

    def __init__(self, scope: Scope, own: Sequence[Field], today: date) -> None:
        super().__init__()
        self.button = flat_button(tr("Add a condition"), None, "plus")
        self.button.setProperty("menu", "true")
        self.menu = QMenu(self)
        self.button.setMenu(self.menu)
        self.setLayout(row(self.button, None))
        direct = self.menu.addMenu(str(SCOPE_TITLES[scope])) if scope is Scope.CUSTOMER else self.menu
        for field in fields_in(scope, own):
            self._entry(direct, str(field.title), new_condition(field, today))
        for inner in WITHIN.get(scope, ()):
            deeper = self.menu.addMenu(str(SCOPE_TITLES[inner]))
            for present, title in zip((True, False), HAS[inner], strict=True):
                self._entry(deeper, str(title), Related(inner, present=present))
            deeper.addSeparator()
            for field in fields_in(inner, ()):
                self._entry(deeper, str(field.title), Related(inner, (new_condition(field, today),)))
        self.menu.addSeparator()
        group = Group((new_condition(fields_in(scope, ())[0], today),), Logic.ANY)
        self._entry(self.menu, tr("A group of conditions"), group)

    def _entry(self, menu: QMenu, title: str, node: Node) -> None:
        menu.addAction(title).triggered.connect(lambda _checked=False: self.wanted.emit(node))


def place_of(widget: QWidget | None) -> Path | None:
    """The path of the part in which a widget stands."""
    while widget is not None:
        if isinstance(widget, Part):
            return widget.path
        widget = widget.parentWidget()
    return None
