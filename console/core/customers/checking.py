"""Every row of a sheet against the mapping: what can be imported, what cannot and why. Column by column, for speed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from console.core.customers.columns import FIELDS, REQUIRED, Clean, Group
from console.core.customers.dates import day
from console.core.customers.identity import Identity
from console.core.customers.mapping import Mapping
from console.core.customers.normalise import Refused, text
from console.core.customers.quiet import collector_paused
from console.core.customers.workbook import Sheet
from console.core.errors import UserError
from console.core.i18n import T, Text
from db.models import LoanState

_TOTALS = frozenset({"合计", "总计", "小计", "合計", "總計", "小計", "共计", "total", "sum", "subtotal"})
_DATES = ("birthday", "start_on", "due_on")
Progress = Callable[[int, int], None]  # done, of how many; may raise to cancel


class MappingIncomplete(UserError):
    """The mapping cannot be used; says which columns are missing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason of one row."""

    field: str  # key of the field, "" where it concerns the row
    reason: Text

    def __str__(self) -> str:
        if not self.field:
            return str(self.reason)
        return str(T("{field}: {reason}", field=str(FIELDS[self.field].title), reason=str(self.reason)))


@dataclass(frozen=True, slots=True)
class BadRow:
    index: int  # into sheet.rows
    row: int  # as the spreadsheet counts
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A whole sheet, checked. ``valid`` rows are what ``columns`` holds, in the order of the sheet."""

    sheet: Sheet
    mapping: Mapping
    columns: dict[str, list[object]]  # clean values by field, one per valid row
    valid: list[int]  # indexes into sheet.rows
    leads: list[bool]  # per valid row: the first of its customer
    invalid: tuple[BadRow, ...]
    duplicates: tuple[BadRow, ...]  # say nothing that an earlier row does not say; left out
    totals: int  # rows that only add the others up; left out

    @property
    def rows_read(self) -> int:
        return len(self.valid) + len(self.invalid) + len(self.duplicates)

    @property
    def customers(self) -> int:
        return sum(self.leads)

    @property
    def loans(self) -> int:
        return sum(map(bool, self.columns.get("loan_number", ())))

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(filter(None, self.mapping))


def why_incomplete(mapping: Mapping) -> Text | None:
    """What a mapping lacks, or None."""
    chosen = set(mapping) - {""}
    missing = [str(FIELDS[key].title) for key in REQUIRED if key not in chosen]
    if missing:
        return T("Choose the column of: {fields}.", fields=", ".join(missing))
    if "loan_number" not in chosen and any(FIELDS[key].group is Group.LOAN for key in chosen):
        return T("Loan columns need the loan number. Choose its column, or leave the loan columns out.")
    twice = [str(FIELDS[key].title) for key in chosen if mapping.count(key) > 1]
    if twice:
        return T("Two columns are mapped to: {fields}.", fields=", ".join(sorted(twice)))
    return None


def check(sheet: Sheet, mapping: Mapping, *, today: date, progress: Progress | None = None) -> Checked:
    """Raises MappingIncomplete."""
    why = why_incomplete(mapping)
    if why is not None:
        raise MappingIncomplete(why, T("Correct the columns in section 2."))
    with collector_paused():
        return _check(sheet, mapping, today, progress)


def _check(sheet: Sheet, mapping: Mapping, today: date, progress: Progress | None) -> Checked:
    kept = [index for index, row in enumerate(sheet.rows) if any(row)]
    rows = sheet.rows if len(kept) == len(sheet.rows) else [sheet.rows[index] for index in kept]
    columns, problems = _cleaned(sheet, mapping, rows, progress)
    _required(columns, problems)
    _derive(columns, len(rows), today)
    _loan_rule(columns, problems)
    totals = _totals(rows, columns, problems)
    return _sorted_out(sheet, mapping, kept, columns, problems, totals)


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
    first = cells[:1000]
    if len(set(first)) * 2 > len(first):
        return list(map(clean, cells))
    return list(map(_Cache(clean).__getitem__, cells))


_Problems = dict[int, list[Problem]]


def _cleaned(
    sheet: Sheet, mapping: Mapping, rows: Sequence[Sequence[object]], progress: Progress | None
) -> tuple[dict[str, list[object]], _Problems]:
    by_column = list(zip(*rows, strict=True)) or [()] * len(mapping)
    columns: dict[str, list[object]] = {}
    problems: _Problems = {}
    for position, key in enumerate(mapping):
        if progress is not None:
            progress(position, len(mapping))
        if not key:
            continue
        clean = partial(day, since_1904=sheet.since_1904) if key in _DATES else FIELDS[key].clean
        values = columns[key] = _clean_column(by_column[position], clean)
        for index, value in enumerate(values):
            if value.__class__ is Refused:
                problems.setdefault(index, []).append(Problem(key, value.reason))
    return columns, problems


