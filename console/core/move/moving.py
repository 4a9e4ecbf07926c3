"""A workstation's database goes to a PostgreSQL server, whole and once.

Nobody else may have the file open. The rows are written and compared in one transaction of the server; just before it
is committed the file is marked as left, so that at no moment two databases may send the same messages. Cut off in
between, the move is repeated: it sees by the mark and its token whether the rows had arrived.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from console.core.clock import Clock
from console.core.context import Actor
from console.core.errors import EnvironmentTrouble, NotPermitted, UserError
from console.core.i18n import T
from console.core.paths import sqlite_url
from console.core.security.login import Door, LoginRefused
from console.core.security.permissions import Permission, Role
from console.core.security.place import place_title
from db import audit, move
from db.engine import Database, alone
from db.errors import DatabaseBusy
from db.models import MoveState, User

Tell = Callable[[int, int], None]  # rows done, rows in all; may raise to stop


class InUse(EnvironmentTrouble):
    def __init__(self) -> None:
        super().__init__(
            T("The database is in use."),
            T("Close the window and end the sending on this computer, then repeat the move."),
        )


class TargetFilled(UserError):
    def __init__(self, table: str) -> None:
        super().__init__(
            T("The database on the server is not empty (table {table}).", table=table),
            T("Have an empty database made there; nothing was changed."),
        )


class MoveFailed(UserError):
    """Nothing arrived and the database stays where it is."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    place: str
    rows: int
    tables: tuple[move.Copied, ...]  # empty where an earlier, interrupted move had brought everything
    digest: str  # over all tables


def move_database(path: Path, target: str, login: str, password: str, clock: Clock, tell: Tell | None = None) -> Moved:
    """Everything of the embedded database at ``path`` into the empty database at ``target``.

    Raises LoginRefused, LoginLocked, NotPermitted, InUse, TargetFilled, MoveFailed, UserError, db.errors, and what
    ``tell`` raises; then nothing has arrived and the source works as before.
    """
    login = login.strip().casefold()
    key = Door(sqlite_url(path), clock).open_slot(path, login, password)
    with Database.open(sqlite_url(path), key=key) as database:
        database.upgrade()
    with _source(path, key) as source, Database.open(target) as server:
        server.upgrade()
        return _Move(source, server, target, clock, login).run(tell or (lambda done, total: None))


def take_back(path: Path, target: str, login: str, password: str, clock: Clock) -> None:
    """After an interrupted move: work here again. Only with proof of the server that nothing has arrived there.

    Raises as ``move_database``.
    """
    login = login.strip().casefold()
    key = Door(sqlite_url(path), clock).open_slot(path, login, password)
    with _source(path, key) as source, Database.open(target) as server:
        server.upgrade()
        _Move(source, server, target, clock, login).take_back()


@contextmanager
def _source(path: Path, key: bytes) -> Iterator[Engine]:
    try:
        with alone(path, key) as engine:
            yield engine
    except DatabaseBusy as error:
        raise InUse() from error


class _Move:
    def __init__(self, source: Engine, server: Database, target: str, clock: Clock, login: str) -> None:
        self._source, self._server, self._clock = source, server, clock
        self._place = place_title(target)
        with source.begin() as connection:
            self._actor = _administrator(connection, login)

    def run(self, tell: Tell) -> Moved:
        token = self._interrupted()
        if token and self._arrived(token):
            return self._close(token, ())
        return self._carry(tell)

    def take_back(self) -> None:
        token = self._interrupted()
        if not token:
            raise UserError(T("No move of this database was interrupted."))
        if self._arrived(token):
            raise UserError(T("Everything has arrived in {place}: repeat the move to complete it.", place=self._place))
        with self._source.begin() as source:
            move.clear_mark(source)
            self._enter(source, "database.taken_back", place=self._place)

    def _interrupted(self) -> str:
        """The token of a move to this place that did not come to its end; empty for none."""
        with self._source.begin() as connection:
            mark = move.mark_of(connection)
        if mark is None or mark[0] is MoveState.ARRIVED:
            return ""
        state, token, place = mark
        if state is MoveState.LEFT:
            raise UserError(T("This database was moved to {place} already.", place=place))
        if place != self._place:
            raise UserError(T("A move to {place} was interrupted. Repeat it to that place.", place=place))
        return token

    def _arrived(self, token: str) -> bool:
        with self._server.engine.connect() as connection:
            mark = move.mark_of(connection)
        return mark is not None and mark[:2] == (MoveState.ARRIVED, token)

    def _carry(self, tell: Tell) -> Moved:
        token = secrets.token_hex(16)
        with self._server.engine.begin() as target:
            if table := move.first_filled(target):
                raise TargetFilled(table)
            with self._source.begin() as source:
                move.clear_mark(source)
                self._enter(source, "database.move", place=self._place)
            with self._source.begin() as source:
                copied = _copied(source, target, tell)
            self._verify(target)
            self._enter(target, "database.arrived", rows=sum(each.rows for each in copied), digest=_digest(copied))
            now = self._clock.now()
            move.set_mark(target, MoveState.ARRIVED, token, "", now)
            with self._source.begin() as source:
                move.set_mark(source, MoveState.LEAVING, token, self._place, now)
        return self._close(token, tuple(copied))

    def _close(self, token: str, copied: tuple[move.Copied, ...]) -> Moved:
        with self._source.begin() as source:
            move.set_mark(source, MoveState.LEFT, token, self._place, self._clock.now())
        with self._server.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as target:
            target.exec_driver_sql("ANALYZE")
        return Moved(
            place=self._place, rows=sum(each.rows for each in copied), tables=copied, digest=_digest(list(copied))
        )

    def _verify(self, target: Connection) -> None:
        with _session(target) as session:
            found = audit.verify(session)
        if not found.sound:
            raise MoveFailed(
                T("The audit trail is not whole: entry {n}.", n=found.first_bad or 0),
                T("Keep this database as it is and tell the auditor."),
            )

    def _enter(self, connection: Connection, action: str, **detail: object) -> None:
        with _session(connection) as session:
            audit.append(
                session, at=self._clock.now(), actor_id=self._actor.user_id, actor=self._actor.login,
                action=action, subject="database", detail=detail,
            )  # fmt: skip


@contextmanager
def _session(connection: Connection) -> Iterator[Session]:
    """For code that wants a session, inside the transaction of the connection."""
    with Session(connection, join_transaction_mode="rollback_only") as session:
        yield session
        session.commit()


def _copied(source: Connection, target: Connection, tell: Tell) -> list[move.Copied]:
    try:
        return move.copy(source, target, tell)
    except move.Unmovable as error:
        raise MoveFailed(
            T("The server does not take a value: {what}", what=str(error)),
            T("Nothing was moved. Correct the value here and repeat the move."),
        ) from error
    except move.NotTheSame as error:
        raise MoveFailed(
            T("What arrived is not what left: {what}", what=str(error)), T("Nothing was moved. Repeat the move.")
        ) from error


def _administrator(connection: Connection, login: str) -> Actor:
    row = connection.execute(
        select(User.id, User.login, User.display_name, User.roles).where(User.login == login, User.active)
    ).first()
    if row is None:
        raise LoginRefused()
    known = {role.value for role in Role}
    actor = Actor.of(row[0], row[1], row[2], frozenset(Role(role) for role in row[3] if role in known))
    if Permission.DATABASE_MOVE not in actor.permissions:
        raise NotPermitted()
    return actor


def _digest(copied: list[move.Copied]) -> str:
    lines = "".join(f"{each.table} {each.rows} {each.digest}\n" for each in copied)
    return hashlib.sha256(lines.encode()).hexdigest()
