"""Who gets which text: the first variant whose condition fits, for the customer or for the very loan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console.core.campaigns.preflight import preflight
from console.core.context import Context
from console.core.messages.variants import Assigned, Variant
from console.core.reports import campaign as report
from console.core.segments.conditions import Condition, Group, Related, dump
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator
from db.models import Loan, Message, MessageState, TemplateVersion

MAIN = "${name}您好,您的${prod}(尾号${no})本期${amt}元已逾期${overdue}天,请尽快存入尾号${card4}账户。咨询${tel}。"
FIRM = "${name}您好,您的${prod}(尾号${no})逾期${overdue}天,欠款${amt}元,请立即处理。咨询${tel}。"
GOLD = "尊敬的${name},您的${prod}(尾号${no})有${amt}元已逾期${overdue}天,客户经理${mgr}为您服务。咨询${tel}。"


def overdue(operator: Operator, *days: str) -> dict[str, object]:
    return dump(Group((Related(Scope.LOAN, (Condition("loan.overdue", operator, days),)),)))


def of_segment(name: str) -> dict[str, object]:
    return dump(Group((Condition("customer.segment", Operator.ONE_OF, (name,)),)))


def template(world: Any, *variants: Variant, body: str = MAIN, class_key: str = "overdue_1_7") -> int:
    version_id: int = world.template(body, class_key, "逾期")
    with world.database.begin() as session:
        session.execute(
            update(TemplateVersion)
            .where(TemplateVersion.id == version_id)
            .values(variants=[each.dump() for each in variants])
        )
    return version_id


def late(world: Any, customers: list[int], days: int) -> None:
    world.set_loans(customers, due_on=world.today - timedelta(days=days), state="overdue")


def stored(world: Any, batch_id: int) -> dict[int, tuple[int | None, str]]:
    query = select(Message.customer_id, Message.variant, Message.body).where(Message.batch_id == batch_id)
    with world.database.read() as session:
        return {customer: (variant, body) for customer, variant, body in session.execute(query)}


def test_the_first_that_fits_else_the_main_text(world: Any) -> None:
    world.customers(5)
    world.set_customers([1, 2], segment="高净值")
    late(world, [1, 3], 2)
    late(world, [2, 4, 5], 6)
    version_id = template(
        world,
        Variant(name="贵宾", when=of_segment("高净值"), body=GOLD),
        Variant(name="坚定", when=overdue(Operator.AT_LEAST, "5"), body=FIRM),
    )
    looked = preflight(world.ctx, world.draft(version_id))
    told = [(each.name, each.gets) for each in looked.variants]
    assert told == [("", 1), ("贵宾", 2), ("坚定", 2)]
    assert sum(each.parts for each in looked.variants) == looked.parts
    assert {sample.variant for sample in looked.samples} == {"", "贵宾", "坚定"}
    frozen = world.submitted(version_id=version_id)
    found = stored(world, frozen.batch_id)
    assert {customer: variant for customer, (variant, _) in found.items()} == {1: 1, 2: 1, 3: None, 4: 2, 5: 2}
    assert found[1][1].startswith("【示例银行】尊敬的")
    assert "已逾期2天,请尽快" in found[3][1]
    assert "欠款" in found[4][1]


def test_each_loan_of_one_customer_has_its_own_tone(world: Any) -> None:
    world.customers(1, loans=2)
    late(world, [1], 2)
    with world.database.begin() as session:
        newest = session.scalars(select(Loan).order_by(Loan.id.desc()).limit(1)).one()
        newest.due_on = world.today - timedelta(days=6)
    version_id = template(world, Variant(name="坚定", when=overdue(Operator.AT_LEAST, "5"), body=FIRM))
    frozen = world.submitted(version_id=version_id)
    with world.database.read() as session:
        query = select(Message.variant, Message.body).where(Message.batch_id == frozen.batch_id)
        found = sorted(session.execute(query), key=lambda row: row.variant or 0)
    assert [variant for variant, _ in found] == [None, 1]
    assert "2天" in found[0].body
    assert "6天" in found[1].body


def test_what_a_variant_asks_for_is_missed_by_its_readers_only(world: Any) -> None:
    world.customers(3, manager="")
    world.set_customers([1], segment="高净值")
    late(world, [1, 2, 3], 3)
    version_id = template(world, Variant(name="贵宾", when=of_segment("高净值"), body=GOLD))
    looked = preflight(world.ctx, world.draft(version_id))
    assert looked.gets == 2
    assert [(each.rule, each.count) for each in looked.excluded] == [("text.missing", 1)]


def test_a_fault_in_a_variant_stops_the_campaign_like_one_in_the_main_text(world: Any) -> None:
    world.customers(1)
    late(world, [1], 3)
    bad = Variant(name="威胁", when=of_segment("x"), body=MAIN + "不还就坐牢。")
    looked = preflight(world.ctx, world.draft(template(world, bad)))
    assert looked.blocked
    assert {finding.variant for finding in looked.findings if finding.level == "block"} == {"威胁"}


def test_a_template_without_variants_is_told_without_them(world: Any) -> None:
    world.customers(2)
    looked = preflight(world.ctx, world.draft())
    assert looked.variants == ()
    assert {variant for variant, _ in stored(world, world.submitted().batch_id).values()} == {None}


@pytest.mark.parametrize("ids", [[1, 2, 3], [5, 70_000, 10**9, 10**12]])
def test_numbers_are_kept_by_id(ids: list[int]) -> None:
    found = Assigned()
    found.put(ids, 2)
    found.put(ids[:1], 7)
    assert [found[each] for each in ids] == [7] + [2] * (len(ids) - 1)
    assert found[ids[-1] + 1] == 0


def test_the_report_has_a_line_for_each_text(world: Any, ctx: Context) -> None:
    world.customers(3)
    world.set_customers([1], segment="高净值")
    late(world, [1, 2, 3], 3)
    version_id = template(world, Variant(name="贵宾", when=of_segment("高净值"), body=GOLD))
    frozen = world.submitted(version_id=version_id)
    world.set_messages(frozen.batch_id, MessageState.DELIVERED, 2)
    with ctx.database.read() as session:
        made = report.sheets(session, frozen.campaign_id, ctx.clock, str)
        (texts,) = [sheet for sheet in made if str(sheet.name) == "Texts"]
        rows = list(texts.rows)
    assert [row[:4] for row in rows] == [
        ("Main text", "", 2, 2),
        ("Text “贵宾”", "Segment (in the file) is 高净值", 1, 1),
    ]
    assert sum(row[4] for row in rows) == 2  # type: ignore[misc]
