from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console.core.sending.writer import Haste, Task, Verb, Writer
from db.engine import Database
from db.errors import DatabaseBusy, IntegrityBroken
from db.models import Line


@pytest.fixture
def writer(house: Any) -> Iterator[Writer]:
    writer = Writer(house.database)
    writer.start()
    yield writer
    assert writer.close(10)


@pytest.fixture
def line(house: Any) -> int:
    return int(house.line())


class Notes:
    """A verb that notes on line 1 what it was given, and counts its calls."""

    def __init__(self, name: str, order: int, *, fact: bool = True, haste: Haste = Haste.URGENT) -> None:
        self.calls: list[list[str]] = []
        self.verb: Verb[str, str] = Verb(name, order, fact, self._run, haste)

    def _run(self, session: Session, items: Sequence[str]) -> list[str]:
        self.calls.append(list(items))
        for item in items:
            if item == "bug":
                raise ZeroDivisionError
            if item == "twice":
                session.add(Line(name="A", address="", created_at=session.scalars(select(Line.created_at)).one()))
                session.flush()
        before = session.scalars(select(Line.fault_text)).one()
        session.execute(update(Line).values(fault_text=before + "".join(items)))
        return [item.upper() for item in items]


def noted(house: Any) -> str:
    return str(house.all(Line)[0].fault_text)


def test_the_answer_comes_after_the_commit(house: Any, writer: Writer, line: int) -> None:
    notes = Notes("note", 1)
    seen: list[str] = []
    task = Task(notes.verb, "a")
    done = threading.Event()
    task.future.add_done_callback(lambda _: (seen.append(noted(house)), done.set()))
    writer.post(task)
    assert task.future.result(10) == "A"
    assert done.wait(10)
    assert seen == ["a"]


def test_what_is_posted_together_stands_in_one_transaction_facts_first(house: Any, writer: Writer, line: int) -> None:
    first, second = Notes("first", 1), Notes("second", 2)
    tasks = [Task(second.verb, "c"), Task(first.verb, "a"), Task(first.verb, "b")]
    writer.post(*tasks)
    assert [task.future.result(10) for task in tasks] == ["C", "A", "B"]
    assert noted(house) == "abc"
    assert first.calls == [["a", "b"]]


@pytest.mark.expects_log("writing note failed")
def test_one_that_cannot_be_done_does_not_take_the_others_with_it(house: Any, writer: Writer, line: int) -> None:
    notes = Notes("note", 1)
    tasks = [Task(notes.verb, item) for item in ("a", "bug", "b")]
    writer.post(*tasks)
    assert (tasks[0].future.result(10), tasks[2].future.result(10)) == ("A", "B")
    with pytest.raises(ZeroDivisionError):
        tasks[1].future.result(10)
    assert noted(house) == "ab"


@pytest.mark.expects_log("refuses note for good")
def test_a_broken_constraint_is_told_and_not_tried_for_ever(house: Any, writer: Writer, line: int) -> None:
    notes = Notes("note", 1)
    with pytest.raises(IntegrityBroken):
        writer.ask(notes.verb, "twice").result(10)
    assert writer.ask(notes.verb, "a").result(10) == "A"


@pytest.mark.expects_log("database refuses: DatabaseBusy")
def test_facts_wait_for_the_database_and_questions_do_not(sqlite_database: Database, clock: Any) -> None:
    with sqlite_database.begin() as session:
        session.add(Line(name="A", address="", created_at=clock.now()))
    impatient = Database.open(sqlite_database.url, key=sqlite_database.key, patience=0.05)
    writer = Writer(impatient)
    fact, question = Notes("fact", 1), Notes("question", 2, fact=False)
    told, asked = Task(fact.verb, "a"), Task(question.verb, "b")
    with sqlite_database.begin():
        writer.start()
        writer.post(told, asked)
        with pytest.raises(DatabaseBusy):
            asked.future.result(10)
        assert not told.future.done()
    assert told.future.result(10) == "A"
    assert writer.close(10)
    assert writer.trouble is None
    impatient.close()


def test_closing_writes_what_is_left(house: Any, line: int) -> None:
    writer = Writer(house.database)
    lazy = Notes("lazy", 1, haste=Haste.LAZY)
    task = Task(lazy.verb, "a")
    writer.post(task)
    writer.start()
    assert writer.close(10)
    assert task.future.result(0) == "A"
    with pytest.raises(RuntimeError):
        writer.post(Task(lazy.verb, "b"))


def test_riders_go_with_the_next_urgent_one_and_the_lazy_stay_behind(house: Any, line: int) -> None:
    writer = Writer(house.database)
    urgent, rider, lazy = (Notes(haste.name, 1, haste=haste) for haste in (Haste.URGENT, Haste.RIDER, Haste.LAZY))
    order: list[str] = []
    tasks = [Task(lazy.verb, "l"), Task(rider.verb, "r"), Task(urgent.verb, "u")]
    for task in tasks:
        task.future.add_done_callback(lambda done: order.append(done.result()))
    writer.post(*tasks)
    writer.start()
    tasks[0].future.result(10)
    assert writer.close(10)
    assert sorted(order[:2]) == ["R", "U"]
    assert order[2] == "L"
