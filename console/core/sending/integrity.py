"""Keyed digests: what a checker approved is what leaves, or nothing leaves.

Each message carries an HMAC over the fields that decide who reads what; the batch carries one digest over all of them
and over when, by which route and as which class they go. The key (``database.secret("message")``) lies in the
database, so that a row edited by other means than the program is seen before it is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterable
from datetime import UTC, datetime

_LENGTH = struct.Struct(">I").pack
SECRET_NAME = "message"  # noqa: S105 - the name of a row, not a secret


def message_digest(secret: bytes, batch_id: int, recipient: str, phone: str, body: str) -> str:
    """HMAC-SHA256 in hex over batch, recipient, phone and body; each field is preceded by its length."""
    return hmac.digest(secret, framed(str(batch_id), recipient, phone, body), "sha256").hex()


def digest_fits(secret: bytes, digest: str, batch_id: int, recipient: str, phone: str, body: str) -> bool:
    return hmac.compare_digest(digest, message_digest(secret, batch_id, recipient, phone, body))


class BatchDigest:
    """SHA-256 over the message digests in order of their ids, then class, schedule and route."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._messages = 0

    def add(self, digest: str) -> None:
        self._hash.update(bytes.fromhex(digest))
        self._messages += 1

    def extend(self, digests: Iterable[str]) -> None:
        whole = bytes.fromhex("".join(digests))
        self._hash.update(whole)
        self._messages += len(whole) // 32

    def finish(
        self,
        *,
        class_key: str,
        not_before: datetime | None,
        expires_at: datetime | None,
        line_id: int | None,
        hold_out: str = "",
        schedule: str = "",
        words: str = "",
    ) -> str:
        """64 hex digits. May be called again after more messages were added.

        ``hold_out``: ``holdout.signed``; ``schedule``: ``campaigns.schedule.signed``; ``words``: ``second.signed``.
        """
        whole = self._hash.copy()
        route = "" if line_id is None else str(line_id)
        whole.update(framed(str(self._messages), class_key, _instant(not_before), _instant(expires_at), route))
        if hold_out:
            whole.update(framed("hold_out", hold_out))
        if schedule:
            whole.update(framed("schedule", schedule))
        if words:
            whole.update(framed("words", words))
        return whole.hexdigest()


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def framed(*fields: str) -> bytes:
    framed: list[bytes] = []
    for field in fields:
        encoded = field.encode("utf-8")
        framed += (_LENGTH(len(encoded)), encoded)
    return b"".join(framed)
