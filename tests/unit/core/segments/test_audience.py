"""A segment as the audience of a campaign: live and pinned, per customer and per loan, from pre-flight to freezing."""

from __future__ import annotations

import runpy
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console.core.campaigns.audience import Audience, describe, pairs_of
from console.core.campaigns.lifecycle import submit
from console.core.campaigns.preflight import preflight
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.segments import pinning, store
from console.core.segments.browse import segment_detail, segment_rows
from console.core.segments.conditions import Condition, Group, Logic, Related
from console.core.segments.counting import look
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator
from db.models import Campaign, LoanState, Message, SegmentLoan, SegmentMember, SegmentPin

_World = runpy.run_path(str(Path(__file__).parents[3] / "campaign_world.py"))["World"]

_NAMES = count(1)
WEST = Condition("customer.region", Operator.ONE_OF, ("城西",))
DEAR = Related(Scope.LOAN, (Condition("loan.amount_due", Operator.AT_LEAST, ("5000",)),))


@pytest.fixture
def world(ctx: Context) -> Any:
    """Nine customers with two loans each; every third lives in 城西; one loan of customers 1 and 3 is dear."""
    made = _World(ctx)
    made.customers(9, loans=2)
    with ctx.database.begin() as session:
        for customer in (1, 3):
            loan = session.scalars(select(_loan()).where(_loan().customer_id == customer)).first()
            loan.amount_due = Decimal("9000.00")
    return made


def _loan() -> Any:
    from db.models import Loan

    return Loan


def loans_of(ctx: Context, root: Group) -> list[tuple[int, int | None]]:
    saved = store.save_segment(ctx, name=f"段{next(_NAMES)}", root=root)
    return found(ctx, Audience.of_segment(saved.segment_id, saved.version_id))


def found(ctx: Context, audience: Audience, *, per_loan: bool = True) -> list[tuple[int, int | None]]:
    with ctx.database.read() as session:
        return [tuple(row) for row in session.execute(pairs_of(session, audience, per_loan=per_loan))]


def test_the_loan_conditions_choose_the_loans(ctx: Context, world: Any) -> None:
    dear = loans_of(ctx, Group((DEAR,)))
    assert [customer for customer, _loan in dear] == [1, 3]
    assert loans_of(ctx, Group((WEST, DEAR))) == [pair for pair in dear if pair[0] == 3]
    both = loans_of(ctx, Group((WEST, DEAR), Logic.ANY))
    assert [customer for customer, _loan in both] == [1, 3, 3, 6, 6, 9, 9]  # 城西 says nothing of loans: all of them
    none = Related(Scope.LOAN, DEAR.parts, present=False)
    assert [customer for customer, _loan in loans_of(ctx, Group((WEST, none)))] == [6, 6, 9, 9]
    not_none = Group((none,), Logic.NONE)  # has one, but that says nothing of which
    assert [customer for customer, _loan in loans_of(ctx, Group((WEST, not_none)))] == [3, 3]


def test_an_audience_is_stored_and_read(ctx: Context) -> None:
    for audience in (Audience.of_segment(3, 7), Audience.of_segment(3, 7, 9)):
        assert Audience.load(audience.dump()) == audience
    assert Audience.of_segment(3, 7).dump() == {"kind": "segment", "segment": 3, "version": 7}


def test_preflight_and_freezing_use_the_version_that_was_chosen(ctx: Context, world: Any, clock: FixedClock) -> None:
    saved = store.save_segment(ctx, name="大额", root=Group((DEAR,)))
    audience = Audience.of_segment(saved.segment_id, saved.version_id)
    draft = world.draft(audience=audience)
    campaign_id = world.saved(audience=audience)
    store.save_segment(ctx, segment_id=saved.segment_id, name="大额", root=Group((WEST,)), seen=1)
    assert (preflight(ctx, draft).audience, preflight(ctx, draft).gets) == (2, 2)
    frozen = submit(ctx, campaign_id)
    with ctx.database.read() as session:
        people = list(session.scalars(select(Message.customer_id).where(Message.batch_id == frozen.batch_id)))
        detail = segment_detail(session, saved.segment_id, clock.now())
        said = str(describe(session, audience))
    assert people == [1, 3]
    assert [(each.campaign_id, each.number, each.pinned) for each in detail.used_by] == [(campaign_id, 1, False)]
    assert said == "Segment 大额, version 1: has a loan (Amount due at least 5,000.00 yuan)"


