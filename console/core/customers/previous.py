"""The file before: the last one of a sender, with the rows of it that were corrected and brought in since."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import ImportBatch, ImportState

COMPLETES = "completes"  # in ``ImportBatch.control``: an error workbook that came back
_BACK = 50  # files of corrected rows that one file may have


def standing(session: Session, source: str, before_id: int = 0) -> Sequence[ImportBatch]:
    """Newest first, the file itself last; empty where nothing came from ``source`` before.

    ``before_id``: of the import that is compared, 0 where it has none yet.
    """
    query = select(ImportBatch).where(ImportBatch.source == source, ImportBatch.state == ImportState.DONE)
    if before_id:
        query = query.where(ImportBatch.id < before_id)
    found: list[ImportBatch] = []
    for batch in session.scalars(query.order_by(ImportBatch.id.desc()).limit(_BACK)):
        found.append(batch)
        if not batch.control.get(COMPLETES):
            break
    return found
