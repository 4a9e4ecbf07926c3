"""What may be changed of a rule, as fields of a form, and the pack that results."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from console.core.compliance import wordlists
from console.core.compliance.describe import CALLS_TITLES, DAYS_TITLES, NEED_TITLES, day_lines
from console.core.compliance.faults import BadPack
from console.core.compliance.model import Calls, Need
from console.core.compliance.pack import HOLIDAY, LIMITS, WORKDAY, Record, read_pack, rules_in
from console.core.compliance.purpose import PURPOSE_TITLES
from console.core.i18n import T, Text
from console.core.messages.classes import CLASSES, PRIORITIES, VALIDITY

_SOURCE_LENGTH = 300
_MOST_DAYS = 60  # of one line of the calendar
_SEPARATORS = (" - ", "–", "~", "至", " to ")


class Kind(StrEnum):
    TIME = "time"  # HH:MM
    CHOICE = "choice"
    NUMBER = "number"
    OPTIONAL = "optional"  # a number or None
    SET = "set"  # some of the choices
    TEXT = "text"  # of one line
    LINES = "lines"  # text of several lines


@dataclass(frozen=True, kw_only=True)
class Field:
    key: str
    kind: Kind
    title: Text
    value: Any
    choices: Mapping[str, Text] = field(default_factory=dict)
    minimum: int = 0
    maximum: int = 0
    none: Text = field(default_factory=lambda: Text(""))  # how None is called
    hint: Text = field(default_factory=lambda: Text(""))


_PURPOSES = {purpose.value: title for purpose, title in PURPOSE_TITLES.items()}


def fields_of(record: Record, rule_id: str) -> list[Field]:
    """What a form for this rule asks for; nothing for a rule that can not be changed. Raises KeyError."""
    if rule_id.startswith("class."):
        return _class_fields(record, rule_id.removeprefix("class."))
    if rule_id == wordlists.NEW:
        return _list_fields(wordlists.blank(), named=True)
    rule = next((rule for rule in rules_in(record) if rule["id"] == rule_id), None)
    if rule is None:
        raise KeyError(rule_id)
    if "words" in rule:
        return _list_fields(rule, named=wordlists.is_own(rule_id))
    if "from" in rule:
        return [
            Field(key="from", kind=Kind.TIME, title=T("From"), value=rule["from"]),
            Field(key="to", kind=Kind.TIME, title=T("To"), value=rule["to"]),
            Field(key="days", kind=Kind.CHOICE, title=T("On which days"), value=rule["days"], choices=DAYS_TITLES),
        ]
    if rule.get("hard"):
        return []
    if "needs" in rule:
        needs = {need.value: title for need, title in NEED_TITLES.items()}
        return [
            Field(key=purpose, kind=Kind.CHOICE, title=title, value=rule["needs"][purpose], choices=needs)
            for purpose, title in _PURPOSES.items()
        ]
    if "limit" in rule:
        return _cap_fields(rule)
    return _calendar_fields(rule) if "years" in rule else [_purposes_field(rule)]


def _cap_fields(rule: Record) -> list[Field]:
    calls = {each.value: title for each, title in CALLS_TITLES.items()}
    limit = Field(
        key="limit",
        kind=Kind.OPTIONAL,
        title=T("At most"),
        value=rule["limit"],
        minimum=LIMITS.start,
        maximum=LIMITS.stop - 1,
        none=T("No limit"),
    )
    counted = rule.get("calls", Calls.NONE.value)
    return [limit, Field(key="calls", kind=Kind.CHOICE, title=T("Telephone calls"), value=counted, choices=calls)]


def _purposes_field(rule: Record) -> Field:
    title = T("Kinds that wait") if "when" in rule else T("For")
    return Field(key="purposes", kind=Kind.SET, title=title, value=list(rule["purposes"]), choices=_PURPOSES)


def _calendar_fields(rule: Record) -> list[Field]:
    hint = T("One day or period a line: 2027-02-05 - 2027-02-11")
    return [
        Field(key="holidays", kind=Kind.LINES, title=T("Holidays"), value=day_lines(rule, HOLIDAY), hint=hint),
        Field(key="workdays", kind=Kind.LINES, title=T("Working weekends"), value=day_lines(rule, WORKDAY), hint=hint),
        Field(
            key="years",
            kind=Kind.LINES,
            title=T("Complete years"),
            value="\n".join(map(str, sorted(rule["years"]))),
            hint=T("Years whose holidays are all entered; in others, days off are marked as unsure."),
        ),
    ]


def _class_fields(record: Record, key: str) -> list[Field]:
    class_, changed = CLASSES[key], record["classes"].get(key, {})
    return [
        Field(
            key="priority",
            kind=Kind.NUMBER,
            title=T("Priority"),
            value=changed.get("priority", class_.priority),
            minimum=PRIORITIES.start,
            maximum=PRIORITIES.stop - 1,
            hint=T("0 leaves first."),
        ),
        Field(
            key="validity_hours",
            kind=Kind.NUMBER,
            title=T("Valid for (hours)"),
            value=changed.get("validity_hours", class_.validity_hours),
            minimum=VALIDITY.start,
            maximum=VALIDITY.stop - 1,
            hint=T("What has not been sent by then is not sent any more."),
        ),
        Field(
            key="second_approver_above",
            kind=Kind.OPTIONAL,
            title=T("Second approver above (messages)"),
            value=changed.get("second_approver_above", class_.second_approver_above),
            maximum=1_000_000,
            none=T("Never"),
        ),
    ]


def _list_fields(rule: Record, *, named: bool) -> list[Field]:
    fields = [
        Field(
            key="words",
            kind=Kind.LINES,
            title=T("Words"),
            value="\n".join(rule["words"]),
            hint=T("One a line. Spaces, marks, wide and traditional characters make no difference."),
        ),
        Field(
            key="allowed",
            kind=Kind.LINES,
            title=T("Allowed phrases"),
            value="\n".join(rule.get("allowed", ())),
            hint=T("Longer phrases in which a word of this list is harmless."),
        ),
        Field(
            key="why", kind=Kind.TEXT, title=T("Why"), value=rule.get("why", ""), maximum=wordlists.REASON_LENGTH,
            hint=T("Stands beside the finding; left empty, what the program says of it."),
        ),
        Field(
            key="mend", kind=Kind.TEXT, title=T("How to mend it"), value=rule.get("mend", ""),
            maximum=wordlists.REASON_LENGTH,
        ),
    ]  # fmt: skip
    if not rule.get("hard"):
        scope, kinds = wordlists.scope_of(rule)
        levels = {level.value: title for level, title in wordlists.LEVEL_TITLES.items()}
        titles = {key: class_.title for key, class_ in CLASSES.items()}
        fields[2:2] = [
            Field(key="level", kind=Kind.CHOICE, title=T("Level"), value=rule["level"], choices=levels),
            Field(key="scope", kind=Kind.CHOICE, title=T("For"), value=scope, choices=wordlists.SCOPE_TITLES),
            Field(key="kinds", kind=Kind.SET, title=T("Kinds"), value=kinds, choices=titles),
        ]
    if named:
        name = Field(
            key="title",
            kind=Kind.TEXT,
            title=T("Name of the list"),
            value=rule.get("title", ""),
            maximum=wordlists.TITLE_LENGTH,
        )
        fields.insert(0, name)
    return fields


def changed_pack(record: Record, rule_id: str, values: Mapping[str, Any], source: str, today: date) -> dict[str, Any]:
    """A copy of a pack with one rule changed; what an office sets is marked as unverified. Raises BadPack."""
    allowed = {each.key for each in fields_of(record, rule_id)}
    if not allowed or not values.keys() <= allowed:
        raise BadPack(rule_id, T("it can not be changed"))
    if not source.strip():
        raise BadPack(rule_id, T("a rule names its source"))
    made: dict[str, Any] = copy.deepcopy(dict(record))
    origin = {"source": source.strip()[:_SOURCE_LENGTH], "date": today.isoformat(), "mark": "U"}
    if rule_id.startswith("class."):
        key = rule_id.removeprefix("class.")
        made["classes"][key] = made["classes"].get(key, {}) | dict(values)
        made.setdefault("class_sources", {})[key] = origin
    elif rule_id.startswith(wordlists.PREFIX):
        put_list(made, rule_id, values, origin)
    else:
        rule = next(rule for rule in rules_in(made) if rule["id"] == rule_id)
        _apply(rule, values)  # type: ignore[arg-type]
        rule.update(origin)  # type: ignore[attr-defined]
    read_pack(made)
    return made


def put_list(made: dict[str, Any], rule_id: str, values: Mapping[str, Any], origin: Mapping[str, str]) -> None:
    """Change a word list of ``made`` or add one. Raises BadPack."""
    lists = made["words"]
    if rule_id == wordlists.NEW:
        lists.append(wordlists.added(made, wordlists.rewritten(wordlists.blank(), values)) | dict(origin))
        return
    place = next(place for place, rule in enumerate(lists) if rule["id"] == rule_id)
    lists[place] = wordlists.rewritten(lists[place], values) | dict(origin)


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A word list as a file has it."""

    rule: str  # wordlists.NEW for one that is not there yet
    values: Mapping[str, Any]  # as a form gives them
    source: str


