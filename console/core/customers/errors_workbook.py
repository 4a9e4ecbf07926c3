"""The rows that could not be taken, as they came, with the reason in the last column: correct them, import it again."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from console.core.customers.checking import BadRow
from console.core.customers.filekind import column_letters
from console.core.customers.workbook import REASON, Sheet
from console.core.errors import EnvironmentTrouble
from console.core.i18n import T

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_LONGEST = 32_767  # characters of a cell in Excel


def write_error_workbook(sheet: Sheet, bad: Iterable[BadRow], path: Path) -> int:
    """Write the bad rows; how many. Raises EnvironmentTrouble, and then ``path`` is as it was."""
    with replacing(path) as fresh, fresh.open("wb") as file:
        return error_workbook(sheet, bad, file)


def error_workbook(sheet: Sheet, bad: Iterable[BadRow], file: BinaryIO) -> int:
    """The bad rows as an .xlsx; how many."""
    from openpyxl import Workbook  # noqa: PLC0415 - a quarter of a second that no start of the window needs

    rows = sorted(bad, key=lambda each: each.row)
    width = len(sheet.headers)
    book = Workbook(write_only=True)
    page = book.create_sheet((re.sub(r"[\[\]:*?/\\]", " ", sheet.name) or "1")[:31])
    _lay_out(page, width)
    page.auto_filter.ref = f"A1:{column_letters(width + 1)}{len(rows) + 1}"
    page.append([_cell(page, header) for header in (*sheet.headers, str(REASON))])
    for row in rows:
        reason = "; ".join(str(problem) for problem in row.problems)
        page.append([_cell(page, cell) for cell in (*sheet.rows[row.index], reason)])
    book.save(file)
    return len(rows)


def _lay_out(page: Any, width: int) -> None:
    page.freeze_panes = "A2"
    for column in range(1, width + 1):
        page.column_dimensions[column_letters(column)].width = 18
    page.column_dimensions[column_letters(width + 1)].width = 60


def _cell(page: Any, value: object) -> Any:
    """A typed cell. Text is written as text, so that nothing in it is ever taken for a formula."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above

    if isinstance(value, float) and value.is_integer() and abs(value) >= 1e10:
        value = str(int(value))  # a phone or an account as digits, not as 1.38E+10
    if isinstance(value, (bool, float, int, date, datetime, time, timedelta)):
        return WriteOnlyCell(page, value)  # type: ignore[arg-type]
    text = _CONTROLS.sub("", "" if value is None else str(value))[:_LONGEST]
    cell = WriteOnlyCell(page, None)
    if text:
        cell.value = text
        cell.data_type = "s"
        cell.quotePrefix = text[:1] in "=+-@\t\r"
        cell.number_format = "@"
    return cell


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside ``path`` that takes its place at the end: a reader finds the old or the new one, whole."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
        os.close(handle)
        try:
            yield Path(name)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentTrouble(
            T("{file} cannot be written.", file=path.name),
            T("Close it if it is open, check the free space, or choose another folder."),
        ) from error
