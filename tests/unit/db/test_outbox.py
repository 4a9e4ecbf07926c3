from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from db.models import Batch, BatchKind, BatchState, Control, Line, LineState, Message, MessageState
from db.outbox import ClaimAsk, Claimed, Scope, claim, give_back, put_off, suppress, waiting

MINUTE = timedelta(minutes=1)


@pytest.fixture
def take(house: Any) -> Callable[..., list[Claimed]]:
    def take(line: int, limit: int = 10, run: str = "run-1") -> list[Claimed]:
        ask = ClaimAsk(run=run, line_id=line, limit=limit, lease_until=house.lease())
        with house.database.begin() as session:
            return claim(session, [ask], house.now)[0]

    return take


def test_a_claim_takes_waiting_rows_of_an_open_batch_and_leases_them(house: Any, held_line: Any, take: Any) -> None:
    line = held_line()
    batch = house.batch(3)
    taken = take(line, 2)
    assert [row.message_id for row in taken] == [row.id for row in house.messages(batch)[:2]]
    assert taken[0].body == "【示例银行】您好"
    assert taken[0].class_key == "repayment_reminder"
    assert house.states() == {"claimed": 2, "waiting": 1}
    first = house.messages(batch)[0]
    assert (first.owner, first.line_id, first.lease_until) == ("run-1", line, house.lease())
    assert len(take(line)) == 1
    assert take(line) == []


@pytest.mark.parametrize("state", [state for state in BatchState if state is not BatchState.OPEN])
def test_only_an_open_batch_gives_messages(house: Any, held_line: Any, take: Any, state: BatchState) -> None:
    house.batch(state=state)
    assert take(held_line()) == []


def test_nothing_is_claimed_while_everything_is_stopped(house: Any, held_line: Any, take: Any) -> None:
    line = held_line()
    house.batch()
    house.change(Control, 1, stopped=True)
    assert take(line) == []
    with house.database.read() as session:
        assert waiting(session, house.now) == 0
    house.change(Control, 1, stopped=False)
    assert len(take(line)) == 3


def test_a_claim_keeps_to_what_the_line_may_send(house: Any, held_line: Any) -> None:
    line = held_line()
    short = house.batch(2, class_key="remind", parts=1)
    house.batch(1, class_key="remind", parts=3)
    house.batch(1, class_key="marketing")
    test = house.batch(1, class_key="marketing", kind=BatchKind.TEST)

    def batches(scope: Scope) -> list[int]:
        ask = ClaimAsk(run="run-1", line_id=line, limit=10, lease_until=house.lease(), scope=scope)
        with house.database.begin() as session:
            claimed = claim(session, [ask], house.now)[0]
            give_back(session, "run-1", [row.message_id for row in claimed])
        return sorted({row.batch_id for row in claimed})

    assert batches(Scope(most_parts=2, classes=frozenset({"remind"}))) == [short, test]
    assert batches(Scope(tests_only=True)) == [test]
    assert len(batches(Scope())) == 4


def written_to(house: Any, line: int, phones: list[str]) -> None:
    """Earlier messages that left over ``line``."""
    before = house.batch(len(phones), state=BatchState.FINISHED)
    for row, phone in zip(house.messages(before), phones, strict=True):
        house.change(
            Message, row.id, state=MessageState.DELIVERED, line_id=line, phone=phone, accepted_at=house.now - MINUTE
        )


def test_a_customer_stays_with_the_line_that_wrote_to_them(house: Any, held_line: Any) -> None:
    first, second = held_line(), held_line(name="B")
    batch = house.batch(8)
    phones = [row.phone for row in house.messages(batch)]
    written_to(house, second, phones[:3])
    written_to(house, first, phones[5:6])
    asks = [ClaimAsk(run="run-1", line_id=line, limit=4, lease_until=house.lease()) for line in (first, second)]
    with house.database.begin() as session:
        one, two = claim(session, asks, house.now)
    assert {row.phone for row in two} >= set(phones[:3])
    assert phones[5] in {row.phone for row in one}
    assert len(one) == len(two) == 4


def test_a_customer_changes_lines_when_theirs_has_no_room(house: Any, held_line: Any) -> None:
    first, second = held_line(), held_line(name="B")
    batch = house.batch(4)
    written_to(house, second, [row.phone for row in house.messages(batch)])
    asks = [
        ClaimAsk(run="run-1", line_id=line, limit=limit, lease_until=house.lease())
        for line, limit in ((first, 4), (second, 1))
    ]
    with house.database.begin() as session:
        assert [len(rows) for rows in claim(session, asks, house.now)] == [3, 1]


