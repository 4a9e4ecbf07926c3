"""What can go wrong on the air, and what each failure proves about the message.

    GsmError                     outcome     scope
    ├── NotSent                  not_sent    message   proof that nothing left; may be tried again later
    │   └── StoreFull            not_sent    line      a full store refused it; purge, then again
    ├── Refused                  refused     message   permanent for this message (bad number, barred)
    ├── OutcomeUnknown           unknown     message   it may have left; never re-sent by the program
    └── LineFault                not_sent    line      this line can not send now
        ├── LineUnavailable      not_sent    line      port gone, device silent, cannot be opened
        ├── SimFault             not_sent    line      no SIM, PIN, PUK, SIM failure
        └── NotRegistered        not_sent    line      no network, roaming refused

``code`` is a stable machine-readable cause (``cms.38``, ``cme.10``, ``at.timeout``, ``port.gone``); the house keeps
the texts that people read. ``retry_after`` is a hint in seconds, None where a retry is pointless or not ours to take.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Scope(StrEnum):
    MESSAGE = "message"
    LINE = "line"


class GsmError(Exception):
    outcome: ClassVar[Outcome] = Outcome.UNKNOWN
    scope: ClassVar[Scope] = Scope.MESSAGE

    def __init__(self, code: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


class NotSent(GsmError):
    outcome = Outcome.NOT_SENT


class StoreFull(NotSent):
    scope = Scope.LINE


class Refused(GsmError):
    outcome = Outcome.REFUSED


class OutcomeUnknown(GsmError):
    outcome = Outcome.UNKNOWN


class LineFault(GsmError):
    outcome = Outcome.NOT_SENT
    scope = Scope.LINE


class LineUnavailable(LineFault):
    pass


class SimFault(LineFault):
    pass


class NotRegistered(LineFault):
    pass
