from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from console.core.customers.checking import Checked, MappingIncomplete, check, why_incomplete
from console.core.customers.mapping import propose
from console.core.customers.workbook import Sheet

SheetOf = Callable[..., Sheet]
HEADER = ["客户号", "姓名", "手机号", "贷款编号", "应还金额"]
TODAY = date(2026, 11, 23)


def checked(sheet: Sheet) -> Checked:
    return check(sheet, propose(sheet.headers, sheet.samples()), today=TODAY)


def reasons(found: Checked) -> list[tuple[int, str]]:
    return [(bad.row, "; ".join(map(str, bad.problems))) for bad in found.invalid]


def test_every_row_is_valid_invalid_a_duplicate_or_a_total(sheet_of: SheetOf) -> None:
    found = checked(
        sheet_of(
            ["逾期清单"],
            HEADER,
            ["C1", "张三", "13800138000", "L1", "3,256.80"],
            ["C2", "", "1.38E+10", "L2", "x"],
            ["", "", "", "", ""],
            ["C1", "张三", "13800138000", "L1", "3,256.80"],
            ["C3", "王五", "13700137000", "L3", 100],
            ["合计", "", "", "", 3356.8],
        )
    )
    assert found.valid == [0, 4]
    assert reasons(found) == [
        (
            4,
            "; ".join(
                [
                    "Mobile number: “1.38E+10” has lost digits: format the column as text in Excel and enter it again",
                    "Amount due: “x” is no amount",
                    "Name: missing",
                ]
            ),
        )
    ]
    assert [(bad.row, str(bad.problems[0])) for bad in found.duplicates] == [(6, "says the same as row 3")]
    assert (found.totals, found.rows_read, found.customers, found.loans) == (1, 4, 2, 2)
    assert found.columns["amount_due"] == [325_680, 10_000]


def test_rows_that_contradict_each_other(sheet_of: SheetOf) -> None:
    found = checked(
        sheet_of(
            HEADER,
            ["C1", "张三", "13800138000", "L1", 1],
            ["C1", "张三", "13800138000", "L2", 2],
            ["C1", "张三", "13900139000", "L3", 3],
            ["C2", "李四", "13700137000", "L1", 4],
            ["C1", "张三", "13800138000", "L1", 5],
            ["C1", "张三", "13800138000", "", ""],
        )
    )
    assert found.leads == [True, False]
    assert [row for row, _ in reasons(found)] == [4, 5, 6]
    assert "row 2, with another name or phone" in reasons(found)[0][1]
    assert "same loan as row 2" in reasons(found)[1][1]
    assert [bad.row for bad in found.duplicates] == [7]


def test_customers_without_numbers_are_told_apart_by_phone_and_name(sheet_of: SheetOf) -> None:
    people = [["张三", "13800138000"], ["李四", "13800138000"], ["张三", "13900139000"], ["张 三", "+86 13800138000"]]
    found = checked(sheet_of(["姓名", "手机号"], *people))
    assert found.leads == [True, True, True]
    assert [bad.row for bad in found.duplicates] == [5]


def test_a_loan_without_its_number(sheet_of: SheetOf) -> None:
    found = checked(sheet_of(HEADER, ["C1", "张三", "13800138000", "", 5], ["C2", "李四", "13700137000", "", ""]))
    assert reasons(found) == [(2, "Loan number: missing")]
    assert found.loans == 0


def test_what_identity_numbers_and_days_overdue_give(sheet_of: SheetOf) -> None:
    header = ["姓名", "手机号", "身份证号", "性别", "贷款编号", "逾期天数", "到期日"]
    found = checked(
        sheet_of(
            header,
            ["张三", "13800138000", "11010519491231002X", "", "L1", 13, ""],
            ["李四", "13700137000", "", "男", "L2", 0, "2026-12-01"],
            ["王五", "13600136000", "110105194912310021", "男", "L3", "", ""],
        )
    )
    assert found.columns["birthday"] == [date(1949, 12, 31), None]
    assert found.columns["title"] == ["女士", "先生"]
    assert found.columns["due_on"] == [date(2026, 11, 10), date(2026, 12, 1)]
    assert found.columns["state"] == ["overdue", None]
    assert "110105" not in repr(found.columns)
    assert "check character" in reasons(found)[0][1]
    assert "110105" not in reasons(found)[0][1]


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        (("name", ""), "Mobile number"),
        (("", ""), "Name, Mobile number"),
        (("name", "phone", "amount_due"), "loan number"),
        (("name", "phone", "phone"), "Two columns"),
    ],
)
def test_mappings_that_cannot_be_used(sheet_of: SheetOf, mapping: tuple[str, ...], why: str) -> None:
    assert why in str(why_incomplete(mapping))
    with pytest.raises(MappingIncomplete):
        check(sheet_of(["a"], ["b"]), mapping, today=TODAY)


def test_a_check_can_be_cancelled(sheet_of: SheetOf) -> None:
    class Cancelled(Exception): ...

    def cancel(done: int, total: int) -> None:
        raise Cancelled

    sheet = sheet_of(HEADER, ["C1", "张三", "13800138000", "L1", 1])
    with pytest.raises(Cancelled):
        check(sheet, propose(sheet.headers), today=TODAY, progress=cancel)


def test_nothing_but_a_header(sheet_of: SheetOf) -> None:
    found = checked(sheet_of(HEADER))
    assert (found.rows_read, found.valid, found.invalid) == (0, [], ())
