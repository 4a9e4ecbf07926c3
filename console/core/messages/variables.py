"""The variables of message texts: what each means, where its value comes from, and how it is written.

Texts are Chinese whatever the language of the screens, so the written forms here are Chinese data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from console.core.format import money
from console.core.i18n import T, Text


class Kind(StrEnum):
    TEXT = "text"
    MONEY = "money"  # 3,256.80; the unit stands in the text
    DATE = "date"  # 11月28日, with the year where it could be mistaken
    FULL_DATE = "full_date"  # 2026-12-01
    PERCENT = "percent"  # 3.05%
    TAIL = "tail"  # last four digits or letters
    DAYS = "days"  # a count
    TIME = "time"  # 14:00 or 14:00-15:00


class Source(StrEnum):
    CUSTOMER = "customer"
    LOAN = "loan"
    OFFICE = "office"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, kw_only=True)
class Variable:
    key: str
    title: Text
    kind: Kind
    source: Source
    sample: str  # as it stands in a message


def _of(key: str, title: Text, kind: Kind, source: Source, sample: str) -> Variable:
    return Variable(key=key, title=title, kind=kind, source=source, sample=sample)


_ALL = (
    _of("name", T("Form of address"), Kind.TEXT, Source.CUSTOMER, "李女士"),
    _of("branch", T("Branch"), Kind.TEXT, Source.CUSTOMER, "城东支行"),
    _of("mgr", T("Customer manager"), Kind.TEXT, Source.CUSTOMER, "张伟"),
    _of("prod", T("Loan product"), Kind.TEXT, Source.LOAN, "房贷"),
    _of("no", T("Loan number, last four"), Kind.TAIL, Source.LOAN, "8021"),
    _of("card4", T("Account, last four"), Kind.TAIL, Source.LOAN, "3366"),
    _of("amt", T("Instalment amount"), Kind.MONEY, Source.LOAN, "3,256.80"),
    _of("due", T("Due date"), Kind.DATE, Source.LOAN, "11月28日"),
    _of("seq", T("Number of the instalment"), Kind.DAYS, Source.LOAN, "12"),
    _of("overdue", T("Days overdue"), Kind.DAYS, Source.LOAN, "3"),
    _of("fee", T("Penalty interest"), Kind.MONEY, Source.LOAN, "44.35"),
    _of("total", T("Amount with penalty"), Kind.MONEY, Source.LOAN, "3,301.15"),
    _of("principal", T("Loan amount"), Kind.MONEY, Source.LOAN, "500,000.00"),
    _of("limit", T("Approved limit"), Kind.MONEY, Source.LOAN, "500,000.00"),
    _of("rate", T("Annual rate of the loan"), Kind.PERCENT, Source.LOAN, "3.05%"),
    _of("method", T("Repayment method"), Kind.TEXT, Source.LOAN, "等额本息"),
    _of("start", T("Date of disbursement"), Kind.DATE, Source.LOAN, "11月28日"),
    _of("first", T("First due date"), Kind.DATE, Source.LOAN, "12月20日"),
    _of("matures", T("Maturity date"), Kind.DATE, Source.LOAN, "12月31日"),
    _of("tel", T("Contact phone"), Kind.TEXT, Source.OFFICE, "021-55550100"),
    _of("date", T("Date"), Kind.DATE, Source.CAMPAIGN, "11月28日"),
    _of("until", T("Valid until"), Kind.DATE, Source.CAMPAIGN, "12月20日"),
    _of("end", T("End date"), Kind.DATE, Source.CAMPAIGN, "12月31日"),
    _of("eff", T("Effective from"), Kind.FULL_DATE, Source.CAMPAIGN, "2026-12-01"),
    _of("dev", T("New due day"), Kind.TEXT, Source.CAMPAIGN, "15日"),
    _of("days", T("Number of days"), Kind.DAYS, Source.CAMPAIGN, "3"),
    _of("docs", T("Documents"), Kind.TEXT, Source.CAMPAIGN, "收入证明"),
    _of("old", T("Former annual rate"), Kind.PERCENT, Source.CAMPAIGN, "3.30%"),
    _of("new", T("New annual rate"), Kind.PERCENT, Source.CAMPAIGN, "3.05%"),
    _of("apr", T("Annual rate on offer"), Kind.PERCENT, Source.CAMPAIGN, "3.6%"),
    _of("emp", T("Staff number"), Kind.TEXT, Source.CAMPAIGN, "A1027"),
    _of("time", T("Time"), Kind.TIME, Source.CAMPAIGN, "14:00-15:00"),
    _of("code", T("Visit check code"), Kind.TAIL, Source.CAMPAIGN, "4827"),
    _of("id", T("Order number"), Kind.TEXT, Source.CAMPAIGN, "V2031"),
    _of("fest", T("Festival"), Kind.TEXT, Source.CAMPAIGN, "中秋节"),
)

VARIABLES: Mapping[str, Variable] = {variable.key: variable for variable in _ALL}
SAMPLES: Mapping[str, str] = {variable.key: variable.sample for variable in _ALL}

MAX_LENGTH = 35  # characters of a value
_COMPOUND_SURNAME = re.compile(
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|司徒|夏侯|轩辕|端木|南宫|西门|申屠|独孤|澹台|公冶|宗政"
    "|濮阳|淳于|单于|太叔|司空|闻人|钟离|呼延|拓跋|百里|東方|長孫|軒轅|諸葛|歐陽|尉遲|司馬|獨孤|鍾離|聞人|澹臺|濮陽"
)
_DOMAINS = r"\.(?:com|cn|net|org|top|xyz|vip|cc|io|me|link|shop)(?![a-z0-9])"
LINK = re.compile(rf"(?i)(?:https?:|www\.|[a-z0-9-]+(?={_DOMAINS}))[a-z0-9./:?&=%#_~-]*")
_LINK_HINT = re.compile(rf"(?i){_DOMAINS}|ttps?:|ww\.")


def clean(value: str) -> str:
    """A value on one line, without controls, invisible characters or the brackets that mark a signature."""
    if value.isprintable() and "【" not in value and "】" not in value and "  " not in value:
        return value.strip()
    kept = []
    for char in value:
        category = unicodedata.category(char)
        if category in {"Cc", "Zl", "Zp", "Zs"}:
            kept.append(" ")
        elif category not in {"Cf", "Cs", "Co", "Cn"} and char not in "【】":
            kept.append(char)
    return " ".join("".join(kept).split())


def usable(value: str) -> bool:
    """Whether a cleaned value may stand in a message: 1 to 35 characters and no link."""
    return 0 < len(value) <= MAX_LENGTH and not has_link(value)


def has_link(text: str) -> bool:
    return ("." in text or ":" in text) and _LINK_HINT.search(text) is not None


def address(name: str, title: str) -> str:
    """``李女士`` where the title is known, else the name as it stands."""
    if not title:
        return name
    return (name[:2] if len(name) > 2 and _COMPOUND_SURNAME.match(name) else name[:1]) + title


def tail(number: str) -> str:
    """The last four characters; empty for a number too short to be hidden by it."""
    return number[-4:] if len(number) > 4 else ""


def month_day(day: date, today: date) -> str:
    far = day.year != today.year and abs((day - today).days) > 180
    return f"{day.year}年{day.month}月{day.day}日" if far else f"{day.month}月{day.day}日"


def percentage(rate: Decimal) -> str:
    """An annual rate in per cent, ``3.05%``: two places, more only where the rate has them."""
    text = f"{rate.normalize():f}"
    places = len(text.partition(".")[2])
    return f"{rate:.2f}%" if places < 2 else f"{text}%"


class BadValue(ValueError):
    """A campaign value that does not fit its variable; ``why`` is for the person who typed it."""

    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


def written(variable: Variable, raw: str, today: date) -> str:
    """A campaign-wide value as it will stand in the message. Raises BadValue.

    Dates are taken as ISO 8601, amounts and rates as plain numbers; what already has the written form stays as it is.
    """
    value = clean(raw)
    if not value:
        raise BadValue(T("A value is needed."))
    if len(value) > MAX_LENGTH:
        raise BadValue(T("At most {limit} characters.", limit=MAX_LENGTH))
    if not usable(value):
        raise BadValue(T("A value must not be a link."))
    return _WRITERS.get(variable.kind, _text)(value, today)


def _text(value: str, today: date) -> str:
    return value


def _money(value: str, today: date) -> str:
    try:
        amount = Decimal(value.replace(",", ""))
    except InvalidOperation as error:
        raise BadValue(T("This is not an amount.")) from error
    if not amount.is_finite() or not 0 <= amount < Decimal(10) ** 12:
        raise BadValue(T("This is not an amount."))
    return money(amount)


def _date(value: str, today: date) -> str:
    if re.fullmatch(r"(?:\d{4}年)?\d{1,2}月\d{1,2}日", value):
        return value
    return month_day(_day(value), today)


def _full_date(value: str, today: date) -> str:
    return _day(value).isoformat()


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise BadValue(T("This is not a date such as 2026-12-01.")) from error


def _percent(value: str, today: date) -> str:
    try:
        rate = Decimal(value.rstrip("%％"))
    except InvalidOperation as error:
        raise BadValue(T("This is not a rate such as 3.05%.")) from error
    if not rate.is_finite() or not 0 <= rate <= 100:
        raise BadValue(T("This is not a rate such as 3.05%."))
    return f"{rate}%"


def _tail(value: str, today: date) -> str:
    if not re.fullmatch(r"[0-9A-Za-z]{4}", value):
        raise BadValue(T("Exactly four digits or letters."))
    return value


def _days(value: str, today: date) -> str:
    if not re.fullmatch(r"\d{1,4}", value):
        raise BadValue(T("A whole number, please."))
    return str(int(value))


def _time(value: str, today: date) -> str:
    clock = r"(?:[01]?\d|2[0-3]):[0-5]\d"
    if not re.fullmatch(rf"{clock}(?:-{clock})?", value):
        raise BadValue(T("A time such as 14:00 or 14:00-15:00."))
    return value


_WRITERS = {
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.FULL_DATE: _full_date,
    Kind.PERCENT: _percent,
    Kind.TAIL: _tail,
    Kind.DAYS: _days,
    Kind.TIME: _time,
}
