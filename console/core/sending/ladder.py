"""What is done about a line that fails: a ladder from the mildest step to rest, climbed until the line works again.

Pure: a state, a fault and the time give the next state and a plan. A line that has worked for a while begins at the
bottom again. Which ladder it is depends on the fault: what only a person can mend is told to a person at once, a modem
without network is given time before it is restarted, and one that has gone is looked for at other ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from console.core.format import local_time
from console.core.i18n import T, Text
from console.core.sending.causes import needs_person
from gsm.transport import RecoveryStep

WELL_AFTER = timedelta(minutes=3)  # of work without a fault
WELL_WITH = 20  # parts that left since the last fault
_LONGEST = 900.0  # seconds of rest


class Step(StrEnum):
    AGAIN = "again"
    SOFT_RESET = "soft_reset"
    RADIO_RESET = "radio_reset"
    REOPEN = "reopen"
    LOOK_ELSEWHERE = "look_elsewhere"
    QUARANTINE = "quarantine"
    PERSON = "person"


KEEPS_PORT = frozenset({Step.AGAIN, Step.SOFT_RESET, Step.RADIO_RESET})


class Kind(StrEnum):
    SILENT = "silent"  # the modem does not answer, or makes no sense
    MUTE = "mute"  # it talks, and gives no result for messages
    GONE = "gone"  # its port is not there
    TAKEN = "taken"  # another program has the port
    CRASHED = "crashed"  # the program itself had an error
    PATIENT = "patient"  # no network, busy: mostly passes by itself
    PERSON = "person"
    SETTINGS = "settings"  # of the line: no modem helps
    LOST = "lost"  # another dispatcher holds the line: nothing is wrong with it


_Rungs = tuple[tuple[Step, float], ...]  # what to do, and seconds to wait before
_RESTS = (60.0, 120.0, 300.0, 600.0, _LONGEST)
_LADDERS: Mapping[Kind, _Rungs] = {
    Kind.SILENT: (
        (Step.SOFT_RESET, 1),
        (Step.RADIO_RESET, 2),
        (Step.RADIO_RESET, 10),
        (Step.REOPEN, 5),
        (Step.LOOK_ELSEWHERE, 5),
    ),
    Kind.MUTE: ((Step.RADIO_RESET, 2), (Step.REOPEN, 30)),
    Kind.GONE: tuple((Step.LOOK_ELSEWHERE, seconds) for seconds in (1, 1, 2, 2, 5, 5, 10, 30)),
    Kind.TAKEN: tuple((Step.REOPEN, seconds) for seconds in (2, 5, 10, 30)),
    Kind.CRASHED: tuple((Step.REOPEN, seconds) for seconds in (1, 5, 30)),
    Kind.PATIENT: (
        (Step.AGAIN, 5),
        (Step.AGAIN, 15),
        (Step.SOFT_RESET, 30),
        (Step.RADIO_RESET, 30),
        (Step.REOPEN, 30),
    ),
    Kind.PERSON: tuple((Step.PERSON, seconds) for seconds in (60, 60, 120)),
    Kind.SETTINGS: ((Step.REOPEN, 10), (Step.REOPEN, 30)),
    Kind.LOST: ((Step.AGAIN, 2),),
}
_RESTART_EVERY = 3  # looks: many modems see a new SIM card only after a restart

_GONE = frozenset({"port.gone", "port.missing", "port.closed"})
_PATIENT = frozenset(
    {
        "line.failing",
        "network.none",
        "network.searching",
        "network.unknown",
        "cme.14",
        "cme.30",
        "cms.208",
        "cms.211",
        "cms.320",
        "cms.322",
        "cms.331",
    }
)
_SEEN_AFTER_RESTART = frozenset({"sim.absent", "sim.failed", "cme.10", "cme.13", "cme.15", "cms.310"})


def kind_of(code: str) -> Kind:
    """Which ladder a fault climbs; ``code`` as in console.core.sending.causes."""
    if needs_person(code) or code in ("sim.pin_wrong", "sim.failed", "cme.32"):
        return Kind.PERSON
    if code in _GONE:
        return Kind.GONE
    if code in _PATIENT:
        return Kind.PATIENT
    exact = {
        "port.busy": Kind.TAKEN,
        "line.silent": Kind.MUTE,
        "line.crashed": Kind.CRASHED,
        "line.settings": Kind.SETTINGS,
        "line.lost": Kind.LOST,
    }
    return exact.get(code, Kind.SILENT)


@dataclass(frozen=True, kw_only=True)
class Fault:
    code: str
    retry_after: float | None = None  # seconds, what the network asks for
    parts: int = 0  # that left since the line worked again


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Wait until ``at``, then take the step."""

    step: Step
    code: str
    attempt: int  # the how-manieth time for this step since the line last worked
    at: datetime
    wait: timedelta
    recovery: RecoveryStep  # what the transport is asked for
    first: bool  # the line had been well

    @property
    def keeps_port(self) -> bool:
        return self.step in KEEPS_PORT

    @property
    def looks_elsewhere(self) -> bool:
        return self.step is Step.LOOK_ELSEWHERE or (self.step is Step.QUARANTINE and kind_of(self.code) is Kind.GONE)

    def told(self) -> Text:
        """For the card and the log."""
        at, n = local_time(self.at), self.attempt
        match self.step:
            case Step.AGAIN:
                return T("Waiting for it to pass; next look at {at}. Queued messages are safe.", at=at)
            case Step.SOFT_RESET:
                return T(
                    "Setting the modem up anew (attempt {n}); next look at {at}. Queued messages are safe.", n=n, at=at
                )
            case Step.RADIO_RESET:
                return T("Restarting the modem (attempt {n}); next look at {at}. Queued messages are safe.", n=n, at=at)
            case Step.REOPEN:
                return T(
                    "Closing and opening the port (attempt {n}); next look at {at}. Queued messages are safe.",
                    n=n,
                    at=at,
                )
            case Step.LOOK_ELSEWHERE:
                return T(
                    "Looking for the modem, at other ports too (attempt {n}); next look at {at}."
                    " Queued messages are safe.",
                    n=n,
                    at=at,
                )
            case Step.QUARANTINE:
                return T(
                    "The line rests after several attempts; next look at {at}. Queued messages are safe,"
                    " and other lines go on.",
                    at=at,
                )
            case Step.PERSON:
                return T("Somebody has to help; the program looks again at {at}. Queued messages are safe.", at=at)


