from __future__ import annotations

import string
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.customers import normalise
from console.core.customers.amounts import LIMIT, all_fen, fen, rate
from console.core.customers.columns import FIELDS
from console.core.customers.dates import day
from console.core.customers.identity import Identity, identity
from console.core.customers.normalise import Refused, as_they_are, name, number, phone, tags, tail, text, whole_number
from console.core.customers.pinyin import spelled

PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
CELLS = st.one_of(
    st.text(max_size=40),
    st.floats(allow_nan=False),
    st.integers(-(10**20), 10**20).map(float),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.just(""),
)
FULL_WIDTH = str.maketrans(string.digits, "０１２３４５６７８９")


@given(PHONES, st.sampled_from(["", "+86", "0086", "86", "+86 ", "86-", "(86)"]), st.randoms())
def test_a_phone_survives_its_dress(digits: str, prefix: str, random: object) -> None:
    spaced = f"{digits[:3]} {digits[3:7]}-{digits[7:]}"
    for dressed in (
        prefix + digits,
        prefix + spaced,
        f"'{prefix}{digits}",
        f"\u200b{prefix}{digits}\ufeff ",
        (prefix + digits).translate(FULL_WIDTH),
        f'="{digits}"',
        digits + ".0",
        digits + "\n",
    ):
        assert phone(dressed) == digits, dressed
    assert phone(float(digits)) == digits
    assert phone(float("86" + digits)) == digits


@given(CELLS)
def test_a_phone_is_eleven_digits_or_refused_or_empty(cell: object) -> None:
    found = phone(cell)
    assert isinstance(found, Refused) or found == "" or normalise.PHONE.fullmatch(found)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("1.38E+10", "lost digits"),
        ("1.38e10", "lost digits"),
        ("138E+8", "lost digits"),
        ("13800138000/13900139000", "several"),
        ("138****8000", "masked"),
        ("1380013800", "10 digits"),
        ("138001380001", "12 digits"),
        ("021-55550100", "no mobile"),
        ("12800138000", "no mobile"),
        ("1380013800.5", "no phone number"),
        (13800138000.5, "no phone number"),
        ("张三", "no phone number"),
        (True, "no phone number"),
    ],
)
def test_why_a_phone_is_refused(cell: object, why: str) -> None:
    found = phone(cell)
    assert isinstance(found, Refused)
    assert why in str(found.reason)


@given(st.dates(date(1950, 1, 1), date(2149, 12, 31)))
def test_a_date_survives_its_dress(value: date) -> None:
    y, m, d = value.year, value.month, value.day
    serial = (value - date(1899, 12, 30)).days
    for dressed in (
        value,
        datetime(y, m, d, 13, 5),  # noqa: DTZ001 - what a cell holds
        value.isoformat(),
        f"{y}/{m}/{d}",
        f"{y}.{m:02}.{d:02}",
        f"{y:04}{m:02}{d:02}",
        float(f"{y:04}{m:02}{d:02}"),
        f"{y}年{m}月{d}日",
        f"{y} 年 {m} 月 {d} 日",
        f"{y}-{m}-{d} 00:00:00",
        f"{value.isoformat()}T10:11:12.5",
        f"{y:04}-{m:02}-{d:02}".translate(FULL_WIDTH),
        float(serial),
        serial + 0.75,
        str(serial),
    ):
        if isinstance(dressed, str) and len(dressed) == 5 and not 18_264 <= int(dressed) < 91_313:
            continue
        assert day(dressed) == value, dressed


@given(st.dates(date(1960, 1, 1), date(2140, 12, 31)))
def test_serials_of_1904(value: date) -> None:
    assert day(float((value - date(1904, 1, 1)).days), since_1904=True) == value


@given(CELLS)
def test_a_date_is_a_likely_date_or_refused_or_none(cell: object) -> None:
    found = day(cell)
    assert found is None or isinstance(found, Refused) or (type(found) is date and 1900 <= found.year <= 2199)


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "11/21/2026", "2026年13月1日", "26-11-21", "明天", 5.0, "2026-11/21", "20261301", True]
)
def test_no_date(cell: object) -> None:
    assert isinstance(day(cell), Refused)


@given(st.integers(0, LIMIT - 1))
def test_an_amount_survives_its_dress(amount: int) -> None:
    yuan, rest = divmod(amount, 100)
    for dressed in (
        f"{yuan}.{rest:02}",
        f"{yuan:,}.{rest:02}",
        f"￥{yuan:,}.{rest:02}",
        f"¥ {yuan}.{rest:02}元",
        f"人民币{yuan}.{rest:02}元",
        f"{yuan}.{rest:02}".translate(FULL_WIDTH),
        f"RMB {yuan:,}.{rest:02}",
    ):
        assert fen(dressed) == amount, dressed


