"""Emulated modems shared by the tests of the driver: one process a kind of link, made fresh for each test."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gsm.emulator.client import EmulatorProcess
from gsm.modem.driver import ModemTransport

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="session")
def socket_emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(settings={"boot_ms": 0}) as process:
        yield process


@pytest.fixture(scope="session")
def terminal_emulator() -> Iterator[EmulatorProcess]:
    if sys.platform == "win32":
        pytest.skip("no pseudo terminals")
    with EmulatorProcess(pty=True, settings={"boot_ms": 0}) as process:
        yield process


@pytest.fixture
def emulator(socket_emulator: EmulatorProcess) -> EmulatorProcess:
    socket_emulator.fresh()
    return socket_emulator


@pytest.fixture(params=["socket", "pty"])
def either(request: pytest.FixtureRequest) -> EmulatorProcess:
    process: EmulatorProcess = request.getfixturevalue(
        "socket_emulator" if request.param == "socket" else "terminal_emulator"
    )
    process.fresh()
    return process


@pytest.fixture
def modem() -> Iterator[Callable[..., ModemTransport]]:
    """``modem(emulator, **options)``: an open transport with short patience, closed at the end."""
    made: list[ModemTransport] = []

    def make(emulator: EmulatorProcess, **options: object) -> ModemTransport:
        patience = {"submit_seconds": 0.3, "prompt_seconds": 0.3, "register_seconds": 0, "sim_seconds": 0}
        patience |= {"quiet_seconds": 0.02, "probe_seconds": 0.2, "command_seconds": 1.0, "late_seconds": 0}
        transport = ModemTransport(emulator.address, {**patience, **options})
        made.append(transport)
        transport.open()
        return transport

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def until() -> Until:
    """Wait for a condition."""

    def wait(condition: Callable[[], bool], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "it did not become true"
            pause.wait(0.005)

    return wait
