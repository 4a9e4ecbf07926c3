"""Versions of the rule pack: which one is in force, a draft of the next, its approval, and what came before.

The administrator writes a draft, somebody else approves it (maker is never checker), and from a moment on it holds.
Version 1 is the shipped pack. An approved version is never changed; its keyed digest tells when somebody did.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from console.core.compliance.changing import Field, changed_pack, fields_of, without_list
from console.core.compliance.describe import RuleChange, RuleView, differences, views
from console.core.compliance.faults import BadPack
from console.core.compliance.model import Policy
from console.core.compliance.pack import Record, completed, read_pack
from console.core.compliance.policy import load_policy, shipped_pack
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.messages.checks import check_words
from console.core.messages.findings import Finding
from console.core.messages.words import Words
from console.core.security.permissions import Permission
from db.audit import canonical
from db.models import Control, RulePack, RulePackState, Secret, User

SECRET_NAME = "rules"  # noqa: S105 - the name of a row, not a secret
SHIPPED = 1
AUDITED = 2_000  # characters of a change that go into the audit chain
_OPEN = (RulePackState.DRAFT, RulePackState.PENDING)


class RulesTampered(UserError):
    def __init__(self, number: int) -> None:
        super().__init__(
            T("Version {number} of the rules is not what was approved.", number=number),
            T("Keep this database as it is, and tell your administrator and auditor."),
        )


class DraftGone(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("These rules were changed or decided on elsewhere."),
            T("Look at them again; the page shows how they are."),
        )


class NothingChanged(UserError):
    def __init__(self) -> None:
        super().__init__(T("The draft says the same as the rules in force."), T("Change a rule first."))


class OwnRules(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("You wrote in this draft, so somebody else has to approve it."), T("Ask another supervisor.")
        )


class ReasonNeeded(UserError):
    def __init__(self) -> None:
        super().__init__(T("Please say why."), T("Whoever reads it next needs to know."))


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


def policy_at(session: Session, at: datetime) -> Policy:
    """The rules in force at ``at``. Raises RulesTampered, BadPack."""
    found = session.execute(
        select(RulePack.number, RulePack.record, RulePack.digest, RulePack.effective_from)
        .where(_approved(), RulePack.effective_from <= at)
        .order_by(RulePack.number.desc())
        .limit(1)
    ).first()
    if found is None:
        return load_policy()
    number, record, digest, effective_from = found
    return _sound(session, number or 0, record, digest, effective_from)


def words_at(session: Session, at: datetime) -> Words:
    """The word lists in force; those that are shipped where the rules can not be used: nothing leaves then anyway."""
    try:
        return policy_at(session, at).words
    except (RulesTampered, BadPack):
        return load_policy().words


def _in_force(session: Session, at: datetime) -> int:
    query = select(func.max(RulePack.number))
    return session.scalar(query.where(_approved(), RulePack.effective_from <= at)) or SHIPPED


def _approved() -> ColumnElement[bool]:
    return RulePack.state == RulePackState.APPROVED


def _sound(
    session: Session, number: int, record: Mapping[str, Any], digest: str, effective_from: datetime | None
) -> Policy:
    secret = session.scalar(select(Secret.value).where(Secret.name == SECRET_NAME)) or b""
    text = canonical(dict(record))
    if not hmac.compare_digest(digest, _signature(secret, number, text, effective_from)):
        raise RulesTampered(number)
    return _read(number, text)


@lru_cache(maxsize=8)
def _read(number: int, text: str) -> Policy:
    return read_pack(completed(json.loads(text)), number)


def _signature(secret: bytes, number: int, text: str, effective_from: datetime | None) -> str:
    return hmac.digest(secret, f"{number}|{_instant(effective_from)}|{text}".encode(), "sha256").hex()


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def overview(ctx: Context) -> Overview:
    ctx.require(Permission.RULES_VIEW)
    now = ctx.clock.now()
    with ctx.database.read() as session:
        in_force, trouble = _in_force(session, now), None
        try:
            policy_at(session, now)
        except UserError as error:
            trouble = error.message
        draft = session.scalar(select(RulePack).where(RulePack.state.in_(_OPEN)))
        return Overview(
            number=in_force,
            trouble=trouble,
            rules=tuple(views(_record(session, in_force))),
            versions=tuple(_versions(session, in_force, now)),
            draft=None if draft is None else _draft_view(ctx, session, draft),
        )


def version_changes(ctx: Context, number: int) -> list[RuleChange]:
    """What a version said otherwise than the one that it was written from; nothing for the shipped one."""
    ctx.require(Permission.RULES_VIEW)
    with ctx.database.read() as session:
        pack = session.scalar(select(RulePack).where(RulePack.number == number))
        return [] if pack is None else differences(_record(session, pack.based_on), completed(pack.record))


def form_of(ctx: Context, pack_id: int, rule: str) -> list[Field]:
    """What a form for a rule of the draft asks for. Raises DraftGone."""
    ctx.require(Permission.RULES_EDIT)
    with ctx.database.read() as session:
        return fields_of(completed(_open(session, pack_id, RulePackState.DRAFT, lock=False).record), rule)


def start_draft(ctx: Context, number: int | None = None) -> int:
    """A draft that says what version ``number`` says (None: the newest); the open one when there is one. Its id."""
    ctx.require(Permission.RULES_EDIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        session.get(Control, 1, with_for_update=True)  # two who begin at once get the same draft
        if (existing := session.scalar(select(RulePack.id).where(RulePack.state.in_(_OPEN)))) is not None:
            return existing
        newest = _newest(session)
        record = _record(session, newest if number is None else number)
        pack = RulePack(
            state=RulePackState.DRAFT,
            record=record,
            based_on=newest,
            editors=[ctx.actor.user_id],
            created_by=ctx.actor.user_id,
            created_at=now,
            updated_at=now,
        )
        session.add(pack)
        session.flush()
        ctx.audit(session, "rules.draft", f"rules:{pack.id}", number=number or newest)
        return pack.id


def change_rule(ctx: Context, pack_id: int, rule: str, values: Mapping[str, Any], source: str) -> None:
    """``source`` says where the new value comes from. Raises BadPack, DraftGone."""
    rewrite(ctx, pack_id, lambda record: changed_pack(record, rule, values, source, today(ctx)), source)


def remove_list(ctx: Context, pack_id: int, rule: str) -> None:
    """Take a word list that the office added out of the draft. Raises BadPack, DraftGone."""
    rewrite(ctx, pack_id, lambda record: without_list(record, rule), "")


def rewrite(ctx: Context, pack_id: int, change: Callable[[Record], dict[str, Any]], source: str) -> int:
    """Put what ``change`` makes of the draft in its place; how many rules differ. Raises BadPack, DraftGone."""
    ctx.require(Permission.RULES_EDIT)
    with ctx.database.begin() as session:
        pack = _open(session, pack_id, RulePackState.DRAFT)
        before = completed(pack.record)
        pack.record = change(before)
        pack.editors = sorted({*pack.editors, ctx.actor.user_id})
        pack.updated_at = ctx.clock.now()
        changes = differences(before, pack.record)
        for found in changes:
            ctx.audit(
                session,
                "rules.edit",
                f"rules:{pack_id}",
                rule=found.rule,
                before=_abridged(found.before),
                after=_abridged(found.after),
                source=source,
            )
        return len(changes)


def _abridged(told: str) -> str:
    """A long list of words is told by its beginning: the approval signs all of it."""
    return told if len(told) <= AUDITED else f"{told[:AUDITED]}…"


def submit_draft(ctx: Context, pack_id: int, note: str, effective_from: datetime | None) -> None:
    """Put the draft before a checker. Raises NothingChanged, ReasonNeeded, BadPack, DraftGone."""
    ctx.require(Permission.RULES_EDIT)
    if not note.strip():
        raise ReasonNeeded()
    with ctx.database.begin() as session:
        pack = _open(session, pack_id, RulePackState.DRAFT)
        read_pack(completed(pack.record))
        changes = differences(_record(session, pack.based_on), completed(pack.record))
        if not changes:
            raise NothingChanged()
        now = ctx.clock.now()
        pack.state, pack.note, pack.comment, pack.effective_from = (
            RulePackState.PENDING,
            note.strip(),
            "",
            effective_from,
        )
        pack.submitted_at = pack.updated_at = now
        pack.editors = sorted({*pack.editors, ctx.actor.user_id})
        ctx.audit(session, "rules.submit", f"rules:{pack_id}", count=len(changes), digest=_seen(pack), reason=pack.note)


def take_back(ctx: Context, pack_id: int) -> None:
    """From the checker to the draft again."""
    ctx.require(Permission.RULES_EDIT)
    with ctx.database.begin() as session:
        pack = _open(session, pack_id, RulePackState.PENDING)
        pack.state, pack.updated_at = RulePackState.DRAFT, ctx.clock.now()
        ctx.audit(session, "rules.withdraw", f"rules:{pack_id}")


def discard_draft(ctx: Context, pack_id: int) -> None:
    ctx.require(Permission.RULES_EDIT)
    with ctx.database.begin() as session:
        pack = _open(session, pack_id, RulePackState.DRAFT)
        pack.state, pack.updated_at = RulePackState.DISCARDED, ctx.clock.now()
        ctx.audit(session, "rules.discard", f"rules:{pack_id}")


def approve_rules(ctx: Context, pack_id: int, digest: str) -> int:
    """Sign the draft that was read under ``digest``; the number of the new version. Raises OwnRules, DraftGone."""
    ctx.require(Permission.RULES_APPROVE)
    secret = ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        pack = _open(session, pack_id, RulePackState.PENDING)
        _require_other(ctx, pack)
        if _seen(pack) != digest or pack.based_on != _newest(session):
            raise DraftGone()
        read_pack(completed(pack.record))
        now = ctx.clock.now()
        pack.number = _newest(session) + 1
        pack.effective_from = max(now, pack.effective_from or now)
        pack.digest = _signature(secret, pack.number, canonical(pack.record), pack.effective_from)
        pack.state, pack.decided_by, pack.decided_at = RulePackState.APPROVED, ctx.actor.user_id, now
        ctx.audit(
            session,
            "rules.approve",
            f"rules:{pack_id}",
            number=pack.number,
            digest=pack.digest,
            not_before=pack.effective_from,
        )
        return pack.number


def return_rules(ctx: Context, pack_id: int, comment: str) -> None:
    """Back to the maker. Raises ReasonNeeded, OwnRules, DraftGone."""
    ctx.require(Permission.RULES_APPROVE)
    if not comment.strip():
        raise ReasonNeeded()
    with ctx.database.begin() as session:
        pack = _open(session, pack_id, RulePackState.PENDING)
        _require_other(ctx, pack)
        pack.state, pack.comment, pack.updated_at = RulePackState.DRAFT, comment.strip(), ctx.clock.now()
        ctx.audit(session, "rules.return", f"rules:{pack_id}", comment=pack.comment)


def waiting_rules(ctx: Context, session: Session) -> int:
    """How many drafts this person could decide on now: the number beside the page's name."""
    if not ctx.allowed(Permission.RULES_APPROVE):
        return 0
    packs = session.scalars(select(RulePack).where(RulePack.state == RulePackState.PENDING))
    return sum(ctx.actor.user_id not in _makers(pack) for pack in packs)


