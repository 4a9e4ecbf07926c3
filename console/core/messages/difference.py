"""What changed between two texts, as a reader sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_WORDS = re.compile(
    r"\$\{\w*\}|[A-Za-z0-9]+(?:[.,][0-9]+)*%?|.", re.DOTALL
)  # a variable or a number changes as a whole


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Stretch:
    change: Change
    text: str


def difference(before: str, after: str) -> list[Stretch]:
    """``after`` in its order, with what was taken out where it stood."""
    return list(_stretches(_WORDS.findall(before), _WORDS.findall(after)))


def _stretches(old: list[str], new: list[str]) -> Iterator[Stretch]:
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Stretch(Change.SAME, "".join(new[k:m]))
            continue
        if i < j:
            yield Stretch(Change.REMOVED, "".join(old[i:j]))
        if k < m:
            yield Stretch(Change.ADDED, "".join(new[k:m]))
