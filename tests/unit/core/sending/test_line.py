from __future__ import annotations

import json
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from console.core.compliance.rules import Verdict
from console.core.i18n import T, Text
from console.core.sending.integrity import message_digest
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    InboundMessage,
    Line,
    LineState,
    Message,
    MessagePart,
    PartState,
)
from gsm.errors import LineUnavailable, NotSent, OutcomeUnknown, Refused, SimFault
from gsm.memory import MemoryTransport
from gsm.messages import LineIdentity
from gsm.transport import RecoveryStep

LONG = "【示例银行】" + "还款" * 80


def fail_first(office: Any, *errors: Any) -> None:
    """Only the first transport that is opened fails."""

    def prepare(transport: MemoryTransport) -> None:
        if not office.lines:
            transport.fail_next(*errors)

    office.prepare = prepare


@pytest.mark.expects_log("cms.42")
def test_not_taken_waits_and_is_tried_again(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(2)
    fail_first(office, NotSent("cms.42"))
    office.start()
    until(lambda: house.states() == {"waiting": 1, "delivered": 1})
    first = house.messages()[0]
    assert (first.reason, first.not_before, first.attempts) == ("cms.42", house.now + timedelta(seconds=60), 1)
    house.clock.advance(timedelta(seconds=60))
    until(lambda: house.states() == {"delivered": 2})
    assert [(part.message_id, part.attempt, part.state) for part in house.parts()][::2] == [
        (1, 1, PartState.NOT_SENT),
        (1, 2, PartState.DELIVERED),
    ]
    assert house.messages()[0].reason == ""


@pytest.mark.expects_log("cms.1")
def test_refused_is_final(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(2)
    fail_first(office, Refused("cms.1"))
    office.start()
    until(lambda: house.states() == {"refused": 1, "delivered": 1})
    refused = house.messages()[0]
    assert "does not exist" in str(Text.load(refused.reason_text))
    assert refused.done_at == house.now


@pytest.mark.expects_log("at.timeout")
def test_an_unknown_outcome_is_never_sent_again_but_its_report_counts(house: Any, office: Any, until: Any) -> None:
    """The line in memory accepts it and says nothing; its report resolves it."""
    house.line()
    house.batch(2)
    fail_first(office, OutcomeUnknown("at.timeout"))
    office.start()
    until(lambda: house.states() == {"delivered": 2})
    assert len(office.sent()) == 2


@pytest.mark.expects_log("port.gone")
def test_a_line_fault_gives_everything_back_and_the_line_recovers(house: Any, office: Any, until: Any) -> None:
    line = house.line()
    house.batch(5)
    fail_first(office, LineUnavailable("port.gone"))
    office.start()
    until(lambda: house.states() == {"delivered": 5})
    assert len(office.lines["memory://A"]) == 2
    assert {row.attempts for row in house.messages()} == {1}
    until(lambda: house.all(Line)[0].state is LineState.READY)
    assert house.all(Line)[0].id == line


@pytest.mark.expects_log("at.silent")
def test_a_silent_modem_is_set_up_anew_without_closing_its_port(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(3)
    recovered: list[Any] = []

    def prepare(transport: MemoryTransport) -> None:
        transport.fail_next(LineUnavailable("at.silent"), LineUnavailable("at.silent"))
        open_again = transport.recover
        transport.recover = lambda step: recovered.append(step) or open_again(step)  # type: ignore[method-assign]

    office.prepare = prepare
    office.start()
    until(lambda: house.all(Line)[0].step == "soft_reset")
    row = house.all(Line)[0]
    assert (row.state, row.fault, row.owner != "") == (LineState.FAULT, "at.silent", True)
    assert "attempt 1" in str(Text.load(row.step_text))
    assert row.next_look_at == house.now + timedelta(seconds=1)
    until(lambda: house.states() == {"delivered": 3})
    assert recovered == [RecoveryStep.SOFT_RESET, RecoveryStep.RADIO_RESET]
    assert len(office.lines["memory://A"]) == 1
    until(lambda: house.all(Line)[0].state is LineState.READY)
    row = house.all(Line)[0]
    assert (row.fault, row.step, row.step_text, row.next_look_at) == ("", "", "", None)


@pytest.mark.expects_log("at.silent")
def test_a_fault_stands_in_the_audit_trail_once_and_so_does_its_end(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(30)
    fail_first(office, *[LineUnavailable("at.silent")] * 2)
    office.start()
    until(lambda: [entry.action for entry in house.all(AuditEntry)] == ["line.fault", "line.recovered"])
    assert {entry.subject for entry in house.all(AuditEntry)} == {"line:1"}


@pytest.mark.expects_log("port.gone")
def test_a_modem_at_another_port_takes_its_line_along(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(2)

    def prepare(transport: MemoryTransport) -> None:
        if transport.address == "memory://A":
            transport.fail_next(LineUnavailable("port.gone"))
            if office.lines:
                transport.close()

    def find(address: str, identity: LineIdentity) -> str:
        assert (address, identity.imsi) == ("memory://A", "460001234567890")
        return "memory://B"

    office.prepare = prepare
    office.start(find_modem=find)
    until(lambda: house.states() == {"delivered": 2})
    assert house.all(Line)[0].address == "memory://B"
    moved = next(entry for entry in house.all(AuditEntry) if entry.action == "line.moved")
    assert json.loads(moved.detail) == {"after": "memory://B", "before": "memory://A"}


@pytest.mark.expects_log("port.closed")
def test_an_ill_line_leaves_its_messages_to_the_others(house: Any, office: Any, until: Any) -> None:
    house.line("A")
    house.line("B")
    house.batch(20)

    def prepare(transport: MemoryTransport) -> None:
        if transport.address == "memory://A":
            transport.close()

    office.prepare = prepare
    office.start()
    until(lambda: house.states() == {"delivered": 20})
    until(lambda: house.all(Line)[0].step == "look_elsewhere")
    assert house.all(Line)[1].state is LineState.READY


@pytest.mark.expects_log("sim.puk")
def test_a_fault_is_told_in_plain_language(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(1)
    fail_first(office, SimFault("sim.puk"))
    office.start()
    until(lambda: house.all(Line)[0].state is LineState.STOPPED)
    row = house.all(Line)[0]
    assert (row.fault, row.owner) == ("sim.puk", "")
    assert "PUK" in str(Text.load(row.fault_text))
    assert house.states() == {"waiting": 1}


@pytest.mark.expects_log("at.timeout", "line.silent")
def test_three_unclear_answers_in_a_row_stop_the_line(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(10)

    def prepare(transport: MemoryTransport) -> None:
        transport.status = 0x30  # still trying: no report finishes anything
        transport.fail_next(*[OutcomeUnknown("at.timeout")] * 9)

    office.prepare = prepare
    office.start()
    until(lambda: house.all(Line)[0].fault == "line.silent")
    assert len(office.sent()) == 3


@pytest.mark.expects_log("cms.42")
def test_a_later_part_is_tried_again_at_once(house: Any, office: Any, until: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("console.core.sending.sender._PART_PAUSE", 0.0)
    house.line()
    house.batch(1, text=LONG, parts=3)
    office.prepare = lambda transport: _fail_at(transport, 2, NotSent("cms.42"))
    office.start()
    until(lambda: house.states() == {"delivered": 1})
    assert office.sent() == ["1.1", "1.2", "1.3"]
    assert [(p.sequence, p.attempt, p.state.value) for p in house.parts()] == [
        (1, 1, "delivered"),
        (2, 1, "not_sent"),
        (2, 2, "delivered"),
        (3, 2, "delivered"),
    ]


@pytest.mark.expects_log("cms.1")
def test_a_refused_part_stops_the_rest_and_says_what_left(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(1, text=LONG, parts=3)
    office.prepare = lambda transport: _fail_at(transport, 2, Refused("cms.1"))
    office.start()
    until(lambda: house.states() == {"refused": 1})
    assert "1 of 3 parts left" in str(Text.load(house.messages()[0].reason_text))
    assert office.sent() == ["1.1"]


@pytest.mark.expects_log("port.gone")
def test_a_line_that_goes_in_the_middle_leaves_the_rest_to_a_person(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(1, text=LONG, parts=3)
    office.prepare = lambda transport: _fail_at(transport, 3, LineUnavailable("port.gone"))
    office.start()
    until(lambda: house.states() == {"unknown": 1})
    until(lambda: house.all(Line)[0].state is LineState.READY)
    assert house.messages()[0].reason == "parts.left"
    assert office.sent() == ["1.1", "1.2"]


def _fail_at(transport: MemoryTransport, number: int, error: Any) -> None:
    original = transport.submit
    calls = []

    def submit(part: Any, *, clear_to_send: Any) -> Any:
        calls.append(part)
        if len(calls) == number:
            transport.fail_next(error)
        return original(part, clear_to_send=clear_to_send)

    transport.submit = submit  # type: ignore[method-assign]


def test_the_daily_quota_ends_the_day(house: Any, office: Any, until: Any) -> None:
    house.line(daily_quota=4)
    house.batch(10)
    office.start()
    until(lambda: house.states() == {"delivered": 4, "waiting": 6})
    house.clock.advance(timedelta(hours=14))
    until(lambda: house.states() == {"delivered": 8, "waiting": 2})


def test_a_line_keeps_to_its_hours_and_classes(house: Any, office: Any, until: Any) -> None:
    """It is 10:00; the line opens at noon, and never sends invitations."""
    house.line(opens_at=time(12), closes_at=time(18), classes=["account"])
    house.batch(2, class_key="account")
    house.batch(1, class_key="survey")
    house.batch(1, class_key="survey", kind=BatchKind.TEST)
    office.start()
    until(lambda: house.states() == {"waiting": 3, "delivered": 1})
    house.clock.advance(timedelta(hours=2))
    until(lambda: house.states() == {"waiting": 1, "delivered": 3})


def test_a_later_rank_sends_only_what_the_first_has_no_room_for(house: Any, office: Any, until: Any) -> None:
    house.line("A", priority=1)
    house.line("B", priority=7)
    until_ready = lambda: {row.state for row in house.all(Line)} == {LineState.READY}  # noqa: E731
    office.start()
    until(until_ready)
    house.batch(20)
    until(lambda: house.states() == {"delivered": 20})
    assert {part.line_id for part in house.parts()} == {1}


def test_a_pace_is_kept(house: Any, office: Any, until: Any) -> None:
    house.line(pace_per_minute=6)
    house.batch(5)
    office.start()
    until(lambda: house.states().get("delivered") == 1)
    assert house.states().get("waiting", 0) + house.states().get("claimed", 0) == 4


def test_rules_hold_back_what_must_not_leave(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(3)
    later = house.now + timedelta(hours=1)

    def check(session: Any, claimed: Any, now: Any) -> dict[int, Verdict]:
        never = Verdict(False, "cap.day", T("Too many."))
        not_now = Verdict(False, "hours", T("Too early."), later)
        return {1: never, 2: not_now, 3: Verdict(True)} if now < later else {}

    office.start(check=check)
    until(lambda: house.states() == {"suppressed": 1, "waiting": 1, "delivered": 1})
    rows = house.messages()
    assert (rows[0].reason, str(Text.load(rows[0].reason_text))) == ("cap.day", "Too many.")
    assert rows[1].not_before == later
    house.clock.advance(timedelta(hours=1))
    until(lambda: house.states() == {"suppressed": 1, "delivered": 2})


def test_hours_are_looked_at_again_at_the_last_moment(house: Any, office: Any, until: Any) -> None:
    """Claimed before the evening, about to leave after it."""
    house.line()
    batch = house.batch(2, class_key="overdue_8_30", state=BatchState.PAUSED)
    house.clock.advance(timedelta(hours=11, minutes=59))  # 21:59

    def check(session: Any, claimed: Any, now: Any) -> dict[int, Verdict]:
        house.clock.advance(timedelta(minutes=1))
        return {}

    office.start(check=check)
    house.change(Batch, batch, state=BatchState.OPEN)
    until(lambda: all(row.not_before for row in house.messages()))
    row = house.messages()[0]
    assert (row.reason, row.not_before.astimezone().hour) == ("hours", 8)
    assert office.sent() == []


@pytest.mark.expects_log("failed")
def test_a_bug_in_the_rules_lets_nothing_out(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(2)
    calls = []

    def check(session: Any, claimed: Any, now: Any) -> dict[int, Verdict]:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return {}

    office.start(check=check)
    until(lambda: house.states() == {"delivered": 2})
    assert len(calls) >= 2


@pytest.mark.expects_log("line 1 failed", "line.crashed")
def test_a_bug_in_a_transport_leaves_the_message_unknown_and_the_line_starts_again(
    house: Any, office: Any, until: Any
) -> None:
    house.line()
    house.batch(3)

    def prepare(transport: MemoryTransport) -> None:
        if not office.lines:
            transport.submit = _crash  # type: ignore[method-assign]

    def _crash(part: Any, *, clear_to_send: Any) -> Any:
        clear_to_send()
        raise ZeroDivisionError

    office.prepare = prepare
    office.start()
    until(lambda: house.states() == {"unknown": 1, "delivered": 2})


def test_what_people_write_is_stored_and_acknowledged(house: Any, office: Any, until: Any) -> None:
    house.line()
    office.start()
    until(lambda: house.all(Line)[0].state is LineState.READY)
    transport = office.lines["memory://A"][0]
    transport.inbound("+8613800138000", "R")
    until(lambda: house.all(InboundMessage))
    until(lambda: transport.acknowledged)


@pytest.mark.expects_log("has 3 parts, not 1")
def test_all_parts_leave_whatever_was_counted_before(house: Any, office: Any, until: Any) -> None:
    house.line()
    house.batch(1, text=LONG, parts=1)
    office.start()
    until(lambda: house.states() == {"delivered": 1})
    assert len(house.all(MessagePart)) == 3


@pytest.mark.expects_log("line.settings")
def test_a_line_with_impossible_settings_says_so(house: Any, office: Any, until: Any) -> None:
    house.line()

    def refuse(transport: Any) -> None:
        raise ValueError("no such option")

    office.prepare = refuse
    office.start()
    until(lambda: house.all(Line)[0].fault == "line.settings")
    assert house.all(Line)[0].state is LineState.FAULT


def test_long_messages_to_one_number_are_joined_by_different_references(house: Any, office: Any, until: Any) -> None:
    """The second one's number in the outbox would give it the reference of the first."""
    house.line()
    house.batch(1, text=LONG, parts=3)
    house.batch(1, text=LONG, parts=3)
    first, second = house.messages()
    with house.database.begin() as session:
        session.execute(update(Message).where(Message.id == second.id).values(id=first.id + 256, phone=first.phone))
        row = session.get(Message, first.id + 256)
        assert row is not None
        row.digest = message_digest(house.secret, row.batch_id, row.recipient, row.phone, row.body)
    office.start()
    until(lambda: house.states() == {"delivered": 2})
    by_message: dict[int, set[int | None]] = {}
    for part in house.parts():
        by_message.setdefault(part.message_id, set()).add(part.concat_reference)
    assert by_message == {first.id: {first.id % 256}, first.id + 256: {first.id % 256 + 1}}
