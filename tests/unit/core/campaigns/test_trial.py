"""Test messages go out by the one way out, marked, counted and on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from console.core.campaigns.trial import AN_HOUR, LIFETIME, TrialRefused, send_test
from console.core.campaigns.verify import verify_batch
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from db.models import AuditEntry, BatchKind, BatchState, Customer, Loan, Message, MessageState


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
