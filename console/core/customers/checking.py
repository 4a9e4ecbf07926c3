"""Every row of a sheet against the mapping: what can be imported, what cannot and why. Column by column, for speed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from console.core.customers.amounts import all_fen, fen
from console.core.customers.columns import (
    FIELDS,
    INSTALMENT_NEEDS,
    REQUIRED,
    Clean,
    Group,
    group_of,
    plan_only,
)
from console.core.customers.dates import day, moment
from console.core.customers.identity import Identity
from console.core.customers.mapping import Fields, Mapping
from console.core.customers.normalise import Refused, as_they_are
from console.core.customers.problems import BadRow, Policy, Problem
from console.core.customers.repetitions import repetitions
from console.core.customers.totals import added_up, stated_below, sums
from console.core.customers.workbook import Sheet
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.quiet import collector_paused
from db.models import LoanState

_DATES = {"birthday": day, "start_on": day, "due_on": day, "inst_due_on": day, "inst_paid_at": moment}
_NO_FIELDS: Fields = MappingProxyType({})
Progress = Callable[[int, int], None]  # done, of how many; may raise to cancel


__all__ = ["BadRow", "Checked", "MappingIncomplete", "Policy", "Problem", "check", "why_incomplete"]


class MappingIncomplete(UserError):
    """The mapping cannot be used; says which columns are missing."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A whole sheet, checked. ``valid`` rows are what ``columns`` holds, in the order of the sheet."""

    sheet: Sheet
    mapping: Mapping
    columns: dict[str, list[object]]  # clean values by field, one per valid row
    valid: list[int]  # indexes into sheet.rows
    leads: list[bool]  # per valid row: the first of its customer
    loan_leads: list[bool]  # per valid row: the first of its loan; differs only where rows are instalments
    invalid: tuple[BadRow, ...]
    duplicates: tuple[BadRow, ...]  # say nothing that an earlier row does not say; left out
    totals: int  # rows that only add the others up; left out
    stated: dict[str, int] = field(default_factory=dict)  # what these say: "rows", and fen by field
    sums: dict[str, int] = field(default_factory=dict)  # fen by field over all rows that are no totals

    @property
    def rows_read(self) -> int:
        return len(self.valid) + len(self.invalid) + len(self.duplicates)

    @property
    def customers(self) -> int:
        return sum(self.leads)

    @property
    def loans(self) -> int:
        numbers = self.columns.get("loan_number", ())
        return sum(bool(number) and leads for number, leads in zip(numbers, self.loan_leads, strict=False))

    @property
    def instalments(self) -> int:
        return len(self.valid) if "sequence" in self.columns else 0

    @property
    def plan_only(self) -> bool:
        """Instalments of loans that are known; nothing about customers."""
        return plan_only(self.fields)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(filter(None, self.mapping))


def why_incomplete(mapping: Mapping) -> Text | None:
    """What a mapping lacks, or None."""
    chosen = set(mapping) - {""}
    missing = [] if plan_only(chosen) else [str(FIELDS[key].title) for key in REQUIRED if key not in chosen]
    if any(group_of(key) is Group.INSTALMENT for key in chosen):
        missing += [str(FIELDS[key].title) for key in INSTALMENT_NEEDS if key not in chosen]
    if missing:
        return T("Choose the column of: {fields}.", fields=", ".join(missing))
    if "loan_number" not in chosen and any(group_of(key) is Group.LOAN for key in chosen):
        return T("Loan columns need the loan number. Choose its column, or leave the loan columns out.")
    twice = [str(FIELDS[key].title) for key in chosen if key in FIELDS and mapping.count(key) > 1]
    if twice:
        return T("Two columns are mapped to: {fields}.", fields=", ".join(sorted(twice)))
    return None


def check(
    sheet: Sheet,
    mapping: Mapping,
    *,
    today: date,
    progress: Progress | None = None,
    extra: Fields = _NO_FIELDS,
    repeated: Policy = Policy.ASK,
) -> Checked:
    """``repeated``: of rows that contradict an earlier one of the same file, which counts; ASK refuses the later one.

    Raises MappingIncomplete.
    """
    why = why_incomplete(mapping)
    if why is not None:
        raise MappingIncomplete(why, T("Correct the columns in section 2."))
    with collector_paused():
        return _check(sheet, mapping, today, progress, extra, repeated)


def _check(
    sheet: Sheet, mapping: Mapping, today: date, progress: Progress | None, extra: Fields, repeated: Policy
) -> Checked:
    rows, kept = sheet.rows, list(range(len(sheet.rows)))
    if not all(map(any, rows)):
        kept = [index for index, row in enumerate(rows) if any(row)]
        rows = [rows[index] for index in kept]
    columns, problems = _cleaned(sheet, mapping, rows, progress, extra)
    _required(columns, problems)
    _derive(columns, len(rows), today)
    _loan_rule(columns, problems)
    totals = added_up(rows, columns, problems)
    found = _sorted_out(sheet, mapping, kept, columns, problems, totals, repeated)
    found.stated.update(stated_below(rows, totals, columns))
    found.sums.update(sums(columns, set(totals)))
    return found


