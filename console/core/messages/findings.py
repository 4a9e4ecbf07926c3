"""What is wrong with a text: where, why, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.core.i18n import Text


class Level(StrEnum):
    BLOCK = "block"  # must not leave
    WARN = "warn"  # a person should look


@dataclass(frozen=True, kw_only=True)
class Finding:
    level: Level
    rule: str  # stable id: word.forbidden, variable.unknown
    why: Text
    mend: Text
    where: tuple[int, int] | None = None  # characters of the checked text, end exclusive; None: the whole of it


def blocked(findings: list[Finding] | tuple[Finding, ...]) -> bool:
    return any(finding.level is Level.BLOCK for finding in findings)
