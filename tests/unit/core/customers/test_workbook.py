"""Ugly files as they really come, each with its clear outcome."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from console.core.customers import filekind, mapping, workbook
from console.core.customers.checking import check
from console.core.customers.filekind import UnusableFile
from console.core.customers.workbook import Book, Sheet, blank, read
from tests.old_excel import write_xls

HEADER = ["客户号", "姓名", "手机号", "还款日期"]
ROWS = [["C1", "张三", "13800138000", dt.date(2026, 11, 21)], ["C2", "李四", "13900139000", dt.date(2026, 11, 22)]]
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def make(*rows: list[object], name: str = "file.xlsx", change: Callable[[Workbook], None] | None = None) -> Path:
        book = Workbook()
        assert book.active is not None
        for row in rows:
            book.active.append(row)
        if change is not None:
            change(book)
        book.save(tmp_path / name)
        return tmp_path / name

    return make


def data(sheet: Sheet) -> list[list[object]]:
    return [row for row in sheet.rows if not blank(row)]


def refused(path: Path) -> str:
    with pytest.raises(UnusableFile) as caught:
        read(path)
    assert str(caught.value.hint)
    return str(caught.value.message)


def test_a_plain_sheet(save: Save) -> None:
    sheet = read(save(HEADER, *ROWS))
    assert sheet.headers == tuple(HEADER)
    assert (sheet.header_row, sheet.first_row, sheet.header_rows) == (1, 2, 1)
    assert sheet.rows == ROWS
    assert len(sheet.digest) == 64


def test_titles_above_and_blank_rows_below(save: Save) -> None:
    title: list[list[object]] = [["城东支行逾期客户清单"], ["打印日期：2026-11-21"], []]
    sheet = read(save(*title, HEADER, *ROWS, [], ["", " "], []))
    assert (sheet.header_row, sheet.first_row) == (4, 5)
    assert sheet.headers == tuple(HEADER)
    assert data(sheet)[:2] == ROWS


def test_a_merged_title(save: Save) -> None:
    def merge(book: Workbook) -> None:
        assert book.active is not None
        book.active.merge_cells("A1:D1")

    sheet = read(save(["还款提醒客户名单"], HEADER, *ROWS, change=merge))
    assert sheet.headers == tuple(HEADER)
    assert sheet.rows == ROWS


def test_two_header_rows(save: Save) -> None:
    upper: list[object] = ["客户号", "客户", "", "还款", ""]
    lower: list[object] = ["", "姓名", "手机", "日期", "方式"]
    row: list[object] = ["C1", "张三", "13800138000", dt.date(2026, 11, 21), "等额本息"]
    sheet = read(save(["清单"], upper, lower, row))
    assert sheet.headers == ("客户号", "姓名", "手机", "还款日期", "还款方式")
    assert (sheet.header_row, sheet.header_rows, sheet.first_row) == (3, 2, 4)
    assert mapping.propose(sheet.headers) == ("number", "name", "phone", "due_on", "method")


def test_no_header_at_all(save: Save) -> None:
    sheet = read(save(*ROWS))
    assert (sheet.header_row, sheet.first_row) == (0, 1)
    assert sheet.headers == ("A", "B", "C", "D")
    assert mapping.propose(sheet.headers, sheet.samples()) == ("", "name", "phone", "")


def test_a_header_in_unknown_words(save: Save) -> None:
    sheet = read(save(["编码", "称呼甲", "号码乙"], ["x1", "张三", "13800138000"]))
    assert (sheet.header_row, sheet.headers) == (1, ("编码", "称呼甲", "号码乙"))


def test_a_header_that_a_person_points_at(save: Save) -> None:
    path = save(["x"], HEADER, *ROWS)
    assert read(path, header_row=3).rows == ROWS[1:]
    assert read(path, header_row=0).first_row == 1
    assert read(path, header_row=2).headers == tuple(HEADER)


def test_a_table_that_starts_elsewhere(save: Save) -> None:
    sheet = read(save([], [], ["", "", "姓名", "手机号", ""], ["", "", "张三", "13800138000", "x"]))
    assert sheet.headers == ("姓名", "手机号", "E")
    assert (sheet.header_row, sheet.first_row) == (3, 4)


def test_numbers_as_text_and_text_as_numbers(save: Save) -> None:
    sheet = read(save(["姓名", "手机号", "应还金额", "贷款编号"], ["张三", 13800138000, "1,234.50", 1001]))
    checked = check(sheet, mapping.propose(sheet.headers), today=dt.date(2026, 11, 21))
    assert not checked.invalid
    assert checked.columns["phone"] == ["13800138000"]
    assert checked.columns["amount_due"] == [123_450]
    assert checked.columns["loan_number"] == ["1001"]


def test_dates_of_1904(save: Save) -> None:
    def old_mac(book: Workbook) -> None:
        book.epoch = CALENDAR_MAC_1904
        assert book.active is not None
        for row in (
            (*HEADER[:3], "生日"),
            ("C1", "张三", "13800138000", dt.date(2026, 11, 21)),
            ("C2", "李四", "13900139000", 44_885),
        ):
            book.active.append(row)

    sheet = read(save(change=old_mac))
    assert sheet.since_1904
    checked = check(sheet, mapping.propose(sheet.headers), today=dt.date(2026, 11, 21))
    assert checked.columns["birthday"] == [dt.date(2026, 11, 21)] * 2


def test_a_formula_without_a_stored_value_is_an_empty_cell(save: Save) -> None:
    sheet = read(save(HEADER, ["C1", "张三", "=1+1", ""]))
    checked = check(sheet, (*mapping.propose(sheet.headers[:3]), ""), today=dt.date(2026, 11, 21))
    assert [str(problem) for problem in checked.invalid[0].problems] == ["Mobile number: missing"]


def test_hidden_rows_count_and_hidden_sheets_do_not(save: Save) -> None:
    def hide(book: Workbook) -> None:
        assert book.active is not None
        book.active.row_dimensions[2].hidden = True
        other = book.create_sheet("old")
        other.append(HEADER)
        other.append(ROWS[0])
        other.sheet_state = "hidden"

    path = save(HEADER, *ROWS, change=hide)
    assert Book(path).sheets == ("Sheet",)
    assert read(path).rows == ROWS


def test_the_sheet_with_the_customers_is_found(save: Save) -> None:
    def more(book: Workbook) -> None:
        people = book.create_sheet("名单")
        for row in (HEADER, *ROWS):
            people.append(row)
        book.create_sheet("空")

    path = save(["说明"], ["请填写名单"], change=more)
    assert read(path).name == "名单"
    assert read(path, sheet="Sheet").name == "Sheet"
    with pytest.raises(UnusableFile):
        read(path, sheet="空")


@pytest.mark.parametrize("name", ["file.xls", "file.csv", "file.ods"])
def test_a_wrong_extension_is_read_and_said(save: Save, name: str) -> None:
    sheet = read(save(HEADER, *ROWS, name="file.xlsx").rename(Path(save(name="x.xlsx")).parent / name))
    assert sheet.rows == ROWS
    assert len(sheet.notes) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_text_files(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "名单.csv"
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([HEADER, ["C1", "张三㐂", "'13800138000", "2026-11-21"], ["C2", "李 四, 王", "x\ny"]])
    path.write_bytes(out.getvalue().encode(encoding))
    sheet = read(path)
    assert sheet.headers == tuple(HEADER)
    assert sheet.rows == [["C1", "张三㐂", "'13800138000", "2026-11-21"], ["C2", "李 四, 王", "x\ny", ""]]


@pytest.mark.parametrize("encoding", ["big5", "gb18030", "utf-8"])
@pytest.mark.parametrize(
    "lines",
    [
        ["客戶編號,姓名,手機號碼", "C1,陳大文,13800138000"],
        [
            "編,稱呼",
            *(f"{name},說明文字" for name in ("陳大文", "黃麗華", "張國榮", "劉德華", "許志安")),
        ],  # 沒有認得的欄名
    ],
)
def test_traditional_text_is_told_apart(tmp_path: Path, encoding: str, lines: list[str]) -> None:
    (tmp_path / "a.csv").write_bytes("\n".join(lines).encode(encoding))
    sheet = read(tmp_path / "a.csv", header_row=1)
    assert [",".join(map(str, row)) for row in (list(sheet.headers), *sheet.rows)] == lines
    assert [str(note) for note in sheet.notes] == (["Read as Big5 text."] if encoding == "big5" else [])


@pytest.mark.parametrize("name", ["张三", "李丽", "欧阳娜娜", "朱镕基", "赵薇"])  # 镕 stands outside GB 2312
def test_simplified_text_is_not_taken_for_big5(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_bytes(f"姓名,手机\n{name},13800138000\n".encode("gb18030"))
    assert read(tmp_path / "a.csv").rows == [[name, "13800138000"]]


def test_hidden_rows_and_columns_are_read_and_said(save: Save) -> None:
    def hide(book: Workbook) -> None:
        assert book.active is not None
        book.active.row_dimensions[2].hidden = True
        book.active.column_dimensions["D"].hidden = True

    sheet = read(save(HEADER, *ROWS, change=hide))
    assert sheet.rows == ROWS
    assert [str(note) for note in sheet.notes] == [
        "Some rows are hidden or filtered out in Excel; they are read, too.",
        "Some columns are hidden in Excel; they are read, too.",
    ]


def test_text_named_xls_as_core_systems_export_it(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_bytes("姓名\t手机号\n张三\t13800138000\n".encode("gb18030"))
    sheet = read(path)
    assert sheet.rows == [["张三", "13800138000"]]
    assert sheet.notes


def test_empty_files(tmp_path: Path, save: Save) -> None:
    for content in (b"", b"\xef\xbb\xbf\r\n \r\n", b"\0" * 50):
        (tmp_path / "a.csv").write_bytes(content)
        assert "empty" in refused(tmp_path / "a.csv")
    assert "empty" in refused(save())


def test_no_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    for content in (b"%PDF-1.7 ...", b"\x89PNG\r\n\x1a\n\0\0", bytes(range(256)) * 4, b"PK\x03\x04broken"):
        path.write_bytes(content)
        assert refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "no table" in refused(path)
    path.write_text("<html><table><tr><td>姓名</td></tr></table></html>")
    assert "web page" in refused(path)


def test_a_file_that_is_gone_or_a_folder(tmp_path: Path) -> None:
    assert "cannot be opened" in refused(tmp_path / "nothing.xlsx")
    assert "cannot be opened" in refused(tmp_path)


def test_protected_by_a_password(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
    )
    assert "password" in refused(path)


def test_a_damaged_workbook(tmp_path: Path, save: Save) -> None:
    path = save(HEADER, *ROWS)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "damaged" in refused(path)
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + "Workbook".encode("utf-16-le") + b"\0" * 2048)
    assert refused(path)


def test_macros(save: Save) -> None:
    path = save(HEADER, *ROWS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert "macros" in refused(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, save: Save) -> None:
    path = save(HEADER, *ROWS)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/big.xml", "w") as big:
        for _ in range(64):
            big.write(b"\0" * 2**20)
    assert path.stat().st_size < 200_000
    assert "unpacks" in refused(path)


def test_a_zip_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=False) as big:
            for _ in range(512):
                big.write(b"\0" * 2**20)
    content = bytearray(out.getvalue())
    size = struct.pack("<L", 512 * 2**20)
    assert content.count(size) >= 1
    content = content.replace(size, struct.pack("<L", 1000))
    path.write_bytes(content)
    assert refused(path)


def test_a_stray_cell_in_the_last_corner(save: Save) -> None:
    def stray(book: Workbook) -> None:
        assert book.active is not None
        book.active["XFD1048576"] = "x"

    assert "wide" in refused(save(HEADER, *ROWS, change=stray))


def test_a_file_that_is_too_big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filekind, "MAX_FILE", 10)
    (tmp_path / "a.csv").write_text("姓名,手机号\n")
    assert "at most" in refused(tmp_path / "a.csv")


def test_too_many_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(f"c{n}" for n in range(400)))
    with pytest.raises(UnusableFile, match="300"):
        read(tmp_path / "a.csv")


def test_a_broken_old_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500) + "Book".encode("utf-16-le") + bytes(4000))
    assert refused(path)


def test_old_excel(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    header = [*HEADER[:3], "生日"]
    write_xls(path, [header, ["C1", "张三", 13800138000, 32874], ["C2", "李四", "13900139000", "1990-01-02"]])
    sheet = read(path)
    assert (sheet.name, sheet.headers, sheet.notes) == ("名单", tuple(header), ())
    checked = check(sheet, mapping.propose(sheet.headers, sheet.samples()), today=dt.date(2026, 11, 21))
    assert checked.columns["phone"] == ["13800138000", "13900139000"]
    assert checked.columns["number"] == ["C1", "C2"]
    assert checked.columns["birthday"] == [dt.date(1990, 1, 1), dt.date(1990, 1, 2)]


LARGE = bool(os.environ.get("BRANCH_SMS_LARGE"))  # the largest sheets there are take a minute and a gigabyte


def test_the_highest_old_sheet(tmp_path: Path) -> None:
    rows = 65_535 if LARGE else 6_553
    write_xls(tmp_path / "a.xls", [HEADER[:3], *(["C" + str(n), "张三", 13_800_000_000 + n] for n in range(rows))])
    sheet = read(tmp_path / "a.xls")
    assert len(sheet.rows) == rows
    assert sheet.rows[-1][2] == 13_800_000_000 + rows - 1


def test_the_highest_sheet(tmp_path: Path) -> None:
    rows = 1_048_575 if LARGE else 20_000
    book = Workbook(write_only=True)
    page = book.create_sheet("名单")
    page.append(HEADER[1:3])
    for n in range(rows):
        page.append(["张三", f"138{n:08}"])
    book.save(tmp_path / "a.xlsx")
    sheet = read(tmp_path / "a.xlsx")
    checked = check(sheet, mapping.propose(sheet.headers), today=dt.date(2026, 11, 21))
    assert (len(checked.valid), checked.invalid) == (rows, ())


def test_a_large_text_file(tmp_path: Path) -> None:
    rows = 2_500_000 if LARGE else 50_000  # 100 MB
    line = "C{n:07},张三,138{n:08},浦东,城东支行\n"
    with (tmp_path / "a.csv").open("w", encoding="gb18030") as file:
        file.write("客户号,姓名,手机号,地区,网点\n")
        file.writelines(line.format(n=n) for n in range(rows))
    assert len(read(tmp_path / "a.csv").rows) == rows


def test_rows_that_follow_are_like_the_first(tmp_path: Path) -> None:
    """Texts that come again are kept once; short rows and new texts are no trouble."""
    lines = [f"C{n},张三,{13_800_000_000 + n},{'浦东' if n % 2 else '徐汇'}" for n in range(1_500)]
    lines[1_200] = "C1200,张三"
    lines[1_201] = 'C1201,"李\n四",13800001201,静安,多'
    (tmp_path / "a.csv").write_text("\n".join(["客户号,客户姓名,手机号码,地区", *lines]), "utf-8")
    rows = read(tmp_path / "a.csv").rows
    assert rows[1_200] == ["C1200", "张三", "", "", ""]
    assert rows[1_201] == ["C1201", "李\n四", "13800001201", "静安", "多"]
    assert rows[1_499] == ["C1499", "张三", "13800001499", "浦东", ""]
    assert rows[1_301][3] is rows[1_499][3]


def test_a_tall_sheet_is_read_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row, with one text for all cells that say the same; numbers and flags are told apart as ever."""
    book = Workbook()
    page = book.worksheets[0]
    cells: list[tuple[object, object]] = [
        ("浦东", 1),
        ("浦东", True),
        (1, "浦东"),
        (True, ""),
        ("", dt.date(2026, 11, 21)),
        (1.5, "浦东"),
    ]
    for row, values in enumerate(cells, 3):
        for column, value in enumerate(values, 2):
            page.cell(row, column, value)  # type: ignore[arg-type]
    book.save(tmp_path / "a.xlsx")
    usual = read(tmp_path / "a.xlsx", header_row=0)
    monkeypatch.setattr(workbook, "_TALL", 0)
    tall = read(tmp_path / "a.xlsx", header_row=0)
    assert (tall.rows, tall.first_row, tall.headers) == (usual.rows, usual.first_row, usual.headers)
    assert [[type(cell) for cell in row] for row in tall.rows] == [[type(cell) for cell in row] for row in usual.rows]
