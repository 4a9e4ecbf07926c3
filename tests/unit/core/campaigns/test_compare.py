"""Campaigns side by side."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, insert, select, update

from console.core.campaigns.audience import Audience
from console.core.campaigns.compare import Comparison, NotComparable, compare, only_in_ids
from console.core.campaigns.draft import CampaignGone
from console.core.campaigns.lifecycle import approve
from console.core.campaigns.messages import message_rows
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.messages.difference import Change
from console.core.messages.variants import Variant
from console.core.reports.comparison import export_comparison, suggested_path
from console.core.segments.conditions import Condition, Group, dump
from console.core.segments.operators import Operator
from db import audit
from db.models import AuditEntry, InboundMessage, Instalment, Loan, Message, MessageState, TemplateVersion

SHORT = "${name}您好,您的${prod}(尾号${no})本期应还${amt}元,还款日${due}。咨询${tel}。"


def line(found: Comparison, title: str) -> tuple[str, ...]:
    return next(each.values for each in (*found.settings, *found.results) if str(each.title) == title)


@pytest.fixture
def two(world: Any) -> tuple[Any, Any]:
    """One for customers 1 to 30, one with another text for 21 to 50 of whom some are held out."""
    world.customers(50)
    first = world.submitted(name="甲", audience=Audience.of_customers(list(range(1, 31))))
    second = world.submitted(
        name="乙",
        template_version_id=world.template(SHORT, name="短提醒"),
        audience=Audience.of_customers(list(range(21, 51))),
        hold_out=20,
    )
    return first, second


def test_settings_text_and_people(ctx: Context, two: tuple[Any, Any]) -> None:
    first, second = two
    found = compare(ctx, [first.campaign_id, second.campaign_id])
    assert found.names == ("甲", "乙")
    assert line(found, "Template") == ("还款提醒, version 1", "短提醒, version 1")
    assert line(found, "Held out") == ("Nobody", "20 % by lot")
    differing = {str(each.title) for each in found.settings if each.differs}
    assert {"Template", "Held out"} <= differing
    assert not differing & {"Class", "Line", "Made by", "Starts"}
    assert found.wording[0] == ()
    gone = "".join(each.text for each in found.wording[1] if each.change is Change.REMOVED)
    assert "请提前存入尾号${card4}账户" in gone
    (overlap,) = found.overlaps
    with ctx.database.read() as session:
        only_first = {row.customer_id for row in message_rows(session, only_in_ids(session, *found.campaign_ids))}
        only_second = {
            row.customer_id for row in message_rows(session, only_in_ids(session, *found.campaign_ids[::-1]))
        }
    assert only_first >= set(range(1, 21))
    assert only_second <= set(range(31, 51))
    assert (overlap.only_first, overlap.only_second) == (len(only_first), len(only_second))
    assert overlap.both == 30 - overlap.only_first == second.messages - overlap.only_second


def test_results(ctx: Context, world: Any, two: tuple[Any, Any], clock: FixedClock) -> None:
    first, second = two
    now = ctx.clock.now()
    told = {"sending_at": now, "accepted_at": now + timedelta(minutes=20)}
    world.set_messages(first.batch_id, MessageState.DELIVERED, 24, **told)
    world.set_messages(first.batch_id, MessageState.UNDELIVERED, 3, reason="tp.49", **told)
    reader = world.line()
    with ctx.database.begin() as session:
        loan = session.scalars(select(Loan.id).where(Loan.customer_id == 1)).one()
        session.execute(
            insert(Instalment).values(
                loan_id=loan, sequence=1, due_on=date(2026, 11, 28), principal=Decimal(1), interest=Decimal(0),
                penalty=Decimal(0), paid=Decimal(1), paid_at=now + timedelta(hours=1),
            )
        )  # fmt: skip
        session.add_all(
            InboundMessage(line_id=reader, sender="1", body="好", raw="", customer_id=each, received_at=now)
            for each in (1, 1, 2, 40)
        )
    clock.advance(timedelta(hours=2))
    found = compare(ctx, [first.campaign_id, second.campaign_id])
    assert line(found, "Delivered")[0] == "24 · 80.0%"
    assert line(found, "Failed")[0] == "3 · 10.0%"
    assert line(found, "Replied within 7 days") == ("2 · 6.7%", "–")
    assert line(found, "Paid within 7 days") == ("1 · 3.3%", "–")
    assert line(found, "Took") == ("20 minutes", "–")
    (cause,) = found.failures
    assert cause.values == ("3", "0")


def test_drafts_are_compared_by_what_is_set(ctx: Context, world: Any) -> None:
    world.customers(3)
    ids = [world.saved(name=name) for name in ("甲", "乙", "丙")]
    found = compare(ctx, ids)
    assert len(found.names) == 3
    assert found.overlaps == ()
    assert line(found, "State") == ("Draft", "Draft", "Draft")
    with ctx.database.read() as session:
        assert only_in_ids(session, ids[0], ids[1]) == []


def test_two_to_four_and_nothing_that_is_gone(ctx: Context, admin_ctx: Context, world: Any) -> None:
    ids = [world.saved(name=str(number)) for number in range(5)]
    for wrong in ([], ids[:1], ids, [ids[0], ids[0]]):
        with pytest.raises(NotComparable):
            compare(ctx, wrong)
    with pytest.raises(CampaignGone):
        compare(ctx, [ids[0], 999])
    with pytest.raises(NotPermitted):
        compare(admin_ctx, ids[:2])


def test_the_workbook(ctx: Context, two: tuple[Any, Any], tmp_path: Path) -> None:
    target = export_comparison(ctx, [each.campaign_id for each in two], tmp_path / suggested_path(ctx).name)
    book = load_workbook(target, read_only=True)
    assert book.sheetnames == ["Settings", "Text", "Customers", "Results", "Causes"]
    cells = [cell for row in book["Settings"].iter_rows(values_only=True) for cell in row]
    assert {"甲", "乙", "20 % by lot", "yes"} <= set(cells)
    book.close()
    with ctx.database.read() as session:
        assert audit.verify(session).sound
        query = select(AuditEntry.subject).where(AuditEntry.action == "report.export")
        assert session.scalars(query).all() == ["report:compare"]


def test_what_came_of_each_text(
    ctx: Context, supervisor_ctx: Context, world: Any, clock: FixedClock, tmp_path: Path
) -> None:
    world.customers(10)
    world.set_customers([1, 2, 3, 4], segment="高净值")
    gold = dump(Group((Condition("customer.segment", Operator.ONE_OF, ("高净值",)),)))
    varied = world.template(SHORT, name="两种")
    with ctx.database.begin() as session:
        variant = Variant(name="贵宾", when=gold, body=SHORT + "客户经理${mgr}为您服务。")
        session.execute(update(TemplateVersion).where(TemplateVersion.id == varied).values(variants=[variant.dump()]))
    plain, both = world.submitted(name="甲"), world.submitted(name="乙", template_version_id=varied)
    for each in (plain, both):
        approve(supervisor_ctx, each.campaign_id, each.digest)
    now = ctx.clock.now()
    world.set_messages(plain.batch_id, MessageState.DELIVERED, 5, sending_at=now, accepted_at=now)
    world.set_messages(both.batch_id, MessageState.DELIVERED, 7, sending_at=now, accepted_at=now)
    reader = world.line()
    with ctx.database.begin() as session:
        delivered = Message.state == MessageState.DELIVERED, Message.batch_id == both.batch_id
        counted = select(Message.variant, func.count()).where(*delivered).group_by(Message.variant)
        arrived = dict(session.execute(counted).all())
        session.add_all(
            InboundMessage(line_id=reader, sender="1", body="好", raw="", customer_id=each, received_at=now)
            for each in (1, 2, 2, 10)
        )
    clock.advance(timedelta(hours=2))
    found = compare(ctx, [plain.campaign_id, both.campaign_id])
    (told,) = found.variants
    assert (told.campaign, told.name, told.against_first) == (1, "贵宾", False)
    assert [each.text for each in told.stretches if each.change is Change.ADDED] == ["客户经理${mgr}为您服务。"]
    lines = {str(each.title): each.values for each in found.texts}
    assert lines == {
        "Main text: messages": ("10 · 100.0%", "6 · 60.0%"),
        "Main text: delivered": ("5 · 50.0%", f"{arrived[None]} · {arrived[None] / 6:.1%}"),
        "Main text: replied within 7 days": ("3 · 30.0%", "1 · 16.7%"),
        "Text “贵宾”: messages": ("–", "4 · 40.0%"),
        "Text “贵宾”: delivered": ("–", f"{arrived[1]} · {arrived[1] / 4:.1%}"),
        "Text “贵宾”: replied within 7 days": ("–", "2 · 50.0%"),
    }
    target = export_comparison(ctx, found.campaign_ids, tmp_path / "a.xlsx")
    book = load_workbook(target, read_only=True)
    cells = [cell for row in book["Texts"].iter_rows(values_only=True) for cell in row]
    assert {"Text “贵宾”: messages", "4 · 40.0%"} <= set(cells)
    assert "乙 · Text “贵宾”" in {cell for row in book["Text"].iter_rows(values_only=True) for cell in row}
    book.close()
