"""A campaign for those with whom an earlier one ended in a certain way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from console.core.campaigns.audience import Audience, Ending, describe, pairs_of
from console.core.campaigns.draft import load_draft
from console.core.campaigns.lifecycle import WrongState, approve, copy_for
from console.core.context import Context
from console.core.i18n import Text
from db.models import InboundMessage, Message, MessageState

TODAY = date(2026, 11, 23)


@pytest.fixture
def sent(ctx: Context, supervisor_ctx: Context, world: Any) -> Any:
    """About the loans of customers 1 to 4: delivered, delivered and answered, switched off, no such number."""
    world.customers(4, loans=2)
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    line, now = world.line(), ctx.clock.now()
    ends = {
        1: (MessageState.DELIVERED, ""),
        2: (MessageState.DELIVERED, ""),
        3: (MessageState.UNDELIVERED, "tp.70"),
        4: (MessageState.UNDELIVERED, "tp.49"),
    }
    with ctx.database.begin() as session:
        for customer, (state, reason) in ends.items():
            changed = update(Message).where(Message.batch_id == frozen.batch_id, Message.customer_id == customer)
            session.execute(changed.values(state=state, reason=reason, sending_at=now))
        spoken = insert(InboundMessage).values(
            line_id=line, sender="13800000002", body="好", raw="", customer_id=2, received_at=now + timedelta(minutes=1)
        )
        session.execute(spoken)
    return frozen


def people(ctx: Context, audience: Audience) -> list[int]:
    with ctx.database.read() as session:
        return [row[0] for row in session.execute(pairs_of(session, audience, per_loan=False, today=TODAY))]


def test_who_is_meant(ctx: Context, sent: Any) -> None:
    batch = sent.batch_id
    assert people(ctx, Audience.of_outcome(batch, Ending.FAILED)) == [3, 4]
    assert people(ctx, Audience.of_outcome(batch, Ending.FAILED, ["tp.70"])) == [3]
    assert people(ctx, Audience.of_outcome(batch, Ending.REPLIED)) == [2]
    assert people(ctx, Audience.of_outcome(batch, Ending.SILENT)) == [1]


def test_a_text_about_loans_is_about_the_same_loans(ctx: Context, sent: Any) -> None:
    audience = Audience.of_outcome(sent.batch_id, Ending.FAILED, ["tp.70"])
    with ctx.database.begin() as session:
        told = list(session.scalars(select(Message.loan_id).where(Message.customer_id == 3).order_by(Message.loan_id)))
        assert len(told) == 2
        session.execute(update(Message).where(Message.loan_id == told[1]).values(state=MessageState.DELIVERED))
    with ctx.database.read() as session:
        pairs = session.execute(pairs_of(session, audience, per_loan=True, today=TODAY)).all()
    assert [tuple(pair) for pair in pairs] == [(3, told[0])]


def test_a_copy_for_them_is_a_draft_like_any_other(ctx: Context, sent: Any) -> None:
    made = copy_for(ctx, sent.campaign_id, Ending.FAILED, ["tp.70"])
    with ctx.database.read() as session:
        draft = load_draft(session, made).draft
        assert draft.audience == Audience.of_outcome(sent.batch_id, Ending.FAILED, ["tp.70"])
        said = describe(session, draft.audience)
    assert isinstance(said, Text)
    assert Audience.load(draft.audience.dump()) == draft.audience


def test_of_nothing_sent_there_is_nothing_to_repeat(ctx: Context, world: Any) -> None:
    world.customers(1)
    with pytest.raises(WrongState):
        copy_for(ctx, world.saved(), Ending.FAILED)
