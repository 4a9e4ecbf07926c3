"""Words that must not stand in a text, found however they are spaced, widened or written in traditional characters.

The lists are part of the rule pack (``console.core.compliance``); here is what one says and how its words are found.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import ahocorasick

import resources
from console.core.messages.findings import LEVELS, Level

VARIABLE = "\ufffc"  # stands for a variable's value: never part of a word


@dataclass(frozen=True, kw_only=True)
class WordList:
    key: str  # of the rule: words.threat
    level: Level
    words: tuple[str, ...]
    allowed: tuple[str, ...] = ()  # phrases in which a word of this list is harmless
    classes: frozenset[str] = frozenset()  # empty: every class
    exempt: frozenset[str] = frozenset()
    title: str = ""  # of a list of the office's own
    why: str = ""  # in the office's words; "" for what a shipped list says
    mend: str = ""
    source: str = ""

    def concerns(self, class_key: str) -> bool:
        return class_key not in self.exempt and (not self.classes or class_key in self.classes)


@dataclass(frozen=True, kw_only=True)
class ContentPolicy:
    version: int
    parts_warn: int  # parts above which a text is worth a second look
    parts_block: int
    signature_shortest: int
    signature_longest: int
    rate_classes: frozenset[str]
    rate_about: re.Pattern[str]
    rate_needs: str


@dataclass(frozen=True, slots=True)
class Hit:
    start: int  # characters of the text as it was given; end exclusive
    end: int
    word: str
    list: WordList


class _Plain(dict[int, str | None]):
    """A translation table that grows by what it meets: NFKC, simplified, folded; None for a separator."""

    def __init__(self, traditional: Mapping[str, str]) -> None:
        super().__init__({ord(VARIABLE): VARIABLE})
        self._traditional = traditional

    def __missing__(self, code: int) -> str | None:
        plain = "".join(
            self._traditional.get(char, char)
            for char in unicodedata.normalize("NFKC", chr(code)).casefold()
            if unicodedata.category(char)[0] in "LN"
        )
        self[code] = plain or None
        return self[code]


@cache
def _folding() -> _Plain:
    record = json.loads(resources.path("policy", "simplified.json").read_text("utf-8"))
    return _Plain(dict(zip("".join(record["traditional"]), "".join(record["simplified"]), strict=True)))


def plain(text: str) -> str:
    """``text`` as words are compared: simplified, narrow, lower case, nothing but letters and digits."""
    return text.translate(_folding())


class _Entry(NamedTuple):
    """What stands behind a plain word or phrase."""

    length: int
    lists: tuple[WordList, ...]  # that forbid it
    allowing: tuple[WordList, ...]  # whose words are harmless in it


class _Span(NamedTuple):
    start: int  # plain characters
    end: int
    list: WordList


class _Finder:
    """The lists of one class."""

    def __init__(self, lists: Sequence[WordList]) -> None:
        forbidding: dict[str, list[WordList]] = {}
        allowing: dict[str, list[WordList]] = {}
        for each in lists:
            for texts, behind in ((each.words, forbidding), (each.allowed, allowing)):
                for text in filter(None, map(plain, texts)):
                    behind.setdefault(text, []).append(each)
        known = forbidding.keys() | allowing.keys()
        self.pairs = frozenset(text[at : at + 2] for text in known for at in range(len(text) - 1))
        self._automaton = ahocorasick.Automaton()
        for text in known:
            entry = _Entry(len(text), tuple(forbidding.get(text, ())), tuple(allowing.get(text, ())))
            self._automaton.add_word(text, entry)
        if known:
            self._automaton.make_automaton()
        self._empty = not known

    def any_in(self, text: str) -> bool:
        return not self._empty and next(self._automaton.iter(text), None) is not None

    def spans(self, text: str) -> list[_Span]:
        """Each place of a word that no phrase allows and that lies in no other place of at least its level."""
        if self._empty:
            return []
        found: list[_Span] = []
        allowed: list[_Span] = []
        for last, entry in self._automaton.iter(text):
            start, end = last + 1 - entry.length, last + 1
            found += [_Span(start, end, each) for each in entry.lists]
            allowed += [_Span(start, end, each) for each in entry.allowing]
        left = [span for span in found if not any(_within(span, a) and a.list is span.list for a in allowed)]
        left.sort(key=lambda span: (span.start, -span.end, LEVELS.index(span.list.level)))
        return [span for place, span in enumerate(left) if not _covered(span, place, left)]


def _within(span: _Span, other: _Span) -> bool:
    return other.start <= span.start and span.end <= other.end


def _covered(span: _Span, place: int, all_: Sequence[_Span]) -> bool:
    """Of two in the very same place at the same level the first one stands."""
    level = LEVELS.index(span.list.level)
    return any(
        _within(span, other)
        and LEVELS.index(other.list.level) <= level
        and (LEVELS.index(other.list.level) < level or not _within(other, span) or before < place)
        for before, other in enumerate(all_)
        if before != place
    )


class Words:
    """Word lists, compiled once per message class."""

    def __init__(self, lists: Iterable[WordList]) -> None:
        self.lists = tuple(lists)
        self._finders: dict[str, _Finder] = {}

    def hits(self, text: str, class_key: str) -> list[Hit]:
        """Every listed word in ``text``, with its place there."""
        finder = self._finder(class_key)
        table = _folding()
        folded = text.translate(table)
        if not (finder.any_in(folded) and (spans := finder.spans(folded))):
            return []
        origin = [index for index, char in enumerate(text) for _ in table[ord(char)] or ""]
        return [
            Hit(origin[span.start], origin[span.end - 1] + 1, folded[span.start : span.end], span.list)
            for span in spans
        ]

    def apart(self, value: str, before: str, after: str, class_key: str) -> bool:
        """Whether no listed word can share a letter with ``value``; False also where that is not certain.

        ``before``, ``after``: the plain letters next to it, each empty where the text begins or ends.
        """
        finder = self._finder(class_key)
        folded = plain(value)
        return bool(folded) and not (
            before + folded[0] in finder.pairs or folded[-1] + after in finder.pairs or finder.any_in(folded)
        )

    def _finder(self, class_key: str) -> _Finder:
        found = self._finders.get(class_key)
        if found is None:
            found = _Finder([each for each in self.lists if each.concerns(class_key)])
            self._finders[class_key] = found
        return found


@cache
def content_policy() -> ContentPolicy:
    record: dict[str, Any] = json.loads(resources.path("policy", "content.json").read_text("utf-8"))
    return ContentPolicy(
        version=record["version"],
        parts_warn=record["parts"]["warn"],
        parts_block=record["parts"]["block"],
        signature_shortest=record["signature"]["shortest"],
        signature_longest=record["signature"]["longest"],
        rate_classes=frozenset(record["rate"]["classes"]),
        rate_about=re.compile("|".join(map(re.escape, record["rate"]["about"]))),
        rate_needs=record["rate"]["needs"],
    )


def word_list(record: Mapping[str, Any]) -> WordList:
    """A list as a rule pack stores it. Raises KeyError, ValueError."""
    return WordList(
        key=record["id"],
        level=Level(record["level"]),
        words=tuple(record["words"]),
        allowed=tuple(record.get("allowed", ())),
        classes=frozenset(record.get("classes", ())),
        exempt=frozenset(record.get("exempt", ())),
        title=record.get("title", ""),
        why=record.get("why", ""),
        mend=record.get("mend", ""),
        source=record["source"],
    )


@cache
def shipped_words() -> Words:
    """Those that travel with the program, for where no rule pack is at hand."""
    record = json.loads(resources.path("policy", "default.json").read_text("utf-8"))
    return Words(map(word_list, record["words"]))