def _required(columns: dict[str, list[object]], problems: _Problems) -> None:
    for key in REQUIRED:
        if "" in columns[key]:
            for index, value in enumerate(columns[key]):
                if value == "":
                    problems.setdefault(index, []).append(Problem(key, T("missing")))


def _derive(columns: dict[str, list[object]], count: int, today: date) -> None:
    """Birthday and form of address from the identity number, which goes no further; the due date from days overdue."""
    identities = columns.pop("id_number", None)
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
    others = [columns[key] for key in columns if key != "loan_number" and FIELDS[key].group is Group.LOAN]
    for index, number in enumerate(numbers):
        if number == "" and any(values[index] not in ("", None) for values in others):
            problems.setdefault(index, []).append(Problem("loan_number", T("missing")))


def _totals(rows: Sequence[Sequence[object]], columns: dict[str, list[object]], problems: _Problems) -> set[int]:
    """Rows without a phone whose first word says that they add up others."""
    found = set()
    for index in problems:
        if columns["phone"][index] == "":
            first = next(cell for cell in rows[index] if cell != "")
            if text(first).replace(" ", "").rstrip(":").casefold() in _TOTALS:
                found.add(index)
    return found


def _sorted_out(
    sheet: Sheet,
    mapping: Mapping,
    kept: list[int],
    columns: dict[str, list[object]],
    problems: _Problems,
    totals: set[int],
) -> Checked:
    good = [index for index in range(len(kept)) if index not in problems] if problems else list(range(len(kept)))
    repeated, contradicting, leads = _repetitions(columns, good, lambda index: sheet.first_row + kept[index])
    if repeated or contradicting:
        good = [index for index in good if index not in repeated and index not in contradicting]
    problems.update({index: [problem] for index, problem in contradicting.items()})

    def bad(index: int, found: Sequence[Problem]) -> BadRow:
        return BadRow(kept[index], sheet.first_row + kept[index], tuple(found))

    everything = len(good) == len(kept)
    return Checked(
        sheet=sheet,
        mapping=mapping,
        columns=columns if everything else {key: [values[i] for i in good] for key, values in columns.items()},
        valid=[kept[index] for index in good],
        leads=[index in leads for index in good] if leads is not None else [True] * len(good),
        invalid=tuple(bad(index, problems[index]) for index in sorted(problems) if index not in totals),
        duplicates=tuple(bad(index, [repeated[index]]) for index in sorted(repeated)),
        totals=len(totals),
    )


def _repetitions(
    columns: dict[str, list[object]], good: list[int], row_of: Callable[[int], int]
) -> tuple[dict[int, Problem], dict[int, Problem], set[int] | None]:
    """(rows that repeat an earlier one, rows that contradict one, the first row of each customer; None: all are)."""
    phones, names = columns["phone"], columns["name"]
    numbers, loans = columns.get("number"), columns.get("loan_number")
    if numbers is not None and "" not in numbers and _distinct(numbers) and (loans is None or _distinct(loans)):
        return {}, {}, None
    repeated: dict[int, Problem] = {}
    contradicting: dict[int, Problem] = {}
    first_of: dict[object, int] = {}
    first_loan: dict[object, int] = {}
    leads: set[int] = set()
    for index in good:
        key = (numbers and numbers[index]) or (phones[index], names[index])
        earlier = first_of.get(key)
        if earlier is not None and (phones[earlier], names[earlier]) != (phones[index], names[index]):
            what = T("the same customer number as row {row}, with another name or phone", row=row_of(earlier))
            contradicting[index] = Problem("number", what)
            continue
        loan = loans[index] if loans is not None else ""
        before = first_loan.get(loan) if loan else earlier
        if before is not None:
            if not loan or all(values[index] == values[before] for values in columns.values()):
                repeated[index] = Problem("", T("says the same as row {row}", row=row_of(before)))
            else:
                what = T("the same loan as row {row}, with other values", row=row_of(before))
                contradicting[index] = Problem("loan_number", what)
            continue
        if earlier is None:
            first_of[key] = index
            leads.add(index)
        if loan:
            first_loan[loan] = index
    return repeated, contradicting, leads


def _distinct(values: list[object]) -> bool:
    return len(set(values)) == len(values)
