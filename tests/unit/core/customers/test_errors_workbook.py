from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from console.core.customers.checking import check
from console.core.customers.errors_workbook import write_error_workbook
from console.core.customers.importing import read
from console.core.customers.mapping import header_digest, propose
from console.core.customers.workbook import Sheet
from console.core.errors import EnvironmentTrouble

SheetOf = Callable[..., Sheet]
HEADER = ["姓名", "手机号", "生日", "备注"]
TODAY = date(2026, 11, 23)


def bad_ones(sheet: Sheet, path: Path) -> int:
    return write_error_workbook(sheet, check(sheet, propose(sheet.headers), today=TODAY).invalid, path)


def test_original_columns_and_the_reason(sheet_of: SheetOf, tmp_path: Path) -> None:
    sheet = sheet_of(
        ["客户清单"],
        HEADER,
        ["张三", 1380013800.0, date(1990, 1, 2), "x"],
        ["李四", "13900139000", "", ""],
        ["", 13700137000.0, "某天", "ab"],
    )
    path = tmp_path / "错误.xlsx"
    assert bad_ones(sheet, path) == 2
    book = load_workbook(path)
    page = book.active
    assert page is not None
    rows = list(page.iter_rows(values_only=True))
    assert rows[0] == (*HEADER, "Why it was not imported")
    assert rows[1][:2] == ("张三", 1380013800)
    assert rows[1][2].date() == date(1990, 1, 2)  # type: ignore[union-attr]
    assert "10 digits" in str(rows[1][4])
    assert rows[2][1] == "13700137000"  # a phone stays readable
    assert rows[2][3] == "ab"
    assert "Name: missing" in str(rows[2][4])
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:E3")


def test_corrected_and_dropped_again(sheet_of: SheetOf, tmp_path: Path) -> None:
    sheet = sheet_of(HEADER, ["张三", "1380013800", "1990-01-02", ""])
    path = tmp_path / "错误.xlsx"
    bad_ones(sheet, path)
    book = load_workbook(path)
    assert book.active is not None
    book.active["B2"] = "13800138000"
    book.save(path)
    again = read(path)
    assert again.headers == sheet.headers
    assert header_digest(again.headers) == header_digest(sheet.headers)  # so the settled mapping is found
    checked = check(again, propose(again.headers), today=TODAY)
    assert (len(checked.valid), checked.invalid) == (1, ())


@pytest.mark.parametrize("evil", ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1"])
def test_nothing_becomes_a_formula(sheet_of: SheetOf, tmp_path: Path, evil: str) -> None:
    (tmp_path / "a.csv").write_text(
        f'姓名,手机号,"{evil.replace(chr(34), chr(34) * 2)}"\n张三,1,"{evil.replace(chr(34), chr(34) * 2)}"\n'
    )
    sheet = read(tmp_path / "a.csv")
    path = tmp_path / "错误.xlsx"
    bad_ones_ = check(sheet, ("name", "phone", ""), today=TODAY).invalid
    write_error_workbook(sheet, bad_ones_, path)
    page = load_workbook(path).active
    assert page is not None
    for row in page.iter_rows():
        for cell in row:
            assert cell.data_type != "f"
    assert page["C2"].quotePrefix


def test_the_old_file_stays_whole_when_writing_fails(sheet_of: SheetOf, tmp_path: Path) -> None:
    sheet = sheet_of(HEADER, ["张三", "1", "", ""])
    with pytest.raises(EnvironmentTrouble):
        bad_ones(sheet, tmp_path / "nowhere" / "错误.xlsx")
    folder = tmp_path / "错误.xlsx"
    folder.mkdir()
    with pytest.raises(EnvironmentTrouble):
        bad_ones(sheet, folder)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_control_characters_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("姓名,手机号,备注\n张三,1,a\x07b\n")
    sheet = read(tmp_path / "a.csv")
    path = tmp_path / "错误.xlsx"
    bad_ones(sheet, path)
    page = load_workbook(path).active
    assert page is not None
    assert page["C2"].value == "ab"
