"""Lines that fail, databases that are busy, and two dispatchers at once."""

from __future__ import annotations

import threading
from typing import Any

from db.models import Dispatcher, Line, LineState, Message, MessageState


def test_two_dispatchers_never_hold_one_line(either_branch: Any, until: Any) -> None:
    """I4. Both run; each line is held by one of them, and every message leaves once."""
    branch = either_branch
    for _ in range(2):
        branch.modem(latency_ms=5)
    branch.batch(60)
    first, second = branch.start(), branch.start()
    branch.until_states({"delivered": 60})
    branch.check()
    assert len(branch.all(Dispatcher)) == 2
    owners = {line.owner for line in branch.all(Line)}
    assert all(owners)
    holder = next(d for d in (first, second) if any(f"-{d.pid}-" in owner for owner in owners))
    holder.kill()
    branch.batch(20)
    branch.until_states({"delivered": 80})
    branch.check()


def test_a_frozen_dispatcher_that_wakes_up_does_not_send_twice(branch: Any, until: Any) -> None:
    """A laptop that slept: the other dispatcher took it for dead, and its answer still counts."""
    modem = branch.modem()
    modem.rule("CMGS", "accepted", "delay", ms=300, skip=2)
    modem.set(reports="drop")
    branch.batch(10)
    frozen = branch.start()
    until(lambda: len(branch.ledger()) == 3)
    frozen.pause()
    try:
        branch.start()
        until(lambda: branch.states().get("unknown") == 1 and not branch.states().get("claimed"))
    finally:
        frozen.go_on()
    branch.until_states({"accepted": 10})
    branch.check()
    assert len(branch.ledger()) == 10


def test_a_database_that_is_busy_for_a_while(branch: Any, until: Any) -> None:
    branch.modem(latency_ms=5)
    branch.batch(40)
    branch.start()
    until(lambda: len(branch.ledger()) >= 10)
    hold, held = threading.Event(), threading.Event()

    def occupy() -> None:
        with branch.database.begin():
            held.set()
            hold.wait(3)

    thread = threading.Thread(target=occupy)
    thread.start()
    held.wait()
    sent = len(branch.ledger())
    thread.join()
    assert len(branch.ledger()) <= sent + 3
    branch.until_states({"delivered": 40})
    branch.check()


def test_unplugged_and_back(branch: Any, until: Any) -> None:
    """What was on the air when the plug was pulled is unknown; the rest waits for the modem and leaves."""
    modem = branch.modem(latency_ms=5)
    modem.set(reports="drop")
    modem.rule("CMGS", "accepted", "unplug", ms=1500, skip=9)
    branch.batch(30)
    branch.start()
    until(lambda: branch.all(Line)[0].state is LineState.FAULT)
    line = branch.all(Line)[0]
    assert line.fault
    assert line.fault_text
    assert not {"claimed", "sending"} & branch.states().keys()
    branch.until_states({"accepted": 29, "unknown": 1})
    branch.check()
    until(lambda: branch.all(Line)[0].state is LineState.READY)


def test_another_line_takes_over(branch: Any, until: Any) -> None:
    first, second = branch.modem(latency_ms=20), branch.modem(latency_ms=20)
    branch.batch(60)
    branch.start()
    until(lambda: len(first.accepted()) > 3 and len(second.accepted()) > 3)
    second.do("unplug")
    left = len(second.accepted())
    until(branch.settled)
    states = branch.check()
    assert states.get("unknown", 0) <= 1
    until(lambda: branch.states().get("accepted", 0) <= 30)
    assert len(second.accepted()) <= left + 1  # what was on the air when the plug was pulled
    assert len(branch.ledger()) >= 59


def test_a_modem_that_says_nothing_does_not_turn_a_campaign_into_questions(branch: Any, until: Any) -> None:
    modem = branch.modem(options={"submit_seconds": 1})
    modem.set(reports="drop")
    modem.rule("CMGS", "body", "silence", times=0)
    branch.batch(50)
    branch.start()
    until(lambda: branch.all(Line)[0].fault == "line.silent")
    assert branch.states()["unknown"] <= 4
    modem.clear()
    until(branch.settled)
    unknown = [row for row in branch.all(Message) if row.state is MessageState.UNKNOWN]
    assert len(unknown) <= 6
    branch.check()


def test_a_busy_network_is_tried_again(branch: Any, until: Any) -> None:
    modem = branch.modem()
    modem.rule("CMGS", "body", "error", text="+CMS ERROR: 42", skip=1)
    modem.rule("CMGS", "body", "error", text="+CMS ERROR: 1", skip=3)
    branch.batch(6)
    branch.start()
    until(lambda: branch.states().get("delivered") == 4)
    by_reason = {row.reason: row for row in branch.all(Message) if row.reason}
    assert by_reason["cms.1"].state is MessageState.REFUSED
    assert (by_reason["cms.42"].state, by_reason["cms.42"].attempts) == (MessageState.WAITING, 1)
    assert by_reason["cms.42"].not_before is not None
    branch.change(Message, by_reason["cms.42"].id, not_before=None)
    branch.until_states({"delivered": 5, "refused": 1})
    branch.check()
