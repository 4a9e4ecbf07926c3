"""A campaign that keeps a pace, and a dispatcher that is killed meanwhile: never faster, and nothing twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from db.models import BatchFlow, Message, MessageState

MOST = 5


def test_a_crash_never_makes_a_campaign_faster_than_its_pace(branch: Any, until: Any) -> None:
    branch.modem(latency_ms=100)
    branch.modem(latency_ms=100)
    batch = branch.batch(12, schedule={"pace": {"most": MOST, "unit": "hour"}})
    with branch.database.begin() as session:
        session.add(BatchFlow(batch_id=batch, data={}))

    def left() -> int:
        return sum(row.sending_at is not None for row in branch.all(Message))

    dispatcher = branch.start()
    until(lambda: left() >= 2)
    dispatcher.kill()
    dispatcher = branch.start()
    until(lambda: left() == MOST)
    until(lambda: not {MessageState.CLAIMED, MessageState.SENDING} & {row.state for row in branch.all(Message)})
    assert dispatcher.stop() == 0
    states = branch.check()
    assert states["waiting"] == 12 - MOST
    assert left() == MOST
    accepted = Counter(entry["recipient"] for entry in branch.ledger())
    assert set(accepted.values()) == {1}
    assert len(accepted) <= MOST
