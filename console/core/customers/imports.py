"""Imports that were made: what a list or a campaign says about the file it came from."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import ImportBatch


def import_file_name(session: Session, import_id: int) -> str:
    """The file's name; empty for an import that is not known."""
    return session.scalar(select(ImportBatch.file_name).where(ImportBatch.id == import_id)) or ""
