"""The rule pack as frozen records: what ``pack.read_pack`` makes of the stored data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from console.core.compliance.purpose import Purpose
from console.core.compliance.times import Calendar, Hours, Window, Zone
from console.core.messages.classes import CLASSES, MessageClass
from console.core.messages.words import Words
from db.models import CircumstanceKind


class Need(StrEnum):
    REQUIRED = "required"
    UNLESS_REFUSED = "unless_refused"
    NOT_NEEDED = "not_needed"  # and a refusal of consent changes nothing; a suppression still does


class Calls(StrEnum):
    """Which telephone calls count for a cap as if they were messages."""

    NONE = "none"
    CONNECTED = "connected"
    ATTEMPTED = "attempted"  # connected or not


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a rule comes from."""

    rule: str
    source: str
    date: str  # ISO
    mark: str  # V, 2 or U, as explained in the file
    hard: bool = False  # no office may loosen it


@dataclass(frozen=True, kw_only=True)
class ContactHours:
    rule: str
    classes: frozenset[str]
    hours: Hours


@dataclass(frozen=True, kw_only=True)
class Cap:
    """At most ``limit`` messages of all ``classes`` together to one person or number in a window."""

    rule: str
    classes: frozenset[str]
    window: Window
    limit: int
    calls: Calls = Calls.NONE


@dataclass(frozen=True, kw_only=True)
class Ease:
    """Classes that wait while a circumstance of the customer lasts."""

    rule: str
    kind: CircumstanceKind
    classes: frozenset[str]
    whole: bool  # any circumstance of the customer counts; else those of the loan in question, or of all loans


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A rule that is only about some classes."""

    rule: str
    classes: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Policy:
    version: int  # of the rule pack; 1 is the shipped one
    mobile: re.Pattern[str]
    needs: Mapping[Purpose, Need]
    suppression: Mapping[str, str]  # rule by issuer
    hours: tuple[ContactHours, ...]
    customer_hours: Scope
    channel: Scope
    caps: tuple[Cap, ...]
    eases: tuple[Ease, ...]
    origins: tuple[Origin, ...]
    calendar: Calendar
    classes: Mapping[str, MessageClass]  # with what the office changed of them
    words: Words  # what texts are searched for
    zone: Zone = field(default_factory=Zone)

    def class_of(self, key: str) -> MessageClass | None:
        """The class under this rule pack; None for one that this version of the program does not know."""
        return self.classes.get(key)

    def hours_of(self, class_: MessageClass) -> ContactHours | None:
        return self._hours[class_.key]

    def caps_of(self, class_: MessageClass) -> tuple[Cap, ...]:
        return self._caps[class_.key]

    def eases_of(self, class_: MessageClass) -> tuple[Ease, ...]:
        return self._eases[class_.key]

    def in_zone(self, zone: Zone) -> Policy:
        return replace(self, zone=zone)

    @cached_property
    def _hours(self) -> dict[str, ContactHours | None]:
        return {key: next((h for h in self.hours if key in h.classes), None) for key in CLASSES}

    @cached_property
    def _caps(self) -> dict[str, tuple[Cap, ...]]:
        return {key: tuple(cap for cap in self.caps if key in cap.classes) for key in CLASSES}

    @cached_property
    def _eases(self) -> dict[str, tuple[Ease, ...]]:
        return {key: tuple(ease for ease in self.eases if key in ease.classes) for key in CLASSES}
