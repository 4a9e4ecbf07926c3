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
        self._since_last = 0  # messages without a result since the last acceptance
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
        if self._last is not None:
            self._since_last += 1
            self._doubtful[(self._last + self._since_last) % 256] = self._monotonic()

    def is_late(self, reference: int) -> bool:
        """Whether this is the result of an earlier message that was left without one."""
        since = self._doubtful.get(reference)
        if since is None or reference == self.expected or self._monotonic() - since > _LATE_SECONDS:
            return False
        del self._doubtful[reference]
        return True

    def restarted(self) -> None:
        """The device may count anew from anywhere."""
        self._last = None
        self._since_last = 0
        self._doubtful.clear()

    def accepted(self, reference: int, recipient: str, *, report: bool) -> None:
        self._last = reference
        self._since_last = 0
        if report:
            self._waiting[reference, recipient[-_TAIL:]] = self._monotonic()

    def reported(self, reference: int, recipient: str) -> None:
        self._waiting.pop((reference, recipient[-_TAIL:]), None)
