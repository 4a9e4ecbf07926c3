"""Imports that were made or are on their way: whether the customer file is whole now, and who works on an import."""

from __future__ import annotations

import os
import platform
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from console.core.errors import UserError
from console.core.i18n import T
from console.core.processes import is_alive
from db.models import Batch, BatchState, ImportBatch, ImportState, Message, MessageState, StagedInstalment, StagedRow

UNDERWAY = (ImportState.APPLYING, ImportState.UNDOING)
SILENT = timedelta(seconds=30)  # an import that is written shows a sign of life with every chunk
ABANDONED = timedelta(hours=6)  # somebody may look at a preview for long
_HOST = platform.node()[:40]


class ImportUnderway(UserError):
    """The customer file is not whole at this moment."""

    def __init__(self) -> None:
        super().__init__(
            T("An import is being written at this moment; until it is whole, nobody can be selected or exported."),
            T("This takes seconds. Try again then."),
        )


def import_file_name(session: Session, import_id: int) -> str:
    """The file's name; empty for an import that is not known."""
    return session.scalar(select(ImportBatch.file_name).where(ImportBatch.id == import_id)) or ""


@dataclass(frozen=True, kw_only=True)
class Underway:
    """An import that is decided and not whole yet."""

    undoing: bool
    done: int = 0  # rows
    total: int = 0


def underway(session: Session) -> Underway | None:
    batch = session.scalar(select(ImportBatch).where(ImportBatch.state.in_(UNDERWAY)).order_by(ImportBatch.id).limit(1))
    if batch is None or batch.state is ImportState.UNDOING:
        return Underway(undoing=True) if batch is not None else None
    done = total = 0
    for table, cursor in ((StagedRow, batch.cursor), (StagedInstalment, batch.cursor_instalment)):
        mine = select(table.id).where(table.import_id == batch.id).limit(1)
        first, last = (session.scalar(mine.order_by(each)) for each in (table.id, table.id.desc()))
        if first is not None and last is not None:  # they stand nearly without gaps
            total += last - first + 1
            done += max(0, cursor - first + 1)
    return Underway(undoing=False, done=done, total=total)


def settled(session: Session) -> bool:
    """Whether every import in this snapshot is whole: all of it or nothing."""
    return session.scalar(select(ImportBatch.id).where(ImportBatch.state.in_(UNDERWAY)).limit(1)) is None


def require_settled(session: Session) -> None:
    """Raises ImportUnderway. To be asked in the snapshot in which customers are selected."""
    if not settled(session):
        raise ImportUnderway()


def history(session: Session) -> tuple[int, int]:
    """How many imports were ever decided and undone: the same numbers, the same history."""
    query = select(func.count(ImportBatch.decided_at), func.count(ImportBatch.undone_at))
    decided, undone = session.execute(query).one()
    return decided, undone


def lines_send(session: Session, now: datetime) -> bool:
    """Whether messages may leave at this moment, so that a line could have to wait for the database.

    A server lets many write at a time.
    """
    if session.connection().dialect.name != "sqlite":
        return False
    begun = or_(Batch.not_before.is_(None), Batch.not_before <= now)
    opened = select(Batch.id).where(Batch.state == BatchState.OPEN, begun)
    leaving = select(Message.id).where(Message.state.in_((MessageState.CLAIMED, MessageState.SENDING)))
    return any(session.scalar(query.limit(1)) is not None for query in (opened, leaving))


def anything_opens(session: Session) -> bool:
    """Whether messages leave now or later, on either engine."""
    return session.scalar(select(Batch.id).where(Batch.state == BatchState.OPEN).limit(1)) is not None


def this_worker() -> str:
    """A name for one piece of work of this process."""
    return f"{_HOST}|{os.getpid()}|{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether a worker is known to be gone: nobody, or a process of this computer that has ended."""
    host, _, rest = owner.partition("|")
    pid = rest.partition("|")[0]
    return not owner or (host == _HOST and pid.isdecimal() and not is_alive(int(pid)))


def silent(now: datetime, since: timedelta) -> ColumnElement[bool]:
    return or_(ImportBatch.touched_at.is_(None), ImportBatch.touched_at < now - since)
