"""Work off the GUI thread: one serial executor for the database, a small pool for long work.

Results come back by a queued signal, on the GUI thread. A result whose owner is gone, or which a newer query with
the same key has overtaken, is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Event
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from console.core.context import Context
from console.core.errors import UserError
from console.core.stopping import Stop, Stopped
from console.core.trouble import as_user_error
from console.shell.notices import Notices

T_ = TypeVar("T_")
Failed = Callable[[UserError], None]
LONG_WORKERS = 3
REPORT_EVERY = 0.1  # seconds between two reports of progress to the screen


class Cancelled(Exception):
    """The person cancelled the task; raised by ``Progress.update``."""


class TaskState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Task(QObject):
    """A long piece of work that the status bar shows."""

    changed = Signal()

    def __init__(self, title: str, cancellable: bool) -> None:
        super().__init__()
        self.title = title
        self.cancellable = cancellable
        self.state = TaskState.WAITING
        self.done = 0
        self.total = 0  # 0: not known
        self.text = ""
        self.started = time.monotonic()
        self._cancel = Event()

    @property
    def cancelling(self) -> bool:
        return self.cancellable and self._cancel.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the rate so far; None while there is too little to go by."""
        elapsed = time.monotonic() - self.started
        if not self.total or not self.done or elapsed < 1:
            return None
        return elapsed * (self.total - self.done) / self.done

    def cancel(self) -> None:
        if self.cancellable:
            self._cancel.set()
            self.changed.emit()


class Progress:
    """What the work itself holds: it reports, and learns that it was cancelled."""

    def __init__(self, task: Task, report: Callable[[Task, int, int, str], None]) -> None:
        self._task = task
        self._report = report
        self._last = 0.0

    def update(self, done: int, total: int, text: str = "") -> None:
        """Raises Cancelled when the person cancelled. ``total`` 0 where it is not known."""
        if self._task.cancelling:
            raise Cancelled
        now = time.monotonic()
        if now - self._last >= REPORT_EVERY or (total and done >= total):
            self._last = now
            self._report(self._task, done, total, text)

    def __call__(self, done: int, total: int, text: str = "") -> None:
        self.update(done, total, text)

    def decided(self) -> None:
        """From here on the work goes to its end, and ``update`` does not raise any more."""
        self._task.cancellable = False


@dataclass(eq=False)
class _Job:
    """One piece of work on its way; ``owner`` None lives as long as the program."""

    owner: QObject | None
    key: tuple[int, str] | None
    done: Callable[[Any], None] | None
    failed: Failed | None
    task: Task | None = None
    stop: Stop | None = None


