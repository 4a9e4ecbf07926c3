"""Opening the window, for real or as the demo: the display is looked for before Qt is loaded."""

from __future__ import annotations

import argparse
from importlib import import_module

from console.core import workstation
from console.core.errors import UserError
from console.core.i18n import T
from console.core.processes import display_missing


def run(parsed: argparse.Namespace) -> int:
    here = _workstation(parsed)
    _require_display()
    code: int = import_module("console.app").run(here)
    return code


def run_demo(parsed: argparse.Namespace) -> int:
    _require_display()
    code: int = import_module("console.demo").run(workstation.load(), keep=parsed.keep, until=parsed.until)
    return code


def _workstation(parsed: argparse.Namespace) -> workstation.Workstation:
    """Looking at the URL of another database loads the database layer, which the login window does not wait for."""
    if not parsed.database:
        return workstation.load()
    named: workstation.Workstation = import_module("console.verbs.common").this_workstation(parsed)
    return named


def _require_display() -> None:
    if display_missing():
        raise UserError(
            T("There is no display to open a window on."),
            T("Start it in a desktop session, or set DISPLAY (or QT_QPA_PLATFORM=offscreen for a test)."),
        )
