"""Each fault at each moment of a submission, and what the line does about it. The book is the ledger afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from console.core.i18n import Text
from db.models import AuditEntry, Line, LineState, Message, MessageState

_QUICK = {
    "submit_seconds": 2,
    "late_seconds": 0.5,
    "prompt_seconds": 2,
    "command_seconds": 2,
    "probe_seconds": 1,
    "register_seconds": 1,
    "sim_seconds": 1,
}
MOMENTS = ("command", "prompt", "body", "accepted", "result", "done")
FAULTS: dict[str, dict[str, Any]] = {
    "silence": {},
    "error": {"text": "+CMS ERROR: 500"},
    "delay": {"ms": 300},
    "late": {"ms": 1000},
    "unplug": {"ms": 500},
    "reset": {},
    "garbage": {},
    "say": {"text": 'RING\n+CREG: 1\n+CMTI: "SM",1\nOK then'},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_each_moment(branch: Any, until: Any, fault: str) -> None:
    """One modem, the same fault at six moments, messages before, between and after them."""
    modem = branch.modem(options=_QUICK)
    moments = ("accepted",) * 3 if fault == "late" else MOMENTS  # before, there is no result to be late with
    for number, moment in enumerate(moments):
        modem.rule("CMGS", moment, fault, skip=1 + 3 * number, **FAULTS[fault])
    branch.batch(24)
    branch.start()
    until(lambda: branch.settled() or _all_put_off(branch))
    _now_due(branch)
    until(branch.settled)
    until(lambda: branch.states().get("accepted", 0) <= modem.stats()["lost"])
    states = branch.check()
    assert states.keys() <= {"delivered", "unknown", "accepted"}
    assert states.get("unknown", 0) <= len(MOMENTS)
    assert len(branch.ledger()) >= 24 - states.get("unknown", 0)


def _all_put_off(branch: Any) -> bool:
    open_ = [row for row in branch.all(Message) if row.state.value in ("waiting", "claimed", "sending")]
    return all(row.not_before is not None and row.state is MessageState.WAITING for row in open_)


def _now_due(branch: Any) -> None:
    for row in branch.all(Message):
        if row.state is MessageState.WAITING and row.not_before is not None:
            branch.change(Message, row.id, not_before=None)


def test_a_result_that_comes_late_is_written_down(branch: Any) -> None:
    """No report comes: only the modem's own word, too late for its message and before the next one."""
    modem = branch.modem(options={"submit_seconds": 1, "late_seconds": 30})
    modem.set(reports="drop")
    modem.rule("CMGS", "accepted", "late", ms=2000, skip=1)
    branch.batch(4)
    branch.start()
    branch.until_states({"accepted": 4})
    branch.check()


@pytest.mark.parametrize("moment", ["prompt", "accepted"])
def test_a_modem_that_hangs_is_worked_on_until_it_answers(branch: Any, until: Any, moment: str) -> None:
    modem = branch.modem(options=_QUICK)
    modem.rule("CMGS", moment, "hang", skip=2)
    branch.batch(6)
    branch.start()
    until(lambda: branch.all(Line)[0].step in ("soft_reset", "radio_reset"))
    line = branch.all(Line)[0]
    assert line.state is LineState.FAULT
    assert "Queued messages are safe" in str(Text.load(line.step_text))
    assert line.next_look_at is not None
    modem.clear()
    until(branch.settled)
    until(lambda: not branch.states().get("accepted"))
    states = branch.check()
    assert states.get("unknown", 0) <= 1
    until(lambda: branch.all(Line)[0].state is LineState.READY)
    assert (branch.all(Line)[0].step, branch.all(Line)[0].fault) == ("", "")


def test_a_modem_that_starts_anew_by_itself_goes_on(branch: Any, until: Any) -> None:
    modem = branch.modem(latency_ms=20, options=_QUICK)
    branch.batch(30)
    branch.start()
    for level in (5, 12, 20):
        until(lambda level=level: branch.on_the_air() >= level)
        modem.do("reset")
    until(branch.settled)
    states = branch.check()
    assert states.get("unknown", 0) <= 3
    assert branch.on_the_air() >= 30 - states.get("unknown", 0)


