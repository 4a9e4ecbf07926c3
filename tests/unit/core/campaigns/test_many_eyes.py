"""A second approver, and a deputy for who is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console.core.campaigns.approvals import approval_detail, waiting_for
from console.core.campaigns.decisions import NotDecidable, OwnCampaign
from console.core.campaigns.lifecycle import approve, return_, save_draft, submit
from console.core.clock import FixedClock
from console.core.context import Actor, Context
from console.core.errors import NotPermitted
from console.core.security.delegation import (
    LENT,
    UnusableDelegation,
    delegate,
    deputies,
    own_delegations,
    principals,
    take_back,
)
from console.core.security.permissions import Role
from console.core.settings import Settings
from db.models import BatchState, Decision, User

ContextOf = Callable[[str], Context]
HOUR = timedelta(hours=1)


def now_as(ctx: Context, *roles: Role) -> Context:
    with ctx.database.begin() as session:
        session.execute(update(User).where(User.id == ctx.actor.user_id).values(roles=[str(role) for role in roles]))
    actor = ctx.actor
    return replace(ctx, actor=Actor.of(actor.user_id, actor.login, actor.name, frozenset(roles)))


def lent(ctx: Context) -> Context:
    """As the next login would make it."""
    return replace(ctx, actor=replace(ctx.actor, permissions=ctx.actor.permissions | LENT))


@pytest.fixture
def second(context_of: ContextOf) -> Context:
    """周航, a supervisor too."""
    return now_as(context_of("admin"), Role.SUPERVISOR)


def of_two(ctx: Context) -> Context:
    return ctx.with_settings(Settings({"approval.second_above": 2}))


def test_above_the_size_two_people_sign(ctx: Context, supervisor_ctx: Context, second: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    first, other = of_two(supervisor_ctx), of_two(second)
    assert approve(first, frozen.campaign_id, frozen.digest) == 1
    assert world.batch(frozen.batch_id).state is BatchState.PENDING
    with pytest.raises(NotDecidable):
        approve(first, frozen.campaign_id, frozen.digest)
    with ctx.database.read() as session:
        found = approval_detail(other, session, frozen.campaign_id)
        assert found is not None
        assert (found.needed, found.signed_by, found.refusal) == (2, ("陈立",), None)
        assert (waiting_for(first, session), waiting_for(other, session)) == (0, 1)
    assert approve(other, frozen.campaign_id, frozen.digest) == 0
    assert world.batch(frozen.batch_id).state is BatchState.OPEN


def test_at_the_size_one_is_enough(supervisor_ctx: Context, world: Any) -> None:
    world.customers(2)
    frozen = world.submitted()
    assert approve(of_two(supervisor_ctx), frozen.campaign_id, frozen.digest) == 0
    assert world.batch(frozen.batch_id).state is BatchState.OPEN


def test_an_edit_voids_the_first_signature(ctx: Context, supervisor_ctx: Context, second: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    approve(of_two(supervisor_ctx), frozen.campaign_id, frozen.digest)
    save_draft(ctx, world.draft(name="改过的"), frozen.campaign_id)
    again = submit(ctx, frozen.campaign_id)
    assert approve(of_two(second), frozen.campaign_id, again.digest) == 1  # the first one has to read it again
    assert approve(of_two(supervisor_ctx), frozen.campaign_id, again.digest) == 0


def test_the_second_may_return_what_the_first_approved(supervisor_ctx: Context, second: Context, world: Any) -> None:
    world.customers(3)
    frozen = world.submitted()
    approve(of_two(supervisor_ctx), frozen.campaign_id, frozen.digest)
    return_(of_two(second), frozen.campaign_id, frozen.digest, "金额不对")
    assert world.batch(frozen.batch_id).state is BatchState.VOID


def test_a_deputy_decides_while_the_time_lasts(
    ctx: Context, supervisor_ctx: Context, context_of: ContextOf, clock: FixedClock, world: Any
) -> None:
    world.customers(3)
    frozen = world.submitted()
    deputy = lent(context_of("admin"))
    with pytest.raises(NotPermitted):
        approve(deputy, frozen.campaign_id, frozen.digest)
    delegate(supervisor_ctx, deputy.actor.user_id, clock.now() + HOUR, clock.now() + 3 * HOUR, "出差")
    with pytest.raises(NotPermitted):  # not yet
        approve(deputy, frozen.campaign_id, frozen.digest)
    clock.advance(HOUR)
    assert approve(deputy, frozen.campaign_id, frozen.digest) == 0
    with ctx.database.read() as session:
        decision = session.scalars(select(Decision)).one()
        assert (decision.decided_by, decision.on_behalf_of) == (deputy.actor.user_id, supervisor_ctx.actor.user_id)
        assert len(own_delegations(supervisor_ctx, session)) == 1
    clock.advance(2 * HOUR)
    with ctx.database.read() as session:
        assert principals(session, deputy.actor.user_id, clock.now()) == []
        assert own_delegations(supervisor_ctx, session) == []


def test_a_deputy_of_the_maker_or_who_is_the_maker_decides_nothing(
    ctx: Context, supervisor_ctx: Context, context_of: ContextOf, clock: FixedClock, world: Any
) -> None:
    world.customers(3)
    campaign_id = world.saved()
    save_draft(now_as(supervisor_ctx, Role.OFFICER), world.draft(), campaign_id)
    supervisor = now_as(supervisor_ctx, Role.SUPERVISOR)
    frozen = submit(ctx, campaign_id)
    for to in (context_of("admin"), ctx):
        delegate(supervisor, to.actor.user_id, clock.now(), clock.now() + HOUR, "")
        with pytest.raises(OwnCampaign):
            approve(lent(to), frozen.campaign_id, frozen.digest)


def test_one_person_with_two_hats_is_not_two_people(
    supervisor_ctx: Context, second: Context, clock: FixedClock, world: Any
) -> None:
    world.customers(3)
    frozen = world.submitted()
    delegate(supervisor_ctx, second.actor.user_id, clock.now(), clock.now() + HOUR, "")
    assert approve(of_two(second), frozen.campaign_id, frozen.digest) == 1
    with pytest.raises(NotDecidable):
        approve(of_two(second), frozen.campaign_id, frozen.digest)


def test_a_right_that_ended_lends_nothing(
    supervisor_ctx: Context, context_of: ContextOf, clock: FixedClock, world: Any
) -> None:
    world.customers(3)
    frozen = world.submitted()
    deputy = lent(context_of("admin"))
    first = delegate(supervisor_ctx, deputy.actor.user_id, clock.now(), clock.now() + HOUR, "")
    take_back(deputy, first)  # only who lent it takes it back
    with supervisor_ctx.database.read() as session:
        assert principals(session, deputy.actor.user_id, clock.now()) == [supervisor_ctx.actor.user_id]
    take_back(supervisor_ctx, first)
    with pytest.raises(NotPermitted):
        approve(deputy, frozen.campaign_id, frozen.digest)
    delegate(supervisor_ctx, deputy.actor.user_id, clock.now(), clock.now() + HOUR, "")
    now_as(supervisor_ctx, Role.REPORTER)
    with pytest.raises(NotPermitted):
        approve(deputy, frozen.campaign_id, frozen.digest)


def test_what_cannot_be_lent(supervisor_ctx: Context, context_of: ContextOf, clock: FixedClock) -> None:
    now = clock.now()
    other = context_of("admin")
    with pytest.raises(NotPermitted):
        delegate(lent(other), supervisor_ctx.actor.user_id, now, now + HOUR, "")
    for to, start, end in (
        (supervisor_ctx.actor.user_id, now, now + HOUR),
        (4711, now, now + HOUR),
        (other.actor.user_id, now, now),
        (other.actor.user_id, now - 2 * HOUR, now - HOUR),
        (other.actor.user_id, now, now + timedelta(days=93)),
    ):
        with pytest.raises(UnusableDelegation):
            delegate(supervisor_ctx, to, start, end, "")
    with supervisor_ctx.database.read() as session:
        assert {each.name for each in deputies(supervisor_ctx, session)} == {"王敏", "周航"}
