"""Word lists as rules of the pack: what one may say, what nobody may take out of it, and it in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from console.core.compliance.faults import BadPack
from console.core.i18n import T, Text, clauses, listed, ntr, tr
from console.core.messages.classes import CLASSES
from console.core.messages.findings import Level
from console.core.messages.words import WordList, plain, word_list

Record = Mapping[str, Any]
PREFIX = "words."
NEW = "words.new"  # the form of a list that there is not yet
OWN = "words.own-"
ALL, ONLY, BUT = "all", "only", "but"  # which kinds of messages
LONGEST = 40  # characters of a word
MOST_WORDS, MOST_ALLOWED = 5_000, 500  # of a list
TITLE_LENGTH, REASON_LENGTH = 60, 300
SHOWN = 120  # words of a list that are shown with it

LEVEL_TITLES: Mapping[Level, Text] = {
    Level.BLOCK: T("Must not leave"),
    Level.SECOND: T("Two people approve"),
    Level.WARN: T("Warning"),
    Level.HINT: T("Hint"),
}
SCOPE_TITLES: Mapping[str, Text] = {
    ALL: T("every kind of message"),
    ONLY: T("only the kinds below"),
    BUT: T("every kind but those below"),
}
TITLES: Mapping[str, Text] = {
    "words.threat": T("Threats"),
    "words.third_party": T("Telling others of a debt"),
    "words.posing": T("Posing as police or court"),
    "words.legal": T("Legal steps"),
    "words.superlative": T("Superlatives"),
    "words.promise": T("Promises of approval"),
    "words.lure": T("Lures"),
}
_BETWEEN = re.compile(r"[\n、，,；;]")


def titled(rule: Record) -> str:
    return str(rule.get("title") or TITLES.get(rule["id"], Text("")))


def is_own(rule_id: str) -> bool:
    """A list that an office added, and may take away again."""
    return rule_id.startswith(OWN)


# Reading


def read_list(rule: Record) -> WordList:
    """Raises BadPack, KeyError."""
    rule_id = rule["id"]
    if rule["level"] not in set(Level):
        raise BadPack(rule_id, T("there is no such level"))
    found = word_list(rule)
    if not (found.classes | found.exempt) <= CLASSES.keys() or (found.classes and found.exempt):
        raise BadPack(rule_id, T("it names no kinds of messages that there are"))
    if is_own(rule_id) and not 0 < len(found.title.strip()) <= TITLE_LENGTH:
        raise BadPack(rule_id, T("a list has a name of at most {n} characters", n=TITLE_LENGTH))
    if not found.words or len(found.words) > MOST_WORDS or len(found.allowed) > MOST_ALLOWED:
        raise BadPack(
            rule_id, T("a list has 1 to {most} words, and at most {allowed} phrases", most=MOST_WORDS,
                       allowed=MOST_ALLOWED)
        )  # fmt: skip
    for text in (*found.words, *found.allowed):
        if not plain(text) or len(text) > LONGEST:
            raise BadPack(rule_id, T("“{word}” is no word of 1 to {n} characters", word=text[:LONGEST], n=LONGEST))
    _check_allowed(found)
    return found


def _check_allowed(found: WordList) -> None:
    words = {plain(word) for word in found.words}
    for phrase in found.allowed:
        whole = plain(phrase)
        if whole in words or not any(word in whole for word in words):
            raise BadPack(found.key, T("“{word}” is longer than a word of the list and holds it", word=phrase))


def check_floor(rule: Record, shipped: Record) -> None:
    """Raises BadPack where a binding list forbids less than the one that was shipped."""
    if not rule.get("hard") or rule["level"] != shipped["level"]:
        raise BadPack(rule["id"], T("it can not be changed"))
    if set(rule.get("classes", ())) != set(shipped.get("classes", ())):
        raise BadPack(rule["id"], T("it can not be changed"))
    if not set(rule.get("exempt", ())) <= set(shipped.get("exempt", ())):
        raise BadPack(rule["id"], T("it can not be changed"))
    there = {plain(word) for word in rule["words"]}
    for word in shipped["words"]:
        if plain(word) not in there:
            raise BadPack(rule["id"], T("“{word}” must stay on it", word=word))


# Changing


def blank() -> dict[str, Any]:
    return {"id": NEW, "level": Level.WARN.value, "words": [], "allowed": [], "title": "", "why": "", "mend": ""}


def scope_of(rule: Record) -> tuple[str, list[str]]:
    if rule.get("classes"):
        return ONLY, list(rule["classes"])
    return (BUT, list(rule["exempt"])) if rule.get("exempt") else (ALL, [])


def rewritten(rule: Record, values: Mapping[str, Any]) -> dict[str, Any]:
    """The list as a form wants it: words and phrases are texts with one a line, or lists. Raises BadPack."""
    made = dict(rule)
    for name in ("words", "allowed"):
        if name in values:
            made[name] = split(values[name])
    for name in ("title", "why", "mend"):
        if name in values:
            made[name] = " ".join(str(values[name]).split())[:REASON_LENGTH]
    if "level" in values:
        made["level"] = values["level"]
    if "scope" in values:
        kinds = sorted(values.get("kinds", ()), key=list(CLASSES).index)
        if values["scope"] != ALL and not kinds:
            raise BadPack(rule["id"], T("choose kinds of messages for it"))
        made["classes"] = kinds if values["scope"] == ONLY else []
        made["exempt"] = kinds if values["scope"] == BUT else []
    return made


def told(rule: Record) -> dict[str, Any]:
    """All that a list says, with what is left out as empty: to see whether two say the same."""
    return (
        {name: list(rule.get(name, ())) for name in ("words", "allowed")}
        | {name: sorted(rule.get(name, ())) for name in ("classes", "exempt")}
        | {name: rule.get(name, "") for name in ("title", "level", "why", "mend")}
    )


def split(words: str | Iterable[str]) -> list[str]:
    """Each once, in their order, whatever they are written apart by."""
    texts = _BETWEEN.split(words) if isinstance(words, str) else words
    found: dict[str, str] = {}
    for text in texts:
        word = " ".join(text.split())
        if word:
            found.setdefault(plain(word) or word, word)
    return list(found.values())


def added(record: Record, rule: Record) -> dict[str, Any]:
    """``rule`` with the key of the next list of the office's own."""
    taken = [int(each["id"].removeprefix(OWN)) for each in record["words"] if is_own(each["id"])]
    return dict(rule) | {"id": f"{OWN}{max(taken, default=0) + 1}"}


