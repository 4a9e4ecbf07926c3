"""Which references are still waiting for their report, so that none is used twice for one recipient."""

from __future__ import annotations

import time
from collections.abc import Callable

from gsm.errors import NotSent

_TAIL = 9
_FORGET_SECONDS = 24 * 3600.0
_RETRY_SECONDS = 10.0


class References:
    """TP-MR counts 0..255 on the SIM; the modem takes the next one by itself, so it is foretold here."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: int | None = None
        self._waiting: dict[tuple[int, str], float] = {}

    def check(self, recipient: str) -> None:
        """Raises NotSent when the next reference still waits for a report from the same recipient."""
        if self._last is None:
            return
        key = ((self._last + 1) % 256, recipient[-_TAIL:])
        since = self._waiting.get(key)
        if since is not None and self._monotonic() - since < _FORGET_SECONDS:
            raise NotSent("reference.busy", retry_after=_RETRY_SECONDS)

    def accepted(self, reference: int, recipient: str, *, report: bool) -> None:
        self._last = reference
        if report:
            self._waiting[reference, recipient[-_TAIL:]] = self._monotonic()

    def reported(self, reference: int, recipient: str) -> None:
        self._waiting.pop((reference, recipient[-_TAIL:]), None)
