"""``branch-sms import FILE``: exit code 0 when every row could be used, else 1."""

from __future__ import annotations

import argparse
from pathlib import Path

from console.core.context import Context
from console.core.customers import importing
from console.core.customers.importing import BadRow, Book, Checked
from console.core.format import count
from console.core.i18n import tr
from console.core.security.permissions import Permission
from console.verbs.common import logged_in, report_progress, say

_SHOWN = 10  # rows with their reasons on the terminal


def run(parsed: argparse.Namespace) -> int:
    with logged_in(parsed) as context:
        context.require(Permission.CUSTOMERS_IMPORT)
        checked = _checked(context, Path(parsed.file))
        bad = [*checked.invalid]
        if not parsed.check and checked.valid:
            bad += _brought_in(context, checked)
        _tell(checked.sheet, bad, parsed.errors)
    return 1 if bad or not checked.valid else 0


def _checked(context: Context, path: Path) -> Checked:
    sheet = Book(path).sheet()
    mapping = importing.propose_mapping(context, sheet)
    today = context.clock.now().astimezone().date()
    checked = importing.check(sheet, mapping, today=today, progress=report_progress)
    say(
        tr(
            "{read} rows: {valid} can be used, {invalid} cannot, {duplicates} say nothing new.",
            read=count(checked.rows_read),
            valid=count(len(checked.valid)),
            invalid=count(len(checked.invalid)),
            duplicates=count(len(checked.duplicates)),
        )
    )
    return checked


def _brought_in(context: Context, checked: Checked) -> tuple[BadRow, ...]:
    result = importing.commit(context, checked, report_progress)
    say(
        tr(
            "Import {n}: {added} added, {updated} updated, {unchanged} unchanged.",
            n=result.import_id,
            added=count(result.added),
            updated=count(result.updated),
            unchanged=count(result.unchanged),
        )
    )
    return result.refused


def _tell(sheet: importing.Sheet, bad: list[BadRow], errors: str | None) -> None:
    """Into a workbook when one is asked for, else the first few on the terminal."""
    if not bad:
        return
    if errors:
        importing.write_error_workbook(sheet, bad, Path(errors))
        say(tr("Rows that cannot be used: {file}", file=errors))
        return
    for row in bad[:_SHOWN]:
        say(tr("Row {n}: {reasons}", n=row.row, reasons="; ".join(str(problem) for problem in row.problems)))
    if len(bad) > _SHOWN:
        say(tr("… and {n} more; --errors FILE writes them all.", n=count(len(bad) - _SHOWN)))
