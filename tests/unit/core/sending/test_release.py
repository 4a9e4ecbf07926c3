"""Claims keep to the schedule of their batch: window, pace, even spread, lines, and whose turn it is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from console.core.compliance.policy import load_policy
from console.core.sending.release import Releases
from db import outbox_batches
from db.engine import Database
from db.models import Batch, BatchFlow, BatchKind, BatchState, Control, Line, Message, MessageState
from db.outbox import ClaimAsk, Claimed, Scope, claim, give_back, waiting
from db.outbox_batches import EVERY, Obstacle, as_open, obstacle
from db.outbox_sending import Hindrance

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
POLICY = load_policy()


class Sending:
    """Dispatchers that forget everything between two claims, as if each had just been started."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.lines: dict[int, str] = {}
        self.turn = 0

    def line(self, run: str = "run-1", name: str = "A", **values: Any) -> int:
        line = self.house.line(name, owner=run, lease_until=self.house.lease(10**7), **values)
        self.lines[line] = run
        return int(line)

    def batch(self, messages: int, schedule: dict[str, Any] | None, **values: Any) -> int:
        values = {"class_key": "account", "expires_at": self.house.now + 48 * HOUR} | values
        batch = self.house.batch(messages, schedule=schedule, **values)
        with self.house.database.begin() as session:
            session.add(BatchFlow(batch_id=batch, data={}))
        return int(batch)

    def claim(self, *lines: int, limit: int = 50, scope: Scope = Scope()) -> list[Claimed]:  # noqa: B008 - frozen
        lease = self.house.lease()
        asks = [
            ClaimAsk(run=self.lines[line], line_id=line, limit=limit, lease_until=lease, scope=scope) for line in lines
        ]
        with self.house.database.begin() as session:
            gate = Releases().at(session, POLICY, self.house.now)
            taken = claim(session, asks, self.house.now, gate, self.turn)
        self.turn += 1
        return [message for each in taken for message in each]

    def leave(self, messages: list[Claimed]) -> None:
        with self.house.database.begin() as session:
            session.execute(
                update(Message)
                .where(Message.id.in_([each.message_id for each in messages]))
                .values(state=MessageState.SENDING, sending_at=self.house.now)
            )

    def back(self, run: str, messages: list[Claimed]) -> None:
        with self.house.database.begin() as session:
            give_back(session, run, [each.message_id for each in messages])

    def waits(self) -> int:
        with self.house.database.read() as session:
            return waiting(session, self.house.now, Releases().at(session, POLICY, self.house.now, lock=False))


@pytest.fixture
def sending(house: Any) -> Sending:
    return Sending(house)


def paced(most: int, unit: str) -> dict[str, Any]:
    return {"pace": {"most": most, "unit": unit}}


def test_several_lines_of_two_dispatchers_keep_one_pace(sending: Sending, house: Any) -> None:
    lines = [sending.line(), sending.line(name="B"), sending.line("run-2", "C")]
    sending.batch(40, paced(5, "minute"))
    first = sending.claim(lines[0], lines[1], limit=3)
    second = sending.claim(lines[2])
    assert (len(first), len(second)) == (5, 0)
    sending.leave(first)
    house.clock.advance(30 * SECOND)
    assert sending.claim(*lines) == []
    house.clock.advance(31 * SECOND)
    assert sending.claim(lines[2]) == []  # seen to have left half a minute ago at the latest
    house.clock.advance(30 * SECOND)
    assert len(sending.claim(*lines)) == 5


def test_only_what_leaves_uses_up_the_pace(sending: Sending, house: Any) -> None:
    line = sending.line()
    sending.batch(40, paced(5, "hour"))
    taken = sending.claim(line)
    sending.leave(taken[:2])
    sending.back("run-1", taken[2:])
    house.clock.advance(SECOND)
    assert len(sending.claim(line)) == 3


def test_a_day_is_that_of_the_office(sending: Sending, house: Any) -> None:
    line = sending.line()
    sending.batch(40, paced(5, "day"))
    house.clock.advance(13 * HOUR + 59 * MINUTE)  # a minute to midnight in China
    sending.leave(sending.claim(line))
    house.clock.advance(30 * SECOND)
    assert sending.claim(line) == []
    house.clock.advance(31 * SECOND)
    assert len(sending.claim(line)) == 5


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_no_minute_has_more_than_the_pace(sending: Sending, house: Any, seed: int) -> None:
    chance = random.Random(seed)
    lines = [sending.line(), sending.line("run-2", "B")]
    batch = sending.batch(60, paced(4, "minute"))
    claimed: list[tuple[str, Claimed]] = []
    for _ in range(40):
        verb = chance.choice(("claim", "claim", "leave", "back", "pause", "wait"))
        if verb == "claim":
            line = chance.choice(lines)
            claimed += [(sending.lines[line], each) for each in sending.claim(line, limit=chance.randint(1, 6))]
        elif verb == "pause":
            house.change(Batch, batch, state=BatchState.PAUSED)
            assert sending.claim(*lines) == []
            house.clock.advance(chance.randint(1, 200) * SECOND)
            house.change(Batch, batch, state=BatchState.OPEN)
        elif verb == "wait":
            house.clock.advance(chance.randint(1, 40) * SECOND)
        elif claimed:
            chance.shuffle(claimed)
            number = chance.randint(1, len(claimed))
            some, claimed = claimed[:number], claimed[number:]
            if verb == "leave":
                sending.leave([each for _, each in some])
            else:
                for run, each in some:
                    sending.back(run, [each])
    left = [row.sending_at for row in house.messages(batch) if row.sending_at is not None]
    assert left
    assert max(sum(at <= other < at + MINUTE for other in left) for at in left) <= 4


