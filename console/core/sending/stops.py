"""What is stopped now, who stopped it, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.format import local_datetime
from console.core.i18n import sentences, tr
from console.core.messages.classes import CLASSES
from db.models import Batch, BatchKind, BatchState, Campaign, Control, Line, User


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """``class_key`` is empty for the global stop."""

    class_key: str
    reason: str
    by: str  # display name; "" when it is not known
    at: datetime | None

    @property
    def title(self) -> str:
        known = CLASSES.get(self.class_key)
        return str(known.title) if known is not None else self.class_key


@dataclass(frozen=True, kw_only=True)
class Stoppable:
    """What may be stopped beside everything and the classes: (id, name) by name."""

    lines: tuple[tuple[int, str], ...]  # that are switched on
    campaigns: tuple[tuple[int, str], ...]  # that are open


def told(stop: Stopped) -> str:
    """What is stopped, by whom, when and why."""
    what = tr("Stopped: {what}.", what=stop.title) if stop.class_key else tr("All sending is stopped.")
    return sentences(what, said(stop))


def said(stop: Stopped) -> str:
    """Why, and by whom and when."""
    who = ", ".join(filter(None, (stop.by, local_datetime(stop.at) if stop.at is not None else "")))
    return " ".join(filter(None, (stop.reason, f"({who})" if who else "")))


def stops(session: Session) -> tuple[Stopped, ...]:
    """The global stop first, then the classes in the order in which they were stopped."""
    control = session.execute(
        select(Control.stopped, Control.reason, Control.changed_by, Control.changed_at, Control.classes)
    ).one()
    records: dict[str, Mapping[str, Any]] = control.classes
    people = {control.changed_by, *(each.get("by") for each in records.values())} - {None}
    query = select(User.id, User.display_name).where(User.id.in_(people))
    names: dict[int | None, str] = dict(session.execute(query).all()) if people else {}
    found = [
        Stopped(
            class_key=key,
            reason=str(each.get("reason", "")),
            by=names.get(each.get("by"), ""),
            at=datetime.fromisoformat(str(each["at"])) if each.get("at") else None,
        )
        for key, each in records.items()
    ]
    found.sort(key=lambda each: (each.at is not None, each.at))
    if control.stopped:
        by = names.get(control.changed_by, "")
        found.insert(0, Stopped(class_key="", reason=control.reason, by=by, at=control.changed_at))
    return tuple(found)


def stop_of(session: Session, class_key: str) -> Stopped | None:
    """What keeps a class from being sent: the global stop before its own."""
    return next((each for each in stops(session) if each.class_key in ("", class_key)), None)


def stoppable(session: Session) -> Stoppable:
    lines = select(Line.id, Line.name).where(Line.enabled.is_(True)).order_by(Line.name)
    campaigns = (
        select(Campaign.id, Campaign.name)
        .join(Batch, Batch.id == Campaign.batch_id)
        .where(Batch.state == BatchState.OPEN, Batch.kind == BatchKind.CAMPAIGN)
        .order_by(Campaign.name, Campaign.id)
    )
    return Stoppable(
        lines=tuple((id_, name) for id_, name in session.execute(lines)),
        campaigns=tuple((id_, name) for id_, name in session.execute(campaigns)),
    )
