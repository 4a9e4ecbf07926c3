"""A bug: say so, keep a report without customer data, and go on where that is possible."""

from __future__ import annotations

import platform
import traceback
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import PySide6
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from console.core.i18n import tr
from console.core.logs import masked
from console.shell import theme
from console.shell.widgets import column, flat_button, heading, label, primary_button, quiet_button, row


def report_of(error: BaseException, now: datetime) -> str:
    """Where it happened and in which versions. Messages are masked; values of variables are not in it."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    chain = error.__cause__ or error.__context__
    lines = [
        f"Branch SMS Console {program_version()}",
        f"{now.isoformat(timespec='seconds')}",
        f"Python {platform.python_version()}, PySide6 {PySide6.__version__}, {platform.platform()}",
        "",
        frames.rstrip(),
        f"{type(error).__name__}: {_safe(error)}",
    ]
    if chain is not None:
        lines += ["", "".join(traceback.format_tb(chain.__traceback__)).rstrip(), f"{type(chain).__name__}"]
    return "\n".join(lines) + "\n"


def write_report(report: str, folder: Path, now: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"crash-{now.astimezone():%Y%m%d-%H%M%S}.txt"
    path.write_text(report, encoding="utf-8")
    return path


def program_version() -> str:
    try:
        return version("branch-sms-console")
    except PackageNotFoundError:
        return ""


def _safe(error: BaseException) -> str:
    """Only what this language's own errors say: a database's message may quote a row."""
    return masked(str(error))[:300] if type(error).__module__ == "builtins" else ""


class CrashDialog(QDialog):
    def __init__(self, parent: QWidget | None, report: str, path: Path | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Something went wrong"))
        self.setMinimumWidth(theme.current().px(520))
        told = tr(
            "This is a mistake in the program, not yours. What was being done may not have been finished; "
            "messages that wait are neither lost nor sent twice."
        )
        kept = tr("A report without customer data was written to {path}", path=str(path)) if path else ""
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Report"))
        self.text.setMinimumHeight(theme.current().px(180))
        self.text.hide()
        buttons = row(
            flat_button(tr("Details"), lambda: self.text.setVisible(self.text.isHidden())),
            flat_button(tr("Copy"), lambda: QGuiApplication.clipboard().setText(report)),
            None,
        )
        if path is not None:
            url = QUrl.fromLocalFile(str(path.parent))
            buttons.addWidget(quiet_button(tr("Open folder"), lambda: QDesktopServices.openUrl(url)))
        close = primary_button(tr("Go on"), self.accept)
        close.setDefault(True)
        buttons.addWidget(close)
        where = label(kept, "quiet", wrap=True, selectable=True)
        if not kept:
            where.hide()
        self.setLayout(
            column(heading(self.windowTitle()), label(told, wrap=True), where, self.text, 8, buttons, margins=20)
        )
        close.setFocus()
