"""An approval to write one file with full numbers: for one person, one list, one time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, tr
from db.models import ExportRequest, RequestState


class NoPermit(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("This approval was used, has expired, or is somebody else's."), T("Ask for the full numbers again.")
        )


class ListChanged(UserError):
    def __init__(self, before: int, now: int) -> None:
        super().__init__(
            T("The list is not the one that was approved: {before} rows then, {now} now.", before=before, now=now),
            T("Ask for the full numbers of the list as it is now."),
        )


@dataclass(frozen=True, kw_only=True)
class Permit:
    request_id: int
    digest: str  # of the rows
    rows: int
    note: str  # for the heading of the file: who approved it, when, and why it was asked

    def check(self, digest: str, rows: int) -> None:
        """Raises ListChanged."""
        if digest != self.digest:
            raise ListChanged(self.rows, rows)


def digest_of(ids: Iterable[int]) -> str:
    """Over which rows are in a file, whatever their order."""
    return hashlib.sha256(",".join(map(str, sorted(ids))).encode()).hexdigest()


def use(ctx: Context, session: Session, permit: Permit) -> None:
    """Spend it, in the transaction that enters the export into the audit trail. Raises NoPermit."""
    now = ctx.clock.now()
    spent = session.execute(
        update(ExportRequest)
        .where(
            ExportRequest.id == permit.request_id,
            ExportRequest.state == RequestState.APPROVED,
            ExportRequest.requested_by == ctx.actor.user_id,
            ExportRequest.expires_at > now,
        )
        .values(state=RequestState.USED, used_at=now)
    )
    if not spent.rowcount:  # type: ignore[attr-defined]
        raise NoPermit()
    ctx.audit(session, "full_export.use", f"full_export:{permit.request_id}", rows=permit.rows)


def numbers_line(permit: Permit | None) -> str:
    """What the head of a file says about the numbers in it."""
    if permit is None:
        return tr("Mobile numbers are masked.")
    return tr("Mobile numbers in full: handle with care. {approval}", approval=permit.note)
