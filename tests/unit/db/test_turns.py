"""The order in which threads may write."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from db.errors import DatabaseBusy
from db.turns import Turns


def _waits(turns: Turns, number: int) -> bool:
    return len(turns._queue) == number


def _until(condition: Callable[[], bool]) -> None:
    tick = threading.Event()
    while not condition():
        tick.wait(0.001)


def test_turns_are_given_in_the_order_they_were_asked_for() -> None:
    turns = Turns(60)
    had: list[int] = []

    def write(number: int) -> None:
        with turns.turn():
            had.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    with turns.turn():
        for place, thread in enumerate(threads):
            thread.start()
            _until(lambda place=place: _waits(turns, place + 2))  # type: ignore[misc]
    with turns.turn():  # asked for at once, and yet after all who were there
        had.append(99)
    for thread in threads:
        thread.join()
    assert had == [0, 1, 2, 3, 4, 99]


def test_a_turn_that_does_not_come_is_busy_and_leaves_no_trace() -> None:
    turns = Turns(0.01)
    told: list[Exception] = []

    def late() -> None:
        try:
            with turns.turn():
                pass
        except DatabaseBusy as error:
            told.append(error)

    with turns.turn():
        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
    assert len(told) == 1
    with turns.turn():
        pass


def test_an_error_gives_the_turn_on() -> None:
    turns = Turns(0.01)
    with pytest.raises(ZeroDivisionError), turns.turn():
        _ = 1 / 0
    with turns.turn():
        pass
