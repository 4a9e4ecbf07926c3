"""A process that is killed while it freezes or approves leaves nothing that could be sent, twice or at all."""

from __future__ import annotations

import runpy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console.core.campaigns.housekeeping import ABANDONED, tidy
from console.core.campaigns.lifecycle import approve, submit
from console.core.campaigns.verify import verify_batch
from console.core.clock import FixedClock
from console.core.context import Context
from db import audit
from db.models import Batch, BatchState, Campaign, CampaignState, Decision, Exclusion, Message

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
_watched = runpy.run_path(str(Path(__file__).with_name("watched.py")))
child, until, kill = _watched["child"], _watched["until"], _watched["kill"]
PEOPLE = 240
CHUNK = 20


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(PEOPLE)
    made.set_customers([5, 6, 7], phone="02155550100")
    return made


def count(ctx: Context, table: Any) -> int:
    with ctx.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def campaign_state(ctx: Context, campaign_id: int) -> CampaignState:
    with ctx.database.read() as session:
        return session.get_one(Campaign, campaign_id).state


def openable(ctx: Context) -> list[int]:
    """Batches that anybody could approve or send."""
    with ctx.database.read() as session:
        states = (BatchState.PENDING, BatchState.OPEN, BatchState.PAUSED)
        return list(session.scalars(select(Batch.id).where(Batch.state.in_(states))))


def check_whole(ctx: Context, campaign_id: int, batch_id: int) -> None:
    """One batch of one message a recipient, complete, digested and in a sound trail."""
    assert openable(ctx) == [batch_id]
    assert count(ctx, Message) == PEOPLE - 3
    assert count(ctx, Exclusion) == 3
    assert verify_batch(ctx.database, batch_id).sound
    with ctx.database.read() as session:
        query = select(func.count(Message.recipient.distinct())).where(Message.batch_id == batch_id)
        assert session.scalar(query) == PEOPLE - 3
        assert audit.verify(session).sound
    assert campaign_state(ctx, campaign_id) is CampaignState.PENDING


@pytest.mark.parametrize(
    "killed_at", [f"chunk {CHUNK} {PEOPLE}", f"chunk {PEOPLE} {PEOPLE}", "audited campaign.submit"]
)
def test_killed_while_freezing_then_submitted_again(ctx: Context, world: Any, killed_at: str) -> None:
    campaign_id = world.saved()
    with child(ctx, "submit", campaign_id, chunk=CHUNK) as process:
        until(process, killed_at)
        kill(process)
    assert openable(ctx) == []
    frozen = submit(ctx, campaign_id)
    tidy(ctx)
    check_whole(ctx, campaign_id, frozen.batch_id)


def test_killed_while_freezing_then_cleaned_up(ctx: Context, world: Any, clock: FixedClock) -> None:
    campaign_id = world.saved()
    with child(ctx, "submit", campaign_id, chunk=CHUNK) as process:
        until(process, f"chunk {CHUNK * 3} {PEOPLE}")
        kill(process)
    assert count(ctx, Message) > 0
    clock.advance(ABANDONED + timedelta(seconds=1))
    assert tidy(ctx).abandoned == 1
    assert (count(ctx, Message), count(ctx, Exclusion)) == (0, 0)
    assert campaign_state(ctx, campaign_id) is CampaignState.DRAFT
    frozen = submit(ctx, campaign_id)
    check_whole(ctx, campaign_id, frozen.batch_id)


def test_killed_again_and_again(ctx: Context, world: Any) -> None:
    campaign_id = world.saved()
    for chunks in (1, 4, 9):
        with child(ctx, "submit", campaign_id, chunk=CHUNK) as process:
            until(process, f"chunk {CHUNK * chunks} {PEOPLE}")
            kill(process)
    frozen = submit(ctx, campaign_id)
    tidy(ctx)
    check_whole(ctx, campaign_id, frozen.batch_id)


def test_killed_just_before_the_approval_is_durable(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    frozen = submit(ctx, world.saved())
    with child(supervisor_ctx, "approve", frozen.campaign_id, frozen.digest) as process:
        until(process, "audited campaign.approve")
        kill(process)
    check_whole(ctx, frozen.campaign_id, frozen.batch_id)
    assert world.batch(frozen.batch_id).state is BatchState.PENDING
    assert count(ctx, Decision) == 0
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    assert world.batch(frozen.batch_id).state is BatchState.OPEN
    assert count(ctx, Decision) == 1
    with ctx.database.read() as session:
        assert audit.verify(session).sound


def test_killed_right_after_the_approval(ctx: Context, supervisor_ctx: Context, world: Any) -> None:
    frozen = submit(ctx, world.saved())
    with child(supervisor_ctx, "approve", frozen.campaign_id, frozen.digest) as process:
        until(process, "done")
        kill(process)
    assert world.batch(frozen.batch_id).state is BatchState.OPEN
    assert campaign_state(ctx, frozen.campaign_id) is CampaignState.APPROVED
    assert count(ctx, Decision) == 1
