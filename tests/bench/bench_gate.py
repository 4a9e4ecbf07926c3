"""What the seals cost at the moment of sending: claiming by fifties and the last gate, with and without them.

    python tests/bench/bench_gate.py [--messages 4000] [--postgres]

Blocks of both kinds take turns, so that a busy machine is busy for both. Prints milliseconds a message (target: what
is looked at right before sending takes at most 0.2 ms more), and what stopping one kind of message takes.
"""

from __future__ import annotations

import argparse
import runpy
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.sending.control import stop_class
from console.core.sending.integrity import message_digest
from console.core.sending.seals import seal_batch
from console.core.sending.steps import Steps
from db.models import Batch, BatchKind, BatchState, Line, Message, MessageState
from db.outbox import ClaimAsk
from db.outbox_sending import Cleared, SendingAsk

_freeze = runpy.run_path(str(Path(__file__).with_name("bench_outbox.py")))
RUN, CHUNK = "bench", 50
TEXT = "【示例银行】尊敬的客户，您尾号{:04}的贷款将于11月28日到期，应还3,256.80元，请确保账户余额充足。"


class _Unsealed:
    """Lets everything through."""

    def fits(self, _values: object) -> bool:
        return True

    def unsound(self, _session: object, _ids: object) -> dict[int, Any]:
        return {}

    def implausible(self, _session: object, _ids: object) -> set[int]:
        return set()


def fill(ctx: Context, messages: int) -> None:
    now, secret = ctx.clock.now(), ctx.database.secret("message")
    with ctx.database.begin() as session:
        batch = Batch(
            kind=BatchKind.CAMPAIGN, class_key="fraud", state=BatchState.OPEN, opened_at=now, messages=messages,
            created_by=ctx.actor.user_id, created_at=now,
        )  # fmt: skip
        line = Line(name="A", address="memory://", created_at=now, owner=RUN, lease_until=now + timedelta(hours=1))
        session.add_all([batch, line])
        session.flush()
        seal_batch(secret, batch)
        rows = []
        for number in range(messages):
            phone, body = f"139{number:08}", TEXT.format(number % 10_000)
            digest = message_digest(secret, batch.id, phone, phone, body)
            values = {"batch_id": batch.id, "phone": phone, "recipient": phone, "body": body, "digest": digest}
            rows.append(values | {"parts": 1, "state": MessageState.WAITING, "created_at": now})
        session.execute(insert(Message), rows)


def block(ctx: Context, steps: Steps) -> tuple[float, float, float]:
    """Seconds for claiming fifty and for clearing them one by one, and how many of both this process worked."""
    worked, began = time.process_time(), time.perf_counter()
    ask = ClaimAsk(run=RUN, line_id=1, limit=CHUNK, lease_until=ctx.clock.now() + timedelta(hours=1))
    with ctx.database.begin() as session:
        (claimed,) = steps.claim.run(session, [ask])
    claiming = time.perf_counter() - began
    began = time.perf_counter()
    for message in claimed:
        part = SendingAsk(run=RUN, line_id=1, sender_identity="", message=message, sequence=1)
        with ctx.database.begin() as session:
            (answer,) = steps.clear.run(session, [part])
        assert isinstance(answer, Cleared), answer
    return claiming, time.perf_counter() - began, time.process_time() - worked


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=4_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    with _freeze["engine"](asked.postgres) as database:
        ctx = _freeze["officer"](database)
        fill(ctx, asked.messages)
        with database.read() as session:
            policy = policy_at(session, ctx.clock.now())
        steps = Steps(RUN, ctx.clock, database.secret("message"), policy)
        kinds: dict[str, Any] = {"with seals": steps.seals, "without": _Unsealed()}
        taken: dict[str, list[float]] = defaultdict(lambda: [0.0] * 3)
        rounds = asked.messages // (2 * CHUNK)
        for _ in range(rounds):
            for name, seals in kinds.items():
                steps.seals = seals
                for place, seconds in enumerate(block(ctx, steps)):
                    taken[name][place] += seconds * 1000 / (rounds * CHUNK)
        print(f"{database.dialect}, {asked.messages:,} messages, ms a message")
        for name, (claiming, clearing, worked) in taken.items():
            print(f"{name:12} claim {claiming:6.3f}  last gate {clearing:6.3f}  of both, at work {worked:6.3f}")
        more = taken["with seals"][2] - taken["without"][2]
        print(f"seals        {more:6.3f} more work   (target <= 0.2 for all that is looked at)")
        began = time.perf_counter()
        stop_class(ctx, "fraud", "drill")
        print(f"stop of a class {(time.perf_counter() - began) * 1000:.1f} ms   (target <= 100)")


if __name__ == "__main__":
    main()
