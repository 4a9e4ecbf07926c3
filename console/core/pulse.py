"""What the window asks every second: the state of sending, and marks that show whether anything else moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.approvals import waiting_for
from console.core.compliance.versions import waiting_rules
from console.core.context import Context
from console.core.events import Topic
from console.core.messages.review import reviews_waiting
from console.core.protection.looks import refused_lately
from console.core.protection.waiting import requests_waiting
from console.core.security.permissions import Permission
from console.core.sending.status import Snapshot, snapshot
from db.models import Campaign, Line, LineState


@dataclass(frozen=True, kw_only=True)
class Pulse:
    status: Snapshot
    approvals: int  # campaigns that this person could decide on now
    reviews: int  # templates, likewise
    rules: int  # drafts of the rules, likewise
    protection: int  # requests for full numbers to decide or to use, and looks refused lately for who watches them
    lines_mark: tuple[datetime | None, tuple[tuple[LineState, str], ...]]
    campaigns_mark: tuple[int, datetime | None]

    def topics_since(self, before: Pulse | None) -> frozenset[Topic]:
        """What screens should look at again, compared with an earlier pulse; a mere forecast is no change."""
        if before is None:
            return frozenset()
        moved = set()
        if replace(self.status, minutes_left=None) != replace(before.status, minutes_left=None):
            moved |= {Topic.OUTBOX, Topic.LINES}
        if self.lines_mark != before.lines_mark:
            moved.add(Topic.LINES)
        if self.campaigns_mark != before.campaigns_mark or self.approvals != before.approvals:
            moved.add(Topic.CAMPAIGNS)
        if self.reviews != before.reviews:
            moved.add(Topic.TEMPLATES)
        if self.rules != before.rules:
            moved.add(Topic.RULES)
        if self.protection != before.protection:
            moved.add(Topic.AUDIT)
        return frozenset(moved)


def pulse(ctx: Context) -> Pulse:
    """Small tables and indexes only, whatever the outbox holds."""
    with ctx.database.read() as session:
        states = session.execute(select(Line.state, Line.fault).order_by(Line.id)).all()
        edits = session.execute(select(func.count(), func.max(Campaign.updated_at))).one()
        return Pulse(
            status=snapshot(session, ctx.clock.now()),
            approvals=waiting_for(ctx, session),
            reviews=reviews_waiting(ctx, session),
            rules=waiting_rules(ctx, session),
            protection=_protection(ctx, session),
            lines_mark=(session.scalar(select(func.max(Line.health_at))), tuple(states)),
            campaigns_mark=(edits[0], edits[1]),
        )


def _protection(ctx: Context, session: Session) -> int:
    watched = refused_lately(session, ctx.clock.now()) if ctx.allowed(Permission.LOOKS_VIEW) else 0
    return requests_waiting(ctx, session) + watched
