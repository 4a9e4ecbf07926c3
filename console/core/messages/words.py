"""Words that must not stand in a text, found however they are spaced, widened or written in traditional characters."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import resources
from console.core.messages.findings import Level

VARIABLE = "\ufffc"  # stands for a variable's value: never part of a word
_SEPARATORS = re.compile(f"[^\\w{VARIABLE}]+|_+")


@dataclass(frozen=True, kw_only=True)
class WordGroup:
    group: str
    level: Level
    source: str  # the rule behind it
    date: str  # of the source, ISO
    mark: str  # V, 2 or U, as explained in the file
    words: tuple[str, ...]
    classes: frozenset[str]  # empty: every class
    exempt: frozenset[str]
    allowed: tuple[str, ...]  # longer words in which a forbidden one is harmless


@dataclass(frozen=True, kw_only=True)
class ContentPolicy:
    version: int
    groups: tuple[WordGroup, ...]
    parts_warn: int  # parts above which a text is worth a second look
    parts_block: int
    signature_shortest: int
    signature_longest: int
    rate_classes: frozenset[str]
    rate_about: re.Pattern[str]
    rate_needs: str


@dataclass(frozen=True, slots=True)
class Hit:
    start: int
    end: int
    word: str
    group: WordGroup


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


@dataclass(frozen=True)
class _Finder:
    pattern: re.Pattern[str]
    groups: Mapping[str, WordGroup | None]  # by plain word; None: an allowed one
    pairs: frozenset[str]  # every two neighbours in any of the words


class Words:
    """The word lists, compiled once per message class."""

    def __init__(self, policy: ContentPolicy, traditional: Mapping[str, str]) -> None:
        self._policy = policy
        self._plain = _Plain(traditional)
        self._foldable = re.compile(f"[{''.join(traditional)}]")
        self._finders: dict[str, _Finder] = {}

    def plain(self, text: str) -> str:
        """``text`` as the lists are written: simplified, narrow, lower case, nothing but letters and digits."""
        return text.translate(self._plain)

    def _quick(self, text: str) -> str:
        """``plain`` four times as fast for the many texts that need nothing folded."""
        bare = _SEPARATORS.sub("", text)
        if not unicodedata.is_normalized("NFKC", bare) or self._foldable.search(bare):
            return self.plain(text)
        return bare.lower()

    def hits(self, text: str, class_key: str) -> list[Hit]:
        """Every listed word in ``text``, with its place there."""
        finder = self._finders.get(class_key) or self._compile(class_key)
        if not finder.pattern.search(self._quick(text)):
            return []
        plain = text.translate(self._plain)
        found = [match for match in finder.pattern.finditer(plain) if finder.groups[match[0]]]
        if not found:
            return []
        origin = [index for index, char in enumerate(text) for _ in self._plain[ord(char)] or ""]
        return [
            Hit(origin[match.start()], origin[match.end() - 1] + 1, match[0], group)
            for match in found
            if (group := finder.groups[match[0]])
        ]

    def apart(self, value: str, before: str, after: str, class_key: str) -> bool:
        """Whether no listed word can share a letter with ``value``; False also where that is not certain.

        ``before``, ``after``: the plain letters next to it, each empty where the text begins or ends.
        """
        finder = self._finders.get(class_key) or self._compile(class_key)
        plain = self.plain(value)
        return bool(plain) and not (
            before + plain[0] in finder.pairs or plain[-1] + after in finder.pairs or finder.pattern.search(plain)
        )

    def _compile(self, class_key: str) -> _Finder:
        groups: dict[str, WordGroup | None] = {}
        for group in self._policy.groups:
            if class_key in group.exempt or (group.classes and class_key not in group.classes):
                continue
            groups |= {self.plain(word): group for word in group.words}
            groups |= {self.plain(word): None for word in group.allowed}
        longest_first = sorted(groups, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        pairs = frozenset(word[at : at + 2] for word in groups for at in range(len(word) - 1))
        return self._finders.setdefault(class_key, _Finder(pattern, groups, pairs))


@cache
def content_policy() -> ContentPolicy:
    return _policy(_record())


@cache
def words() -> Words:
    return Words(content_policy(), _record()["traditional"])


def _record() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(resources.path("policy", "content.json").read_text("utf-8"))
    return record


def _policy(record: dict[str, Any]) -> ContentPolicy:
    return ContentPolicy(
        version=record["version"],
        groups=tuple(_group(group) for group in record["groups"]),
        parts_warn=record["parts"]["warn"],
        parts_block=record["parts"]["block"],
        signature_shortest=record["signature"]["shortest"],
        signature_longest=record["signature"]["longest"],
        rate_classes=frozenset(record["rate"]["classes"]),
        rate_about=re.compile("|".join(map(re.escape, record["rate"]["about"]))),
        rate_needs=record["rate"]["needs"],
    )


def _group(record: dict[str, Any]) -> WordGroup:
    return WordGroup(
        group=record["group"],
        level=Level(record["level"]),
        source=record["source"],
        date=record["date"],
        mark=record["mark"],
        words=tuple(record["words"]),
        classes=frozenset(record.get("classes", ())),
        exempt=frozenset(record.get("exempt", ())),
        allowed=tuple(record.get("allowed", ())),
    )
