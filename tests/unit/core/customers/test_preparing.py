"""What an import will do: effects, policies, totals, the difference to the file before, and every kind of field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from console.core.context import Context
from console.core.customers.difference import difference_of, gone_rows
from console.core.customers.effects import Effect
from console.core.customers.importing import (
    Choices,
    ImportResult,
    Policy,
    TotalsDiffer,
    Undecided,
    check,
    commit,
    control,
    prepare,
    proposal,
)
from console.core.customers.importlog import import_ids, import_records
from console.core.customers.secrets import digest, unseal
from console.core.customers.sources import source_of
from console.core.customers.undoing import undo
from console.core.customers.workbook import REASON, Sheet
from db.models import (
    Customer,
    CustomerPhone,
    CustomField,
    FieldKind,
    ImportBatch,
    ImportedCustomer,
    Instalment,
    Loan,
    StagedRow,
)

SheetOf = Callable[..., Sheet]
TODAY = date(2026, 11, 23)
HEADER: list[object] = ["客户号", "姓名", "手机号", "地区", "贷款合同号", "应还金额", "贷款状态"]
ZHANG: list[object] = ["C1", "张三", "13800138000", "浦东", "L1", 100, "逾期"]
LI: list[object] = ["C2", "李四", "13900139000", "浦东", "L2", 200, "正常"]
WANG: list[object] = ["C3", "王五", "13700137000", "浦东", "L3", 300, "正常"]


def checked_of(ctx: Context, sheet: Sheet, repeated: Policy = Policy.ASK):  # type: ignore[no-untyped-def]
    found = proposal(ctx, sheet)
    return check(sheet, found.mapping, today=TODAY, extra=found.extra, repeated=repeated)


def bring(ctx: Context, sheet: Sheet, choices: Choices | None = None) -> ImportResult:
    return commit(ctx, checked_of(ctx, sheet), choices=choices)


def customer(ctx: Context, number: str) -> Customer:
    with ctx.database.read() as session:
        return session.scalars(select(Customer).where(Customer.number == number)).one()


def test_effects_and_changed_fields(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG, LI))
    rows = (ZHANG, [*LI[:3], "徐汇", "L2", 0, "结清"], WANG, ["C1", "张三", "13800138000", "", "L9", 1, ""])
    prepared = prepare(ctx, checked_of(ctx, sheet_of(HEADER, *rows)))
    assert [prepared.effect(at) for at in range(4)] == [Effect.SAME, Effect.CHANGED, Effect.NEW, Effect.NEW]
    assert prepared.changed_names(1) == ["region", "state", "amount_due"]
    assert prepared.known[1].paid
    assert (prepared.customers, prepared.customers_added) == (3, 1)
    with ctx.database.read() as session:
        assert session.scalars(select(StagedRow.id)).all() == []
        assert import_ids(session) == [1]


@pytest.mark.parametrize(
    ("row", "touched"),
    [
        (ZHANG, set()),
        ([*ZHANG[:3], "徐汇", *ZHANG[4:]], {"customer"}),
        ([*ZHANG[:5], 101, "逾期"], {"loan"}),
        ([*ZHANG[:3], "徐汇", "L1", 101, "逾期"], {"customer", "loan"}),
        ([*ZHANG[:4], "L9", 100, "逾期"], {"customer", "loan"}),
        (WANG, {"customer", "loan"}),
    ],
)
def test_only_what_it_touches_is_written(ctx: Context, sheet_of: SheetOf, row: list[object], touched: set[str]) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG, LI))
    prepared = prepare(ctx, checked_of(ctx, sheet_of(HEADER, LI, row)))
    assert {table.name for table in prepared.touched()} == touched


def test_a_loan_of_somebody_else_brings_no_customer(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    prepared = prepare(ctx, checked_of(ctx, sheet_of(HEADER, LI, [*WANG[:4], "L1", 1, ""])))
    assert list(prepared.refused) == [1]
    assert (prepared.customers, prepared.customers_added) == (1, 1)


@pytest.mark.parametrize(
    ("choices", "region", "updated"),
    [
        (Choices(), "徐汇", 1),
        (Choices(known=Policy.KEEP), "浦东", 0),
        (Choices(known=Policy.ASK, kept=frozenset({0})), "浦东", 0),
        (Choices(known=Policy.ASK, taken=frozenset({0})), "徐汇", 1),
    ],
)
def test_what_counts_where_somebody_is_known(
    ctx: Context, sheet_of: SheetOf, choices: Choices, region: str, updated: int
) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    result = bring(ctx, sheet_of(HEADER, [*ZHANG[:3], "徐汇", "L1", 55, "正常"], WANG), choices)
    assert (result.added, result.updated, result.unchanged) == (1, updated, 1 - updated)
    assert customer(ctx, "C1").region == region
    assert customer(ctx, "C3").region == "浦东"
    with ctx.database.read() as session:
        due = session.scalars(select(Loan.amount_due).where(Loan.number == "L1")).one()
    assert due == (Decimal(55) if updated else Decimal(100))


def test_nobody_has_decided(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    with pytest.raises(Undecided):
        bring(ctx, sheet_of(HEADER, [*ZHANG[:3], "徐汇"]), Choices(known=Policy.ASK))
    assert customer(ctx, "C1").region == "浦东"


@pytest.mark.parametrize(
    ("policy", "region", "due", "invalid", "repeated"),
    [(Policy.ASK, "浦东", 100, 2, 0), (Policy.UPDATE, "徐汇", 70, 0, 2), (Policy.KEEP, "浦东", 100, 0, 2)],
)
def test_rows_of_one_file_that_contradict_each_other(
    ctx: Context, sheet_of: SheetOf, policy: Policy, region: str, due: int, invalid: int, repeated: int
) -> None:
    again: list[list[object]] = [
        ["C1", "张三", "13800138000", "徐汇", "L1", 70, "正常"],
        ["C1", "张三丰", "13800138000", "徐汇"],
    ]
    result = commit(ctx, checked_of(ctx, sheet_of(HEADER, ZHANG, *again), policy))
    assert (result.added, result.invalid, result.duplicates) == (1, invalid, repeated)
    assert customer(ctx, "C1").region == region
    assert customer(ctx, "C1").name == ("张三丰" if policy is Policy.UPDATE else "张三")
    with ctx.database.read() as session:
        assert session.scalars(select(Loan.amount_due)).one() == due


# The difference to the file before


def test_against_the_file_before_of_the_same_sender(ctx: Context, sheet_of: SheetOf) -> None:
    first = bring(ctx, sheet_of(HEADER, ZHANG, LI, name="逾期清单20261120.xlsx"))
    bring(ctx, sheet_of(HEADER, WANG, name="别的.xlsx"))
    rows = ([*ZHANG[:5], 0, "结清"], WANG)
    prepared = prepare(ctx, checked_of(ctx, sheet_of(HEADER, *rows, name="逾期清单20261121.xlsx")))
    found = difference_of(ctx, prepared)
    assert (found.source, found.previous_id) == ("逾期清单", first.import_id)
    assert (list(found.new), list(found.changed), list(found.paid), found.same) == ([1], [0], [0], 0)
    assert found.fields == {"amount_due": 1, "state": 1}
    with ctx.database.read() as session:
        assert [(gone.name, gone.number) for gone in gone_rows(session, found)] == [("李四", "L2")]
    second = commit(ctx, prepared, choices=Choices(retire_gone=True))
    assert not customer(ctx, "C2").active
    assert customer(ctx, "C1").active
    undo(ctx, second.import_id)
    assert customer(ctx, "C2").active
    prepared = prepare(ctx, checked_of(ctx, sheet_of(HEADER, *rows, name="逾期清单20261121.xlsx")))
    third = commit(ctx, prepared)
    with ctx.database.read() as session:
        (record,) = import_records(session, [third.import_id])
        assert import_ids(session)[0] == third.import_id
    assert record.difference == {
        "new": 1, "changed": 1, "same": 0, "paid": 1, "gone_loans": 1, "gone_customers": 0,
        "fields": {"amount_due": 1, "state": 1},
    }  # fmt: skip
    prepared = prepare(ctx, checked_of(ctx, sheet_of(HEADER, WANG, name="逾期清单20261122.xlsx")))
    assert difference_of(ctx, prepared).previous_id == record.id
    assert difference_of(ctx, prepared, "谁也不是").previous_id is None


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("逾期清单20261121.xlsx", "逾期清单"),
        ("逾期清单_2026-11-21_88笔.csv", "逾期清单"),
        ("逾期清单 (1).xlsx", "逾期清单"),
        ("2026年11月21日 城东支行 逾期.xlsx", "城东支行 逾期"),
        ("overdue-branch7_20261121.xls", "overdue branch7"),
        ("20261121.xlsx", ""),
    ],
)
def test_the_sender_is_told_from_the_name(name: str, source: str) -> None:
    assert source_of(name) == source


def test_the_settled_sender_is_offered_again(ctx: Context, sheet_of: SheetOf) -> None:
    sheet = sheet_of(HEADER, ZHANG)
    bring(ctx, sheet, Choices(source="总行信贷部"))
    assert proposal(ctx, sheet).source == "总行信贷部"


# Control totals


def test_totals_of_the_sheet_the_name_and_typed_in(ctx: Context, sheet_of: SheetOf) -> None:
    total: list[object] = ["合计：", "共 3 笔", "", "", "", "1,300.00", ""]
    wrong: list[object] = ["C4", "赵六", "138", "", "L4", 1000, ""]
    checked = checked_of(ctx, sheet_of(HEADER, ZHANG, LI, wrong, total, name="清单_2户_300元.xlsx"))
    assert checked.totals == 1
    lines = {line.key: line for line in control(checked)}
    assert (lines["rows"].found, lines["rows"].stated) == (3, 3)  # the sheet goes before the name
    assert (lines["amount_due"].found, lines["amount_due"].stated) == (130_000, 130_000)
    assert not any(line.differs for line in lines.values())
    assert {line.key for line in control(checked, {"rows": 4}) if line.differs} == {"rows"}
    named = checked_of(ctx, sheet_of(HEADER, ZHANG, LI, name="清单_2户_300.50元.xlsx"))
    assert [(line.stated, line.differs) for line in control(named)] == [(2, False), (30_050, True)]


def test_corrected_rows_complete_the_file_before(ctx: Context, sheet_of: SheetOf) -> None:
    """Else everybody else would be gone, and the next file would find everybody new."""
    first = bring(ctx, sheet_of(HEADER, ZHANG, LI, name="逾期清单20261120.xlsx"))
    back = sheet_of([*HEADER, str(REASON)], [*WANG, "应还金额：不是金额"], name="逾期清单20261120 - 待修正.xlsx")
    prepared = prepare(ctx, checked_of(ctx, back))
    found = difference_of(ctx, prepared)
    assert (found.source, found.completes, found.gone, list(found.new)) == ("逾期清单", True, 0, [])
    second = commit(ctx, prepared, choices=Choices(retire_gone=True))
    assert customer(ctx, "C1").active
    next_day = prepare(ctx, checked_of(ctx, sheet_of(HEADER, ZHANG, name="逾期清单20261121.xlsx")))
    found = difference_of(ctx, next_day)
    assert (found.previous_id, list(found.new), found.same) == (first.import_id, [], 1)
    with ctx.database.read() as session:
        assert sorted(gone.name for gone in gone_rows(session, found)) == sorted([str(LI[1]), str(WANG[1])])
    commit(ctx, next_day, choices=Choices(retire_gone=True))
    assert not customer(ctx, str(LI[0])).active
    assert not customer(ctx, str(WANG[0])).active
    assert customer(ctx, "C1").active
    with ctx.database.read() as session:
        assert [record.difference for record in import_records(session, [second.import_id])] == [{}]


def test_totals_that_differ_need_a_word(ctx: Context, sheet_of: SheetOf) -> None:
    sheet = sheet_of(HEADER, ZHANG, name="清单_9户.xlsx")
    with pytest.raises(TotalsDiffer):
        bring(ctx, sheet)
    with ctx.database.read() as session:
        assert session.scalars(select(ImportBatch.id)).all() == []
    bring(ctx, sheet, Choices(confirmed=True))
    with ctx.database.read() as session:
        batch = session.scalars(select(ImportBatch)).one()
    assert batch.control["rows"] == {"found": 1, "stated": 9}
    assert batch.control["confirmed"] is True


# Fields


def test_every_field_of_the_customer_file(ctx: Context, sheet_of: SheetOf) -> None:
    with ctx.database.begin() as session:
        session.add(CustomField(key="f1", title="职业", kind=FieldKind.TEXT, position=0))
        session.add(CustomField(key="f2", title="有保险", kind=FieldKind.FLAG, position=1))
    header: list[object] = [
        "客户号", "姓名", "手机号码", "备用手机", "手机3", "身份证号", "首选渠道", "方便联系时间", "客户标签", "职业",
        "有保险", "贷款合同号", "业务类型", "还款账号",
    ]  # fmt: skip
    row: list[object] = [
        "C1", "张三", "13800138000", "13800138001", "13800138000", "11010519491231002x", "微信", "9点-18点", "老客户",
        "教师", "是", "L1", "经营贷", "6222 0212 3456 7890 128",
    ]  # fmt: skip
    bring(ctx, sheet_of(header, row))
    zhang = customer(ctx, "C1")
    assert (zhang.birthday, zhang.title, zhang.id_tail) == (date(1949, 12, 31), "女士", "002X")
    assert zhang.id_digest == digest(ctx.database, "11010519491231002X")
    assert unseal(ctx.database, zhang.id_cipher or b"") == "11010519491231002X"
    assert (zhang.channel, zhang.hours_from, zhang.hours_to) == ("wechat", 540, 1080)
    assert (zhang.tags, zhang.extra) == (["老客户"], {"f1": "教师", "f2": True})
    with ctx.database.read() as session:
        loan = session.scalars(select(Loan)).one()
        assert list(session.scalars(select(CustomerPhone.phone))) == ["13800138001"]  # the main one is none of these
    assert (loan.kind, loan.account_tail) == ("经营贷", "0128")
    assert unseal(ctx.database, loan.account_cipher or b"") == "6222021234567890128"
    only: list[object] = ["C1", "张三", "13800138000", "", "", "", "", "", "", "医生", "", "L1", "", "0128"]
    assert bring(ctx, sheet_of(header, row)).unchanged == 1
    assert bring(ctx, sheet_of(header, only)).updated == 1
    zhang = customer(ctx, "C1")
    assert zhang.extra == {"f1": "医生", "f2": True}
    assert (zhang.id_tail, zhang.channel, zhang.hours_to) == ("002X", "wechat", 1080)
    with ctx.database.read() as session:
        assert session.scalars(select(Loan.account_digest)).one() is not None


def test_no_number_is_staged_in_clear(ctx: Context, sheet_of: SheetOf) -> None:
    header: list[object] = ["姓名", "手机号", "身份证号", "贷款号", "还款账号"]
    row: list[object] = ["张三", "13800138000", "11010519491231002X", "L1", "6222021234567890128"]
    prepare(ctx, checked_of(ctx, sheet_of(header, row)))
    with ctx.database.read() as session:
        staged = repr(session.execute(text("SELECT * FROM staged_row")).all())
    assert "11010519491231002X" not in staged
    assert "6222021234567890128" not in staged


PLAN: list[object] = ["借据号", "期次", "应还日期", "应还本金", "应还利息", "罚息", "实还金额", "实还日期"]


def plan_of(ctx: Context) -> list[tuple[object, ...]]:
    with ctx.database.read() as session:
        return [
            (one.sequence, one.due_on, one.principal, one.interest, one.paid, one.paid_at)
            for one in session.scalars(select(Instalment).order_by(Instalment.sequence))
        ]


def test_a_sheet_of_instalments(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    first = ["L1", 1, "2026-12-01", 1000, 50.5, "", "", ""]
    second = ["L1", "第2期".strip("第期"), "2027-01-01", 1000, 45, "", "", ""]
    result = bring(ctx, sheet_of(PLAN, first, second, ["L7", 1, "2026-12-01", 1, 1, "", "", ""]))
    assert (result.added, result.invalid) == (2, 1)
    assert "no loan with this number" in str(result.refused[0].problems[0])
    assert plan_of(ctx) == [
        (1, date(2026, 12, 1), Decimal(1000), Decimal("50.50"), Decimal(0), None),
        (2, date(2027, 1, 1), Decimal(1000), Decimal(45), Decimal(0), None),
    ]
    paid = ["L1", 1, "2026-12-01", "", "", "", "1,050.50", "2026-12-01 10:30:00"]
    checked = checked_of(ctx, sheet_of(PLAN, paid, second))
    prepared = prepare(ctx, checked)
    assert [prepared.effect(at) for at in (0, 1)] == [Effect.CHANGED, Effect.SAME]
    assert prepared.changed_names(0) == ["inst_paid", "inst_paid_at"]
    assert prepared.known[0].paid
    import_id = commit(ctx, prepared).import_id
    at = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
    assert plan_of(ctx)[0] == (1, date(2026, 12, 1), Decimal(1000), Decimal("50.50"), Decimal("1050.50"), at)
    with ctx.database.read() as session:  # the file is an audience, too
        stood = select(ImportedCustomer.customer_id).where(ImportedCustomer.import_id == import_id)
        assert len(session.scalars(stood).all()) == 1


def test_instalments_beside_their_customers(ctx: Context, sheet_of: SheetOf) -> None:
    header: list[object] = ["姓名", "手机号", "贷款合同号", "贷款金额", "期次", "应还日期", "应还本金"]
    rows: list[list[object]] = [["张三", "13800138000", "L1", "12万", n, date(2026, 12, n), 1000] for n in (1, 2, 3)]
    result = bring(ctx, sheet_of(header, *rows, ["李四", "13900139000", "L2", "1万", 1, date(2026, 12, 9), 9], rows[2]))
    assert (result.added, result.duplicates, result.customers) == (4, 1, 2)
    assert len(plan_of(ctx)) == 4
    with ctx.database.read() as session:
        assert session.scalars(select(Loan.principal).order_by(Loan.number)).all() == [120_000, 10_000]
    assert bring(ctx, sheet_of(header, *rows)).unchanged == 3
