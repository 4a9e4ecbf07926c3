from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import applying
from console.core.customers.importing import ImportResult, check, commit, complete_abandoned, proposal
from console.core.customers.imports import settled
from console.core.customers.undoing import UndoRefused, undo, why_not
from console.core.customers.workbook import Sheet
from console.core.errors import NotPermitted
from db.base import Base
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Consent,
    Contact,
    ContactKind,
    Customer,
    CustomerPhone,
    ImportBatch,
    ImportChange,
    ImportState,
    Loan,
    Message,
)

SheetOf = Callable[..., Sheet]
HEADER: list[object] = [
    "客户号", "姓名", "手机号", "备用手机", "身份证号", "标签", "方便联系时间", "营销同意", "贷款合同号", "贷款金额",
    "还款卡号", "还款日期", "应还金额", "利率",
]  # fmt: skip
ZHANG: list[object] = [
    "C1", "张三", "13800138000", "13800138001", "11010519491231002X", "老客户", "9:00-12:00", "是", "L1", "50万",
    "6222021234567890128", "2026-12-01", "3,256.80", "3.05%",
]  # fmt: skip
CHANGED: list[object] = [
    "C1", "张三丰", "13900139000", "13800138002", "440524188001010014", "VIP", "14:00-18:00", "否", "L1", "60万",
    "6222021234567890999", "2027-01-01", "1.00", "4.10%",
]  # fmt: skip
LI: list[object] = ["C2", "李四", "13700137000", "", "", "", "", "是", "L2", "1万", "1234", "2026-12-05", 9, ""]
KEPT = ("customer", "customer_phone", "loan", "instalment", "consent", "imported_customer", "imported_loan")


def bring(ctx: Context, sheet: Sheet) -> ImportResult:
    return commit(ctx, check(sheet, proposal(ctx, sheet).mapping, today=date(2026, 11, 23)))