@dataclass(frozen=True)
class Ladder:
    """Where a line stands: how far it has climbed since it last worked."""

    rungs: Mapping[Kind, int] = field(default_factory=dict)
    steps: Mapping[Step, int] = field(default_factory=dict)
    since: datetime | None = None  # the first fault; None: it is well
    works_since: datetime | None = None  # after the last step; None: it does not

    def works(self, now: datetime) -> Ladder:
        """A step has helped, or the line was opened for the first time."""
        return replace(self, works_since=now)

    def is_over(self, now: datetime, parts: int) -> bool:
        """Whether the line has worked long enough to be called well again."""
        if self.since is None or self.works_since is None:
            return False
        return parts >= WELL_WITH or now - self.works_since >= WELL_AFTER


def climb(ladder: Ladder, fault: Fault, now: datetime) -> tuple[Ladder, Plan]:
    """The next step after ``fault``, and where the ladder stands with it."""
    if ladder.is_over(now, fault.parts):
        ladder = Ladder()
    kind = kind_of(fault.code)
    rung = ladder.rungs.get(kind, 0)
    step, seconds = _rung(kind, rung)
    if fault.code == "line.failing":
        seconds = max(seconds, min(fault.retry_after or 0.0, _LONGEST))
    wait = timedelta(seconds=seconds)
    plan = Plan(
        step=step,
        code=fault.code,
        attempt=ladder.steps.get(step, 0) + 1,
        at=now + wait,
        wait=wait,
        recovery=_recovery(step, fault.code, rung),
        first=ladder.since is None,
    )
    risen = Ladder(rungs=_one_more(ladder.rungs, kind), steps=_one_more(ladder.steps, step), since=ladder.since or now)
    return risen, plan


def _rung(kind: Kind, rung: int) -> tuple[Step, float]:
    rungs = _LADDERS[kind]
    if rung < len(rungs):
        return rungs[rung]
    if kind is Kind.LOST:
        return rungs[-1]
    rest = _RESTS[min(rung - len(rungs), len(_RESTS) - 1)]
    return (Step.PERSON, max(rest, rungs[-1][1])) if kind is Kind.PERSON else (Step.QUARANTINE, rest)


def _recovery(step: Step, code: str, rung: int) -> RecoveryStep:
    match step:
        case Step.AGAIN:
            return RecoveryStep.RESYNC
        case Step.SOFT_RESET:
            return RecoveryStep.SOFT_RESET
        case Step.RADIO_RESET:
            return RecoveryStep.RADIO_RESET
        case Step.QUARANTINE if kind_of(code) in (Kind.SILENT, Kind.MUTE, Kind.PATIENT):
            return RecoveryStep.RADIO_RESET
        case Step.PERSON if code in _SEEN_AFTER_RESTART and rung % _RESTART_EVERY == _RESTART_EVERY - 1:
            return RecoveryStep.RADIO_RESET
        case _:
            return RecoveryStep.REOPEN


_K = TypeVar("_K")


def _one_more(counts: Mapping[_K, int], key: _K) -> Mapping[_K, int]:
    return {**counts, key: counts.get(key, 0) + 1}
