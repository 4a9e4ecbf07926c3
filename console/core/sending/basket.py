"""What a line has claimed and not begun to send."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from db.outbox import Claimed


class Basket:
    """Filled by one thread, emptied by another. Once closed it takes nothing more."""

    def __init__(self, wanted: Callable[[], None]) -> None:
        self._messages: deque[Claimed] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._wanted = wanted  # called when there is room again

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, messages: Sequence[Claimed]) -> bool:
        """False when it is closed: the messages are the caller's to give back."""
        with self._changed:
            if not self._closed:
                self._messages.extend(messages)
                self._changed.notify()
            return not self._closed

    def take(self, timeout: float) -> Claimed | None:
        with self._changed:
            if not self._messages and not self._closed:
                self._changed.wait(timeout)
            message = self._messages.popleft() if self._messages and not self._closed else None
        self._wanted()
        return message

    def remove(self, which: Callable[[Claimed], bool]) -> list[int]:
        """Take out all that ``which`` chooses; their ids."""
        with self._changed:
            chosen = [message for message in self._messages if which(message)]
            self._messages = deque(message for message in self._messages if not which(message))
        return [message.message_id for message in chosen]

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def close(self) -> list[int]:
        """Ids of what was left."""
        with self._changed:
            self._closed = True
            left = [message.message_id for message in self._messages]
            self._messages.clear()
            self._changed.notify_all()
        return left