class _Cache(dict[object, object]):
    """Clean value by cell: a lookup costs a tenth of a call."""

    def __init__(self, clean: Clean) -> None:
        super().__init__()
        self.clean = clean

    def __missing__(self, cell: object) -> object:
        value = self[cell] = self.clean(cell)
        return value


def _clean_column(cells: Sequence[object], clean: Clean) -> list[Any]:
    """Through a cache where values repeat themselves, as all but numbers and amounts do."""
    if as_they_are(clean, cells):
        return list(cells)
    if clean is fen and (amounts := all_fen(cells)) is not None:
        return amounts
    first = cells[:1000]
    if len(set(first)) * 2 > len(first):
        return list(map(clean, cells))
    return list(map(_Cache(clean).__getitem__, cells))


_Problems = dict[int, list[Problem]]


def _cleaned(
    sheet: Sheet, mapping: Mapping, rows: Sequence[Sequence[object]], progress: Progress | None, extra: Fields
) -> tuple[dict[str, list[object]], _Problems]:
    by_column = list(zip(*rows, strict=True)) or [()] * len(mapping)
    columns: dict[str, list[object]] = {}
    problems: _Problems = {}
    for position, key in enumerate(mapping):
        if progress is not None:
            progress(position, len(mapping))
        if not key:
            continue
        own = extra.get(key)
        clean = partial(_DATES[key], since_1904=sheet.since_1904) if key in _DATES else (own or FIELDS[key]).clean
        values = columns[key] = _clean_column(by_column[position], clean)
        if Refused not in set(map(type, values)):
            continue
        for index, value in enumerate(values):
            if isinstance(value, Refused):
                problems.setdefault(index, []).append(Problem(key, value.reason, own.title if own else None))
    return columns, problems


def _required(columns: dict[str, list[object]], problems: _Problems) -> None:
    for key in (*REQUIRED, *(INSTALMENT_NEEDS if "sequence" in columns else ())):
        values = columns.get(key, ())
        if "" in values or None in values:
            for index, value in enumerate(values):
                if value in ("", None):
                    problems.setdefault(index, []).append(Problem(key, T("missing")))


def _derive(columns: dict[str, list[object]], count: int, today: date) -> None:
    """Birthday and form of address from the identity number, which goes no further; the due date from days overdue."""
    identities = columns.get("id_number")
    if identities is not None:
        known = [value if isinstance(value, Identity) else None for value in identities]
        columns["birthday"] = [
            given or (one and one.birthday)
            for given, one in zip(_or_none(columns, "birthday", count), known, strict=True)
        ]
        columns["title"] = [
            given or (one and one.title) for given, one in zip(_or_none(columns, "title", count), known, strict=True)
        ]
    overdue = columns.pop("overdue_days", None)
    if overdue is not None:
        due = _or_none(columns, "due_on", count)
        columns["due_on"] = [
            given or (today - timedelta(days=days) if isinstance(days, int) else None)
            for given, days in zip(due, overdue, strict=True)
        ]
        states = _or_none(columns, "state", count)
        columns["state"] = [
            given or (LoanState.OVERDUE if isinstance(days, int) and days > 0 else None)
            for given, days in zip(states, overdue, strict=True)
        ]


def _or_none(columns: dict[str, list[object]], key: str, count: int) -> list[object]:
    return columns.get(key) or [None] * count


def _loan_rule(columns: dict[str, list[object]], problems: _Problems) -> None:
    numbers = columns.get("loan_number")
    if numbers is None or "" not in numbers:
        return
    others = [columns[key] for key in columns if key != "loan_number" and group_of(key) is Group.LOAN]
    for index, value in enumerate(numbers):
        if value == "" and "sequence" not in columns and any(values[index] not in ("", None) for values in others):
            problems.setdefault(index, []).append(Problem("loan_number", T("missing")))


def _sorted_out(
    sheet: Sheet,
    mapping: Mapping,
    kept: list[int],
    columns: dict[str, list[object]],
    problems: _Problems,
    totals: list[int],
    policy: Policy,
) -> Checked:
    good = [index for index in range(len(kept)) if index not in problems] if problems else list(range(len(kept)))

    def row_of(index: int) -> int:
        return sheet.first_row + kept[index]

    found = repetitions(columns, good, row_of, policy)
    if found.repeated or found.contradicting:
        good = [index for index in good if index not in found.repeated and index not in found.contradicting]
    problems.update({index: [problem] for index, problem in found.contradicting.items()})

    def bad(index: int, why: Sequence[Problem]) -> BadRow:
        return BadRow(kept[index], row_of(index), tuple(why))

    everything, left_out = len(good) == len(kept), set(totals)
    leads, loan_leads = found.leads, found.loan_leads
    return Checked(
        sheet=sheet,
        mapping=mapping,
        columns=columns if everything else {key: [values[i] for i in good] for key, values in columns.items()},
        valid=[kept[index] for index in good],
        leads=[index in leads for index in good] if leads is not None else [True] * len(good),
        loan_leads=[index in loan_leads for index in good] if loan_leads is not None else [True] * len(good),
        invalid=tuple(bad(index, problems[index]) for index in sorted(problems) if index not in left_out),
        duplicates=tuple(bad(index, [found.repeated[index]]) for index in sorted(found.repeated)),
        totals=len(totals),
    )
