"""Whom a campaign leaves out itself: counted and listed like every other reason."""

from __future__ import annotations

from typing import Any

from console.core.campaigns.audience import Audience, AudienceKind, Ending, describe
from console.core.campaigns.choices import choices
from console.core.campaigns.lifecycle import cancel
from console.core.campaigns.preflight import preflight
from console.core.campaigns.rules import RULE_WITHOUT
from console.core.context import Context
from console.core.customers.browse import CustomerFilter
from db.models import Exclusion, MessageState

OTHER = "${name}您好,您的${prod}(尾号${no})本期应还${amt}元,请留意扣款。咨询${tel}。"


def found(ctx: Context, world: Any, without: tuple[Audience, ...]) -> tuple[int, dict[str, int]]:
    draft = world.draft(world.template(OTHER), audience=Audience(without=without))
    seen = preflight(ctx, draft)
    return seen.gets, {each.rule: each.count for each in seen.excluded}


def test_those_who_get_an_earlier_campaign(ctx: Context, world: Any) -> None:
    world.customers(10)
    earlier = world.submitted(audience=Audience.of_customers([1, 2, 3, 4]), name="十一月")
    world.set_messages(earlier.batch_id, MessageState.DELIVERED, 1)
    world.set_messages(earlier.batch_id, MessageState.REFUSED, 1)
    told = Audience.of_outcome(earlier.batch_id, Ending.TOLD)
    assert found(ctx, world, (told,)) == (7, {RULE_WITHOUT: 3})  # whom it did not reach may be written to
    with ctx.database.read() as session:
        assert str(describe(session, Audience(without=(told,)))) == "All customers; without: Those who get 十一月"
        assert [each.batch_id for each in choices(session).earlier] == [earlier.batch_id]


def test_several_are_left_out_and_each_of_their_loans(ctx: Context, world: Any) -> None:
    world.customers(6, loans=2)
    world.set_customers(range(1, 6), region="城东")
    world.set_customers([6], region="城西")
    west = Audience(kind=AudienceKind.FILTER, filter=CustomerFilter(region="城西"))
    gets, rules = found(ctx, world, (west, Audience.of_customers([1])))
    assert (gets, rules) == (8, {RULE_WITHOUT: 4})


def test_what_is_shown_is_what_is_stored(ctx: Context, world: Any) -> None:
    world.customers(5)
    frozen = world.submitted(audience=Audience(without=(Audience.of_customers([2]),)))
    assert (frozen.messages, frozen.excluded) == (4, 1)
    with ctx.database.read() as session:
        (left,) = session.query(Exclusion).all()
    assert (left.customer_id, left.rule) == (2, RULE_WITHOUT)


def test_it_survives_storage() -> None:
    whole = Audience.of_segment(1, 2)
    both = Audience(without=(whole, Audience.of_outcome(3, Ending.TOLD)))
    assert Audience.load(both.dump()) == both
    assert both.plain == Audience()
    assert "without" not in Audience().dump()


def test_a_cancelled_campaign_leaves_nobody_out(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    from console.core.campaigns.housekeeping import tidy
    from console.core.campaigns.lifecycle import approve

    world.customers(3)
    earlier = world.submitted()
    approve(supervisor_ctx, earlier.campaign_id, earlier.digest)
    cancel(ctx, earlier.campaign_id)
    tidy(ctx)
    assert found(ctx, world, (Audience.of_outcome(earlier.batch_id, Ending.TOLD),)) == (3, {})