# In words


def value_of(rule: Record) -> str:
    words, allowed = rule["words"], rule.get("allowed", ())
    lines = [clauses((*_terms(rule), ntr("{n} word", "{n} words", len(words)))), some(words)]
    if allowed:
        lines.append(tr("Allowed: {phrases}", phrases=some(allowed)))
    return "\n".join([*lines, *_reasons(rule)])


def some(words: Sequence[str]) -> str:
    told = listed(words[:SHOWN])
    more = len(words) - SHOWN
    return told if more <= 0 else clauses((told, ntr("and {n} more", "and {n} more", more)))


def _terms(rule: Record) -> tuple[str, str]:
    return str(LEVEL_TITLES[Level(rule["level"])]), _scope_words(rule)


def _scope_words(rule: Record) -> str:
    scope, kinds = scope_of(rule)
    titles = listed(CLASSES[key].title for key in kinds)
    if scope == ONLY:
        return tr("for: {kinds}", kinds=titles)
    return tr("for every kind but: {kinds}", kinds=titles) if scope == BUT else tr("for every kind of message")


def _reasons(rule: Record) -> list[str]:
    return [
        tr("{title}: {text}", title=title, text=rule[name])
        for name, title in (("why", tr("Why")), ("mend", tr("How to mend it")))
        if rule.get(name)
    ]


def changes(before: Record | None, after: Record | None) -> tuple[str, str]:
    """What two states of a list say otherwise, each in words; every word that came or went is named.

    Empty where one state says nothing that the other does not.
    """
    if before is None or after is None:
        whole = before or after or {}
        told = "\n".join([clauses((titled(whole), *_terms(whole))), *_all_words(whole), *_reasons(whole)])
        return (told, tr("taken away")) if after is None else (tr("not there"), told)
    return _only(before, after, _gone), _only(after, before, _come)


def _gone(words: Sequence[str]) -> str:
    return tr("Taken off the list: {words}", words=listed(words))


def _come(words: Sequence[str]) -> str:
    return tr("Put on the list: {words}", words=listed(words))


def _all_words(rule: Record) -> list[str]:
    phrases = [tr("Allowed: {phrases}", phrases=listed(rule["allowed"]))] if rule.get("allowed") else []
    return [listed(rule["words"]), *phrases]


def _only(rule: Record, other: Record, told: Callable[[Sequence[str]], str]) -> str:
    terms = [mine for mine, theirs in zip(_terms(rule), _terms(other), strict=True) if mine != theirs]
    if titled(rule) != titled(other):
        terms.insert(0, titled(rule))
    lines = [clauses(terms)] if terms else []
    if words := _missing(rule["words"], other["words"]):
        lines.append(told(words))
    if phrases := _missing(rule.get("allowed", ()), other.get("allowed", ())):
        lines.append(tr("Allowed: {phrases}", phrases=listed(phrases)))
    lines += [line for line in _reasons(rule) if line not in _reasons(other)]
    return "\n".join(lines)


def _missing(words: Iterable[str], others: Collection[str]) -> list[str]:
    there = set(others)
    return [word for word in words if word not in there]
