"""When a line is in trouble: what a few failures in a row say about it."""

from __future__ import annotations

from gsm.errors import GsmError

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
    """How a line has done lately: what a few failures in a row are worth depends on whether it has just been ill."""

    def __init__(self) -> None:
        self._patience = _IN_A_ROW
        self._unclear = 0
        self._not_taken = 0
        self.parts = 0  # that left since the last fault

    def accepted(self) -> None:
        self._patience = _IN_A_ROW
        self._unclear = self._not_taken = 0
        self.parts += 1

    def unclear(self) -> LineTrouble | None:
        """A message got no answer. A modem that answers nothing would turn a whole campaign into questions."""
        self._unclear += 1
        return LineTrouble("line.silent") if self._unclear >= self._patience else None

    def not_taken(self, error: GsmError) -> LineTrouble | None:
        if error.code not in _NOT_THE_LINE:
            self._not_taken += 1
        if self._not_taken < self._patience:
            return None
        return LineTrouble("line.failing", error.code, error.retry_after)

    def fault(self) -> None:
        """From now on the first failure counts, until a message gets through."""
        self._patience = 1
        self._unclear = self._not_taken = self.parts = 0
