"""The mark of a copy: a database that was copied and may be older than what became of the original."""

from __future__ import annotations

import json
from datetime import datetime

import sqlcipher3.dbapi2
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models import Setting

KEY = "database.copied_at"  # a row beside the settings, so that a copy of any schema can carry it


def at(session: Session) -> datetime | None:
    """When this copy was made; None for an original."""
    found = session.scalar(select(Setting.value).where(Setting.key == KEY, Setting.user_id == 0))
    return None if found is None else datetime.fromisoformat(found)


def mark(session: Session, moment: datetime) -> None:
    unmark(session)
    session.add(Setting(key=KEY, user_id=0, value=moment.isoformat(), changed_at=moment))
    session.flush()


def unmark(session: Session) -> None:
    session.execute(delete(Setting).where(Setting.key == KEY))


def mark_file(connection: sqlcipher3.dbapi2.Connection, moment: datetime) -> None:
    """The same for a fresh copy of an embedded database; nothing where it has no tables yet."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'setting'").fetchone():
        connection.execute(
            "INSERT OR REPLACE INTO setting (key, user_id, value, changed_at) VALUES (?, 0, ?, ?)",
            (KEY, json.dumps(moment.isoformat()), moment.strftime("%Y-%m-%d %H:%M:%S.%f")),
        )
