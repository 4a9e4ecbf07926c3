"""A rule pack as stored data: reading it into records, and refusing what no rule pack may say."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import resources
from console.core.compliance.faults import BadPack
from console.core.compliance.model import Calls, Cap, ContactHours, Ease, Need, Origin, Policy, Scope
from console.core.compliance.purpose import Purpose
from console.core.compliance.times import Calendar, Hours, Window, Zone
from console.core.compliance.wordlists import check_floor, is_own, read_list
from console.core.i18n import T, Text
from console.core.messages.classes import CLASSES, MARKS, MessageClass, check_terms
from console.core.messages.words import Words
from console.core.security.permissions import Role
from db.models import CircumstanceKind

Record = Mapping[str, Any]
LIMITS = range(1, 1001)  # of a cap, messages
HOLIDAY, WORKDAY = "holiday", "workday"
SINGLE = ("clock", "mobile", "own_number", "consent", "customer_hours", "channel", "paid", "calendar")
LISTS = ("suppression", "hours", "caps", "ease_off", "words")
TERMS = ("priority", "validity_hours", "senders", "second_approver_above")  # what an office may change of a class


def rules_in(record: Record) -> Iterator[Record]:
    """Every rule of a pack in the order of the file."""
    for name in ("clock", "mobile", "own_number", "consent"):
        yield record[name]
    yield from record["suppression"]
    yield from record["hours"]
    yield record["customer_hours"]
    yield record["channel"]
    yield from record["caps"]
    yield record["paid"]
    yield from record["ease_off"]
    yield record["calendar"]
    yield from record["words"]


def completed(record: Record) -> dict[str, Any]:
    """A copy in which rules that a newer program has added stand as they are shipped."""
    shipped = _shipped()
    made: dict[str, Any] = copy.deepcopy(dict(record))
    for name in (*SINGLE, "classes"):
        made.setdefault(name, copy.deepcopy(shipped[name]))
    for name in LISTS:
        there = {rule["id"] for rule in made.setdefault(name, [])}
        made[name] += [copy.deepcopy(rule) for rule in shipped[name] if rule["id"] not in there]
    return made


def read_pack(record: Record, version: int | None = None) -> Policy:
    """Raises BadPack for the first fault."""
    try:
        _check_shape(record)
        _check_hard(record)
        return Policy(
            version=record["version"] if version is None else version,
            mobile=re.compile(record["mobile"]["pattern"]),
            needs=_needs(record["consent"]),
            suppression={rule["issuer"]: rule["id"] for rule in record["suppression"]},
            hours=tuple(_each(record["hours"], _hours)),
            customer_hours=_scope(record["customer_hours"]),
            channel=_scope(record["channel"]),
            caps=tuple(cap for cap in _each(record["caps"], _cap) if cap is not None),
            eases=tuple(_each(record["ease_off"], _ease)),
            origins=tuple(_each(rules_in(record), _origin)),
            calendar=_calendar(record["calendar"]),
            classes=_classes(record["classes"]),
            words=Words(map(read_list, record["words"])),
            zone=Zone(datetime.strptime(record["clock"]["utc_offset"], "%z").tzinfo),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise BadPack("?", T("something is missing or has the wrong form: {what}", what=str(error))) from error


def _each(rules: Any, read: Callable[[Record], Any]) -> Iterator[Any]:
    for rule in rules:
        try:
            yield read(rule)
        except ValueError as error:
            raise BadPack(rule["id"], Text(str(error).replace("{", "(").replace("}", ")"))) from error


def _check_shape(record: Record) -> None:
    """Nothing that is shipped may be missing, and nothing may stand there twice."""
    ids = [rule["id"] for rule in rules_in(record)]
    for rule_id in ids:
        if ids.count(rule_id) > 1:
            raise BadPack(rule_id, T("it stands there twice"))
    for rule in record["words"]:
        if rule.get("hard") and is_own(rule["id"]):
            raise BadPack(rule["id"], T("only what is shipped binds every office"))
    for rule in rules_in(_shipped()):
        if rule["id"] not in ids:
            raise BadPack(rule["id"], T("it must not be taken away"))


def _check_hard(record: Record) -> None:
    """What no office may loosen: hours may become shorter, everything else stays as it was shipped."""
    now = {rule["id"]: rule for rule in rules_in(record)}
    for shipped in rules_in(_shipped()):
        rule = now[shipped["id"]]
        if not shipped.get("hard"):
            continue
        if "from" in shipped:
            _check_hours(rule, shipped)
        elif "words" in shipped:
            check_floor(rule, shipped)
        elif _said(rule) != _said(shipped):
            raise BadPack(shipped["id"], T("it can not be changed"))
    for rule in record["hours"]:  # no other rule may take a class out of the hours that bind it
        for shipped in _shipped()["hours"]:
            if shipped.get("hard") and rule["id"] != shipped["id"] and _named(rule) & _named(shipped):
                _check_hours(rule, shipped)
    if record["consent"]["needs"][Purpose.MARKETING] == Need.NOT_NEEDED:
        raise BadPack("consent", T("whoever refuses marketing must not get any"))


def _check_hours(rule: Record, floor: Record) -> None:
    """Raises BadPack unless ``rule`` lies within ``floor`` and holds for the same classes."""
    same = rule["id"] == floor["id"]
    if same and (_named(rule) != _named(floor) or not rule.get("hard")):
        raise BadPack(rule["id"], T("it can not be changed"))
    start, end = time.fromisoformat(rule["from"]), time.fromisoformat(rule["to"])
    first, last = time.fromisoformat(floor["from"]), time.fromisoformat(floor["to"])
    if not first <= start < end <= last:
        raise BadPack(rule["id"], T("it must lie between {start} and {end}", start=floor["from"], end=floor["to"]))
    if floor["days"] == "workdays" and rule["days"] != "workdays":
        raise BadPack(rule["id"], T("it must stay on working days"))


def _said(rule: Record) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name not in ("source", "date", "mark")}


def _origin(rule: Record) -> Origin:
    date.fromisoformat(rule["date"])
    if rule["mark"] not in MARKS or not rule["source"].strip():
        raise BadPack(rule["id"], T("a rule names its source"))
    return Origin(
        rule=rule["id"],
        source=rule["source"],
        date=rule["date"],
        mark=rule["mark"],
        hard=rule.get("hard", False),
    )


def _needs(rule: Record) -> dict[Purpose, Need]:
    try:
        return {purpose: Need(rule["needs"][purpose]) for purpose in Purpose}
    except ValueError as error:
        raise BadPack(rule["id"], Text(str(error))) from error


def _hours(rule: Record) -> ContactHours:
    if rule["days"] not in ("all", "workdays"):
        raise ValueError(f"days {rule['days']!r}")
    hours = Hours(time.fromisoformat(rule["from"]), time.fromisoformat(rule["to"]), rule["days"] == "workdays")
    return ContactHours(rule=rule["id"], classes=_named(rule), hours=hours)


def _cap(rule: Record) -> Cap | None:
    """None for one that is switched off."""
    window, calls, limit = Window(rule["window"]), Calls(rule.get("calls", Calls.NONE)), rule["limit"]
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int) or limit not in LIMITS:
        raise BadPack(rule["id"], T("a limit lies between {low} and {high}", low=LIMITS.start, high=LIMITS.stop - 1))
    return Cap(rule=rule["id"], classes=_named(rule), window=window, limit=limit, calls=calls)


def _ease(rule: Record) -> Ease:
    if rule["of"] not in ("loan", "customer"):
        raise ValueError(f"of {rule['of']!r}")
    return Ease(
        rule=rule["id"],
        kind=CircumstanceKind(rule["when"]),
        classes=_named(rule),
        whole=rule["of"] == "customer",
    )


def _scope(rule: Record) -> Scope:
    try:
        return Scope(rule=rule["id"], classes=_named(rule))
    except ValueError as error:
        raise BadPack(rule["id"], Text(str(error))) from error


def _named(rule: Record) -> frozenset[str]:
    """Named one by one, or all classes of some purposes."""
    purposes = {Purpose(value) for value in rule.get("purposes", ())}
    named = frozenset(rule.get("classes", ()))
    if not named <= CLASSES.keys():
        raise ValueError(f"no such class: {min(named - CLASSES.keys())}")
    return named | {key for key, class_ in CLASSES.items() if class_.purpose in purposes}


def _classes(changes: Record) -> dict[str, MessageClass]:
    """The shipped classes with what the office changed. Raises BadPack."""
    found = dict(CLASSES)
    for key, values in changes.items():
        if key not in CLASSES or not values.keys() <= set(TERMS):
            raise BadPack(f"class.{key}", T("this can not be changed"))
        shipped = CLASSES[key]
        terms = {name: getattr(shipped, name) for name in TERMS} | dict(values)
        if not set(terms["senders"]) <= set(Role):
            raise BadPack(f"class.{key}", T("there is no such role"))
        if trouble := check_terms(terms):
            raise BadPack(f"class.{key}", Text(trouble))
        found[key] = replace(shipped, **terms | {"senders": frozenset(map(Role, terms["senders"]))})
    return found


def _calendar(rule: Record) -> Calendar:
    """What the office entered, over the days that are shipped."""
    shipped = _shipped_calendar()
    try:
        days = {date.fromisoformat(day): kind for day, kind in rule["days"].items()}
    except ValueError as error:
        raise BadPack(rule["id"], T("there is no such day")) from error
    if not set(days.values()) <= {HOLIDAY, WORKDAY} or not all(isinstance(year, int) for year in rule["years"]):
        raise BadPack(rule["id"], T("a day is a holiday or a working day"))
    holidays = {day for day, kind in days.items() if kind == HOLIDAY}
    workdays = days.keys() - holidays
    return Calendar(
        holidays=(shipped.holidays - workdays) | holidays,
        workdays=(shipped.workdays - holidays) | workdays,
        years=shipped.years | frozenset(rule["years"]),
    )


@cache
def _shipped_calendar() -> Calendar:
    record = json.loads(resources.path("policy", "calendar.json").read_text("utf-8"))
    years = record["years"].values()
    return Calendar(
        holidays=frozenset(day for year in years for first, last in year["holidays"] for day in _days(first, last)),
        workdays=frozenset(date.fromisoformat(day) for year in years for day in year["workdays"]),
        years=frozenset(map(int, record["years"])),
    )


def _days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=ahead) for ahead in range((end - start).days + 1)]


@cache
def _shipped() -> Record:
    """What is shipped is the floor of every later version."""
    record: dict[str, Any] = json.loads(resources.path("policy", "default.json").read_text("utf-8"))
    return record
