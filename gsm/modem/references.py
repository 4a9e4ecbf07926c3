"""Which references are still waiting for their report, so that none is used twice for one recipient."""

from __future__ import annotations

import time
from collections.abc import Callable

from gsm.errors import NotSent

_TAIL = 9
_FORGET_SECONDS = 24 * 3600.0
_LATE_SECONDS = 600.0
_RETRY_SECONDS = 10.0


class References:
    """TP-MR counts 0..255 on the SIM; the modem takes the next one by itself, so it is foretold here."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: int | None = None
        self._owed: list[float] = []  # since when each message without a result since the last acceptance has none
        self._doubtful: dict[int, float] = {}
        self._waiting: dict[tuple[int, str], float] = {}

    def check(self, recipient: str) -> None:
        """Raises NotSent when the next reference still waits for a report from the same recipient."""
        if self.expected is None:
            return
        key = (self.expected, recipient[-_TAIL:])
        since = self._waiting.get(key)
        if since is not None and self._monotonic() - since < _FORGET_SECONDS:
            raise NotSent("reference.busy", retry_after=_RETRY_SECONDS)

    @property
    def expected(self) -> int | None:
        """The next reference, unless a message without a result has taken it; None: not known yet."""
        return None if self._last is None else (self._last + 1) % 256

    def unanswered(self) -> None:
        """A message was left without a result: it may have taken the next reference, and tell so late."""
        self._owed.append(self._monotonic())
        if self._last is not None:
            self._doubtful[(self._last + len(self._owed)) % 256] = self._monotonic()

    def remember(self, last: int | None, owed: int) -> None:
        """What is known from before this line was opened."""
        self._last = last
        for _ in range(owed):
            self.unanswered()

    def is_late(self, reference: int) -> bool:
        """Whether this is the result of an earlier message that was left without one."""
        since = self._doubtful.get(reference)
        if since is None or self._may_be_taken_now(reference) or self._monotonic() - since > _LATE_SECONDS:
            return False
        del self._doubtful[reference]
        return True

    def _may_be_taken_now(self, reference: int) -> bool:
        return self._last is not None and 1 <= (reference - self._last) % 256 <= len(self._owed) + 1

    def is_ours(self, reference: int, results: int) -> bool:
        """Whether the last of ``results`` that came since a message was written is its own, beyond doubt.

        References count up by one: only when all that are owed a result took one each is the last of them ours.
        """
        owed = self._still_owed()
        if owed < results:
            return True
        return self._last is not None and reference == (self._last + owed + 1) % 256

    def nobodys(self, reference: int) -> None:
        """A result that may be that of the message just written or of one before; -1: an error."""
        if reference < 0:
            self.unanswered()
            return
        self._last = reference
        self._owed.clear()

    def came_late(self, reference: int) -> bool:
        """A result that nobody waits for; whether it is that of the last message without one, beyond doubt."""
        owed = self._still_owed()
        certain = owed == 1 or (self._last is not None and reference == (self._last + max(owed, 1)) % 256)
        self._doubtful.pop(reference, None)
        self._last = reference
        self._owed = [] if certain else self._owed[1:]
        return certain

    def _still_owed(self) -> int:
        """All of them, as long as one is young enough: references count on through those that are not."""
        young = self._owed and self._monotonic() - self._owed[-1] <= _LATE_SECONDS
        return len(self._owed) if young else 0

    def restarted(self) -> None:
        """The device has forgotten what it owed, and may count anew from anywhere."""
        self._last = None
        self._owed.clear()
        self._doubtful.clear()

    def accepted(self, reference: int, recipient: str, *, report: bool) -> None:
        self._last = reference
        self._owed.clear()
        if report:
            self._waiting[reference, recipient[-_TAIL:]] = self._monotonic()

    def reported(self, reference: int, recipient: str) -> None:
        self._waiting.pop((reference, recipient[-_TAIL:]), None)
