"""Every action of the window, declared once: menus, shortcuts, the palette and the help all read this table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from console.shell.icons import icon

PAGE_SHORTCUTS = 9  # Ctrl+1 .. Ctrl+9, by position in the rail


@dataclass(frozen=True, kw_only=True)
class Declared:
    key: str
    text: Text
    tip: Text
    icon: str
    shortcut: str = ""  # as QKeySequence reads it
    by_widgets: bool = False  # the key is handled where the focus is, not window-wide
    in_palette: bool = True
    permission: Permission | None = None


ACTIONS: tuple[Declared, ...] = (
    Declared(
        key="palette",
        text=T("Go to…"),
        tip=T("Any page, any action, any customer"),
        icon="command",
        shortcut="Ctrl+K",
        in_palette=False,
    ),
    Declared(
        key="find",
        text=T("Search in this page"),
        tip=T("Put the cursor into the search field"),
        icon="search",
        shortcut="Ctrl+F",
    ),
    Declared(
        key="primary",
        text=T("Main action of this page"),
        tip=T("Press the filled button above"),
        icon="plus",
        shortcut="Ctrl+N",
    ),
    Declared(
        key="back",
        text=T("Step back"),
        tip=T("Leave what is open inside the page"),
        icon="arrow-left",
        shortcut="Esc",
        by_widgets=True,
        in_palette=False,
    ),
    Declared(
        key="refresh",
        text=T("Read again"),
        tip=T("Read this page anew from the database"),
        icon="refresh-cw",
        shortcut="F5",
    ),
    Declared(
        key="help",
        text=T("Help for this page"),
        tip=T("What this page is for and how to use it"),
        icon="circle-help",
        shortcut="F1",
    ),
    Declared(
        key="rail",
        text=T("Narrow or widen the navigation"),
        tip=T("Show icons only, or icons with words"),
        icon="panel-left",
        shortcut="Ctrl+B",
    ),
    Declared(
        key="tasks",
        text=T("Running work"),
        tip=T("What runs, how far it is, how long it takes"),
        icon="activity",
        shortcut="Ctrl+J",
    ),
    Declared(
        key="stop_all",
        text=T("Stop sending"),
        tip=T("Stop everything, one kind of message, a line or a campaign"),
        icon="octagon-x",
        permission=Permission.SENDING_STOP,
    ),
    Declared(
        key="resume_all",
        text=T("Resume sending"),
        tip=T("Let waiting messages leave again"),
        icon="play",
        permission=Permission.SENDING_RESUME,
    ),
    Declared(
        key="theme_system",
        text=T("Colours as the system"),
        tip=T("Follow the system between light and dark"),
        icon="monitor",
    ),
    Declared(key="theme_light", text=T("Light colours"), tip=T("Dark text on light ground"), icon="sun"),
    Declared(key="theme_dark", text=T("Dark colours"), tip=T("Light text on dark ground"), icon="moon"),
    Declared(
        key="density", text=T("Compact or comfortable rows"), tip=T("Change the height of rows and fields"), icon="list"
    ),
    Declared(
        key="larger", text=T("Larger text"), tip=T("One pixel larger, everywhere"), icon="zoom-in", shortcut="Ctrl+="
    ),
    Declared(
        key="smaller",
        text=T("Smaller text"),
        tip=T("One pixel smaller, everywhere"),
        icon="zoom-out",
        shortcut="Ctrl+-",
    ),
    Declared(
        key="normal_size",
        text=T("Normal text size"),
        tip=T("Back to the size the program came with"),
        icon="type",
        shortcut="Ctrl+0",
    ),
    Declared(key="about", text=T("About this program"), tip=T("Version and licences"), icon="info"),
    Declared(
        key="lock",
        text=T("Lock the window"),
        tip=T("Ask for the password before going on"),
        icon="lock",
        shortcut="Ctrl+L",
    ),
    Declared(key="log_out", text=T("Log out"), tip=T("Let somebody else log in"), icon="log-out"),
    Declared(
        key="quit", text=T("Close the window"), tip=T("Sending may go on without it"), icon="power", shortcut="Ctrl+Q"
    ),
)


class Actions:
    """The declared actions as Qt actions of one window."""

    def __init__(
        self,
        window: QWidget,
        handlers: Mapping[str, Callable[[], object]],
        allowed: Callable[[Permission | None], bool],
    ) -> None:
        self._made: dict[str, QAction] = {}
        for declared in ACTIONS:
            if allowed(declared.permission):
                self._made[declared.key] = _action(window, declared, handlers[declared.key])

    def __getitem__(self, key: str) -> QAction:
        return self._made[key]

    def get(self, key: str) -> QAction | None:
        return self._made.get(key)

    def add_page(self, window: QWidget, number: int, key: str, title: str, go: Callable[[str], object]) -> None:
        """Ctrl+``number`` opens the page."""
        action = QAction(title, window)
        action.setObjectName(f"page_{key}")
        action.setShortcut(QKeySequence(f"Ctrl+{number}"))
        action.triggered.connect(lambda _checked=False: go(key))
        window.addAction(action)

    def in_palette(self) -> list[QAction]:
        listed = (self._made.get(declared.key) for declared in ACTIONS if declared.in_palette)
        return [action for action in listed if action is not None and action.isEnabled()]


def _action(window: QWidget, declared: Declared, handler: Callable[[], object]) -> QAction:
    action = QAction(icon(declared.icon), str(declared.text), window)
    action.setObjectName(declared.key)
    action.setToolTip(str(declared.tip))
    action.setStatusTip(str(declared.tip))
    if declared.shortcut and not declared.by_widgets:
        action.setShortcut(QKeySequence(declared.shortcut))
    action.triggered.connect(lambda _checked=False: handler())
    window.addAction(action)
    return action
