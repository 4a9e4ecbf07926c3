"""What the page of the rules shows: those in force, the versions, and the draft with what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.compliance.describe import RuleChange, RuleView, differences, views
from console.core.compliance.drafts import OPEN, OwnRules, makers, seen
from console.core.compliance.pack import completed
from console.core.compliance.versions import SHIPPED, in_force_at, policy_at, stored_record
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db.models import RulePack, RulePackState, User


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    number: int
    effective_from: datetime | None  # None: as shipped
    maker: str
    checker: str
    note: str
    in_force: bool
    upcoming: bool


@dataclass(frozen=True, kw_only=True)
class DraftView:
    id: int
    pending: bool  # waits for a checker
    rules: tuple[RuleView, ...]
    changes: tuple[RuleChange, ...]
    note: str
    comment: str  # of the checker who returned it
    effective_from: datetime | None
    maker: str
    updated_at: datetime
    digest: str  # of what the checker reads
    refusal: Text | None  # why this person may not decide on it


@dataclass(frozen=True, kw_only=True)
class Overview:
    number: int  # of the version in force
    trouble: Text | None  # why it can not be used: nothing is sent until it is put right
    rules: tuple[RuleView, ...]
    versions: tuple[VersionRow, ...]  # newest first
    draft: DraftView | None


def overview(ctx: Context) -> Overview:
    ctx.require(Permission.RULES_VIEW)
    now = ctx.clock.now()
    with ctx.database.read() as session:
        in_force, trouble = in_force_at(session, now), None
        try:
            policy_at(session, now)
        except UserError as error:
            trouble = error.message
        draft = session.scalar(select(RulePack).where(RulePack.state.in_(OPEN)))
        return Overview(
            number=in_force,
            trouble=trouble,
            rules=tuple(views(stored_record(session, in_force))),
            versions=tuple(_versions(session, in_force, now)),
            draft=None if draft is None else _draft_view(ctx, session, draft),
        )


def version_changes(ctx: Context, number: int) -> list[RuleChange]:
    """What a version said otherwise than the one that it was written from; nothing for the shipped one."""
    ctx.require(Permission.RULES_VIEW)
    with ctx.database.read() as session:
        pack = session.scalar(select(RulePack).where(RulePack.number == number))
        return [] if pack is None else differences(stored_record(session, pack.based_on), completed(pack.record))


def _versions(session: Session, in_force: int, now: datetime) -> list[VersionRow]:
    names = dict(session.execute(select(User.id, User.display_name)).all())
    packs = session.scalars(
        select(RulePack).where(RulePack.state == RulePackState.APPROVED).order_by(RulePack.number.desc())
    )
    found = [
        VersionRow(
            number=pack.number or 0,
            effective_from=pack.effective_from,
            maker=names.get(pack.created_by, ""),
            checker=names.get(pack.decided_by or 0, ""),
            note=pack.note,
            in_force=pack.number == in_force,
            upcoming=pack.effective_from is not None and pack.effective_from > now,
        )
        for pack in packs
    ]
    shipped = VersionRow(
        number=SHIPPED,
        effective_from=None,
        maker="",
        checker="",
        note="",
        in_force=in_force == SHIPPED,
        upcoming=False,
    )
    return [*found, shipped]


def _draft_view(ctx: Context, session: Session, pack: RulePack) -> DraftView:
    refusal: Text | None = None
    if not ctx.allowed(Permission.RULES_APPROVE):
        refusal = T("A supervisor decides on it.")
    elif ctx.actor.user_id in makers(pack):
        refusal = OwnRules().message
    return DraftView(
        id=pack.id,
        pending=pack.state is RulePackState.PENDING,
        rules=tuple(views(completed(pack.record))),
        changes=tuple(differences(stored_record(session, pack.based_on), completed(pack.record))),
        note=pack.note,
        comment=pack.comment,
        effective_from=pack.effective_from,
        maker=session.scalar(select(User.display_name).where(User.id == pack.created_by)) or "",
        updated_at=pack.updated_at,
        digest=seen(pack),
        refusal=refusal,
    )