def test_days_count_from_the_day_on_which_the_campaign_starts(ctx: Context, world: Any, clock: FixedClock) -> None:
    """All loans are due in five days: a campaign that starts in two days finds them three days ahead."""
    soon = Related(Scope.LOAN, (Condition("loan.due_on", Operator.IN_DAYS, ("3", "3")),))
    saved = store.save_segment(ctx, name="三天后", root=Group((soon,)))
    audience = Audience.of_segment(saved.segment_id, saved.version_id)
    version = world.template()
    assert preflight(ctx, world.draft(version, audience=audience)).audience == 0
    later = world.draft(version, audience=audience, not_before=clock.now() + timedelta(days=2))
    assert preflight(ctx, later).audience == 18


def test_a_pinned_list_stays_as_it_was_made(ctx: Context, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinning, "CHUNK", 2)
    saved = store.save_segment(ctx, name="大额", root=Group((DEAR,)))
    pinned = pinning.pin_segment(ctx, saved.segment_id)
    audience = Audience.of_segment(saved.segment_id, saved.version_id, pinned.pin_id)
    before = found(ctx, audience)
    assert pinned.customers == 2
    assert [customer for customer, _loan in before] == [1, 3]
    world.set_loans([1, 3], amount_due=Decimal("1.00"), state=LoanState.ACTIVE)
    assert found(ctx, audience) == before
    assert found(ctx, audience, per_loan=False) == [(1, None), (3, None)]
    assert found(ctx, Audience.of_segment(saved.segment_id, saved.version_id)) == []
    with ctx.database.read() as session:
        (row,) = segment_rows(session, [saved.segment_id])
        assert row.pinned == 2


def test_all_loans_of_a_list_that_was_not_chosen_by_loans(ctx: Context, world: Any) -> None:
    saved = store.save_segment(ctx, name="城西", root=Group((WEST,)))
    pinned = pinning.pin_segment(ctx, saved.segment_id)
    audience = Audience.of_segment(saved.segment_id, saved.version_id, pinned.pin_id)
    assert [customer for customer, _loan in found(ctx, audience)] == [3, 3, 6, 6, 9, 9]


def test_a_new_list_takes_the_place_of_the_old_one_which_a_draft_keeps(ctx: Context, world: Any) -> None:
    saved = store.save_segment(ctx, name="城西", root=Group((WEST,)))
    first = pinning.pin_segment(ctx, saved.segment_id)
    campaign_id = world.saved(audience=Audience.of_segment(saved.segment_id, saved.version_id, first.pin_id))
    world.set_customers([3], region="城东")
    second = pinning.pin_segment(ctx, saved.segment_id)
    assert second.customers == 2
    with ctx.database.read() as session:
        assert list(session.scalars(select(SegmentPin.id))) == [first.pin_id, second.pin_id]
    submit(ctx, campaign_id)
    with ctx.database.begin() as session:
        campaign = session.get_one(Campaign, campaign_id)
        campaign.state = campaign.state.__class__.FINISHED
    third = pinning.pin_segment(ctx, saved.segment_id)
    with ctx.database.read() as session:
        assert list(session.scalars(select(SegmentPin.id))) == [third.pin_id]
        assert session.scalar(select(func.count()).select_from(SegmentMember)) == 2
    pinning.unpin_segment(ctx, saved.segment_id)
    with ctx.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SegmentMember)) == 0
        assert segment_rows(session, [saved.segment_id])[0].pinned is None
    gone = Audience.of_segment(saved.segment_id, saved.version_id, third.pin_id)
    with ctx.database.read() as session, pytest.raises(pinning.PinGone):
        pairs_of(session, gone, per_loan=False)


class Enough(Exception):
    pass


def test_pinning_that_is_cancelled_leaves_nothing(ctx: Context, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinning, "CHUNK", 2)
    saved = store.save_segment(ctx, name="城西", root=Group((WEST, DEAR), Logic.ANY))

    def report(done: int, total: int) -> None:
        if done > 4:
            raise Enough

    with pytest.raises(Enough):
        pinning.pin_segment(ctx, saved.segment_id, progress=report)
    with ctx.database.read() as session:
        for model in (SegmentPin, SegmentMember, SegmentLoan):
            assert session.scalar(select(func.count()).select_from(model)) == 0


def test_looking_counts_and_shows_some(ctx: Context, world: Any) -> None:
    seen = look(ctx, Group((DEAR,)))
    assert (seen.customers, seen.loans) == (2, 2)
    assert [row.id for row in seen.sample] == [1, 3]
    assert seen.sample[0].phone == "138****0001"
    assert look(ctx, Group((WEST,))).loans is None
