"""One sentence about a line and one about what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from console.core.i18n import T, Text
from console.core.sending.causes import explain
from db.models import LineState
from gsm.messages import Registration, SimState

E_ = TypeVar("E_", bound=StrEnum)
STALE = timedelta(minutes=5)  # health older than this says nothing about now
WEAK_BARS = 1
NEARLY_FULL = 0.8  # of the modem's message store


class Level(StrEnum):
    """The names of the state badges."""

    READY = "ready"
    WARN = "warn"
    FAULT = "fault"
    STOPPED = "stopped"
    STARTING = "starting"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    level: Level
    text: Text
    advice: Text = field(default_factory=lambda: Text(""))
    doing: Text = field(default_factory=lambda: Text(""))  # what the program does about it
    code: str = ""  # for support


@dataclass(frozen=True, kw_only=True)
class Health:
    """What the modem last said about itself; empty where it said nothing."""

    at: datetime | None = None
    bars: int | None = None  # 0..5
    signal_dbm: int | None = None
    operator: str = ""
    technology: str = ""
    registration: Registration = Registration.UNKNOWN
    sim: SimState = SimState.UNKNOWN
    smsc: str = ""
    store_used: int | None = None
    store_total: int | None = None
    numbers: tuple[str, ...] = ()  # the SIM's own

    @staticmethod
    def of(stored: Mapping[str, object], at: datetime | None) -> Health:
        """From the stored record of ``gsm.messages.LineHealth``; what is missing or odd stays empty."""
        if not stored:
            return Health(at=at)
        dbm = _number(stored, "signal_dbm")
        return Health(
            at=at,
            bars=_number(stored, "bars") if dbm is not None else None,
            signal_dbm=dbm,
            operator=_word(stored, "operator"),
            technology=_word(stored, "technology"),
            registration=_one_of(Registration, stored.get("registration"), Registration.UNKNOWN),
            sim=_one_of(SimState, stored.get("sim"), SimState.UNKNOWN),
            smsc=_word(stored, "smsc"),
            store_used=_number(stored, "store_used"),
            store_total=_number(stored, "store_total"),
            numbers=_words(stored, "numbers"),
        )


def _number(stored: Mapping[str, object], key: str) -> int | None:
    value = stored.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _word(stored: Mapping[str, object], key: str) -> str:
    value = stored.get(key)
    return value if isinstance(value, str) else ""


def _words(stored: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = stored.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def _one_of(kind: type[E_], value: object, otherwise: E_) -> E_:
    return kind(value) if isinstance(value, str) and value in kind._value2member_map_ else otherwise


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a diagnosis looks at."""

    enabled: bool
    state: LineState
    fault: str  # code as in gsm.errors
    fault_text: Text
    health: Health
    sent_today: int  # parts
    daily_quota: int | None
    served: bool  # a dispatcher is running
    stopped: bool  # the global stop is on
    twin: str = ""  # the other line that has the same modem or SIM card
    step_text: Text = field(default_factory=lambda: Text(""))  # what the program does about the fault


def diagnose(facts: Facts, now: datetime) -> Diagnosis:
    """The most important finding."""
    return findings(facts, now)[0]


def findings(facts: Facts, now: datetime) -> list[Diagnosis]:
    """The most important first: what a person has to do something about, then what may turn into it."""
    state = _by_state(facts)
    return [state] if state is not None else list(_by_health(facts, now)) or [_fine(facts)]


def _by_state(facts: Facts) -> Diagnosis | None:
    if not facts.enabled:
        return Diagnosis(
            level=Level.OFF, text=T("This line is switched off."), advice=T("Switch it on to send over it.")
        )
    if facts.state in (LineState.FAULT, LineState.STOPPED):
        return _fault(facts)
    if facts.state is LineState.STARTING:
        return Diagnosis(
            level=Level.STARTING, text=T("The modem is being made ready."), advice=T("This takes up to a minute.")
        )
    if facts.state is LineState.OFF and not facts.served:
        return Diagnosis(
            level=Level.OFF,
            text=T("Sending is not running, so the modem is not being watched."),
            advice=T("Start sending below, in the status bar."),
        )
    if facts.state is LineState.OFF:
        return Diagnosis(
            level=Level.STARTING, text=T("The line is about to be opened."), advice=T("This takes a few seconds.")
        )
    return None


def _fault(facts: Facts) -> Diagnosis:
    cause = explain(facts.fault)
    stopped = facts.state is LineState.STOPPED
    advice = cause.advice
    told = facts.fault_text if facts.fault_text.source else cause.text
    return Diagnosis(
        level=Level.STOPPED if stopped else Level.FAULT,
        text=told,
        doing=facts.step_text,
        advice=advice,
        code=facts.fault,
    )


def _by_health(facts: Facts, now: datetime) -> Iterator[Diagnosis]:
    health = facts.health
    if health.at is not None and now - health.at > STALE:
        yield Diagnosis(
            level=Level.WARN,
            text=T("The modem has not told anything about itself for a while."),
            advice=T("If this lasts, unplug the modem and plug it in again. What waits is not lost."),
        )
        health = Health()
    if facts.daily_quota is not None and facts.sent_today >= facts.daily_quota:
        yield Diagnosis(
            level=Level.WARN,
            text=T("Today's quota is used up."),
            advice=T("It goes on after midnight; raise the quota if the SIM card's contract allows it."),
        )
    if facts.twin:
        yield Diagnosis(
            level=Level.WARN,
            text=T("The line {name} has the same modem or SIM card.", name=facts.twin),
            advice=T("Remove one of the two lines, or show the modems to support: one may be a copy of the other."),
        )
    yield from health_findings(health)


_BAD_NETWORK = frozenset({Registration.NONE, Registration.SEARCHING, Registration.DENIED})
_BAD_SIM = frozenset({SimState.PIN, SimState.PUK, SimState.ABSENT, SimState.FAILED})


def health_findings(health: Health) -> Iterator[Diagnosis]:
    """What the modem itself told that a person should know: SIM card, network, signal, store. Unknown is no finding."""
    if health.sim in _BAD_SIM:
        yield _cause(f"sim.{health.sim.value}")
        return
    if health.registration in _BAD_NETWORK:
        yield _cause(f"network.{health.registration.value}")
    if health.registration is Registration.ROAMING:
        yield Diagnosis(
            level=Level.WARN,
            text=T("The SIM card is in a foreign network."),
            advice=T("Messages may cost more. Check the antenna and the SIM card's home network."),
        )
    if health.bars is not None and health.bars <= WEAK_BARS:
        yield Diagnosis(
            level=Level.WARN,
            text=T("The signal is weak."),
            advice=T("Move the antenna to the window, away from metal and screens."),
        )
    if health.store_total and (health.store_used or 0) / health.store_total >= NEARLY_FULL:
        yield Diagnosis(
            level=Level.WARN,
            text=T("The modem's message store is nearly full."),
            advice=T("The program empties it by itself; if this lasts, switch the line off and on."),
        )


def _cause(code: str) -> Diagnosis:
    cause = explain(code)
    return Diagnosis(level=Level.WARN, text=cause.text, advice=cause.advice, code=code)


def _fine(facts: Facts) -> Diagnosis:
    if facts.stopped:
        return Diagnosis(
            level=Level.READY,
            text=T("The line is ready, but all sending is stopped."),
            advice=T("Resume sending when it is time."),
        )
    return Diagnosis(level=Level.READY, text=T("The line is ready to send."))
