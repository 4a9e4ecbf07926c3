from __future__ import annotations

from datetime import timedelta
from typing import Any

from db import outbox_lines, outbox_recovery
from db.models import Dispatcher, Line, LineState, Message, MessagePart, MessageState, PartState

LEASE = timedelta(seconds=60)


def at_work(house: Any, run: str = "run-1") -> int:
    """A run with a line, two claims and one message on the air."""
    line = house.line(run, owner=run, lease_until=house.lease(), state=LineState.READY)
    batch = house.batch(3)
    first, *claimed = house.messages(batch)
    held = {"owner": run, "line_id": line, "lease_until": house.lease()}
    house.change(Message, first.id, state=MessageState.SENDING, **held)
    for row in claimed:
        house.change(Message, row.id, state=MessageState.CLAIMED, **held)
    with house.database.begin() as session:
        outbox_lines.start_run(session, run, host="here", machine="here-1", pid=7, now=house.now)
        session.add(
            MessagePart(
                message_id=first.id,
                sequence=1,
                attempt=1,
                line_id=line,
                state=PartState.SENDING,
                phone=first.phone,
                sending_at=house.now,
            )
        )
    return batch


def recover(house: Any, *, exists: bool = True, own: str = "run-9", machine: str = "here-1") -> list[str]:
    with house.database.begin() as session:
        dead = outbox_lines.dead_runs(
            session, own=own, machine=machine, silent_since=house.now - LEASE, exists=lambda pid: exists
        )
        outbox_recovery.give_up_sending(session, dead, "dispatcher.lost", "")
        outbox_recovery.free_claims(session, dead, house.now)
        outbox_lines.bury(session, dead, house.now)
    return dead


def test_a_living_run_is_left_alone(house: Any) -> None:
    at_work(house)
    house.clock.advance(LEASE - timedelta(seconds=1))
    assert recover(house) == []
    assert house.states() == {"sending": 1, "claimed": 2}


def test_a_slow_modem_of_a_living_run_is_never_given_up(house: Any) -> None:
    """The lease of the message ran out, but its dispatcher beats: it is still on the air."""
    at_work(house)
    house.clock.advance(LEASE * 2)
    house.change(Dispatcher, "run-1", heartbeat_at=house.now)
    assert recover(house) == []
    assert house.states() == {"sending": 1, "waiting": 2}


def test_a_silent_run_loses_its_claims_and_what_it_was_sending_is_unknown(house: Any) -> None:
    at_work(house)
    house.clock.advance(LEASE)
    assert recover(house) == ["run-1"]
    assert house.states() == {"unknown": 1, "waiting": 2}
    assert {part.state for part in house.parts()} == {PartState.UNKNOWN}
    assert house.messages()[0].reason == "dispatcher.lost"
    line = house.all(Line)[0]
    assert (line.owner, line.lease_until, line.state) == ("", None, LineState.OFF)
    assert recover(house) == []


def test_a_run_whose_process_is_gone_from_this_computer_is_dead_at_once(house: Any) -> None:
    at_work(house)
    assert recover(house, exists=False, machine="here-2") == []
    assert recover(house, exists=False, own="run-1") == []
    assert recover(house, exists=False) == ["run-1"]
    assert house.states() == {"unknown": 1, "waiting": 2}


def test_other_runs_keep_what_they_hold(house: Any) -> None:
    at_work(house)
    other = at_work(house, "run-2")
    house.change(Dispatcher, "run-1", heartbeat_at=house.now - LEASE)
    assert recover(house) == ["run-1"]
    assert house.states(other) == {"sending": 1, "claimed": 2}


