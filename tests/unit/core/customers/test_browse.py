from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from console.core.context import Context
from console.core.customers.browse import (
    CustomerFilter,
    Sort,
    audience_select,
    count_customers,
    customer_detail,
    customer_ids,
    customer_rows,
    facets,
    reveal_phone,
)
from console.core.customers.detail import NoReason, NoSuchCustomer
from console.core.errors import NotPermitted
from db.models import AuditEntry

TODAY = date(2026, 11, 23)


def names(ctx: Context, **conditions: object) -> list[str]:
    with ctx.database.read() as session:
        ids = customer_ids(session, CustomerFilter(**conditions), Sort("name"), today=TODAY)  # type: ignore[arg-type]
        return [row.name for row in customer_rows(session, ids)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["李四", "王小明", "张三"]),
        ("张", ["张三"]),
        ("小明", ["王小明"]),
        ("zs", ["张三"]),
        ("ZS", ["张三"]),
        ("wangx", ["王小明"]),
        ("wxm", ["王小明"]),
        ("8000", ["张三"]),
        ("138000", ["张三"]),
        ("13800138000", ["张三"]),
        ("+86 138-0013-8000", ["张三"]),
        ("138 0013 8000", ["张三"]),
        ("345678", ["李四"]),
        ("c00", ["李四", "王小明", "张三"]),
        ("C003", ["王小明"]),
        ("L9003", ["李四"]),
        ("l9002", ["张三"]),
        ("张 8000", ["张三"]),
        ("张 5678", []),
        ("%", []),
        ("_", []),
        ("C1", []),  # inactive
        ("　张三　", ["张三"]),
        ("８０００", ["张三"]),
    ],
)
def test_search(ctx: Context, village: dict[str, int], typed: str, found: list[str]) -> None:
    assert names(ctx, text=typed) == found


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"region": "浦东"}, ["王小明", "张三"]),
        ({"region": "浦东", "product": "房贷"}, ["张三"]),
        ({"segment": "高净值"}, ["李四"]),
        ({"loan_state": "settled"}, ["张三"]),
        ({"loan_state": "settled", "product": "房贷"}, []),  # of one and the same loan
        ({"due_from": date(2026, 11, 20)}, ["李四"]),
        ({"due_from": date(2026, 11, 1), "due_to": date(2026, 11, 30)}, ["李四", "张三"]),
        ({"overdue_min": 1}, ["张三"]),
        ({"overdue_min": 13, "overdue_max": 13}, ["张三"]),
        ({"overdue_min": 14}, []),
        ({"overdue_max": 12}, []),
        ({"overdue_max": 30}, ["张三"]),
    ],
)
def test_filters(ctx: Context, village: dict[str, int], conditions: dict[str, object], found: list[str]) -> None:
    assert names(ctx, **conditions) == found
    with ctx.database.read() as session:
        assert count_customers(session, CustomerFilter(**conditions), today=TODAY) == len(found)  # type: ignore[arg-type]


def test_customers_of_one_import(ctx: Context, village: dict[str, int]) -> None:
    assert names(ctx, import_id=village["import"]) == ["王小明"]
    assert names(ctx, import_id=village["import"] + 1) == []


def test_audience(ctx: Context, village: dict[str, int]) -> None:
    with ctx.database.read() as session:
        people = session.execute(audience_select(CustomerFilter(), per_loan=False)).all()
        loans = session.execute(audience_select(CustomerFilter(product="房贷"), per_loan=True)).all()
    assert people == sorted((village[name], None) for name in ("张三", "李四", "王小明"))
    assert [customer for customer, _ in loans] == sorted([village["张三"], village["李四"]])
    assert all(loan for _, loan in loans)


def test_sorting(ctx: Context, village: dict[str, int]) -> None:
    with ctx.database.read() as session:
        down = customer_ids(session, CustomerFilter(), Sort("number", descending=True))
        odd = customer_ids(session, CustomerFilter(), Sort("nothing"))
    assert down == [village[name] for name in ("王小明", "李四", "张三")]
    assert odd == [village[name] for name in ("李四", "王小明", "张三")]


def test_rows_are_masked_and_show_the_most_urgent_loan(ctx: Context, village: dict[str, int]) -> None:
    with ctx.database.read() as session:
        rows = customer_rows(session, [village["张三"], 999_999, village["王小明"]])
    assert [row.name for row in rows] == ["张三", "王小明"]
    zhang, wang = rows
    assert (zhang.phone, zhang.loans, zhang.product, zhang.loan_state) == ("138****8000", 2, "房贷", "overdue")
    assert (wang.loans, wang.product, wang.loan_state, wang.due_on) == (0, "", "", None)


def test_facets(ctx: Context, village: dict[str, int]) -> None:
    with ctx.database.read() as session:
        choices = facets(session)
    assert set(choices.regions) == {"徐汇", "浦东"}
    assert choices.segments == ("高净值",)
    assert set(choices.products) == {"房贷", "车贷"}


def test_filter_is_stored_and_read_aloud() -> None:
    wanted = CustomerFilter(region="浦东", due_from=date(2026, 11, 1), overdue_min=0, loan_state="overdue")
    assert CustomerFilter.load(wanted.dump()) == wanted
    assert wanted.dump() == {"region": "浦东", "due_from": "2026-11-01", "overdue_min": 0, "loan_state": "overdue"}
    assert wanted.describe() == "Region: 浦东 · Loan: Overdue · Due: ≥ 2026-11-01 · Days overdue: ≥ 0"
    assert CustomerFilter().describe() == ""
    with pytest.raises(ValueError, match="unknown"):
        CustomerFilter.load({"colour": "red"})


def test_detail(ctx: Context, village: dict[str, int]) -> None:
    detail = customer_detail(ctx, village["张三"])
    assert (detail.name, detail.phone) == ("张三", "138****8000")
    assert [(loan.number, loan.days_overdue) for loan in detail.loans] == [("L9002", 0), ("L9001", 13)]
    assert [(c.purpose, c.granted) for c in detail.consents] == [("marketing", False)]
    assert [s.scope for s in detail.suppressions] == ["marketing"]
    assert detail.history == ()
    with pytest.raises(NoSuchCustomer):
        customer_detail(ctx, 999_999)


def test_a_look_at_the_full_number_is_kept(ctx: Context, village: dict[str, int]) -> None:
    with pytest.raises(NoReason):
        reveal_phone(ctx, village["张三"], "  ")
    assert reveal_phone(ctx, village["张三"], "回访") == "13800138000"
    with ctx.database.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
    assert [(e.action, e.subject, e.detail) for e in entries] == [
        ("customer.reveal_phone", f"customer:{village['张三']}", '{"reason":"回访"}')
    ]


def test_an_administrator_sees_no_customers(admin_ctx: Context, village: dict[str, int]) -> None:
    with pytest.raises(NotPermitted):
        customer_detail(admin_ctx, village["张三"])
    with pytest.raises(NotPermitted):
        reveal_phone(admin_ctx, village["张三"], "回访")
