"""The whole dispatcher, database included, against a bare serial loop on the same emulated modem; then eight modems.

    python tests/bench/bench_dispatch.py [--messages 500] [--latency-ms 50] [--modems 8] [--claims 100000]

The dispatcher is the real process on an encrypted SQLite file with FULL synchronisation. Its time runs from the first
to the last acceptance that the modem saw, which is what the bare loop's time is, too. Targets: 0.95 of the bare loop,
7.5 times one modem with eight.
"""

from __future__ import annotations

import argparse
import runpy
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, insert, select

from console.core.processes import command
from console.core.sending.integrity import message_digest
from console.core.sending.process import STDIN_OPTION, Locator
from console.core.sending.seals import seal_batch
from db.base import Base
from db.engine import Database
from db.models import Batch, BatchKind, BatchState, Line, Message, MessageState, User
from db.outbox import ClaimAsk, claim
from db.schema import seed
from gsm.emulator.client import EmulatorProcess

_bare = runpy.run_path(str(Path(__file__).with_name("bench_modem.py")))
TEXT = "【示例银行】尊敬的客户，您尾号{:04}的贷款将于11月28日到期，应还3,256.80元，请确保账户余额充足。"


@contextmanager
def embedded(folder: str) -> Iterator[Database]:
    key = secrets.token_bytes(32)
    with Database.open(f"sqlite:///{folder}/bench-{secrets.token_hex(4)}.db", key=key) as database:
        with database.engine.begin() as connection:
            Base.metadata.create_all(connection)
        with database.begin() as session:
            seed(session)
        yield database


def fill(database: Database, messages: int, addresses: list[str]) -> None:
    now, secret = datetime.now(UTC), database.secret("message")
    with database.begin() as session:
        maker = User(login="bench", display_name="b", password_hash="!", roles=[], created_at=now)
        session.add(maker)
        session.flush()
        batch = Batch(kind=BatchKind.CAMPAIGN, class_key="account", state=BatchState.OPEN, opened_at=now)
        batch.created_by, batch.created_at, batch.messages = maker.id, now, messages
        session.add(batch)
        for number, address in enumerate(addresses):
            session.add(Line(name=f"modem {number}", address=address, created_at=now))
        session.flush()
        seal_batch(secret, batch)
        rows = []
        for index in range(messages):
            phone, body = f"139{index:08}", TEXT.format(index % 10_000)
            digest = message_digest(secret, batch.id, phone, phone, body)
            rows.append(
                {
                    "batch_id": batch.id,
                    "phone": phone,
                    "recipient": phone,
                    "body": body,
                    "parts": 1,
                    "digest": digest,
                    "created_at": now,
                }
            )
        session.execute(insert(Message), rows)


def dispatch(folder: str, messages: int, modems: int, latency_ms: int) -> float:
    """Messages a second as the modems saw them."""
    with ExitStack() as stack:
        emulators = [
            stack.enter_context(
                EmulatorProcess(latency_ms=latency_ms, report_delay_ms=200, settings={"imsi": f"46000123456789{n}"})
            )
            for n in range(modems)
        ]
        database = stack.enter_context(embedded(folder))
        fill(database, messages, [emulator.address for emulator in emulators])
        argv = command("dispatch", STDIN_OPTION, "--log-folder", folder)
        process = subprocess.Popen(argv, stdin=subprocess.PIPE)
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(Locator(url=database.url, key=database.key).dump())
        _wait(database, messages)
        spent = psutil.Process(process.pid).cpu_times()
        process.terminate()
        process.wait(timeout=60)
        ledger = [entry for emulator in emulators for entry in emulator.accepted()]
        _say_what_happened(database, ledger)
        print(f"             {1000 * (spent.user + spent.system - _start_cost()) / messages:.1f} ms CPU a message")
    times = sorted(datetime.fromisoformat(entry["at"]) for entry in ledger)
    return (len(times) - modems) / (times[-1] - times[0]).total_seconds()


@cache
def _start_cost() -> float:
    """CPU seconds that the process needs before it does anything."""
    with subprocess.Popen([sys.executable, "-c", "import console.headless, time; time.sleep(30)"]) as idle:
        usage = psutil.Process(idle.pid)
        last = -1.0
        while (now := sum(usage.cpu_times()[:2])) != last:
            last = now
            time.sleep(0.5)
        idle.kill()
    return last


def _wait(database: Database, messages: int) -> None:
    deadline = time.monotonic() + 60 + messages / 5
    while time.monotonic() < deadline:
        with database.read() as session:
            delivered = session.scalar(select(func.count()).where(Message.state == MessageState.DELIVERED))
        if delivered == messages:
            return
        time.sleep(0.25)


def _say_what_happened(database: Database, ledger: list[dict[str, Any]]) -> None:
    with database.read() as session:
        states = Counter(state.value for state in session.scalars(select(Message.state)))
    twice = [phone for phone, times in Counter(entry["recipient"] for entry in ledger).items() if times > 1]
    print(f"             book {dict(states)}, ledger {len(ledger)}, accepted twice {len(twice)}")


def claims(folder: str, rows: int, limit: int) -> float:
    """Rows a second, claimed by one line in transactions of ``limit``."""
    with embedded(folder) as database:
        fill(database, rows, ["none"])
        now = datetime.now(UTC)
        with database.begin() as session:
            line = session.scalars(select(Line)).one()
            line.owner, line.lease_until = "bench", now + timedelta(hours=1)
            line_id = line.id
        ask = ClaimAsk(run="bench", line_id=line_id, limit=limit, lease_until=now + timedelta(hours=1))
        started, taken = time.perf_counter(), 0
        while taken < rows:
            with database.begin(urgent=True) as session:  # as the dispatcher's writer does
                taken += len(claim(session, [ask], now)[0])
        return rows / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--modems", type=int, default=8)
    parser.add_argument("--claims", type=int, default=50_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with EmulatorProcess(latency_ms=arguments.latency_ms, report_delay_ms=200) as emulator:
            bare = arguments.messages / _bare["bare_loop"](emulator.address, _bare["submits"](arguments.messages))
        print(f"bare loop    {bare:8.1f} msg/s")
        one = dispatch(folder, arguments.messages, 1, arguments.latency_ms)
        print(f"dispatcher   {one:8.1f} msg/s   ratio {one / bare:.3f} (target 0.95)")
        if arguments.modems > 1:
            many = dispatch(folder, arguments.messages * arguments.modems, arguments.modems, arguments.latency_ms)
            target = 7.5 * arguments.modems / 8
            print(f"{arguments.modems} modems     {many:8.1f} msg/s   {many / one:.2f}x one (target {target:.2f})")
        for limit in (50, 500):
            print(f"claims of {limit:<4}{claims(folder, arguments.claims, limit):8.0f} rows/s")


if __name__ == "__main__":
    main()
