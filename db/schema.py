"""Where the schema stands, and the rows that every database has from its first minute."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from db import audit
from db.models import AuditHead, Control

REVISION = "0004"  # the newest of db.migrations, known here without loading Alembic


def seed(connection: Connection) -> None:
    """Add what is not there yet, in the caller's transaction."""
    if connection.scalar(select(AuditHead.id)) is None:
        connection.execute(insert(AuditHead).values(id=audit.HEAD_ID, entries=0, hash=audit.START))
    if connection.scalar(select(Control.id)) is None:
        connection.execute(insert(Control).values(id=1, stopped=False))
