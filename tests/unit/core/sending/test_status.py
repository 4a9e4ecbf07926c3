from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from console.core.campaigns.horizon import horizon
from console.core.sending.machine import machine_id
from console.core.sending.status import Snapshot, snapshot
from db.models import BatchState, Control, Dispatcher, LineState, Message, MessageState


def look(house: Any) -> Snapshot:
    with house.database.read() as session:
        return snapshot(session, house.now)


def test_nothing_yet(house: Any) -> None:
    found = look(house)
    assert (found.lines_total, found.queued, found.unknown) == (0, 0, 0)
    assert not found.dispatcher_alive
    assert not found.stopped


def test_figures_of_today_and_of_any_day(house: Any) -> None:
    line = house.line(state=LineState.READY)
    house.line("B", state=LineState.FAULT)
    house.line("C", state=LineState.OFF, enabled=False)
    house.batch(12)
    house.batch(5, state=BatchState.PENDING)
    house.batch(4, state=BatchState.PAUSED)
    yesterday = house.now - timedelta(days=1)
    rows = house.messages()
    for row, state, at in [
        (rows[0], MessageState.DELIVERED, house.now),
        (rows[1], MessageState.DELIVERED, yesterday),
        (rows[2], MessageState.UNDELIVERED, house.now),
        (rows[3], MessageState.REFUSED, house.now),
        (rows[4], MessageState.UNKNOWN, None),
    ]:
        house.change(Message, row.id, state=state, done_at=at, accepted_at=at, line_id=line)
    found = look(house)
    assert (found.lines_ready, found.lines_fault, found.lines_total) == (1, 1, 2)
    assert (found.queued, found.held, found.unknown) == (7, 4, 1)
    assert (found.delivered_today, found.failed_today, found.accepted_today) == (1, 2, 3)


def test_a_dispatcher_that_has_not_shown_itself_is_gone(house: Any) -> None:
    run = Dispatcher(run="r", host="elsewhere", pid=1, started_at=house.now, heartbeat_at=house.now)
    with house.database.begin() as session:
        session.add(run)
    found = look(house)
    assert (found.dispatcher_alive, found.dispatcher_pid, found.stopped) == (True, 1, False)
    house.change(Control, 1, stopped=True)
    assert look(house).stopped
    house.clock.advance(timedelta(seconds=31))
    assert not look(house).dispatcher_alive


def test_a_dispatcher_of_this_computer_counts_only_while_its_process_lives(house: Any) -> None:
    here = machine_id()
    runs = [
        Dispatcher(run=str(pid), host="here", machine=here, pid=pid, started_at=house.now, heartbeat_at=house.now)
        for pid in (os.getpid(), 2**22 + 1)  # the second is beyond every process number
    ]
    with house.database.begin() as session:
        session.add_all(runs)
    assert look(house).dispatcher_pid == os.getpid()
    house.change(Dispatcher, str(os.getpid()), stopped_at=house.now)
    assert not look(house).dispatcher_alive


def test_no_look_walks_through_the_messages(house: Any, walks: Any) -> None:
    """It is asked every second, whatever the outbox holds."""
    house.line(state=LineState.READY, daily_quota=100, monthly_quota=1000)
    house.batch(3)
    house.batch(3, state=BatchState.PAUSED)

    def look() -> None:
        with house.database.read() as session:
            snapshot(session, house.now)
            horizon(session, house.now)

    assert walks(house.database, look) == []
    with house.database.read() as session:
        everything = select(func.max(Message.sending_at))
        assert walks(house.database, lambda: session.scalar(everything)) != []  # it would be seen
