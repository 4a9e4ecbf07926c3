"""A small outbox to try things on: one maker, lines, and batches with digested messages."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

if TYPE_CHECKING:
    from console.core.clock import FixedClock
    from db.engine import Database


class House:
    """Rows as other parts of the program leave them; ``now`` is the clock's."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        from db.models import User

        self.database = database
        self.clock = clock
        self.secret = database.secret("message")
        self._phones = itertools.count(13_800_000_000)
        maker = User(login="maker", display_name="经办", password_hash="!", roles=[], created_at=clock.now())
        with database.begin() as session:
            session.add(maker)
        self.maker = maker.id

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def line(self, name: str = "A", **values: Any) -> int:
        from db.models import Line

        row = Line(name=name, address=f"memory://{name}", created_at=self.now, **values)
        with self.database.begin() as session:
            session.add(row)
        return row.id

    def batch(self, messages: int = 3, *, text: str = "【示例银行】您好", parts: int = 1, **values: Any) -> int:
        from console.core.sending.integrity import message_digest
        from console.core.sending.seals import seal_batch
        from db.models import Batch, BatchKind, BatchState, Message

        defaults: dict[str, Any] = {
            "kind": BatchKind.CAMPAIGN,
            "class_key": "repayment_reminder",
            "state": BatchState.OPEN,
            "opened_at": self.now,
            "messages": messages,
        }
        batch = Batch(created_by=self.maker, created_at=self.now, **{**defaults, **values})
        with self.database.begin() as session:
            session.add(batch)
            session.flush()
            seal_batch(self.secret, batch)
            for _ in range(messages):
                phone = str(next(self._phones))
                digest = message_digest(self.secret, batch.id, phone, phone, text)
                row = Message(batch_id=batch.id, phone=phone, recipient=phone, body=text, parts=parts, digest=digest)
                row.created_at = self.now
                session.add(row)
        return batch.id

    def messages(self, batch_id: int | None = None) -> list[Any]:
        from db.models import Message

        query = select(Message).order_by(Message.id)
        with self.database.read() as session:
            return list(session.scalars(query if batch_id is None else query.where(Message.batch_id == batch_id)))

    def parts(self) -> list[Any]:
        from db.models import MessagePart

        with self.database.read() as session:
            return list(session.scalars(select(MessagePart).order_by(MessagePart.id)))

    def states(self, batch_id: int | None = None) -> dict[str, int]:
        return dict(Counter(row.state.value for row in self.messages(batch_id)))

    def all(self, model: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.scalars(select(model).order_by(*model.__table__.primary_key)))

    def change(self, model: Any, key: Any, *, sealed: bool = True, **values: Any) -> None:
        """``sealed``: as the program would change a batch, not a hand in the database."""
        with self.database.begin() as session:
            row = session.get(model, key)
            for name, value in values.items():
                setattr(row, name, value)
            if model.__name__ == "Batch" and sealed:
                from console.core.sending.seals import seal_batch

                seal_batch(self.secret, row)

    def lease(self, seconds: float = 60) -> datetime:
        return self.now + timedelta(seconds=seconds)


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return House(database, clock)


@pytest.fixture
def held_line(house: House) -> Callable[..., int]:
    """A line that a run holds."""

    def make(run: str = "run-1", name: str = "A", **values: Any) -> int:
        return house.line(name, owner=run, lease_until=house.lease(), **values)

    return make


@pytest.fixture
def walks() -> Callable[[Database, Callable[[], object]], list[str]]:
    """``walks(database, work)``: the questions of ``work`` that make SQLite walk through all the messages.

    They are asked of an outbox that is nearly empty: what no index answers there, none answers in a full one.
    """
    from sqlalchemy import event

    def walk(step: str) -> bool:
        return step.startswith("SCAN message") or step == "SEARCH message"  # the second for the least and the most

    def found(database: Database, work: Callable[[], object]) -> list[str]:
        if database.dialect != "sqlite":
            pytest.skip("the planner of PostgreSQL decides by size")
        statements: list[tuple[str, Any]] = []

        def remember(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
            statements.append((statement, values))

        with database.read() as session:
            engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", remember)
        work()
        event.remove(engine, "before_cursor_execute", remember)
        asked = [each for each in statements if "FROM message" in each[0]]
        assert asked
        with database.read() as session:
            plans = {
                statement: session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                for statement, values in asked
            }
        return [each for each, plan in plans.items() if any(map(walk, (row[3] for row in plan)))]

    return found
