"""Making a modem ready, whatever state it is found in, and telling what is missing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from gsm.emulator.client import EmulatorProcess
from gsm.emulator.personas import PERSONAS
from gsm.encoding import split
from gsm.errors import LineFault, LineUnavailable, NotRegistered, SimFault
from gsm.messages import Submit
from gsm.modem.driver import ModemTransport
from gsm.modem.setup import ModemOptions

Make = Callable[..., ModemTransport]
Until = Callable[[Callable[[], bool]], None]


def send(transport: ModemTransport, text: str = "hello") -> str:
    submit = Submit(recipient="+8613800138000", part=split(text)[0], key="k")
    return transport.submit(submit, clear_to_send=lambda: None).reference


@pytest.mark.parametrize("persona", sorted(PERSONAS))
def test_every_persona_is_made_ready(emulator: EmulatorProcess, modem: Make, persona: str) -> None:
    emulator.fresh(persona=persona)
    transport = modem(emulator)
    assert transport._session is not None
    identity = transport._session.identity
    assert identity.manufacturer == PERSONAS[persona].manufacturer
    assert identity.model == PERSONAS[persona].model
    assert (identity.imei, identity.imsi) == ("490154203237518", "460001234567890")
    assert identity.iccid == "89860012345678901234"
    assert send(transport) == "0"


@pytest.mark.parametrize(
    ("persona", "options", "mode", "routing"),
    [
        ("plain", {}, "acknowledged", "2,1,0,1,0"),
        ("huawei", {}, "direct", "2,1,0,1,0"),
        ("stored", {}, "stored", "2,1,0,2,0"),
        ("deaf", {}, "none", "2,1,0,0,0"),
        ("plain", {"reports": "stored"}, "stored", "2,1,0,2,0"),
        ("plain", {"reports": "direct"}, "direct", "2,1,0,1,0"),
        ("huawei", {"reports": "acknowledged"}, "none", "2,1,0,0,0"),
    ],
)
def test_way_of_reports(
    emulator: EmulatorProcess, modem: Make, persona: str, options: dict[str, Any], mode: str, routing: str
) -> None:
    emulator.fresh(persona=persona)
    session = modem(emulator, **options)._session
    assert session is not None
    assert (session.reports, session.routing) == (mode, routing)


@pytest.mark.parametrize(
    ("settings", "options", "error", "code"),
    [
        ({"sim": "ABSENT"}, {}, SimFault, "sim.absent"),
        ({"sim": "SIM PIN"}, {}, SimFault, "sim.pin"),
        ({"sim": "SIM PIN"}, {"pin": "9999"}, SimFault, "sim.pin_wrong"),
        ({"sim": "SIM PUK"}, {"pin": "1234"}, SimFault, "sim.puk"),
        ({"sim": "FAILURE"}, {}, SimFault, "sim.failed"),
        ({"sim": "BUSY"}, {}, SimFault, "cme.14"),
        ({"registration": 0}, {}, NotRegistered, "network.none"),
        ({"registration": 2}, {}, NotRegistered, "network.searching"),
        ({"registration": 3}, {}, NotRegistered, "network.denied"),
        ({"hang": True}, {}, LineUnavailable, "at.silent"),
    ],
)
def test_what_is_missing(
    emulator: EmulatorProcess,
    modem: Make,
    settings: dict[str, Any],
    options: dict[str, Any],
    error: type[LineFault],
    code: str,
) -> None:
    emulator.fresh(**settings)
    with pytest.raises(error) as raised:
        modem(emulator, **options)
    assert raised.value.code == code
    emulator.fresh()
    modem(emulator)  # nothing is left behind that would keep the device


def test_pin_is_entered(emulator: EmulatorProcess, modem: Make) -> None:
    emulator.fresh(sim="SIM PIN")
    send(modem(emulator, pin="1234"))


@pytest.mark.parametrize("persona", ["plain", "huawei"])  # with and without a counter of failures
def test_a_wrong_pin_is_tried_once_only(emulator: EmulatorProcess, modem: Make, persona: str) -> None:
    emulator.fresh(sim="SIM PIN", persona=persona)
    for _ in range(4):
        with pytest.raises(SimFault, match=r"sim\.pin_wrong"):
            modem(emulator, pin=f"00{len(persona)}")
    assert sum(command.startswith("AT+CPIN=") for command in emulator.stats()["heard"]) == 1


def test_no_pin_is_tried_on_a_sim_that_somebody_failed_on(emulator: EmulatorProcess, modem: Make) -> None:
    emulator.fresh(sim="SIM PIN", pin_tries=2)
    with pytest.raises(SimFault, match=r"sim\.pin_wrong"):
        modem(emulator, pin="1234")


def test_roaming_will_do(emulator: EmulatorProcess, modem: Make) -> None:
    emulator.fresh(registration=5)
    send(modem(emulator))


def test_left_at_a_prompt_by_the_last_user(emulator: EmulatorProcess, modem: Make) -> None:
    """As after a kill between the prompt and the PDU: nothing of it may leave."""
    first = modem(emulator)
    engine = first._engine
    assert engine is not None
    engine._port.write(b"AT+CMGS=20\r", 1)
    engine._port.write(b"0011000D9168", 1)
    first.close()
    second = modem(emulator)
    send(second, "clean")
    assert [entry["text"] for entry in emulator.accepted()] == ["clean"]


def test_link_is_held_on_request(emulator: EmulatorProcess, modem: Make) -> None:
    modem(emulator, hold_link=True)
    assert "AT+CMMS=2" in emulator.stats()["heard"]


def test_one_user_at_a_time(either: EmulatorProcess, modem: Make) -> None:
    first = modem(either)
    with pytest.raises(LineUnavailable, match=r"port\.|at\."):
        modem(either)
    send(first)


def test_no_such_port() -> None:
    for address in ("/dev/ttyNOSUCH", "socket://127.0.0.1:1", "socket://"):
        with pytest.raises(LineUnavailable, match=r"port\.missing"):
            ModemTransport(address).open()


def test_options_are_checked() -> None:
    assert ModemOptions.of({"pin": "1", "unknown": 3}).pin == "1"
    with pytest.raises(ValueError, match="pin"):
        ModemOptions.of({"pin": 1234})


@pytest.mark.parametrize("persona", ["plain", "quectel", "huawei", "simcom"])
def test_a_restart_of_the_device_while_idle(emulator: EmulatorProcess, modem: Make, until: Until, persona: str) -> None:
    """With boot lines or silently: reports are switched on again before anybody sends."""
    emulator.fresh(persona=persona)
    transport = modem(emulator, sweep_seconds=0.05)
    emulator.do("reset")
    until(lambda: emulator.stats()["heard"].count("AT+CMGF=0") == 2)
    until(lambda: emulator.stats()["heard"][-1] in ("AT+CMGL=4", "AT+CNMI?"))
    reference = send(transport)
    report = transport.receive(10)
    assert report is not None
    assert getattr(report, "reference", "") == reference


@pytest.mark.parametrize("persona", ["plain", "quectel", "simcom"])
def test_a_silent_restart_is_noticed_before_the_next_message(
    emulator: EmulatorProcess, modem: Make, until: Until, persona: str
) -> None:
    """The command comes back as an echo: the device has forgotten its set-up, perhaps even PDU mode."""
    emulator.fresh(persona=persona)
    transport = modem(emulator)
    emulator.do("reset")
    until(lambda: emulator.stats()["attached"])
    references: list[str] = []

    def sent() -> bool:
        with contextlib.suppress(LineUnavailable):
            references.append(send(transport, "once"))
        return bool(references)

    until(sent)
    assert [entry["text"] for entry in emulator.accepted()] == ["once"]
    report = transport.receive(10)
    assert getattr(report, "reference", "") == references[0]


def test_unplugged_while_idle_is_noticed(either: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(either)
    assert transport.fault() is None
    either.do("unplug", ms=0)
    until(lambda: transport.fault() is not None)
    fault = transport.fault()
    assert fault is not None
    assert fault.code == "port.gone"
    with pytest.raises(LineUnavailable):
        send(transport)
    either.do("plug")

    def reopened() -> bool:
        try:
            transport.open()
        except LineUnavailable:
            return False
        return True

    until(reopened)
    assert transport.fault() is None
    send(transport)


def test_falling_silent_while_idle_is_noticed(emulator: EmulatorProcess, modem: Make, until: Until) -> None:
    transport = modem(emulator, sweep_seconds=0.05)
    emulator.set(hang=True)
    until(lambda: transport.fault() is not None)
    fault = transport.fault()
    assert fault is not None
    assert re.match(r"at\.", fault.code)
