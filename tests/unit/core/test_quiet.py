from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from console.core.quiet import collector_paused, is_collector_paused


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    before = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if before else gc.disable)()


def test_the_collector_rests_and_returns() -> None:
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
        assert is_collector_paused()
    assert gc.isenabled()
    assert not is_collector_paused()


def test_two_threads_that_overlap_leave_it_as_it_was() -> None:
    inside, leave = threading.Event(), threading.Event()

    def second() -> None:
        with collector_paused():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=second)
    with collector_paused():
        thread.start()
        inside.wait()
    assert not gc.isenabled()  # the second one is still at work
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_who_had_it_switched_off_finds_it_so() -> None:
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()
