"""Why rows cannot be taken, and what a person wants done about rows that say different things."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.core.customers.columns import FIELDS
from console.core.i18n import T, Text


class Policy(StrEnum):
    """What happens where two say different things of one customer or loan."""

    UPDATE = "update"  # the later one counts
    KEEP = "keep"  # the earlier one counts
    ASK = "ask"  # a person says so, row by row


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason of one row."""

    field: str  # key of the field, "" where it concerns the row
    reason: Text
    title: Text | None = None  # of a field that the administrator made up

    def __str__(self) -> str:
        if not self.field:
            return str(self.reason)
        title = self.title or FIELDS[self.field].title
        return str(T("{field}: {reason}", field=str(title), reason=str(self.reason)))


@dataclass(frozen=True, slots=True)
class BadRow:
    index: int  # into sheet.rows
    row: int  # as the spreadsheet counts
    problems: tuple[Problem, ...]
