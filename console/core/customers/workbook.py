"""Tables out of files: Excel, OpenDocument, and text with separators."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

import python_calamine as calamine

from console.core.customers import filekind
from console.core.customers.filekind import Kind, UnusableFile, column_letters
from console.core.customers.headers import Header, find_header, header_at
from console.core.customers.textfile import Grid, Row, TextReader, sparing
from console.core.i18n import T, Text

T_ = TypeVar("T_")

_NAMED_KIND = {
    ".xlsx": Kind.XLSX, ".xls": Kind.XLS, ".xlsb": Kind.XLSB, ".ods": Kind.ODS,
    ".csv": Kind.TEXT, ".tsv": Kind.TEXT, ".txt": Kind.TEXT,
}  # fmt: skip
_TALL = 200_000  # rows from which on memory counts: some 200 MB of cells
FILE_TYPES = ("*.xlsx", "*.xls", "*.xlsb", "*.ods", "*.csv", "*.tsv", "*.txt")
REASON = T("Why it was not imported")  # header of the last column of an error workbook


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table with its header found; what the import works on."""

    file_name: str
    digest: str  # SHA-256 of the file
    name: str  # of the sheet; "" in a text file
    headers: tuple[str, ...]  # a column without one is called by its letter
    header_row: int  # the spreadsheet's number of the last header row; 0 for none
    header_rows: int  # how many rows the header has
    rows: list[Row]  # below the header, blank ones included
    first_row: int  # the spreadsheet's number of rows[0]
    since_1904: bool  # bare serial dates count from 1904
    notes: tuple[Text, ...] = ()  # what the user should know about how the file was read
    corrected: bool = False  # an error workbook that comes back

    def samples(self, count: int = 50) -> list[Row]:
        """The first rows that are not blank."""
        found: list[Row] = []
        for row in self.rows:
            if not blank(row):
                found.append(row)
                if len(found) == count:
                    break
        return found


def blank(row: Row) -> bool:
    return all(cell == "" or cell is None for cell in row)


class Book:
    """An open file. Sheets are read when asked for, and kept."""

    def __init__(self, path: Path) -> None:
        """Raises UnusableFile."""
        data = _bytes_of(path)
        self.file_name = path.name
        self.digest = hashlib.sha256(data).hexdigest()
        self.kind = filekind.detect(data)
        self.notes: tuple[Text, ...] = ()
        named = _NAMED_KIND.get(path.suffix.casefold())
        if named is not None and named != self.kind:
            why = T("The name ends in {suffix}, but the file is of another kind; it was read.", suffix=path.suffix)
            self.notes = (why,)
        self._reader: TextReader | _WorkbookReader = (
            TextReader(data) if self.kind is Kind.TEXT else _WorkbookReader(data, self.kind)
        )

    @property
    def sheets(self) -> tuple[str, ...]:
        """Names of the sheets that can be seen in the program that made the file."""
        return self._reader.sheets

    def sheet(self, name: str = "", header_row: int | None = None) -> Sheet:
        """One sheet; without a name the one that looks most like a list of customers.

        ``header_row`` is the spreadsheet's number of the (last) header row, 0 for none, None to find it.
        Raises UnusableFile when there is nothing in it.
        """
        if not name:
            name = self._likeliest()
        grid = self._reader.grid(name)
        if not any(not blank(row) for row in grid.rows):
            raise UnusableFile(T("The sheet is empty."), T("Choose another sheet or export the file again."))
        header = find_header(grid.rows) if header_row is None else header_at(grid.rows, header_row - grid.first_row)
        if len(grid.rows[0]) > filekind.MAX_COLUMNS:
            raise UnusableFile(T("The sheet has more than {limit} columns.", limit=filekind.MAX_COLUMNS))
        return self._sheet(name, grid, header)

    def _sheet(self, name: str, grid: Grid, header: Header) -> Sheet:
        start = header.last + 1
        rows, headers = (
            grid.rows[start:],
            [text or column_letters(i) for i, text in enumerate(header.texts, grid.first_column)],
        )
        corrected = headers[-1] in (REASON.source, str(REASON))
        if corrected:
            headers.pop()
            rows = [row[:-1] for row in rows]
        return Sheet(
            file_name=self.file_name,
            digest=self.digest,
            name=name,
            headers=tuple(headers),
            header_row=grid.first_row + header.last if header.count else 0,
            header_rows=header.count,
            rows=rows,
            first_row=grid.first_row + start,
            since_1904=self._reader.since_1904,
            notes=(*self.notes, *self._reader.notes(name)),
            corrected=corrected,
        )

    def _likeliest(self) -> str:
        if len(self.sheets) == 1:
            return self.sheets[0]
        best, best_score = self.sheets[0], (-1, -1)
        for name in self.sheets:
            rows = self._reader.grid(name).rows
            score = (find_header(rows).known, len(rows)) if rows else (-1, 0)
            if score > best_score:
                best, best_score = name, score
        return best


