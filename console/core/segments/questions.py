"""One condition on one row as SQL, by the kind of its field. True or false, never NULL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, and_, false, func, literal_column, not_

from console.core.customers.prefix import starts_with
from console.core.segments.conditions import Condition
from console.core.segments.days import (
    FIRST,
    LAST,
    Today,
    anniversaries,
    born_until,
    dates_of_birth,
    shifted,
    span,
)
from console.core.segments.fields import Field
from console.core.segments.functions import as_text, flag_in, has_item, holds, month_day, number_in
from console.core.segments.operators import Kind, Operator
from console.core.segments.rows import Row, column_of, late

True_ = ColumnElement[bool]
_FEW_DAYS: Final = 40  # whose dates of birth, one a year, are looked up one by one in their index
_INTEGERS: Final = 2**31 - 1  # what an integer column of PostgreSQL holds


def asked(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    return _BY_KIND[field.kind](field, condition, row, today)


def _text(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    """Columns of texts are never NULL but for own fields: not stated is the empty text."""
    column = func.coalesce(row.table.extra[field.own].as_string(), "") if field.own else column_of(field.key, row)
    value = condition.value
    match condition.operator:
        case Operator.IS | Operator.ONE_OF:
            return _among(column, value)
        case Operator.IS_NOT | Operator.NONE_OF:
            return not_(_among(column, value))
        case Operator.CONTAINS:
            return holds(column, value[0])
        case Operator.LACKS:
            return not_(holds(column, value[0]))
        case Operator.STARTS:
            return starts_with(column, value[0])
        case Operator.KNOWN:
            return _true(column != "")
        case _:
            return _true(column == "")


def _among(column: Any, values: tuple[str, ...]) -> True_:
    return _true(column == values[0] if len(values) == 1 else column.in_(values))


def _true(condition: Any) -> True_:
    found: True_ = condition
    return found


def _tags(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    column, value = column_of(field.key, row), condition.value
    tagged = _true(as_text(column) != literal_column("'[]'"))  # in the words of the index of those who are
    match condition.operator:
        case Operator.ONE_OF:
            return and_(tagged, has_item(column, *value))
        case Operator.NONE_OF:
            return not_(has_item(column, *value))
        case Operator.ALL_OF:
            return and_(tagged, *(has_item(column, each) for each in value))
        case Operator.KNOWN:
            return tagged
        case _:
            return not_(tagged)


def _flag(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    on = flag_in(row.table.extra, field.own) if field.own else column_of(field.key, row)
    return _true(on) if condition.operator is Operator.YES else not_(on)


def _number(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    column = number_in(row.table.extra, field.own) if field.own else column_of(field.key, row)
    if condition.operator in (Operator.KNOWN, Operator.UNKNOWN):
        return _known(column, condition)
    low, high = _limits(condition)
    if field.kind is not Kind.MONEY:
        low, high = _comparable(column, low, ROUND_CEILING), _comparable(column, high, ROUND_FLOOR)
    return _within(column, low, high)


def _comparable(column: Any, limit: Decimal | None, rounding: str) -> Any:
    """As the column compares: whole numbers with whole ones, rates and own numbers as floats."""
    if limit is None or not isinstance(column.type, Integer):
        return None if limit is None else float(limit)
    return max(-_INTEGERS, min(_INTEGERS, int(limit.to_integral_value(rounding))))


def _limits(condition: Condition) -> tuple[Any, Any]:
    numbers = [Decimal(each) for each in condition.value]
    match condition.operator:
        case Operator.AT_LEAST:
            return numbers[0], None
        case Operator.AT_MOST:
            return None, numbers[0]
        case _:
            return numbers[0], numbers[1]


def _whole_limits(condition: Condition) -> tuple[int | None, int | None]:
    low, high = _limits(condition)
    most = Decimal(100_000)
    return (
        None if low is None else int(max(-most, min(most, low)).to_integral_value(ROUND_CEILING)),
        None if high is None else int(max(-most, min(most, high)).to_integral_value(ROUND_FLOOR)),
    )


def _known(column: Any, condition: Condition) -> True_:
    return _true(column.is_not(None) if condition.operator is Operator.KNOWN else column.is_(None))


def _within(column: Any, low: Any, high: Any) -> True_:
    """Both included; None is no limit."""
    limits = [column.is_not(None)]
    if low is not None:
        limits.append(column >= low)
    if high is not None:
        limits.append(column <= high)
    return and_(*limits)


def _date(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    column = row.table.extra[field.own].as_string() if field.own else column_of(field.key, row)
    if condition.operator in (Operator.KNOWN, Operator.UNKNOWN):
        return _known(column, condition)
    first, last = span(condition.operator, condition.value, today)
    if field.own:
        return _within(column, first.isoformat(), last.isoformat())
    return _within(column, _open(first, FIRST), _open(last, LAST))


def _open(day: date, end: date) -> date | None:
    return None if day == end else day


def _moment(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    column = column_of(field.key, row)
    if condition.operator in (Operator.KNOWN, Operator.UNKNOWN):
        return _known(column, condition)
    first, last = span(condition.operator, condition.value, today)
    limits = [column.is_not(None)]
    if first > FIRST:
        limits.append(column >= today.midnight(first))
    if last < LAST:
        limits.append(column < today.midnight(last + timedelta(days=1)))
    return and_(*limits)


def _anniversary(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    if condition.operator not in (Operator.NEXT_DAYS, Operator.MONTH):
        return _date(field, condition, row, today)
    column, number = column_of(field.key, row), int(condition.value[0])
    this_year = column <= date(today.day.year, 12, 31)
    if condition.operator is Operator.MONTH:
        return and_(column.is_not(None), this_year, month_day(column).startswith(f"{number:02}-"))
    there = anniversaries(today.day, number)
    if len(there) > _FEW_DAYS:
        return and_(column.is_not(None), this_year, month_day(column).in_([f"{each:%m-%d}" for each in there]))
    born = [each for anniversary in there for each in dates_of_birth(anniversary, today.day)]
    return and_(column.is_not(None), column.in_(born))


def _age(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    column = row.table.birthday
    if condition.operator in (Operator.KNOWN, Operator.UNKNOWN):
        return _known(column, condition)
    low, high = _whole_limits(condition)
    limits = [column.is_not(None)]
    if low is not None:
        limits.append(column <= born_until(today.day, low))
    if high is not None:
        limits.append(column > born_until(today.day, high + 1))
    return and_(*limits)


def _days(field: Field, condition: Condition, row: Row, today: Today) -> True_:
    overdue = late(row, today)
    if condition.operator is Operator.KNOWN:
        return overdue
    if condition.operator is Operator.UNKNOWN:
        return not_(overdue)
    low, high = _whole_limits(condition)
    if high is not None and high < 1:
        return false()
    limits = [overdue]
    if low is not None:
        limits.append(row.table.due_on <= shifted(today.day, -max(low, 1)))
    if high is not None:
        limits.append(row.table.due_on >= shifted(today.day, -high))
    return and_(*limits)


_BY_KIND: Final[Mapping[Kind, Callable[[Field, Condition, Row, Today], True_]]] = {
    Kind.TEXT: _text,
    Kind.CHOICE: _text,
    Kind.TAGS: _tags,
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.ANNIVERSARY: _anniversary,
    Kind.AGE: _age,
    Kind.DAYS: _days,
}