def test_a_card_that_is_taken_out_is_told_at_once_and_the_other_line_goes_on(branch: Any, until: Any) -> None:
    ill, well = branch.modem(latency_ms=20, options=_QUICK), branch.modem(latency_ms=20, options=_QUICK)
    branch.batch(60)
    branch.start()
    until(lambda: len(ill.accepted()) >= 3 and len(well.accepted()) >= 3)
    ill.set(sim="ABSENT")
    until(lambda: branch.all(Line)[0].state is LineState.STOPPED)
    line = branch.all(Line)[0]
    assert (line.step, line.owner) == ("person", "")
    assert "no SIM card" in str(Text.load(line.fault_text))
    until(branch.settled)
    states = branch.check()
    assert states.keys() <= {"delivered", "accepted"}
    assert sum(states.values()) == len(branch.ledger()) == 60
    assert branch.all(Line)[1].state is LineState.READY
    (entry,) = [row for row in branch.all(AuditEntry) if row.action == "line.fault"]
    assert json.loads(entry.detail)["step"] == "person"


def test_a_modem_without_network_is_given_time(branch: Any, until: Any) -> None:
    modem = branch.modem(options=_QUICK)
    modem.set(registration=2)
    branch.batch(4)
    branch.start()
    until(lambda: branch.all(Line)[0].step == "again")
    assert branch.all(Line)[0].fault == "network.searching"
    assert branch.states() == {"waiting": 4}
    modem.set(registration=1)
    branch.until_states({"delivered": 4})
    assert branch.heard("AT+CFUN=1,1") == 0
    branch.check()


class _Port:
    """A port as pyserial tells of it; the emulated device answers there."""

    serial_number: str | None = None
    location: str | None = None
    vid: int | None = 0x12D1
    pid: int | None = 0x1506

    def __init__(self, device: str) -> None:
        self.device = device


@pytest.fixture
def dispatcher_here(branch: Any) -> Iterator[Any]:
    """A dispatcher in this process, that looks for modems at the ports of ``plugged``."""
    import gsm
    from console.core.clock import SystemClock
    from console.core.sending.dispatcher import Dispatcher
    from gsm.modem.discovery import discover, locate

    plugged: list[str] = []

    def find(address: str, identity: Any) -> str:
        found = locate(identity, discover([_Port(place) for place in plugged]))
        return found.address if found is not None else ""

    dispatcher = Dispatcher(
        branch.database, SystemClock(), pid=1, open_transport=gsm.open_transport, machine="here", find_modem=find
    )
    thread = threading.Thread(target=dispatcher.run)
    thread.start()
    yield plugged
    dispatcher.stop()
    thread.join()


@pytest.mark.expects_log("port.gone|port.missing")
def test_a_modem_is_found_again_at_another_port(branch: Any, until: Any, dispatcher_here: list[str]) -> None:
    """The same IMEI and IMSI answer elsewhere, and beside them a stranger."""
    first = branch.modem(options=_QUICK)
    branch.batch(3)
    branch.until_states({"delivered": 3})
    first.do("unplug")
    until(lambda: branch.all(Line)[0].step == "look_elsewhere")
    stranger = branch.modem(enabled=False)
    second = branch.modem(enabled=False)
    second.set(imei="490154203237510", imsi="460001234567890")
    with branch.database.begin() as session:
        session.delete(session.get(Line, 3))
    branch.batch(3)
    dispatcher_here += [stranger.address, second.address]
    branch.until_states({"delivered": 6})
    assert branch.all(Line)[0].address == second.address
    assert len(second.accepted()) == 3
    assert [row.action for row in branch.all(AuditEntry)][:2] == ["line.fault", "line.moved"]
