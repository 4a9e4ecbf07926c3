"""A draft of the next version of the rules, and its approval.

The administrator writes a draft, somebody else approves it (maker is never checker), and from a moment on it holds.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.compliance.changing import Field, changed_pack, fields_of, without_list
from console.core.compliance.describe import differences
from console.core.compliance.pack import Record, completed, read_pack
from console.core.compliance.policy import load_policy
from console.core.compliance.versions import SECRET_NAME, in_force_at, instant, newest_number, signature, stored_record
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T
from console.core.messages.checks import check_words
from console.core.messages.findings import Finding
from console.core.security.permissions import Permission
from db.audit import canonical
from db.models import Control, RulePack, RulePackState

AUDITED = 2_000  # characters of a change that go into the audit chain
OPEN = (RulePackState.DRAFT, RulePackState.PENDING)


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
        if (existing := session.scalar(select(RulePack.id).where(RulePack.state.in_(OPEN)))) is not None:
            return existing
        newest = newest_number(session)
        record = stored_record(session, newest if number is None else number)
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
        changes = differences(stored_record(session, pack.based_on), completed(pack.record))
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
        ctx.audit(session, "rules.submit", f"rules:{pack_id}", count=len(changes), digest=seen(pack), reason=pack.note)


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
        if seen(pack) != digest or pack.based_on != newest_number(session):
            raise DraftGone()
        read_pack(completed(pack.record))
        now = ctx.clock.now()
        pack.number = newest_number(session) + 1
        pack.effective_from = max(now, pack.effective_from or now)
        pack.digest = signature(secret, pack.number, canonical(pack.record), pack.effective_from)
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
    return sum(ctx.actor.user_id not in makers(pack) for pack in packs)


def _require_other(ctx: Context, pack: RulePack) -> None:
    if ctx.actor.user_id in makers(pack):
        raise OwnRules()


def makers(pack: RulePack) -> set[int]:
    return {pack.created_by, *pack.editors}


def _open(session: Session, pack_id: int, state: RulePackState, *, lock: bool = True) -> RulePack:
    pack = session.get(RulePack, pack_id, with_for_update=lock, populate_existing=lock)
    if pack is None or pack.state is not state:
        raise DraftGone()
    return pack


def seen(pack: RulePack) -> str:
    """Of what a checker reads: any edit changes it."""
    return hmac.digest(
        b"seen", f"{pack.id}|{instant(pack.effective_from)}|{pack.note}|{canonical(pack.record)}".encode(), "sha256"
    ).hex()


def record_of(ctx: Context, session: Session, pack_id: int | None) -> dict[str, Any]:
    """The rules of a draft, or with None those in force. Raises DraftGone."""
    if pack_id is None:
        return stored_record(session, in_force_at(session, ctx.clock.now()))
    pack = session.get(RulePack, pack_id)
    if pack is None or pack.state not in OPEN:
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
