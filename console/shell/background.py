"""One piece of work at a time off the GUI thread, for windows that stand outside the main one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from console.core.errors import UserError

T_ = TypeVar("T_")


class Background(QObject):
    """Results come back on the GUI thread. What is no UserError is raised there: the exception hook shows it."""

    busy_changed = Signal(bool)
    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[UserError], None] | None = None
        self._ended.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        return self._done is not None

    def run(self, work: Callable[[], T_], done: Callable[[T_], None], failed: Callable[[UserError], None]) -> None:
        """A second piece of work while the first is running is not begun."""
        if self.busy:
            return
        self._done, self._failed = done, failed
        self.busy_changed.emit(True)
        self._executor.submit(work).add_done_callback(self._ended.emit)

    def _finish(self, future: Future[Any]) -> None:
        done, failed = self._done, self._failed
        self._done = self._failed = None
        self.busy_changed.emit(False)
        if done is None or failed is None:
            return
        error = future.exception()
        if error is None:
            done(future.result())
            return
        # loaded when something failed: it knows the errors of the database layer, which takes long to load
        trouble: UserError | None = import_module("console.core.trouble").as_user_error(error)
        if trouble is None:
            raise error
        failed(trouble)

    def close(self) -> None:
        self._executor.shutdown(wait=True)
