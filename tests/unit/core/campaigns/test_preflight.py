"""Who would get it, who would not and why."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from console.core.campaigns.audience import Audience, AudienceKind
from console.core.campaigns.evaluation import NotComplete
from console.core.campaigns.lifecycle import save_draft, submit
from console.core.campaigns.preflight import LONGEST, SAMPLES, preflight
from console.core.campaigns.rules import RULE_DUPLICATE, RULE_MISSING, RULE_TEXT
from console.core.context import Context
from console.core.customers.browse import CustomerFilter
from console.core.errors import NotPermitted
from db.models import LoanState, MessageState


def by_rule(found: Any) -> dict[str, int]:
    return {each.rule: each.count for each in found.excluded}


def test_everybody_who_may_get_it_gets_it(ctx: Context, world: Any) -> None:
    world.customers(30)
    found = preflight(ctx, world.draft())
    assert (found.audience, found.gets, found.left_out) == (30, 30, 0)
    assert found.parts == sum(parts * number for parts, number in found.by_parts.items()) >= 30
    assert len(found.samples) == SAMPLES
    assert len({sample.customer_id for sample in found.samples}) == SAMPLES
    assert all(sample.body.startswith("【示例银行】") and "${" not in sample.body for sample in found.samples)


def test_the_longest_texts_are_shown_longest_first(ctx: Context, world: Any) -> None:
    world.customers(30)
    world.set_customers([17], name="欧阳上官司马诸葛端木")
    found = preflight(ctx, world.draft())
    lengths = [len(sample.body) for sample in found.longest]
    assert len(lengths) == LONGEST
    assert lengths == sorted(lengths, reverse=True)
    assert found.longest[0].customer_id == 17


def test_every_exclusion_has_a_rule_a_reason_and_a_name(ctx: Context, world: Any) -> None:
    world.customers(20)
    world.set_customers([3], phone="02155550100")
    world.set_customers([4, 5], phone="13800000001")
    world.set_loans([6], account_tail="")
    world.set_customers([7], name="李 110105194912310029999", title="")
    found = preflight(ctx, world.draft(world.template(world_fraud(), "fraud", "防骗")))
    assert by_rule(found)[RULE_DUPLICATE] == 2
    found = preflight(ctx, world.draft())
    assert by_rule(found)[RULE_MISSING] >= 1
    assert found.gets + sum(by_rule(found).values()) == found.audience == 20
    for group in found.excluded:
        assert len(group.listed) == group.count
        assert all(str(left.reason) and left.name for left in group.listed)


def test_the_maker_gives_what_a_loan_would_where_no_loan_is_meant(ctx: Context, world: Any) -> None:
    world.customers(3)
    version = world.template("${name}您好,您的${prod}每月${due}还款,请勿转账给陌生人。", "fraud", "防骗")
    found = preflight(ctx, world.draft(version, variables={"prod": "房贷", "due": "2026-11-28"}))
    assert {sample.body.partition("您好")[2] for sample in found.samples} == {
        ",您的房贷每月11月28日还款,请勿转账给陌生人。"
    }
    assert by_rule(preflight(ctx, world.draft(version, variables={"prod": "房贷"}))) == {RULE_MISSING: 3}


def world_fraud() -> str:
    return "${name}您好,近期有人冒充我行收费,请勿转账。官方咨询仅${tel}。"


def test_two_loans_of_one_person_are_two_messages_where_the_class_is_about_loans(ctx: Context, world: Any) -> None:
    world.customers(4, loans=2)
    assert preflight(ctx, world.draft()).gets == 8
    assert preflight(ctx, world.draft(world.template(world_fraud(), "fraud"))).gets == 4


def test_forbidden_words_in_a_value_block_that_message_only(ctx: Context, world: Any) -> None:
    world.customers(5)
    world.set_customers([2], name="坐牢", title="")
    found = preflight(ctx, world.draft())
    assert by_rule(found) == {RULE_TEXT: 1}
    assert found.gets == 4


def test_an_audience_by_filter_by_hand_and_of_nobody(ctx: Context, world: Any) -> None:
    world.customers(9)
    by_region = Audience(kind=AudienceKind.FILTER, filter=CustomerFilter(region="城西"))
    assert preflight(ctx, world.draft(audience=by_region)).gets == 3
    assert preflight(ctx, world.draft(audience=Audience.of_customers([2, 5, 2]))).gets == 2
    nobody = preflight(ctx, world.draft(audience=Audience.of_customers([])))
    assert (nobody.audience, nobody.gets, nobody.samples) == (0, 0, ())


def test_audiences_survive_storage() -> None:
    for audience in (
        Audience(),
        Audience(kind=AudienceKind.FILTER, filter=CustomerFilter(region="城西", overdue_min=8)),
        Audience.of_import(3),
        Audience.of_customers([9, 1]),
    ):
        assert Audience.load(audience.dump()) == audience


def test_the_finish_follows_from_lines_and_pace(ctx: Context, world: Any) -> None:
    world.customers(30)
    assert preflight(ctx, world.draft()).finish_at is None
    world.line(pace=10)
    found = preflight(ctx, world.draft())
    assert found.finish_at == ctx.clock.now() + timedelta(minutes=found.parts / 10)
    tomorrow = ctx.clock.now() + timedelta(days=1)
    later = preflight(ctx, world.draft(not_before=tomorrow))
    assert later.finish_at == tomorrow + timedelta(minutes=later.parts / 10)


def test_a_draft_without_template_or_time_says_what_is_missing(ctx: Context, world: Any) -> None:
    with pytest.raises(NotComplete, match="template"):
        preflight(ctx, world.draft(template_version_id=None))
    with pytest.raises(NotComplete, match="expire"):
        preflight(ctx, world.draft(expires_at=ctx.clock.now()))


def test_progress_may_stop_it_and_a_checker_may_not_run_it(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    world.customers(3)

    class Stop(Exception): ...

    def stop(done: int, total: int) -> None:
        assert (done, total) == (3, 3)
        raise Stop

    with pytest.raises(Stop):
        preflight(ctx, world.draft(), progress=stop)
    with pytest.raises(NotPermitted):
        preflight(supervisor_ctx, world.draft())


@pytest.mark.parametrize(
    ("body", "capped"),
    [
        ("${name}您好,您的${prod}(尾号${no})已逾期${overdue}天,应还${amt}元。咨询${tel}。", True),
        ("${name}您好,您的${prod}(尾号${no})还款日${due},应还${amt}元尚未到账。咨询${tel}。", False),
    ],
)
def test_a_number_of_days_is_right_for_one_day_only(ctx: Context, world: Any, body: str, capped: bool) -> None:
    customers = world.customers(3)
    world.set_loans(customers, state=LoanState.OVERDUE, due_on=world.today - timedelta(days=3))
    draft = world.draft(world.template(body, "overdue_1_7", "逾期提醒"))
    found = preflight(ctx, draft)
    assert [each.rule for each in found.findings if each.rule == "days.counted"] == ["days.counted"] * capped
    batch = world.batch(submit(ctx, save_draft(ctx, draft).campaign_id).batch_id)
    midnight = datetime.combine(world.today + timedelta(days=1), time.min).astimezone()
    assert (batch.expires_at == midnight) is capped
    assert batch.expires_at >= midnight


def test_what_another_campaign_told_the_same_number_today_is_left_out(ctx: Context, world: Any) -> None:
    world.customers(5)
    sent = world.submitted(template_version_id=(version := world.template()))
    gone = world.set_messages(sent.batch_id, MessageState.DELIVERED, 2, sending_at=ctx.clock.now())
    world.set_messages(sent.batch_id, MessageState.UNDELIVERED, 1, sending_at=ctx.clock.now())
    found = preflight(ctx, world.draft(version))
    assert (len(gone), by_rule(found)["duplicate.text"], found.gets) == (2, 2, 3)
    other = world.template("${name}您好,您的${prod}(尾号${no})本期应还${amt}元,请按时还款。咨询${tel}。")
    assert "duplicate.text" not in by_rule(preflight(ctx, world.draft(other)))
