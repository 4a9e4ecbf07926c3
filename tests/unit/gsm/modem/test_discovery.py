"""Modems among serial ports: only known makers are spoken to, one entry a stick, known again on any port."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from gsm.emulator.client import EmulatorProcess
from gsm.messages import LineIdentity
from gsm.modem.discovery import FoundModem, candidates, discover, locate, look_at, probe, twins
from gsm.modem.port import open_port, why_not_opened


@dataclass
class Port:
    device: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None
    location: str | None = None


STICK = [
    Port("/dev/ttyUSB0", 0x12D1, 0x1001, location="1-2:1.0"),
    Port("/dev/ttyUSB1", 0x12D1, 0x1001, location="1-2:1.1"),
    Port("/dev/ttyUSB2", 0x12D1, 0x1001, location="1-2:1.2"),
]


def test_ports_of_one_stick_are_one_candidate_best_first() -> None:
    (stick,) = candidates(STICK)
    assert stick.family == "huawei"
    assert stick.addresses == ("/dev/ttyUSB2", "/dev/ttyUSB1", "/dev/ttyUSB0")


def test_two_sticks_of_one_kind_are_two() -> None:
    other = [Port(f"/dev/ttyUSB{3 + n}", 0x12D1, 0x1001, location=f"1-3:1.{n}") for n in range(3)]
    assert [len(found.addresses) for found in candidates([*STICK, *other])] == [3, 3]


def test_windows_ports_and_unknown_products() -> None:
    ports = [
        Port("COM7", 0x2C7C, 0x0125, "A1", "1-4:x.3"),
        Port("COM6", 0x2C7C, 0x0125, "A1", "1-4:x.2"),
        Port("COM9", 0x19D2, 0x9999, "B2"),
    ]
    assert [found.addresses for found in candidates(ports)] == [("COM9",), ("COM6", "COM7")]


def test_strangers_are_not_spoken_to() -> None:
    strangers = [Port("/dev/ttyS0"), Port("/dev/ttyUSB9", 0x067B, 0x2303), Port("/dev/ttyACM0", 0x2341, 0x0043)]
    asked: list[str] = []

    def ask(address: str) -> None:
        asked.append(address)

    assert discover([*strangers, *STICK], ask=ask) == []
    assert asked == ["/dev/ttyUSB2", "/dev/ttyUSB1", "/dev/ttyUSB0"]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers may answer late: this machine has other things to do."""
    monkeypatch.setattr("gsm.modem.discovery._PROBE_SECONDS", 5.0)


def test_a_real_probe_says_only_at_until_it_is_answered(either: EmulatorProcess) -> None:
    identity = probe(either.address)
    assert identity is not None
    assert (identity.imei, identity.imsi) == ("490154203237518", "460001234567890")
    assert either.stats()["heard"][0] == "AT"


def test_a_silent_device_hears_two_letters_and_nothing_else(emulator: EmulatorProcess) -> None:
    emulator.rule("", "command", "silence", times=0)
    emulator.rule("*", "command", "silence", times=0)
    emulator.rule("*", "result", "silence", times=0)
    assert probe(emulator.address) is None
    assert emulator.stats()["heard"] == ["AT"]


def test_a_port_in_use_is_left_alone() -> None:
    assert probe("/dev/ttyNOSUCH") is None


def test_discover_takes_the_port_that_answers(terminal_emulator: EmulatorProcess) -> None:
    terminal_emulator.fresh()
    ports = [
        Port("/dev/ttyNOSUCH", 0x12D1, 0x1001, location="1-2:1.2"),
        Port(terminal_emulator.address, 0x12D1, 0x1001, location="1-2:1.0"),
    ]
    (found,) = discover(ports)
    assert found.address == terminal_emulator.address
    assert found.other_addresses == ("/dev/ttyNOSUCH",)
    assert found.identity.imei == "490154203237518"


def test_known_again_on_another_port() -> None:
    modems = [
        FoundModem(address="COM5", family="zte", identity=LineIdentity(imei="1" * 15, imsi="46000" + "1" * 10)),
        FoundModem(address="COM6", family="zte", identity=LineIdentity(imei="2" * 15, imsi="46000" + "2" * 10)),
    ]
    assert locate(LineIdentity(imei="2" * 15), modems) == modems[1]
    assert locate(LineIdentity(imei="3" * 15, imsi="46000" + "1" * 10), modems) == modems[0]
    assert locate(LineIdentity(imei="3" * 15), modems) is None
    assert locate(LineIdentity(), modems) is None


def test_twins() -> None:
    lines = {
        "a": LineIdentity(imei="1", imsi="7"),
        "b": LineIdentity(imei="1", imsi="8"),
        "c": LineIdentity(imei="2", imsi="8"),
        "d": LineIdentity(),
        "e": LineIdentity(),
    }
    assert twins(lines) == [("imei", "a", "b"), ("imsi", "b", "c")]


@pytest.mark.parametrize(
    ("error", "windows", "code"),
    [
        (serial.SerialException(2, "could not open port /dev/ttyUSB0: [Errno 2] No such file"), False, "port.missing"),
        (serial.SerialException(13, "could not open port /dev/ttyUSB0: Permission denied"), False, "port.denied"),
        (serial.SerialException(16, "could not open port /dev/ttyUSB0: Device or resource busy"), False, "port.busy"),
        (serial.SerialException(11, "Could not exclusively lock port /dev/ttyUSB0"), False, "port.busy"),
        (serial.SerialException(5, "Could not configure port: Input/output error"), False, "port.missing"),
        (
            serial.SerialException("could not open port 'COM5': PermissionError(13, 'Access is denied.', None, 5)"),
            True,
            "port.busy",
        ),
        (
            serial.SerialException("could not open port 'COM5': FileNotFoundError(2, 'The system cannot find the"),
            True,
            "port.missing",
        ),
    ],
)
def test_why_a_port_does_not_open(error: Exception, windows: bool, code: str) -> None:
    """The words are pyserial's own, of both systems."""
    assert why_not_opened(error, windows=windows) == code


def test_the_reason_for_each_port(terminal_emulator: EmulatorProcess, tmp_path: Path) -> None:
    terminal_emulator.fresh()
    assert look_at("/dev/ttyNOSUCH").reason == "port.missing"
    assert look_at("socket://127.0.0.1:1").reason == "port.missing"
    assert look_at(terminal_emulator.address).reason == ""
    held = open_port(terminal_emulator.address)
    assert look_at(terminal_emulator.address).reason == "port.busy"
    held.close()
    terminal_emulator.set(hang=True)
    assert look_at(terminal_emulator.address).reason == "at.silent"


def test_a_port_that_talks_but_is_no_modem(emulator: EmulatorProcess) -> None:
    """The position port of a stick sends its sentences for ever and answers nothing."""
    sentence = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
    emulator.rule("*", "result", "say", text=sentence, times=0)
    emulator.rule("*", "result", "silence", times=0)
    assert look_at(emulator.address).reason == "at.no_modem"


def test_a_device_without_an_imei_is_no_modem(emulator: EmulatorProcess) -> None:
    emulator.set(imei="")
    assert look_at(emulator.address).reason == "at.no_modem"
