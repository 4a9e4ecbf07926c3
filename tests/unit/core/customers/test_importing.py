from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from console.core.campaigns.draft import Draft
from console.core.campaigns.evaluation import plan
from console.core.clock import FixedClock, SystemClock
from console.core.context import Context
from console.core.customers import preparing, staging
from console.core.customers.browse import CustomerFilter, Sort, customer_ids, customer_rows
from console.core.customers.export import export_customers
from console.core.customers.importing import (
    ImportResult,
    NothingToImport,
    Outdated,
    check,
    commit,
    complete_abandoned,
    discard_abandoned,
    propose_mapping,
    read,
)
from console.core.customers.imports import ImportUnderway, lines_send, require_settled, settled
from console.core.customers.pace import AIM, AIM_ALONE, LEAST, Pace
from console.core.customers.workbook import Sheet
from console.core.errors import NotPermitted
from db import audit
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    ChangeKind,
    Consent,
    Customer,
    ImportBatch,
    ImportChange,
    ImportedCustomer,
    ImportMapping,
    ImportState,
    Loan,
    LoanState,
    StagedRow,
)

SheetOf = Callable[..., Sheet]
HEADER: list[object] = [
    "客户号", "客户姓名", "手机号码", "网点", "营销同意", "标签", "贷款合同号", "贷款品种", "贷款金额", "年利率",
    "还款日期", "本期应还金额", "贷款状态",
]  # fmt: skip
ZHANG: list[object] = [
    "C1", "张三", "13800138000", "城东支行", "是", "老客户、VIP", "L1", "房贷", "50万", "3.05%", "2026-12-01",
    "3,256.80", "正常",
]  # fmt: skip
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
    return commit(ctx, check(sheet, propose_mapping(ctx, sheet), today=TODAY))


def numbers(result: ImportResult) -> tuple[int, ...]:
    return (result.added, result.updated, result.unchanged, result.invalid, result.duplicates)


