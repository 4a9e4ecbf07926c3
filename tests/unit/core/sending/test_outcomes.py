from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.core.i18n import Text
from console.core.sending.outcomes import Retries, Tried, judge, lost_sight, not_sent
from console.core.sending.trouble import Record
from db.models import BatchKind, MessageState, PartState
from db.outbox import Claimed
from gsm.errors import LineUnavailable, NotSent, OutcomeUnknown, Refused, StoreFull

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RETRIES = Retries(max_attempts=3, first_wait=timedelta(seconds=60))


def tried(*, attempts: int = 0, sequence: int = 1, total: int = 1) -> Tried:
    message = Claimed(
        message_id=1,
        batch_id=1,
        kind=BatchKind.CAMPAIGN,
        class_key="due",
        customer_id=None,
        loan_id=None,
        phone="13800138000",
        recipient="13800138000",
        body="x",
        parts=total,
        digest="",
        attempts=attempts,
    )
    return Tried(run="run-1", message=message, part_id=7, sequence=sequence, total=total)


def test_proof_that_nothing_left_waits_and_doubles_the_wait() -> None:
    first = judge(tried(), NotSent("cms.42"), RETRIES, NOW)
    assert (first.message_state, first.part_state, first.reason) == (
        MessageState.WAITING,
        PartState.NOT_SENT,
        "cms.42",
    )
    assert first.not_before == NOW + timedelta(seconds=60)
    assert judge(tried(attempts=1), NotSent("cms.42"), RETRIES, NOW).not_before == NOW + timedelta(seconds=120)


def test_the_network_may_ask_for_a_longer_wait() -> None:
    assert judge(tried(), NotSent("cms.38", retry_after=300), RETRIES, NOW).not_before == NOW + timedelta(seconds=300)


def test_after_the_last_attempt_it_is_given_up() -> None:
    given_up = judge(tried(attempts=2), NotSent("cms.42"), RETRIES, NOW)
    assert given_up.message_state is MessageState.REFUSED
    assert "3 attempts" in str(Text.load(given_up.reason_text))


@pytest.mark.parametrize("error", [LineUnavailable("port.gone"), StoreFull("cms.322")])
def test_a_fault_of_the_line_is_not_held_against_the_message(error: Any) -> None:
    failure = judge(tried(attempts=9), error, RETRIES, NOW)
    assert (failure.message_state, failure.counts, failure.not_before) == (MessageState.WAITING, False, None)


def test_refused_is_final_and_unknown_is_for_a_person() -> None:
    refused = judge(tried(), Refused("cms.1"), RETRIES, NOW)
    unknown = judge(tried(), OutcomeUnknown("at.timeout"), RETRIES, NOW)
    assert (refused.message_state, refused.part_state) == (MessageState.REFUSED, PartState.REFUSED)
    assert (unknown.message_state, unknown.part_state) == (MessageState.UNKNOWN, PartState.UNKNOWN)


def test_a_message_of_which_a_part_left_is_never_sent_again_as_a_whole() -> None:
    for failure in (
        judge(tried(sequence=2, total=3), NotSent("cms.42"), RETRIES, NOW),
        judge(tried(sequence=2, total=3), LineUnavailable("port.gone"), RETRIES, NOW),
        not_sent(tried(sequence=2, total=3), "database.busy", NOW),
    ):
        assert (failure.message_state, failure.reason) == (MessageState.UNKNOWN, "parts.left")
        assert "1 of 3 parts left" in str(Text.load(failure.reason_text))


def test_what_the_program_lost_sight_of_is_unknown() -> None:
    assert lost_sight(tried(), "line.crashed", NOW).message_state is MessageState.UNKNOWN
    assert not_sent(tried(), "database.busy", NOW).message_state is MessageState.WAITING


# Troubles of a line


def test_a_line_that_answers_nothing_is_in_trouble_at_the_third_time_and_then_at_the_first() -> None:
    record = Record()
    assert record.unclear() is None
    assert record.unclear() is None
    trouble = record.unclear()
    assert trouble is not None
    assert trouble.code == "line.silent"
    record.fault()
    assert record.unclear() is not None
    record.accepted()
    assert record.unclear() is None


def test_a_busy_reference_is_not_the_lines_fault() -> None:
    record = Record()
    assert all(record.not_taken(NotSent("reference.busy")) is None for _ in range(9))
