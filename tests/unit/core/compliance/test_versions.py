from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from console.core.clock import FixedClock
from console.core.compliance.drafts import (
    DraftGone,
    NothingChanged,
    OwnRules,
    ReasonNeeded,
    approve_rules,
    change_rule,
    discard_draft,
    form_of,
    return_rules,
    start_draft,
    submit_draft,
    take_back,
    waiting_rules,
)
from console.core.compliance.faults import BadPack
from console.core.compliance.model import Policy
from console.core.compliance.overview import overview, version_changes
from console.core.compliance.policy import load_policy
from console.core.compliance.versions import SECRET_NAME, RulesTampered, policy_at, signature
from console.core.context import Context
from console.core.errors import NotPermitted
from db.audit import canonical
from db.models import AuditEntry, RulePack, RulePackState

CAP = "cap.marketing.month"


@pytest.fixture
def draft_id(admin_ctx: Context) -> int:
    return start_draft(admin_ctx)


def set_limit(ctx: Context, pack_id: int, limit: int | None) -> None:
    change_rule(ctx, pack_id, CAP, {"limit": limit}, "meeting of 2026-11-20")


def in_force(ctx: Context, at: datetime | None = None) -> Policy:
    with ctx.database.read() as session:
        return policy_at(session, at or ctx.clock.now())


def limit_of(policy: Policy) -> int | None:
    return next((cap.limit for cap in policy.caps if cap.rule == CAP), None)


def digest(ctx: Context) -> str:
    draft = overview(ctx).draft
    assert draft is not None
    return draft.digest


def approved(admin: Context, supervisor: Context, limit: int | None, from_: datetime | None = None) -> int:
    pack_id = start_draft(admin)
    set_limit(admin, pack_id, limit)
    submit_draft(admin, pack_id, "as agreed", from_)
    return approve_rules(supervisor, pack_id, digest(supervisor))


def test_without_a_version_of_its_own_an_office_has_the_shipped_rules(ctx: Context) -> None:
    assert in_force(ctx) is load_policy()
    seen = overview(ctx)
    assert (seen.number, seen.draft) == (1, None)
    assert [(row.number, row.in_force) for row in seen.versions] == [(1, True)]


def test_written_by_one_and_approved_by_another(admin_ctx: Context, supervisor_ctx: Context, draft_id: int) -> None:
    set_limit(admin_ctx, draft_id, 4)
    submit_draft(admin_ctx, draft_id, "two campaigns in spring", None)
    seen = overview(supervisor_ctx)
    assert seen.draft is not None
    assert (seen.draft.pending, seen.draft.refusal, seen.draft.note) == (True, None, "two campaigns in spring")
    (change,) = seen.draft.changes
    assert (change.before, change.after) == ("At most 2 a month to one person", "At most 4 a month to one person")
    assert limit_of(in_force(admin_ctx)) == 2
    assert approve_rules(supervisor_ctx, draft_id, seen.draft.digest) == 2
    policy = in_force(admin_ctx)
    assert (limit_of(policy), policy.version) == (4, 2)
    assert in_force(admin_ctx) is policy  # read once
    newest = overview(supervisor_ctx).versions[0]
    assert (newest.number, newest.maker, newest.checker, newest.in_force) == (2, "周航", "陈立", True)
    assert [each.rule for each in version_changes(supervisor_ctx, 2)] == [CAP]
    assert version_changes(supervisor_ctx, 1) == []


def test_it_holds_from_the_moment_it_says(
    admin_ctx: Context, supervisor_ctx: Context, ctx: Context, clock: FixedClock
) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    assert approved(admin_ctx, supervisor_ctx, 4, tomorrow) == 2
    assert overview(ctx).versions[0].upcoming
    assert limit_of(in_force(ctx, tomorrow - timedelta(microseconds=1))) == 2
    assert limit_of(in_force(ctx, tomorrow)) == 4
    assert approved(admin_ctx, supervisor_ctx, None) == 3  # written from version 2, and at once
    assert limit_of(in_force(ctx)) is None
    assert in_force(ctx, tomorrow).version == 3


def test_a_time_that_is_over_is_the_moment_of_approval(
    admin_ctx: Context, supervisor_ctx: Context, clock: FixedClock
) -> None:
    approved(admin_ctx, supervisor_ctx, 4, clock.now() - timedelta(days=3))
    assert in_force(admin_ctx, clock.now() - timedelta(seconds=1)).version == 1
    assert in_force(admin_ctx).version == 2


