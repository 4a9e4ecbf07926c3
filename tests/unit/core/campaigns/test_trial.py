"""Test messages go out by the one way out, marked, counted and on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console.core.campaigns.trial import AN_HOUR, LIFETIME, TrialRefused, send_test
from console.core.campaigns.verify import verify_batch
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.messages.variants import Variant
from console.core.segments.conditions import Condition, Group, dump
from console.core.segments.operators import Operator
from db.models import AuditEntry, BatchKind, BatchState, Customer, Loan, Message, MessageState, TemplateVersion

GOLD = dump(Group((Condition("customer.segment", Operator.ONE_OF, ("高净值",)),)))


def test_a_test_is_an_open_batch_of_one_marked_message(ctx: Context, world: Any) -> None:
    world.customers(2)
    campaign_id = world.saved()
    sent = send_test(ctx, world.draft(), " 139-0013 9000", campaign_id=campaign_id)
    batch = world.batch(sent.batch_id)
    assert (batch.kind, batch.state, batch.messages) == (BatchKind.TEST, BatchState.OPEN, 1)
    assert batch.expires_at == ctx.clock.now() + LIFETIME
    assert verify_batch(ctx.database, sent.batch_id).sound
    with ctx.database.read() as session:
        message = session.get_one(Message, sent.message_id)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.test_send")).one()
    assert (message.phone, message.customer_id, message.state) == ("13900139000", None, MessageState.WAITING)
    assert message.body.startswith("【示例银行】[Test] 李女士您好")
    assert entry.subject == f"campaign:{campaign_id}"
    assert "13900139000" not in entry.detail


def test_a_test_carries_nobodys_data(ctx: Context, world: Any) -> None:
    """It may go to any number, and nobody but the debtor is told of a debt."""
    world.customers(3)
    body = send_test(ctx, world.draft(), "13900139000").body
    with ctx.database.read() as session:
        for name, number, tail in session.execute(
            select(Customer.name, Loan.number, Loan.account_tail).join(Loan, Loan.customer_id == Customer.id)
        ):
            assert name[0] + "先生" not in body
            assert number[-4:] not in body
            assert tail not in body


@pytest.mark.parametrize("phone", ["", "02155550100", "1380013800", "138001380001"])
def test_only_mobile_numbers(ctx: Context, world: Any, phone: str) -> None:
    with pytest.raises(TrialRefused):
        send_test(ctx, world.draft(), phone)


def test_testing_is_no_way_around_approval(ctx: Context, world: Any, clock: FixedClock) -> None:
    for _ in range(AN_HOUR):
        send_test(ctx, world.draft(), "13900139000")
    with pytest.raises(TrialRefused):
        send_test(ctx, world.draft(), "13900139000")
    clock.advance(timedelta(hours=1, seconds=1))
    send_test(ctx, world.draft(), "13900139000")


def test_a_checker_may_not_test(supervisor_ctx: Context, world: Any) -> None:
    with pytest.raises(NotPermitted):
        send_test(supervisor_ctx, world.draft(), "13900139000")


def test_each_text_of_a_template_can_be_tried(ctx: Context, world: Any) -> None:
    version_id = world.template("${name}您好,本期应还${amt}元,咨询${tel}。")
    gold = Variant(name="贵宾", when=GOLD, body="尊敬的${name},客户经理${mgr}为您服务。")
    with ctx.database.begin() as session:
        session.execute(update(TemplateVersion).where(TemplateVersion.id == version_id).values(variants=[gold.dump()]))
    draft = world.draft(version_id)
    assert "本期应还" in send_test(ctx, draft, "13900139000").body
    tried = send_test(ctx, draft, "13900139000", variant=1).body
    assert tried.startswith("【示例银行】[Test] 尊敬的李女士,客户经理")
    assert "${" not in tried
    for gone in (2, -1):
        with pytest.raises(TrialRefused, match="this text"):
            send_test(ctx, draft, "13900139000", variant=gone)
