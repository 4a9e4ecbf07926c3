"""The one thread that writes to the outbox while sending: many steps in one transaction, answers after its commit.

A task is a *fact* (something that has happened and must be written down, however long the database is out of reach)
or a question (something that may only happen once it is durable, and fails when the database does).

A line waits for every commit before its next message, so that what nobody waits for keeps out of the way: it rides
along in the next urgent transaction, or has one of its own while the lines are busy on the air.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from db.engine import Database
from db.errors import DatabaseError, IntegrityBroken

log = logging.getLogger(__name__)

I_ = TypeVar("I_")
R_ = TypeVar("R_")

_MOST = 500  # tasks in one transaction
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)  # seconds between two tries while the database refuses


class Haste(Enum):
    """How long a task may wait for company while lines are sending, in seconds."""

    URGENT = 0.0
    RIDER = 0.015  # right after an urgent one, or with it if it has waited: the network waits for us, too
    SLOW = 0.2  # by itself, in a quiet moment
    LAZY = 1.0  # as SLOW, and cheaper the more there are of it


_CALM = 0.2  # seconds without an urgent task after which nothing waits any more


@dataclass(frozen=True, eq=False)
class Verb(Generic[I_, R_]):
    """What to do with many items at once; in one transaction verbs run by ``order``."""

    name: str
    order: int
    fact: bool
    run: Callable[[Session, Sequence[I_]], Sequence[R_]]
    haste: Haste = Haste.SLOW


class Task(Generic[I_, R_]):
    def __init__(self, verb: Verb[I_, R_], item: I_) -> None:
        self.verb = verb
        self.item = item
        self.future: Future[R_] = Future()
        self.due = time.monotonic() + verb.haste.value


AnyTask = Task[Any, Any]


class _Queues:
    """Tasks by haste, each in the order of their coming."""

    def __init__(self) -> None:
        self._by_haste: dict[Haste, deque[AnyTask]] = {haste: deque() for haste in Haste}
        self._quiet = False  # an urgent transaction has just ended
        self._urgent_at = 0.0

    def __len__(self) -> int:
        return sum(map(len, self._by_haste.values()))

    def add(self, tasks: Iterable[AnyTask]) -> None:
        for task in tasks:
            self._by_haste[task.verb.haste].append(task)

    def put_back(self, tasks: Sequence[AnyTask]) -> None:
        for task in reversed(tasks):
            self._by_haste[task.verb.haste].appendleft(task)

    def next_due(self) -> float | None:
        """When something has to be written even without company."""
        due = min((queue[0].due for queue in self._by_haste.values() if queue), default=None)
        return None if due is None else min(due, self._urgent_at + _CALM)

    def take(self, *, everything: bool) -> list[AnyTask]:
        """What should be written now; empty when all can wait."""
        if everything:
            return self._pop(*Haste)
        now = time.monotonic()
        quiet, self._quiet = self._quiet, False
        if self._by_haste[Haste.URGENT]:
            self._quiet, self._urgent_at = True, now
            riders = self._by_haste[Haste.RIDER]
            return self._pop(Haste.URGENT, *((Haste.RIDER,) if riders and riders[0].due <= now else ()))
        return self._pop(*(haste for haste in Haste if self._ripe(haste, now, quiet)))

    def _ripe(self, haste: Haste, now: float, quiet: bool) -> bool:
        queue = self._by_haste[haste]
        if not queue:
            return False
        if quiet and haste is Haste.RIDER:
            return True  # the lines are on the air now
        soon = haste.value / 2 if quiet else 0.0
        return now - self._urgent_at >= _CALM or queue[0].due - soon <= now

    def _pop(self, *hastes: Haste) -> list[AnyTask]:
        tasks: list[AnyTask] = []
        for haste in hastes:
            queue = self._by_haste[haste]
            tasks += [queue.popleft() for _ in range(min(len(queue), _MOST - len(tasks)))]
        return tasks


class Writer:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks = _Queues()
        self._changed = threading.Condition()
        self._closing = False
        self._abandon = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-writer", daemon=True)
        self.trouble: DatabaseError | None = None  # why the database refuses now

    def start(self) -> None:
        self._thread.start()

    def post(self, *tasks: AnyTask) -> None:
        """Hand over tasks that shall stand in one transaction; their futures are done after its commit."""
        with self._changed:
            if self._closing and not self._thread.is_alive():
                raise RuntimeError("the writer has ended")
            self._tasks.add(tasks)
            self._changed.notify()

    def ask(self, verb: Verb[I_, R_], item: I_) -> Future[R_]:
        task = Task(verb, item)
        self.post(task)
        return task.future

    def close(self, timeout: float) -> bool:
        """Write what is left and end; False when the database did not let it in time."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)
        self._abandon.set()
        self._thread.join(timeout=5)
        return not len(self._tasks)

    def _run(self) -> None:
        tries = 0
        while tasks := self._take():
            try:
                done = self._commit(tasks)
            except IntegrityBroken:
                self._one_by_one(tasks)
            except DatabaseError as error:
                self._hold_back(tasks, error)
                if self._abandon.wait(_PAUSES[min(tries, len(_PAUSES) - 1)]):
                    return
                tries += 1
                continue
            except Exception:  # noqa: BLE001 - the outermost loop of this thread; one_by_one finds the culprit
                self._one_by_one(tasks)
            else:
                _answer(done)
            tries = 0
            self._recovered()

    def _take(self) -> list[AnyTask]:
        """The next tasks; empty when closing and nothing is left."""
        with self._changed:
            while not (tasks := self._tasks.take(everything=self._closing)) and not self._closing:
                due = self._tasks.next_due()
                self._changed.wait(None if due is None else max(0.0, due - time.monotonic()))
            return tasks

    def _commit(self, tasks: Sequence[AnyTask]) -> list[tuple[AnyTask, Any]]:
        done: list[tuple[AnyTask, Any]] = []
        with self._database.begin(urgent=True) as session:
            for verb, group in _by_verb(tasks):
                results = verb.run(session, [task.item for task in group])
                done += zip(group, results, strict=True)
        return done

    def _hold_back(self, tasks: Iterable[AnyTask], error: DatabaseError) -> None:
        """Facts wait for better times in their order, questions are answered with the trouble."""
        if self.trouble is None:
            log.warning("database refuses: %s", type(error).__name__)
        self.trouble = error
        facts = [task for task in tasks if task.verb.fact]
        with self._changed:
            self._tasks.put_back(facts)
        for task in tasks:
            if not task.verb.fact:
                task.future.set_exception(error)

    def _recovered(self) -> None:
        if self.trouble is not None:
            log.info("database takes writes again")
            self.trouble = None

    def _one_by_one(self, tasks: Iterable[AnyTask]) -> None:
        """Some task cannot be done at all: find it, so that it does not take the others with it."""
        held: list[AnyTask] = []
        trouble: DatabaseError | None = None
        for task in tasks:
            try:
                done = self._commit([task])
            except IntegrityBroken as error:
                log.error("the database refuses %s for good: %s", task.verb.name, error)
                task.future.set_exception(error)
            except DatabaseError as error:
                held.append(task)
                trouble = error
            except Exception as error:
                log.exception("writing %s failed", task.verb.name)
                task.future.set_exception(error)
            else:
                _answer(done)
        if trouble is not None:
            self._hold_back(held, trouble)


def _by_verb(tasks: Sequence[AnyTask]) -> list[tuple[Verb[Any, Any], list[AnyTask]]]:
    groups: dict[Verb[Any, Any], list[AnyTask]] = {}
    for task in tasks:
        groups.setdefault(task.verb, []).append(task)
    return sorted(groups.items(), key=lambda group: group[0].order)


def _answer(done: Iterable[tuple[AnyTask, Any]]) -> None:
    for task, result in done:
        if task.future.set_running_or_notify_cancel():
            task.future.set_result(result)
