"""Text with separators: its encoding and its separator are told from what stands in it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from console.core.customers import filekind
from console.core.customers.filekind import UnusableFile
from console.core.customers.mapping import known_headers
from console.core.i18n import T, Text

Cell = object  # str, float, int, bool, date, datetime, time, timedelta; "" for an empty cell
Row = list[Cell]
_SEPARATORS = ",\t;|"
_LOOKED_AT = 1_000  # rows that tell in which columns texts come again
_KNOWN = 50_000  # texts that are shared at a time


@dataclass(frozen=True)
class Grid:
    """All cells of one sheet as a rectangle."""

    rows: list[Row]
    first_row: int  # the spreadsheet's number of rows[0]
    first_column: int  # 1 is A


class TextReader:
    """Text with separators, in UTF-8, UTF-16 with its mark, GB18030 or Big5."""

    sheets = ("",)
    since_1904 = False

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._encoding, self._notes = _encoding(data)

    def notes(self, name: str) -> tuple[Text, ...]:
        return self._notes

    def grid(self, name: str) -> Grid:
        with io.TextIOWrapper(io.BytesIO(self._data), self._encoding, newline="") as lines:
            separator = _separator(lines.read(20_000))
            lines.seek(0)
            reader = csv.reader(lines, delimiter=separator)
            try:
                rows: list[Any] = sparing(reader)
            except csv.Error as error:
                raise filekind.unreadable(str(error)) from error
        width = max(map(len, rows), default=0)
        for row in rows:
            if len(row) < width:
                row.extend([""] * (width - len(row)))
        return Grid(rows, 1, 1)


def sparing(rows: Iterator[list[Any]]) -> list[list[Any]]:
    """All of them, with one text for all cells that say the same, in columns where they often do.

    Half of the memory that millions of rows would need.
    """
    first = list(islice(rows, _LOOKED_AT))
    first.extend(_shared(rows, first))
    return first


def _shared(rows: Iterator[list[Any]], first: list[list[Any]]) -> Iterator[list[Any]]:
    columns = [set(cells) for cells in zip_longest(*first, fillvalue="")]
    often = [place for place, said in enumerate(columns) if len(said) * 4 < len(first)]
    known: dict[str, str] = {}
    same = known.setdefault
    for row in rows:
        try:
            for place in often:
                cell = row[place]
                if cell.__class__ is str:
                    row[place] = same(cell, cell)
        except IndexError:  # a short row
            pass
        if len(known) > _KNOWN:
            known.clear()
        yield row


def _encoding(data: bytes) -> tuple[str, tuple[Text, ...]]:
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig",):
        with suppress(UnicodeDecodeError):
            data.decode(encoding)
            return encoding, ()
    if not marked:
        for encoding in ("big5hkscs", "gb18030") if _rather_big5(data) else ("gb18030", "big5hkscs"):
            with suppress(UnicodeDecodeError):
                data.decode(encoding)
                return encoding, (T("Read as Big5 text."),) if encoding == "big5hkscs" else ()
    raise UnusableFile(
        T("The encoding of the text file is not known."), T("Save it as CSV UTF-8 or as an Excel workbook (.xlsx).")
    )


_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")


def _rather_big5(data: bytes) -> bool:
    """Told by the names of fields in the first lines, else by how common the characters are.

    GB18030 reads nearly any bytes. In its common characters the second byte is above 0xA0; in Big5 it is below 0x7F
    two times in five.
    """
    head = data[:65_536].rpartition(b"\n")[0] or data[:65_536]
    try:
        known = [_known_names(head.decode(encoding)) for encoding in ("big5hkscs", "gb18030")]
    except UnicodeDecodeError:
        return False
    if known[0] != known[1]:
        return known[0] > known[1]
    pairs = _PAIR.findall(head)
    return bool(sum(pair[1] < 0x80 for pair in pairs) * 5 > len(pairs))


def _known_names(text: str) -> int:
    lines = text.splitlines()[:10]
    return max((known_headers(re.split(r"[,\t;|]", line)) for line in lines), default=0)


def _separator(text: str) -> str:
    """The one that divides the first lines into the most columns, evenly."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    counts = {mark: sorted(line.count(mark) for line in lines) for mark in _SEPARATORS}
    return max(_SEPARATORS, key=lambda mark: (counts[mark][len(lines) // 2], counts[mark][-1]))
