"""Where this workstation keeps its files, by the customs of its system."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APPLICATION = "branch-sms"
HOME_VARIABLE = "BRANCH_SMS_HOME"  # everything below one folder instead: a stick, a test, a second installation


def _folder(kind: str, usual: Path) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    folder = Path(home).resolve() / kind if home else usual
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def data_folder() -> Path:
    return _folder("data", platformdirs.user_data_path(APPLICATION, appauthor=False))


def config_folder() -> Path:
    return _folder("config", platformdirs.user_config_path(APPLICATION, appauthor=False))


def log_folder() -> Path:
    return _folder("log", platformdirs.user_log_path(APPLICATION, appauthor=False))


def crash_folder() -> Path:
    """Reports of bugs, without customer data."""
    folder = log_folder() / "crashes"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def documents_folder() -> Path:
    """Where exported files go unless the user says otherwise."""
    documents = platformdirs.user_documents_path()
    return documents if documents.is_dir() else Path.home()


def default_database() -> Path:
    return data_folder() / "branch.db"


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path.resolve().as_posix()}"
