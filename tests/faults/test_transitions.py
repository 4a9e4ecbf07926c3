"""A process that is killed in the middle of a decision leaves nothing of it; done again, it is done once (I1 to I6)."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console.core.campaigns import housekeeping
from console.core.campaigns.lifecycle import approve, cancel, pause, resume, return_, withdraw
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.reports.period import today
from console.core.sending.control import resolve_unknown, stop_class
from console.core.sending.reconcile import look
from db import audit
from db.models import (
    AuditEntry,
    Batch,
    BatchState,
    Campaign,
    CampaignState,
    Control,
    Decision,
    Message,
    MessageState,
    Resend,
)

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
_watched = runpy.run_path(str(Path(__file__).with_name("watched.py")))
PEOPLE = 12


@dataclass(frozen=True)
class Scene:
    """A campaign at some point of its way, and the two who act on it."""

    ctx: Context
    supervisor: Context
    world: Any
    campaign_id: int
    batch_id: int
    digest: str
    clock: FixedClock

    def picture(self) -> tuple[object, ...]:
        """Everything that a decision may change."""
        with self.ctx.database.read() as session:
            messages = select(Message.state, Message.attempts, func.count()).group_by(Message.state, Message.attempts)
            return (
                session.get_one(Campaign, self.campaign_id).state,
                session.get_one(Batch, self.batch_id).state,
                session.get_one(Batch, self.batch_id).seal,
                session.execute(select(Control.stopped, Control.classes)).one(),
                session.scalar(select(func.count()).select_from(Decision)),
                session.scalar(select(func.count()).select_from(Resend)),
                session.scalar(select(func.count()).select_from(AuditEntry)),
                sorted(map(tuple, session.execute(messages))),
            )

    def recount(self) -> None:
        """I1, I5, I6, and that batch, decisions, messages and lines agree (I2, I3)."""
        with self.ctx.database.read() as session:
            batch = session.get_one(Batch, self.batch_id)
            if batch.state is not BatchState.VOID:
                query = select(func.count(), func.count(Message.recipient.distinct()))
                assert session.execute(query.where(Message.batch_id == batch.id)).one() == (PEOPLE, PEOPLE)
                assert batch.messages == PEOPLE
            assert audit.verify(session).sound
            secret = self.ctx.database.secret("message")
            assert look(session, secret, today(self.clock.now())).findings == []


@pytest.fixture
def scene(ctx: Context, supervisor_ctx: Context, clock: FixedClock) -> Scene:
    world = _World(ctx)
    world.customers(PEOPLE)
    world.line()
    frozen = world.submitted()
    return Scene(ctx, supervisor_ctx, world, frozen.campaign_id, frozen.batch_id, frozen.digest, clock)


def _approve(scene: Scene) -> None:
    approve(scene.supervisor, scene.campaign_id, scene.digest)


def _pause(scene: Scene) -> None:
    _approve(scene)
    pause(scene.ctx, scene.campaign_id)


def _unknown(scene: Scene) -> None:
    """A message whose outcome nobody knows, in a batch that is otherwise done."""
    _approve(scene)
    scene.world.set_messages(scene.batch_id, MessageState.SUPPRESSED, PEOPLE - 1)
    scene.world.set_messages(scene.batch_id, MessageState.UNKNOWN, 1)


def _done(scene: Scene) -> None:
    _approve(scene)
    scene.world.set_messages(scene.batch_id, MessageState.SUPPRESSED, PEOPLE)


def _late(scene: Scene) -> None:
    scene.clock.advance(timedelta(days=30))


def _messages(scene: Scene) -> list[int]:
    with scene.ctx.database.read() as session:
        return list(session.scalars(select(Message.id).where(Message.state == MessageState.UNKNOWN)))


Step = Callable[[Scene], object]
# Verb of the child: what comes before it, its entry in the trail, the same verb here, and what it leaves behind.
VERBS: dict[str, tuple[Step, str, Step, CampaignState, BatchState]] = {
    "withdraw": (
        lambda s: None, "campaign.withdraw",
        lambda s: withdraw(s.ctx, s.campaign_id), CampaignState.DRAFT, BatchState.VOID,
    ),
    "approve": (lambda s: None, "campaign.approve", _approve, CampaignState.APPROVED, BatchState.OPEN),
    "return": (
        lambda s: None, "campaign.return",
        lambda s: return_(s.supervisor, s.campaign_id, s.digest, "wrong amount"),
        CampaignState.RETURNED, BatchState.VOID,
    ),
    "pause": (
        _approve, "campaign.pause",
        lambda s: pause(s.ctx, s.campaign_id), CampaignState.APPROVED, BatchState.PAUSED,
    ),
    "resume": (
        _pause, "campaign.resume",
        lambda s: resume(s.ctx, s.campaign_id), CampaignState.APPROVED, BatchState.OPEN,
    ),
    "cancel": (
        _approve, "campaign.cancel",
        lambda s: cancel(s.ctx, s.campaign_id), CampaignState.CANCELLED, BatchState.CANCELLED,
    ),
    "stop class": (
        _approve, "sending.stop_class",
        lambda s: stop_class(s.supervisor, "remind", "drill"), CampaignState.APPROVED, BatchState.OPEN,
    ),
    "resend": (
        _unknown, "outbox.resolve",
        lambda s: resolve_unknown(s.ctx, _messages(s), "resend"), CampaignState.APPROVED, BatchState.OPEN,
    ),
    "lapse": (
        _late, "campaign.lapse",
        lambda s: housekeeping.lapse(s.ctx), CampaignState.RETURNED, BatchState.VOID,
    ),
    "finish": (
        _done, "campaign.finish",
        lambda s: housekeeping.finish(s.ctx), CampaignState.FINISHED, BatchState.FINISHED,
    ),
}  # fmt: skip
_BY_SUPERVISOR = ("approve", "return", "stop class")
CASES = [("sqlite", verb) for verb in VERBS] + [("postgresql", verb) for verb in ("cancel", "stop class")]


@pytest.mark.parametrize(("database", "verb"), CASES, indirect=["database"])
def test_killed_just_before_it_is_durable(scene: Scene, verb: str) -> None:
    before, action, here, campaign_state, batch_state = VERBS[verb]
    before(scene)
    picture = scene.picture()
    who = scene.supervisor if verb in _BY_SUPERVISOR else scene.ctx
    messages = _messages(scene) if verb == "resend" else []
    with _watched["child"](who, verb, scene.campaign_id, scene.digest, messages=messages) as process:
        _watched["until"](process, f"audited {action}")
        _watched["kill"](process)
    assert scene.picture() == picture
    scene.recount()
    here(scene)
    with scene.ctx.database.read() as session:
        assert session.get_one(Campaign, scene.campaign_id).state is campaign_state
        assert session.get_one(Batch, scene.batch_id).state is batch_state
        done = select(func.count()).where(AuditEntry.action == action)
        assert session.scalar(done) == 1
    housekeeping.sweep(scene.ctx)
    housekeeping.settle(scene.ctx)
    scene.recount()


def test_killed_right_after_it_is_durable(scene: Scene) -> None:
    """What was stopped stays stopped, whoever is gone."""
    _approve(scene)
    with _watched["child"](scene.supervisor, "stop class", scene.campaign_id) as process:
        _watched["until"](process, "done")
        _watched["kill"](process)
    with scene.ctx.database.read() as session:
        assert session.scalar(select(Control.classes)).keys() == {"remind"}
    scene.recount()
