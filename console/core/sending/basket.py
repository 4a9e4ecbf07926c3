"""What a line has claimed and not begun to send."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from db.outbox import Claimed

_LOW = 25  # messages: above, nobody need be woken to bring more
FRESH = 30.0  # seconds after which the rules have to look at a message again: it may be paid, or withdrawn, meanwhile


class Basket:
    """Filled by one thread, emptied by another. Once closed it takes nothing more.

    ``timer`` gives seconds that never run backwards.
    """

    def __init__(self, wanted: Callable[[], None], timer: Callable[[], float] = time.monotonic) -> None:
        self._held: deque[tuple[float, Claimed]] = deque()  # since when, and what
        self._changed = threading.Condition()
        self._closed = False
        self._wanted = wanted  # called when there is room again
        self._timer = timer

    def __len__(self) -> int:
        return len(self._held)

    def put(self, messages: Sequence[Claimed]) -> bool:
        """False when it is closed: the messages are the caller's to give back."""
        with self._changed:
            if not self._closed:
                now = self._timer()
                self._held.extend((now, message) for message in messages)
                self._changed.notify()
            return not self._closed

    def take(self, timeout: float) -> Claimed | None:
        with self._changed:
            if not self._held and not self._closed:
                self._changed.wait(timeout)
            message = self._held.popleft()[1] if self._held and not self._closed else None
            low = len(self._held) <= _LOW
        if low:
            self._wanted()
        return message

    def remove(self, which: Callable[[Claimed], bool]) -> list[int]:
        """Take out all that ``which`` chooses; their ids."""
        return self._remove(lambda _since, message: which(message))

    def stale(self) -> list[int]:
        """Take out what has waited here for too long; its ids."""
        oldest = self._timer() - FRESH
        return self._remove(lambda since, _message: since < oldest)

    def _remove(self, which: Callable[[float, Claimed], bool]) -> list[int]:
        with self._changed:
            chosen = [message.message_id for since, message in self._held if which(since, message)]
            self._held = deque(each for each in self._held if not which(*each))
        return chosen

    def ids(self) -> list[int]:
        with self._changed:
            return [message.message_id for _since, message in self._held]

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def close(self) -> list[int]:
        """Ids of what was left."""
        with self._changed:
            self._closed = True
            left = [message.message_id for _since, message in self._held]
            self._held.clear()
            self._changed.notify_all()
        return left
