"""Where the key slots of an embedded database lie, and what was tried on them before it could be opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from db.engine import Database
from db.keyslots import KeySlots


def embedded_path(url: str) -> Path | None:
    """The file of an embedded database; None for a server. Raises sqlalchemy.exc.ArgumentError for no URL at all."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def slots_beside(path: Path) -> KeySlots:
    return KeySlots(path.with_name(path.name + ".keys"))


def slots_of(database: Database) -> KeySlots | None:
    """None for a server, which has no key slots."""
    return None if database.path is None else slots_beside(database.path)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    at: datetime
    login: str  # empty when no such login exists: a password typed into the wrong field must not be kept
    locked: bool


class RefusedLogins:
    """Refusals that cannot be audited yet because nobody has opened the database: one JSON object a line."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".refused")
        self._taken = database.with_name(database.name + ".refused-taken")

    def add(self, refusal: Refusal) -> None:
        line = json.dumps({"at": refusal.at.isoformat(), "login": refusal.login, "locked": refusal.locked})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def take(self) -> list[Refusal]:
        """What has gathered; kept aside until ``done``, so that a crash between the two loses nothing."""
        if not self._taken.exists():
            if not self._path.exists():
                return []
            self._path.replace(self._taken)
        lines = self._taken.read_text("utf-8", errors="replace").splitlines()
        return [refusal for refusal in map(_parsed, lines) if refusal is not None]

    def done(self) -> None:
        self._taken.unlink(missing_ok=True)


def _parsed(line: str) -> Refusal | None:
    """None for a line that is no record: a crash while writing, a hand on the file."""
    try:
        record = json.loads(line)
        return Refusal(
            at=datetime.fromisoformat(record["at"]), login=str(record["login"]), locked=bool(record["locked"])
        )
    except (ValueError, KeyError, TypeError):
        return None
