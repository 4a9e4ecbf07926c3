"""Sheets as an .xlsx file, written row by row with flat memory. The only module that loads openpyxl."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeGuard
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from console.core.i18n import Text
from console.core.reports.table import NUMERIC, Column, Kind, Row, Sheet, Value

MOST_ROWS = 1_000_000  # of a sheet; Excel's own limit is 1,048,576
_FORMATS = {
    Kind.CODE: "@",
    Kind.COUNT: "#,##0",
    Kind.AMOUNT: "#,##0.00",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MOMENT: "yyyy-mm-dd hh:mm:ss",
    Kind.SHARE: "0.0%",
}
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "#", "'")  # a formula or an error to Excel, or to what it is saved as
_HEADER_FILL = PatternFill("solid", fgColor="E8EEF7")
_HAIRLINE = Border(bottom=Side(style="thin", color="9AA6B5"))
_TOTAL_LINE = Border(top=Side(style="thin", color="9AA6B5"))
_NAME_LENGTH = 31

Cell = Any  # openpyxl's stubs name no type for a cell that is written once


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands above every table."""

    title: str
    lines: Sequence[str]  # who exported, when, and of what
    author: str


def write_file(path: Path, sheets: Iterable[Sheet], heading: Heading, progress: Callable[[int], None]) -> int:
    """``write`` into ``path``, and have it on the disk before its name counts. Raises OSError."""
    with path.open("wb") as file:
        rows = write(file, sheets, heading, progress)
        file.flush()
        os.fsync(file.fileno())
    return rows


def write(file: IO[bytes], sheets: Iterable[Sheet], heading: Heading, progress: Callable[[int], None]) -> int:
    """Write the workbook; the number of rows. ``progress`` is told the rows done so far, and may raise to stop."""
    book = Workbook(write_only=True)
    book.properties.creator = heading.author
    book.properties.title = heading.title
    open_sheet: _Writer | None = None
    done = 0
    try:
        for sheet in sheets:
            open_sheet = _Writer(book, sheet, heading, 1)
            number = 1
            for row in sheet.rows:
                if open_sheet.full:
                    open_sheet.close(None)
                    number += 1
                    open_sheet = _Writer(book, sheet, heading, number)
                open_sheet.append(row)
                done += 1
                if done % 256 == 0:
                    progress(done)
            open_sheet.close(sheet.closing)
            open_sheet = None
        _save(book, file)
    finally:
        _drop_temporary_files(book)
    return done


def _save(book: Workbook, file: IO[bytes]) -> None:
    """As ``Workbook.save``, which leaves its archive open when the disk is full."""
    archive = ZipFile(file, "w", ZIP_DEFLATED)
    try:
        ExcelWriter(book, archive).save()
    finally:
        with suppress(OSError):  # said already; a second try only lets go of the file
            archive.close()


def _drop_temporary_files(book: Workbook) -> None:
    """After a cancelled export openpyxl would keep its half sheets, with customers in them, until the program ends."""
    pages: list[Any] = list(book.worksheets)
    for page in pages:
        with suppress(OSError):  # the disk may be full
            if not page.closed:
                page.close()
        if Path(page._writer.out).exists():
            page._writer.cleanup()