def test_an_even_spread_goes_over_all_lines_and_dispatchers(sending: Sending, house: Any) -> None:
    lines = [sending.line(), sending.line("run-2", "B")]
    house.clock.advance(-house.now.minute * MINUTE)
    sending.batch(60, {"spread": True}, expires_at=house.now + HOUR)
    by_line: Counter[int] = Counter()
    counts = []
    for step in range(120):
        line = lines[step % 2]
        taken = sending.claim(line)
        sending.leave(taken)
        by_line[line] += len(taken)
        counts.append(len(taken))
        house.clock.advance(30 * SECOND)
    assert sum(counts) == 60
    assert max(counts) == 1
    assert 28 <= sum(counts[:60]) <= 32
    assert len(by_line) == 2


def test_after_a_pause_the_rest_is_spread_over_what_is_left(sending: Sending, house: Any) -> None:
    line = sending.line()
    batch = sending.batch(60, {"spread": True}, expires_at=house.now + HOUR)
    sending.leave(sending.claim(line))
    house.change(Batch, batch, state=BatchState.PAUSED)
    house.clock.advance(30 * MINUTE)
    assert sending.claim(line) == []
    house.change(Batch, batch, state=BatchState.OPEN)
    taken = []
    for _ in range(180):
        taken.append(len(sending.claim(line)))
        house.clock.advance(10 * SECOND)
    assert sum(taken) == 59
    assert max(taken) == 1


def test_a_batch_gives_nothing_outside_of_its_window(sending: Sending, house: Any) -> None:
    """Monday 10:00. The window is 11 to 12 on Monday and Tuesday."""
    line = sending.line()
    schedule = {"first_day": "2026-11-23", "last_day": "2026-11-24", "opens": "11:00", "closes": "12:00"}
    sending.batch(9, schedule)
    for advance, number in ((59 * MINUTE, 0), (MINUTE, 3), (HOUR - SECOND, 3), (SECOND, 0), (23 * HOUR, 3)):
        house.clock.advance(advance)
        assert bool(sending.waits()) is bool(number)
        assert len(sending.claim(line, limit=3)) == number


def test_a_batch_whose_class_is_out_of_hours_is_left_alone(sending: Sending, house: Any) -> None:
    line = sending.line()
    sending.batch(3, {}, class_key="remind")
    test = sending.batch(1, None, class_key="remind", kind=BatchKind.TEST)
    house.clock.advance(12 * HOUR)  # 22:00
    assert {each.batch_id for each in sending.claim(line)} == {test}
    house.clock.advance(10 * HOUR)
    assert len(sending.claim(line)) == 3


def test_only_the_chosen_lines_carry_a_batch(sending: Sending) -> None:
    one, two, three = sending.line(), sending.line(name="B"), sending.line(name="C")
    sending.batch(6, {"lines": [one, three]})
    assert sending.claim(two) == []
    assert len(sending.claim(one, limit=2)) == 2
    assert len(sending.claim(three, limit=2)) == 2


def test_why_a_line_does_not_carry_a_batch(house: Any) -> None:
    line = house.line()
    ids = house.batch(1, class_key="market", line_id=line), house.batch(1, class_key="market", kind=BatchKind.TEST)
    with house.database.read() as session:
        batch, test = (session.get_one(Batch, each) for each in ids)
        assert obstacle(as_open(batch), line, ()) is None
        assert obstacle(as_open(batch), line, None) is None
        assert obstacle(as_open(batch), line, ("remind",)) is Obstacle.CLASS
        assert obstacle(as_open(batch), line + 1, ()) is Obstacle.OTHER
        assert obstacle(as_open(batch), line, (), enabled=False) is Obstacle.OFF
        assert obstacle(as_open(test), line, ("remind",)) is None


def test_an_urgent_batch_goes_first_and_the_others_still_have_their_turns(sending: Sending, house: Any) -> None:
    line = sending.line()
    huge = sending.batch(200, {}, priority=5)
    whenever = sending.batch(200, {}, priority=9)
    assert {each.batch_id for each in sending.claim(line, limit=4)} == {huge}
    urgent = sending.batch(200, {}, priority=1)
    begun = [sending.claim(line, limit=4)[0].batch_id for _ in range(4 * EVERY)]
    assert begun[0] == urgent  # the huge one does not hold it up
    assert Counter(begun) == {urgent: 4 * EVERY - 4, huge: 2, whenever: 2}


