"""How many requests for full numbers wait for a person: loaded with every window, so it loads nothing itself."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.security.permissions import Permission
from db.models import ExportRequest, RequestState


def requests_waiting(ctx: Context, session: Session) -> int:
    """Requests that this person could decide now, or whose approval they can use."""
    now = ctx.clock.now()
    mine = (ExportRequest.state == RequestState.APPROVED) & (ExportRequest.requested_by == ctx.actor.user_id)
    found: ColumnElement[bool] = mine
    if ctx.allowed(Permission.APPROVALS_DECIDE):
        others = (ExportRequest.state == RequestState.PENDING) & (ExportRequest.requested_by != ctx.actor.user_id)
        found = or_(mine, others)
    return session.scalar(select(func.count()).where(found, ExportRequest.expires_at > now)) or 0
