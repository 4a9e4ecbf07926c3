"""A rule pack in words: sections, what each rule says and where it comes from, and how two packs differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from console.core.compliance import wordlists
from console.core.compliance.model import Calls, Need
from console.core.compliance.pack import HOLIDAY, TERMS, WORKDAY, Record, rules_in
from console.core.compliance.purpose import PURPOSE_TITLES, Purpose
from console.core.compliance.sources import source_words
from console.core.i18n import T, Text, clauses, listed, ntr, tr
from console.core.messages.classes import CLASSES
from console.core.security.permissions import ROLE_TITLES, Role


class Section(StrEnum):
    CONSENT = "consent"
    HOURS = "hours"
    CAPS = "caps"
    SUPPRESSION = "suppression"
    EASE = "ease_off"
    CALENDAR = "calendar"
    WORDS = "words"
    CLASSES = "classes"


SECTION_TITLES: Mapping[Section, Text] = {
    Section.CONSENT: T("Consent"),
    Section.HOURS: T("Contact hours"),
    Section.CAPS: T("How often"),
    Section.SUPPRESSION: T("Numbers"),
    Section.EASE: T("Going easy"),
    Section.CALENDAR: T("Holidays"),
    Section.WORDS: T("Words"),
    Section.CLASSES: T("Kinds of messages"),
}
MARK_TITLES: Mapping[str, Text] = {
    "V": T("read in the text itself"),
    "2": T("from a secondary source"),
    "U": T("not verified: please check"),
}
NEED_TITLES: Mapping[Need, Text] = {
    Need.REQUIRED: T("only with consent"),
    Need.UNLESS_REFUSED: T("until refused"),
    Need.NOT_NEEDED: T("without consent"),
}
CALLS_TITLES: Mapping[Calls, Text] = {
    Calls.NONE: T("calls do not count"),
    Calls.CONNECTED: T("connected calls count too"),
    Calls.ATTEMPTED: T("every call counts too"),
}
DAYS_TITLES: Mapping[str, Text] = {"all": T("every day"), "workdays": T("on working days")}
_WINDOWS: Mapping[str, Text] = {
    "day": T("At most {limit} a day to one person"),
    "week": T("At most {limit} a week to one person"),
    "month": T("At most {limit} a month to one person"),
}
_TITLES: Mapping[str, Text] = {
    "clock": T("The clock that counts"),
    "number.mobile": T("Mobile numbers"),
    "number.own": T("Overdue notices go to the debtor's own number"),
    "consent": T("Consent by purpose"),
    "suppressed": T("List of the branch"),
    "suppressed.head_office": T("List of head office"),
    "suppressed.regulator": T("List of the supervising authority"),
    "hours.collection": T("Overdue notices"),
    "hours.marketing": T("Marketing"),
    "hours.notice": T("Contract notices and customer service"),
    "hours.care": T("Greetings and surveys"),
    "hours.customer": T("The customer's own hours are kept"),
    "channel.other": T("Another channel is preferred"),
    "cap.collection.day": T("Overdue notices a day"),
    "cap.collection.week": T("Overdue notices a week"),
    "cap.collection.attempts": T("Attempts to reach a debtor a day"),
    "cap.marketing.day": T("Marketing a day"),
    "cap.marketing.week": T("Marketing a week"),
    "cap.marketing.month": T("Marketing a month"),
    "cap.care.month": T("Greetings and surveys a month"),
    "cap.all.day": T("All messages together a day"),
    "cap.all.week": T("All messages together a week"),
    "cap.all.month": T("All messages together a month"),
    "loan.paid": T("Already paid"),
    "ease.promised": T("Promised to pay"),
    "ease.disputed": T("Debt disputed"),
    "ease.complaint": T("Complaint open: notices of a debt"),
    "ease.complaint.offers": T("Complaint open: offers and greetings"),
    "ease.bereaved": T("In mourning"),
    "ease.vulnerable": T("Needs assistance"),
    "calendar": T("Public holidays and working weekends"),
}
_SECTIONS: Mapping[str, Section] = {
    "clock": Section.HOURS,
    "number": Section.SUPPRESSION,
    "consent": Section.CONSENT,
    "suppressed": Section.SUPPRESSION,
    "hours": Section.HOURS,
    "channel": Section.CONSENT,
    "cap": Section.CAPS,
    "loan": Section.EASE,
    "ease": Section.EASE,
    "calendar": Section.CALENDAR,
    "words": Section.WORDS,
    "class": Section.CLASSES,
}


@dataclass(frozen=True, kw_only=True)
class RuleView:
    rule: str
    section: Section
    title: str
    value: str  # what it says
    source: str
    date: str  # of the source, ISO
    mark: str
    hard: bool
    editable: bool
    removable: bool = False  # an office added it


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    rule: str
    title: str
    before: str
    after: str
    source: str  # of the new value


def rule_titled(rule: str) -> str:
    key = rule.removeprefix("class.")
    if key != rule and key in CLASSES:
        return str(CLASSES[key].title)
    return str(_TITLES.get(rule, Text(rule)))


def views(record: Record) -> list[RuleView]:
    """Every rule of a sound pack, then every class of messages, in the current language."""
    found = [_view(rule) for rule in rules_in(record)]
    return sorted([*found, *_class_views(record)], key=lambda view: list(Section).index(view.section))


def differences(before: Record, after: Record) -> list[RuleChange]:
    """What ``after`` says otherwise than ``before``; a source alone counts as well."""
    old, new = ({view.rule: view for view in views(record)} for record in (before, after))
    lists = [{rule["id"]: rule for rule in record["words"]} for record in (before, after)]
    return [
        _change(rule, old.get(rule), new.get(rule), *(each.get(rule) for each in lists))
        for rule in [*new, *(rule for rule in old if rule not in new)]
        if old.get(rule) != new.get(rule) or lists[0].get(rule) != lists[1].get(rule)
    ]


def _change(
    rule: str, old: RuleView | None, new: RuleView | None, before: Record | None, after: Record | None
) -> RuleChange:
    view = new or old
    assert view is not None  # it stands in one of the two
    told = (old.value if old else "", new.value if new else "")
    if view.section is Section.WORDS:
        told = wordlists.changes(before, after)
    return RuleChange(
        rule=rule,
        title=f"{SECTION_TITLES[view.section]} · {view.title}",
        before=told[0],
        after=told[1],
        source=new.source if new else "",
    )


def _view(rule: Record) -> RuleView:
    rule_id = rule["id"]
    return RuleView(
        rule=rule_id,
        section=_SECTIONS[rule_id.partition(".")[0]],
        title=wordlists.titled(rule) if "words" in rule else rule_titled(rule_id),
        value=_value(rule),
        source=source_words(rule["source"]),
        date=rule["date"],
        mark=rule["mark"],
        hard=rule.get("hard", False),
        editable=not rule.get("hard", False) or "from" in rule or "words" in rule,
        removable=wordlists.is_own(rule_id),
    )


def _value(rule: Record) -> str:
    for field, words in _WORDS.items():
        if field in rule:
            return words(rule)
    return tr("Always on") if rule.get("hard") else ""


def _consents(rule: Record) -> str:
    return clauses(
        tr("{purpose}: {need}", purpose=str(PURPOSE_TITLES[purpose]), need=str(NEED_TITLES[Need(need)]))
        for purpose, need in ((purpose, rule["needs"][purpose]) for purpose in Purpose)
    )


def _hours(rule: Record) -> str:
    return tr("{start}–{end}, {days}", start=rule["from"], end=rule["to"], days=str(DAYS_TITLES[rule["days"]]))


def _cap(rule: Record) -> str:
    if rule["limit"] is None:
        return tr("No limit")
    limit = str(Text(_WINDOWS[rule["window"]].source, {"limit": rule["limit"]}))
    calls = Calls(rule.get("calls", Calls.NONE))
    return limit if calls is Calls.NONE else clauses((limit, CALLS_TITLES[calls]))


def _circumstance(rule: Record) -> str:
    held = _kinds(rule)
    return tr("Held back: {kinds}", kinds=held) if held else tr("Off")


def _kinds(rule: Record) -> str:
    purposes = [PURPOSE_TITLES[Purpose(value)] for value in rule.get("purposes", ())]
    return listed([*purposes, *(CLASSES[key].title for key in rule.get("classes", ()))])


def _days(rule: Record) -> str:
    holidays = sum(kind == HOLIDAY for kind in rule["days"].values())
    workdays = sum(kind == WORKDAY for kind in rule["days"].values())
    parts = [tr("2004 to 2026 as shipped")]
    if rule["days"]:
        parts.append(tr("entered: {holidays} holidays, {workdays} working days", holidays=holidays, workdays=workdays))
    if rule["years"]:
        parts.append(tr("complete: {years}", years=listed(sorted(rule["years"]))))
    return clauses(parts)


_WORDS: Mapping[str, Callable[[Record], str]] = {
    "words": wordlists.value_of,
    "needs": _consents,
    "from": _hours,
    "limit": _cap,
    "when": _circumstance,
    "days": _days,
    "issuer": lambda rule: tr("Nothing that a number refused or is barred from, until the entry ends"),
    "utc_offset": lambda rule: tr("UTC{offset}", offset=rule["utc_offset"]),
    "pattern": lambda rule: tr("11 digits, 13 to 19 at the beginning"),
    "purposes": lambda rule: tr("For: {kinds}", kinds=_kinds(rule) or tr("nothing")),
}


def _class_views(record: Record) -> Iterator[RuleView]:
    for key, class_ in CLASSES.items():
        changed: Mapping[str, Any] = record["classes"].get(key, {})
        terms = {name: changed.get(name, getattr(class_, name)) for name in TERMS}
        noted: Mapping[str, str] = record.get("class_sources", {}).get(key, {})
        yield RuleView(
            rule=f"class.{key}",
            section=Section.CLASSES,
            title=str(class_.title),
            value=_terms(terms, str(PURPOSE_TITLES[class_.purpose])),
            source=source_words(noted.get("source", class_.source)),
            date=noted.get("date", class_.date),
            mark=noted.get("mark", class_.mark),
            hard=False,
            editable=True,
        )


def _terms(terms: Mapping[str, Any], purpose: str) -> str:
    above = terms["second_approver_above"]
    return clauses(
        [
            purpose,
            tr("priority {priority}", priority=terms["priority"]),
            ntr("valid for {n} hour", "valid for {n} hours", terms["validity_hours"]),
            tr("one approver")
            if above is None
            else ntr("two approvers above {n} message", "two approvers above {n} messages", above),
            tr("by {roles}", roles=listed(ROLE_TITLES[Role(role)] for role in sorted(terms["senders"]))),
        ]
    )


def day_lines(rule: Record, kind: str) -> str:
    """The entered days of a kind, one a line, neighbours as ``first - last``."""
    lines: list[list[date]] = []
    for day in sorted(date.fromisoformat(day) for day, found in rule["days"].items() if found == kind):
        if lines and (day - lines[-1][-1]).days == 1:
            lines[-1].append(day)
        else:
            lines.append([day])
    return "\n".join(f"{run[0]} - {run[-1]}" if len(run) > 1 else str(run[0]) for run in lines)