def with_lists(record: Record, incoming: Sequence[Incoming], today: date) -> dict[str, Any]:
    """A copy of a pack with the lists of a file; one that says the same is not touched. Raises BadPack."""
    made: dict[str, Any] = copy.deepcopy(dict(record))
    for each in incoming:
        known = next((rule for rule in record["words"] if rule["id"] == each.rule), None)
        if known is not None and _same(known, each):
            continue
        if not each.source.strip():
            raise BadPack(str(each.values.get("title") or each.rule), T("a rule names its source"))
        origin = {"source": each.source.strip()[:_SOURCE_LENGTH], "date": today.isoformat(), "mark": "U"}
        put_list(made, each.rule, each.values, origin)
    read_pack(made)
    return made


def _same(known: Record, incoming: Incoming) -> bool:
    there, then = (wordlists.told(rule) for rule in (known, wordlists.rewritten(known, incoming.values)))
    return there == then and incoming.source in ("", known["source"])


def without_list(record: Record, rule_id: str) -> dict[str, Any]:
    """A copy of a pack without a list that an office had added. Raises BadPack."""
    kept = [rule for rule in record["words"] if rule["id"] != rule_id]
    if not wordlists.is_own(rule_id) or len(kept) == len(record["words"]):
        raise BadPack(rule_id, T("it must not be taken away"))
    made: dict[str, Any] = copy.deepcopy(dict(record)) | {"words": copy.deepcopy(kept)}
    read_pack(made)
    return made