def test_a_reply_waits_a_little_for_the_line_of_its_conversation(house: Any, held_line: Any, take: Any) -> None:
    first, second = held_line(), held_line(name="B", state=LineState.READY)
    batch = house.batch(1, kind=BatchKind.REPLY)
    written_to(house, second, [house.messages(batch)[0].phone])
    assert take(first) == []
    house.change(Line, second, state=LineState.FAULT)
    (taken,) = take(first)
    with house.database.begin() as session:
        give_back(session, "run-1", [taken.message_id])
    house.change(Line, second, state=LineState.READY)
    house.clock.advance(2 * MINUTE)
    for line in (first, second):
        house.change(Line, line, lease_until=house.lease())
    assert len(take(first)) == 1


def test_schedule_and_route_of_the_batch_are_kept(house: Any, held_line: Any, take: Any) -> None:
    mine, other = held_line(), held_line(name="B")
    house.batch(not_before=house.now + MINUTE)
    house.batch(expires_at=house.now)
    house.batch(line_id=other)
    assert take(mine) == []
    with house.database.read() as session:
        assert waiting(session, house.now) == 3
    assert len(take(other)) == 3
    house.clock.advance(MINUTE / 2)
    house.change(Line, mine, lease_until=house.lease(600))
    house.clock.advance(MINUTE / 2)
    assert len(take(mine)) == 3


def test_the_urgent_batch_goes_first(house: Any, held_line: Any, take: Any) -> None:
    house.batch(2, priority=5)
    urgent = house.batch(2, priority=1)
    assert {row.batch_id for row in take(held_line(), 2)} == {urgent}


def test_what_is_put_off_waits_for_its_time_and_then_goes_first(house: Any, held_line: Any, take: Any) -> None:
    line = held_line()
    house.batch(3)
    first = take(line, 1)[0]
    with house.database.begin() as session:
        put_off(session, "run-1", [first.message_id], house.now + MINUTE / 2, "hours", "later")
    assert [row.message_id == first.message_id for row in take(line, 1)] == [False]
    house.clock.advance(MINUTE / 2)
    assert take(line, 1)[0].message_id == first.message_id


@pytest.mark.parametrize(
    "change", [{"owner": "run-2"}, {"owner": ""}, {"lease_until": None}, {"enabled": False}], ids=str
)
def test_only_the_run_that_holds_the_line_claims(house: Any, held_line: Any, take: Any, change: dict[str, Any]) -> None:
    line = held_line()
    house.batch()
    house.change(Line, line, **change)
    assert take(line) == []


def test_a_lease_of_the_line_that_ran_out_claims_nothing(house: Any, held_line: Any, take: Any) -> None:
    line = held_line()
    house.batch()
    house.clock.advance(MINUTE)
    assert take(line) == []


def test_given_back_and_suppressed_only_by_their_owner(house: Any, held_line: Any, take: Any) -> None:
    line = held_line()
    house.batch(3)
    ids = [row.message_id for row in take(line)]
    with house.database.begin() as session:
        give_back(session, "run-2", ids)
        suppress(session, "run-2", ids, house.now, "cap.day", "")
    assert house.states() == {"claimed": 3}
    with house.database.begin() as session:
        give_back(session, "run-1", ids[:1])
        suppress(session, "run-1", ids[1:2], house.now, "cap.day", "too many")
    assert house.states() == {"claimed": 1, "waiting": 1, "suppressed": 1}
    suppressed = house.messages()[1]
    assert (suppressed.reason, suppressed.reason_text, suppressed.done_at) == ("cap.day", "too many", house.now)
    assert house.messages()[0].line_id is None


def test_two_runs_at_once_never_claim_one_row(house: Any, held_line: Any, take: Any) -> None:
    """I4: eight claimers on eight lines, as fast as they can."""
    lines = [held_line(run=f"run-{n}", name=str(n)) for n in range(8)]
    house.batch(200)
    taken: list[list[int]] = [[] for _ in lines]

    def work(n: int) -> None:
        while rows := take(lines[n], 7, run=f"run-{n}"):
            taken[n] += [row.message_id for row in rows]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [message for rows in taken for message in rows]
    assert len(everything) == len(set(everything)) == 200


def test_waiting_rows_are_found_through_their_index(house: Any) -> None:
    """A batch of a million that is put off until tomorrow must not be read at every claim."""
    if house.database.dialect != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by size")
    from sqlalchemy.dialects import sqlite

    from db.outbox import _due, _select_waiting

    for due in _due(house.now):
        statement = _select_waiting(1, due).limit(5).compile(dialect=sqlite.dialect())
        with house.database.read() as session:
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", tuple(1 for _ in statement.positiontup or ())
            )
            assert any("ix_message_waiting" in row[3] for row in plan), str(statement)


def test_ids_of_other_batches_are_left_alone(house: Any, held_line: Any, take: Any) -> None:
    line = held_line()
    mine, other = house.batch(2), house.batch(2, state=BatchState.PAUSED)
    take(line)
    assert house.states(mine) == {"claimed": 2}
    assert house.states(other) == {"waiting": 2}
    assert {row.owner for row in house.all(Message)} == {"run-1", ""}
    assert {row.state for row in house.all(Batch)} == {BatchState.OPEN, BatchState.PAUSED}
