"""What changed in a text, shown in the text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from console.core.messages.difference import Change, Stretch
from console.shell import theme
from console.shell.widgets import label


def changes(stretches: Iterable[Stretch], said: str, look: str = "") -> QLabel:
    """Added is underlined, removed is struck out; ``said`` to who does not see it."""
    shown = label("", look, wrap=True, selectable=True)
    shown.setTextFormat(Qt.TextFormat.RichText)
    shown.setText("".join(map(_painted, stretches)))
    shown.setAccessibleName(said)
    return shown


def _painted(stretch: Stretch) -> str:
    """Line and strike besides colour: nobody has to tell red from green."""
    now, text = theme.current(), escape(stretch.text).replace("\n", "<br>")
    if stretch.change is Change.ADDED:
        return f'<u style="color:{now.color("good").name()}">{text}</u>'
    if stretch.change is Change.REMOVED:
        return f'<s style="color:{now.color("bad").name()}">{text}</s>'
    return text