def test_a_beat_prolongs_all_that_a_run_holds_and_hears_what_is_asked(house: Any) -> None:
    at_work(house)
    house.clock.advance(LEASE / 2)
    with house.database.begin() as session:
        pulse = outbox_lines.beat(session, "run-1", house.now, house.lease())
    assert pulse == outbox_lines.Pulse(stop_requested=False, buried=False, stopped=False, lines=frozenset({1}))
    assert {row.lease_until for row in house.messages()} == {house.lease()}
    assert house.all(Line)[0].lease_until == house.lease()
    with house.database.begin() as session:
        assert outbox_lines.request_stop(session, "here-2") == 0
        assert outbox_lines.request_stop(session, "here-1") == 1
        assert outbox_lines.beat(session, "run-1", house.now, house.lease()).stop_requested
        outbox_lines.bury(session, ["run-1"], house.now)
        assert outbox_lines.beat(session, "run-1", house.now, house.lease()).buried


def test_a_line_has_one_holder(house: Any) -> None:
    line = house.line()

    def acquire(run: str) -> bool:
        with house.database.begin() as session:
            return outbox_lines.acquire_line(session, line, run, house.now, house.lease())

    assert acquire("run-1")
    assert acquire("run-1")
    assert not acquire("run-2")
    house.clock.advance(LEASE)
    assert acquire("run-2")
    with house.database.begin() as session:
        outbox_lines.release_line(session, line, "run-1")
    assert not acquire("run-1")
    with house.database.begin() as session:
        outbox_lines.show_line(session, line, "run-1", {"state": LineState.FAULT})
        outbox_lines.release_line(session, line, "run-2")
    assert house.all(Line)[0].state is LineState.OFF
    house.change(Line, line, enabled=False)
    assert not acquire("run-1")


def test_a_quota_counts_what_left_or_may_have(house: Any) -> None:
    line = house.line()
    house.batch(4)
    states = [PartState.ACCEPTED, PartState.UNKNOWN, PartState.NOT_SENT, PartState.REFUSED]
    with house.database.begin() as session:
        for row, state in zip(house.messages(), states, strict=True):
            session.add(
                MessagePart(
                    message_id=row.id,
                    sequence=1,
                    attempt=1,
                    line_id=line,
                    state=state,
                    phone=row.phone,
                    sending_at=house.now,
                )
            )
    with house.database.read() as session:
        assert outbox_lines.parts_left_since(session, line, house.now) == (2, house.now)
        assert outbox_lines.parts_left_since(session, line, house.now + LEASE) == (0, None)


def test_claims_that_their_run_does_not_know_of_wait_again(house: Any) -> None:
    """The commit got through and its answer did not."""
    at_work(house)
    claimed = [row.id for row in house.messages() if row.state is MessageState.CLAIMED]
    with house.database.begin() as session:
        assert outbox_recovery.free_forgotten(session, "run-1", claimed) == 0
        assert outbox_recovery.free_forgotten(session, "run-2", []) == 0
        assert outbox_recovery.free_forgotten(session, "run-1", claimed[:1]) == 1
    assert house.states() == {"sending": 1, "claimed": 1, "waiting": 1}


def test_what_a_line_may_still_be_answered_for(house: Any) -> None:
    line = house.line("run-1")
    house.batch(4)
    parts = (
        ("7", PartState.DELIVERED, -3),
        ("", PartState.NOT_SENT, -2),
        ("", PartState.UNKNOWN, -1),
        ("", PartState.SENDING, 0),
    )
    with house.database.begin() as session:
        assert outbox_lines.last_submissions(session, line, house.now - LEASE) == ("", 0)
        for row, (reference, state, seconds) in zip(house.messages(), parts, strict=True):
            session.add(
                MessagePart(
                    message_id=row.id,
                    sequence=1,
                    attempt=1,
                    line_id=line,
                    state=state,
                    reference=reference,
                    phone=row.phone,
                    sending_at=house.now + timedelta(seconds=seconds),
                )
            )
        session.flush()
        assert outbox_lines.last_submissions(session, line, house.now - LEASE) == ("7", 2)
        assert outbox_lines.last_submissions(session, line, house.now) == ("", 1)
