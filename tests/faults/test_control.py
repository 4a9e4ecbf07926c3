"""Pausing, cancelling and stopping act before the next submission; a stop in order leaves nothing half done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from console.core.clock import SystemClock
from console.core.context import Actor, Context
from console.core.security.permissions import Role
from console.core.sending import control
from console.core.settings import Settings
from db.models import Batch, BatchState, Control, Line, LineState, Message, MessageState


def _begun(branch: Any, until: Any, level: int) -> None:
    until(lambda: len(branch.ledger()) >= level)


@pytest.mark.parametrize("how", ["pause", "cancel", "stop", "switch the line off"])
def test_nothing_more_leaves(either_branch: Any, until: Any, how: str) -> None:
    branch = either_branch
    branch.modem(latency_ms=30)
    branch.batch(60)
    dispatcher = branch.start()
    _begun(branch, until, 5)
    model, key, change, back = {
        "pause": (Batch, 1, {"state": BatchState.PAUSED}, {"state": BatchState.OPEN}),
        "cancel": (Batch, 1, {"state": BatchState.CANCELLED}, None),
        "stop": (Control, 1, {"stopped": True}, {"stopped": False}),
        "switch the line off": (Line, 1, {"enabled": False}, {"enabled": True}),
    }[how]
    branch.change(model, key, **change)
    sent = len(branch.ledger())
    until(lambda: not {"claimed", "sending"} & branch.states().keys())
    assert len(branch.ledger()) <= sent + 1  # the one that was on the air
    if back is None:
        until(lambda: branch.states().keys() <= {"delivered", "cancelled"})
        assert branch.states()["cancelled"] >= 50
    else:
        assert branch.states()["waiting"] >= 50
        branch.change(model, key, **back)
        branch.until_states({"delivered": 60})
    branch.check()
    assert dispatcher.stop() == 0


def test_a_stopped_class_stays_while_the_others_go_on(either_branch: Any, until: Any) -> None:
    """What was on the air when the stop returned is finished; after that the network gets nothing of the class."""
    branch = either_branch
    branch.modem(latency_ms=15)
    stopped, others = branch.batch(60, class_key="account", priority=0), branch.batch(12, class_key="fraud")
    ctx = _context(branch)
    dispatcher = branch.start()
    _begun(branch, until, 5)
    control.stop_class(ctx, "account", "文案有误")
    begun = {row.phone for row in _of(branch, stopped) if row.state not in (MessageState.WAITING, MessageState.CLAIMED)}
    until(lambda: branch.states(others) == {"delivered": 12})
    until(lambda: not {"claimed", "sending", "accepted"} & branch.states(stopped).keys())
    left = {entry["recipient"][-11:] for entry in branch.ledger()}
    assert left & {row.phone for row in _of(branch, stopped)} == begun
    assert branch.states(stopped) == {"delivered": len(begun), "waiting": 60 - len(begun)}
    assert branch.all(Batch)[0].state is BatchState.OPEN
    control.resume_class(ctx, "account")
    branch.until_states({"delivered": 72})
    branch.check()
    assert dispatcher.stop() == 0


def _of(branch: Any, batch_id: int) -> list[Message]:
    return [row for row in branch.all(Message) if row.batch_id == batch_id]


def _context(branch: Any) -> Context:
    roles = frozenset({Role.SUPERVISOR})
    actor = Actor.of(1, "maker", "经办", roles)
    return Context(database=branch.database, clock=SystemClock(), actor=actor, settings=Settings())


def test_a_stop_in_order_finishes_the_long_message_and_gives_the_rest_back(
    branch: Any, until: Any, long_text: str
) -> None:
    modem = branch.modem()
    modem.rule("CMGS", "accepted", "delay", ms=500, skip=1)
    branch.batch(5, text=long_text, parts=3)
    dispatcher = branch.start()
    until(lambda: len(branch.ledger()) == 2)
    assert dispatcher.stop() == 0
    assert len(branch.ledger()) == 3
    assert branch.states().keys() <= {"waiting", "accepted", "delivered"}
    assert branch.states()["waiting"] == 4
    assert branch.all(Line)[0].state is LineState.OFF
    branch.start()
    branch.until_states({"delivered": 5})
    assert len(branch.ledger()) == 15


def test_a_stop_is_asked_for_in_the_database(branch: Any, until: Any) -> None:
    from console.core.context import SYSTEM
    from console.core.sending.process import dispatcher_alive, request_stop

    branch.modem()
    ctx = Context(database=branch.database, clock=SystemClock(), actor=SYSTEM, settings=Settings())
    dispatcher = branch.start()
    until(lambda: dispatcher_alive(ctx))
    request_stop(ctx)
    until(lambda: not dispatcher.running)
    assert not dispatcher_alive(ctx)


def test_a_line_is_added_and_moved_while_it_runs(branch: Any, until: Any) -> None:
    first = branch.modem()
    branch.start()
    branch.batch(3)
    branch.until_states({"delivered": 3})
    second = branch.modem(enabled=False)
    branch.change(Line, 1, address=second.address)
    until(lambda: any(line.startswith("AT+CNMI=") for line in second.stats()["heard"]))  # the line has moved
    branch.batch(3)
    branch.until_states({"delivered": 6})
    assert (len(first.accepted()), len(second.accepted())) == (3, 3)


def test_an_expired_batch_is_settled(branch: Any, until: Any) -> None:
    branch.modem()
    branch.batch(3, expires_at=datetime.now(UTC))
    branch.start()
    until(lambda: {row.state.value for row in branch.all(Message)} == {"expired"})
    until(lambda: branch.all(Batch)[0].state is BatchState.FINISHED)
    assert branch.ledger() == []
