"""Verifying the chain, and the records against what was approved, on demand.

That somebody did, and what came of it, is an entry of the trail itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from console.core.context import Context
from console.core.i18n import T, Text
from console.core.reports.period import Period
from console.core.security.permissions import Permission
from console.core.sending import reconcile
from db import audit
from db.audit import Verification
from db.models import AuditEntry

_ACTION = "audit.verify"
WEEKS = timedelta(weeks=5)


@dataclass(frozen=True, kw_only=True)
class Check:
    at: datetime
    actor: str
    entries: int
    sound: bool
    first_bad: int | None
    reason: str
    records: int = 0  # discrepancies between campaigns, decisions, messages and lines

    @property
    def whole(self) -> bool:
        return self.sound and not self.records


_REASONS = {
    "changed": T("Entry {n} was changed."),
    "missing": T("Entry {n} is missing."),
    "inserted": T("Entry {n} was added by hand."),
    "moved": T("Entry {n} does not follow the one before it."),
    "cut": T("The end of the trail is missing, from entry {n} on."),
    "head": T("The record of the last entry does not agree with entry {n}."),
}


def verify_trail(context: Context, progress: Callable[[int, int], None] | None = None) -> Check:
    """Read the whole chain, then compare the records of the last weeks with what was approved.

    ``progress`` is called with entries done and entries expected.
    """
    context.require(Permission.AUDIT_VIEW)
    with context.database.read() as session:
        found = audit.verify(session, progress=progress)
    today = context.clock.now().astimezone().date()
    records = len(reconcile.run(context, Period(today - WEEKS, today), progress, audited=False).findings)
    with context.database.begin() as session:
        context.audit(session, _ACTION, "audit", **_detail(found, records))
    return Check(
        at=context.clock.now(),
        actor=context.actor.login,
        entries=found.entries,
        sound=found.sound,
        first_bad=found.first_bad,
        reason=found.reason,
        records=records,
    )


def last_check(context: Context) -> Check | None:
    context.require(Permission.AUDIT_VIEW)
    query = select(AuditEntry).where(AuditEntry.action == _ACTION).order_by(AuditEntry.id.desc()).limit(1)
    with context.database.read() as session:
        entry = session.scalar(query)
    if entry is None:
        return None
    detail = json.loads(entry.detail)
    return Check(
        at=entry.at,
        actor=entry.actor,
        entries=detail["entries"],
        sound=detail["sound"],
        first_bad=detail.get("first_bad"),
        reason=detail.get("reason", ""),
        records=detail.get("records", 0),
    )


def explained(check: Check) -> Text:
    """What was found, in one sentence."""
    if check.sound and check.records:
        return T(
            "The trail is whole, but the records do not agree with it in {n} places; the home page lists them.",
            n=check.records,
        )
    if check.sound:
        return T("The trail is whole: {n} entries, none changed, removed or added.", n=f"{check.entries:,}")
    return Text(_REASONS[check.reason].source, {"n": check.first_bad or 0})


def _detail(found: Verification, records: int) -> dict[str, object]:
    told: dict[str, object] = {"entries": found.entries, "sound": found.sound}
    if records:
        told["records"] = records
    return told if found.sound else told | {"first_bad": found.first_bad, "reason": found.reason}
