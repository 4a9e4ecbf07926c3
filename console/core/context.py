"""Who acts, on which database, at what time, under which settings: handed to every use-case, never imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.core.clock import Clock
from console.core.errors import NotPermitted
from console.core.logs import masked_numbers
from console.core.security.permissions import Permission, Role, permissions_of
from console.core.settings import Settings
from db import audit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from db.engine import Database
    from db.stopping import Stop


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A user who has logged in, or the program itself (``SYSTEM``)."""

    user_id: int  # 0: the program itself
    login: str
    name: str
    roles: frozenset[Role]
    permissions: frozenset[Permission]

    @staticmethod
    def of(user_id: int, login: str, name: str, roles: frozenset[Role]) -> Actor:
        return Actor(user_id=user_id, login=login, name=name, roles=roles, permissions=permissions_of(roles))


_TYPED = frozenset({"reason", "comment", "basis", "evidence", "note", "title", "name", "filter"})  # by people


def _unnumbered(value: object) -> object:
    """What a person typed may hold a number, which the audit trail would keep for ever: mask it."""
    if isinstance(value, str):
        return masked_numbers(value)
    if isinstance(value, dict):
        return {key: _unnumbered(each) for key, each in value.items()}
    return [_unnumbered(each) for each in value] if isinstance(value, list) else value


SYSTEM = Actor.of(0, "system", "system", frozenset())


@dataclass(frozen=True, kw_only=True)
class Context:
    database: Database
    clock: Clock
    actor: Actor
    settings: Settings
    stop: Stop | None = None  # of the read that this was made for, where somebody may lose interest in it

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read that ends early when nobody waits for it any more. Raises db.errors, db.stopping.Stopped."""
        with self.database.read() as session:
            if self.stop is None:
                yield session
            else:
                with self.stop.watching(session):
                    yield session

    def allowed(self, permission: Permission) -> bool:
        return permission in self.actor.permissions

    def require(self, permission: Permission) -> None:
        """Raises NotPermitted."""
        if not self.allowed(permission):
            raise NotPermitted()

    def audit(self, session: Session, action: str, subject: str, **detail: object) -> None:
        """Put a decision into the audit chain, in the transaction of its effect (I6)."""
        audit.append(
            session,
            at=self.clock.now(),
            actor_id=self.actor.user_id or None,
            actor=self.actor.login,
            action=action,
            subject=subject,
            detail={key: _unnumbered(value) if key in _TYPED else value for key, value in detail.items()},
        )

    def with_settings(self, settings: Settings) -> Context:
        return replace(self, settings=settings)
