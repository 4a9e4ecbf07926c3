"""Tables of the program's own making that come back as files: columns known by their titles, in any language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from console.core.customers import normalise
from console.core.customers.workbook import Book
from console.core.i18n import Text

HEADER_ROWS = 12  # among which the header is looked for

Words = Mapping[str, tuple[str, ...]]  # what else a column may be called, in lower case


def rows_under_header(
    path: Path, titles: Mapping[str, Text], words: Words, needed: Set[str]
) -> list[tuple[int, dict[str, str]]]:
    """The rows that are not blank, with their numbers as the spreadsheet counts, and a text for each column there is.

    Empty where nothing stands below a header with the columns ``needed``, or there is no such. Raises UnusableFile.
    """
    book = Book(path)
    for header_row in range(1, HEADER_ROWS + 1):
        sheet = book.sheet(header_row=header_row)
        places = _places(sheet.headers, titles, words)
        if places.keys() >= needed:
            read = ((number, _texts(row, places)) for number, row in enumerate(sheet.rows, sheet.first_row))
            return [(number, texts) for number, texts in read if any(texts.values())]
    return []


def _places(headers: Sequence[str], titles: Mapping[str, Text], words: Words) -> dict[str, int]:
    shown = {key: str(title).casefold() for key, title in titles.items()}
    found: dict[str, int] = {}
    for place, header in enumerate(headers):
        word = header.strip().casefold()
        for key, title in shown.items():
            if word == title or word in words[key]:
                found.setdefault(key, place)
    return found


def _texts(row: Sequence[object], places: Mapping[str, int]) -> dict[str, str]:
    return {key: _text(row[place]) if place < len(row) else "" for key, place in places.items()}


def _text(cell: object) -> str:
    """What somebody wrote stays as it is, line breaks too; 110 as a number is 110, not 110.0."""
    return cell.strip() if isinstance(cell, str) else normalise.text(cell)
