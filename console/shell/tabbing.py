"""The Tab key goes the way the eye goes. Left alone, what is made anew comes last of the whole window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QScrollArea, QTabWidget, QWidget


def tab_in_order(layout: QLayout, after: QWidget | None = None) -> None:
    """From ``after``, or else from the first thing in ``layout``, through all that is in it, top to bottom."""
    found = list(_stops(layout))
    for before, then in pairwise([after, *found] if after is not None else found):
        QWidget.setTabOrder(before, then)


def _stops(layout: QLayout) -> Iterator[QWidget]:
    for place in range(layout.count()):
        item = layout.itemAt(place)
        inner, widget = (item.layout(), item.widget()) if item is not None else (None, None)
        if widget is not None:
            yield from _within(widget)
        elif inner is not None:
            yield from _stops(inner)


def _within(widget: QWidget) -> Iterator[QWidget]:
    if isinstance(widget, QTabWidget):
        yield widget.tabBar()
        for page in filter(None, map(widget.widget, range(widget.count()))):
            yield from _within(page)
        return
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
        yield widget
    inside = widget.widget() if isinstance(widget, QScrollArea) else widget
    layout = inside.layout() if inside is not None else None
    if layout is not None:
        yield from _stops(layout)
