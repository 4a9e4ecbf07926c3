"""The first page of a filter that goes with the order of the list begins the whole list, however it is found."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import insert

from console.core.context import Context
from console.core.customers import byvalue, pick
from console.core.customers.browse import CustomerFilter, Sort, customer_head, customer_ids
from console.core.segments.conditions import Condition, Group, Logic, dump
from console.core.segments.operators import Operator
from db.models import Customer, ImportBatch, ImportedCustomer, ImportState, Loan, LoanState

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PEOPLE = 240


@pytest.fixture
def import_id(ctx: Context) -> int:
    """Region and rating say the same, the segment nearly so; one in eleven is not in use; managers are many."""
    people, loans = [], []
    for n in range(1, PEOPLE + 1):
        people.append(
            {
                "id": n, "number": f"C{n:04}", "name": "张三" if n % 4 else "李四",
                "pinyin": "zhangsan" if n % 4 else "lisi",
                "initials": "zs" if n % 4 else "ls", "phone": f"138{n:08}", "phone_tail": f"{n:04}",
                "region": f"R{n % 5}", "rating": "EDCBA"[n % 5], "branch": "" if n % 3 else "城东",
                "segment": "高净值" if n % 5 == 4 and n % 7 else "普通", "manager": f"M{n % 60:02}", "tags": [],
                "extra": {}, "active": n % 11 > 0, "created_at": NOW, "updated_at": NOW + timedelta(minutes=n % 9),
            }
        )  # fmt: skip
        loans += [
            {
                "customer_id": n, "number": f"L{n}-{place}", "product": "房贷" if n % 5 else "车贷",
                "state": LoanState.OVERDUE if n % 5 == 4 else LoanState.ACTIVE,
                "due_on": TODAY - timedelta(days=40 if n % 5 == 4 else 3), "updated_at": NOW,
            }
            for place in range(1 + n % 2)
        ]  # fmt: skip
    with ctx.database.begin() as session:
        session.execute(insert(Customer), people)
        session.execute(insert(Loan), loans)
        batch = ImportBatch(
            file_name="x", file_digest="", sheet="", mapping={}, state=ImportState.DONE, created_by=ctx.actor.user_id,
            created_at=NOW,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        last = [{"import_id": batch.id, "customer_id": n} for n in range(PEOPLE - 30, PEOPLE + 1)]
        session.execute(insert(ImportedCustomer), last)
        return batch.id


def _asked(logic: Logic, *values: str) -> str:
    root = Group((Group((Condition("customer.region", Operator.ONE_OF, values),), logic),))
    return json.dumps(dump(root), ensure_ascii=False)


@pytest.mark.parametrize(
    ("few", "many", "most", "worth"),
    [
        pytest.param(1_000, 100_000, 12, 150_000, id="few"),
        pytest.param(0, 100_000, 12, 150_000, id="by value"),
        pytest.param(0, 100_000, 1, 150_000, id="too many values"),
        pytest.param(0, 100_000, 12, 0, id="too long lists"),
        pytest.param(2, 100_000, 12, 150_000, id="side by side"),
        pytest.param(0, 60, 12, 150_000, id="too many to keep"),
        pytest.param(0, 0, 12, 150_000, id="many"),
    ],
)
def test_the_first_page_begins_the_list(
    ctx: Context, import_id: int, monkeypatch: pytest.MonkeyPatch, few: int, many: int, most: int, worth: int
) -> None:
    monkeypatch.setattr(pick, "FEW", few)
    monkeypatch.setattr(pick, "MANY", many)
    monkeypatch.setattr(pick, "_AHEAD", 3)
    monkeypatch.setattr(byvalue, "_MOST", most)
    monkeypatch.setattr(byvalue, "_WORTH", worth)
    filters = [
        CustomerFilter(region="R4"),
        CustomerFilter(region="R1", branch="城东"),
        CustomerFilter(segment="高净值", product="房贷"),
        CustomerFilter(loan_state="overdue"),
        CustomerFilter(overdue_min=30, product="房贷"),
        CustomerFilter(overdue_max=10, region="R0"),
        CustomerFilter(text="张", region="R4"),
        CustomerFilter(text="138 0000", rating="A"),
        CustomerFilter(import_id=import_id),
        CustomerFilter(import_id=import_id, rating="E"),
        CustomerFilter(asked=_asked(Logic.ALL, "R4", "R3"), branch="城东"),
        CustomerFilter(asked=_asked(Logic.NONE, "R4")),
        CustomerFilter(region="nowhere"),
    ]
    with ctx.database.read() as session:
        for wanted, key, down in product(filters, ("rating", "segment", "manager", "branch", "number"), (False, True)):
            whole = list(customer_ids(session, wanted, Sort(key, down), today=TODAY))
            head = customer_head(session, wanted, Sort(key, down), limit=7, today=TODAY)
            assert head == whole[:7], (wanted, key, down)
