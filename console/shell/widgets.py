"""The small vocabulary that every screen is written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QComboBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QListWidget,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.core.i18n import tr
from console.shell import theme
from console.shell.icons import icon
from console.shell.states import look, paint_state, state_title

Margins = int | tuple[int, int, int, int]  # all four, or left, top, right, bottom


def row(*items: QWidget | QLayout | int | None, spacing: int = 8, margins: Margins = 0) -> QHBoxLayout:
    """A horizontal layout; an int is a gap of so many pixels, None takes the free room."""
    layout = QHBoxLayout()
    _fill(layout, items, spacing, margins)
    return layout


def column(*items: QWidget | QLayout | int | None, spacing: int = 8, margins: Margins = 0) -> QVBoxLayout:
    """A vertical layout; an int is a gap of so many pixels, None takes the free room."""
    layout = QVBoxLayout()
    _fill(layout, items, spacing, margins)
    return layout


def _fill(layout: QBoxLayout, items: Iterable[QWidget | QLayout | int | None], spacing: int, margins: Margins) -> None:
    layout.setSpacing(spacing)
    layout.setContentsMargins(*((margins,) * 4 if isinstance(margins, int) else margins))
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        inner, widget = item.layout(), item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)


FRAME = 80  # pixels that a window's frame and a taskbar take


def open_at(window: QWidget, width: int, height: int) -> None:
    """As large as this, or as the screen has room for."""
    room = window.screen().availableGeometry()
    window.resize(min(width, room.width()), min(height, room.height() - FRAME))


# Texts


def label(text: str, look: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """``look``: title, heading, figure, quiet, small, error, or empty for plain text."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if look:
        made.setProperty("look", look)
    made.setWordWrap(wrap)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return made


def heading(text: str) -> QLabel:
    return label(text, "heading")


def separator() -> QFrame:
    line = QFrame()
    line.setObjectName("separator")
    return line


