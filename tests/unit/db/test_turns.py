"""The order in which threads may write."""

from __future__ import annotations

import threading

import pytest

from db.errors import DatabaseBusy
from db.turns import Turns


def test_a_thread_that_comes_back_at_once_waits_behind_those_that_were_there() -> None:
    turns = Turns(10)
    done = threading.Event()
    greedy = 0

    def hammer() -> None:
        nonlocal greedy
        while not done.is_set():
            with turns.turn():
                greedy += 1

    thread = threading.Thread(target=hammer)
    thread.start()
    try:
        for _ in range(1000):
            with turns.turn():
                before = greedy
            with turns.turn():
                assert greedy <= before + 1  # at most the one that was already waiting
    finally:
        done.set()
        thread.join()


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
