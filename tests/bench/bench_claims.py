"""What a schedule costs the claim: rows a second that one line claims in transactions of 50.

    python tests/bench/bench_claims.py [--rows 20000] [--postgres]

Each kind of batch in turn, several times, the best of each: without a schedule, with one that restricts nothing, with
a pace, spread evenly, and with both. The ratio is to a batch without a schedule. What is claimed leaves at once, as
far as the rows are concerned.
"""

from __future__ import annotations

import argparse
import runpy
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text, update

from console.core.clock import SystemClock
from console.core.compliance.policy import load_policy
from console.core.sending.release import Releases
from db.engine import Database
from db.models import Batch, BatchFlow, BatchKind, BatchState, Line, Message, MessageState
from db.outbox import ClaimAsk, claim

_outbox = runpy.run_path(str(Path(__file__).with_name("bench_outbox.py")))
LIMIT = 50
ROUNDS = 3
STEP = timedelta(seconds=2)  # between two claims, as the batch's clock has it
KINDS: dict[str, dict[str, Any] | None] = {
    "no schedule": None,
    "nothing restricted": {},
    "a pace": {"pace": {"most": 1_000_000, "unit": "hour"}},
    "spread evenly": {"spread": True},
    "both": {"pace": {"most": 1_000_000, "unit": "hour"}, "spread": True},
}


def batch_of(database: Database, user: int, rows: int, schedule: dict[str, Any] | None, now: datetime) -> int:
    with database.begin() as session:
        batch = Batch(
            kind=BatchKind.CAMPAIGN,
            class_key="account",
            state=BatchState.OPEN,
            opened_at=now,
            expires_at=now + rows / (LIMIT * 0.9) * STEP,
            messages=rows,
            parts=rows,
            schedule=schedule,
            created_by=user,
            created_at=now,
        )
        session.add(batch)
        session.flush()
        session.add(BatchFlow(batch_id=batch.id, data={}))
        session.execute(
            insert(Message.__table__),
            [
                {
                    "batch_id": batch.id, "phone": f"139{n:08}", "recipient": str(n), "body": "x", "parts": 1,
                    "digest": "", "state": MessageState.WAITING, "created_at": now,
                }
                for n in range(rows)
            ],
        )  # fmt: skip
        return batch.id


def rate(database: Database, line_id: int, now: datetime, most: int) -> float:
    """Rows a second until everything or ``most`` was claimed."""
    policy, releases = load_policy(), Releases()
    ask = ClaimAsk(run="bench", line_id=line_id, limit=LIMIT, lease_until=now + timedelta(days=9))
    taken, began = 0, time.perf_counter()
    for turn in range(2 * most // LIMIT):
        at = now + turn * STEP
        with database.begin(urgent=True) as session:
            rows = claim(session, [ask], at, releases.at(session, policy, at), turn)[0]
            if rows:
                leaving = update(Message).where(Message.id.in_([row.message_id for row in rows]))
                session.execute(leaving.values(state=MessageState.SENDING, sending_at=at))
        taken += len(rows)
        if taken >= most * 0.9:
            break
    return taken / (time.perf_counter() - began)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--rows", type=int, default=20_000)
    wanted.add_argument("--postgres", action="store_true")
    asked = wanted.parse_args()
    officer: Callable[[Database], Any] = _outbox["officer"]
    with _outbox["engine"](asked.postgres) as database:
        ctx = officer(database)
        now = SystemClock().now()
        with database.begin() as session:
            line = Line(name="一号线", address="-", owner="bench", lease_until=now + timedelta(days=9), created_at=now)
            session.add(line)
            session.flush()
            line_id = line.id
        best = dict.fromkeys(KINDS, 0.0)
        for _ in range(ROUNDS):
            for kind, schedule in KINDS.items():
                batch_id = batch_of(database, ctx.actor.user_id, asked.rows, schedule, now)
                if database.dialect == "postgresql":
                    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                        connection.execute(text("VACUUM ANALYZE"))
                best[kind] = max(best[kind], rate(database, line_id, now, asked.rows))
                with database.begin() as session:
                    session.execute(update(Batch).where(Batch.id == batch_id).values(state=BatchState.CANCELLED))
        print(f"{database.dialect}, {asked.rows:,} rows")
        for kind, found in best.items():
            print(f"{kind:<20}{found:10,.0f} rows/s   {found / best['no schedule']:.2f}")


if __name__ == "__main__":
    main()
