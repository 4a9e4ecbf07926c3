"""An import that does not run through alone: cancelled, killed, half written, beside lines that send."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from console.core.campaigns.draft import Draft
from console.core.campaigns.evaluation import plan
from console.core.clock import FixedClock, SystemClock
from console.core.context import Context
from console.core.customers import preparing, staging
from console.core.customers.browse import CustomerFilter, Sort
from console.core.customers.export import export_customers
from console.core.customers.importing import (
    ImportResult,
    Outdated,
    check,
    commit,
    complete_abandoned,
    discard_abandoned,
    proposal,
    read,
)
from console.core.customers.imports import ImportUnderway, lines_send, require_settled, settled
from console.core.customers.pace import AIM, AIM_ALONE, LEAST, Pace
from console.core.customers.workbook import Sheet
from db import audit
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    ChangeKind,
    Customer,
    ImportBatch,
    ImportChange,
    ImportMapping,
    ImportState,
)
from tests.import_world import HEADER, ZHANG, Counts, SheetOf

TODAY = date(2026, 11, 23)


def bring(ctx: Context, sheet: Sheet) -> ImportResult:
    return commit(ctx, check(sheet, proposal(ctx, sheet).mapping, today=TODAY))


def numbers(result: ImportResult) -> tuple[int, ...]:
    return (result.added, result.updated, result.unchanged, result.invalid, result.duplicates)


def branch(ctx: Context, number: str) -> str:
    with ctx.database.read() as session:
        return session.scalars(select(Customer.branch).where(Customer.number == number)).one()


class Cancelled(Exception): ...


@pytest.mark.parametrize(
    ("at_once", "step"), [*((0, step) for step in range(1, 6)), *((1000, step) for step in range(1, 9))]
)
def test_cancelled_at_any_step_leaves_nothing(
    ctx: Context, sheet_of: SheetOf, monkeypatch: pytest.MonkeyPatch, step: int, at_once: int, counts: Counts
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", at_once)
    monkeypatch.setattr(staging, "CHUNK", 2)
    monkeypatch.setattr(staging, "CHUNK_ALONE", 2)
    bring(ctx, sheet_of(HEADER, ZHANG))
    before = counts()
    calls = 0

    def cancel(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == step:
            raise Cancelled

    people = [[f"N{i}", "王五", f"137001370{i:02}", "城西支行", "是", "", f"LN{i}", "房贷"] for i in range(6)]
    sheet = sheet_of(HEADER, *people, [*ZHANG[:3], "别处"])
    checked = check(sheet, proposal(ctx, sheet).mapping, today=TODAY)
    with pytest.raises(Cancelled):
        commit(ctx, checked, cancel)
    assert counts() == before
    assert branch(ctx, "C1") == "城东支行"
    assert numbers(commit(ctx, checked)) == (6, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("owner", "hours", "stays"), [("elsewhere|1|x", 1, True), ("elsewhere|1|x", 7, False), ("", 0, False)]
)
def test_what_a_dead_import_left_is_thrown_away_in_time(
    ctx: Context, sheet_of: SheetOf, clock: FixedClock, owner: str, hours: int, stays: bool, counts: Counts
) -> None:
    """At once where its process is known to be dead, else when it has been silent for long."""
    prepared = preparing.prepare_for_all(
        ctx, check(sheet := sheet_of(HEADER, ZHANG), proposal(ctx, sheet).mapping, today=TODAY)
    )
    with ctx.database.begin() as session:
        session.execute(update(ImportBatch).values(owner=owner))
    clock.advance(timedelta(hours=hours))
    discard_abandoned(ctx)
    assert counts()["staged_row"] == (1 if stays else 0)
    if stays:
        bring(ctx, sheet)
        assert counts()["staged_row"] == 1  # which is not ours
    else:
        with pytest.raises(Outdated):
            commit(ctx, prepared)
        assert counts()["customer"] == 0


CRASH = """
import sys, threading
from datetime import date
from pathlib import Path
from console.core.clock import SystemClock
from console.core.context import Actor, Context
from console.core.customers import applying, importing, merging, preparing, staging
from console.core.customers.importing import check, commit, proposal, read
from console.core.security.permissions import Role
from console.core.settings import Settings
from db.engine import Database

url, key, user, path, moment = sys.argv[1:]
database = Database.open(url, key=bytes.fromhex(key) if key else None)
actor = Actor.of(int(user), "officer", "x", frozenset({Role.OFFICER}))
ctx = Context(database=database, clock=SystemClock(), actor=actor, settings=Settings())
if "at once" not in moment:
    preparing.AT_ONCE = 0
staging.CHUNK = staging.CHUNK_ALONE = 100
applying.STEP = dict.fromkeys(applying.STEP, 100)
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
commit(ctx, check(sheet, proposal(ctx, sheet).mapping, today=date(2026, 11, 23)), progress, told)
"""


@pytest.mark.parametrize(
    "moment", ["staged", "decided", "spans", "inside a span", "before the end", "staged at once", "written at once"]
)
def test_killed_in_the_middle(
    ctx: Context, sheet_of: SheetOf, tmp_path: Path, request: pytest.FixtureRequest, moment: str, counts: Counts
) -> None:
    """Before the decision nothing is left; after it, whoever looks next finds it and writes it to its end."""
    nothing = moment in ("staged", "staged at once", "written at once")
    ctx = replace(ctx, clock=SystemClock())  # as the other process
    bring(ctx, sheet_of(HEADER, ZHANG, name="first.xlsx"))
    before = counts()
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
    assert counts() == (before if nothing else {**whole, "staged_row": 0})
    assert branch(ctx, "C1") == ("城东支行" if nothing else "别处")
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
    checked = check(sheet, proposal(ctx, sheet).mapping, today=TODAY)
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
