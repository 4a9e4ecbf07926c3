"""Holding a line's modem for a person, so that no dispatcher opens it meanwhile: the same lease as a dispatcher's."""

from __future__ import annotations

import logging
import secrets
import threading
from datetime import datetime, timedelta

from sqlalchemy import Update, or_, update

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T
from console.core.lines.editing import InvalidLine
from db.errors import DatabaseError
from db.models import Line

log = logging.getLogger(__name__)

PREFIX = "person-"  # of an owner that is no dispatcher
LEASE = timedelta(seconds=60)
_RENEW_SECONDS = 15.0


class LineTaken(UserError):
    """The modem is not free."""


def is_held(line: Line, now: datetime) -> bool:
    """Whether a dispatcher or a person has the device, as far as its lease says."""
    return bool(line.owner) and line.lease_until is not None and line.lease_until > now


class Lease:
    """Of one line, from ``take`` to ``release``; renewed in the background, so that a crash frees it soon."""

    def __init__(self, ctx: Context, line_id: int) -> None:
        self._ctx = ctx
        self._line_id = line_id
        self._owner = f"{PREFIX}{ctx.actor.user_id}-{secrets.token_hex(8)}"
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"lease-{line_id}", daemon=True)

    @staticmethod
    def take(ctx: Context, line_id: int) -> Lease:
        """Raises LineTaken while somebody else has the modem, InvalidLine."""
        lease = Lease(ctx, line_id)
        lease._take()
        lease._keeper.start()
        return lease

    def _take(self) -> None:
        now = self._ctx.clock.now()
        free = or_(Line.owner == "", Line.lease_until.is_(None), Line.lease_until <= now)
        mine = update(Line).where(Line.id == self._line_id, free).values(owner=self._owner, lease_until=now + LEASE)
        with self._ctx.database.begin() as session:
            line = session.get(Line, self._line_id)
            if line is None:
                raise InvalidLine("name", T("This line does not exist any more."))
            owner, name = line.owner, line.name
            if session.execute(mine.returning(Line.id)).first() is None:
                raise _taken(owner, name)

    def _keep(self) -> None:
        while not self._ending.wait(_RENEW_SECONDS):
            try:
                with self._ctx.database.begin() as session:
                    until = self._ctx.clock.now() + LEASE
                    session.execute(self._own().values(lease_until=until))
            except DatabaseError as error:
                log.warning("the lease of line %d is not renewed: %s", self._line_id, type(error).__name__)

    def _own(self) -> Update:
        return update(Line).where(Line.id == self._line_id, Line.owner == self._owner)

    def release(self) -> None:
        """Safe to call twice."""
        self._ending.set()
        with self._ctx.database.begin() as session:
            session.execute(self._own().values(owner="", lease_until=None))
        if self._keeper.is_alive():
            self._keeper.join(timeout=5)


def _taken(owner: str, name: str) -> LineTaken:
    if owner.startswith(PREFIX):
        return LineTaken(
            T("Somebody talks to the modem of {name} already.", name=name), T("Try again when the terminal is closed.")
        )
    return LineTaken(
        T("The sending has the modem of {name}.", name=name),
        T("Switch the line off, wait until its card says so, and open the terminal then."),
    )