@given(st.integers(0, 10**13))
def test_an_amount_in_a_number_cell(amount: int) -> None:
    assert fen(amount / 100) == amount


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1.5万", 1_500_000),
        ("12萬", 12_000_000),
        ("3.2亿", 32_000_000_000),
        ("１２３４．５", 123_450),
        (0.1 + 0.2, 30),
        (1.005, 101),  # as Excel shows it, not as binary fractions have it
        ("2.675", 268),
        ("12元整", 1_200),
        ("", None),
        ("--", None),
    ],
)
def test_amounts(cell: object, amount: int | None) -> None:
    assert fen(cell) == amount


@pytest.mark.parametrize(
    "cell", ["1,23", "-5", "(5.00)", -5.0, "1e5", "abc", 1e18, "99999999999999999", float("inf"), True]
)
def test_no_amounts(cell: object) -> None:
    assert isinstance(fen(cell), Refused)


@given(CELLS)
def test_an_amount_is_whole_fen_or_refused_or_none(cell: object) -> None:
    found = fen(cell)
    assert found is None or isinstance(found, Refused) or (type(found) is int and 0 <= found < LIMIT)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3.05%", "3.05"),
        (0.0305, "3.05"),
        ("3.05", "3.05"),
        (3.0, "3"),
        ("10%", "10"),
        ("0", "0"),
        ("3.1234567%", "3.123457"),
    ],
)
def test_rates(cell: object, value: str) -> None:
    assert rate(cell) == Decimal(value)
    assert str(rate(cell)) == value


def test_no_rates() -> None:
    assert rate("") is None
    assert isinstance(rate("200%"), Refused)
    assert isinstance(rate("abc"), Refused)


@pytest.mark.parametrize(
    ("cell", "clean"),
    [
        ("张 三", "张三"),
        (" 张　三 ", "张三"),
        ("Li  Ming", "Li Ming"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("\u200b王五\n", "王五"),
        ("", ""),
    ],
)
def test_names(cell: object, clean: str) -> None:
    assert name(cell) == clean


def test_no_names() -> None:
    assert isinstance(name("12345"), Refused)
    assert isinstance(name("-"), Refused)
    assert isinstance(name("张" * 101), Refused)


@pytest.mark.parametrize(
    ("cell", "clean"),
    [
        ("C001", "C001"),
        (1001.0, "1001"),
        (" 00 12 ", "0012"),
        ("ＡＢ１２", "AB12"),
        ("合-2026/01", "合-2026/01"),
        ("1E10", "1E10"),
    ],
)
def test_numbers(cell: object, clean: str) -> None:
    assert number(cell) == clean


@pytest.mark.parametrize("cell", [6.2e18, 1.5, "6.22E+18", "x" * 41, "——"])
def test_no_numbers(cell: object) -> None:
    assert isinstance(number(cell), Refused)


def test_identity_number_is_checked_and_reduced() -> None:
    assert identity("11010519491231002X") == Identity(date(1949, 12, 31), "女士")
    assert identity("11010519491231002x") == Identity(date(1949, 12, 31), "女士")
    assert identity("440524188001010014") == Identity(date(1880, 1, 1), "先生")
    assert identity("") is None
    assert identity("1101**********002X") is None
    for wrong in ("110105194912310021", "11010519491331002X", "123456789012345", 1.10105194912310e17):
        found = identity(wrong)
        assert isinstance(found, Refused)
        assert "1101" not in str(found.reason)  # never repeats a number


@given(st.integers(0, 10**17 - 1))
def test_one_wrong_digit_of_an_identity_number_is_noticed(seed: int) -> None:
    digits = f"11010519900307{seed % 1000:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = digits + "10X98765432"[sum(int(a) * b for a, b in zip(digits, weights, strict=True)) % 11]
    assert isinstance(identity(right), Identity)
    place = seed % 17
    wrong = right[:place] + str((int(right[place]) + 1 + seed % 9) % 10) + right[place + 1 :]
    assert wrong == right or isinstance(identity(wrong), Refused)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [("6222 0212 3456 7890", "7890"), ("7890", "7890"), (7890.0, "7890"), ("6222 **** **** 1234", "1234"), ("", "")],
)
def test_only_the_tail_of_an_account_is_kept(cell: object, kept: str) -> None:
    assert tail(cell) == kept


def test_no_tail() -> None:
    assert isinstance(tail(6.222021234567890e18), Refused)
    assert isinstance(tail("12"), Refused)
    assert isinstance(tail("6.22E+15"), Refused)


def test_whole_numbers() -> None:
    assert whole_number("36个月", 1, 600) == 36
    assert whole_number("每月15日", 1, 31) == 15
    assert whole_number(12.0, 1, 600) == 12
    assert whole_number("", 1, 31) is None
    assert isinstance(whole_number("32", 1, 31), Refused)
    assert isinstance(whole_number("1.5", 1, 31), Refused)


