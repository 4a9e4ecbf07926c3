from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from console.core.sending.integrity import BatchDigest, digest_fits, message_digest

SECRET = b"s" * 32
ROW = (7, "13800138000:12", "13800138000", "【示例银行】您好")


def test_the_digest_is_64_hex_digits_and_repeats() -> None:
    digest = message_digest(SECRET, *ROW)
    assert len(bytes.fromhex(digest)) == 32
    assert digest_fits(SECRET, digest, *ROW)


@pytest.mark.parametrize("place", range(4))
def test_every_field_counts(place: int) -> None:
    changed: list[object] = list(ROW)
    changed[place] = 8 if place == 0 else f"{ROW[place]}0"
    assert not digest_fits(SECRET, message_digest(SECRET, *ROW), *changed)  # type: ignore[arg-type]


def test_text_cannot_move_from_one_field_to_the_next() -> None:
    assert message_digest(SECRET, 1, "12", "3", "x") != message_digest(SECRET, 1, "1", "23", "x")


def test_another_key_gives_another_digest() -> None:
    assert message_digest(SECRET, *ROW) != message_digest(b"t" * 32, *ROW)


def _batch(digests: list[str], **changes: object) -> str:
    batch = BatchDigest()
    batch.extend(digests)
    schedule = {"class_key": "due", "not_before": None, "expires_at": None, "line_id": None, **changes}
    return batch.finish(**schedule)  # type: ignore[arg-type]


def test_a_batch_digest_covers_order_schedule_route_and_class() -> None:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    one, two = "aa" * 32, "bb" * 32
    whole = _batch([one, two])
    others = [
        _batch([two, one]),
        _batch([one]),
        _batch([one, two], class_key="overdue"),
        _batch([one, two], not_before=at),
        _batch([one, two], expires_at=at),
        _batch([one, two], line_id=1),
    ]
    assert len({whole, *others}) == 7


def test_the_same_instant_in_another_zone_is_the_same() -> None:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert _batch([], not_before=at) == _batch([], not_before=at.astimezone(timezone(timedelta(hours=8))))
