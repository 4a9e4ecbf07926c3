from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest
from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import func, literal, select

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T
from console.shell.notices import Level, Notice, Notices
from console.shell.services import Services
from console.shell.tasks import Progress, Task, Tasks, TaskState
from db.errors import DiskFull


@pytest.fixture
def owner() -> QObject:
    return QObject()


def test_works_elsewhere_and_answers_here(
    services: Services, owner: QObject, qapp: QApplication, settle: Callable[[], None]
) -> None:
    threads: list[object] = []
    services.tasks.query(
        lambda ctx: (threads.append(QThread.currentThread()), ctx.actor.login)[1],
        lambda login: threads.extend([QThread.currentThread(), login]),
        owner=owner,
    )
    settle()
    assert threads[0] is not qapp.thread()
    assert threads[1:] == [qapp.thread(), "officer"]


def test_queries_run_one_after_another(services: Services, owner: QObject, settle: Callable[[], None]) -> None:
    order: list[int] = []
    for number in range(20):
        services.tasks.query(lambda ctx, n=number: order.append(n), owner=owner)  # type: ignore[misc]
    settle()
    assert order == list(range(20))


def test_a_newer_query_overtakes(services: Services, owner: QObject, settle: Callable[[], None]) -> None:
    gate = Event()
    told: list[str] = []
    services.tasks.query(lambda ctx: gate.wait(5), owner=owner)
    for text in ("a", "ab", "abc"):
        services.tasks.query(lambda ctx, t=text: t, told.append, owner=owner, key="search")  # type: ignore[misc]
    gate.set()
    settle()
    assert told == ["abc"]


def test_a_result_without_owner_is_dropped(services: Services, settle: Callable[[], None]) -> None:
    import shiboken6

    gate = Event()
    told: list[object] = []
    gone = QObject()
    services.tasks.query(lambda ctx: gate.wait(5), told.append, owner=gone)
    shiboken6.delete(gone)
    gate.set()
    settle()
    assert told == []


def test_errors_of_people_and_disks_become_notices(
    services: Services, owner: QObject, notices: list[Notice], settle: Callable[[], None]
) -> None:
    def refuse(ctx: Context) -> None:
        raise UserError(T("No such file."), T("Choose another."))

    def full(ctx: Context) -> None:
        raise DiskFull("disk I/O")

    services.tasks.query(refuse, owner=owner)
    services.tasks.query(full, owner=owner)
    settle()
    assert [(n.level, n.text) for n in notices] == [(Level.BAD, "No such file."), (Level.BAD, "The disk is full.")]


def test_the_caller_may_tell_an_error_itself(
    services: Services, owner: QObject, notices: list[Notice], settle: Callable[[], None]
) -> None:
    told: list[UserError] = []

    def refuse(ctx: Context) -> None:
        raise UserError(T("No such file."))

    services.tasks.query(refuse, owner=owner, failed=told.append)
    settle()
    assert len(told) == 1
    assert notices == []


@pytest.fixture
def bare(ctx: Context) -> Iterator[Tasks]:
    tasks = Tasks(lambda: ctx, Notices())
    yield tasks
    tasks.close()


def test_a_bug_is_a_crash(bare: Tasks, owner: QObject, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bare.crashed) as crashed:
        bare.query(lambda ctx: 1 // 0, owner=owner)
    assert isinstance(crashed.args[0], ZeroDivisionError)


def test_progress_and_cancel(bare: Tasks, owner: QObject, qtbot: QtBot) -> None:
    seen: list[Task] = []
    bare.started.connect(seen.append)

    def count(ctx: Context, progress: Progress) -> None:
        for number in range(10**9):
            progress.update(number, 10**9, "counting")

    task = bare.run("Count", count, owner=owner)
    qtbot.waitUntil(lambda: task.state is TaskState.RUNNING and task.done > 0)
    assert seen == [task]
    assert bare.running == [task]
    task.cancel()
    qtbot.waitUntil(lambda: bare.idle)
    assert task.state is TaskState.CANCELLED


def test_closing_waits_for_running_work(bare: Tasks, owner: QObject, qtbot: QtBot) -> None:
    begun, ended = Event(), Event()

    def work(ctx: Context) -> None:
        begun.set()
        ended.wait(0.2)
        ended.set()

    bare.query(work, owner=owner)
    bare.query(lambda ctx: pytest.fail("must not begin"), owner=owner)
    qtbot.waitUntil(begun.is_set)
    bare.close()
    assert ended.is_set()


def test_what_is_overtaken_while_it_reads_ends_at_once(services: Services, owner: QObject, qtbot: QtBot) -> None:
    begun, told = Event(), list[int]()
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < 10**12))

    def endless(ctx: Context) -> int:
        with ctx.reading() as session:
            begun.set()
            return session.scalar(select(func.count()).select_from(numbers)) or 0

    services.tasks.query(endless, told.append, owner=owner, key="search")
    begun.wait()
    services.tasks.query(lambda ctx: 2, told.append, owner=owner, key="search")
    qtbot.waitUntil(lambda: services.tasks.idle)
    assert told == [2]


def test_slow_reads_go_on_beside_the_others(services: Services, owner: QObject, qtbot: QtBot) -> None:
    gate, told = Event(), list[str]()

    def slow(ctx: Context) -> str:
        gate.wait()
        return "slow"

    services.tasks.query(slow, told.append, owner=owner, aside=True)
    services.tasks.query(lambda ctx: "quick", told.append, owner=owner)
    qtbot.waitUntil(lambda: told == ["quick"])
    gate.set()
    qtbot.waitUntil(lambda: told == ["quick", "slow"])