class Tasks(QObject):
    started = Signal(object)  # Task
    finished = Signal(object)  # Task
    crashed = Signal(object)  # BaseException: a bug, for the crash dialog
    idle_changed = Signal()
    _ended = Signal(object, object)  # _Job, Future
    _reported = Signal(object, int, int, str)

    def __init__(self, ctx: Callable[[], Context], notices: Notices, parent: QObject | None = None) -> None:
        """``ctx`` is asked for each piece of work: settings may have changed since the last."""
        super().__init__(parent)
        self._ctx = ctx
        self._notices = notices
        self._database = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._aside = ThreadPoolExecutor(2, thread_name_prefix="aside")
        self._stopper = ThreadPoolExecutor(1, thread_name_prefix="stopper")
        self._pool = ThreadPoolExecutor(LONG_WORKERS, thread_name_prefix="work")
        self._newest: dict[tuple[int, str], _Job] = {}
        self._open: dict[_Job, Future[Any]] = {}
        self._closed = False
        self._ended.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        self._reported.connect(self._progress, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> list[Task]:
        return [job.task for job in self._open if job.task is not None]

    @property
    def idle(self) -> bool:
        return not self._open

    def query(
        self,
        work: Callable[[Context], T_],
        done: Callable[[T_], None] | None = None,
        *,
        owner: QObject | None,
        failed: Failed | None = None,
        key: str = "",
        aside: bool = False,
    ) -> None:
        """Short work on the database, one after another. With ``key`` a newer query of the same owner overtakes.

        What is overtaken while it reads (``Context.reading``) is stopped. ``aside``: what takes a second or two, beside
        the rest, so that nothing on the screen waits for it.
        """
        job = _Job(owner, (id(owner), key) if key else None, done, failed, stop=Stop())
        if job.key is not None:
            self.give_up(owner, key)
            self._newest[job.key] = job
        self._start(self._aside if aside else self._database, job, work, replace(self._ctx(), stop=job.stop))

    def give_up(self, owner: QObject | None, key: str) -> None:
        """Nobody waits for the newest query with this key any more: it is stopped, and what it found is dropped."""
        overtaken = self._newest.pop((id(owner), key), None)
        if overtaken is not None and overtaken in self._open and not self._closed:
            self._open[overtaken].cancel()
            if overtaken.stop is not None:
                self._stopper.submit(overtaken.stop.stop)

    def run(
        self,
        title: str,
        work: Callable[[Context, Progress], T_],
        done: Callable[[T_], None] | None = None,
        *,
        owner: QObject | None,
        failed: Failed | None = None,
        cancellable: bool = True,
    ) -> Task:
        """Long work beside everything else, shown in the status bar. It ends even when its owner is gone."""
        task = Task(title, cancellable)
        job = _Job(owner, None, done, failed, task)
        progress = Progress(task, self._reported.emit)

        def begin(ctx: Context) -> T_:
            progress.update(0, 0)
            return work(ctx, progress)

        self._start(self._pool, job, begin, self._ctx())
        self.started.emit(task)
        return task

    def _start(self, executor: ThreadPoolExecutor, job: _Job, work: Callable[[Context], Any], ctx: Context) -> None:
        if self._closed:
            return
        future = executor.submit(work, ctx)
        self._open[job] = future
        future.add_done_callback(lambda ended: self._ended.emit(job, ended))

    def _progress(self, task: Task, done: int, total: int, text: str) -> None:
        if task.state in (TaskState.WAITING, TaskState.RUNNING):
            task.state = TaskState.RUNNING
            task.done, task.total, task.text = done, total, text
            task.changed.emit()

    def _finish(self, job: _Job, future: Future[Any]) -> None:
        self._open.pop(job, None)
        wanted = job.owner is None or isValid(job.owner)
        if job.key is not None:
            if self._newest.get(job.key) is job:
                del self._newest[job.key]
            else:
                wanted = False
        try:
            self._settle(job, future, wanted)
        finally:
            if self.idle:
                self.idle_changed.emit()

    def _settle(self, job: _Job, future: Future[Any], wanted: bool) -> None:
        error = CancelledError() if future.cancelled() else future.exception()
        self._close_task(job.task, error)
        if error is None:
            if wanted and job.done is not None:
                job.done(future.result())
        elif not isinstance(error, Cancelled | CancelledError | Stopped):
            self._tell(job, error, wanted)

    def _close_task(self, task: Task | None, error: BaseException | None) -> None:
        if task is None:
            return
        if error is None:
            task.state = TaskState.DONE
        else:
            task.state = TaskState.CANCELLED if isinstance(error, Cancelled | CancelledError) else TaskState.FAILED
        task.changed.emit()
        self.finished.emit(task)

    def _tell(self, job: _Job, error: BaseException, wanted: bool) -> None:
        trouble = as_user_error(error)
        if trouble is None:
            self.crashed.emit(error)
        elif wanted and job.failed is not None:
            job.failed(trouble)
        elif wanted or job.task is not None:
            self._notices.error(trouble)

    def close(self) -> None:
        """Drop what has not begun, ask long work to stop where it may, and wait for what runs."""
        self._closed = True
        for task in self.running:
            task.cancel()
        for job in list(self._open):
            if job.stop is not None:
                self._stopper.submit(job.stop.stop)
        for executor in (self._database, self._aside, self._pool, self._stopper):
            executor.shutdown(wait=True, cancel_futures=True)
        self._open.clear()
