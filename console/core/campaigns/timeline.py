"""What happened to a campaign, told from the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.campaigns.decisions import subject
from console.core.format import count
from console.core.i18n import T, Text
from db.models import AuditEntry, User

_TITLES: Mapping[str, Text] = {
    "campaign.create": T("Created"),
    "campaign.copy": T("Made as a copy"),
    "campaign.edit": T("Edited"),
    "campaign.withdraw": T("Taken back"),
    "campaign.approve": T("Approved"),
    "campaign.return": T("Returned"),
    "campaign.pause": T("Paused"),
    "campaign.resume": T("Resumed"),
    "campaign.cancel": T("Cancelled"),
    "campaign.finish": T("Finished"),
    "series.run": T("Made as a run of a series"),
    "campaign.lapse": T("Not approved in time"),
    "campaign.test_send": T("Test message sent"),
    "campaign.tampered": T("Stored messages found changed"),
    "campaign.delete": T("Deleted"),
}


@dataclass(frozen=True, kw_only=True)
class Event:
    at: datetime
    actor: str  # display name; "" for the program itself
    title: Text
    comment: str  # what a person wrote; "" for nothing


def timeline(session: Session, campaign_id: int) -> list[Event]:
    """Newest first."""
    query = (
        select(AuditEntry.at, AuditEntry.action, AuditEntry.detail, User.display_name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.subject == subject(campaign_id))
        .order_by(AuditEntry.id.desc())
    )
    return [_event(at, action, json.loads(detail), name or "") for at, action, detail, name in session.execute(query)]


def _event(at: datetime, action: str, detail: Mapping[str, object], actor: str) -> Event:
    comment = detail.get("comment")
    return Event(at=at, actor=actor, title=_title(action, detail), comment=comment if isinstance(comment, str) else "")


def _title(action: str, detail: Mapping[str, object]) -> Text:
    if action == "campaign.submit":
        return T(
            "Submitted: {messages} messages, {excluded} left out",
            messages=_number(detail.get("messages")),
            excluded=_number(detail.get("excluded")),
        )
    if action == "campaign.edit" and detail.get("voided"):
        return T("Edited; the submission is void")
    return _TITLES.get(action, Text(action))


def _number(value: object) -> str:
    return count(value) if isinstance(value, int) else "?"
