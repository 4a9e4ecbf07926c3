from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from console.core.messages.classes import CLASSES
from console.core.messages.variables import (
    SAMPLES,
    VARIABLES,
    BadValue,
    Source,
    address,
    month_day,
    percentage,
    tail,
    usable,
    written,
)

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("name", "title", "form"),
    [
        ("李强", "", "李强"),
        ("李娜", "女士", "李女士"),
        ("欧阳娜娜", "女士", "欧阳女士"),
        ("欧阳", "先生", "欧先生"),
        ("某某贸易有限公司", "", "某某贸易有限公司"),
    ],
)
def test_form_of_address(name: str, title: str, form: str) -> None:
    assert address(name, title) == form


def test_tails_never_show_a_whole_number() -> None:
    assert tail("6222021234563366") == "3366"
    assert tail("3366") == ""
    assert tail("") == ""


def test_dates_carry_the_year_only_where_they_could_be_mistaken() -> None:
    assert month_day(date(2026, 11, 28), TODAY) == "11月28日"
    assert month_day(date(2027, 1, 5), TODAY) == "1月5日"
    assert month_day(date(2027, 12, 5), TODAY) == "2027年12月5日"


def test_rates() -> None:
    assert percentage(Decimal("3.05")) == "3.05%"
    assert percentage(Decimal("3.050000")) == "3.05%"
    assert percentage(Decimal("3.1")) == "3.10%"
    assert percentage(Decimal("4")) == "4.00%"
    assert percentage(Decimal("3.4875")) == "3.4875%"
    assert percentage(Decimal("10")) == "10.00%"


@pytest.mark.parametrize(
    ("key", "raw", "text"),
    [
        ("date", "2026-11-28", "11月28日"),
        ("date", "11月28日", "11月28日"),
        ("eff", "2026-12-01", "2026-12-01"),
        ("amt", "3256.8", "3,256.80"),
        ("amt", "3,256.80", "3,256.80"),
        ("apr", "3.6", "3.6%"),
        ("apr", "3.6%", "3.6%"),
        ("days", "03", "3"),
        ("time", "14:00-15:00", "14:00-15:00"),
        ("code", "4827", "4827"),
        ("fest", " 中秋节\n", "中秋节"),
    ],
)
def test_campaign_values_are_written_in_one_form(key: str, raw: str, text: str) -> None:
    assert written(VARIABLES[key], raw, TODAY) == text


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("date", "2026-13-01"),
        ("date", "soon"),
        ("eff", "11月28日"),
        ("amt", "NaN"),
        ("amt", "-1"),
        ("apr", "abc"),
        ("apr", "101"),
        ("days", "1.5"),
        ("time", "25:00"),
        ("code", "123"),
        ("fest", ""),
        ("fest", "\u200b"),
        ("fest", "一" * 36),
        ("docs", "http://x.cn/a"),
    ],
)
def test_campaign_values_that_do_not_fit_are_refused(key: str, raw: str) -> None:
    with pytest.raises(BadValue) as refused:
        written(VARIABLES[key], raw, TODAY)
    assert str(refused.value.why)


def test_links_are_no_values() -> None:
    assert not usable("见www.example.org")
    assert not usable("bit.ly/x.com")
    assert usable("021-55550100")
    assert usable("14:00-15:00")
    assert usable("3,256.80")


def test_samples_of_campaign_variables_are_in_written_form() -> None:
    for variable in VARIABLES.values():
        if variable.source is Source.CAMPAIGN:
            assert written(variable, SAMPLES[variable.key], TODAY) == variable.sample


def test_classes_ask_only_for_variables_that_exist() -> None:
    for key, class_ in CLASSES.items():
        assert class_.key == key
        assert set(class_.required) | set(class_.required_any) <= set(VARIABLES)
        assert class_.collection <= class_.per_loan
        assert class_.ending == ("拒收请回复R" if class_.marketing else "")
