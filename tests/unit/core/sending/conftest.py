"""A dispatcher on a thread, over lines that live in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from gsm.memory import MemoryTransport
from gsm.transport import Transport


class Office:
    """``lines`` are the transports by address, the newest last; ``prepare`` may change each before it is opened."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.lines: dict[str, list[MemoryTransport]] = {}
        self.prepare: Callable[[MemoryTransport], None] = lambda transport: None
        self._running: list[tuple[Any, threading.Thread]] = []

    def open_transport(self, kind: str, address: str, options: Mapping[str, object]) -> Transport:
        transport = MemoryTransport(address, now=self.house.clock.now)
        self.prepare(transport)
        self.lines.setdefault(address, []).append(transport)
        return transport

    def start(self, **values: Any) -> Any:
        from console.core.sending.dispatcher import Dispatcher

        arguments: dict[str, Any] = {
            "check": lambda session, claimed, now: {},
            "pid": 1,
            "host": "here",
            "machine": "here-1",
            "find_modem": lambda address, identity: "",
            **values,
        }
        dispatcher = Dispatcher(self.house.database, self.house.clock, open_transport=self.open_transport, **arguments)
        thread = threading.Thread(target=dispatcher.run)
        thread.start()
        self._running.append((dispatcher, thread))
        return dispatcher

    def stop(self) -> None:
        for dispatcher, _ in self._running:
            dispatcher.stop()
        for _, thread in self._running:
            thread.join(30)
            assert not thread.is_alive()
        self._running.clear()

    def sent(self) -> list[str]:
        """Keys (message.part) of everything that was accepted, over all lines."""
        return [submit.key for line in self.lines.values() for transport in line for submit in transport.ledger]


def _until(condition: Callable[[], Any], timeout: float = 60) -> Any:
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        threading.Event().wait(0.01)
    return result


@pytest.fixture
def until() -> Callable[..., Any]:
    return _until


@pytest.fixture
def office(house: Any) -> Iterator[Office]:
    office = Office(house)
    yield office
    office.stop()
