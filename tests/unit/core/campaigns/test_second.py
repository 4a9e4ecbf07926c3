"""Words for which two people have to approve: in the template, in a customer's data, in lists that changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update

from console.core.campaigns.approvals import approval_detail
from console.core.campaigns.decisions import Tampered
from console.core.campaigns.lifecycle import approve
from console.core.campaigns.preflight import preflight
from console.core.campaigns.second import MOST, SecondTally, WordForbidden
from console.core.campaigns.verify import verify_batch
from console.core.compliance.drafts import approve_rules, change_rule, start_draft, submit_draft
from console.core.compliance.overview import overview
from console.core.context import Actor, Context
from console.core.i18n import T
from console.core.messages.findings import Finding, Level
from console.core.security.permissions import Role
from db.models import BatchFinding, BatchState, User

LEGAL = "${name}您好,您的${prod}(尾号${no})本期${amt}元逾期,本行已申请仲裁。咨询${tel}。"


def detail(ctx: Context, campaign_id: int) -> Any:
    with ctx.database.read() as session:
        return approval_detail(ctx, session, campaign_id)


def in_force(admin: Context, checker: Context, rule: str, **values: Any) -> None:
    pack_id = start_draft(admin)
    change_rule(admin, pack_id, rule, values, "circular of 2026-11-20")
    submit_draft(admin, pack_id, "as agreed", None)
    draft = overview(checker).draft
    assert draft is not None
    approve_rules(checker, pack_id, draft.digest)


def another_supervisor(ctx: Context) -> Context:
    with ctx.database.begin() as session:
        user = User(
            login="s2", display_name="赵刚", password_hash="!", roles=["supervisor"], created_at=ctx.clock.now()
        )
        session.add(user)
        session.flush()
        return replace(ctx, actor=Actor.of(user.id, "s2", "赵刚", frozenset({Role.SUPERVISOR})))


def test_a_word_of_the_template_asks_for_a_second_person(supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    version = world.template(LEGAL, "remind", "仲裁")
    (looked,) = preflight(world.ctx, world.draft(version)).second
    assert (looked.rule, looked.messages) == ("word.legal", 3)
    frozen = world.submitted(version_id=version)
    found = detail(supervisor_ctx, frozen.campaign_id)
    assert found.needed == 2
    (told,) = found.second
    assert (told.rule, told.messages) == ("word.legal", 3)
    assert "仲裁" in str(told.why)
    assert "Own default" in told.source
    assert approve(supervisor_ctx, frozen.campaign_id, frozen.digest) == 1
    assert world.batch(frozen.batch_id).state is BatchState.PENDING
    assert approve(another_supervisor(supervisor_ctx), frozen.campaign_id, frozen.digest) == 0
    assert world.batch(frozen.batch_id).state is BatchState.OPEN


def test_a_word_in_one_customer_s_data_does_too(supervisor_ctx: Context, world: Any) -> None:
    world.customers(4)
    world.set_loans([2], product="仲裁贷")
    frozen = world.submitted()
    found = detail(supervisor_ctx, frozen.campaign_id)
    assert [(each.rule, each.messages) for each in found.second] == [("word.legal", 1)]
    assert found.needed == 2


@pytest.mark.parametrize("change", [delete(BatchFinding), update(BatchFinding).values(messages=0)])
def test_what_was_found_is_inside_what_is_signed(supervisor_ctx: Context, world: Any, change: Any) -> None:
    world.customers(4)
    world.set_loans([2], product="仲裁贷")
    frozen = world.submitted()
    assert verify_batch(world.database, frozen.batch_id).sound
    with world.database.begin() as session:
        session.execute(change)
    assert not verify_batch(world.database, frozen.batch_id).sound
    with pytest.raises(Tampered):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)


def test_one_approver_is_enough_for_other_texts(supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    found = detail(supervisor_ctx, frozen.campaign_id)
    assert (found.needed, found.second) == (1, ())
    assert approve(supervisor_ctx, frozen.campaign_id, frozen.digest) == 0


def test_a_list_that_came_into_force_meanwhile_holds(admin_ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    new = {"title": "本行用语", "words": "请提前存入", "scope": "all", "kinds": []}
    in_force(admin_ctx, supervisor_ctx, "words.new", level="second_approver", **new)
    assert detail(supervisor_ctx, frozen.campaign_id).needed == 2
    in_force(admin_ctx, supervisor_ctx, "words.own-1", level="block")
    with pytest.raises(WordForbidden, match="请提前存入"):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    assert world.batch(frozen.batch_id).state is BatchState.PENDING


def test_a_forbidden_word_of_the_office_keeps_a_message_from_being_written(
    admin_ctx: Context, supervisor_ctx: Context, world: Any
) -> None:
    world.customers(3)
    world.set_loans([2], product="飞天贷")
    in_force(admin_ctx, supervisor_ctx, "words.new", level="block", title="产品", words="飞天", why="没有这种产品")
    frozen = world.submitted()
    assert frozen.messages == 2
    (left,) = preflight(world.ctx, world.draft()).excluded
    assert str(left.listed[0].reason) == "“飞天”: 没有这种产品"


def test_the_same_findings_are_counted_once_a_message() -> None:
    def finding(word: str) -> Finding:
        return Finding(level=Level.SECOND, rule="word.legal", why=T("{title}", title=word), mend=T("Leave it out."))

    tally, same = SecondTally(), (finding("诉讼"), finding("诉讼"))
    for _ in range(5):
        tally.add(same)
    tally.add((finding("诉讼"), finding("仲裁")))
    assert [(str(each.why), each.messages) for each in tally.told()] == [("诉讼", 6), ("仲裁", 1)]
    for number in range(MOST):
        tally.add((finding(str(number)),))
    assert len(tally.told()) == MOST
