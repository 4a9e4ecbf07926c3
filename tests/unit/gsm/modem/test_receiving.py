"""Reports and messages: none lost, none twice, the stores kept empty, nothing deleted before we have it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gsm.emulator.client import EmulatorProcess
from gsm.emulator.pdus import encode_deliver, encode_report
from gsm.encoding import split
from gsm.errors import NotSent, StoreFull
from gsm.messages import (
    Content,
    DeliveryOutcome,
    DeliveryReport,
    Inbound,
    Received,
    Submit,
    Undecodable,
    Waiting,
    WaitingKind,
)
from gsm.modem.driver import ModemTransport
from gsm.modem.pdu import encode_submit
from gsm.modem.setup import ReportMode
from gsm.transport import RecoveryStep

Make = Callable[..., ModemTransport]
Until = Callable[[Callable[[], bool]], None]
MODES = [mode.value for mode in (ReportMode.ACKNOWLEDGED, ReportMode.STORED, ReportMode.DIRECT)]


def send(transport: ModemTransport, number: int) -> str:
    submit = Submit(recipient=f"+861380013{number:04}", part=split(f"贷款 {number}")[0], key=str(number))
    return transport.submit(submit, clear_to_send=lambda: None).reference


def send_all(transport: ModemTransport, numbers: range) -> list[str]:
    return [send(transport, number) for number in numbers]


def receive(transport: ModemTransport) -> Received:
    received = transport.receive(10)
    assert received is not None
    return received


def references(transport: ModemTransport, count: int) -> list[str]:
    found = []
    for _ in range(count):
        report = receive(transport)
        assert isinstance(report, DeliveryReport)
        transport.acknowledge(report)
        found.append(report.reference)
    return found


def stored(emulator: EmulatorProcess) -> int:
    return sum(emulator.stats()["stores"].values())


@pytest.mark.parametrize("mode", MODES)
def test_reports_while_sending(either: EmulatorProcess, modem: Make, until: Until, mode: str) -> None:
    transport = modem(either, reports=mode)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.extend(references(transport, 60)))
    reader.start()
    sent = [send(transport, number) for number in range(60)]
    reader.join(20)
    assert sorted(found, key=int) == sent
    assert transport.receive(0.02) is None
    until(lambda: stored(either) == 0)
    assert either.stats()["lost"] == 0


def test_wrap_of_the_reference(emulator: EmulatorProcess, modem: Make) -> None:
    transport = modem(emulator)
    sent = [send(transport, number) for number in range(300)]
    assert len(set(sent)) == 256
    assert sorted(references(transport, 300)) == sorted(sent)


def test_same_reference_and_recipient_never_twice_in_flight(emulator: EmulatorProcess, modem: Make) -> None:
    emulator.set(reports="drop")
    transport = modem(emulator)
    for _ in range(256):
        send(transport, 7)
    with pytest.raises(NotSent) as error:
        send(transport, 7)
    assert error.value.code == "reference.busy"
    send(transport, 8)


@pytest.mark.parametrize("mode", MODES[:2])
def test_what_was_not_acknowledged_comes_again(emulator: EmulatorProcess, modem: Make, mode: str) -> None:
    """As after a crash between the report and our commit."""
    emulator.fresh(ack_ms=100, redeliver_ms=20)
    transport = modem(emulator, reports=mode)
    reference = send(transport, 1)
    assert isinstance(receive(transport), DeliveryReport)
    transport.close()
    assert references(modem(emulator, reports=mode, sweep_seconds=0.1), 1) == [reference]


def test_reports_that_came_while_nobody_was_there(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    emulator.set(report_delay_ms=100)
    transport = modem(emulator, reports="stored")
    sent = [send(transport, number) for number in range(5)]
    transport.close()
    until(lambda: emulator.stats()["stores"]["SR"] == 5)
    assert sorted(references(modem(emulator, reports="stored"), 5)) == sorted(sent)


def test_a_late_acknowledgement_switches_reports_on_again(emulator: EmulatorProcess, modem: Make) -> None:
    """The device stops routing when AT+CNMA does not come in time (27.005 3.4.1)."""
    emulator.fresh(ack_ms=20, redeliver_ms=20)
    transport = modem(emulator)
    send(transport, 1)
    first = receive(transport)
    emulator.set(ack_ms=10_000)
    assert transport.receive(0.1) is None
    transport.acknowledge(first)
    again = receive(transport)
    transport.acknowledge(again)
    assert isinstance(again, DeliveryReport)
    send(transport, 2)
    assert references(transport, 1) == ["1"]


def test_a_confirmation_that_meets_a_modem_started_anew_sets_it_up(emulator: EmulatorProcess, modem: Make) -> None:
    """Routed to us before it is phase 2+ again, all that the network kept would come at once, and unconfirmed."""
    emulator.fresh(ack_ms=300, redeliver_ms=20, report_delay_ms=20)
    transport = modem(emulator)
    sent = {send(transport, 0)}
    first = receive(transport)
    sent |= {send(transport, number) for number in range(1, 9)}
    emulator.do("reset")
    transport.acknowledge(first)
    found: set[str] = set()
    while found != sent:
        found.update(references(transport, 1))
    heard = emulator.stats()["heard"]
    then = heard[heard.index("AT+CNMA") :]
    assert then.index("AT+CSMS=1") < then.index("AT+CNMI=2,1,0,1,0")
    assert "AT+CSMS=0" not in then


def test_no_more_is_sent_than_reports_can_be_kept(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    emulator.fresh(report_places=6)
    transport = modem(emulator, reports="stored", room_seconds=0.05)
    for number in range(4):
        send(transport, number)
    until(lambda: emulator.stats()["stores"]["SR"] == 4)
    with pytest.raises(NotSent, match=r"reports\.unacknowledged"):
        send_all(transport, range(4, 8))
    references(transport, 4)
    send(transport, 8)
    assert emulator.stats()["lost"] == 0


def test_a_small_store_does_not_overflow(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    emulator.fresh(report_places=5, latency_ms=2, report_delay_ms=0)
    transport = modem(emulator, reports="stored")
    found = []
    for number in range(40):
        send(transport, number)
        while (report := transport.receive(0)) is not None:
            found.append(report)
            transport.acknowledge(report)
    references(transport, 40 - len(found))
    until(lambda: stored(emulator) == 0)
    assert emulator.stats()["lost"] == 0


def test_reports_before_their_acceptance_repeated_and_out_of_order(emulator: EmulatorProcess, modem: Make) -> None:
    transport = modem(emulator)
    emulator.set(reports="early")
    reference = send(transport, 1)
    assert references(transport, 1) == [reference]
    emulator.set(reports="duplicate")
    reference = send(transport, 2)
    assert references(transport, 2) == [reference, reference]
    emulator.set(reports="reorder")
    pair = [send(transport, 3), send(transport, 4)]
    assert references(transport, 2) == pair[::-1]


@pytest.mark.parametrize(
    ("status", "outcome"), [("30", "trying"), ("01", "forwarded"), ("46", "expired"), ("49", "failed")]
)
def test_status_of_reports(emulator: EmulatorProcess, modem: Make, status: str, outcome: str) -> None:
    emulator.set(status=status)
    transport = modem(emulator)
    send(transport, 1)
    report = receive(transport)
    assert isinstance(report, DeliveryReport)
    assert (report.status, report.outcome) == (status, DeliveryOutcome(outcome))


def test_deleted_only_after_acknowledgement(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(emulator, sweep_seconds=0.05)
    emulator.inbound("+8613900001111", "R")
    inbound = receive(transport)
    assert transport.receive(0.2) is None  # swept several times, handed on once
    assert stored(emulator) == 1
    transport.acknowledge(inbound)
    until(lambda: stored(emulator) == 0)


def test_messages_that_waited_in_the_store(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    for text in ("one", "two", "three"):
        emulator.inbound("+8613900001111", text)
    until(lambda: stored(emulator) == 3)
    transport = modem(emulator)
    found = [receive(transport) for _ in range(3)]
    assert [inbound.body for inbound in found if isinstance(inbound, Inbound)] == ["one", "two", "three"]


def test_a_full_store_is_emptied_and_the_network_tries_again(emulator: EmulatorProcess, modem: Make) -> None:
    emulator.fresh(message_places=2, redeliver_ms=10)
    transport = modem(emulator)
    for number in range(6):
        emulator.inbound("+8613900001111", f"n{number}")
    bodies = set()
    for _ in range(6):
        inbound = receive(transport)
        assert isinstance(inbound, Inbound)
        transport.acknowledge(inbound)
        bodies.add(inbound.body)
    assert bodies == {f"n{number}" for number in range(6)}


def test_long_message_out_of_order(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(emulator)
    text = "我已经还款了，请核实。" * 20
    emulator.inbound("+8613900001111", text, parts=[3, 1, 1, 4, 2])
    inbound = receive(transport)
    assert isinstance(inbound, Inbound)
    assert (inbound.body, inbound.complete) == (text, True)
    transport.acknowledge(inbound)
    until(lambda: stored(emulator) == 0)


def test_missing_part_is_shown_after_a_time(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(emulator, incomplete_seconds=0.1, sweep_seconds=0.05)
    emulator.inbound("+8613900001111", "款" * 67 + "项" * 67 + "清", parts=[1, 3])
    inbound = receive(transport)
    assert isinstance(inbound, Inbound)
    assert (inbound.body, inbound.complete) == ("款" * 67 + "…" + "清", False)
    assert (inbound.parts, inbound.missing) == (3, (2,))
    assert stored(emulator) == 2
    transport.acknowledge(inbound)
    until(lambda: stored(emulator) == 0)


@pytest.mark.parametrize("raw", ["00", "0791", "04" * 20, "00" + "20" * 30])
def test_undecodable_is_kept_shown_and_removed(emulator: EmulatorProcess, modem: Make, until: Until, raw: str) -> None:
    transport = modem(emulator)
    emulator.do("pdu", pdu=raw)
    emulator.inbound("+8613900001111", "after it")
    damaged, inbound = receive(transport), receive(transport)
    assert isinstance(damaged, Undecodable)
    assert (damaged.raw, bool(damaged.reason)) == (raw, True)
    assert isinstance(inbound, Inbound)
    transport.acknowledge(damaged)
    until(lambda: stored(emulator) == 1)
    transport.acknowledge(inbound)
    until(lambda: stored(emulator) == 0)


def test_damaged_direct_report_does_not_stop_the_others(emulator: EmulatorProcess, modem: Make) -> None:
    transport = modem(emulator)
    emulator.do("pdu", pdu="0791683108100005F00613", report=True)
    damaged = receive(transport)
    assert isinstance(damaged, Undecodable)
    transport.acknowledge(damaged)
    reference = send(transport, 1)
    assert references(transport, 1) == [reference]


def test_zero_time_stamps(emulator: EmulatorProcess, modem: Make) -> None:
    transport = modem(emulator)
    whole = encode_report(5, "10086", 0, datetime.now(UTC), datetime.now(UTC), centre="")
    emulator.do("pdu", pdu=whole[:16] + "00" * 14 + whole[-2:], report=True)
    report = receive(transport)
    assert isinstance(report, DeliveryReport)
    assert (report.sent_at, report.done_at) == (None, None)


def test_flash_message_shown_at_once(emulator: EmulatorProcess, modem: Make) -> None:
    transport = modem(emulator)
    pdu = encode_deliver("10086", split("now")[0], datetime.now(UTC), centre="", message_class=0)
    emulator.do("say", text=f"+CMT: ,{len(pdu) // 2 - 1}\r\n{pdu}")
    inbound = receive(transport)
    assert isinstance(inbound, Inbound)
    assert (inbound.body, inbound.flash) == ("now", True)


def test_no_reports_possible(emulator: EmulatorProcess, modem: Make) -> None:
    emulator.fresh(persona="deaf")
    transport = modem(emulator)
    send(transport, 1)
    assert transport.receive(0.05) is None
    emulator.inbound("+8613900001111", "still heard")
    assert isinstance(receive(transport), Inbound)


@pytest.mark.parametrize(
    "wire",
    [
        {"chunk": 1, "chunk_ms": 0},
        {"chunk": 7, "chunk_ms": 1},
        {"glue_ms": 8},
        {"noise": ["^RSSI:17", '+CUSD: 0,"OK\r\nERROR",15', "+CREG: 5", "RING", '+CMTI: "SM",40']},
        {"baud": 115200},
        {"persona": "huawei"},
        {"persona": "simcom"},
        {"persona": "prefixed"},
        {"persona": "ublox"},
        {"persona": "sierra"},
        {"persona": "telit"},
        {"persona": "cinterion"},
    ],
    ids=str,
)
def test_any_wire(either: EmulatorProcess, modem: Make, wire: dict[str, object]) -> None:
    either.fresh(**wire)
    transport = modem(either, submit_seconds=5, prompt_seconds=5)
    sent = [send(transport, number) for number in range(10)]
    either.inbound("+8613900001111", "回复" * 50)
    found = []
    for _ in range(11):
        found.append(receive(transport))
        transport.acknowledge(found[-1])
    assert sorted(report.reference for report in found if isinstance(report, DeliveryReport)) == sorted(sent)
    assert [inbound.body for inbound in found if isinstance(inbound, Inbound)] == ["回复" * 50]


def deliver_of(coding: int, data: bytes, *, header: bytes = b"", units: int | None = None) -> str:
    """A delivery from +8613900001111 in the default centre's words, octet by octet."""
    body = header + data
    first = "44" if header else "04"
    length = len(body) if units is None else units
    return "00" + first + "0D91683109001011F1" + f"00{coding:02X}" + "62112101031523" + f"{length:02X}" + body.hex()


