from __future__ import annotations

from typing import Any

import pytest

from console.core.compliance.policy import load_policy
from console.core.sending import feeder as feeding
from console.core.sending.feeder import Feeder
from console.core.sending.steps import Steps
from console.core.sending.writer import Writer
from db.outbox import Scope


class Room:
    """A line with room for ten."""

    def __init__(self, line: Any) -> None:
        self.line = line

    def room(self, chunk: int) -> int:
        return min(chunk, 10)

    def held(self) -> int:
        return 0

    def serves(self) -> bool:
        return True

    def scope(self) -> Scope:
        return Scope()

    def feed(self, messages: Any) -> bool:
        raise AssertionError("nothing was to be handed out")


def test_a_claim_that_is_answered_too_late_is_given_back(
    house: Any, held_line: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was busy for longer than the feeder waits: nobody sends these, so nobody may hold them."""
    from db import outbox_lines

    line = held_line()
    house.batch(3, class_key="remind")
    with house.database.read() as session:
        (row,) = outbox_lines.lines(session)
    assert row.line_id == line
    steps = Steps("run-1", house.clock, house.secret, load_policy())
    writer = Writer(house.database)
    feeder = Feeder(house.database, writer, steps, house.clock, lambda session, claimed, now: {})
    feeder._lines = (Room(row),)  # type: ignore[assignment]
    monkeypatch.setattr(feeding, "_TIMEOUT", 0.01)
    with pytest.raises(TimeoutError):
        feeder._feed()  # the writer does not run yet
    given_back: list[Any] = []
    monkeypatch.setattr(feeder, "_give_back", _counting(feeder._give_back, given_back))
    writer.start()
    until(lambda: given_back)
    assert writer.close(10)
    assert house.states() == {"waiting": 3}


def _counting(call: Any, calls: list[Any]) -> Any:
    def counted(messages: Any) -> None:
        call(messages)
        calls.append(messages)

    return counted