def _require_other(ctx: Context, pack: RulePack) -> None:
    if ctx.actor.user_id in _makers(pack):
        raise OwnRules()


def _makers(pack: RulePack) -> set[int]:
    return {pack.created_by, *pack.editors}


def _open(session: Session, pack_id: int, state: RulePackState, *, lock: bool = True) -> RulePack:
    pack = session.get(RulePack, pack_id, with_for_update=lock, populate_existing=lock)
    if pack is None or pack.state is not state:
        raise DraftGone()
    return pack


def _newest(session: Session) -> int:
    return session.scalar(select(func.max(RulePack.number))) or SHIPPED


def _record(session: Session, number: int) -> dict[str, Any]:
    if number == SHIPPED:
        return shipped_pack()
    return completed(session.scalars(select(RulePack.record).where(RulePack.number == number)).one())


def _seen(pack: RulePack) -> str:
    """Of what a checker reads: any edit changes it."""
    return hmac.digest(
        b"seen", f"{pack.id}|{_instant(pack.effective_from)}|{pack.note}|{canonical(pack.record)}".encode(), "sha256"
    ).hex()


def record_of(ctx: Context, session: Session, pack_id: int | None) -> dict[str, Any]:
    """The rules of a draft, or with None those in force. Raises DraftGone."""
    if pack_id is None:
        return _record(session, _in_force(session, ctx.clock.now()))
    pack = session.get(RulePack, pack_id)
    if pack is None or pack.state not in _OPEN:
        raise DraftGone()
    return completed(pack.record)


def try_text(ctx: Context, pack_id: int | None, text: str, class_key: str) -> list[Finding]:
    """What the word lists of a draft, or with None those in force, say of a text. Raises DraftGone, BadPack."""
    ctx.require(Permission.RULES_VIEW)
    with ctx.database.read() as session:
        policy = read_pack(record_of(ctx, session, pack_id), 0)
    return check_words(text, policy.classes[class_key], policy.words)


def today(ctx: Context) -> date:
    return load_policy().zone.local(ctx.clock.now()).date()


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
    elif ctx.actor.user_id in _makers(pack):
        refusal = OwnRules().message
    return DraftView(
        id=pack.id,
        pending=pack.state is RulePackState.PENDING,
        rules=tuple(views(completed(pack.record))),
        changes=tuple(differences(_record(session, pack.based_on), completed(pack.record))),
        note=pack.note,
        comment=pack.comment,
        effective_from=pack.effective_from,
        maker=session.scalar(select(User.display_name).where(User.id == pack.created_by)) or "",
        updated_at=pack.updated_at,
        digest=_seen(pack),
        refusal=refusal,
    )
