from __future__ import annotations

from typing import Any

import pytest

from db.models import Batch, BatchState, Control, Dispatcher, Line, LineState, Receipt


def test_a_batch_leaves_once_and_its_reports_deliver_it(house: Any, office: Any, until: Any) -> None:
    house.line("A")
    batch = house.batch(40)
    office.start()
    until(lambda: house.states(batch) == {"delivered": 40})
    until(lambda: house.all(Batch)[0].state is BatchState.FINISHED)
    assert len(office.sent()) == len(set(office.sent())) == 40
    assert all(row.matched for row in house.all(Receipt))
    assert {row.attempts for row in house.messages()} == {1}
    line = house.all(Line)[0]
    assert (line.state, line.fault) == (LineState.READY, "")
    assert line.identity["imsi"] == "460001234567890"
    until(lambda: house.all(Line)[0].health)
    office.stop()
    assert house.all(Line)[0].state is LineState.OFF
    assert house.all(Dispatcher)[0].stopped_at is not None


def test_a_long_message_is_delivered_when_all_its_parts_are(house: Any, office: Any, until: Any) -> None:
    house.line("A")
    house.batch(3, text="【示例银行】" + "还款" * 80, parts=3)
    office.start()
    until(lambda: house.states() == {"delivered": 3})
    assert len(office.sent()) == 9
    assert [part.sequence for part in house.parts()][:3] == [1, 2, 3]


def test_four_lines_share_a_batch(house: Any, office: Any, until: Any) -> None:
    for name in "ABCD":
        house.line(name)
    house.batch(80)
    office.start()
    until(lambda: house.states() == {"delivered": 80})
    assert len(set(office.sent())) == 80


def test_stopped_means_that_nothing_leaves(house: Any, office: Any, until: Any) -> None:
    house.line("A")
    house.batch(5)
    house.change(Control, 1, stopped=True)
    office.start()
    until(lambda: house.all(Line)[0].state is LineState.READY)
    assert office.sent() == []
    house.change(Control, 1, stopped=False)
    until(lambda: house.states() == {"delivered": 5})


@pytest.mark.expects_log("is not the approved one")
def test_a_row_that_was_changed_never_leaves_and_pauses_its_batch(house: Any, office: Any, until: Any) -> None:
    from db.models import AuditEntry, Message

    house.line("A")
    batch, other = house.batch(3), house.batch(2)
    house.change(Message, house.messages(batch)[1].id, body="【示例银行】请转账")
    office.start()
    until(lambda: house.states(other) == {"delivered": 2})
    until(lambda: any(row.action == "outbox.tampered" for row in house.all(AuditEntry)))
    assert {row.id: row.state for row in house.all(Batch)}[batch] is BatchState.PAUSED
    tampered = house.messages(batch)[1]
    until(lambda: house.messages(batch)[1].state.value == "waiting")
    assert not any(key.startswith(f"{tampered.id}.") for key in office.sent())


@pytest.mark.expects_log("removed or replaced")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("replaced", [False, True])
def test_it_ends_when_its_file_is_removed_or_replaced(house: Any, office: Any, until: Any, replaced: bool) -> None:
    """Records that go into a file nobody will open again: what they say was sent would be sent once more."""
    path = house.database.path
    house.line("A")
    office.start()
    until(lambda: house.all(Line)[0].state is LineState.READY)
    aside = path.with_name("aside.db")
    path.rename(aside)
    if replaced:
        path.write_bytes(aside.read_bytes())
    try:
        until(lambda: not any(thread.is_alive() for _, thread in office._running))
    finally:
        aside.replace(path)
