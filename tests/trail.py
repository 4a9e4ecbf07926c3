"""What the audit trail holds."""

from __future__ import annotations

from sqlalchemy import select

from console.core.context import Context
from db.models import AuditEntry


def actions(ctx: Context) -> list[str]:
    """In the order in which they happened."""
    with ctx.database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
