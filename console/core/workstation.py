"""What must be known before a database is open: where it is, and how the login window looks. One small JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from console.core import paths
from console.core.processes import write_private


@dataclass(frozen=True, kw_only=True)
class Workstation:
    database_url: str  # empty: the embedded database at its default place
    language: str = "system"
    theme: str = "system"
    font_size: int = 13  # pixels
    density: str = "comfortable"
    last_login: str = ""

    @property
    def url(self) -> str:
        return self.database_url or paths.sqlite_url(paths.default_database())

    def changed(self, **values: Any) -> Workstation:
        return replace(self, **values)


def _file() -> Path:
    return paths.config_folder() / "workstation.json"


def load() -> Workstation:
    """Defaults for whatever is missing or unreadable: a damaged file must not keep anybody out."""
    try:
        record = json.loads(_file().read_text("utf-8"))
    except (OSError, ValueError):
        record = {}
    if not isinstance(record, dict):
        record = {}
    blank = Workstation(database_url="")
    kinds = {field.name: type(getattr(blank, field.name)) for field in fields(Workstation)}
    usable = {key: value for key, value in record.items() if key in kinds and type(value) is kinds[key]}
    return replace(blank, **usable)


def save(workstation: Workstation) -> None:
    """Readable by this user alone: a server's URL may carry its password."""
    write_private(_file(), json.dumps(asdict(workstation), indent=2).encode())
