"""Moments that a database remembers of itself, beside the settings: a copy of any schema can carry them."""

from __future__ import annotations

import json
from datetime import datetime

import sqlcipher3.dbapi2
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models import Setting

COPIED_AT = "database.copied_at"  # this is a copy, and may be older than what became of the original
CLOCK_TRUSTED = "clock.trusted"  # the latest moment in the database that a person has called wrong


def get(session: Session, key: str) -> datetime | None:
    found = session.scalar(select(Setting.value).where(Setting.key == key, Setting.user_id == 0))
    return None if found is None else datetime.fromisoformat(found)


def put(session: Session, key: str, moment: datetime) -> None:
    remove(session, key)
    session.add(Setting(key=key, user_id=0, value=moment.isoformat(), changed_at=moment))
    session.flush()


def remove(session: Session, key: str) -> None:
    session.execute(delete(Setting).where(Setting.key == key))


def put_into_copy(connection: sqlcipher3.dbapi2.Connection, moment: datetime) -> None:
    """Mark a fresh copy of an embedded database; nothing where it has no tables yet."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'setting'").fetchone():
        connection.execute(
            "INSERT OR REPLACE INTO setting (key, user_id, value, changed_at) VALUES (?, 0, ?, ?)",
            (COPIED_AT, json.dumps(moment.isoformat()), moment.strftime("%Y-%m-%d %H:%M:%S.%f")),
        )
