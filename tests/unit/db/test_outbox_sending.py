from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from console.core.sending.integrity import digest_fits
from db.models import Batch, BatchState, Control, Line, Message, MessageState, PartState
from db.outbox import ClaimAsk, Claimed, claim
from db.outbox_sending import Cleared, Hindrance, SendingAsk, mark_sending

MINUTE = timedelta(minutes=1)


@pytest.fixture
def held(house: Any, held_line: Any) -> Claimed:
    """One claimed message of run-1 on line 1."""
    line = held_line()
    house.batch(1, parts=2)
    ask = ClaimAsk(run="run-1", line_id=line, limit=1, lease_until=house.lease())
    with house.database.begin() as session:
        return claim(session, [ask], house.now)[0][0]


@pytest.fixture
def mark(house: Any) -> Callable[..., Cleared | Hindrance]:
    def fits(row: Claimed) -> bool:
        return digest_fits(house.secret, row.digest, row.batch_id, row.recipient, row.phone, row.body)

    def mark(message: Claimed, sequence: int = 1, *, run: str = "run-1", line: int = 1) -> Cleared | Hindrance:
        ask = SendingAsk(
            run=run,
            line_id=line,
            sender_identity="460001",
            message=message,
            sequence=sequence,
            attempt=None if sequence == 1 else 1,
        )
        with house.database.begin() as session:
            return mark_sending(session, [ask], house.now, fits)[0]

    return mark


def test_sending_and_its_part_are_durable_together(house: Any, held: Claimed, mark: Any) -> None:
    cleared = mark(held)
    assert isinstance(cleared, Cleared)
    row, part = house.messages()[0], house.parts()[0]
    assert (row.state, row.sending_at, row.attempts) == (MessageState.SENDING, house.now, 1)
    assert (part.id, part.state, part.sequence, part.attempt) == (cleared.part_id, PartState.SENDING, 1, 1)
    assert (part.phone, part.sender_identity, part.line_id) == (held.phone, "460001", 1)


def test_a_second_part_belongs_to_the_same_sending(house: Any, held: Claimed, mark: Any) -> None:
    mark(held)
    assert isinstance(mark(held, 2), Cleared)
    assert [(part.sequence, part.attempt) for part in house.parts()] == [(1, 1), (2, 1)]
    assert house.messages()[0].attempts == 1


def test_the_same_part_is_never_cleared_twice(house: Any, held: Claimed, mark: Any) -> None:
    mark(held)
    assert mark(held) is Hindrance.LOST
    assert len(house.parts()) == 1
    assert house.states() == {"sending": 1}


HINDRANCES: list[tuple[Any, Any, dict[str, Any], Hindrance]] = [
    (Control, 1, {"stopped": True}, Hindrance.STOPPED),
    (Batch, 1, {"state": BatchState.PAUSED}, Hindrance.CLOSED),
    (Batch, 1, {"state": BatchState.CANCELLED}, Hindrance.CLOSED),
    (Line, 1, {"owner": "run-2"}, Hindrance.LINE),
    (Line, 1, {"enabled": False}, Hindrance.LINE),
    (Message, 1, {"body": "【示例银行】转账给我"}, Hindrance.TAMPERED),
    (Message, 1, {"phone": "13999999999"}, Hindrance.TAMPERED),
]


@pytest.mark.parametrize(("model", "key", "change", "hindrance"), HINDRANCES, ids=lambda value: str(value)[-40:])
def test_what_hinders_puts_the_claim_back(
    house: Any, held: Claimed, mark: Any, model: Any, key: int, change: dict[str, Any], hindrance: Hindrance
) -> None:
    house.change(model, key, **change)
    assert mark(held) is hindrance
    assert house.states() == {"waiting": 1}
    assert house.parts() == []


def test_its_time_is_looked_at_again(house: Any, held: Claimed, mark: Any) -> None:
    house.change(Batch, 1, expires_at=house.now)
    assert mark(held) is Hindrance.EXPIRED


def test_a_schedule_moved_into_the_future_counts(house: Any, held: Claimed, mark: Any) -> None:
    house.change(Batch, 1, not_before=house.now + MINUTE)
    assert mark(held) is Hindrance.EARLY


@pytest.mark.parametrize(
    "change", [{"owner": "run-2"}, {"state": MessageState.WAITING, "owner": ""}, {"line_id": 2}], ids=str
)
def test_a_lost_claim_is_left_to_its_new_owner(
    house: Any, held: Claimed, mark: Any, held_line: Any, change: dict[str, Any]
) -> None:
    held_line(name="B")
    house.change(Message, held.message_id, **change)
    before = house.messages()[0]
    assert mark(held) is Hindrance.LOST
    after = house.messages()[0]
    assert house.parts() == []
    if change.get("owner") == "run-2":
        assert (before.owner, before.state) == (after.owner, after.state)


def test_a_lease_that_ran_out_counts_as_lost(house: Any, held: Claimed, mark: Any) -> None:
    house.clock.advance(MINUTE)
    house.change(Line, 1, lease_until=house.lease())
    assert mark(held) is Hindrance.LOST
    assert house.states() == {"waiting": 1}


def test_a_copy_in_memory_that_differs_never_leaves(held: Claimed, mark: Any) -> None:
    assert mark(dataclasses.replace(held, body="something else")) is Hindrance.TAMPERED


@pytest.mark.parametrize(
    ("model", "change"),
    [(Control, {"stopped": True}), (Batch, {"state": BatchState.CANCELLED})],
    ids=["stop", "cancel"],
)
def test_a_message_that_has_begun_to_leave_is_finished(
    house: Any, held: Claimed, mark: Any, model: Any, change: dict[str, Any]
) -> None:
    mark(held)
    house.change(model, 1, **change)
    assert isinstance(mark(held, 2), Cleared)


def test_a_pause_waits_for_the_clearance_under_way_and_stops_the_next(house: Any, held_line: Any, mark: Any) -> None:
    """The pause commits either before the clearance, which then fails, or after it: never in between."""
    line = held_line()
    house.batch(40)
    with house.database.begin() as session:
        ask = ClaimAsk(run="run-1", line_id=line, limit=40, lease_until=house.lease())
        rows = claim(session, [ask], house.now)[0]
    started, paused_at = threading.Event(), []

    def pause() -> None:
        started.wait()
        house.change(Batch, 1, state=BatchState.PAUSED)
        paused_at.append(len(house.parts()))

    thread = threading.Thread(target=pause)
    thread.start()
    results = []
    for row in rows:
        results.append(mark(row))
        started.set()
    thread.join()
    assert len(house.parts()) == paused_at[0] == sum(isinstance(result, Cleared) for result in results)
