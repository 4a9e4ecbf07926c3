"""A held-out group: who it takes, that nobody can steer it, and that it is inside what is signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from console.core.campaigns.holdout import RULE, SECRET_NAME, HoldOutRefused, Lot
from console.core.campaigns.lifecycle import Tampered, approve, copy, save_draft, submit
from console.core.campaigns.messages import exclusion_ids, exclusion_rows, rule_numbers
from console.core.campaigns.preflight import preflight
from console.core.campaigns.verify import verify_batch
from console.core.context import Context
from console.core.messages.classes import CLASSES
from db.models import Exclusion, HoldOut, Message

MARKET = "${name}您好,我行贷款年化利率${apr}起(单利),以审批为准,活动至${end}。咨询${tel}。拒收请回复R"
FRAUD = "${name}您好,${date}前请勿向陌生人转账。官方咨询仅${tel}。"


def held(ctx: Context, batch_id: int) -> set[int]:
    with ctx.database.read() as session:
        return set(
            session.scalars(select(Exclusion.customer_id).where(Exclusion.batch_id == batch_id, Exclusion.rule == RULE))
        )


def written(ctx: Context, batch_id: int) -> set[int]:
    with ctx.database.read() as session:
        return set(session.scalars(select(Message.customer_id).where(Message.batch_id == batch_id)))


def test_the_lot_takes_about_its_share_and_always_the_same() -> None:
    lot = Lot(percent=10, scope="series:1", secret=b"k" * 32)
    taken = {number for number in range(20_000) if lot.takes(number)}
    assert 1_850 < len(taken) < 2_150
    assert taken == {number for number in range(20_000) if replace(lot).takes(number)}


def test_a_larger_share_keeps_those_of_a_smaller_one() -> None:
    small, large = (Lot(percent=percent, scope="series:1", secret=b"k" * 32) for percent in (10, 50))
    assert all(large.takes(number) for number in range(5_000) if small.takes(number))


@pytest.mark.parametrize("changed", [{"scope": "series:2"}, {"secret": b"l" * 32}])
def test_another_series_or_another_key_is_another_lot(changed: dict[str, Any]) -> None:
    lot = Lot(percent=50, scope="series:1", secret=b"k" * 32)
    other = replace(lot, **changed)
    same = sum(lot.takes(number) == other.takes(number) for number in range(4_000))
    assert 1_800 < same < 2_200


def test_held_out_people_are_exclusions_and_get_nothing(ctx: Context, world: Any) -> None:
    ids = world.customers(120, loans=2)
    frozen = world.submitted(hold_out=30)
    out = held(ctx, frozen.batch_id)
    assert 0 < len(out) < 120
    assert out | written(ctx, frozen.batch_id) == set(ids)
    assert not out & written(ctx, frozen.batch_id)
    assert frozen.excluded == 2 * len(out)  # all loans of a customer, or none
    with ctx.database.read() as session:
        (number,) = rule_numbers(session, frozen.batch_id)
        rows = exclusion_rows(session, exclusion_ids(session, frozen.batch_id, RULE)[:1])
    assert (number.rule, str(number.title)) == (RULE, "Held out to measure the effect")
    assert str(rows[0].reason).startswith("Left out by lot")


def test_what_preflight_shows_is_what_is_stored(ctx: Context, world: Any) -> None:
    world.customers(80)
    draft = world.draft(hold_out=25)
    saved = save_draft(ctx, draft)
    found = preflight(ctx, draft, campaign_id=saved.campaign_id)
    (rule,) = found.excluded
    frozen = submit(ctx, saved.campaign_id)
    assert {left.customer_id for left in rule.listed} == held(ctx, frozen.batch_id)
    assert (found.gets, rule.count) == (frozen.messages, frozen.excluded)


def test_submitting_again_draws_the_same_people_and_a_copy_draws_others(ctx: Context, world: Any) -> None:
    world.customers(120)
    first = world.submitted(hold_out=50)
    save_draft(ctx, world.draft(hold_out=50), first.campaign_id)
    again = submit(ctx, first.campaign_id)
    assert held(ctx, again.batch_id)
    other = submit(ctx, copy(ctx, first.campaign_id))
    assert held(ctx, other.batch_id) != held(ctx, again.batch_id)
    with ctx.database.read() as session:
        assert session.get_one(HoldOut, other.batch_id).percent == 50


def test_only_those_who_would_get_it_are_drawn(ctx: Context, world: Any) -> None:
    world.customers(60)
    world.set_customers(range(1, 31), phone="02155550100")
    frozen = world.submitted(hold_out=50)
    assert min(held(ctx, frozen.batch_id)) > 30


@pytest.mark.parametrize(
    "key", ["fraud", "risk", "account", "due_change", "policy", "overdue_30p", "result", "signing", "disburse"]
)
def test_classes_that_everybody_needs_have_none(key: str) -> None:
    assert not CLASSES[key].hold_out


def test_a_warning_of_fraud_leaves_nobody_out(ctx: Context, world: Any) -> None:
    world.customers(5)
    version = world.template(FRAUD, "fraud", "防骗提示")
    draft = world.draft(version, hold_out=10, variables={"date": "2026-12-24"})
    with pytest.raises(HoldOutRefused, match="Fraud warning"):
        preflight(ctx, draft)
    with pytest.raises(HoldOutRefused):
        submit(ctx, save_draft(ctx, draft).campaign_id)


@pytest.mark.parametrize("percent", [-1, 51])
def test_at_most_half_are_left_out(ctx: Context, world: Any, percent: int) -> None:
    world.customers(5)
    with pytest.raises(HoldOutRefused):
        preflight(ctx, world.draft(hold_out=percent))


@pytest.mark.parametrize("tamper", ["percent", "scope", "fewer", "other"])
def test_the_group_is_inside_what_is_signed(ctx: Context, supervisor_ctx: Context, world: Any, tamper: str) -> None:
    world.customers(60)
    frozen = world.submitted(hold_out=40)
    assert verify_batch(ctx.database, frozen.batch_id).sound
    out = min(held(ctx, frozen.batch_id))
    of_one = (Exclusion.batch_id == frozen.batch_id, Exclusion.customer_id == out)
    change = {
        "percent": update(HoldOut).values(percent=5),
        "scope": update(HoldOut).values(scope="series:9"),
        "fewer": delete(Exclusion).where(*of_one),
        "other": update(Exclusion).where(*of_one).values(customer_id=min(written(ctx, frozen.batch_id))),
    }[tamper]
    with ctx.database.begin() as session:
        session.execute(change)
    assert not verify_batch(ctx.database, frozen.batch_id).sound
    with pytest.raises(Tampered):
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)


def test_the_key_stays_in_the_database(ctx: Context) -> None:
    assert ctx.database.secret(SECRET_NAME) == ctx.database.secret(SECRET_NAME)
    assert len(ctx.database.secret(SECRET_NAME)) == 32
