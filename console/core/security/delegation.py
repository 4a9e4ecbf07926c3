"""A supervisor who is away lets somebody decide in their place, for a time and never about their own work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import NotPermitted, UserError
from console.core.i18n import T
from console.core.security.permissions import Permission, Role, permissions_of
from db.models import Delegation, User

LONGEST = timedelta(days=92)
LENT = frozenset({Permission.APPROVALS_DECIDE, Permission.CAMPAIGNS_VIEW, Permission.TEMPLATES_VIEW})


class UnusableDelegation(UserError):
    """A person or a time that cannot be taken."""


@dataclass(frozen=True, kw_only=True)
class DelegationRow:
    id: int
    to_user: int
    name: str  # of who decides
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Deputy:
    user_id: int
    name: str


def deputies(ctx: Context, session: Session) -> list[Deputy]:
    """Who could decide in this person's place: every other active user, by name."""
    ctx.require(Permission.APPROVALS_DECIDE)
    query = select(User).where(User.active, User.id != ctx.actor.user_id).order_by(User.display_name)
    return [Deputy(user_id=user.id, name=user.display_name) for user in session.scalars(query)]


def own_delegations(ctx: Context, session: Session) -> list[DelegationRow]:
    """Of this person, those that are not over, the next first."""
    query = (
        select(Delegation, User.display_name)
        .join(User, User.id == Delegation.to_user)
        .where(
            Delegation.from_user == ctx.actor.user_id,
            Delegation.ended_at.is_(None),
            Delegation.ends_at > ctx.clock.now(),
        )
        .order_by(Delegation.starts_at, Delegation.id)
    )
    return [
        DelegationRow(
            id=row.id, to_user=row.to_user, name=name, starts_at=row.starts_at, ends_at=row.ends_at, reason=row.reason
        )
        for row, name in session.execute(query)
    ]


def delegate(ctx: Context, to_user: int, starts_at: datetime, ends_at: datetime, reason: str) -> int:
    """Its id. A right that was itself lent is not lent on. Raises NotPermitted, UnusableDelegation."""
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        if not own_right(session, ctx.actor.user_id):
            raise NotPermitted()
        deputy = session.get(User, to_user)
        if deputy is None or not deputy.active or to_user == ctx.actor.user_id:
            raise UnusableDelegation(T("This person cannot decide in your place."), T("Choose another one."))
        if not starts_at < ends_at or ends_at <= now:
            raise UnusableDelegation(T("The end lies before the beginning, or is over."))
        if ends_at - starts_at > LONGEST:
            raise UnusableDelegation(T("At most {days} days at a time.", days=LONGEST.days))
        row = Delegation(
            from_user=ctx.actor.user_id,
            to_user=to_user,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason.strip()[:200],
            created_at=now,
        )
        session.add(row)
        session.flush()
        ctx.audit(
            session,
            "delegation.give",
            f"delegation:{row.id}",
            login=deputy.login,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=row.reason,
        )
        return row.id


def take_back(ctx: Context, delegation_id: int) -> None:
    """End it now; nothing happens to one that is over or of somebody else."""
    with ctx.database.begin() as session:
        row = session.get(Delegation, delegation_id, with_for_update=True)
        if row is None or row.from_user != ctx.actor.user_id or row.ended_at is not None:
            return
        row.ended_at = ctx.clock.now()
        ctx.audit(session, "delegation.end", f"delegation:{row.id}")


def principals(session: Session, user_id: int, now: datetime) -> list[int]:
    """In whose place this user may decide now: those who still have the right themselves."""
    query = (
        select(Delegation.from_user)
        .where(
            Delegation.to_user == user_id,
            Delegation.ended_at.is_(None),
            Delegation.starts_at <= now,
            Delegation.ends_at > now,
        )
        .order_by(Delegation.id)
    )
    return [principal for principal in dict.fromkeys(session.scalars(query)) if own_right(session, principal)]


def deciding_for(ctx: Context, session: Session) -> list[int]:
    """Whose right this person uses, as it stands in the database now: their own, else of those who are away.

    A session that began before the right was taken away decides nothing. Raises NotPermitted.
    """
    me = ctx.actor.user_id
    if own_right(session, me):
        return [me]
    user = session.get(User, me)
    behind = principals(session, me, ctx.clock.now()) if user is not None and user.active else []
    if not behind:
        raise NotPermitted()
    return behind


def own_right(session: Session, user_id: int) -> bool:
    """The right to decide, as the roles stand in the database now."""
    user = session.get(User, user_id)
    return (
        user is not None
        and user.active
        and Permission.APPROVALS_DECIDE in permissions_of(Role(role) for role in user.roles)
    )
