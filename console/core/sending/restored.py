"""An older copy of a database is at work again: what waited in it then may have left since, and must not leave twice.

A copy is known by the mark that ``db.backup`` puts into it, or because this computer has seen a later state of the
same database. Before anything is sent, all is stopped, what was on its way out becomes unknown, and what waited for
approval goes back to its maker. A person decides the rest.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from console.core.campaigns.freeze import void
from console.core.context import Context
from console.core.i18n import T
from console.core.processes import write_private
from console.core.sending.causes import explain
from console.core.sending.consistency import RESTORED
from console.core.sending.integrity import SECRET_NAME
from db import marks, outbox_decisions, outbox_recovery
from db.engine import Database
from db.models import Campaign, CampaignState, Dispatcher

log = logging.getLogger(__name__)

CHUNK = 500  # messages in one transaction
_SLACK = timedelta(seconds=10)


class Witness:
    """The last sign of life that this computer gave in a database, kept outside of it."""

    def __init__(self, folder: Path, database: Database, machine: str) -> None:
        identity = hashlib.sha256(b"witness" + database.secret(SECRET_NAME)).hexdigest()[:16]
        self._path = folder / f"seen-{identity}"
        self._machine = machine

    def write(self, beat: datetime) -> None:
        """Raises nothing: without a witness the mark in a copy has to do."""
        try:
            write_private(self._path, beat.isoformat().encode())
        except OSError as error:
            log.warning("the last sign of life is not kept: %s", type(error).__name__)

    def older(self, session: Session) -> datetime | None:
        """The last sign of life in the database, when this computer has given a later one; else None."""
        try:
            seen = datetime.fromisoformat(self._path.read_text("ascii").strip())
        except (OSError, ValueError):
            return None
        last = session.scalar(select(func.max(Dispatcher.heartbeat_at)).where(Dispatcher.machine == self._machine))
        return last if last is not None and seen - last > _SLACK else None


def settle(ctx: Context, witness: Witness | None) -> int | None:
    """How many messages became unknown; None where no older copy is at work. May be repeated after a crash."""
    with ctx.database.begin() as session:
        since = marks.get(session, marks.COPIED_AT) or (witness.older(session) if witness else None)
        if since is None:
            return None
        marks.put(session, marks.COPIED_AT, since)
        outbox_decisions.set_stopped(session, True, user_id=None, now=ctx.clock.now(), reason=_why(since))
    log.warning("an older copy of the database is at work again: everything is stopped")
    unknown = 0
    while found := _unsettle(ctx):
        unknown += found
    with ctx.database.begin() as session:
        returned = _take_back(session, ctx.clock.now())
        marks.remove(session, marks.COPIED_AT)
        ctx.audit(session, "database.restored", "database", copied_at=since, messages=unknown, campaigns=returned)
    return unknown


def _why(since: datetime) -> str:
    return str(
        T(
            "This is a copy of {at}. What was waiting then may have left since: decide the unknown outcomes first.",
            at=f"{since.astimezone():%Y-%m-%d %H:%M}",
        )
    )


def _unsettle(ctx: Context) -> int:
    with ctx.database.begin() as session:
        return outbox_recovery.give_up_waiting(session, CHUNK, RESTORED, explain(RESTORED).text.dump())


def _take_back(session: Session, now: datetime) -> list[int]:
    """What waited for approval then may have been approved since: its maker looks again. Their ids."""
    waiting = session.execute(select(Campaign.id, Campaign.batch_id).where(Campaign.state == CampaignState.PENDING))
    taken = []
    for campaign_id, batch_id in waiting.all():
        void(session, batch_id, now)
        session.execute(
            update(Campaign).where(Campaign.id == campaign_id).values(state=CampaignState.RETURNED, updated_at=now)
        )
        taken.append(campaign_id)
    return taken
