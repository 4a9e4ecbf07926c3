from __future__ import annotations

from typing import Any

import pytest

from console.core.compliance.policy import load_policy
from console.core.sending import feeder as feeding
from console.core.sending.feeder import Feeder
from console.core.sending.steps import Steps
from console.core.sending.writer import Writer
from db.models import Batch, BatchState
from db.outbox import Scope


class Room:
    """A line with room for ten."""

    def __init__(self, line: Any) -> None:
        self.line = line

    def room(self, chunk: int) -> int:
        return min(chunk, 10)

    def held(self) -> int:
        return 0

    def holds(self) -> list[int]:
        return []

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


@pytest.mark.expects_log("2 claims whose answer was lost", "database refuses")
def test_claims_whose_answer_was_lost_are_freed(
    house: Any, held_line: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from db import outbox_lines
    from db.errors import DatabaseGone

    held_line()
    batch = house.batch(2, class_key="remind")
    with house.database.read() as session:
        (row,) = outbox_lines.lines(session)
    steps = Steps("run-1", house.clock, house.secret, load_policy())
    writer = Writer(house.database)
    feeder = Feeder(house.database, writer, steps, house.clock, lambda session, claimed, now: {})
    feeder._lines = (Room(row),)  # type: ignore[assignment]
    writer.start()
    claim, commit = steps.claim, writer._commit

    def commit_and_lose_the_answer(tasks: Any) -> Any:
        done = commit(tasks)
        if any(task.verb is claim for task in tasks):
            monkeypatch.setattr(writer, "_commit", commit)
            raise DatabaseGone("the connection broke")
        return done

    monkeypatch.setattr(writer, "_commit", commit_and_lose_the_answer)
    with pytest.raises(DatabaseGone):
        feeder._feed()
    assert house.states() == {"claimed": 2}
    monkeypatch.setattr(Room, "feed", lambda self, messages: False)
    house.change(Batch, batch, state=BatchState.PAUSED)
    other = house.batch(1, class_key="remind")
    feeder._feed()
    assert writer.close(10)
    assert house.states(batch) == {"waiting": 2}
    assert house.states(other) == {"waiting": 1}
