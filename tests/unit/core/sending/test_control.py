from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from console.core.errors import NotPermitted, UserError
from console.core.sending.control import Decision, resolve_unknown, resume_all, stop_all
from db.models import AuditEntry, Batch, BatchState, Control, Message, MessageState


@pytest.fixture
def unknown(house: Any) -> list[int]:
    """Three messages of one batch whose outcome is unknown, and one that was delivered."""
    house.batch(4)
    rows = house.messages()
    for row in rows[:3]:
        house.change(
            Message, row.id, state=MessageState.UNKNOWN, reason="dispatcher.lost", attempts=1, sending_at=house.now
        )
    house.change(Message, rows[3].id, state=MessageState.DELIVERED)
    return [row.id for row in rows]


def actions(house: Any) -> list[str]:
    return [entry.action for entry in house.all(AuditEntry)]


def test_everything_is_stopped_and_resumed_with_an_audit_entry_each(house: Any, supervisor_ctx: Any) -> None:
    stop_all(supervisor_ctx)
    control = house.all(Control)[0]
    assert (control.stopped, control.changed_by) == (True, supervisor_ctx.actor.user_id)
    stop_all(supervisor_ctx)
    resume_all(supervisor_ctx)
    assert not house.all(Control)[0].stopped
    assert actions(house) == ["sending.stop", "sending.resume"]


def test_an_officer_may_stop_everything_and_not_resume_it(house: Any, ctx: Any) -> None:
    stop_all(ctx)
    with pytest.raises(NotPermitted):
        resume_all(ctx)
    assert house.all(Control)[0].stopped


@pytest.mark.parametrize(
    ("decision", "state", "reason"),
    [
        (Decision.RESEND, MessageState.WAITING, ""),
        (Decision.SENT, MessageState.ACCEPTED, "person.sent"),
        (Decision.CANCEL, MessageState.CANCELLED, "person.cancelled"),
    ],
)
def test_a_person_decides_what_is_unknown_and_nothing_else(
    house: Any, ctx: Any, unknown: list[int], decision: Decision, state: MessageState, reason: str
) -> None:
    assert resolve_unknown(ctx, unknown, decision) == 3
    rows = house.messages()
    assert [(row.state, row.reason) for row in rows[:3]] == [(state, reason)] * 3
    assert rows[3].state is MessageState.DELIVERED
    entry = house.all(AuditEntry)[-1]
    detail = json.loads(entry.detail)
    assert (entry.action, entry.actor_id) == ("outbox.resolve", ctx.actor.user_id)
    assert (detail["decision"], detail["messages"]) == (decision.value, unknown[:3])
    assert resolve_unknown(ctx, unknown, decision) == 0


def test_sending_again_opens_a_finished_batch(house: Any, ctx: Any, unknown: list[int]) -> None:
    house.change(Batch, 1, state=BatchState.FINISHED, closed_at=house.now)
    resolve_unknown(ctx, unknown, "resend")
    assert house.all(Batch)[0].state is BatchState.OPEN
    assert {row.attempts for row in house.messages()[:3]} == {0}


@pytest.mark.parametrize("change", [{"state": BatchState.CANCELLED}, {"expires_at": "past"}], ids=str)
def test_nothing_of_a_closed_campaign_is_sent_again(
    house: Any, ctx: Any, unknown: list[int], change: dict[str, Any]
) -> None:
    if "expires_at" in change:
        change = {"expires_at": house.now - timedelta(seconds=1)}
    house.change(Batch, 1, **change)
    with pytest.raises(UserError):
        resolve_unknown(ctx, unknown, Decision.RESEND)
    assert house.states() == {"unknown": 3, "delivered": 1}
    assert actions(house) == []
    assert resolve_unknown(ctx, unknown, Decision.CANCEL) == 3
