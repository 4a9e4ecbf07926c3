"""Template bodies: literal text and ``${variables}``, parsed once and rendered many times.

A value is put in after parsing and never read again, so a customer whose name contains ``${x}`` gets just that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from console.core.i18n import T
from console.core.messages.findings import Finding, Level
from console.core.messages.variables import VARIABLES, clean
from gsm.encoding import Measure, measure

__all__ = ["Measure", "Parsed", "Piece", "compose", "measure", "parse"]

_NAME_PART = re.compile(r"[a-z0-9_]*")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Piece:
    start: int  # in the body; end exclusive
    end: int
    text: str  # as written
    variable: str | None = None  # key, when it is a well-formed placeholder


@dataclass(frozen=True)
class Parsed:
    body: str
    pieces: tuple[Piece, ...]
    variables: tuple[str, ...]  # each once, in order of appearance
    findings: tuple[Finding, ...]
    pattern: str  # printf form, by names

    def render(self, values: Mapping[str, str]) -> str:
        """The text with every value cleaned and put in. Raises KeyError for a variable without a value."""
        return self.pattern % {key: clean(values[key]) for key in self.variables}

    def fill(self, values: Mapping[str, str]) -> str:
        """``render`` for values that are clean already. Raises KeyError for a variable without a value."""
        return self.pattern % values


def compose(signature: str, body: str) -> str:
    """What leaves: the signature in its brackets, then the text."""
    return f"【{signature}】{body}"


@lru_cache(maxsize=256)
def parse(body: str) -> Parsed:
    """Never raises: what is wrong stands in ``findings`` with its place, and the faulty part stays literal text."""
    pieces: list[Piece] = []
    findings: list[Finding] = []
    at = 0
    while at < len(body):
        opening = body.find("${", at)
        if opening != at:
            end = opening if opening >= 0 else len(body)
            pieces.append(Piece(at, end, body[at:end]))
            at = end
            continue
        piece, finding = _placeholder(body, at)
        pieces.append(piece)
        if finding:
            findings.append(finding)
        at = piece.end
    findings += _adjacent(pieces)
    findings += _brackets(body)
    variables = tuple(dict.fromkeys(piece.variable for piece in pieces if piece.variable))
    pattern = "".join(f"%({p.variable})s" if p.variable else p.text.replace("%", "%%") for p in pieces)
    return Parsed(body, tuple(pieces), variables, tuple(sorted(findings, key=lambda f: f.where or (0, 0))), pattern)


def _placeholder(body: str, at: int) -> tuple[Piece, Finding | None]:
    """The piece that starts with ``${`` at ``at``, and what is wrong with it."""
    closing = body.find("}", at)
    nested = body.find("${", at + 2)
    if closing < 0 and nested < 0:
        return _literal(body, at, len(body)), _unclosed(at, len(body))
    if nested >= 0 and (closing < 0 or nested < closing):
        inside = closing >= 0 and _NAME_PART.fullmatch(body, at + 2, nested)
        return _literal(body, at, nested), (_nested if inside else _unclosed)(at, nested)
    name = body[at + 2 : closing]
    end = closing + 1
    if name in VARIABLES:
        return Piece(at, end, body[at:end], name), None
    return _literal(body, at, end), _unknown(name, at, end)


def _literal(body: str, start: int, end: int) -> Piece:
    return Piece(start, end, body[start:end])


def _unclosed(start: int, end: int) -> Finding:
    return Finding(
        level=Level.BLOCK,
        rule="variable.unclosed",
        where=(start, min(end, start + 34)),
        why=T("A variable is opened with ${{ but not closed."),
        mend=T("Close it with }} or pick the variable from the list."),
    )


def _nested(start: int, end: int) -> Finding:
    return Finding(
        level=Level.BLOCK,
        rule="variable.nested",
        where=(start, end + 2),
        why=T("A variable begins inside another one."),
        mend=T("Close the first one with }} before the next begins."),
    )


def _unknown(name: str, start: int, end: int) -> Finding:
    if not _NAME.fullmatch(name):
        return Finding(
            level=Level.BLOCK,
            rule="variable.name",
            where=(start, end),
            why=T("This is not the name of a variable."),
            mend=T("Pick the variable from the list."),
        )
    return Finding(
        level=Level.BLOCK,
        rule="variable.unknown",
        where=(start, end),
        why=T("There is no variable {name}.", name=name),
        mend=T("Pick the variable from the list."),
    )


def _adjacent(pieces: list[Piece]) -> list[Finding]:
    return [
        Finding(
            level=Level.BLOCK,
            rule="variable.adjacent",
            where=(before.start, after.end),
            why=T("Two variables stand side by side."),
            mend=T("Put a word or a mark between them."),
        )
        for before, after in pairwise(pieces)
        if before.variable and after.variable
    ]


def _brackets(body: str) -> list[Finding]:
    return [
        Finding(
            level=Level.BLOCK,
            rule="body.brackets",
            where=match.span(),
            why=T("The brackets 【】 are kept for the signature, which is put before the text by itself."),
            mend=T("Use other brackets, or leave the bank's name out."),
        )
        for match in re.finditer("[【】]", body)
    ]