class ElidedLabel(QLabel):
    """One line that ends in an ellipsis where there is no room; the tip has the whole."""

    def __init__(self, text: str = "", look: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if look:
            self.setProperty("look", look)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(24)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 4, hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(self.text() if shown != self.text() else "")
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


# Buttons


class _Button(QPushButton):
    """Enter presses it where it has the focus, outside dialogs too."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


def _button(text: str, kind: str, clicked: Callable[[], object] | None, icon_name: str, tint: str) -> QPushButton:
    made = _Button(text)
    made.setProperty("kind", kind)
    made.setAutoDefault(False)
    made.setAccessibleName(text)
    if icon_name:
        made.setIcon(icon(icon_name, tint))
    px = theme.current().px
    made.setIconSize(QSize(px(19), px(16)))
    if clicked is not None:
        made.clicked.connect(lambda _checked=False: clicked())
    return made


def primary_button(text: str, clicked: Callable[[], object] | None = None, icon_name: str = "") -> QPushButton:
    return _button(text, "primary", clicked, icon_name, "on_accent")


def quiet_button(text: str, clicked: Callable[[], object] | None = None, icon_name: str = "") -> QPushButton:
    return _button(text, "quiet", clicked, icon_name, "quiet")


def danger_button(text: str, clicked: Callable[[], object] | None = None, icon_name: str = "") -> QPushButton:
    return _button(text, "danger", clicked, icon_name, "bad")


def flat_button(text: str, clicked: Callable[[], object] | None = None, icon_name: str = "") -> QPushButton:
    return _button(text, "flat", clicked, icon_name, "quiet")


def link_button(text: str, clicked: Callable[[], object] | None = None) -> QPushButton:
    made = _button(text, "link", clicked, "", "link")
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    return made


def icon_button(icon_name: str, name: str, clicked: Callable[[], object] | None = None) -> QToolButton:
    """A button without a word; ``name`` is its tip and accessible name."""
    made = QToolButton()
    made.setProperty("kind", "flat")
    made.setIcon(icon(icon_name))
    side = theme.current().px(16)
    made.setIconSize(QSize(side, side))
    made.setToolTip(name)
    made.setAccessibleName(name)
    if clicked is not None:
        made.clicked.connect(lambda _checked=False: clicked())
    return made


# States


class StateShape(QWidget):
    """The painted shape of a state, without its word."""

    def __init__(self, state: str, size: int = 0) -> None:
        super().__init__()
        self._state = state
        size = size or theme.current().px(12)
        # as high as a line of text, so that it stands beside the first line of what it marks
        self.setFixedSize(size, max(size, self.fontMetrics().height()))
        self.setAccessibleName(state_title(state))

    def set_state(self, state: str) -> None:
        self._state = state
        self.setAccessibleName(state_title(state))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_state(painter, QRectF(self.rect()), self._state)


class StateBadge(QWidget):
    """Shape and word on a pale ground."""

    def __init__(self, state: str, text: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_state(state, text)

    def set_state(self, state: str, text: str = "") -> None:
        self._state = state
        self._text = text or state_title(state)
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        px = theme.current().px
        return QSize(self.fontMetrics().horizontalAdvance(self._text) + px(30), self.fontMetrics().height() + px(6))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        tone = look(self._state).tone
        painter.setBrush(now.color(f"{tone}_soft"))
        painter.drawRoundedRect(self.rect(), self.height() / 2, self.height() / 2)
        side = now.px(9)
        paint_state(painter, QRectF(now.px(8), (self.height() - side) / 2, side, side), self._state)
        painter.setPen(now.color(tone))
        words = self.rect().adjusted(now.px(21), 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._text)


# Groups


class Card(QFrame):
    """A bordered surface with an optional heading and a body that grows downwards."""

    def __init__(self, title: str = "", *, spacing: int = 8) -> None:
        super().__init__()
        self.setObjectName("card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(16, 12, 16, 14)
        self.body.setSpacing(spacing)
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        if title:
            self.setAccessibleName(title)
            self.head.addWidget(heading(title))
            self.head.addStretch(1)
            self.body.addLayout(self.head)

    def add(self, *items: QWidget | QLayout) -> None:
        for item in items:
            if isinstance(item, QWidget):
                self.body.addWidget(item)
            else:
                self.body.addLayout(item)


class EmptyState(QWidget):
    """What belongs here, and the way to get it: a list without rows is never just blank."""

    def __init__(
        self,
        icon_name: str,
        title: str,
        text: str = "",
        action: str = "",
        act: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        picture = QLabel()
        picture.setPixmap(icon(icon_name).pixmap(QSize(40, 40)))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = label(title, "heading", wrap=True)
        self._text = label(text, "quiet", wrap=True)
        for words in (self._title, self._text):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        if not text:
            self._text.hide()
        inside = column(None, picture, self._title, self._text, spacing=8, margins=24)
        if action:
            self.button = quiet_button(action, act)
            inside.addSpacing(4)
            inside.addLayout(row(None, self.button, None))
        inside.addStretch(1)
        outside = row(None, inside, None)
        self.setLayout(outside)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Wrapped words would stand in a narrow column of their own; in a narrow list they take what there is."""
        for words in (self._title, self._text):
            words.setMinimumWidth(max(80, min(312, self.width() - 48)))

    def say(self, title: str, text: str = "") -> None:
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))


