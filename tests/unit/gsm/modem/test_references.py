"""Which references are in flight, and which answers are late."""

from __future__ import annotations

import pytest

from gsm.errors import NotSent
from gsm.modem.references import References


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_same_pair_is_not_used_twice() -> None:
    clock = Clock()
    references = References(clock)
    references.check("+8613800138000")
    for number in range(256):
        references.accepted(number, "+8613800138000", report=True)
    with pytest.raises(NotSent) as busy:
        references.check("13800138000")  # the same number, written without its country
    assert busy.value.retry_after
    references.check("+8613800138001")
    references.reported(0, "13800138000")
    references.check("+8613800138000")


def test_messages_without_report_do_not_wait() -> None:
    references = References(Clock())
    for number in range(256):
        references.accepted(number, "10086", report=False)
    references.check("10086")


def test_a_report_that_never_comes_is_forgotten_after_a_day() -> None:
    clock = Clock()
    references = References(clock)
    for number in range(256):
        references.accepted(number, "10086", report=True)
    clock.now = 24 * 3600
    references.check("10086")


def test_a_late_result_is_known_by_its_reference() -> None:
    references = References(Clock())
    references.accepted(9, "a", report=True)
    references.unanswered()  # took 10, or did not
    references.unanswered()  # took 11, or 10, or did not
    assert not references.is_late(10)  # may well be the next message's
    references.accepted(12, "b", report=True)
    assert references.is_late(11)
    assert not references.is_late(11)  # once
    assert not references.is_late(13)


def test_doubts_end() -> None:
    clock = Clock()
    references = References(clock)
    references.accepted(9, "a", report=True)
    references.unanswered()
    references.accepted(11, "b", report=True)
    clock.now = 601
    assert not references.is_late(10)


def test_nothing_is_foretold_after_a_restart() -> None:
    references = References(Clock())
    references.accepted(9, "a", report=True)
    references.restarted()
    assert references.expected is None
    references.unanswered()
    assert not references.is_late(10)


def test_a_result_is_ours_only_when_it_cannot_be_an_older_ones() -> None:
    references = References(Clock())
    references.accepted(254, "a", report=True)
    assert references.is_ours(255, 1)
    references.unanswered()
    assert not references.is_ours(255, 1)
    assert references.is_ours(255, 2)  # two results: the older one was an error
    assert references.is_ours(0, 1)  # counted on by both
    references.nobodys(255)
    assert references.is_ours(0, 1)


def test_an_error_may_be_an_older_ones_as_well() -> None:
    references = References(Clock())
    references.accepted(9, "a", report=True)
    references.unanswered()
    assert not references.is_ours(-1, 1)
    references.nobodys(-1)
    assert not references.is_ours(11, 1)
    assert references.is_ours(12, 1)


def test_whose_a_late_result_is() -> None:
    references = References(Clock())
    references.accepted(9, "a", report=True)
    references.unanswered()
    references.unanswered()
    assert not references.came_late(10)  # of either
    references.unanswered()
    assert references.came_late(12)


def test_what_was_owed_before_the_line_was_opened() -> None:
    clock = Clock()
    references = References(clock)
    references.remember(9, 1)
    assert not references.is_ours(10, 1)
    assert references.is_ours(11, 1)
    clock.now = 601
    assert references.is_ours(10, 1)
