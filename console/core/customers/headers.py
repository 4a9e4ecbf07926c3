"""Where the header of a sheet stands: below titles, over two rows, or nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.core.customers.mapping import is_known, known_headers
from console.core.customers.normalise import text

_SEARCHED = 30  # rows from the top


@dataclass(frozen=True)
class Header:
    last: int  # index of its last row; -1 for none
    count: int  # rows it has: 0, 1 or 2
    texts: tuple[str, ...]  # per column, "" where it says nothing
    known: int  # how many of them are names of fields


def find_header(rows: Sequence[Sequence[object]]) -> Header:
    """The row or pair of rows with the most names of fields; else a first row in words; else none."""
    texts = [_texts(row) for row in rows[:_SEARCHED]]
    best = _none(rows)
    for index, cells in enumerate(texts):
        known = known_headers(cells)
        if known > best.known:
            best = Header(index, 1, tuple(cells), known)
        if index and any(texts[index - 1]) and any(cells):
            joined = _joined(texts[index - 1], cells)
            both = known_headers(joined)
            if both > best.known:
                best = Header(index, 2, tuple(joined), both)
    if best.known >= 2 or (best.known and best.last == _first(texts)):
        return best
    return _worded(rows, texts)


def header_at(rows: Sequence[Sequence[object]], index: int) -> Header:
    """The header that a person has pointed at; a row outside the table means none."""
    if not 0 <= index < len(rows):
        return _none(rows)
    cells = _texts(rows[index])
    return Header(index, 1, tuple(cells), known_headers(cells))


def _none(rows: Sequence[Sequence[object]]) -> Header:
    return Header(-1, 0, ("",) * (len(rows[0]) if rows else 0), 0)


def _texts(row: Sequence[object]) -> list[str]:
    return [text(cell)[:60] for cell in row]


def _first(texts: Sequence[Sequence[str]]) -> int:
    return next((index for index, cells in enumerate(texts) if any(cells)), -1)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Two header rows as one: a cell merged over both counts for itself, a group over several columns goes before."""
    joined, group = [], ""
    for above, below in zip(upper, lower, strict=True):
        group = above or (group if below else "")
        if not below or not group or is_known(below):
            joined.append(below or above)
        else:
            joined.append(group + below if is_known(group + below) else f"{group} {below}")
    return joined


def _worded(rows: Sequence[Sequence[object]], texts: Sequence[Sequence[str]]) -> Header:
    """A first row of distinct words without a digit, over a row that is not: a header in words that we do not know."""
    first = _first(texts)
    if first < 0 or first + 1 >= len(texts):
        return _none(rows)
    cells = [cell for cell in texts[first] if cell]
    wordy = all(not any(char.isdigit() for char in cell) for cell in cells)
    below = any(any(char.isdigit() for char in cell) for cell in texts[first + 1])
    if len(cells) >= 2 and len(set(cells)) == len(cells) and wordy and below:
        return Header(first, 1, tuple(texts[first]), 0)
    return _none(rows)