def read(path: Path, sheet: str = "", header_row: int | None = None) -> Sheet:
    """The table of a file. Raises UnusableFile."""
    return Book(path).sheet(sheet, header_row)


def _bytes_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > filekind.MAX_FILE:
            raise filekind.too_big(size)
        return path.read_bytes()
    except PermissionError as error:
        raise UnusableFile(
            T("{file} cannot be opened.", file=path.name), T("Close it in Excel or WPS and try again.")
        ) from error
    except OSError as error:
        raise UnusableFile(
            T("{file} cannot be opened.", file=path.name), T("Check that it is still there and try again.")
        ) from error


class _WorkbookReader:
    def __init__(self, data: bytes, kind: Kind) -> None:
        self._book = _guarded(lambda: calamine.load_workbook(io.BytesIO(data)))
        self._data = data if kind is Kind.XLSX else None
        self.since_1904 = kind is Kind.XLSX and _since_1904(data)
        visible = [
            sheet.name
            for sheet in self._book.sheets_metadata
            if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        self.sheets = tuple(visible or self._book.sheet_names)
        if not self.sheets:
            raise UnusableFile(T("The workbook has no sheet."), T("Export the file again."))
        self._grids: dict[str, Grid] = {}

    def notes(self, name: str) -> tuple[Text, ...]:
        """What is hidden in a sheet: it is imported like everything else."""
        if self._data is None:
            return ()
        rows, columns = _hidden(self._data, self._book.sheet_names.index(name))
        found = []
        if rows:
            found.append(T("Some rows are hidden or filtered out in Excel; they are read, too."))
        if columns:
            found.append(T("Some columns are hidden in Excel; they are read, too."))
        return tuple(found)

    def grid(self, name: str) -> Grid:
        if name not in self._grids:
            sheet = _guarded(lambda: self._book.get_sheet_by_name(name))
            row, column = sheet.start or (0, 0)
            rows = _sparing(sheet, row) if sheet.height > _TALL else _guarded(sheet.to_python)
            self._grids[name] = Grid(cast("list[Row]", rows), row + 1, column + 1)
        return self._grids[name]


def _sparing(sheet: calamine.CalamineSheet, start: int) -> list[list[Any]]:
    """As ``to_python`` gives them: it leaves out the blank rows above the first one."""
    return _guarded(lambda: sparing(islice(sheet.iter_rows(), start, None)))


def _guarded(read: Callable[[], T_]) -> T_:
    """calamine's errors as ours; a damaged file may even make it panic, which is no Exception."""
    try:
        return read()
    except calamine.PasswordError as error:
        raise filekind.protected() from error
    except calamine.CalamineError as error:
        raise filekind.unreadable(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise filekind.damaged() from error


_LOOKED_AT = 8 * 2**20  # bytes of a sheet that are searched for hidden rows: some 20,000 of them
_HIDDEN_ROW = re.compile(rb'<row [^>]*hidden="(?:1|true)"')
_HIDDEN_COLUMN = re.compile(rb'<col [^>]*hidden="(?:1|true)"')
_SHEET = re.compile(rb'<sheet [^>]*r:id="([^"]+)"')


def _hidden(data: bytes, place: int) -> tuple[bool, bool]:
    """Whether the sheet at this place has hidden rows, and hidden columns."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        ids = _SHEET.findall(archive.read("xl/workbook.xml")) if "xl/_rels/workbook.xml.rels" in names else []
        if place >= len(ids):
            return False, False
        relations = archive.read("xl/_rels/workbook.xml.rels")
        wanted = b'"%s"' % ids[place]
        target = next((each for each in re.findall(rb"<Relationship [^>]*>", relations) if wanted in each), b"")
        found = re.search(rb'Target="/?(?:xl/)?([^"]+)"', target)
        name = "xl/" + found[1].decode() if found else ""
        if name not in names:
            return False, False
        with archive.open(name) as sheet:
            head = sheet.read(_LOOKED_AT)
    rows = b' hidden="' in head and _HIDDEN_ROW.search(head) is not None
    return rows, _HIDDEN_COLUMN.search(head[:65_536]) is not None


def _since_1904(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("xl/workbook.xml") as workbook:
        return re.search(rb'date1904="(?:1|true|on)"', workbook.read(2**20)) is not None