class _Writer:
    """One sheet of the file: heading, header row, rows, totals."""

    def __init__(self, book: Workbook, sheet: Sheet, heading: Heading, number: int) -> None:
        self._columns = sheet.columns
        self._page: Any = book.create_sheet(_sheet_name(sheet.name, number))
        self._first = len(heading.lines) + 4  # the row of the first record
        self._row = self._first
        self._page._values_to_row = _placed
        self._cells = [self._cell_for(column) for column in sheet.columns]
        self._set_up()
        self._head(heading)

    @property
    def full(self) -> bool:
        return self._row - self._first >= MOST_ROWS

    def append(self, row: Row) -> None:
        self._page.append(
            value if value is None else write(value) for write, value in zip(self._cells, row, strict=True)
        )
        self._row += 1

    def close(self, closing: Row | None) -> None:
        last = max(self._row - 1, self._first - 1)
        self._page.auto_filter.ref = f"A{self._first - 1}:{get_column_letter(len(self._columns))}{last}"
        if closing is not None:
            self._page.append(
                [self._total(value, column) for value, column in zip(closing, self._columns, strict=True)]
            )
        self._page.close()

    def _set_up(self) -> None:
        page = self._page
        for place, column in enumerate(self._columns, 1):
            page.column_dimensions[get_column_letter(place)].width = column.width + 2
        page.freeze_panes = f"A{self._first}"
        page.print_title_rows = f"{self._first - 1}:{self._first - 1}"
        page.page_setup.orientation = "landscape"
        page.page_setup.paperSize = 9  # A4
        page.page_setup.fitToHeight = 0
        page.sheet_properties.pageSetUpPr.fitToPage = True

    def _head(self, heading: Heading) -> None:
        self._page.append([self._styled(heading.title, font=Font(bold=True, size=14))])
        for line in heading.lines:
            self._page.append([self._styled(line, font=Font(color="5B6676"))])
        self._page.append([])
        self._page.append([self._header(column) for column in self._columns])

    def _header(self, column: Column) -> Cell:
        aligned = Alignment(horizontal="right" if column.kind in NUMERIC else "left", vertical="center", wrap_text=True)
        return self._styled(
            str(column.title), font=Font(bold=True), fill=_HEADER_FILL, border=_HAIRLINE, alignment=aligned
        )

    def _total(self, value: Value, column: Column) -> Cell:
        cell = self._styled(value, font=Font(bold=True), border=_TOTAL_LINE)
        if column.kind in _FORMATS:
            cell.number_format = _FORMATS[column.kind]
        return cell

    def _styled(self, value: Value, **styles: Any) -> Cell:
        cell = WriteOnlyCell(self._page)
        for name, style in styles.items():
            setattr(cell, name, style)
        _put_text(cell, value) if isinstance(value, str) else setattr(cell, "value", value)
        return cell

    def _cell_for(self, column: Column) -> Callable[[Value], Any]:
        """How a value of this column becomes a cell. One cell serves them all."""
        cell = WriteOnlyCell(self._page)
        if column.kind is Kind.TEXT:
            risky = WriteOnlyCell(self._page)
            risky.quotePrefix = True  # stays text even when it is edited
            return lambda value: _put_text(risky, value) if _is_risky(value) else _put(cell, value)
        cell.number_format = _FORMATS[column.kind]
        if column.kind is Kind.CODE:
            cell.quotePrefix = True
            return lambda value: _put_text(cell, str(value))
        if column.kind is Kind.MOMENT:
            return lambda value: _put(cell, _local(value))
        return lambda value: _put(cell, value)


def _placed(cells: Iterable[Cell], row: int) -> Iterator[Cell]:
    """In the place of openpyxl's own, which takes values, too, and makes a new cell after each that has a style.

    Each cell is written before the next one is asked for, so that one can serve a whole column.
    """
    for column, cell in enumerate(cells, 1):
        if cell is not None:
            cell.row, cell.column = row, column
            yield cell


def _is_risky(value: Value) -> TypeGuard[str]:
    return isinstance(value, str) and (value.startswith(_RISKY) or ILLEGAL_CHARACTERS_RE.search(value) is not None)


def _put(cell: Cell, value: Value) -> Cell:
    cell.value = value
    return cell


def _put_text(cell: Cell, text: str) -> Cell:
    """Text whatever it looks like: openpyxl makes a formula of what begins with = and an error of #N/A."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type = "s"
    return cell


def _local(value: Value) -> Value:
    """Excel knows no time zones."""
    return value.astimezone().replace(tzinfo=None, microsecond=0) if isinstance(value, datetime) else value


def _sheet_name(name: Text, number: int) -> str:
    text = "".join(char for char in str(name) if char not in "[]:*?/\\")
    ending = f" {number}" if number > 1 else ""
    return text[: _NAME_LENGTH - len(ending)] + ending
