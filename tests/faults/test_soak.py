"""Four modems that misbehave at random and a dispatcher that is killed again and again: the book is the ledger.

Shortened unless ``BRANCH_SMS_SOAK`` says how many messages; the full one is 10,000.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import AuditEntry, Message, MessageState

MESSAGES = int(os.environ.get("BRANCH_SMS_SOAK", "240"))
KILLS = 20 if MESSAGES >= 10_000 else 3
SEED = 20261122
FAULT_EVERY = 50  # messages, on average
PATIENT = 1800.0
_OPTIONS = {
    "submit_seconds": 2,
    "late_seconds": 0.5,
    "prompt_seconds": 2,
    "command_seconds": 2,
    "probe_seconds": 1,
    "room_seconds": 2,
}
_FAULTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("command", "silence", {}),
    ("command", "error", {"text": "+CMS ERROR: 512"}),
    ("prompt", "reset", {}),
    ("prompt", "unplug", {"ms": 700}),
    ("body", "silence", {}),
    ("body", "error", {"text": "+CMS ERROR: 42"}),
    ("body", "error", {"text": "ERROR"}),
    ("body", "reset", {}),
    ("body", "unplug", {"ms": 700}),
    ("accepted", "silence", {}),
    ("accepted", "late", {"ms": 1500}),
    ("accepted", "late", {"ms": 2600}),  # later than anybody waits for it
    ("accepted", "reset", {}),
    ("accepted", "unplug", {"ms": 700}),
    ("accepted", "error", {"text": "+CMS ERROR: 500"}),
    ("result", "garbage", {}),
    ("done", "unplug", {"ms": 700}),
    ("done", "reset", {}),
)
_SEEN = (MessageState.DELIVERED, MessageState.UNKNOWN)
_REPORTS = ("normal", "duplicate", "reorder", "early")


def _gremlins(branch: Any, chance: random.Random) -> None:
    for number, reports in enumerate(_REPORTS):
        modem = branch.modem(seed=chance.randrange(2**31), latency_ms=15, report_delay_ms=30, options=_OPTIONS)
        modem.set(reports=reports)
        for moment, action, values in _FAULTS:
            probability = 1 / (FAULT_EVERY * len(_FAULTS))
            modem.rule("CMGS", moment, action, times=0, probability=probability, **values)
        if number == 0:  # however short the run is, it has these
            modem.rule("CMGS", "accepted", "silence", skip=7)
            modem.rule("CMGS", "body", "reset", skip=15)


def _on_the_air(branch: Any, level: int, dispatcher: Any) -> bool:
    """Wait until so much has left, or nothing more will; whether there is more to do."""
    deadline = time.monotonic() + PATIENT
    while branch.on_the_air() < level:
        assert dispatcher.running
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
        if _open(branch) == 0:
            return False
    return True


def _open(branch: Any) -> int:
    moving = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)
    with branch.database.read() as session:
        found: int = session.scalar(select(func.count()).where(Message.state.in_(moving)))
    return found


@pytest.mark.timeout(0 if MESSAGES > 1_000 else 300)
def test_the_book_is_the_ledger(branch: Any, until: Any) -> None:
    chance = random.Random(SEED)
    _gremlins(branch, chance)
    branch.batch(MESSAGES)
    started, killed = time.monotonic(), 0
    step = MESSAGES // (KILLS + 1)
    dispatcher = branch.start()
    while killed < KILLS and _on_the_air(branch, (killed + 1) * step + chance.randrange(step // 4), dispatcher):
        dispatcher.kill()
        killed += 1
        dispatcher = branch.start()
    until(lambda: _open(branch) == 0, PATIENT)
    seconds = time.monotonic() - started
    until(lambda: _owed(branch) == 0, PATIENT)  # the network keeps a report until it is acknowledged
    assert killed == KILLS
    _compare(branch, seconds, killed)
    assert dispatcher.stop() == 0


def _owed(branch: Any) -> int:
    """How many messages the network has and the book does not call delivered."""
    accepted = {entry["recipient"][-11:] for entry in branch.ledger()}
    with branch.database.read() as session:
        return len(
            accepted - set(session.scalars(select(Message.phone).where(Message.state == MessageState.DELIVERED)))
        )


def _compare(branch: Any, seconds: float, killed: int) -> None:
    states = branch.check()  # nothing twice; nothing called sent that was not; nothing waiting that left
    ledger = Counter(entry["recipient"][-11:] for entry in branch.ledger())
    messages = branch.all(Message)
    lost = [row.phone for row in messages if row.state not in _SEEN and row.phone not in ledger]
    unseen = [row.phone for row in messages if row.state is MessageState.UNKNOWN]
    events = Counter(row.action for row in branch.all(AuditEntry))
    print(
        f"\nsoak: {len(messages)} messages in {seconds:.0f} s, {killed} kills, {events['line.fault']} line faults told;"
        f" book {states}, ledger {sum(ledger.values())}, twice {sum(n > 1 for n in ledger.values())}, lost {len(lost)},"
        f" unknown {len(unseen)} of which the network had {sum(phone in ledger for phone in unseen)}"
    )
    assert max(ledger.values()) == 1
    assert lost == []
    assert states.keys() <= {"delivered", "unknown"}
    assert not any(phone in ledger for phone in unseen)  # their reports told
    assert len(unseen) <= len(messages) / FAULT_EVERY * 1.5 + len(branch.modems) * killed + 10
