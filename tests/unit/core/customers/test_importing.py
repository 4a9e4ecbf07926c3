from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import preparing
from console.core.customers.browse import CustomerFilter, customer_ids, customer_rows
from console.core.customers.importing import (
    ImportResult,
    NothingToImport,
    check,
    commit,
    proposal,
)
from console.core.customers.workbook import Sheet
from console.core.errors import NotPermitted
from db import audit
from db.models import (
    AuditEntry,
    Consent,
    Customer,
    ImportBatch,
    ImportMapping,
    ImportState,
    Loan,
    LoanState,
)
from tests.import_world import HEADER, ZHANG, Counts, SheetOf

LI: list[object] = [
    "C2",
    "李四",
    "13900139000",
    "",
    "否",
    "",
    "L2",
    "车贷",
    80000,
    0.045,
    date(2026, 11, 28),
    1500.5,
    "逾期",
]
TODAY = date(2026, 11, 23)


def bring(ctx: Context, sheet: Sheet) -> ImportResult:
    return commit(ctx, check(sheet, proposal(ctx, sheet).mapping, today=TODAY))


def numbers(result: ImportResult) -> tuple[int, ...]:
    return (result.added, result.updated, result.unchanged, result.invalid, result.duplicates)


def customer(ctx: Context, number: str) -> Customer:
    with ctx.database.read() as session:
        return session.scalars(select(Customer).where(Customer.number == number)).one()


def loan(ctx: Context, number: str) -> Loan:
    with ctx.database.read() as session:
        return session.scalars(select(Loan).where(Loan.number == number)).one()


def test_a_first_import(ctx: Context, sheet_of: SheetOf, counts: Counts) -> None:
    result = bring(ctx, sheet_of(HEADER, ZHANG, LI, [*LI[:2], "123", *LI[3:]]))
    assert numbers(result) == (2, 0, 0, 1, 0)
    assert (result.customers, result.customers_added) == (2, 2)
    zhang, first = customer(ctx, "C1"), loan(ctx, "L1")
    assert (zhang.name, zhang.pinyin, zhang.initials, zhang.phone, zhang.phone_tail) == (
        "张三", "zhangsan", "zs", "13800138000", "8000",
    )  # fmt: skip
    assert (zhang.branch, zhang.tags, zhang.active, zhang.created_at) == (
        "城东支行",
        ["老客户", "VIP"],
        True,
        ctx.clock.now(),
    )
    assert (first.customer_id, first.product, first.principal, first.rate) == (
        zhang.id, "房贷", Decimal("500000.00"), Decimal("3.05"),
    )  # fmt: skip
    assert (first.due_on, first.amount_due, first.state) == (date(2026, 12, 1), Decimal("3256.80"), LoanState.ACTIVE)
    second = loan(ctx, "L2")
    assert (second.rate, second.due_on, second.state) == (Decimal("4.5"), date(2026, 11, 28), LoanState.OVERDUE)
    assert counts() == {
        "customer": 2, "loan": 2, "consent": 2, "import_batch": 1, "imported_customer": 2, "staged_row": 0,
    }  # fmt: skip
    with ctx.database.read() as session:
        ids = customer_ids(session, CustomerFilter(import_id=result.import_id))
        assert [row.name for row in customer_rows(session, ids)] == ["李四", "张三"]
        consents = session.execute(select(Consent.granted, Consent.source, Consent.evidence).order_by(Consent.id)).all()
        batch = session.scalars(select(ImportBatch)).one()
        entry = session.scalars(select(AuditEntry)).one()
        assert audit.verify(session).sound
    assert [(granted, source) for granted, source, _ in consents] == [(True, "import"), (False, "import")]
    assert consents[0].evidence.startswith("清单.xlsx #")
    assert (batch.state, batch.rows_read, batch.rows_added, batch.rows_invalid) == (ImportState.DONE, 3, 2, 1)
    assert batch.mapping["手机号码"] == "phone"
    assert (entry.action, entry.subject) == ("customer.import", f"import:{result.import_id}")
    assert "13800138000" not in entry.detail


