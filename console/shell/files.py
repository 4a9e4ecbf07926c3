"""Asking for the name of a file: to write it, or to read it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from console.core.customers.workbook import FILE_TYPES
from console.core.i18n import tr
from console.shell.widgets import confirm


def ask_workbook(parent: QWidget, title: str, suggested: Path | str = "") -> Path | None:
    """Where an Excel workbook is to be written; None where the person thought better of it."""
    return _ask(parent, title, suggested, tr("Excel workbook (*.xlsx)"), ".xlsx")


def ask_text_file(parent: QWidget, title: str, suggested: Path | str = "") -> Path | None:
    return _ask(parent, title, suggested, tr("Text (*.txt)"), ".txt")


def ask_table(parent: QWidget, title: str) -> Path | None:
    """Which table is to be read: a workbook, or text with separators."""
    kinds = tr("Tables ({patterns})", patterns=" ".join(FILE_TYPES))
    name, _ = QFileDialog.getOpenFileName(parent, title, "", kinds)
    return Path(name) if name else None


def _ask(parent: QWidget, title: str, suggested: Path | str, kinds: str, ending: str) -> Path | None:
    name, _ = QFileDialog.getSaveFileName(parent, title, str(suggested), kinds)
    if not name:
        return None
    target = Path(name)
    if target.suffix.lower() == ending:
        return target
    target = target.with_name(target.name + ending)
    if target.exists() and not _may_replace(parent, target):  # the dialog asked about the name that was typed
        return None
    return target


def _may_replace(parent: QWidget, target: Path) -> bool:
    text = tr("There is a file {name} already.", name=target.name)
    return confirm(parent, tr("Replace the file?"), text, tr("Replace"), danger=True)
