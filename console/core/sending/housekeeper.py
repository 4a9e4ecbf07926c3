"""Beside the sending: what dead dispatchers left, what decisions and time made of batches, reports without a match."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import timedelta

from console.core.campaigns.housekeeping import tidy
from console.core.context import Context
from console.core.processes import is_alive
from console.core.protection.retention import run_daily
from console.core.sending.causes import explain
from console.core.sending.preparer import Preparer
from console.core.sending.reconcile import run_nightly, watch
from console.core.sending.steps import Steps
from console.core.sending.writer import Writer
from console.core.settings import Settings
from db import outbox_lines, outbox_recovery
from db.errors import DatabaseError

log = logging.getLogger(__name__)

_EVERY = 2.0  # seconds
_MATCH_EVERY = 30.0
_WATCH_EVERY = 20.0  # between two looks whether the open batches are as they were approved
_KEEP_EVERY = 600.0  # between two looks whether a day has passed since old records went
_KEEP_FIRST = 60.0  # after the start, which has more urgent things to do
_TIMEOUT = 60.0


class Housekeeper:
    def __init__(self, ctx: Context, writer: Writer, steps: Steps, machine: str) -> None:
        self.ctx = ctx  # its settings are read again now and then
        self._writer = writer
        self._steps = steps
        self._machine = machine
        self._stopping = threading.Event()
        self._preparer = Preparer(lambda: self.ctx)  # by itself: freezing a large campaign takes minutes
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._preparer.start()

    def stop(self) -> None:
        self._stopping.set()
        self._preparer.stop()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)
        self._preparer.join(timeout)

    def recover(self) -> int:
        """Free what dead dispatchers hold; how many messages that were being sent are of unknown outcome now."""
        now = self.ctx.clock.now()
        with self.ctx.database.read() as session:
            dead = outbox_lines.dead_runs(
                session,
                own=self._steps.run,
                machine=self._machine,
                silent_since=now - self._steps.lease,
                exists=is_alive,
            )
        with self.ctx.database.begin() as session:
            unknown = outbox_recovery.give_up_sending(
                session, dead, "dispatcher.lost", explain("dispatcher.lost").text.dump()
            )
            freed = outbox_recovery.free_claims(session, dead, now)
            outbox_lines.bury(session, dead, now)
        if dead or freed:
            log.info("%d dispatchers were gone: %d messages freed, %d unknown", len(dead), freed, unknown)
        return unknown

    def _run(self) -> None:
        matched_at, watch_at, keep_at = 0.0, 0.0, time.monotonic() + _KEEP_FIRST
        while not self._stopping.is_set():
            try:
                lost = self.recover()
                tidy(self.ctx)
                if lost or time.monotonic() - matched_at > _MATCH_EVERY:
                    self._match_again()
                    self._refresh_settings()
                    matched_at = time.monotonic()
                if time.monotonic() > watch_at:
                    watch_at = time.monotonic() + _WATCH_EVERY
                    watch(self.ctx)
                if time.monotonic() > keep_at:
                    keep_at = time.monotonic() + _KEEP_EVERY
                    run_daily(self.ctx, self._stopping.is_set)
                    if run_nightly(self.ctx, self._stopping.is_set):
                        log.info("campaigns and lines were reconciled")
            except (DatabaseError, TimeoutError) as error:
                log.warning("housekeeping has to wait: %s", type(error).__name__)
            except Exception:  # the outermost loop of this thread
                log.exception("housekeeping failed")
            self._stopping.wait(_EVERY)

    def _match_again(self) -> None:
        after = -1
        while after and not self._stopping.is_set():
            after = self._writer.ask(self._steps.match_again, after).result(_TIMEOUT)

    def _refresh_settings(self) -> None:
        with self.ctx.database.read() as session:
            self.ctx = replace(self.ctx, settings=Settings.load(session))
        self._steps.lease = timedelta(seconds=self.ctx.settings.integer("sending.lease_seconds"))
