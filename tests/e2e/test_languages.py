"""Every page in every language, at normal and at large text: nothing is cut, nothing is left in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QWidget

from console.core.i18n import current_language
from console.shell.widgets import ElidedLabel

if TYPE_CHECKING:
    from tests.e2e.conftest import Person

ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")
NAMES = re.compile(r"Apache License|CHINA MOBILE|Emulated modem|Branch SMS")  # what is called so in every language


def cut(window: QWidget) -> Iterator[str]:
    """Words that do not fit into their widget."""
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or isinstance(widget, ElidedLabel):
            continue
        if isinstance(widget, QLabel) and widget.text() and widget.pixmap().isNull():
            needed = widget.heightForWidth(widget.width()) if widget.wordWrap() else widget.sizeHint().height()
            if widget.height() < needed - 1 or (not widget.wordWrap() and widget.width() < widget.sizeHint().width()):
                yield f"{type(widget).__name__} {widget.text()!r} {widget.size()} needs {widget.sizeHint()}"
        elif isinstance(widget, QPushButton) and widget.width() < widget.fontMetrics().horizontalAdvance(widget.text()):
            yield f"{type(widget).__name__} {widget.text()!r} {widget.size()} needs {widget.sizeHint()}"


def english(window: QWidget) -> Iterator[str]:
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and isinstance(widget, QLabel | QAbstractButton):
            words = NAMES.sub("", widget.text())
            if ENGLISH.search(words):
                yield words


@pytest.mark.parametrize("language", ["zh_CN", "zh_TW", "en"])
def test_nothing_is_cut_and_nothing_is_left_in_english(person: Person, language: str) -> None:
    person.log_in("Supervisor")
    window, found = person.window, []
    assert window is not None
    for size in (13, 19):
        window.appearance.choose("ui.font_size", size)
        window.appearance.choose("ui.language", language)
        person.wait(lambda: current_language() == language, f"still {current_language()}")
        for page in window.page_keys:
            window.services.navigate(page)
            person.wait(lambda: window.services.tasks.idle, f"{page} is never done")
            person.settle(lambda: not list(cut(window)))
            found += [f"{page} at {size}: cut: {words}" for words in cut(window)]
            if language != "en":
                found += [f"{page}: English: {words}" for words in english(window)]
    assert not found, "\n".join(dict.fromkeys(found))
