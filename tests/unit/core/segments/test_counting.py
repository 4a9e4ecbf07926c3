"""About how many fulfil conditions, before they are counted."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.segments import counting
from console.core.segments.conditions import Condition, Group, Related
from console.core.segments.counting import guess, look
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator
from db.stopping import Stop, Stopped

_World = runpy.run_path(str(Path(__file__).parents[3] / "campaign_world.py"))["World"]
WEST = Condition("customer.region", Operator.ONE_OF, ("城西",))  # every third
OWES = Related(Scope.LOAN, (Condition("loan.due_on", Operator.IN_DAYS, ("5", "5")),))  # everybody
UNSENT = Related(Scope.MESSAGE, present=False)  # everybody


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(120)
    return made


@pytest.fixture
def few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times three customers, instead of a hundred times twenty."""
    for name, value in (("_PLACES", 4), ("_BESIDE", 3), ("_WORTH", 2)):
        monkeypatch.setattr(counting, name, value)


def test_so_few_are_counted_as_quickly(ctx: Context, world: Any) -> None:
    assert guess(ctx, Group((WEST,))) is None


@pytest.mark.usefixtures("few_places")
def test_the_share_of_those_who_are_asked_is_taken_for_all(ctx: Context, world: Any) -> None:
    for parts, customers in (((OWES, UNSENT), 120), ((WEST,), 40), ((OWES, WEST), 40)):
        found = guess(ctx, Group(parts))
        assert found is not None
        assert (found.root, found.asked, found.customers) == (Group(parts), 12, customers)
        assert found.customers == look(ctx, Group(parts)).customers
        assert {row.region for row in found.sample} <= ({"城西"} if WEST in parts else {"城东", "城西"})
        assert len(found.sample) == 12 * customers // 120


@pytest.mark.usefixtures("few_places")
def test_who_is_not_in_use_is_not_counted(ctx: Context, world: Any) -> None:
    world.set_customers(range(61, 121), active=False)
    found = guess(ctx, Group((OWES,)))
    assert found is not None
    assert found.customers == 60
    world.set_customers(range(1, 121), active=False)
    assert guess(ctx, Group((OWES,))) is None


@pytest.mark.usefixtures("few_places")
def test_nobody_among_those_who_are_asked(ctx: Context, world: Any) -> None:
    found = guess(ctx, Group((Related(Scope.REPLY),)))
    assert found is not None
    assert (found.customers, found.sample) == (0, ())


def test_two_digits_say_that_it_is_no_count() -> None:
    rounded = {0: 0, 7: 7, 99: 99, 104: 100, 105: 110, 1_250: 1_300, 576_635: 580_000, 999_999: 1_000_000}
    assert {number: counting._rounded(number) for number in rounded} == rounded


@pytest.mark.usefixtures("few_places")
def test_neither_goes_on_when_nobody_waits(ctx: Context, world: Any) -> None:
    stop = Stop()
    stop.stop()
    for work in (guess, look):
        with pytest.raises(Stopped):
            work(replace(ctx, stop=stop), Group((WEST,)))


def test_only_who_may_see_customers(ctx: Context, world: Any, admin_ctx: Context) -> None:
    for work in (guess, look):
        with pytest.raises(NotPermitted):
            work(admin_ctx, Group((WEST,)))