def received_from(modem: ModemTransport) -> Inbound:
    inbound = receive(modem)
    assert isinstance(inbound, Inbound)
    modem.acknowledge(inbound)
    return inbound


def test_data_is_shown_as_text_where_it_is_one(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(emulator)
    emulator.do("pdu", pdu=deliver_of(0x04, b"PING 7"))
    emulator.do("pdu", pdu=deliver_of(0xF5, b"\x01\x02\xfe", header=bytes.fromhex("0605040B8423F0")))
    found = [received_from(transport), received_from(transport)]
    assert [(inbound.body, inbound.content) for inbound in found] == [
        ("PING 7", Content.DATA),
        ("01 02 FE", Content.DATA),
    ]
    assert found[0].sender == "+8613900001111"
    until(lambda: stored(emulator) == 0)


def test_compressed_text_is_said_to_be_so(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(emulator)
    emulator.do("pdu", pdu=deliver_of(0x20, b"\x85\x3f\x00"))
    inbound = received_from(transport)
    assert (inbound.content, inbound.body, inbound.sender) == (Content.COMPRESSED, "85 3F 00", "+8613900001111")
    until(lambda: stored(emulator) == 0)


def test_voice_mail_waits(emulator: EmulatorProcess, modem: Make) -> None:
    transport = modem(emulator)
    emulator.do("pdu", pdu=deliver_of(0xC8, b"", units=0))
    emulator.do("pdu", pdu=deliver_of(0xE9, "传真".encode("utf-16-be")))
    emulator.do("pdu", pdu=deliver_of(0x08, "三条".encode("utf-16-be"), header=bytes.fromhex("0401028003")))
    found = [received_from(transport) for _ in range(3)]
    assert [inbound.body for inbound in found] == ["", "传真", "三条"]
    assert [inbound.waiting for inbound in found] == [
        (Waiting(kind=WaitingKind.VOICE, active=True),),
        (Waiting(kind=WaitingKind.FAX, active=True),),
        (Waiting(kind=WaitingKind.VOICE, active=True, count=3),),
    ]


@pytest.mark.parametrize("step", [RecoveryStep.RESYNC, RecoveryStep.SOFT_RESET, RecoveryStep.REOPEN])
def test_a_new_set_up_hands_nothing_on_twice(
    emulator: EmulatorProcess, modem: Make, until: Until, step: RecoveryStep
) -> None:
    """Handed on before it, acknowledged before or after it: once, and the store is empty in the end."""
    transport = modem(emulator)
    emulator.rule("CMGD", "command", "error", text="+CMS ERROR: 500", times=1)
    emulator.inbound("+8613900001111", "before")
    transport.acknowledge(receive(transport))
    until(lambda: "AT+CMGD=1" in emulator.stats()["heard"])
    emulator.inbound("+8613900001111", "款" * 100)
    open_one = receive(transport)
    transport.recover(step)
    until(lambda: stored(emulator) == 2)
    assert transport.receive(0.1) is None
    transport.acknowledge(open_one)
    until(lambda: stored(emulator) == 0)
    emulator.inbound("+8613900001111", "after")
    assert received_from(transport).body == "after"
    assert transport.receive(0.05) is None


def test_a_store_full_of_other_programs_messages_is_emptied(
    emulator: EmulatorProcess, modem: Make, until: Until
) -> None:
    """Read out, kept, deleted: what the network holds back comes in afterwards."""
    emulator.fresh(message_places=2, redeliver_ms=10)
    draft = encode_submit(Submit(recipient="10086", part=split("old")[0], key="k")).hex
    for _ in range(2):
        emulator.do("left", pdu=draft)
    emulator.inbound("+8613900001111", "waits")
    transport = modem(emulator, sweep_seconds=0.05)
    for _ in range(2):
        left = receive(transport)
        assert isinstance(left, Undecodable)
        assert (left.raw, "another program" in left.reason) == (draft, True)
        transport.acknowledge(left)
    assert received_from(transport).body == "waits"
    until(lambda: stored(emulator) == 0)


def test_a_draft_in_a_store_with_room_stays(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    emulator.do("left", pdu=encode_submit(Submit(recipient="10086", part=split("old")[0], key="k")).hex)
    transport = modem(emulator, sweep_seconds=0.02)
    emulator.inbound("+8613900001111", "R")
    assert received_from(transport).body == "R"
    until(lambda: stored(emulator) == 1)
    assert transport.receive(0.1) is None


def test_a_full_store_that_refuses_a_message_is_read_out(emulator: EmulatorProcess, modem: Make) -> None:
    transport = modem(emulator)
    emulator.rule("CMGS", "body", "error", text="+CMS ERROR: 322")
    with pytest.raises(StoreFull):
        send(transport, 1)
    heard = len(emulator.stats()["heard"])
    assert send(transport, 1) == "0"
    assert any(command.startswith("AT+CMGL") for command in emulator.stats()["heard"][heard - 8 :])


def test_a_report_from_before_is_noticed_soon_after_the_set_up(emulator: EmulatorProcess, modem: Make) -> None:
    """Nobody confirmed it: the device gives up waiting and stops routing after we have switched it on."""
    emulator.fresh(ack_ms=150, redeliver_ms=10)
    first = modem(emulator, reports="acknowledged")
    reference = send(first, 1)
    assert isinstance(receive(first), DeliveryReport)
    first.close()
    again = modem(emulator, reports="acknowledged", sweep_seconds=60, early_seconds=0.05)
    assert references(again, 1) == [reference]


def test_what_the_modem_would_not_delete_is_deleted_later(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(emulator, sweep_seconds=0.05)
    emulator.rule("CMGD", "command", "error", text="+CMS ERROR: 314", times=2)
    emulator.inbound("+8613900001111", "R")
    assert received_from(transport).body == "R"
    until(lambda: stored(emulator) == 0)
    assert emulator.stats()["heard"].count("AT+CMGD=1") == 3
    emulator.inbound("+8613900001111", "at the same place")
    assert received_from(transport).body == "at the same place"


def test_a_deletion_without_an_answer_never_costs_the_next_message(emulator: EmulatorProcess, modem: Make) -> None:
    """The device deleted the first one, said nothing, and got a second one at the same place."""
    transport = modem(emulator, command_seconds=0.1, sweep_seconds=60)
    emulator.rule("CMGD", "result", "silence")
    emulator.inbound("+8613900001111", "first")
    first = receive(transport)
    transport.acknowledge(first)
    emulator.inbound("+8613900001111", "second")
    assert received_from(transport).body == "second"
    assert transport.receive(0.1) is None


def test_a_modem_that_started_anew_unnoticed_loses_no_message(
    emulator: EmulatorProcess, modem: Make, until: Until
) -> None:
    """It looks at its first store again: what is deleted there by a number meant for another store is lost."""
    transport = modem(emulator, reports="stored", sweep_seconds=60, early_seconds=60)
    send(transport, 1)
    report = receive(transport)
    assert isinstance(report, DeliveryReport)
    emulator.do("reset")
    emulator.inbound("+8613900001111", "unread")
    until(lambda: emulator.stats()["stores"]["SM"] == 1)
    transport.acknowledge(report)
    assert received_from(transport).body == "unread"
    until(lambda: stored(emulator) == 0)


def test_a_store_is_chosen_only_when_the_modem_says_so(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    """A command that was never executed, and an OK from elsewhere: nothing is deleted in the wrong store."""
    transport = modem(emulator, reports="stored", sweep_seconds=0.1)
    send(transport, 1)
    report = receive(transport)
    emulator.inbound("+8613900001111", "R")
    inbound = receive(transport)
    emulator.rule("CPMS", "command", "say", text="OK")
    emulator.rule("CPMS", "command", "silence")
    transport.acknowledge(inbound)
    transport.acknowledge(report)
    until(lambda: stored(emulator) == 0)
    assert transport.receive(0.1) is None
