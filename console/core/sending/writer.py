"""The one thread that writes to the outbox while sending: many steps in one transaction, answers after its commit.

A task is a *fact* (something that has happened and must be written down, however long the database is out of reach)
or a question (something that may only happen once it is durable, and fails when the database does).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from db.engine import Database
from db.errors import DatabaseError, IntegrityBroken

log = logging.getLogger(__name__)

I_ = TypeVar("I_")
R_ = TypeVar("R_")

_MOST = 500  # tasks in one transaction
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)  # seconds between two tries while the database refuses


@dataclass(frozen=True, eq=False)
class Verb(Generic[I_, R_]):
    """What to do with many items at once; in one transaction verbs run by ``order``."""

    name: str
    order: int
    fact: bool
    run: Callable[[Session, Sequence[I_]], Sequence[R_]]


class Task(Generic[I_, R_]):
    def __init__(self, verb: Verb[I_, R_], item: I_) -> None:
        self.verb = verb
        self.item = item
        self.future: Future[R_] = Future()


AnyTask = Task[Any, Any]


class Writer:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks: deque[AnyTask] = deque()
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
            self._tasks.extend(tasks)
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
        return not self._tasks

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
            self._changed.wait_for(lambda: self._tasks or self._closing)
            return [self._tasks.popleft() for _ in range(min(len(self._tasks), _MOST))]

    def _commit(self, tasks: Sequence[AnyTask]) -> list[tuple[AnyTask, Any]]:
        done: list[tuple[AnyTask, Any]] = []
        with self._database.begin() as session:
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
            self._tasks.extendleft(reversed(facts))
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