@pytest.mark.parametrize("edit", [True, False])
def test_the_maker_is_never_the_checker_also_not_with_both_roles(
    admin_ctx: Context, supervisor_ctx: Context, both_roles: Callable[[Context], Context], draft_id: int, edit: bool
) -> None:
    """Whoever wrote in it, whatever roles they got since."""
    set_limit(admin_ctx, draft_id, 4)
    helper = both_roles(supervisor_ctx)
    if edit:
        change_rule(helper, draft_id, "hours.care", {"from": "09:00", "to": "20:00", "days": "all"}, "own")
    submit_draft(admin_ctx, draft_id, "why", None)
    with pytest.raises(OwnRules):
        approve_rules(both_roles(admin_ctx), draft_id, digest(admin_ctx))
    with pytest.raises(OwnRules):
        return_rules(both_roles(admin_ctx), draft_id, "no")
    if edit:
        with pytest.raises(OwnRules):
            approve_rules(helper, draft_id, digest(admin_ctx))
    else:
        assert approve_rules(helper, draft_id, digest(admin_ctx)) == 2


@pytest.fixture
def both_roles() -> Callable[[Context], Context]:
    from dataclasses import replace

    from console.core.context import Actor
    from console.core.security.permissions import Role

    def make(ctx: Context) -> Context:
        roles = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR})
        return replace(ctx, actor=Actor.of(ctx.actor.user_id, ctx.actor.login, ctx.actor.name, roles))

    return make


def test_everybody_does_only_what_is_theirs(
    ctx: Context, admin_ctx: Context, supervisor_ctx: Context, draft_id: int
) -> None:
    for verb in (
        lambda: start_draft(ctx),
        lambda: change_rule(supervisor_ctx, draft_id, CAP, {"limit": 9}, "s"),
        lambda: submit_draft(supervisor_ctx, draft_id, "s", None),
        lambda: discard_draft(ctx, draft_id),
        lambda: take_back(supervisor_ctx, draft_id),
        lambda: form_of(supervisor_ctx, draft_id, CAP),
        lambda: approve_rules(admin_ctx, draft_id, "d"),
        lambda: return_rules(admin_ctx, draft_id, "d"),
    ):
        with pytest.raises(NotPermitted):
            verb()


def test_what_was_read_is_what_is_signed(admin_ctx: Context, supervisor_ctx: Context, draft_id: int) -> None:
    set_limit(admin_ctx, draft_id, 4)
    with pytest.raises(DraftGone):
        approve_rules(supervisor_ctx, draft_id, digest(supervisor_ctx))  # not submitted
    submit_draft(admin_ctx, draft_id, "why", None)
    read = digest(supervisor_ctx)
    with pytest.raises(DraftGone):
        set_limit(admin_ctx, draft_id, 9)
    take_back(admin_ctx, draft_id)
    set_limit(admin_ctx, draft_id, 9)
    submit_draft(admin_ctx, draft_id, "why", None)
    with pytest.raises(DraftGone):
        approve_rules(supervisor_ctx, draft_id, read)
    assert approve_rules(supervisor_ctx, draft_id, digest(supervisor_ctx)) == 2
    with pytest.raises(DraftGone):
        approve_rules(supervisor_ctx, draft_id, read)


def test_returned_with_a_comment_and_submitted_again(
    admin_ctx: Context, supervisor_ctx: Context, draft_id: int
) -> None:
    set_limit(admin_ctx, draft_id, 9)
    submit_draft(admin_ctx, draft_id, "why", None)
    with supervisor_ctx.database.read() as session:
        assert waiting_rules(supervisor_ctx, session) == 1
        assert waiting_rules(admin_ctx, session) == 0
    with pytest.raises(ReasonNeeded):
        return_rules(supervisor_ctx, draft_id, " ")
    return_rules(supervisor_ctx, draft_id, "9 is too many")
    draft = overview(admin_ctx).draft
    assert draft is not None
    assert (draft.pending, draft.comment) == (False, "9 is too many")
    set_limit(admin_ctx, draft_id, 3)
    submit_draft(admin_ctx, draft_id, "three, then", None)
    assert approve_rules(supervisor_ctx, draft_id, digest(supervisor_ctx)) == 2


def test_one_draft_at_a_time_and_it_can_be_thrown_away(admin_ctx: Context, draft_id: int) -> None:
    assert start_draft(admin_ctx) == draft_id
    with pytest.raises(NothingChanged):
        submit_draft(admin_ctx, draft_id, "why", None)
    set_limit(admin_ctx, draft_id, 3)
    with pytest.raises(ReasonNeeded):
        submit_draft(admin_ctx, draft_id, "  ", None)
    discard_draft(admin_ctx, draft_id)
    assert overview(admin_ctx).draft is None
    assert start_draft(admin_ctx) != draft_id


def test_a_form_asks_for_what_the_draft_says(admin_ctx: Context, draft_id: int) -> None:
    set_limit(admin_ctx, draft_id, 7)
    assert {each.key: each.value for each in form_of(admin_ctx, draft_id, CAP)} == {"limit": 7, "calls": "none"}
    with pytest.raises(DraftGone):
        form_of(admin_ctx, draft_id + 1, CAP)


