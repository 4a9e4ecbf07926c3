from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from console.core.customers.headed import HEADER_ROWS, rows_under_header
from console.core.i18n import T

TITLES = {"name": T("Name"), "body": T("Text"), "note": T("Note")}
WORDS = {"name": ("name", "名称"), "body": ("text", "正文"), "note": ("note", "备注")}
NEEDED = {"name", "body"}


def book_of(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_the_header_is_found_below_a_heading(tmp_path: Path) -> None:
    path = book_of(
        tmp_path / "a.xlsx",
        ["Templates of the branch"],
        ["Exported by Li"],
        ["", " 正文 ", "TEXT", "名称"],
        ["x", " hello\n you  ", "never read", 7],
        ["only what is not asked for"],
        ["", "", "", "short row"],
    )
    assert rows_under_header(path, TITLES, WORDS, NEEDED) == [
        (4, {"body": "hello\n you", "name": "7"}),
        (6, {"body": "", "name": "short row"}),
    ]


@pytest.mark.parametrize("above", [0, HEADER_ROWS - 1, HEADER_ROWS])
def test_a_header_is_looked_for_near_the_top(tmp_path: Path, above: int) -> None:
    path = book_of(tmp_path / "a.xlsx", *[["-"]] * above, ["Name", "Text"], ["a", "b"])
    found = rows_under_header(path, TITLES, WORDS, NEEDED)
    assert found == ([(above + 2, {"name": "a", "body": "b"})] if above < HEADER_ROWS else [])


def test_without_a_column_that_is_needed_there_is_nothing(tmp_path: Path) -> None:
    path = book_of(tmp_path / "a.xlsx", ["Name", "Note"], ["a", "b"])
    assert rows_under_header(path, TITLES, WORDS, NEEDED) == []