def everything(ctx: Context) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the tables that an import writes, but for the log."""
    with ctx.database.read() as session:
        tables = {name: Base.metadata.tables[name] for name in KEPT}
        return {
            name: sorted(map(tuple, session.execute(select(*table.c).order_by(*table.primary_key))), key=repr)
            for name, table in tables.items()
        }


@pytest.fixture
def two(ctx: Context, sheet_of: SheetOf, clock: FixedClock) -> tuple[dict[str, Any], int]:
    """What was before a second import, and its id: it changed Zhang in everything and added Li."""
    bring(ctx, sheet_of(HEADER, ZHANG))
    before = everything(ctx)
    clock.advance(timedelta(days=1))
    result = bring(ctx, sheet_of(HEADER, CHANGED, LI))
    assert (result.added, result.updated) == (1, 1)
    return before, result.import_id


def state_of(ctx: Context, import_id: int) -> ImportState:
    with ctx.database.read() as session:
        return session.get_one(ImportBatch, import_id).state


def test_everything_is_as_before(ctx: Context, two: tuple[dict[str, Any], int]) -> None:
    before, import_id = two
    assert everything(ctx) != before
    told: list[tuple[int, int]] = []
    undo(ctx, import_id, lambda done, total: told.append((done, total)))
    after = everything(ctx)
    after["imported_customer"] = [row for row in after["imported_customer"] if row[0] != import_id]
    after["imported_loan"] = [row for row in after["imported_loan"] if row[0] != import_id]
    assert after == before
    assert told[-1][0] == told[-1][1]
    assert state_of(ctx, import_id) is ImportState.UNDONE
    with pytest.raises(UndoRefused, match="already"):
        undo(ctx, import_id)


def test_instalments_return(ctx: Context, sheet_of: SheetOf, clock: FixedClock) -> None:
    plan: list[object] = ["借据号", "期次", "应还日期", "应还本金", "应还利息", "实还金额", "实还日期"]
    bring(ctx, sheet_of(HEADER, ZHANG))
    bring(ctx, sheet_of(plan, ["L1", 1, "2026-12-01", 1000, 50, "", ""], ["L1", 2, "2027-01-01", 1000, 45, "", ""]))
    before = everything(ctx)
    assert len(before["instalment"]) == 2
    clock.advance(timedelta(days=1))
    paid = ["L1", 1, "2026-12-01", 1000, 50, 1050, "2026-12-01 10:30:00"]
    result = bring(ctx, sheet_of(plan, paid, ["L1", 3, "2027-02-01", 1000, 40, "", ""]))
    assert (result.added, result.updated) == (1, 1)
    undo(ctx, result.import_id)
    assert everything(ctx)["instalment"] == before["instalment"]


def test_who_may(supervisor_ctx: Context, two: tuple[dict[str, Any], int]) -> None:
    with pytest.raises(NotPermitted):
        undo(supervisor_ctx, two[1])


def _message(ctx: Context, customer_id: int, loan_id: int | None) -> None:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        batch = Batch(
            kind=BatchKind.CAMPAIGN, class_key="due", state=BatchState.PENDING, created_by=ctx.actor.user_id,
            created_at=now,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        session.add(
            Message(
                batch_id=batch.id, customer_id=customer_id, loan_id=loan_id, phone="13900139000",
                recipient="13900139000", body="x", parts=1, digest="0" * 64, created_at=now,
            )
        )  # fmt: skip


def _campaign(ctx: Context, import_id: int) -> None:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        session.add(
            Campaign(
                name="x", class_key="due", audience={"kind": "import", "filter": {"import_id": import_id}},
                state=CampaignState.PENDING, created_by=ctx.actor.user_id, created_at=now, updated_at=now,
            )
        )  # fmt: skip


def _note(ctx: Context, customer_id: int) -> None:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        session.add(
            Contact(
                customer_id=customer_id, kind=ContactKind.NOTE, at=now, body="x", created_by=ctx.actor.user_id,
                created_at=now,
            )
        )  # fmt: skip


def _refusal(ctx: Context, customer_id: int) -> None:
    with ctx.database.begin() as session:
        refused = Consent(
            customer_id=customer_id, purpose="marketing", granted=False, source="reply", at=ctx.clock.now()
        )
        session.add(refused)


def _another_number(ctx: Context, customer_id: int) -> None:
    with ctx.database.begin() as session:
        session.add(CustomerPhone(customer_id=customer_id, phone="13600136000", created_at=ctx.clock.now()))


def _edited(ctx: Context, table: type[Customer | Loan], number: str) -> None:
    with ctx.database.begin() as session:
        session.execute(update(table).where(table.number == number).values(updated_at=ctx.clock.now()))


@pytest.mark.parametrize(
    ("trace", "why"),
    [
        (lambda ctx, ids, _import: _message(ctx, ids["C1"], None), "Messages were prepared or sent"),
        (lambda ctx, ids, _import: _message(ctx, ids["C1"], ids["L1"]), "Messages were prepared or sent"),
        (lambda ctx, ids, _import: _message(ctx, ids["C2"], None), "refers to customers"),
        (lambda ctx, _ids, import_id: _campaign(ctx, import_id), "A campaign was made"),
        (lambda ctx, ids, _import: _note(ctx, ids["C2"]), "refers to customers"),
        (lambda ctx, ids, _import: _refusal(ctx, ids["C2"]), "changed since"),
        (lambda ctx, ids, _import: _another_number(ctx, ids["C2"]), "changed since"),
        (lambda ctx, _ids, _import: _edited(ctx, Customer, "C1"), "changed since"),
        (lambda ctx, _ids, _import: _edited(ctx, Customer, "C2"), "changed since"),
        (lambda ctx, _ids, _import: _edited(ctx, Loan, "L1"), "changed since"),
    ],
)
def test_not_when_something_has_come_of_it(
    ctx: Context, two: tuple[dict[str, Any], int], clock: FixedClock, trace: Callable[..., None], why: str
) -> None:
    with ctx.database.read() as session:
        ids = {row.number: row.id for table in (Customer, Loan) for row in session.scalars(select(table))}
        assert why_not(session, two[1]) is None
    clock.advance(timedelta(hours=1))
    trace(ctx, ids, two[1])
    before = everything(ctx)
    with ctx.database.read() as session:
        assert why in str(why_not(session, two[1]))
    with pytest.raises(UndoRefused, match=why):
        undo(ctx, two[1])
    assert everything(ctx) == before
    assert state_of(ctx, two[1]) is ImportState.DONE


def test_not_when_the_journal_is_gone(ctx: Context, two: tuple[dict[str, Any], int]) -> None:
    with ctx.database.begin() as session:
        session.execute(delete(ImportChange))
    with pytest.raises(UndoRefused, match="not kept"):
        undo(ctx, two[1])


def test_a_note_on_somebody_who_was_there_before_is_no_hindrance(
    ctx: Context, two: tuple[dict[str, Any], int], clock: FixedClock
) -> None:
    with ctx.database.read() as session:
        zhang = session.scalars(select(Customer.id).where(Customer.number == "C1")).one()
    _note(ctx, zhang)
    undo(ctx, two[1])
    with ctx.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1


def test_not_over_a_later_import_but_after_that_one_is_undone(
    ctx: Context, two: tuple[dict[str, Any], int], sheet_of: SheetOf
) -> None:
    later = bring(ctx, sheet_of(HEADER, [*CHANGED[:5], "VIP2", *CHANGED[6:]]))  # at the very same moment
    with pytest.raises(UndoRefused, match="changed since"):
        undo(ctx, two[1])
    undo(ctx, later.import_id)
    undo(ctx, two[1])
    assert everything(ctx)["customer"] == two[0]["customer"]


def test_two_windows_at_once(ctx: Context, two: tuple[dict[str, Any], int]) -> None:
    ended: list[str] = []

    def work() -> None:
        try:
            undo(ctx, two[1])
            ended.append("undone")
        except UndoRefused:
            ended.append("refused")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["refused", "undone"]
    assert everything(ctx)["customer"] == two[0]["customer"]


class Killed(BaseException): ...


@pytest.mark.parametrize("at", range(1, 6))
def test_what_a_crash_leaves_is_completed(
    ctx: Context, two: tuple[dict[str, Any], int], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The process ends at its n-th span, without a word."""
    spans = 0
    hold = applying._hold

    def dying(*given: Any) -> None:
        nonlocal spans
        spans += 1
        hold(*given)
        if spans == at:
            raise Killed

    monkeypatch.setattr(applying, "_hold", dying)
    with pytest.raises(Killed):
        undo(ctx, two[1])
    monkeypatch.setattr(applying, "_hold", hold)
    with ctx.database.begin() as session:
        assert not settled(session)
        session.execute(update(ImportBatch).where(ImportBatch.id == two[1]).values(owner=""))
    assert complete_abandoned(ctx) == 1
    assert everything(ctx)["customer"] == two[0]["customer"]
    assert everything(ctx)["loan"] == two[0]["loan"]
    assert state_of(ctx, two[1]) is ImportState.UNDONE