def test_the_same_file_again_changes_nothing(
    ctx: Context, sheet_of: SheetOf, clock: FixedClock, counts: Counts
) -> None:
    sheet = sheet_of(HEADER, ZHANG, LI)
    bring(ctx, sheet)
    before = counts()
    clock.advance(timedelta(days=1))
    result = bring(ctx, sheet)
    assert numbers(result) == (0, 0, 2, 0, 0)
    assert counts() == {**before, "import_batch": 2, "imported_customer": 4}
    assert customer(ctx, "C1").updated_at < clock.now()


def test_what_changed_is_updated_and_empty_cells_keep_what_is_stored(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG, LI))
    changed = ["C1", "张三丰", "13800138001", "", "", "", "L1", "", "", "", "2027-01-01", "", "结清"]
    result = bring(ctx, sheet_of(HEADER, changed, LI, ["C3", "王五", "13700137000"], ["C1", *changed[1:6], "L3"]))
    assert numbers(result) == (2, 1, 1, 0, 0)
    zhang = customer(ctx, "C1")
    assert (zhang.name, zhang.pinyin, zhang.phone, zhang.phone_tail) == (
        "张三丰",
        "zhangsanfeng",
        "13800138001",
        "8001",
    )
    assert (zhang.branch, zhang.tags) == ("城东支行", ["老客户", "VIP"])
    first = loan(ctx, "L1")
    assert (first.product, first.amount_due, first.state) == ("房贷", Decimal("3256.80"), LoanState.SETTLED)
    assert first.due_on == date(2027, 1, 1)
    assert loan(ctx, "L3").state is LoanState.ACTIVE


def test_columns_that_the_file_does_not_have_are_not_touched(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG, LI))
    result = bring(
        ctx, sheet_of(["客户号", "姓名", "手机号", "贷款编号", "应还金额"], ["C2", "李四", "13900139000", "L2", 7])
    )
    assert numbers(result) == (0, 1, 0, 0, 0)
    second = loan(ctx, "L2")
    assert (second.state, second.product, second.amount_due) == (LoanState.OVERDUE, "车贷", Decimal("7.00"))


def test_customers_without_numbers(ctx: Context, sheet_of: SheetOf, counts: Counts) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    people = [["张三", "13800138000", "浦东"], ["李四", "13900139000", "徐汇"]]
    first = bring(ctx, sheet_of(["姓名", "手机号", "地区"], *people))
    again = bring(ctx, sheet_of(["姓名", "手机号", "地区"], *people))
    assert (numbers(first), numbers(again)) == ((1, 1, 0, 0, 0), (0, 0, 2, 0, 0))
    assert customer(ctx, "C1").region == "浦东"
    assert counts()["customer"] == 2
    with ctx.database.read() as session:
        made_up = session.scalars(select(Customer.number).where(Customer.name == "李四")).one()
    assert made_up.startswith("M")
    assert len(made_up) == 13
    assert "139" not in made_up


def test_a_file_that_numbers_only_some(ctx: Context, sheet_of: SheetOf, counts: Counts) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    result = bring(
        ctx, sheet_of(["客户号", "姓名", "手机号"], ["", "张三", "13800138000"], ["C1", "张三", "13800138000"])
    )
    assert result.customers == 1
    assert counts()["customer"] == 1


