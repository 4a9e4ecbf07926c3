"""What may be stored as a segment, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.segments.conditions import (
    DEPTH,
    SIZE,
    BadConditions,
    Condition,
    Group,
    Logic,
    Node,
    Related,
    TooLarge,
    checked,
    dump,
    load,
)
from console.core.segments.fields import FIELDS, Scope, UnknownField, own_field
from console.core.segments.operators import NEEDS, OPERATOR_TITLES, OPERATORS, Kind, Operator
from console.core.segments.starters import STARTERS

REGION = Condition("customer.region", Operator.ONE_OF, ("城东",))


def stored(**node: Any) -> dict[str, Any]:
    return {"version": 1, "root": {"group": "all", "parts": [node]}}


def test_every_kind_has_its_questions_and_every_question_its_words() -> None:
    assert set(OPERATORS) == set(Kind)
    assert set(NEEDS) == set(OPERATOR_TITLES) == set(Operator)
    assert {field.kind for field in FIELDS.values()} == set(Kind)
    assert all(key == field.key and key.startswith(field.scope.value) for key, field in FIELDS.items())


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.title.source)
def test_a_ready_made_segment_is_whole(starter: Any) -> None:
    assert checked(starter.root) == starter.root
    assert load(dump(starter.root)) == starter.root


@pytest.mark.parametrize(
    "record",
    [
        stored(field="customer.shoe_size", **{"is": "known", "value": []}),
        stored(field="own.number.a b", **{"is": "known", "value": []}),
    ],
)
def test_an_unknown_field_is_an_error(record: dict[str, Any]) -> None:
    with pytest.raises(UnknownField):
        load(record)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"version": 2, "root": {"group": "all", "parts": []}},
        stored(field="customer.region", **{"is": "one_of", "value": ["城东"], "unless": 1}),
        stored(field="customer.region", **{"is": "resembles", "value": ["城东"]}),
        stored(field="customer.region", **{"is": "one_of", "value": "城东"}),
        stored(field="customer.region", **{"is": "one_of", "value": []}),
        stored(field="customer.region", **{"is": "at_least", "value": ["1"]}),
        stored(field="loan.product", **{"is": "one_of", "value": ["房贷"]}),  # not inside "has a loan that"
        stored(field="customer.birthday", **{"is": "on", "value": ["2026-02-30"]}),
        stored(field="customer.birthday", **{"is": "month", "value": ["13"]}),
        stored(has="loan", present=True, of="none", parts=[]),
        stored(has="customer", present=True, of="all", parts=[]),
        stored(has="loan", present="no", of="all", parts=[]),
        stored(group="all", parts=[]),
        stored(has="loan", present=True, of="all", parts=[{"has": "loan", "present": True, "of": "all", "parts": []}]),
        {"version": 1, "root": {"group": "all", "parts": []}},
    ],
)
def test_what_is_not_understood_is_an_error_and_never_skipped(record: dict[str, Any]) -> None:
    with pytest.raises(BadConditions):
        load(record)


@pytest.mark.parametrize(
    ("field", "operator", "value", "tidy"),
    [
        ("loan.amount_due", Operator.AT_LEAST, ("１,０００.50",), ("1000.5",)),
        ("loan.overdue", Operator.BETWEEN, ("8", "30"), ("8", "30")),
        ("customer.region", Operator.ONE_OF, (" 城东 ", "城东"), ("城东",)),
        ("loan.due_on", Operator.IN_DAYS, ("03", "5"), ("3", "5")),
    ],
)
def test_values_are_tidied(field: str, operator: Operator, value: tuple[str, ...], tidy: tuple[str, ...]) -> None:
    part: Node = Condition(field, operator, value)
    root = Group((Related(Scope.LOAN, (part,)) if field.startswith("loan") else part,))
    inner = checked(root).parts[0]
    found = inner.parts[0] if isinstance(inner, Related) else inner
    assert found == Condition(field, operator, tidy)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        (Operator.AT_LEAST, ("",)),
        (Operator.AT_LEAST, ("NaN",)),
        (Operator.AT_LEAST, ("1.005",)),  # fen have no parts
        (Operator.AT_LEAST, ("9" * 20,)),
        (Operator.BETWEEN, ("5", "3")),
        (Operator.BETWEEN, ("5",)),
        (Operator.KNOWN, ("5",)),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_place(operator: Operator, value: tuple[str, ...]) -> None:
    root = Group((REGION, Related(Scope.LOAN, (Condition("loan.amount_due", operator, value),))))
    with pytest.raises(BadConditions) as refused:
        checked(root)
    assert refused.value.path == (1, 0)


def test_texts_of_one_line_only() -> None:
    for text in ("a\x00b", "x" * 101, "   "):
        with pytest.raises(BadConditions):
            checked(Group((Condition("customer.name", Operator.CONTAINS, (text,)),)))


def test_a_shipped_choice_takes_only_its_own_values() -> None:
    odd = Related(Scope.LOAN, (Condition("loan.state", Operator.ONE_OF, ("sold",)),))
    with pytest.raises(BadConditions):
        checked(Group((odd,)))
    own = own_field("choice", "level", choices=("甲",))
    assert checked(Group((Condition(own.key, Operator.ONE_OF, ("丙",)),)))  # nobody has what was taken away


def test_limits_of_depth_and_size() -> None:
    def nested(levels: int) -> Group:
        return Group((REGION,)) if levels == 1 else Group((nested(levels - 1),))

    assert checked(nested(DEPTH))
    assert checked(Group((REGION,) * SIZE))
    for root in (nested(DEPTH + 1), Group((REGION,) * (SIZE + 1)), nested(400)):
        with pytest.raises(TooLarge):
            checked(root)
        with pytest.raises(TooLarge):
            load(dump(root))


def test_none_of_is_a_logic_of_groups_only() -> None:
    assert checked(Group((REGION,), Logic.NONE)).logic is Logic.NONE
    with pytest.raises(BadConditions):
        checked(Group((Related(Scope.LOAN, (), Logic.NONE),)))