def test_a_metered_urgent_batch_leaves_its_place_to_others(sending: Sending) -> None:
    line = sending.line()
    urgent = sending.batch(50, paced(2, "hour"), priority=1)
    other = sending.batch(50, {}, priority=5)
    assert Counter(each.batch_id for each in sending.claim(line, limit=10)) == {urgent: 2, other: 8}


@pytest.mark.expects_log("the schedule of batch .* can not be read")
def test_a_schedule_that_can_not_be_read_lets_nothing_out(sending: Sending) -> None:
    line = sending.line()
    sending.batch(3, {"urgency": "very"})
    assert sending.claim(line) == []


def test_dispatchers_that_claim_at_one_moment_do_not_wait_for_each_other(
    sending: Sending, house: Any, database: Database
) -> None:
    """Nor does the last gate, which locks the batch itself: only PostgreSQL lets two write at once."""
    if database.dialect == "sqlite":
        pytest.skip("one writes at a time")
    lines = [sending.line(), sending.line("run-2", "B")]
    batch = sending.batch(9, paced(4, "minute"))
    with database.begin() as session:
        session.execute(select(Batch).where(Batch.id == batch).with_for_update(read=True)).all()
        assert len(sending.claim(lines[0], limit=2)) == 2
        session.execute(select(BatchFlow).with_for_update()).all()
        assert sending.claim(lines[1]) == []
    assert len(sending.claim(lines[1])) == 2


def test_what_was_claimed_before_the_window_closed_does_not_leave_after_it(
    office: Any, house: Any, sending: Sending, until: Callable[..., Any]
) -> None:
    from console.core.sending.steps import Steps
    from db.outbox_sending import SendingAsk

    line = sending.line()
    schedule = {"first_day": "2026-11-23", "last_day": "2026-11-24", "opens": "09:00", "closes": "11:00"}
    batch = sending.batch(2, schedule)
    steps = Steps("run-1", house.clock, house.secret, POLICY)
    ask = ClaimAsk(run="run-1", line_id=line, limit=1, lease_until=house.lease(10**6))
    with house.database.begin() as session:
        ((message,),) = steps._claim(session, [ask])
    asked = SendingAsk(run="run-1", line_id=line, sender_identity="", message=message, sequence=1)
    house.clock.advance(HOUR)
    with house.database.begin() as session:
        assert steps._clear(session, [asked]) == [Hindrance.EARLY]
    assert house.states(batch) == {"waiting": 2}
    house.clock.advance(22 * HOUR)
    with house.database.begin() as session:
        ((again,),) = steps._claim(session, [ask])
        cleared = steps._clear(session, [SendingAsk(**{**vars(asked), "message": again})])
    assert cleared[0] not in tuple(Hindrance)
    assert house.states(batch) == {"sending": 1, "waiting": 1}


def test_a_running_dispatcher_keeps_the_pace_and_another_one_goes_on_with_it(
    office: Any, house: Any, sending: Sending, until: Callable[..., Any]
) -> None:
    house.line("A")
    house.line("B")
    batch = sending.batch(6, paced(2, "minute"))
    seen_to_leave = lambda: sum(number for _, number in house.all(BatchFlow)[0].data.get("left", ()))  # noqa: E731
    office.start()
    until(lambda: len(office.sent()) == 2)
    until(lambda: seen_to_leave() == 2)
    assert house.states(batch)["waiting"] == 4
    office.stop()
    office.start(pid=2)
    until(lambda: all(row.state.value == "ready" for row in house.all(Line)))
    house.clock.advance(50 * SECOND)
    until(lambda: len(office.sent()) == 2)
    house.clock.advance(11 * SECOND)
    until(lambda: len(office.sent()) == 4)
    until(lambda: seen_to_leave() == 2)  # what left more than a minute ago is forgotten
    house.change(Control, 1, stopped=True)
    house.clock.advance(61 * SECOND)
    house.change(Control, 1, stopped=False)
    until(lambda: len(office.sent()) == 6)
    assert len(set(office.sent())) == 6


def test_what_has_left_is_found_by_its_time_and_what_is_held_by_its_batch(house: Any, database: Database) -> None:
    """A pace over a million rows reads a few at each claim."""
    if database.dialect != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by size")
    statements: list[str] = []

    def remember(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with database.read() as session:
        event.listen(session.connection(), "before_cursor_execute", remember)
        outbox_batches.left_since(session, 1, house.now, house.now)
        outbox_batches.held(session, 1)
        outbox_batches.waiting_in(session, 1, 5)
    of_batch = "SEARCH message USING COVERING INDEX ix_message_batch_id_state_id (batch_id=? AND state=?"
    wanted = ("INDEX ix_message_sending_at", of_batch, of_batch)
    counting = [each for each in statements if "message" in each]
    assert len(counting) == len(wanted)
    with database.read() as session:
        for statement, index in zip(counting, wanted, strict=True):
            values = (1,) * statement.count("?")
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            told = [row[3] for row in plan]
            assert any(index in each for each in told), (statement, told)
