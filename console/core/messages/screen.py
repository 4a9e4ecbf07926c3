"""``check_rendered`` for many messages of one template: what cannot be wrong is not looked at again.

The literal text is checked once, with marks where values will stand. A value is *inert* in its place when no listed
word, no number and no bracket can begin, end or lie in it there. A message whose values are all inert has just the
findings of the literal text and its own length; every other message is checked as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from console.core.messages.checks import check_rendered
from console.core.messages.classes import MessageClass
from console.core.messages.findings import Finding, Level
from console.core.messages.numbers import ends_numbers, short
from console.core.messages.template import Parsed, compose
from console.core.messages.words import VARIABLE, Words, content_policy, plain, shipped_words

_REMEMBERED = 20_000  # values a place

_SINGLE = re.compile(r"%\((\w+)\)s")

Place = tuple[Callable[[Mapping[str, str]], str], Callable[[str], bool]]  # what stands there, and whether it is inert


class Seen(NamedTuple):
    """What of a message's findings decides about it."""

    blocked: Finding | None  # the first one that keeps it from leaving
    second: tuple[Finding, ...]  # for which a second person has to approve it


class Screen:
    def __init__(self, parsed: Parsed, class_: MessageClass, signature: str, words: Words | None = None) -> None:
        self._class = class_
        self._words = words or shipped_words()
        self._most_parts = content_policy().parts_block
        literal = compose(signature, parsed.fill(dict.fromkeys(parsed.variables, VARIABLE)))
        self._literal = _seen(check_rendered(literal, class_, self._words))
        self._sound = VARIABLE not in parsed.body + signature and self._literal.blocked is None
        self._places = _places(parsed, class_, signature, self._words)

    def look(self, text: str, values: Mapping[str, str], parts: int) -> Seen:
        """What ``check_rendered(text)`` says. ``text``: signature and template with ``values``."""
        if self._sound and parts <= self._most_parts:
            for value_of, inert in self._places:
                if not inert(value_of(values)):
                    break
            else:
                return self._literal
        return _seen(check_rendered(text, self._class, self._words))


def _seen(findings: Sequence[Finding]) -> Seen:
    return Seen(
        next((finding for finding in findings if finding.level is Level.BLOCK), None),
        tuple(finding for finding in findings if finding.level is Level.SECOND),
    )


def _places(parsed: Parsed, class_: MessageClass, signature: str, words: Words) -> list[Place]:
    literals, spans = (
        [compose(signature, "")],
        [""],
    )  # a span: variables with nothing between them that keeps them apart
    for piece in parsed.pieces:
        if not piece.variable:
            literals[-1] += piece.text
        elif len(literals) == 1 or _separates(literals[-1]):
            spans.append(f"%({piece.variable})s")
            literals.append("")
        else:
            spans[-1] += f"{literals[-1].replace('%', '%%')}%({piece.variable})s"
            literals[-1] = ""
    around = pairwise(literals)
    return [
        (_reader(span), lru_cache(_REMEMBERED)(_inert(before, after, class_.key, words)))
        for span, (before, after) in zip(spans[1:], around, strict=True)
    ]


def _separates(literal: str) -> bool:
    return bool(plain(literal)) and ends_numbers(literal)


def _reader(span: str) -> Callable[[Mapping[str, str]], str]:
    single = _SINGLE.fullmatch(span)
    return itemgetter(single[1]) if single else span.__mod__


def _inert(before: str, after: str, class_key: str, words: Words) -> Callable[[str], bool]:
    plain_before, plain_after = plain(before)[-1:], plain(after)[:1]

    def inert(value: str) -> bool:
        return (
            "【" not in value
            and "】" not in value
            and words.apart(value, plain_before, plain_after, class_key)
            and short(value, before, after)
        )

    return inert
