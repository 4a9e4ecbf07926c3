"""When a line is in trouble, and how long it is left alone."""

from __future__ import annotations

from datetime import timedelta

from console.core.sending.causes import needs_person
from gsm.errors import GsmError

_PAUSES = (1, 2, 5, 10, 30, 60, 120, 300)  # seconds, one after the other until a message gets through
_FOR_A_PERSON = 60  # at least, where only a person can help
_IN_A_ROW = 3
_NOT_THE_LINE = frozenset({"reference.busy"})


class LineTrouble(Exception):
    """The line cannot go on now; ``code`` as in console.core.sending.causes."""

    def __init__(self, code: str, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.retry_after = retry_after

    @staticmethod
    def of(error: GsmError) -> LineTrouble:
        return LineTrouble(error.code, error.detail, error.retry_after)


class Record:
    """How a line has done lately: what a few failures in a row are worth depends on whether it ever worked."""

    def __init__(self) -> None:
        self._patience = _IN_A_ROW
        self._unclear = 0
        self._not_taken = 0
        self._faults = 0

    def accepted(self) -> None:
        self._patience = _IN_A_ROW
        self._unclear = self._not_taken = self._faults = 0

    def unclear(self) -> LineTrouble | None:
        """A message got no answer. A modem that answers nothing would turn a whole campaign into questions."""
        self._unclear += 1
        return LineTrouble("line.silent") if self._unclear >= self._patience else None

    def not_taken(self, error: GsmError) -> LineTrouble | None:
        if error.code not in _NOT_THE_LINE:
            self._not_taken += 1
        return LineTrouble("line.failing", error.code, error.retry_after) if self.failing else None

    @property
    def failing(self) -> bool:
        return self._not_taken >= self._patience

    def fault(self, trouble: LineTrouble) -> timedelta:
        """How long to leave the line alone now."""
        pause: float = _PAUSES[min(self._faults, len(_PAUSES) - 1)]
        self._faults += 1
        self._patience = 1
        self._unclear = self._not_taken = 0
        if needs_person(trouble.code):
            pause = max(pause, _FOR_A_PERSON)
        return timedelta(seconds=max(pause, min(trouble.retry_after or 0, _PAUSES[-1])))
