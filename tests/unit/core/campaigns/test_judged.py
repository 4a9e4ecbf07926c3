"""Campaigns are judged by the rules in force, and keep which version that was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from console.core.campaigns import evaluation
from console.core.campaigns.draft import Draft
from console.core.campaigns.freeze import NotYours
from console.core.campaigns.lifecycle import save_draft, submit
from console.core.campaigns.preflight import preflight
from console.core.campaigns.rules import RULE_DUPLICATE, rule_title
from console.core.clock import FixedClock
from console.core.compliance.drafts import approve_rules, change_rule, start_draft, submit_draft
from console.core.compliance.overview import overview
from console.core.compliance.policy import load_policy
from console.core.context import Context
from console.core.security.permissions import Role
from db.models import Circumstance, CircumstanceKind, Exclusion, Suppression


def approved(
    admin: Context, supervisor: Context, rule: str, values: dict[str, Any], at: datetime | None = None
) -> None:
    pack_id = start_draft(admin)
    change_rule(admin, pack_id, rule, values, "own")
    submit_draft(admin, pack_id, "why", at)
    draft = overview(supervisor).draft
    assert draft is not None
    approve_rules(supervisor, pack_id, draft.digest)


@pytest.fixture
def market(ctx: Context, world: Any) -> Draft:
    world.customers(6)
    with ctx.database.begin() as session:
        session.add(
            Suppression(
                phone="13800000002", scope="all", issuer="regulator", reason="r", source="s", created_at=ctx.clock.now()
            )
        )
        session.add(
            Circumstance(
                customer_id=3,
                kind=CircumstanceKind.VULNERABLE,
                created_by=ctx.actor.user_id,
                created_at=ctx.clock.now(),
            )
        )
    world.set_customers([4], channel="wechat")
    body = "${name}您好,节日快乐。咨询${tel}。"
    return world.draft(world.template(body, "care"))  # type: ignore[no-any-return]


def test_rules_of_every_kind_show_in_pre_flight_by_name(ctx: Context, world: Any, market: Draft) -> None:
    with ctx.database.begin() as session:
        session.add(
            Circumstance(
                customer_id=5, kind=CircumstanceKind.COMPLAINT, created_by=ctx.actor.user_id, created_at=ctx.clock.now()
            )
        )
    found = preflight(ctx, market)
    assert {each.rule for each in found.excluded} == {"suppressed.regulator", "channel.other", "ease.complaint.offers"}
    assert all(str(each.title) != each.rule for each in found.excluded)
    assert found.gets == 3
    for rule in ("ease.promised", "ease.bereaved", "hours.customer", "suppressed.head_office", "cap.all.day"):
        assert str(rule_title(rule)) != rule


def test_the_batch_and_each_exclusion_keep_the_version(
    ctx: Context, admin_ctx: Context, supervisor_ctx: Context, world: Any, market: Draft
) -> None:
    approved(admin_ctx, supervisor_ctx, "ease.vulnerable", {"purposes": ["marketing", "care"]})
    approved(admin_ctx, supervisor_ctx, "class.care", {"priority": 2, "validity_hours": 5})
    frozen = submit(ctx, save_draft(ctx, market).campaign_id)
    batch = world.batch(frozen.batch_id)
    assert (batch.rules, batch.priority) == (3, 2)
    assert batch.expires_at == ctx.clock.now().astimezone(UTC) + timedelta(hours=5)
    with ctx.database.read() as session:
        reasons = dict(session.execute(select(Exclusion.rule, Exclusion.reason)).all())
    assert set(reasons) == {"suppressed.regulator", "ease.vulnerable", "channel.other"}
    assert {json.loads(reason)["p"]["rules"] for reason in reasons.values()} == {3}


def test_a_campaign_of_tomorrow_is_judged_by_the_rules_of_tomorrow(
    ctx: Context, admin_ctx: Context, supervisor_ctx: Context, clock: FixedClock, market: Draft
) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    approved(admin_ctx, supervisor_ctx, "channel.other", {"purposes": ["marketing"]}, tomorrow)
    assert "channel.other" in [each.rule for each in preflight(ctx, market).excluded]
    later = preflight(ctx, replace(market, not_before=tomorrow + timedelta(minutes=1)))
    assert "channel.other" not in [each.rule for each in later.excluded]


def test_who_may_send_stands_in_the_rules(ctx: Context, market: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = load_policy()
    care = replace(policy.classes["care"], senders=frozenset({Role.SUPERVISOR}))
    narrowed = replace(policy, classes={**policy.classes, "care": care})
    monkeypatch.setattr(evaluation, "policy_at", lambda _session, _at: narrowed)
    preflight(ctx, market)
    with pytest.raises(NotYours):
        submit(ctx, save_draft(ctx, market).campaign_id)


def test_holidays_that_nobody_entered_are_warned_of(ctx: Context, world: Any) -> None:
    world.customers(1)
    offer = world.template("${name}您好,年化利率${apr}起(单利),以审批为准。咨询${tel}。拒收请回复R", "market")
    for starts, warned in (
        (datetime(2026, 12, 24, 9, tzinfo=UTC), False),
        (datetime(2026, 12, 30, 9, tzinfo=UTC), True),
    ):
        found = preflight(ctx, world.draft(offer, not_before=starts, variables={"apr": "3.05"}))
        assert ("calendar.unsure" in [each.rule for each in found.findings]) is warned


def test_only_numbers_that_are_shared_are_remembered_and_each_gets_one(ctx: Context, world: Any) -> None:
    world.customers(9)
    world.set_customers([2, 5, 9], phone="13900000000")
    found = preflight(ctx, world.draft(world.template("${name}您好,官方咨询仅${tel}。", "fraud")))
    assert {each.rule: each.count for each in found.excluded} == {RULE_DUPLICATE: 2}
    assert found.gets == 7
