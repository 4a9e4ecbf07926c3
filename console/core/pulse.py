"""What the window asks every second: the state of sending, and marks that show whether anything else moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.approvals import waiting_for
from console.core.campaigns.horizon import Horizon, horizon
from console.core.compliance.drafts import waiting_rules
from console.core.compliance.faults import BadPack
from console.core.compliance.versions import RulesTampered
from console.core.context import Context
from console.core.events import Topic
from console.core.messages.review import reviews_waiting
from console.core.protection.looks import refused_lately
from console.core.protection.waiting import requests_waiting
from console.core.security.permissions import Permission
from console.core.sending.status import Snapshot, snapshot
from db.models import AuditEntry, AuditHead, BulkEdit, Campaign, Line, LineState

LOOK_AGAIN = timedelta(seconds=5)
FORESEE_AGAIN = timedelta(seconds=30)  # the quotas of a month and the pace of the last minutes take some reading
EVERYTHING = frozenset(Topic) - {Topic.OUTBOX}
_LOOKS = ("reveal", "export", "verify")  # actions that change nothing
_CUSTOMERS = frozenset({Topic.CUSTOMERS})
AREAS: Mapping[str, frozenset[Topic]] = {  # by the first part of an action in the audit trail
    **dict.fromkeys(
        ("customer", "loan", "instalment", "consent", "suppression", "circumstance", "contact", "subject", "retention"),
        _CUSTOMERS,
    ),
    "field": frozenset({Topic.CUSTOMERS, Topic.SETTINGS}),
    "segment": frozenset({Topic.CUSTOMERS, Topic.CAMPAIGNS}),
    "template": frozenset({Topic.TEMPLATES}),
    "signature": frozenset({Topic.TEMPLATES}),
    "campaign": frozenset({Topic.CAMPAIGNS}),
    "series": frozenset({Topic.CAMPAIGNS}),
    "delegation": frozenset({Topic.CAMPAIGNS, Topic.USERS}),
    "outbox": frozenset({Topic.OUTBOX}),
    "sending": frozenset({Topic.OUTBOX, Topic.LINES, Topic.CAMPAIGNS}),
    "line": frozenset({Topic.LINES}),
    "rules": frozenset({Topic.RULES}),
    "settings": frozenset({Topic.SETTINGS}),
    "user": frozenset({Topic.USERS}),
}


@dataclass(frozen=True, kw_only=True)
class Pulse:
    status: Snapshot
    horizon: Horizon | None  # None: nothing is queued, or nothing leaves
    approvals: int  # campaigns that this person could decide on now
    reviews: int  # templates, likewise
    rules: int  # drafts of the rules, likewise
    protection: int  # requests for full numbers to decide or to use, and looks refused lately for who watches them
    lines_mark: tuple[datetime | None, tuple[tuple[LineState, str], ...]]
    campaigns_mark: tuple[int, datetime | None]
    bulk_mark: tuple[int, str] | None  # the last change of many customers, and how far it is
    decisions: int  # entries of the audit trail
    decided: frozenset[Topic]  # what those are about that came after entry ``decided_since``
    decided_since: int
    movement: object  # of the database
    at: datetime

    def topics_since(self, before: Pulse | None) -> frozenset[Topic]:
        """What screens should look at again, compared with an earlier pulse; a mere forecast is no change."""
        if before is None:
            return frozenset()
        moved: set[Topic] = set()
        if self.decisions != before.decisions:
            moved |= self.decided if self.decided_since <= before.decisions else EVERYTHING
        if self.bulk_mark != before.bulk_mark:
            moved.add(Topic.CUSTOMERS)
        if self.status != before.status:
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


def pulse(ctx: Context, before: Pulse | None = None) -> Pulse:
    """Small tables and indexes only, whatever the outbox holds.

    ``before`` itself while nobody has written anything; now and then all is read again, for time passes, too.
    """
    now, movement = ctx.clock.now(), ctx.database.movement()
    if before is not None and movement == before.movement and now - before.at < LOOK_AGAIN:
        return before
    with ctx.database.read() as session:
        states = session.execute(select(Line.state, Line.fault).order_by(Line.id)).all()
        edits = session.execute(select(func.count(), func.max(Campaign.updated_at))).one()
        decisions = session.scalar(select(AuditHead.entries)) or 0
        since = before.decisions if before is not None else decisions
        status = snapshot(session, now)
        known = before.horizon if before is not None and before.decisions == decisions else None
        return Pulse(
            status=status,
            horizon=_horizon(session, status, known, now),
            approvals=waiting_for(ctx, session),
            reviews=reviews_waiting(ctx, session),
            rules=waiting_rules(ctx, session),
            protection=_protection(ctx, session),
            lines_mark=(session.scalar(select(func.max(Line.health_at))), tuple(states)),
            campaigns_mark=(edits[0], edits[1]),
            bulk_mark=_bulk_mark(session),
            decisions=decisions,
            decided=_decided(session, since) if decisions > since else frozenset(),
            decided_since=since,
            movement=movement,
            at=now,
        )


def _horizon(session: Session, status: Snapshot, known: Horizon | None, now: datetime) -> Horizon | None:
    """``known``: before, nothing having been decided since."""
    if status.stopped or not (status.queued and status.lines_ready and status.dispatcher_alive):
        return None
    if known is not None and timedelta() <= now - known.at < FORESEE_AGAIN:
        return known
    try:
        return horizon(session, now)
    except (RulesTampered, BadPack):  # nothing is sent then
        return None


def _decided(session: Session, since: int) -> frozenset[Topic]:
    """Every decision is in the audit trail, so nothing that anybody decides goes unseen."""
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.id > since).distinct())
    topics = {Topic.AUDIT}
    for action in actions:
        area, _, what = action.partition(".")
        if not what.startswith(_LOOKS):
            topics |= AREAS.get(area, frozenset())
    return frozenset(topics)


def _bulk_mark(session: Session) -> tuple[int, str] | None:
    row = session.execute(select(BulkEdit.id, BulkEdit.state).order_by(BulkEdit.id.desc()).limit(1)).first()
    return (row[0], row[1].value) if row else None


def _protection(ctx: Context, session: Session) -> int:
    watched = refused_lately(session, ctx.clock.now()) if ctx.allowed(Permission.LOOKS_VIEW) else 0
    return requests_waiting(ctx, session) + watched
