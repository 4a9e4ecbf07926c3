"""The description of a segment: a frozen tree, and the only door through which stored or typed conditions come in.

    Group      all, any or none of its parts
    Related    has (or has not) a loan, message, reply ... that fulfils all or any of its parts: one and the same record
    Condition  field, operator, value

Inside ``Related`` the parts speak of that record. ``load`` and ``checked`` let nothing through that is not understood:
a part that was skipped would widen the segment.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.segments.fields import WITHIN, Field, Scope, field_of
from console.core.segments.operators import NEEDS, OPERATORS, Kind, Needs, Operator, Period

VERSION: Final = 1  # of the stored form
DEPTH: Final = 6  # of groups in groups
SIZE: Final = 60  # conditions and groups
VALUES: Final = 200  # of one condition
TEXT_LENGTH: Final = 100
MOST_DAYS: Final = 36_500
MOST: Final = Decimal("999999999999.99")


class Logic(StrEnum):
    ALL = "all"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True)
class Condition:
    field: str  # Field.key
    operator: Operator
    value: tuple[str, ...] = ()  # as ``Needs`` says: text, decimal digits, ISO dates


@dataclass(frozen=True)
class Group:
    parts: tuple[Node, ...] = ()
    logic: Logic = Logic.ALL


@dataclass(frozen=True)
class Related:
    """Without parts: has any at all."""

    scope: Scope
    parts: tuple[Node, ...] = ()
    logic: Logic = Logic.ALL  # never NONE
    present: bool = True


Node = Condition | Group | Related


class BadConditions(UserError):
    """``path``: places of the parts from the root down to the one that is wrong."""

    def __init__(self, message: Text, path: tuple[int, ...] = ()) -> None:
        super().__init__(message, T("Complete or remove the marked condition."))
        self.path = path


class TooLarge(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("A segment has at most {size} conditions, in groups of at most {depth} levels.", size=SIZE, depth=DEPTH),
            T("Make it simpler, or make two segments of it."),
        )


def walk(node: Node, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Node]]:
    """Every node with its place, parents first."""
    yield path, node
    if not isinstance(node, Condition):
        for place, part in enumerate(node.parts):
            yield from walk(part, (*path, place))


# Storing


def dump(root: Group) -> dict[str, object]:
    return {"version": VERSION, "root": _dumped(root)}


def _dumped(node: Node) -> dict[str, object]:
    if isinstance(node, Condition):
        return {"field": node.field, "is": node.operator.value, "value": list(node.value)}
    parts = [_dumped(part) for part in node.parts]
    if isinstance(node, Group):
        return {"group": node.logic.value, "parts": parts}
    return {"has": node.scope.value, "present": node.present, "of": node.logic.value, "parts": parts}


def load(record: Mapping[str, Any]) -> Group:
    """What ``dump`` wrote. Raises UnknownField, BadConditions, TooLarge."""
    if record.get("version") != VERSION or set(record) != {"version", "root"}:
        raise BadConditions(T("These conditions were written by another version of this program."))
    try:
        root = _loaded(record["root"], 1)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadConditions(T("These conditions are not understood.")) from error
    if not isinstance(root, Group):
        raise BadConditions(T("These conditions are not understood."))
    return checked(root)


def _loaded(record: Mapping[str, Any], depth: int) -> Node:
    if depth > DEPTH + 1:
        raise TooLarge()
    keys = set(record)
    if keys == {"field", "is", "value"}:
        if not isinstance(record["value"], list) or not all(isinstance(value, str) for value in record["value"]):
            raise ValueError("a value is a list of texts")
        return Condition(str(record["field"]), Operator(record["is"]), tuple(record["value"]))
    if keys == {"group", "parts"}:
        return Group(tuple(_loaded(part, depth + 1) for part in record["parts"]), Logic(record["group"]))
    if keys == {"has", "present", "of", "parts"} and isinstance(record["present"], bool):
        parts = tuple(_loaded(part, depth + 1) for part in record["parts"])
        return Related(Scope(record["has"]), parts, Logic(record["of"]), record["present"])
    raise ValueError(f"not a condition: {sorted(keys)}")


# Checking


def checked(root: Group) -> Group:
    """``root`` with tidy values. Raises UnknownField, BadConditions, TooLarge."""
    nodes = list(walk(root))
    if len(nodes) - 1 > SIZE or any(len(path) > DEPTH for path, _node in nodes):
        raise TooLarge()
    if not root.parts:
        raise BadConditions(T("A segment needs at least one condition."))
    return Group(tuple(_checked(part, Scope.CUSTOMER, (place,)) for place, part in enumerate(root.parts)), root.logic)


def _checked(node: Node, scope: Scope, path: tuple[int, ...]) -> Node:
    if isinstance(node, Condition):
        field = field_of(node.field)
        if field.scope is not scope:
            raise BadConditions(T("{field} can not be asked for here.", field=str(field.title)), path)
        return checked_condition(field, node, path)
    inner = node.scope if isinstance(node, Related) else scope
    if isinstance(node, Related):
        if node.scope not in WITHIN.get(scope, ()) or node.logic is Logic.NONE:
            raise BadConditions(T("These conditions are not understood."), path)
    elif not node.parts:
        raise BadConditions(T("This group is empty."), path)
    parts = tuple(_checked(part, inner, (*path, place)) for place, part in enumerate(node.parts))
    return (
        Related(node.scope, parts, node.logic, node.present) if isinstance(node, Related) else Group(parts, node.logic)
    )


def checked_condition(field: Field, node: Condition, path: tuple[int, ...] = ()) -> Condition:
    """One condition with tidy values. Raises BadConditions."""
    if node.operator not in OPERATORS[field.kind]:
        raise BadConditions(T("{field} can not be asked for in this way.", field=str(field.title)), path)
    try:
        value = _TIDY[NEEDS[node.operator]](node.value)
    except (ValueError, InvalidOperation) as error:
        raise BadConditions(
            T("{field}: the value is missing or not complete.", field=str(field.title)), path
        ) from error
    if field.kind is Kind.MONEY and any(len(each.partition(".")[2]) > 2 for each in value):
        raise BadConditions(T("{field}: an amount has at most two decimals.", field=str(field.title)), path)
    if NEEDS[node.operator] is Needs.SEVERAL and field.choices is not None and field.kind is Kind.CHOICE:
        strange = set(value) - set(field.choices)
        if strange and not field.own:  # an administrator may take a choice away: nobody has it then
            raise BadConditions(T("{field}: the value is missing or not complete.", field=str(field.title)), path)
    return Condition(node.field, node.operator, value)


def _nothing(value: tuple[str, ...]) -> tuple[str, ...]:
    if value:
        raise ValueError(value)
    return ()


def _text(value: tuple[str, ...]) -> tuple[str, ...]:
    (text,) = value
    return (_tidy(text),)


def _several(value: tuple[str, ...]) -> tuple[str, ...]:
    tidy = tuple(dict.fromkeys(_tidy(text) for text in value))
    if not 0 < len(tidy) <= VALUES:
        raise ValueError(len(tidy))
    return tidy


def _tidy(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= TEXT_LENGTH or any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise ValueError(text)
    return text


def _number(text: str) -> Decimal:
    number = Decimal(unicodedata.normalize("NFKC", text).replace(",", "").strip())
    if not number.is_finite() or abs(number) > MOST or number.as_tuple().exponent < -6:  # type: ignore[operator]
        raise ValueError(text)
    return number


def _digits(number: Decimal) -> str:
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _one_number(value: tuple[str, ...]) -> tuple[str, ...]:
    (text,) = value
    return (_digits(_number(text)),)


def _numbers(value: tuple[str, ...]) -> tuple[str, ...]:
    low, high = (_number(text) for text in value)
    if low > high:
        raise ValueError(value)
    return _digits(low), _digits(high)


def _one_day(value: tuple[str, ...]) -> tuple[str, ...]:
    (text,) = value
    return (date.fromisoformat(text).isoformat(),)


def _days(value: tuple[str, ...]) -> tuple[str, ...]:
    first, last = (date.fromisoformat(text) for text in value)
    if first > last:
        raise ValueError(value)
    return first.isoformat(), last.isoformat()


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST_DAYS:
        raise ValueError(text)
    return number


def _one_count(value: tuple[str, ...]) -> tuple[str, ...]:
    (text,) = value
    return (str(_count(text)),)


def _counts(value: tuple[str, ...]) -> tuple[str, ...]:
    low, high = (_count(text) for text in value)
    if low > high:
        raise ValueError(value)
    return str(low), str(high)


def _period(value: tuple[str, ...]) -> tuple[str, ...]:
    (text,) = value
    return (Period(text).value,)


def _month(value: tuple[str, ...]) -> tuple[str, ...]:
    (text,) = value
    if not 1 <= int(text) <= 12:
        raise ValueError(text)
    return (str(int(text)),)


_TIDY: Final = {
    Needs.NOTHING: _nothing,
    Needs.TEXT: _text,
    Needs.SEVERAL: _several,
    Needs.NUMBER: _one_number,
    Needs.NUMBERS: _numbers,
    Needs.DAY: _one_day,
    Needs.DAYS: _days,
    Needs.COUNT: _one_count,
    Needs.COUNTS: _counts,
    Needs.PERIOD: _period,
    Needs.MONTH: _month,
}
