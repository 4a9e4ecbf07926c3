"""Beside the sending: runs of series are made and put before the checkers when their time has come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from console.core.campaigns.series_runs import prepare_due
from console.core.context import Context
from console.core.errors import UserError
from db.errors import DatabaseError

log = logging.getLogger(__name__)

_EVERY = 15.0  # seconds


class _Stopped(Exception):
    """The dispatcher ends; what is half prepared is thrown away and made again."""


class Preparer:
    def __init__(self, ctx: Callable[[], Context]) -> None:
        self._ctx = ctx
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preparer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self, timeout: float) -> None:
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for made in prepare_due(self._ctx(), progress=self._watch):
                    log.info("series %d, %s: %s", made.series_id, made.due_on, made.state.value)
            except _Stopped:
                return
            except (DatabaseError, UserError) as error:
                log.warning("preparing has to wait: %s", type(error).__name__)
            except Exception:  # the outermost loop of this thread
                log.exception("preparing failed")
            self._stopping.wait(_EVERY)

    def _watch(self, _done: int, _total: int) -> None:
        if self._stopping.is_set():
            raise _Stopped
