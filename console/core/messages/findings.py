"""What is wrong with a text: where, why, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from console.core.i18n import Text, tr


class Level(StrEnum):
    BLOCK = "block"  # must not leave
    SECOND = "second_approver"  # leaves when two people have approved it
    WARN = "warn"  # a person should look
    HINT = "hint"  # could be said better


LEVELS = tuple(Level)  # the strictest first


@dataclass(frozen=True, kw_only=True)
class Finding:
    level: Level
    rule: str  # stable id: word.forbidden, variable.unknown
    why: Text
    mend: Text
    where: tuple[int, int] | None = None  # characters of the checked text, end exclusive; None: the whole of it
    source: str = ""  # law, circular or decision behind the rule, where it has one
    variant: str = ""  # name of the variant whose text it is; "" for the main text


def placed(finding: Finding) -> str:
    """Why, and in which of a template's texts."""
    return tr("{title}: {text}", title=finding.variant, text=str(finding.why)) if finding.variant else str(finding.why)


def blocked(findings: Iterable[Finding]) -> bool:
    return any(finding.level is Level.BLOCK for finding in findings)
