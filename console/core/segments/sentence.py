"""A segment in words: one sentence, or lines with their depth, in the language of the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from console.core.format import yuan
from console.core.i18n import T, Text, clauses, listed, ntr, tr
from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.fields import Field, Scope, field_of
from console.core.segments.operators import OPERATOR_TITLES, PERIOD_TITLES, Kind, Operator, Period

Titles = Mapping[str, str]  # of the fields that the administrator made up, by Field.key

# has it, has it not, has such a one, has no such one
HAS: Final[Mapping[Scope, tuple[Text, Text]]] = {
    Scope.LOAN: (T("has a loan"), T("has no loan")),
    Scope.INSTALMENT: (T("has an instalment"), T("has no instalment")),
    Scope.MESSAGE: (T("was sent a message"), T("was not sent a message")),
    Scope.REPLY: (T("replied"), T("did not reply")),
    Scope.CONTACT: (T("was contacted by staff"), T("was not contacted by staff")),
    Scope.CONSENT: (T("has stated a consent"), T("has not stated a consent")),
    Scope.SUPPRESSION: (T("is on the suppression list"), T("is not on the suppression list")),
    Scope.CIRCUMSTANCE: (T("has a special circumstance"), T("has no special circumstance")),
}
_SPECIAL: Final[Mapping[tuple[Kind, Operator], Text]] = {
    (Kind.TAGS, Operator.ONE_OF): T("has one of"),
    (Kind.TAGS, Operator.NONE_OF): T("has none of"),
    (Kind.TAGS, Operator.KNOWN): T("has any"),
    (Kind.TAGS, Operator.UNKNOWN): T("has none"),
    (Kind.DAYS, Operator.KNOWN): T("is overdue"),
    (Kind.DAYS, Operator.UNKNOWN): T("is not overdue"),
    (Kind.MOMENT, Operator.KNOWN): T("at any time"),
    (Kind.MOMENT, Operator.UNKNOWN): T("without a date"),
}


@dataclass(frozen=True)
class Line:
    depth: int
    text: str


def operator_title(field: Field, operator: Operator) -> str:
    return str(_SPECIAL.get((field.kind, operator)) or OPERATOR_TITLES[operator])


def title_of(field: Field, titles: Titles) -> str:
    return titles.get(field.key) or str(field.title)


def sentence(node: Node, titles: Titles | None = None) -> str:
    """The whole in one line; groups in brackets."""
    titles = titles or {}
    if isinstance(node, Condition):
        return words(node, titles)
    inner = _joined(node, titles)
    if isinstance(node, Related):
        return _having(node, inner)
    return tr("none of these: {parts}", parts=inner) if node.logic is Logic.NONE else inner


def _joined(node: Group | Related, titles: Titles) -> str:
    parts = [_part(part, titles, alone=len(node.parts) == 1) for part in node.parts]
    if node.logic is Logic.NONE:
        return clauses(parts)
    joined = parts[0] if parts else ""
    for part in parts[1:]:
        joined = (
            tr("{first} or {second}", first=joined, second=part)
            if node.logic is Logic.ANY
            else tr("{first} and {second}", first=joined, second=part)
        )
    return joined


def _part(node: Node, titles: Titles, *, alone: bool) -> str:
    said = sentence(node, titles)
    grouped = isinstance(node, Group) and (len(node.parts) > 1 or node.logic is Logic.NONE)
    return tr("({inner})", inner=said) if grouped and not alone else said


def _having(node: Related, inner: str) -> str:
    has = str(HAS[node.scope][0 if node.present else 1])
    return tr("{has} ({inner})", has=has, inner=inner) if inner else has


def lines(root: Group, titles: Titles | None = None) -> list[Line]:
    """Part under part, groups further in: 且 or 或 stands at the beginning of a line."""
    if root.logic is Logic.NONE:
        return [Line(0, heading(root)), *_lines(root, titles or {}, 1)]
    return list(_lines(root, titles or {}, 0))


def _lines(node: Group | Related, titles: Titles, depth: int) -> Iterator[Line]:
    for place, part in enumerate(node.parts):
        glue = _glue(node.logic) if place else ""
        if isinstance(part, Condition):
            yield Line(depth, _glued(glue, words(part, titles)))
            continue
        head = heading(part) if isinstance(part, Group) else _having(part, "")
        if isinstance(part, Related) and part.parts:
            head = (
                tr("{has}, and of it:", has=head) if part.logic is Logic.ALL else tr("{has}, and of it any:", has=head)
            )
        yield Line(depth, _glued(glue, head))
        yield from _lines(part, titles, depth + 1)


def heading(group: Group) -> str:
    return {
        Logic.ALL: tr("all of these hold:"),
        Logic.ANY: tr("any of these holds:"),
        Logic.NONE: tr("none of these holds:"),
    }[group.logic]


def _glue(logic: Logic) -> str:
    return tr("and") if logic is Logic.ALL else tr("or")


def _glued(glue: str, said: str) -> str:
    return tr("{glue} {said}", glue=glue, said=said) if glue else said


# One condition


def words(node: Condition, titles: Titles | None = None) -> str:
    field = field_of(node.field)
    title = title_of(field, titles or {})
    if field.kind is Kind.DAYS:
        return _overdue(node)
    if node.operator in _DAYS:
        return _DAYS[node.operator](title, int(node.value[0]))
    if node.operator in _SPANS:
        low, high = node.value
        return _SPANS[node.operator](title, low if low == high else tr("{low} to {high}", low=low, high=high))
    if node.operator in (Operator.KNOWN, Operator.UNKNOWN, Operator.YES, Operator.NO):
        return _plain(field, title, node.operator)
    if node.operator is Operator.PERIOD:
        return tr("{field}: {period}", field=title, period=str(PERIOD_TITLES[Period(node.value[0])]))
    if field.kind is Kind.TAGS and len(node.value) == 1:
        (tag,) = node.value
        none = node.operator is Operator.NONE_OF
        return (
            tr("{field}: not {value}", field=title, value=tag)
            if none
            else tr("{field}: {value}", field=title, value=tag)
        )
    if node.operator in _ONE and len(node.value) == 1:
        return str(_ONE[node.operator](title, _value(field, node)))
    return tr(
        "{field} {operator} {value}",
        field=title,
        operator=operator_title(field, node.operator),
        value=_value(field, node),
    )


def _plain(field: Field, title: str, operator: Operator) -> str:
    if operator in (Operator.YES, Operator.NO):
        return title if operator is Operator.YES else tr("not: {field}", field=title)
    return tr("{field} {operator}", field=title, operator=operator_title(field, operator))


def _value(field: Field, node: Condition) -> str:
    if field.choices is not None and field.kind is Kind.CHOICE:
        return listed(str(field.choices.get(each, each)) for each in node.value)
    if field.kind is Kind.MONEY:
        shown = [yuan(Decimal(each)) for each in node.value]
    else:
        shown = [tr("“{text}”", text=each) if field.kind is Kind.TEXT else each for each in node.value]
    if node.operator in (Operator.BETWEEN, Operator.BETWEEN_DAYS):
        return tr("{low} and {high}", low=shown[0], high=shown[1])
    return listed(shown)


_ONE: Final[Mapping[Operator, Callable[[str, str], Text]]] = {
    Operator.ONE_OF: lambda field, value: T("{field} is {value}", field=field, value=value),
    Operator.NONE_OF: lambda field, value: T("{field} is not {value}", field=field, value=value),
}


def _overdue(node: Condition) -> str:
    match node.operator:
        case Operator.AT_LEAST:
            return tr("at least {n} days overdue", n=node.value[0])
        case Operator.AT_MOST:
            return tr("at most {n} days overdue", n=node.value[0])
        case Operator.BETWEEN:
            return tr("{low} to {high} days overdue", low=node.value[0], high=node.value[1])
        case _:
            return str(_SPECIAL[Kind.DAYS, node.operator])


def _next(field: str, n: int) -> str:
    if n == 0:
        return tr("{field} is today", field=field)
    return ntr("{field} within the next {n} day", "{field} within the next {n} days", n, field=field)


_DAYS: Final[Mapping[Operator, Callable[[str, int], str]]] = {
    Operator.NEXT_DAYS: _next,
    Operator.LAST_DAYS: lambda field, n: ntr(
        "{field} in the last {n} day", "{field} in the last {n} days", n, field=field
    ),
    Operator.OLDER: lambda field, n: ntr(
        "{field} more than {n} day ago", "{field} more than {n} days ago", n, field=field
    ),
}
_SPANS: Final[Mapping[Operator, Callable[[str, str], str]]] = {
    Operator.IN_DAYS: lambda field, days: tr("{field} in {days} days", field=field, days=days),
    Operator.IN_WORKDAYS: lambda field, days: tr("{field} in {days} working days", field=field, days=days),
    Operator.DAYS_AGO: lambda field, days: tr("{field} {days} days ago", field=field, days=days),
}
