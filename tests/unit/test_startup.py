"""What is loaded when: measured in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.core import paths

HEAVY = ("numpy", "openpyxl", "pypinyin", "pyqtgraph", "alembic")


def loaded(script: str, names: tuple[str, ...], home: Path) -> list[str]:
    """Which of ``names`` are in memory after ``script``."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", paths.HOME_VARIABLE: str(home)}
    script += f"\nimport sys; print(*(name for name in {names!r} if name in sys.modules))"
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_dispatcher_brings_no_qt(tmp_path: Path) -> None:
    assert loaded("import console.headless", ("PySide6", "shiboken6", *HEAVY), tmp_path) == []


@pytest.mark.parametrize(
    "module", ["console.core.security.login", "console.core.sending.dispatcher", "gsm", "db.engine"]
)
def test_nothing_below_the_shell_brings_qt(tmp_path: Path, module: str) -> None:
    assert loaded(f"import {module}", ("PySide6", "shiboken6"), tmp_path) == []


def test_the_login_window_stands_before_the_database_layer_is_loaded(tmp_path: Path) -> None:
    script = """
from console.app import make_application
from console.core.clock import SystemClock
from console.core.i18n import use_language
from console.core.workstation import load
from console.shell.login import LoginWindow
from console.shell.theme import ThemeManager
app = make_application()
use_language("en")
ThemeManager(app).apply("light")
window = LoginWindow(load(), SystemClock())
window.show()
assert window.isVisible()
"""
    assert loaded(script, ("sqlalchemy", "db", "gsm", "console.shell.window", *HEAVY), tmp_path) == []


def test_the_pages_leave_what_only_some_work_needs_for_later(tmp_path: Path) -> None:
    script = "from console.desk import SCREENS, page_kinds\nassert [kind.key for kind in page_kinds()] == list(SCREENS)"
    assert loaded(script, HEAVY, tmp_path) == []
