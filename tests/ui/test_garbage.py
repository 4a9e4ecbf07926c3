from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from console.shell.garbage import Garbage


@pytest.fixture
def collected_in() -> Iterator[list[threading.Thread]]:
    threads: list[threading.Thread] = []

    def note(phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            threads.append(threading.current_thread())

    gc.callbacks.append(note)
    yield threads
    gc.callbacks.remove(note)


def _cycles(number: int) -> None:
    for _ in range(number):
        cycle: list[object] = []
        cycle.append(cycle)


def test_a_worker_never_collects(garbage: Garbage, qtbot: QtBot, collected_in: list[threading.Thread]) -> None:
    worker = threading.Thread(target=_cycles, args=(100_000,))
    worker.start()
    worker.join()
    assert worker not in collected_in
    qtbot.waitUntil(lambda: bool(collected_in))
    assert set(collected_in) == {threading.main_thread()}


def test_what_is_due_is_collected_at_a_look(garbage: Garbage) -> None:
    _cycles(10_000)
    garbage.look()
    assert gc.get_count()[0] < 10_000
