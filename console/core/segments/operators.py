"""What may be asked of a field of each kind, and what has to be given with the question.

An unknown value (a customer without birthday) fulfils no question but "is not known" and the negative ones, which are
the exact opposite of the positive ones: "is not", "does not contain", "has none of".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from console.core.i18n import T, Text


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    MONEY = "money"  # yuan
    DATE = "date"
    MOMENT = "moment"
    ANNIVERSARY = "anniversary"  # a day that comes back every year
    AGE = "age"  # whole years
    DAYS = "days"  # late; only of what is late
    FLAG = "flag"
    TAGS = "tags"


class Needs(StrEnum):
    """What an operator wants to know; the shape of ``Condition.value``."""

    NOTHING = "nothing"  # ()
    TEXT = "text"  # (text,)
    SEVERAL = "several"  # (text, text, ...), at least one
    NUMBER = "number"  # (decimal text,)
    NUMBERS = "numbers"  # (low, high), both included
    DAY = "day"  # (ISO date,)
    DAYS = "days"  # (first, last) ISO dates, both included
    COUNT = "count"  # (whole number,) of days
    COUNTS = "counts"  # (from, to) whole numbers of days, both included
    PERIOD = "period"  # (Period,)
    MONTH = "month"  # (1..12,)


class Operator(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    LACKS = "lacks"
    STARTS = "starts"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    ALL_OF = "all_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    ON = "on"
    FROM = "from"
    UNTIL = "until"
    BETWEEN_DAYS = "between_days"
    IN_DAYS = "in_days"
    IN_WORKDAYS = "in_workdays"
    DAYS_AGO = "days_ago"
    LAST_DAYS = "last_days"
    OLDER = "older"
    PERIOD = "period"
    NEXT_DAYS = "next_days"
    MONTH = "month"
    YES = "yes"
    NO = "no"
    KNOWN = "known"
    UNKNOWN = "unknown"


NEEDS: Final[Mapping[Operator, Needs]] = {
    Operator.IS: Needs.TEXT,
    Operator.IS_NOT: Needs.TEXT,
    Operator.CONTAINS: Needs.TEXT,
    Operator.LACKS: Needs.TEXT,
    Operator.STARTS: Needs.TEXT,
    Operator.ONE_OF: Needs.SEVERAL,
    Operator.NONE_OF: Needs.SEVERAL,
    Operator.ALL_OF: Needs.SEVERAL,
    Operator.AT_LEAST: Needs.NUMBER,
    Operator.AT_MOST: Needs.NUMBER,
    Operator.BETWEEN: Needs.NUMBERS,
    Operator.ON: Needs.DAY,
    Operator.FROM: Needs.DAY,
    Operator.UNTIL: Needs.DAY,
    Operator.BETWEEN_DAYS: Needs.DAYS,
    Operator.IN_DAYS: Needs.COUNTS,
    Operator.IN_WORKDAYS: Needs.COUNTS,
    Operator.DAYS_AGO: Needs.COUNTS,
    Operator.LAST_DAYS: Needs.COUNT,
    Operator.OLDER: Needs.COUNT,
    Operator.PERIOD: Needs.PERIOD,
    Operator.NEXT_DAYS: Needs.COUNT,
    Operator.MONTH: Needs.MONTH,
    Operator.YES: Needs.NOTHING,
    Operator.NO: Needs.NOTHING,
    Operator.KNOWN: Needs.NOTHING,
    Operator.UNKNOWN: Needs.NOTHING,
}

_EMPTY = (Operator.KNOWN, Operator.UNKNOWN)
_AMOUNTS = (Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN)
_CALENDAR = (Operator.PERIOD, Operator.ON, Operator.FROM, Operator.UNTIL, Operator.BETWEEN_DAYS)

OPERATORS: Final[Mapping[Kind, tuple[Operator, ...]]] = {
    Kind.TEXT: (
        Operator.CONTAINS, Operator.LACKS, Operator.IS, Operator.IS_NOT, Operator.STARTS, *_EMPTY,
    ),
    Kind.CHOICE: (Operator.ONE_OF, Operator.NONE_OF, *_EMPTY),
    Kind.TAGS: (Operator.ONE_OF, Operator.ALL_OF, Operator.NONE_OF, *_EMPTY),
    Kind.NUMBER: (*_AMOUNTS, *_EMPTY),
    Kind.MONEY: (*_AMOUNTS, *_EMPTY),
    Kind.AGE: (*_AMOUNTS, *_EMPTY),
    Kind.DAYS: (Operator.BETWEEN, Operator.AT_LEAST, Operator.AT_MOST, *_EMPTY),
    Kind.DATE: (
        Operator.IN_WORKDAYS, Operator.IN_DAYS, Operator.DAYS_AGO, Operator.LAST_DAYS, Operator.OLDER, *_CALENDAR,
        *_EMPTY,
    ),
    Kind.MOMENT: (Operator.LAST_DAYS, Operator.OLDER, Operator.DAYS_AGO, Operator.IN_DAYS, *_CALENDAR, *_EMPTY),
    Kind.ANNIVERSARY: (Operator.NEXT_DAYS, Operator.MONTH, *_CALENDAR[1:], *_EMPTY),
    Kind.FLAG: (Operator.YES, Operator.NO),
}  # fmt: skip


class Period(StrEnum):
    YESTERDAY = "yesterday"
    TODAY = "today"
    TOMORROW = "tomorrow"
    LAST_WEEK = "last_week"
    THIS_WEEK = "this_week"
    NEXT_WEEK = "next_week"
    LAST_MONTH = "last_month"
    THIS_MONTH = "this_month"
    NEXT_MONTH = "next_month"


PERIOD_TITLES: Final[Mapping[Period, Text]] = {
    Period.YESTERDAY: T("yesterday"),
    Period.TODAY: T("today"),
    Period.TOMORROW: T("tomorrow"),
    Period.LAST_WEEK: T("last week"),
    Period.THIS_WEEK: T("this week"),
    Period.NEXT_WEEK: T("next week"),
    Period.LAST_MONTH: T("last month"),
    Period.THIS_MONTH: T("this month"),
    Period.NEXT_MONTH: T("next month"),
}

OPERATOR_TITLES: Final[Mapping[Operator, Text]] = {
    Operator.IS: T("is exactly"),
    Operator.IS_NOT: T("is not"),
    Operator.CONTAINS: T("contains"),
    Operator.LACKS: T("does not contain"),
    Operator.STARTS: T("begins with"),
    Operator.ONE_OF: T("is one of"),
    Operator.NONE_OF: T("is none of"),
    Operator.ALL_OF: T("has all of"),
    Operator.AT_LEAST: T("at least"),
    Operator.AT_MOST: T("at most"),
    Operator.BETWEEN: T("between"),
    Operator.ON: T("on the day"),
    Operator.FROM: T("on or after"),
    Operator.UNTIL: T("on or before"),
    Operator.BETWEEN_DAYS: T("between two days"),
    Operator.IN_DAYS: T("in so many days"),
    Operator.IN_WORKDAYS: T("in so many working days"),
    Operator.DAYS_AGO: T("so many days ago"),
    Operator.LAST_DAYS: T("in the last days"),
    Operator.OLDER: T("longer ago than days"),
    Operator.PERIOD: T("falls in"),
    Operator.NEXT_DAYS: T("within the next days"),
    Operator.MONTH: T("in the month"),
    Operator.YES: T("yes"),
    Operator.NO: T("no"),
    Operator.KNOWN: T("is known"),
    Operator.UNKNOWN: T("is not known"),
}
