"""At once and by stages: the same file leaves the same rows, the same log, the same way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import applying, importing, preparing
from console.core.customers.importing import Choices, ImportResult, Policy, commit, prepare
from console.core.customers.undoing import undo
from console.core.customers.workbook import Sheet
from db.base import Base
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Consent,
    Customer,
    ImportBatch,
    ImportChange,
    ImportState,
    Message,
    StagedRow,
)

SheetOf = Callable[..., Sheet]
HEADER: list[object] = [
    "客户号", "姓名", "手机号", "备用手机", "地区", "营销同意", "标签", "贷款合同号", "应还金额", "贷款状态", "期次",
    "应还日期", "应还本金",
]  # fmt: skip
NO_PLAN = HEADER[:10]
ZHANG: list[object] = ["C1", "张三", "13800138000", "13800138001", "浦东", "是", "老客户", "L1", "100.00", "逾期"]
LI: list[object] = ["C2", "李四", "13900139000", "", "浦东", "", "", "L2", "200", "正常"]
WANG: list[object] = ["C3", "王五", "13700137000", "", "徐汇", "否", "", "L3", "300", "正常"]
PERSON = ["initials", "name", "phone", "phone_tail", "pinyin", "region", "tags", "updated_at"]
LOAN = ["amount_due", "state", "updated_at"]
TODAY = date(2026, 11, 23)
TABLES = ("customer", "customer_phone", "loan", "instalment", "consent", "imported_customer", "imported_loan")


@pytest.fixture(params=["at once", "by stages"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    def never(*_: object, **__: object) -> Any:
        raise AssertionError("the other way was taken")

    if request.param == "by stages":
        monkeypatch.setattr(preparing, "AT_ONCE", 0)
        monkeypatch.setattr(importing, "write_all", never)
    else:
        monkeypatch.setattr(importing, "apply", never)
    return str(request.param)


def checked_of(ctx: Context, sheet: Sheet) -> importing.Checked:
    found = importing.proposal(ctx, sheet)
    return importing.check(sheet, found.mapping, today=TODAY, extra=found.extra)


def bring(ctx: Context, sheet: Sheet, choices: Choices | None = None, *, seen: bool = False) -> ImportResult:
    """``seen``: a person looked at what it will do first."""
    checked = checked_of(ctx, sheet)
    return commit(ctx, prepare(ctx, checked) if seen else checked, choices=choices)


def rows(ctx: Context, table: str) -> list[tuple[Any, ...]]:
    with ctx.database.read() as session:
        found = Base.metadata.tables[table]
        return sorted(map(tuple, session.execute(select(*found.c))), key=repr)


def journal(ctx: Context, import_id: int) -> list[tuple[str, list[str] | None]]:
    """What it wrote over, by the names of the columns, and None for what it added."""
    with ctx.database.read() as session:
        query = select(ImportChange.kind, ImportChange.before).where(ImportChange.import_id == import_id)
        found = session.execute(query).all()
    return sorted(((kind.value, sorted(before) if before else None) for kind, before in found), key=repr)


@pytest.mark.parametrize("seen", [False, True])
def test_a_file_after_another(ctx: Context, sheet_of: SheetOf, clock: FixedClock, way: str, seen: bool) -> None:
    del way
    gone: list[object] = ["C8", "赵六", "13600136000", "", "", "", "", "L8", "800", "正常"]
    plan: list[object] = ["1", "2026-12-01", "1000"]
    first = bring(ctx, sheet_of(HEADER, [*ZHANG, *plan], [*LI, *plan], [*gone, *plan], name="贷款20261122.xlsx"))
    assert (first.added, first.customers_added) == (3, 3)
    before = {table: rows(ctx, table) for table in TABLES}
    clock.advance(timedelta(days=1))
    moved = [*ZHANG[:3], "13800138002", "静安", "否", "", "L1", "0", "结清"]
    theirs = ["C3", "王五", "13700137000", "", "徐汇", "", "", "L2", "5", "正常"]  # a loan of somebody else
    sheet = sheet_of(
        HEADER, [*moved, *plan], [*LI, *plan], [*WANG, *plan], [*theirs, *plan], [*ZHANG[:2], "12"],
        name="贷款20261123.xlsx",
    )  # fmt: skip
    result = bring(ctx, sheet, Choices(stated={"rows": 5}, confirmed=True, retire_gone=True), seen=seen)
    assert (result.added, result.updated, result.unchanged, result.invalid) == (1, 1, 1, 2)
    assert (result.customers, result.customers_added) == (3, 1)
    with ctx.database.read() as session:
        fields = (Customer.id, Customer.number, Customer.region, Customer.active)
        people = session.execute(select(*fields).order_by(Customer.id)).all()
        batch = session.get_one(ImportBatch, result.import_id)
        assert session.scalars(select(StagedRow.id)).all() == []
    assert [row[1:] for row in people] == [
        ("C1", "静安", True), ("C2", "浦东", True), ("C8", "", False), ("C3", "徐汇", True),
    ]  # fmt: skip
    number = {row[0]: row[1] for row in people}  # a server leaves gaps between ids
    assert [(number[row[1]], row[2]) for row in rows(ctx, "loan")] == [
        ("C1", "L1"), ("C2", "L2"), ("C8", "L8"), ("C3", "L3"),
    ]  # fmt: skip
    assert [(number[row[1]], row[2]) for row in rows(ctx, "customer_phone")] == [
        ("C1", "13800138001"), ("C1", "13800138002"),
    ]  # fmt: skip
    assert [(number[row[1]], row[3]) for row in rows(ctx, "consent")] == [("C1", True), ("C1", False), ("C3", False)]
    here = [row[1:] for row in rows(ctx, "imported_customer") if row[0] == result.import_id]
    assert [(number[id_], added) for id_, added in here] == [("C1", False), ("C2", False), ("C3", True)]
    assert (batch.state, batch.owner, batch.previous_id) == (ImportState.DONE, "", first.import_id)
    assert batch.control["rows"] == {"found": 5, "stated": 5}
    assert batch.difference == {
        "new": 1, "changed": 1, "same": 1, "paid": 1, "gone_loans": 1, "gone_customers": 0,
        "fields": {"region": 1, "state": 1, "amount_due": 1},
    }  # fmt: skip
    assert journal(ctx, result.import_id) == [
        ("consent", None), ("consent", None), ("customer", ["active", "updated_at"]), ("customer", PERSON),
        ("instalment", None), ("loan", LOAN), ("phone", None),
    ]  # fmt: skip
    undo(ctx, result.import_id)
    for table in TABLES[:5]:
        assert rows(ctx, table) == before[table]


@pytest.mark.parametrize(
    ("choices", "region"),
    [
        (Choices(known=Policy.KEEP), "浦东"),
        (Choices(known=Policy.ASK, kept=frozenset({0})), "浦东"),
        (Choices(known=Policy.ASK, taken=frozenset({0})), "静安"),
    ],
)
def test_what_is_stored_counts_where_that_was_chosen(
    ctx: Context, sheet_of: SheetOf, way: str, choices: Choices, region: str
) -> None:
    del way
    bring(ctx, sheet_of(NO_PLAN, ZHANG, LI))
    result = bring(ctx, sheet_of(NO_PLAN, [*ZHANG[:4], "静安", *ZHANG[5:7], "L9", "1", ""], LI), choices)
    assert (result.added, result.unchanged) == (1, 1)
    with ctx.database.read() as session:
        assert session.scalars(select(Customer.region).order_by(Customer.id)).all() == [region, "浦东"]
    assert [row[1] for row in rows(ctx, "loan") if row[2] == "L9"] == [1]  # new in any case


def test_what_was_looked_at_and_is_not_so_any_more(ctx: Context, sheet_of: SheetOf, way: str) -> None:
    """Somebody imported something else meanwhile; or changed a row by hand, over which the file then counts."""
    del way
    bring(ctx, sheet_of(NO_PLAN, ZHANG))
    prepared = prepare(ctx, checked_of(ctx, sheet_of(NO_PLAN, ZHANG, LI)))
    bring(ctx, sheet_of(NO_PLAN, WANG, name="别的.xlsx"))
    with pytest.raises(importing.Outdated):
        commit(ctx, prepared)
    prepared = prepare(ctx, checked_of(ctx, sheet_of(NO_PLAN, ZHANG, LI)))
    with ctx.database.begin() as session:
        session.execute(update(Customer).where(Customer.number == "C1").values(region="由人改过"))
    commit(ctx, prepared)
    with ctx.database.read() as session:
        assert session.scalars(select(Customer.region).order_by(Customer.id)).all() == ["浦东", "徐汇", "浦东"]


def test_a_look_leaves_nothing(ctx: Context, sheet_of: SheetOf) -> None:
    bring(ctx, sheet_of(NO_PLAN, ZHANG))
    before = ctx.database.movement()
    prepared = prepare(ctx, checked_of(ctx, sheet_of(NO_PLAN, LI)))
    assert (prepared.import_id, prepared.customers_added) == (0, 1)
    if ctx.database.dialect == "sqlite":  # a server counts temporary tables, too
        assert ctx.database.movement() == before
    with ctx.database.read() as session:
        assert len(session.scalars(select(ImportBatch.id)).all()) == 1


def _open(ctx: Context, state: BatchState, message: str, customer_id: int | None = None) -> None:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        batch = Batch(
            kind=BatchKind.TEST, class_key="due", state=state, created_by=ctx.actor.user_id, created_at=now
        )  # fmt: skip
        session.add(batch)
        session.flush()
        session.add(
            Message(
                batch_id=batch.id,
                customer_id=customer_id,
                phone="13900139000", recipient="r", body="x", parts=1, digest="", state=message,
                created_at=now,
            )
        )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "message", "sends"),
    [
        (BatchState.OPEN, "waiting", True),
        (BatchState.PAUSED, "sending", True),  # the last ones are still on their way out
        (BatchState.PAUSED, "waiting", False),
        (BatchState.FINISHED, "delivered", False),
    ],
)
def test_never_at_once_where_a_line_could_wait(
    ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch, state: BatchState, message: str, sends: bool
) -> None:
    """A server lets many write at a time."""
    taken: list[str] = []
    write_all, apply = importing.write_all, importing.apply
    monkeypatch.setattr(importing, "write_all", lambda *given: (taken.append("at once"), write_all(*given)))
    monkeypatch.setattr(importing, "apply", lambda *given: (taken.append("by stages"), apply(*given)))
    prepared = prepare(ctx, checked_of(ctx, sheet_of(NO_PLAN, ZHANG)))
    _open(ctx, state, message)  # after the look: what counts is the moment at which it is written
    assert commit(ctx, prepared).added == 1
    assert taken == ["by stages" if sends and ctx.database.dialect == "sqlite" else "at once"]


def test_what_would_take_too_long_at_once_goes_by_stages(
    ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "HOLD", {"sqlite": 0.0, "postgresql": 0.0})
    bring(ctx, sheet_of(NO_PLAN, ZHANG))
    assert bring(ctx, sheet_of(NO_PLAN, ZHANG, LI), seen=True).added == 1
    with ctx.database.read() as session:
        states = session.scalars(select(ImportBatch.state)).all()
        assert session.scalars(select(StagedRow.id)).all() == []
    assert states == [ImportState.DONE, ImportState.DONE]
    assert len(rows(ctx, "loan")) == 2


def test_on_a_server_no_reply_waits_for_it(ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is written and nothing committed: a customer of the file refuses, and a message to them is stored."""
    if ctx.database.dialect == "sqlite":
        pytest.skip("an embedded database has one writer at a time, and is never written at once while lines send")
    bring(ctx, sheet_of(NO_PLAN, ZHANG))
    ended = importing.ended
    told: list[str] = []

    def meanwhile(*given: Any) -> None:
        with ctx.database.begin() as session:
            session.execute(text("SET LOCAL lock_timeout = '5s'"))
            at = {"at": ctx.clock.now(), "purpose": "marketing", "source": "reply"}
            session.add(Consent(customer_id=1, granted=False, **at))
        _open(ctx, BatchState.OPEN, "waiting", customer_id=1)
        told.append("written")
        ended(*given)

    monkeypatch.setattr(importing, "ended", meanwhile)
    moved = [*ZHANG[:4], "静安", "否", *ZHANG[6:]]
    assert bring(ctx, sheet_of(NO_PLAN, moved, LI)).updated == 1
    assert told == ["written"]
    assert [row[3] for row in rows(ctx, "consent")] == [True, False, False]


def indexes(ctx: Context) -> set[str]:
    sqlite = "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('customer', 'loan') AND sql <> ''"
    server = "SELECT indexdef FROM pg_indexes WHERE tablename IN ('customer', 'loan')"
    with ctx.database.read() as session:
        return set(session.scalars(text(sqlite if ctx.database.dialect == "sqlite" else server)))


def test_the_first_file_leaves_every_index_in_its_place(
    ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = indexes(ctx)
    assert len(before) > 20

    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(importing, "ended", fail)
    with pytest.raises(RuntimeError):
        bring(ctx, sheet_of(NO_PLAN, ZHANG))
    assert indexes(ctx) == before
    monkeypatch.undo()
    bring(ctx, sheet_of(NO_PLAN, ZHANG))
    assert indexes(ctx) == before
