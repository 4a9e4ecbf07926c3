"""The base of every screen: a bar above, the content below, and a rule for when to look again."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QTableView, QVBoxLayout, QWidget

from console.core.events import Change, Topic
from console.core.security.permissions import Permission
from console.shell import theme
from console.shell.search import SearchField
from console.shell.services import Services
from console.shell.widgets import FilterBox, label, primary_button, quiet_button, row


class PageBar(QFrame):
    """Title, search field, filters, quiet actions, and one primary action.

    Where there is no room for them, quiet actions show only their picture, the last one first.
    """

    into_list = Signal()  # Down in the search field

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("pagebar")
        self.title = label(title, "title")
        self.search: SearchField | None = None
        self.primary: QPushButton | None = None
        self._left = row(self.title, spacing=12)
        self._right = row(spacing=8)
        self._actions: list[QPushButton] = []  # with a picture
        self._words: dict[QPushButton, str] = {}  # of those that show only that now
        whole = row(self._left, None, self._right, spacing=12)
        whole.setContentsMargins(20, 0, 16, 0)
        self.setLayout(whole)
        self.setFixedHeight(theme.current().px(52))

    def set_title(self, title: str) -> None:
        self.title.setText(title)

    def add_search(self, placeholder: str, searched: Callable[[str], object]) -> SearchField:
        """At most one a page; Ctrl+F goes to it."""
        self.search = SearchField(placeholder)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.searched.connect(searched)
        self.search.down.connect(self.into_list)
        self._left.addSpacing(8)
        self._left.addWidget(self.search, 1)
        return self.search

    def add_filter(self, box: FilterBox, chosen: Callable[[object], object] | None = None) -> FilterBox:
        if chosen is not None:
            box.chosen.connect(chosen)
        self._left.addWidget(box)
        return box

    def add_action(self, text: str, clicked: Callable[[], object] | None = None, icon_name: str = "") -> QPushButton:
        """A quiet action left of the primary one."""
        button = quiet_button(text, clicked, icon_name)
        self._right.insertWidget(self._right.count() - (1 if self.primary else 0), button)
        if icon_name:
            self._actions.append(button)
        return button

    def add_widget(self, widget: QWidget) -> None:
        self._left.addWidget(widget)

    def set_primary(
        self, text: str, clicked: Callable[[], object] | None = None, icon_name: str = "plus", tip: str = ""
    ) -> QPushButton:
        """The page's one filled button; Ctrl+N presses it."""
        if self.primary is not None:
            self.primary.deleteLater()
        self.primary = primary_button(text, clicked, icon_name)
        self.primary.setToolTip(tip or text)
        self._right.addWidget(self.primary)
        return self.primary

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        for button, words in self._words.items():
            if not button.text():
                button.setText(words)
        self._words = {}
        self._right.invalidate()  # a row within a row does not hear of it by itself
        for button in reversed(self._actions):
            if self.minimumSizeHint().width() <= self.width():
                return
            if button.isVisibleTo(self):
                self._words[button] = button.text()
                button.setToolTip(button.toolTip() or button.text())
                button.setText("")
                self._right.invalidate()


class Page(QWidget):
    """One screen. Made when it is first shown, and made anew when the language changes.

    A change that concerns ``topics`` calls ``refresh`` at once while the page is visible, and otherwise once when it
    is shown again.
    """

    key: ClassVar[str]
    icon: ClassVar[str]
    topics: ClassVar[frozenset[Topic]] = frozenset()
    permission: ClassVar[Permission | None] = None

    @classmethod
    def title(cls) -> str:
        raise TypeError(f"{cls.__name__} has no title")

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.title())
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.bar = PageBar(self.title())
        self.bar.into_list.connect(self.take_focus)
        self._stale: Change | None = None
        self._body = QVBoxLayout(self)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        self._body.addWidget(self.bar)
        self._content: QWidget | None = None
        self.set_content(QWidget())
        services.changed.connect(self._changed)

    def set_content(self, widget: QWidget) -> None:
        """What stands under the bar; a former content is deleted."""
        if self._content is not None:
            self._body.removeWidget(self._content)
            self._content.deleteLater()
        self._content = widget
        self._body.addWidget(widget, 1)

    def take_focus(self) -> None:
        """The keyboard goes to the list in sight, so that the arrows work at once; else to the page itself."""
        lists = (table for table in self.findChildren(QTableView) if table.isVisibleTo(self))
        next(lists, self).setFocus()

    def arrive(self, **arguments: object) -> None:
        """The person came here, perhaps to something in particular. The first call follows the constructor."""

    def refresh(self, change: Change | None) -> None:
        """Look again at what ``change`` concerns; None: at everything."""

    def may_leave(self) -> bool:
        """False keeps the person here (unsaved work they chose to go on with)."""
        return True

    def step_back(self) -> bool:
        """Esc: leave what is open inside the page. True when there was something to leave."""
        return False

    def _changed(self, change: Change) -> None:
        if not change.concerns(*self.topics):
            return
        if self.isVisible():
            self.refresh(change)
        else:
            self._stale = change if self._stale is None else Change(self._stale.topics | change.topics)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale is not None:
            stale, self._stale = self._stale, None
            self.refresh(stale)
