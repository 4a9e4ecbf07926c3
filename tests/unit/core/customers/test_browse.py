from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from console.core.context import Context
from console.core.customers import pick
from console.core.customers.browse import (
    CustomerFilter,
    Sort,
    audience_select,
    count_customers,
    customer_detail,
    customer_head,
    customer_ids,
    customer_rows,
    facets,
    reveal_phone,
)
from console.core.customers.detail import NoReason, NoSuchCustomer
from console.core.customers.pinyin import spelled
from console.core.errors import NotPermitted
from db.models import AuditEntry, Customer

TODAY = date(2026, 11, 23)
AT = datetime(2026, 11, 1, tzinfo=UTC)


def names(ctx: Context, **conditions: object) -> list[str]:
    """What the list shows; its first page is the same however it is found, in each order."""
    wanted = CustomerFilter(**conditions)  # type: ignore[arg-type]
    with ctx.database.read() as session:
        ids = customer_ids(session, wanted, Sort("name"), today=TODAY)
        for sort in (Sort("name"), Sort("region", True)):
            whole = list(customer_ids(session, wanted, sort, today=TODAY))
            for limit in (1, 100):
                assert customer_head(session, wanted, sort, limit=limit, today=TODAY) == whole[:limit]
        return [row.name for row in customer_rows(session, ids)]


@pytest.fixture(params=["few", "some", "many", "far"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How they are found depends on how many they are, and a small base would only ever see one way."""
    if request.param != "few":
        monkeypatch.setattr(pick, "FEW", 0)
        monkeypatch.setattr(pick, "_ALL_FEW", 0)
    if request.param in ("many", "far"):
        monkeypatch.setattr(pick, "MANY", 0)
    if request.param == "far":
        monkeypatch.setattr(pick, "_AHEAD", 1)


SEARCHES = [
    ("", ["李四", "王小明", "张三"]),
    ("张", ["张三"]),
    ("小明", ["王小明"]),
    ("明", ["王小明"]),
    ("小", ["王小明"]),
    ("w", ["王小明"]),
    ("wang xiao", ["王小明"]),
    ("小明 w", ["王小明"]),
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
]


@pytest.mark.usefixtures("way")
def test_search(ctx: Context, village: dict[str, int]) -> None:
    for typed, found in SEARCHES:
        assert names(ctx, text=typed) == found, typed


@pytest.mark.usefixtures("way")
def test_long_names_are_found_from_any_character(ctx: Context, village: dict[str, int]) -> None:
    with ctx.database.begin() as session:
        for number, name in enumerate(("欧阳海燕", "阿依古丽·买买提", "上海浦江贸易有限公司")):
            pinyin, initials = spelled(name)
            session.add(
                Customer(
                    number=f"N{number}", name=name, pinyin=pinyin, initials=initials, phone="13700000000",
                    phone_tail="0000", created_at=AT, updated_at=AT,
                )
            )  # fmt: skip
    assert names(ctx, text="燕") == ["欧阳海燕"]
    assert names(ctx, text="海") == ["欧阳海燕", "上海浦江贸易有限公司"]
    assert names(ctx, text="买提") == ["阿依古丽·买买提"]
    assert names(ctx, text="有限 上海") == ["上海浦江贸易有限公司"]
    assert names(ctx, text="100%") == []


FILTERS: list[tuple[dict[str, object], list[str]]] = [
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
    ({"text": "张", "region": "浦东", "rating": "A"}, ["张三"]),
    ({"text": "张", "region": "徐汇"}, []),
    ({"text": "c00", "region": "浦东", "loan_state": "overdue"}, ["张三"]),
    ({"text": "wang xiao", "region": "浦东"}, ["王小明"]),
]


@pytest.mark.usefixtures("way")
def test_filters(ctx: Context, village: dict[str, int]) -> None:
    for conditions, found in FILTERS:
        assert names(ctx, **conditions) == found, conditions
        with ctx.database.read() as session:
            counted = count_customers(session, CustomerFilter(**conditions), today=TODAY)  # type: ignore[arg-type]
            assert counted == len(found)


def test_customers_of_one_import(ctx: Context, village: dict[str, int]) -> None:
    assert names(ctx, import_id=village["import"]) == ["王小明"]
    assert names(ctx, import_id=village["import"] + 1) == []


def test_audience(ctx: Context, village: dict[str, int]) -> None:
    with ctx.database.read() as session:
        people = session.execute(audience_select(session, CustomerFilter(), per_loan=False)).all()
        loans = session.execute(audience_select(session, CustomerFilter(product="房贷"), per_loan=True)).all()
    assert people == sorted((village[name], None) for name in ("张三", "李四", "王小明"))
    assert [customer for customer, _ in loans] == sorted([village["张三"], village["李四"]])
    assert all(loan for _, loan in loans)


def test_sorting(ctx: Context, village: dict[str, int]) -> None:
    with ctx.database.read() as session:
        down = customer_ids(session, CustomerFilter(), Sort("number", descending=True))
        odd = customer_ids(session, CustomerFilter(), Sort("nothing"))
    assert list(down) == [village[name] for name in ("王小明", "李四", "张三")]
    assert list(odd) == [village[name] for name in ("李四", "王小明", "张三")]


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
    assert [(c.purpose, c.granted) for c in detail.consents if c.history] == [("marketing", False)]
    assert [s.scope for s in detail.suppressions] == ["marketing"]
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
