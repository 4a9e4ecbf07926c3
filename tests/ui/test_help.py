from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from console.core.i18n import LANGUAGES
from console.desk import page_kinds
from console.shell.help import HelpPanel, help_text
from console.shell.services import Services


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_its_help(language: str) -> None:
    kinds = page_kinds()
    assert kinds
    missing = [kind.key for kind in kinds if not help_text(kind.key, language).startswith("# ")]
    assert missing == []
    assert len({help_text(kind.key, language) for kind in kinds}) == len(kinds)


def test_the_panel_shows_the_page_asked_for_last(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> None:
    panel = HelpPanel(services)
    qtbot.addWidget(panel)
    panel.show_page("home")
    panel.show_page("lines")
    settle()
    assert panel.text.toPlainText().startswith("Lines")
    assert panel.text.document().firstBlock().blockFormat().headingLevel() == 1
