"""The rule pack: data with a source and a date per rule, read once into frozen records."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

import resources
from console.core.compliance.purpose import Purpose
from console.core.compliance.times import Calendar, Hours, Window, Zone
from console.core.messages.classes import CLASSES, MessageClass


class Need(StrEnum):
    REQUIRED = "required"
    UNLESS_REFUSED = "unless_refused"
    NOT_NEEDED = "not_needed"  # and a refusal of consent changes nothing; a suppression still does


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


@dataclass(frozen=True, kw_only=True)
class Policy:
    version: int
    mobile: re.Pattern[str]
    needs: Mapping[Purpose, Need]
    hours: tuple[ContactHours, ...]
    caps: tuple[Cap, ...]
    origins: tuple[Origin, ...]
    calendar: Calendar
    zone: Zone = field(default_factory=Zone)

    def hours_of(self, class_: MessageClass) -> ContactHours | None:
        return self._hours[class_.key]

    def caps_of(self, class_: MessageClass) -> tuple[Cap, ...]:
        return self._caps[class_.key]

    def in_zone(self, zone: Zone) -> Policy:
        return replace(self, zone=zone)

    @cached_property
    def _hours(self) -> dict[str, ContactHours | None]:
        return {key: next((h for h in self.hours if key in h.classes), None) for key in CLASSES}

    @cached_property
    def _caps(self) -> dict[str, tuple[Cap, ...]]:
        return {key: tuple(cap for cap in self.caps if key in cap.classes) for key in CLASSES}


@cache
def load_policy() -> Policy:
    """The shipped rule pack. Its hours are those of the country it is for, on a server that keeps UTC as well."""
    record = _read("default.json")
    return Policy(
        version=record["version"],
        mobile=re.compile(record["mobile"]["pattern"]),
        needs={purpose: Need(record["consent"]["needs"][purpose]) for purpose in Purpose},
        hours=tuple(_hours(rule) for rule in record["hours"]),
        caps=tuple(_cap(rule) for rule in record["caps"]),
        origins=tuple(_origins(record)),
        calendar=_calendar(_read("calendar.json")),
        zone=Zone(datetime.strptime(record["clock"]["utc_offset"], "%z").tzinfo),
    )


def _read(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(resources.path("policy", name).read_text("utf-8"))
    return record


def _hours(rule: dict[str, Any]) -> ContactHours:
    return ContactHours(
        rule=rule["id"],
        classes=_classes(rule),
        hours=Hours(time.fromisoformat(rule["from"]), time.fromisoformat(rule["to"]), rule["days"] == "workdays"),
    )


def _cap(rule: dict[str, Any]) -> Cap:
    return Cap(rule=rule["id"], classes=_classes(rule), window=Window(rule["window"]), limit=rule["limit"])


def _classes(rule: dict[str, Any]) -> frozenset[str]:
    """Named one by one, or all classes of some purposes."""
    purposes = {Purpose(value) for value in rule.get("purposes", ())}
    named = frozenset(rule.get("classes", ()))
    if not named <= CLASSES.keys():
        raise ValueError(f"{rule['id']}: no such class")
    return named | {key for key, class_ in CLASSES.items() if class_.purpose in purposes}


def _origins(record: dict[str, Any]) -> list[Origin]:
    single = [value for value in record.values() if isinstance(value, dict) and "id" in value]
    return [
        Origin(
            rule=rule["id"],
            source=rule["source"],
            date=rule["date"],
            mark=rule["mark"],
            hard=rule.get("hard", False),
        )
        for rule in (*single, *record["hours"], *record["caps"])
    ]


def _calendar(record: dict[str, Any]) -> Calendar:
    years = record["years"].values()
    return Calendar(
        holidays=frozenset(day for year in years for first, last in year["holidays"] for day in _days(first, last)),
        workdays=frozenset(date.fromisoformat(day) for year in years for day in year["workdays"]),
    )


def _days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=ahead) for ahead in range((end - start).days + 1)]