class KeyValues(QWidget):
    """Quiet names on the left, values on the right."""

    def __init__(self, pairs: Sequence[tuple[str, str | QWidget]] = ()) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._values: dict[str, QLabel] = {}
        self.set_pairs(pairs)

    def set_pairs(self, pairs: Sequence[tuple[str, str | QWidget]]) -> None:
        """The same names as before only change their values, so that a selection in them stays."""
        if self._values and [name for name, _value in pairs] == list(self._values):
            for name, value in pairs:
                if isinstance(value, str):
                    self._values[name].setText(value)
            if all(isinstance(value, str) for _name, value in pairs):
                return
        clear(self._grid)
        self._values = {}
        for place, (name, value) in enumerate(pairs):
            shown = value if isinstance(value, QWidget) else label(value, wrap=True, selectable=True)
            if isinstance(shown, QLabel):
                self._values[name] = shown
            named = label(name, "quiet")
            named.setBuddy(shown)
            self._grid.addWidget(named, place, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(shown, place, 1)
            for each in (named, shown):
                each.show()


class TextList(QListWidget):
    """A short list of words. Rows filled in before the style sheet was known are laid out again when it is."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.doItemsLayout()


def inset(spin: QAbstractSpinBox) -> None:
    """A style sheet's padding does not reach the text of a spin box, but it does that of one with a calendar."""
    line = spin.lineEdit()
    if line is not None and not (isinstance(spin, QDateTimeEdit) and spin.calendarPopup()):
        line.setTextMargins(theme.current().px(6), 0, 0, 0)


def scroll(inside: QWidget) -> QScrollArea:
    """``inside`` in a frameless area that scrolls up and down."""
    area = QScrollArea()
    inside.setProperty("scrolled", True)
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def master_detail(left: QWidget, right: QWidget, *, shares: tuple[int, int] = (3, 2)) -> QSplitter:
    """List left, details right; the list never goes away."""
    split = QSplitter(Qt.Orientation.Horizontal)
    split.setChildrenCollapsible(False)
    split.setHandleWidth(1)
    for pane, share in ((left, shares[0]), (right, shares[1])):
        split.addWidget(pane)
        split.setStretchFactor(split.indexOf(pane), share)
    left.setMinimumWidth(320)
    right.setMinimumWidth(300)
    split.setSizes([shares[0] * 240, shares[1] * 240])
    return split


# Search and filters


class FilterBox(QComboBox):
    """A choice that narrows a list; the first entry takes everything in."""

    chosen = Signal(object)

    def __init__(self, name: str, choices: Sequence[tuple[object, str]] = (), *, everything: object = "") -> None:
        super().__init__()
        self._name = name
        self._everything = everything
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(1)  # may be narrower than its longest choice
        self.set_choices(choices)
        self.activated.connect(lambda: self.chosen.emit(self.value()))
        self.currentIndexChanged.connect(lambda _index: self.updateGeometry())

    def minimumSizeHint(self) -> QSize:
        """Room for what is chosen."""
        hint = super().minimumSizeHint()
        words = self.fontMetrics().horizontalAdvance(self.currentText()) + theme.current().px(58)
        return QSize(min(max(hint.width(), words), self.sizeHint().width()), hint.height())

    def set_choices(self, choices: Sequence[tuple[object, str]]) -> None:
        """Keeps what was chosen where it is still on offer."""
        before = self.value() if self.count() else self._everything
        self.clear()
        self.addItem(tr("{name}: all", name=self._name), self._everything)
        for value, text in choices:
            self.addItem(text, value)
        self.set_value(before)

    def value(self) -> object:
        return self.currentData()

    def set_value(self, value: object) -> None:
        self.setCurrentIndex(max(0, next((i for i in range(self.count()) if self.itemData(i) == value), 0)))


# Questions


def confirm(parent: QWidget, title: str, text: str, action: str, *, danger: bool = False) -> bool:
    """Ask once. A dangerous action is never the default button."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setMinimumWidth(theme.current().px(380))
    buttons = QDialogButtonBox()
    yes = danger_button(action) if danger else primary_button(action)
    no = quiet_button(tr("Cancel"))
    buttons.addButton(yes, QDialogButtonBox.ButtonRole.AcceptRole)
    buttons.addButton(no, QDialogButtonBox.ButtonRole.RejectRole)
    (no if danger else yes).setDefault(True)
    (no if danger else yes).setFocus()
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    dialog.setLayout(column(heading(title), label(text, wrap=True), 8, buttons, margins=20))
    try:
        return dialog.exec() == QDialog.DialogCode.Accepted
    finally:
        dialog.deleteLater()
