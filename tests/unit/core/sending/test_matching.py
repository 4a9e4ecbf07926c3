from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.core.sending.matching import Found, Repeated, match
from db.models import PartState
from db.outbox_receipts import Candidate, StoredReceipt, Twin

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def receipt(**values: Any) -> StoredReceipt:
    defaults: dict[str, Any] = {
        "receipt_id": 1,
        "line_id": 1,
        "sender_identity": "460001",
        "reference": "7",
        "recipient": "+8613800138000",
        "outcome": "delivered",
        "status": "00",
        "sent_at": NOON,
        "done_at": NOON,
        "received_at": NOON + 5 * SECOND,
        "raw": "07",
    }
    return StoredReceipt(**{**defaults, **values})


def part(part_id: int = 1, **values: Any) -> Candidate:
    defaults: dict[str, Any] = {
        "message_id": part_id,
        "line_id": 1,
        "sender_identity": "460001",
        "reference": "7",
        "phone": "13800138000",
        "state": PartState.ACCEPTED,
        "sending_at": NOON,
        "accepted_at": NOON,
    }
    return Candidate(part_id=part_id, **{**defaults, **values})


def found(result: object) -> int | None:
    return result.part.part_id if isinstance(result, Found) else None


def test_card_reference_number_and_time_agree() -> None:
    assert found(match(receipt(), [], [part()])) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "8"},
        {"recipient": "+8613800138001"},
        {"sender_identity": "460002"},
        {"received_at": NOON - timedelta(minutes=6)},
        {"received_at": NOON + timedelta(days=8)},
        {"sent_at": NOON - timedelta(hours=16)},
    ],
    ids=str,
)
def test_one_that_differs_does_not_match(change: dict[str, Any]) -> None:
    assert match(receipt(**change), [], [part()]) is None


@pytest.mark.parametrize("recipient", ["13800138000", "008613800138000", "+86 138 0013 8000", "813800138000"])
def test_centres_write_a_number_in_many_ways(recipient: str) -> None:
    assert found(match(receipt(recipient=recipient), [], [part()])) == 1


def test_a_short_code_matches_only_as_a_whole() -> None:
    assert found(match(receipt(recipient="10086"), [], [part(phone="10086")])) == 1
    assert match(receipt(recipient="10086"), [], [part(phone="110086")]) is None


def test_a_card_that_moved_to_another_line_is_the_same_card() -> None:
    assert found(match(receipt(line_id=2), [], [part()])) == 1
    assert match(receipt(line_id=2, sender_identity=""), [], [part(sender_identity="")]) is None


def test_a_wrong_time_zone_of_the_centre_is_forgiven() -> None:
    assert found(match(receipt(sent_at=NOON - timedelta(hours=8)), [], [part()])) == 1


def test_over_the_wrap_the_time_of_submission_decides() -> None:
    parts = [part(n, sending_at=NOON + n * 60 * SECOND, accepted_at=NOON + n * 60 * SECOND) for n in range(4)]
    for n in range(4):
        sent_at = NOON + n * 60 * SECOND + 2 * SECOND
        report = receipt(sent_at=sent_at, received_at=NOON + timedelta(hours=1))
        assert found(match(report, [], parts)) == n


def test_the_same_submission_again_is_a_repetition() -> None:
    twin = Twin(part_id=9, sender_identity="460001", reference="7", recipient="+8613800138000", sent_at=NOON, raw="x")
    assert match(receipt(), [twin], [part()]) == Repeated(9)
    assert found(match(receipt(sent_at=NOON + SECOND), [twin], [part()])) == 1


def test_without_a_time_only_the_same_bytes_repeat() -> None:
    twin = Twin(part_id=9, sender_identity="460001", reference="7", recipient="+8613800138000", sent_at=None, raw="07")
    assert match(receipt(sent_at=None), [twin], [part()]) == Repeated(9)
    assert found(match(receipt(sent_at=None, raw="08"), [twin], [part()])) == 1


def nameless(part_id: int = 1, **values: Any) -> Candidate:
    return part(part_id, **{"reference": "", "state": PartState.UNKNOWN, "accepted_at": None, **values})


def test_the_only_unknown_part_that_fits_is_resolved() -> None:
    assert found(match(receipt(), [], [nameless()])) == 1


@pytest.mark.parametrize(
    "parts",
    [
        [nameless(1), nameless(2)],
        [nameless(1), nameless(2, state=PartState.SENDING)],
        [nameless(1, sending_at=NOON - timedelta(minutes=11))],
        [nameless(1, phone="13800138001")],
    ],
    ids=["two fit", "one is just being sent", "too long ago", "another number"],
)
def test_an_unknown_part_is_never_guessed(parts: list[Candidate]) -> None:
    assert match(receipt(), [], parts) is None


def test_an_unknown_part_needs_the_time_of_submission() -> None:
    assert match(receipt(sent_at=None), [], [nameless()]) is None


def test_a_part_with_the_reference_goes_before_one_without() -> None:
    assert found(match(receipt(), [], [nameless(1), part(2)])) == 2
