from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.core.lines.checkup import examine
from gsm.emulator.client import EmulatorProcess


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as modem:
        yield modem


@pytest.fixture(autouse=True)
def fresh(emulator: EmulatorProcess) -> None:
    emulator.fresh()


def codes(modem: EmulatorProcess) -> list[str]:
    return [found.code or str(found.text) for found in examine(modem.address).findings()]


def test_a_healthy_modem_tells_everything(emulator: EmulatorProcess) -> None:
    found = examine(emulator.address)
    assert (found.fault, found.device, found.imei_tail, found.imsi_tail) == ("", "Emulated EM-1", "7518", "7890")
    assert (found.health.operator, found.health.signal_dbm, found.health.bars) == ("CHINA MOBILE", -73, 5)
    assert (found.health.smsc, found.health.store_used, found.health.store_total) == ("+8613800100500", 0, 40)
    assert found.findings() == []
    assert emulator.accepted() == []


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals")
def test_a_device_file_as_well() -> None:
    with EmulatorProcess(pty=True, persona="huawei") as modem:
        assert examine(modem.address).device == "huawei E173"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"sim": "SIM PIN"}, ["sim.pin"]),
        ({"sim": "SIM PUK"}, ["sim.puk"]),
        ({"sim": "ABSENT"}, ["sim.absent"]),
        ({"registration": 3, "csq": 1}, ["network.denied", "The signal is weak."]),
        ({"registration": 5}, ["The SIM card is in a foreign network."]),
        ({"centre": ""}, ["The SIM card names no message centre."]),
        ({"hang": True}, ["at.silent"]),
    ],
)
def test_what_to_see_to(emulator: EmulatorProcess, settings: dict[str, object], expected: list[str]) -> None:
    emulator.set(**settings)
    assert codes(emulator) == expected
    assert all(str(found.advice) for found in examine(emulator.address).findings())


def test_no_pin_is_spent_and_a_stored_one_is_no_trouble(emulator: EmulatorProcess) -> None:
    emulator.set(sim="SIM PIN")
    found = replace(examine(emulator.address), pin_stored=True)
    assert [str(each.level) for each in found.findings()] == ["starting"]


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    assert examine("/dev/no-such-port").fault == "port.missing"
    assert examine("socket://127.0.0.1:1").fault == "port.missing"