def test_tags() -> None:
    assert tags("老客户,VIP；老客户、 重点 ") == ("老客户", "VIP", "重点")
    assert tags("") == ()
    assert isinstance(tags("很" * 21), Refused)


@pytest.mark.parametrize(
    ("key", "cell", "value"),
    [
        ("title", "女", "女士"),
        ("title", "M", "先生"),
        ("title", 2.0, "女士"),
        ("title", "", None),
        ("consent", "是", True),
        ("consent", "N", False),
        ("consent", True, True),
        ("consent", 0.0, False),
        ("state", "已结清", "settled"),
        ("state", "Overdue", "overdue"),
        ("state", "正常", "active"),
    ],
)
def test_choices(key: str, cell: object, value: object) -> None:
    assert FIELDS[key].clean(cell) == value


def test_unknown_choices_are_refused() -> None:
    for key in ("title", "consent", "state"):
        assert isinstance(FIELDS[key].clean("也许"), Refused)


@given(CELLS)
def test_no_cell_makes_a_field_fail(cell: object) -> None:
    for field in FIELDS.values():
        field.clean(cell)


@given(st.text(max_size=60))
def test_text_is_one_clean_line(raw: str) -> None:
    clean = text(raw)
    assert clean == clean.strip()
    assert not set(clean) & {"\n", "\r", "\t", "\u200b", "\ufeff", "\u202e"}


@pytest.mark.parametrize(
    ("written", "sound", "initials"),
    [
        ("张三", "zhangsan", "zs"),
        ("单雄信", "shanxiongxin", "sxx"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("吕布", "lvbu", "lb"),
        ("曾小贤", "zengxiaoxian", "zxx"),
        ("長孫無忌", "zhangsunwuji", "zswj"),
        ("Li Ming", "liming", "lm"),
        ("阿卜杜拉·买买提", "abodulamaimaiti", "abdlmmt"),
        ("", "", ""),
    ],
)
def test_how_names_sound(written: str, sound: str, initials: str) -> None:
    assert spelled(written) == (sound, initials)


@given(st.text(max_size=300))
def test_any_name_can_be_spelled(written: str) -> None:
    sound, initials = spelled(written)
    assert len(sound) <= 200
    assert len(initials) <= 50
    assert all(char in string.ascii_lowercase + string.digits for char in sound + initials)


def test_the_dictionary_is_not_loaded_at_start() -> None:
    import subprocess
    import sys

    code = (
        "import sys, console.core.customers.importing, console.core.customers.browse;"
        "print('pypinyin' in sys.modules, 'openpyxl' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@given(st.lists(st.one_of(st.floats(), st.integers(0, 10**14).map(lambda fen: fen / 100), st.just("")), max_size=3))
def test_amounts_all_together_are_what_each_is(cells: list[object]) -> None:
    found = all_fen(cells)
    if found is not None:
        assert found == [fen(cell) for cell in cells]


def test_amounts_of_two_places_are_told_all_together() -> None:
    assert all_fen([0.0, 1234.56, 0.1, 1e12]) == [0, 123456, 10, 10**14]
    for other in (-0.01, 1.005, float("nan"), float("inf"), 1e15, 3, "", None):
        assert all_fen([1.0, other]) is None


def test_durations_are_text() -> None:
    assert text(timedelta(hours=1)) == "1:00:00"


_PIECES = (
    "A",
    "z",
    "0",
    "-",
    " ",
    "一",
    "张三",
    "欧阳修",
    "￥",
    "\n",
    "13900001234",
    "12900001234",
    "A" * 41,
    "姓" * 101,
)
_CELLS = st.lists(st.one_of(st.lists(st.sampled_from(_PIECES), max_size=2).map("".join), st.integers()), max_size=3)


@given(st.sampled_from([number, phone, name]), _CELLS)
def test_cells_that_are_plain_all_together_are_plain_each(clean: Any, cells: list[object]) -> None:
    if as_they_are(clean, cells):
        assert [clean(cell) for cell in cells] == cells


@pytest.mark.parametrize(
    ("clean", "cells"),
    [(number, ["A1", "00", "z"]), (phone, ["13900001234", "19912345678"]), (name, ["张三", "欧阳修"])],
)
def test_what_banks_write_is_plain(clean: Any, cells: list[str]) -> None:
    assert as_they_are(clean, cells)
    assert not as_they_are(clean, [*cells, "\n".join(cells)])
    assert not as_they_are(clean, [*cells, 1.0])
    assert not as_they_are(clean, [*cells, ""])


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=100))
def test_a_chinese_name_is_as_it_is(given_name: str) -> None:
    assert name(given_name) == " ".join(unicodedata.normalize("NFKC", given_name).split())