def _apply(rule: dict[str, Any], values: Mapping[str, Any]) -> None:
    if "needs" in rule:
        rule["needs"] = rule["needs"] | {key: Need(value).value for key, value in values.items()}
    elif "years" in rule:
        days = dict.fromkeys(_days_in(rule["id"], values["holidays"]), HOLIDAY)
        rule["days"] = days | dict.fromkeys(_days_in(rule["id"], values["workdays"]), WORKDAY)
        rule["years"] = _years_in(rule["id"], values["years"])
    else:
        rule.update(values)


def _days_in(rule_id: str, lines: str) -> list[str]:
    found: list[str] = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        first, last = line, line
        for mark in _SEPARATORS:
            if mark in line:
                first, _, last = line.partition(mark)
                break
        try:
            start, end = date.fromisoformat(first.strip()), date.fromisoformat(last.strip())
        except ValueError as error:
            raise BadPack(rule_id, T("“{line}” is not a day or a period", line=line)) from error
        if not 0 <= (end - start).days < _MOST_DAYS:
            raise BadPack(rule_id, T("“{line}” is not a day or a period", line=line))
        found += [(start + timedelta(days=ahead)).isoformat() for ahead in range((end - start).days + 1)]
    return found


def _years_in(rule_id: str, text: str) -> list[int]:
    words = text.replace(",", " ").replace("、", " ").split()
    if not all(word.isascii() and word.isdigit() and len(word) == 4 for word in words):
        raise BadPack(rule_id, T("“{line}” is not a year", line=text.strip()))
    return sorted(set(map(int, words)))
