"""The statement finds whom a plain reading of the conditions finds, on both engines."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from console.core.context import Context
from console.core.segments.compile import loans, matching, members, numbers, pairs
from console.core.segments.conditions import Condition, Group, Logic, Node, Related, checked, dump, load
from console.core.segments.days import Today
from console.core.segments.fields import FIELDS, WITHIN, Field, Scope, own_field
from console.core.segments.loans import chooses_loans
from console.core.segments.operators import NEEDS, OPERATORS, Kind, Needs, Operator, Period
from db.models import Customer

_WORLD = runpy.run_path(str(Path(__file__).parents[3] / "segment_world.py"))
People, Evaluator = _WORLD["People"], _WORLD["Evaluator"]
OWN = [own_field(kind, kind[0]) for kind in ("text", "number", "date", "choice", "flag")]
TODAY = date(2026, 11, 23)


def _days() -> st.SearchStrategy[str]:
    return st.integers(-40, 40).map(lambda ahead: (TODAY + timedelta(days=ahead)).isoformat())


def _ordered(values: st.SearchStrategy[Any], key: Callable[[Any], Any] = str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=2, max_size=2).map(lambda both: tuple(map(str, sorted(both, key=key))))


def _texts(field: Field) -> st.SearchStrategy[str]:
    if field.choices:
        return st.sampled_from(sorted(field.choices))
    return st.sampled_from([*filter(None, _WORLD["TEXTS"]), *_WORLD["TAGS"], "C0", "13", "房贷", "还", "甲", "reply"])


def _numbers(field: Field) -> st.SearchStrategy[str]:
    if field.kind in (Kind.AGE, Kind.DAYS):
        return st.integers(0, 90).map(str)
    return st.sampled_from(["0", "0.01", "1", "2.5", "3.05", "9", "11.11", "12", "100", "240", "-3", "99999.99"])


def _value(field: Field, operator: Operator) -> st.SearchStrategy[tuple[str, ...]]:
    counts = st.integers(0, 45)
    return {
        Needs.NOTHING: st.just(()),
        Needs.TEXT: _texts(field).map(lambda text: (text,)),
        Needs.SEVERAL: st.lists(_texts(field), min_size=1, max_size=3).map(tuple),
        Needs.NUMBER: _numbers(field).map(lambda text: (text,)),
        Needs.NUMBERS: _ordered(_numbers(field), key=float),
        Needs.DAY: _days().map(lambda text: (text,)),
        Needs.DAYS: _ordered(_days()),
        Needs.COUNT: counts.map(lambda number: (str(number),)),
        Needs.COUNTS: _ordered(counts, key=int),
        Needs.PERIOD: st.sampled_from(list(Period)).map(lambda period: (period.value,)),
        Needs.MONTH: st.integers(1, 12).map(lambda month: (str(month),)),
    }[NEEDS[operator]]


def _condition(field: Field) -> st.SearchStrategy[Node]:
    def made(operator: Operator) -> st.SearchStrategy[Node]:
        return _value(field, operator).map(lambda value: Condition(field.key, operator, value))

    return st.sampled_from(OPERATORS[field.kind]).flatmap(made)


def _parts(scope: Scope, depth: int, least: int) -> st.SearchStrategy[tuple[Node, ...]]:
    fields = [field for field in (*FIELDS.values(), *OWN) if field.scope is scope]
    kinds: list[st.SearchStrategy[Node]] = [st.sampled_from(fields).flatmap(_condition)]
    if depth:
        kinds.append(_group(scope, depth - 1))
        if scope in WITHIN:
            kinds.append(st.sampled_from(WITHIN[scope]).flatmap(lambda inner: _related(inner, depth - 1)))
    return st.lists(st.one_of(*kinds), min_size=least, max_size=3).map(tuple)


def _group(scope: Scope, depth: int) -> st.SearchStrategy[Node]:
    return st.builds(Group, _parts(scope, depth, 1), st.sampled_from(Logic))


def _related(scope: Scope, depth: int) -> st.SearchStrategy[Node]:
    logic = st.sampled_from((Logic.ALL, Logic.ANY))
    return st.builds(Related, st.just(scope), _parts(scope, depth, 0), logic, st.booleans())


@pytest.fixture
def people(ctx: Context) -> Any:
    return People(ctx, 70, seed=20261123)


def found(ctx: Context, root: Group, today: Today) -> tuple[list[int], list[tuple[int, int]], list[int]]:
    with ctx.database.read() as session:
        per_customer = [tuple(row) for row in session.execute(pairs(root, today, per_loan=False))]
        per_loan = [tuple(row) for row in session.execute(pairs(root, today, per_loan=True))]
        alone = sorted(session.scalars(members(root, today)))
        assert sorted(session.scalars(loans(root, today))) == sorted(loan for _customer, loan in per_loan)
        customers, meant, some = session.execute(numbers(root, today, 5)).one()
        assert (customers, meant) == (len(alone), len(per_loan) if chooses_loans(root) else None)
        listed = [int(each) for each in some.split(",")] if some else []
        assert len(listed) == min(5, len(alone)) == len(set(listed))
        assert set(listed) <= set(alone)
    return [row[0] for row in per_customer], per_loan, alone


def _agree(ctx: Context, people: Any, root: Group, today: Today) -> None:
    root = checked(root)
    assert load(dump(root)) == root
    per_customer, per_loan, alone = found(ctx, root, today)
    expected = Evaluator(today)
    assert per_customer == alone == expected.members(root, people.records)
    assert per_loan == expected.pairs(root, people.records)


VALUES = {
    Needs.NOTHING: (),
    Needs.TEXT: ("A",),
    Needs.SEVERAL: ("A", "城东", "vip"),
    Needs.NUMBER: ("3",),
    Needs.NUMBERS: ("1", "20"),
    Needs.DAY: (TODAY.isoformat(),),
    Needs.DAYS: (TODAY.isoformat(), "2026-12-01"),
    Needs.COUNT: ("7",),
    Needs.COUNTS: ("3", "5"),
    Needs.PERIOD: ("this_week",),
    Needs.MONTH: ("11",),
}


def questions() -> list[Group]:
    """Each field with each of its operators once."""
    made = []
    for field in (*FIELDS.values(), *OWN):
        for operator in OPERATORS[field.kind]:
            value = VALUES[NEEDS[operator]]
            if field.choices and value:
                value = (sorted(field.choices)[0],)
            part: Node = Condition(field.key, operator, value)
            made.append(Group((part if field.scope is Scope.CUSTOMER else Related(field.scope, (part,)),)))
    return made


def test_every_question_of_every_field_and_its_opposite(ctx: Context, people: Any) -> None:
    """Answers are true or false, never NULL: "none of" finds exactly the others."""
    for some in batched(questions(), 20):
        columns = [
            matching(checked(Group(each.parts, logic)), people.today)
            for each in some
            for logic in (Logic.ALL, Logic.NONE)
        ]
        with ctx.database.read() as session:
            rows = session.execute(select(*columns).where(Customer.active.is_(True)).order_by(Customer.id)).all()
        active = [record for record in people.records if record["active"]]
        for place, each in enumerate(some):
            expected = [Evaluator(people.today).fits(each, record) for record in active]
            assert [bool(row[2 * place]) for row in rows] == expected, each
            assert [row[2 * place + 1] for row in rows] == [not answer for answer in expected], each


def batched(items: list[Group], size: int) -> list[list[Group]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


@settings(
    max_examples=settings.default.max_examples * 6 // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(root=_group(Scope.CUSTOMER, 3))
def test_any_conditions_together(ctx: Context, people: Any, root: Group) -> None:
    _agree(ctx, people, root, people.today)


@settings(
    max_examples=settings.default.max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(day=st.dates(date(2023, 12, 20), date(2028, 3, 5)), within=st.integers(0, 380), operator=st.just("next_days"))
def test_birthdays_on_any_day(ctx: Context, people: Any, day: date, within: int, operator: str) -> None:
    root = Group((Condition("customer.birthday", Operator(operator), (str(within),)),))
    _agree(ctx, people, root, replace(people.today, day=day))