def counts(ctx: Context) -> dict[str, int]:
    tables = (Customer, Loan, Consent, ImportBatch, ImportedCustomer, StagedRow)
    with ctx.database.read() as session:
        return {t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def customer(ctx: Context, number: str) -> Customer:
    with ctx.database.read() as session:
        return session.scalars(select(Customer).where(Customer.number == number)).one()


def loan(ctx: Context, number: str) -> Loan:
    with ctx.database.read() as session:
        return session.scalars(select(Loan).where(Loan.number == number)).one()


def test_a_first_import(ctx: Context, sheet_of: SheetOf) -> None:
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
    assert counts(ctx) == {
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


def test_the_same_file_again_changes_nothing(ctx: Context, sheet_of: SheetOf, clock: FixedClock) -> None:
    sheet = sheet_of(HEADER, ZHANG, LI)
    bring(ctx, sheet)
    before = counts(ctx)
    clock.advance(timedelta(days=1))
    result = bring(ctx, sheet)
    assert numbers(result) == (0, 0, 2, 0, 0)
    assert counts(ctx) == {**before, "import_batch": 2, "imported_customer": 4}
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


def test_customers_without_numbers(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    people = [["张三", "13800138000", "浦东"], ["李四", "13900139000", "徐汇"]]
    first = bring(ctx, sheet_of(["姓名", "手机号", "地区"], *people))
    again = bring(ctx, sheet_of(["姓名", "手机号", "地区"], *people))
    assert (numbers(first), numbers(again)) == ((1, 1, 0, 0, 0), (0, 0, 2, 0, 0))
    assert customer(ctx, "C1").region == "浦东"
    assert counts(ctx)["customer"] == 2
    with ctx.database.read() as session:
        made_up = session.scalars(select(Customer.number).where(Customer.name == "李四")).one()
    assert made_up.startswith("M")
    assert len(made_up) == 13
    assert "139" not in made_up


def test_a_file_that_numbers_only_some(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    result = bring(
        ctx, sheet_of(["客户号", "姓名", "手机号"], ["", "张三", "13800138000"], ["C1", "张三", "13800138000"])
    )
    assert result.customers == 1
    assert counts(ctx)["customer"] == 1


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
    assert propose_mapping(ctx, sheet) == ("name", "", "phone")
    commit(ctx, check(sheet, ("name", "region", "phone"), today=TODAY))
    assert propose_mapping(ctx, sheet) == ("name", "region", "phone")
    with ctx.database.begin() as session:  # of another version
        session.execute(update(ImportMapping).values(mapping={"fields": ["name", "colour", "phone"]}))
    assert propose_mapping(ctx, sheet) == ("name", "", "phone")


def test_who_may(supervisor_ctx: Context, sheet_of: SheetOf) -> None:
    with pytest.raises(NotPermitted):
        bring(supervisor_ctx, sheet_of(HEADER, ZHANG))
    assert not any(counts(supervisor_ctx).values())


def test_nothing_to_import(ctx: Context, sheet_of: SheetOf) -> None:
    with pytest.raises(NothingToImport):
        bring(ctx, sheet_of(HEADER))


class Cancelled(Exception): ...


@pytest.mark.parametrize("step", range(1, 6))
@pytest.mark.parametrize("at_once", [0, 1000])
def test_cancelled_at_any_step_leaves_nothing(
    ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch, step: int, at_once: int
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", at_once)
    monkeypatch.setattr(staging, "CHUNK", 2)
    monkeypatch.setattr(staging, "CHUNK_ALONE", 2)
    bring(ctx, sheet_of(HEADER, ZHANG))
    before = counts(ctx)
    calls = 0

    def cancel(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == step:
            raise Cancelled

    people = [[f"N{i}", "王五", f"137001370{i:02}", "城西支行", "是", "", f"LN{i}", "房贷"] for i in range(6)]
    sheet = sheet_of(HEADER, *people, [*ZHANG[:3], "别处"])
    checked = check(sheet, propose_mapping(ctx, sheet), today=TODAY)
    with pytest.raises(Cancelled):
        commit(ctx, checked, cancel)
    assert counts(ctx) == before
    assert customer(ctx, "C1").branch == "城东支行"
    assert numbers(commit(ctx, checked)) == (6, 1, 0, 0, 0)


def test_progress_only_grows_and_ends_at_its_total(ctx: Context, sheet_of: SheetOf) -> None:
    seen: list[tuple[int, int]] = []
    sheet = sheet_of(HEADER, ZHANG, LI)
    checked = check(sheet, propose_mapping(ctx, sheet), today=TODAY)
    told: list[tuple[int, int]] = []
    commit(ctx, checked, lambda done, total: seen.append((done, total)), lambda done, total: told.append((done, total)))
    for reports in (seen, told):
        assert [done for done, _ in reports] == sorted(done for done, _ in reports)
        assert len({total for _, total in reports}) == 1
        assert reports[-1][0] == reports[-1][1]


@pytest.mark.parametrize(
    ("owner", "hours", "stays"), [("elsewhere|1|x", 1, True), ("elsewhere|1|x", 7, False), ("", 0, False)]
)
def test_what_a_dead_import_left_is_thrown_away_in_time(
    ctx: Context, sheet_of: SheetOf, clock: FixedClock, owner: str, hours: int, stays: bool
) -> None:
    """At once where its process is known to be dead, else when it has been silent for long."""
    prepared = preparing.prepare_for_all(
        ctx, check(sheet := sheet_of(HEADER, ZHANG), propose_mapping(ctx, sheet), today=TODAY)
    )
    with ctx.database.begin() as session:
        session.execute(update(ImportBatch).values(owner=owner))
    clock.advance(timedelta(hours=hours))
    discard_abandoned(ctx)
    assert counts(ctx)["staged_row"] == (1 if stays else 0)
    if stays:
        bring(ctx, sheet)
        assert counts(ctx)["staged_row"] == 1  # which is not ours
    else:
        with pytest.raises(Outdated):
            commit(ctx, prepared)
        assert counts(ctx)["customer"] == 0


CRASH = """
import sys, threading
from datetime import date
from pathlib import Path
from console.core.clock import SystemClock
from console.core.context import Actor, Context
from console.core.customers import applying, importing, merging, preparing, staging
from console.core.customers.importing import check, commit, propose_mapping, read
from console.core.security.permissions import Role
from console.core.settings import Settings
from db.engine import Database

url, key, user, path, moment = sys.argv[1:]
database = Database.open(url, key=bytes.fromhex(key) if key else None)
actor = Actor.of(int(user), "officer", "x", frozenset({Role.OFFICER}))
ctx = Context(database=database, clock=SystemClock(), actor=actor, settings=Settings())
if "at once" not in moment:
    preparing.AT_ONCE = 0
staging.CHUNK = staging.CHUNK_ALONE = applying.STEP = 100
applying.MOST = applying.FIRST = applying.FIRST_ALONE = 100

def stop(*args, **kw):
    print("now", flush=True)
    threading.Event().wait()

seen = []
def third(done, total):
    seen.append(done)
    if len(seen) == 3:
        stop()
progress = told = None
if moment in ("staged", "staged at once"):
    progress = third
elif moment == "decided":
    importing.apply = stop
elif moment in ("spans", "written at once"):
    told = third
elif moment == "inside a span":
    whole, calls = merging._OfLoans.run, []
    def half(*args, **kw):
        whole(*args, **kw)
        calls.append(1)
        if len(calls) == 4:
            stop()
    merging._OfLoans.run = half
elif moment == "before the end":
    left = applying._hold
    def last(ctx, session, *rest):
        left(ctx, session, *rest)
        if seen and seen[-1] >= 1001:
            stop()
    applying._hold = last
    told = lambda done, total: seen.append(done)
sheet = read(Path(path))
commit(ctx, check(sheet, propose_mapping(ctx, sheet), today=date(2026, 11, 23)), progress, told)
"""


@pytest.mark.parametrize(
    "moment", ["staged", "decided", "spans", "inside a span", "before the end", "staged at once", "written at once"]
)
def test_killed_in_the_middle(
    ctx: Context, sheet_of: SheetOf, tmp_path: Path, request: pytest.FixtureRequest, moment: str
) -> None:
    """Before the decision nothing is left; after it, whoever looks next finds it and writes it to its end."""
    nothing = moment in ("staged", "staged at once", "written at once")
    ctx = replace(ctx, clock=SystemClock())  # as the other process
    bring(ctx, sheet_of(HEADER, ZHANG, name="first.xlsx"))
    before = counts(ctx)
    people = [[f"N{i}", "王五", f"1370013{i:04}", "城西支行", "是", "", f"LN{i}", "房贷"] for i in range(1000)]
    sheet_of(HEADER, *people, [*ZHANG[:3], "别处"], name="second.xlsx")
    url = ctx.database.url
    key = ""
    if ctx.database.dialect == "sqlite":
        key = request.getfixturevalue("sqlite_url")[1].hex()
    command = [sys.executable, "-c", CRASH, url, key, str(ctx.actor.user_id), str(tmp_path / "second.xlsx"), moment]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "now"
        if not nothing:
            assert complete_abandoned(ctx) == 0  # somebody alive works on it
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()  # type: ignore[union-attr]
    with ctx.database.read() as session:
        assert settled(session) == nothing
    discard_abandoned(ctx)
    assert complete_abandoned(ctx) == (0 if nothing else 1)
    whole = {"customer": 1001, "loan": 1001, "consent": 1001, "import_batch": 2, "imported_customer": 1002}
    assert counts(ctx) == (before if nothing else {**whole, "staged_row": 0})
    assert customer(ctx, "C1").branch == ("城东支行" if nothing else "别处")
    with ctx.database.read() as session:
        assert settled(session)
        assert audit.verify(session).sound
        if ctx.database.dialect == "sqlite":
            assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        changes = session.scalars(select(ImportChange.before).where(ImportChange.kind == ChangeKind.CUSTOMER)).all()
    assert [change["branch"] for change in changes if change] == ([] if nothing else ["城东支行"])
    result = bring(ctx, read(tmp_path / "second.xlsx"))
    assert numbers(result) == ((1000, 1, 0, 0, 0) if nothing else (0, 0, 1001, 0, 0))


def test_nobody_is_selected_or_exported_while_an_import_is_half_written(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(HEADER, ZHANG))
    with ctx.database.begin() as session:
        session.execute(update(ImportBatch).values(state=ImportState.APPLYING))
    with ctx.database.read() as session, pytest.raises(ImportUnderway):
        require_settled(session)
    with pytest.raises(ImportUnderway):
        export_customers(ctx, CustomerFilter(), Sort("name"), Path("never.xlsx"))
    draft = Draft(name="x", template_version_id=1)
    with ctx.database.read() as session, pytest.raises(ImportUnderway):
        plan(ctx, session, draft)


def test_spans_are_short_while_lines_send(ctx: Context, clock: FixedClock) -> None:
    with ctx.database.begin() as session:
        assert not lines_send(session, clock.now())
        state = {"kind": BatchKind.TEST, "class_key": "test", "created_by": ctx.actor.user_id}
        batch = Batch(
            **state, state=BatchState.OPEN, created_at=clock.now(), not_before=clock.now() + timedelta(hours=1)
        )
        session.add(batch)
    with ctx.database.begin() as session:
        assert not lines_send(session, clock.now())  # not yet
    clock.advance(timedelta(hours=1))
    with ctx.database.begin() as session:
        assert lines_send(session, clock.now()) == (ctx.database.dialect == "sqlite")
    pace = Pace(100, 2_500, 20_000, rows=1000)
    pace.took(0.6, 1000, sending=True)
    assert pace.rows == LEAST  # not fewer, however slow
    pace.took(2 * AIM, 1000, sending=True)
    assert pace.rows == 500
    pace.took(AIM_ALONE, 1000, sending=False)
    assert pace.rows == pace.next(sending=False) == 1000
    assert pace.next(sending=True) == 100  # a line began meanwhile


def test_a_line_that_sends_never_waits_long_while_rows_are_staged(
    ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other writers get their turn between the chunks: counted, not timed."""
    monkeypatch.setattr(preparing, "AT_ONCE", 0)
    people = [[f"N{i}", "王五", f"1370013{i:04}"] for i in range(2000)]
    sheet = sheet_of(["客户号", "姓名", "手机号"], *people)
    checked = check(sheet, propose_mapping(ctx, sheet), today=TODAY)
    turns = 0
    ready, done = threading.Event(), threading.Event()

    def other() -> None:
        nonlocal turns
        while not done.is_set():
            with ctx.database.begin() as session:
                session.execute(select(func.count()).select_from(ImportMapping))
            turns += 1
            ready.set()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        ready.wait(10)
        assert numbers(commit(ctx, checked)) == (2000, 0, 0, 0, 0)
    finally:
        done.set()
        thread.join()
    assert turns > 1