def test_a_loan_of_somebody_else_is_refused(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    header: list[object] = ["客户号", "姓名", "手机号", "贷款编号"]
    sheet = sheet_of(header, ["C9", "赵六", "13600136000", "L1"], ["C9", "赵六", "13600136000", "L9"])
    result = bring(ctx, sheet)
    assert numbers(result) == (1, 0, 0, 1, 0)
    assert [(bad.row, bad.index, str(bad.problems[0])) for bad in result.refused] == [
        (2, 0, "Loan number: the loan belongs to customer C1")
    ]
    assert loan(ctx, "L9").customer_id == customer(ctx, "C9").id
    assert loan(ctx, "L1").customer_id == customer(ctx, "C1").id


@pytest.mark.parametrize(
    ("before", "said", "granted"),
    [
        ([], "是", [True]),
        ([], "否", [False]),
        ([], "", []),
        ([(True, "counter")], "是", [True]),
        ([(True, "counter")], "否", [True, False]),
        ([(False, "reply")], "是", [False]),  # the customer refused: no file turns that round
        ([(False, "import")], "是", [False, True]),
        ([(True, "import"), (False, "counter")], "是", [True, False]),
    ],
)
def test_consent(
    ctx: Context, sheet_of: SheetOf, before: list[tuple[bool, str]], said: str, granted: list[bool]
) -> None:
    header: list[object] = ["客户号", "姓名", "手机号", "营销同意"]
    bring(ctx, sheet_of(header[:3], ["C1", "张三", "13800138000"]))
    owner = customer(ctx, "C1").id
    with ctx.database.begin() as session:
        for hours, (yes, source) in enumerate(before):
            at = ctx.clock.now() - timedelta(days=9) + timedelta(hours=hours)
            session.add(Consent(customer_id=owner, purpose="marketing", granted=yes, source=source, at=at))
    bring(ctx, sheet_of(header, ["C1", "张三", "13800138000", said]))
    with ctx.database.read() as session:
        assert list(session.scalars(select(Consent.granted).order_by(Consent.id))) == granted


def test_of_two_rows_of_one_customer_the_refusal_holds(ctx: Context, sheet_of: SheetOf) -> None:
    header: list[object] = ["客户号", "姓名", "手机号", "营销同意", "贷款编号"]
    bring(ctx, sheet_of(header, ["C1", "张三", "13800138000", "是", "L1"], ["C1", "张三", "13800138000", "否", "L2"]))
    with ctx.database.read() as session:
        assert list(session.scalars(select(Consent.granted))) == [False]


def test_the_settled_mapping_is_offered_again(ctx: Context, sheet_of: SheetOf) -> None:
    sheet = sheet_of(["姓名", "甲", "手机号"], ["张三", "浦东", "13800138000"])
    assert proposal(ctx, sheet).mapping == ("name", "", "phone")
    commit(ctx, check(sheet, ("name", "region", "phone"), today=TODAY))
    assert proposal(ctx, sheet).mapping == ("name", "region", "phone")
    with ctx.database.begin() as session:  # of another version
        session.execute(update(ImportMapping).values(mapping={"fields": ["name", "colour", "phone"]}))
    assert proposal(ctx, sheet).mapping == ("name", "", "phone")


def test_who_may(supervisor_ctx: Context, sheet_of: SheetOf, counts: Counts) -> None:
    with pytest.raises(NotPermitted):
        bring(supervisor_ctx, sheet_of(HEADER, ZHANG))
    assert not any(counts().values())


def test_nothing_to_import(ctx: Context, sheet_of: SheetOf) -> None:
    with pytest.raises(NothingToImport):
        bring(ctx, sheet_of(HEADER))


@pytest.mark.parametrize("at_once", [0, 1000])
def test_progress_only_grows_and_ends_at_its_total(
    ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", at_once)
    seen: list[tuple[int, int]] = []
    sheet = sheet_of(HEADER, ZHANG, LI)
    checked = check(sheet, proposal(ctx, sheet).mapping, today=TODAY)
    told: list[tuple[int, int]] = []
    commit(ctx, checked, lambda done, total: seen.append((done, total)), lambda done, total: told.append((done, total)))
    assert bool(told) is not bool(at_once)  # in one transaction nothing is decided before its end
    for reports in (seen, told or seen):
        assert [done for done, _ in reports] == sorted(done for done, _ in reports)
        assert len({total for _, total in reports}) == 1
        assert reports[-1][0] == reports[-1][1]
