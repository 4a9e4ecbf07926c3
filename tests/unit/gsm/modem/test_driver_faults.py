"""Each fault at each moment of a submission: afterwards our book and the network's ledger agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gsm.emulator.client import EmulatorProcess
from gsm.encoding import split
from gsm.errors import GsmError, LineFault, Outcome, OutcomeUnknown
from gsm.messages import Accepted, DeliveryReport, Submit
from gsm.modem.driver import ModemTransport
from gsm.transport import RecoveryStep

MOMENTS = ["command", "prompt", "body", "accepted", "result", "done"]
ACTIONS = {
    "silence": {},
    "error": {"text": "ERROR"},
    "cms_500": {"action": "error", "text": "+CMS ERROR: 500"},
    "cms_38": {"action": "error", "text": "+CMS ERROR: 38"},
    "cms_verbose": {"action": "error", "text": "+CMS ERROR: network timeout"},
    "delay": {"ms": 30},
    "too_late": {"action": "delay", "ms": 450},
    "unplug": {"ms": 30},
    "reset": {},
    "garbage": {},
    "noise": {
        "action": "say",
        "text": 'RING\n+CREG: 5\n^RSSI:17\n+CMTI: "SM",9\n+CSQ: 3,99\n+CUSD: 0,"OK\nERROR\nyour balance"',
    },
    "late": {"ms": 450},
    "hang": {},
}
# A modem that says "temporary failure" although it has accepted: no driver can see through that.
LIES = {("accepted", "cms_38"), ("result", "cms_38")}


def submit_of(text: str, number: int = 0) -> Submit:
    return Submit(recipient=f"+861380013{number:04}", part=split(text)[0], key=text)


def outcome_of(transport: ModemTransport, submit: Submit) -> Outcome | Accepted:
    try:
        return transport.submit(submit, clear_to_send=lambda: None)
    except GsmError as error:
        return error.outcome


def recovers(transport: ModemTransport) -> bool:
    """One round of what the supervisor of a line does."""
    for step in (RecoveryStep.RESYNC, RecoveryStep.REOPEN):
        try:
            transport.recover(step)
        except LineFault:
            continue
        return True
    return False


CASES = [(moment, name) for moment in MOMENTS for name in ACTIONS if (moment, name) not in LIES]


@pytest.mark.parametrize(("moment", "name"), CASES)
def test_book_and_ledger_agree(
    emulator: EmulatorProcess,
    modem: Callable[..., ModemTransport],
    until: Callable[[Callable[[], bool]], None],
    moment: str,
    name: str,
) -> None:
    transport = modem(emulator)
    values: dict[str, object] = {"action": name, **ACTIONS[name]}
    book: dict[str, Outcome | Accepted] = {"before": outcome_of(transport, submit_of("before"))}
    emulator.rule("CMGS", moment, **values)  # type: ignore[arg-type]
    for number, text in enumerate(("faulty", "after")):
        book[text] = outcome_of(transport, submit_of(text, number + 1))
    until(lambda: len(emulator.accepted()) >= sum(isinstance(entry, Accepted) for entry in book.values()))
    emulator.clear()
    until(lambda: recovers(transport))
    for number, text in enumerate(("next", "last")):  # the next result may still be that of the faulty one
        book[text] = outcome_of(transport, submit_of(text, number + 3))

    ledger = {entry["text"]: entry for entry in emulator.accepted()}
    assert len(ledger) == len(emulator.accepted()), "accepted twice"
    for text, entry in book.items():
        if isinstance(entry, Accepted):
            assert ledger[text]["reference"] == int(entry.reference)
        elif entry is not Outcome.UNKNOWN:
            assert text not in ledger, f"{text} left, but we say {entry}"
    assert isinstance(book["before"], Accepted)
    assert isinstance(book["last"], Accepted)


def test_every_report_of_an_accepted_message_comes(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport]
) -> None:
    """Through time-outs, noise and late answers the reports go on coming, once each."""
    transport = modem(emulator)
    for moment, action in (("accepted", "silence"), ("accepted", "late"), ("prompt", "say"), ("prompt", "silence")):
        emulator.rule("CMGS", moment, action, ms=400, text="RING", skip=len(moment))
    sent = {}
    for number in range(40):
        outcome = outcome_of(transport, submit_of(f"m{number}", number))
        if isinstance(outcome, Accepted):
            sent[outcome.reference] = number
    reports: list[str] = []
    while len(set(reports)) < len(emulator.accepted()):
        report = transport.receive(10)
        assert isinstance(report, DeliveryReport)
        reports.append(report.reference)
        transport.acknowledge(report)
    assert len(reports) == len(set(reports))
    assert set(sent) <= set(reports)


def test_a_late_answer_is_not_taken_for_the_next_message(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport]
) -> None:
    """The first result comes while the second message waits for its own."""
    transport = modem(emulator, submit_seconds=0.6)
    emulator.rule("CMGS", "accepted", "late", ms=1000)
    with pytest.raises(OutcomeUnknown):
        transport.submit(submit_of("first", 1), clear_to_send=lambda: None)
    emulator.set(latency_ms=550)
    accepted = transport.submit(submit_of("second", 2), clear_to_send=lambda: None)
    ledger = {entry["text"]: entry["reference"] for entry in emulator.accepted()}
    assert accepted.reference == str(ledger["second"])
    assert ledger["first"] != ledger["second"]


def test_a_very_late_answer_is_known_by_its_reference(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport]
) -> None:
    """The result of the first comes when the third waits for one that never comes."""
    transport = modem(emulator, submit_seconds=0.3)
    assert transport.submit(submit_of("zero", 0), clear_to_send=lambda: None).reference == "0"
    emulator.rule("CMGS", "accepted", "late", ms=900)
    emulator.rule("CMGS", "body", "silence", skip=2)
    with pytest.raises(OutcomeUnknown):
        transport.submit(submit_of("first", 1), clear_to_send=lambda: None)
    emulator.set(latency_ms=250)
    assert transport.submit(submit_of("second", 2), clear_to_send=lambda: None).reference == "2"
    with pytest.raises(OutcomeUnknown):
        transport.submit(submit_of("third", 3), clear_to_send=lambda: None)
    emulator.set(latency_ms=0)
    assert outcome_of(transport, submit_of("fourth", 4)) is Outcome.UNKNOWN  # its 3 may be that of the third
    assert transport.submit(submit_of("fifth", 5), clear_to_send=lambda: None).reference == "4"
    assert [entry["text"] for entry in emulator.accepted()] == ["zero", "first", "second", "fourth", "fifth"]


def test_a_late_answer_that_is_waited_for(emulator: EmulatorProcess, modem: Callable[..., ModemTransport]) -> None:
    """It cannot be mistaken even when the next message gets no result at all."""
    transport = modem(emulator, submit_seconds=0.2, late_seconds=5)
    emulator.rule("CMGS", "accepted", "late", ms=500)
    emulator.rule("CMGS", "body", "silence", skip=1)
    with pytest.raises(OutcomeUnknown):
        transport.submit(submit_of("first", 1), clear_to_send=lambda: None)
    with pytest.raises(OutcomeUnknown):
        transport.submit(submit_of("second", 2), clear_to_send=lambda: None)
    assert [entry["text"] for entry in emulator.accepted()] == ["first"]


def test_the_only_result_is_not_taken_for_the_second_of_two(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport]
) -> None:
    """The first is answered late, the second never taken: neither is called accepted, those after them are."""
    transport = modem(emulator, submit_seconds=1.0)
    assert isinstance(outcome_of(transport, submit_of("zero")), Accepted)
    emulator.rule("CMGS", "accepted", "late", ms=1500)
    emulator.rule("CMGS", "body", "silence", skip=1)
    assert outcome_of(transport, submit_of("first", 1)) is Outcome.UNKNOWN
    assert outcome_of(transport, submit_of("second", 2)) is Outcome.UNKNOWN
    assert isinstance(outcome_of(transport, submit_of("third", 3)), Accepted)
    assert isinstance(outcome_of(transport, submit_of("fourth", 4)), Accepted)
    assert [entry["text"] for entry in emulator.accepted()] == ["zero", "first", "third", "fourth"]


def test_an_error_that_may_be_of_the_message_before_proves_nothing(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport]
) -> None:
    transport = modem(emulator, submit_seconds=0.5)
    emulator.rule("CMGS", "body", "silence")
    emulator.rule("CMGS", "body", "error", text="+CMS ERROR: 38", skip=1)
    assert outcome_of(transport, submit_of("first", 1)) is Outcome.UNKNOWN
    assert outcome_of(transport, submit_of("second", 2)) is Outcome.UNKNOWN
    assert outcome_of(transport, submit_of("third", 3)) is Outcome.UNKNOWN
    assert isinstance(outcome_of(transport, submit_of("fourth", 4)), Accepted)


def test_what_was_unanswered_before_this_line_was_opened(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport]
) -> None:
    """A dispatcher was killed while it waited; the next one knows from the database what is still owed."""
    first = modem(emulator)
    emulator.rule("CMGS", "accepted", "silence", skip=1)
    assert isinstance(outcome_of(first, submit_of("zero")), Accepted)
    assert outcome_of(first, submit_of("first", 1)) is Outcome.UNKNOWN
    first.close()
    second = modem(emulator)
    second.remember("0", 1)
    assert isinstance(outcome_of(second, submit_of("second", 2)), Accepted)  # as the first took 1, this has 2
    second.remember("3", 1)
    assert outcome_of(second, submit_of("third", 3)) is Outcome.UNKNOWN


def test_reports_that_met_a_modem_starting_anew_come_later(
    emulator: EmulatorProcess, modem: Callable[..., ModemTransport], until: Callable[[Callable[[], bool]], None]
) -> None:
    """The network keeps a report until it is acknowledged, whatever the modem forgets meanwhile."""
    emulator.set(redeliver_ms=50, ack_ms=500, report_delay_ms=0)
    transport = modem(emulator, sweep_seconds=0.2)
    for number in range(5):
        assert isinstance(outcome_of(transport, submit_of(f"m{number}", number)), Accepted)
    emulator.do("reset")
    emulator.inbound("+8613900001111", "here")
    references: set[str] = set()

    def come() -> bool:
        received = transport.receive(0.05)
        if received is not None:
            transport.acknowledge(received)
            references.update([received.reference] if isinstance(received, DeliveryReport) else [])
        return references == set("01234") and emulator.stats()["reports_waiting"] == 0

    until(come)
    assert emulator.stats()["lost"] == 0
