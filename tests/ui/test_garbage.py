from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from console.core.quiet import collector_paused
from console.shell.garbage import SHARE, Garbage


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


def test_nobody_waits_for_a_collection_during_an_import(garbage: Garbage, collected_in: list[threading.Thread]) -> None:
    _cycles(10_000)
    with collector_paused():
        garbage.look()
        assert not collected_in
    garbage.look()
    assert collected_in


def test_full_collections_take_a_small_share_of_the_time(garbage: Garbage, monkeypatch: pytest.MonkeyPatch) -> None:
    now, full = [0.0], [0]

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            now[0] += 1.0  # so long it took
            full[0] += 1

    def work() -> None:
        """So much that a full one would be due twice."""
        for _ in range(2 * (thresholds[1] + 1) * (thresholds[2] + 1)):
            _cycles(thresholds[0] + 1)
            garbage.look()

    monkeypatch.setattr(garbage, "_full_after", 0.0)
    monkeypatch.setattr("console.shell.garbage.time", SimpleNamespace(monotonic=lambda: now[0]))
    thresholds = gc.get_threshold()
    gc.callbacks.append(note)
    try:
        work()
        assert full == [1]
        now[0] += 1.0 / SHARE
        work()
        assert full == [2]
    finally:
        gc.callbacks.remove(note)
