"""What a person settles before a file is imported, and what is proposed and shown for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.core.context import Context
from console.core.customers import fields as own
from console.core.customers.checking import Checked
from console.core.customers.columns import FIELDS, own_fields
from console.core.customers.mapping import Fields, header_digest, propose
from console.core.customers.mapping import Mapping as Columns
from console.core.customers.problems import Policy
from console.core.customers.sources import source_of
from console.core.customers.totals import Line, compared, stated_in_name
from console.core.customers.workbook import Sheet
from db.models import ImportMapping


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a person settles beside the columns."""

    source: str | None = None  # who sends such files; None: as its name and headers suggest
    known: Policy = Policy.UPDATE  # where the customer or loan is stored already
    kept: frozenset[int] = frozenset()  # positions of rows whose stored values stay, with ASK
    taken: frozenset[int] = frozenset()  # positions whose values from the file count, with ASK
    stated: Mapping[str, int] = field(default_factory=dict)  # totals typed in: rows, and fen by field
    confirmed: bool = False  # although totals differ
    retire_gone: bool = False  # customers who are gone since the batch before become inactive


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is known of such a sheet before anybody has looked at it."""

    mapping: Columns
    source: str
    extra: Fields  # the administrator's fields


def proposal(ctx: Context, sheet: Sheet) -> Proposal:
    """What was settled for these headers before, else the likeliest."""
    with ctx.database.read() as session:
        saved = session.get(ImportMapping, header_digest(sheet.headers))
        extra = own_fields(own.fields(session))
    source = source_of(sheet.file_name)
    if saved is not None:
        source = str(saved.mapping.get("source") or source)
        fields = tuple(saved.mapping.get("fields", ()))
        if len(fields) == len(sheet.headers) and all(key == "" or key in FIELDS or key in extra for key in fields):
            return Proposal(mapping=fields, source=source, extra=extra)
    return Proposal(mapping=propose(sheet.headers, sheet.samples(), extra), source=source, extra=extra)


def control(checked: Checked, typed: Mapping[str, int] | None = None) -> tuple[Line, ...]:
    """The totals of a file beside what its sender states: typed in, below the table, or in the file's name."""
    in_name = stated_in_name(checked.sheet.file_name)
    return compared(checked.rows_read, checked.sums, checked.stated, in_name, typed or {})
