"""The rows that every database has from its first minute."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit
from db.models import AuditHead, Control


def seed(session: Session) -> None:
    """Add what is not there yet; harmless when repeated."""
    if session.scalar(select(AuditHead.id)) is None:
        session.add(AuditHead(id=audit.HEAD_ID, entries=0, hash=audit.START))
    if session.scalar(select(Control.id)) is None:
        session.add(Control(id=1, stopped=False))
