from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from console.shell import files
from console.shell.files import ask_table, ask_text_file, ask_workbook

Typed = Callable[[str], None]


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """``typed(name)``: what the person types into the system's dialog; nothing when they cancel it."""

    def answer(name: str) -> None:
        for asking in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(QFileDialog, asking, lambda *_args: (name, ""))

    return answer


@pytest.mark.parametrize(
    ("name", "target"),
    [("a.xlsx", "a.xlsx"), ("A.XLSX", "A.XLSX"), ("a", "a.xlsx"), ("逾期 2026.11", "逾期 2026.11.xlsx")],
)
def test_a_workbook_ends_in_xlsx(parent: QWidget, typed: Typed, tmp_path: Path, name: str, target: str) -> None:
    typed(str(tmp_path / name))
    assert ask_workbook(parent, "Export") == tmp_path / target


def test_who_cancels_chooses_nothing(parent: QWidget, typed: Typed) -> None:
    typed("")
    assert ask_workbook(parent, "Export") is None
    assert ask_text_file(parent, "Export") is None
    assert ask_table(parent, "Import") is None


@pytest.mark.parametrize("sure", [True, False])
def test_a_file_that_was_not_named_is_not_replaced_unasked(
    parent: QWidget, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sure: bool
) -> None:
    asked: list[str] = []

    def confirm(_parent: QWidget, _title: str, text: str, _action: str, *, danger: bool = False) -> bool:
        asked.append(text)
        return sure

    monkeypatch.setattr(files, "confirm", confirm)
    (tmp_path / "a.txt").touch()
    typed(str(tmp_path / "a.txt"))  # of which the dialog itself has asked
    assert ask_text_file(parent, "Save") == tmp_path / "a.txt"
    assert asked == []
    typed(str(tmp_path / "a"))
    assert ask_text_file(parent, "Save") == (tmp_path / "a.txt" if sure else None)
    assert asked == ["There is a file a.txt already."]
    assert ask_table(parent, "Open") == tmp_path / "a"
