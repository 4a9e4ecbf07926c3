"""What a checker reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from console.core.campaigns.approvals import approval_detail, approval_ids, approval_rows, waiting_for
from console.core.campaigns.lifecycle import approve
from console.core.clock import FixedClock
from console.core.context import Actor, Context
from console.core.listing import Sort
from console.core.security.permissions import Role
from db.models import User


def detail(ctx: Context, campaign_id: int) -> Any:
    with ctx.database.read() as session:
        return approval_detail(ctx, session, campaign_id)


def test_the_queue_has_the_longest_waiting_first(
    ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock
) -> None:
    world.customers(3)
    first = world.submitted(name="先")
    clock.advance(timedelta(minutes=5))
    second = world.submitted(name="后")
    world.saved(name="草稿")
    with ctx.database.read() as session:
        assert approval_ids(session) == [first.campaign_id, second.campaign_id]
        assert approval_ids(session, Sort("submitted", descending=True)) == [second.campaign_id, first.campaign_id]
        rows = approval_rows(session, [first.campaign_id])
        assert (rows[0].name, rows[0].maker, rows[0].messages) == ("先", "王敏", 3)
        assert waiting_for(supervisor_ctx, session) == 2
        assert waiting_for(ctx, session) == 0


def test_own_campaigns_are_shown_but_told_why_they_cannot_be_decided(ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    with ctx.database.begin() as session:
        session.get_one(User, ctx.actor.user_id).roles = ["officer", "supervisor"]
    both = replace(
        ctx, actor=Actor.of(ctx.actor.user_id, "officer", "王敏", frozenset({Role.OFFICER, Role.SUPERVISOR}))
    )
    told = detail(both, frozen.campaign_id)
    assert "somebody else" in str(told.refusal)
    with ctx.database.read() as session:
        assert waiting_for(both, session) == 0


def test_everything_that_is_signed_is_there_to_be_read(supervisor_ctx: Context, world: Any) -> None:
    world.customers(6)
    world.set_customers([2], phone="02155550100")
    world.line(pace=5)
    frozen = world.submitted()
    told = detail(supervisor_ctx, frozen.campaign_id)
    assert (told.messages, told.parts, told.excluded) == (5, frozen.parts, 1)
    assert told.digest == frozen.digest
    assert [(each.rule, each.count) for each in told.rules] == [("number.mobile", 1)]
    assert told.refusal is None
    assert told.difference is None
    assert told.finish_at == supervisor_ctx.clock.now() + timedelta(minutes=frozen.parts / 5)
    assert all(finding.level != "block" for finding in told.findings)
    assert (told.campaign.expires_at, told.submitted_by) == (supervisor_ctx.clock.now() + timedelta(hours=72), "王敏")


def test_what_changed_since_the_last_approved_one(supervisor_ctx: Context, world: Any) -> None:
    world.customers(6)
    version = world.template("${name}您好,官方咨询仅${tel}。", "fraud")
    old = world.submitted(version_id=version, name="上月")
    approve(supervisor_ctx, old.campaign_id, old.digest)
    world.customers(2, first=101)
    world.set_customers([1], phone="02155550100")
    new = world.submitted(version_id=version, name="本月")
    told = detail(supervisor_ctx, new.campaign_id).difference
    assert (told.name, told.messages, told.same_wording, told.added, told.dropped) == ("上月", 6, True, 2, 1)


def test_a_decided_campaign_is_no_more_in_the_queue(supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    assert detail(supervisor_ctx, frozen.campaign_id) is None
