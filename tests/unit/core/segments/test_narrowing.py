"""The list of customers narrowed to the conditions of a segment."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from console.core.compliance.drafts import approve_rules, change_rule, start_draft, submit_draft
from console.core.compliance.overview import overview
from console.core.context import Context
from console.core.customers.browse import (
    CustomerFilter,
    audience_select,
    count_customers,
    customer_head,
    customer_ids,
)
from console.core.segments.conditions import Condition, Group, Related, dump
from console.core.segments.counting import look
from console.core.segments.fields import Scope, UnknownField
from console.core.segments.operators import Operator

_World = runpy.run_path(str(Path(__file__).parents[3] / "campaign_world.py"))["World"]
WEST = Condition("customer.region", Operator.ONE_OF, ("城西",))
SOON = Related(Scope.LOAN, (Condition("loan.due_on", Operator.IN_DAYS, ("5", "5")),))


@pytest.mark.parametrize("text", ["", "C000000"])
def test_the_list_shows_whom_the_segment_finds(ctx: Context, text: str) -> None:
    world: Any = _World(ctx)
    world.customers(9)
    world.set_customers([6], active=False)
    wanted = CustomerFilter(text=text, asked=json.dumps(dump(Group((WEST, SOON)))))
    assert CustomerFilter.load(wanted.dump()) == wanted
    with ctx.database.read() as session:
        assert list(customer_ids(session, wanted, today=world.today)) == [3, 9]
        assert count_customers(session, wanted, today=world.today) == 2
    assert wanted.describe().endswith("Conditions: Region is 城西 and has a loan (Due date in 5 days)")


def test_working_days_are_those_of_the_rules_in_force(
    ctx: Context, admin_ctx: Context, supervisor_ctx: Context
) -> None:
    """Saturday is four working days ahead of Monday; one, where three days between are made holidays."""
    world: Any = _World(ctx)
    world.customers(3)
    near = Related(Scope.LOAN, (Condition("loan.due_on", Operator.IN_WORKDAYS, ("1", "1")),))
    wanted = CustomerFilter(asked=json.dumps(dump(Group((near,)))))

    def found() -> tuple[list[int], list[int], int, list[Any], int]:
        with ctx.database.read() as session:
            return (
                list(customer_ids(session, wanted, today=world.today)),
                customer_head(session, wanted, limit=9, today=world.today),
                count_customers(session, wanted, today=world.today),
                [
                    row[0]
                    for row in session.execute(audience_select(session, wanted, per_loan=False, today=world.today))
                ],
                look(ctx, Group((near,))).customers,
            )

    assert found() == ([], [], 0, [], 0)
    draft = start_draft(admin_ctx)
    days = {"holidays": "2026-11-24 - 2026-11-26", "workdays": "", "years": "2026"}
    change_rule(admin_ctx, draft, "calendar", days, "notice of the branch")
    submit_draft(admin_ctx, draft, "closed for three days", None)
    shown = overview(supervisor_ctx).draft
    assert shown is not None
    approve_rules(supervisor_ctx, draft, shown.digest)
    assert found() == ([1, 2, 3], [1, 2, 3], 3, [1, 2, 3], 3)


def test_conditions_that_are_not_understood_are_an_error(ctx: Context) -> None:
    odd = {"version": 1, "root": {"group": "all", "parts": [{"field": "customer.luck", "is": "yes", "value": []}]}}
    with ctx.database.read() as session, pytest.raises(UnknownField):
        customer_ids(session, CustomerFilter(asked=json.dumps(odd)))