def test_two_who_begin_at_once_write_in_one_draft(admin_ctx: Context) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _n: start_draft(admin_ctx), range(4)))) == 1


def test_an_earlier_version_can_be_taken_up_again(admin_ctx: Context, supervisor_ctx: Context) -> None:
    approved(admin_ctx, supervisor_ctx, 4)
    pack_id = start_draft(admin_ctx, 1)
    submit_draft(admin_ctx, pack_id, "as before", None)
    assert approve_rules(supervisor_ctx, pack_id, digest(supervisor_ctx)) == 3
    assert limit_of(in_force(admin_ctx)) == 2


def test_a_hard_rule_can_not_be_loosened(admin_ctx: Context, draft_id: int) -> None:
    for values in ({"from": "07:00"}, {"to": "23:00"}):
        with pytest.raises(BadPack):
            change_rule(admin_ctx, draft_id, "hours.collection", values, "s")
    with pytest.raises(BadPack):
        change_rule(admin_ctx, draft_id, "number.own", {"hard": False}, "s")
    draft = overview(admin_ctx).draft
    assert draft is not None
    assert draft.changes == ()


def test_a_version_changed_by_hand_is_never_used(admin_ctx: Context, supervisor_ctx: Context) -> None:
    approved(admin_ctx, supervisor_ctx, 4)
    with admin_ctx.database.begin() as session:
        pack = session.scalars(select(RulePack)).one()
        record: dict[str, Any] = {**pack.record, "caps": [dict(rule) for rule in pack.record["caps"]]}
        next(rule for rule in record["caps"] if rule["id"] == CAP)["limit"] = 999
        pack.record = record
    with pytest.raises(RulesTampered):
        in_force(admin_ctx)


def test_the_page_still_opens_and_another_version_puts_it_right(admin_ctx: Context, supervisor_ctx: Context) -> None:
    approved(admin_ctx, supervisor_ctx, 4)
    with admin_ctx.database.begin() as session:
        session.execute(update(RulePack).values(digest="0" * 64))
    seen = overview(supervisor_ctx)
    assert str(seen.trouble) == "Version 2 of the rules is not what was approved."
    approved(admin_ctx, supervisor_ctx, 3)
    assert overview(supervisor_ctx).trouble is None
    assert limit_of(in_force(admin_ctx)) == 3


def test_rules_that_a_newer_program_adds_hold_as_shipped(admin_ctx: Context, supervisor_ctx: Context) -> None:
    """An office's version was written when the program did not know two of the rules yet."""
    approved(admin_ctx, supervisor_ctx, 4)
    secret = admin_ctx.database.secret(SECRET_NAME)
    with admin_ctx.database.begin() as session:
        pack = session.scalars(select(RulePack)).one()
        older = {name: rules for name, rules in pack.record.items() if name != "channel"}
        older["caps"] = [rule for rule in older["caps"] if rule["id"] != "cap.care.month"]
        pack.record = older
        pack.digest = signature(secret, 2, canonical(older), pack.effective_from)
    policy = in_force(admin_ctx)
    assert limit_of(policy) == 4
    assert policy.channel == load_policy().channel
    assert "cap.care.month" in [cap.rule for cap in policy.caps]
    assert approved(admin_ctx, supervisor_ctx, 5) == 3
    assert [each.rule for each in version_changes(admin_ctx, 3)] == [CAP]


def test_a_row_put_in_by_hand_is_never_used(admin_ctx: Context, clock: FixedClock, draft_id: int) -> None:
    with admin_ctx.database.begin() as session:
        session.execute(
            update(RulePack).values(state=RulePackState.APPROVED, number=2, effective_from=clock.now(), digest="0" * 64)
        )
    with pytest.raises(RulesTampered):
        in_force(admin_ctx)


def test_each_step_is_in_the_audit_trail(admin_ctx: Context, supervisor_ctx: Context) -> None:
    approved(admin_ctx, supervisor_ctx, 4)
    with admin_ctx.database.read() as session:
        entries = session.execute(select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.id)).all()
        assert [tuple(entry) for entry in entries] == [
            ("rules.draft", "admin"),
            ("rules.edit", "admin"),
            ("rules.submit", "admin"),
            ("rules.approve", "supervisor"),
        ]
        assert _signed(session) == session.scalars(select(RulePack.digest)).one()


def _signed(session: Session) -> str:
    import json

    newest = session.scalar(select(func.max(AuditEntry.id)))
    return str(json.loads(session.scalars(select(AuditEntry.detail).where(AuditEntry.id == newest)).one())["digest"])
