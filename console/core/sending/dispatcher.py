"""The dispatcher: takes approved messages out of the house, over every line at once, until it is told to stop.

Threads: one a line that sends, one a line that receives, one writer, one that claims, one that keeps house, and this
one, which beats and looks after the lines. What it was doing stands in the database only; started again, it goes on
from there.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from console.core import paths
from console.core.clock import Clock
from console.core.compliance.policy import Policy
from console.core.compliance.recheck import ToCheck, recheck
from console.core.compliance.rules import Verdict
from console.core.compliance.versions import policy_at
from console.core.context import SYSTEM, Context
from console.core.errors import UserError
from console.core.sending.feeder import Check, Feeder
from console.core.sending.finding import Find, find_modem
from console.core.sending.housekeeper import Housekeeper
from console.core.sending.integrity import SECRET_NAME
from console.core.sending.line import LineThread, OpenTransport, Shop
from console.core.sending.machine import host_name, mark_machine
from console.core.sending.outcomes import Retries
from console.core.sending.restored import Witness, settle
from console.core.sending.seals import adopt
from console.core.sending.steps import Steps
from console.core.sending.writer import Writer
from console.core.settings import Settings
from db import outbox_lines
from db.engine import Database
from db.errors import DatabaseError

log = logging.getLogger(__name__)

_TICK = 0.5  # seconds between two looks at the lines
_BEAT = 2.0  # seconds between two signs of life
_BEAT_TIMEOUT = 60.0
_WITNESS = 30.0  # seconds between two entries in what this computer remembers of the database
_HANGING = timedelta(minutes=5)  # a submission that takes longer never ends by itself
_CLOSING = 30.0  # seconds for the last writes


class Dispatcher:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        pid: int,
        open_transport: OpenTransport,
        host: str = "",
        machine: str = "",
        find_modem: Find = find_modem,
        policy: Policy | None = None,
        check: Check | None = None,
    ) -> None:
        self.run_id = f"{(host or host_name())[:40]}-{pid}-{secrets.token_hex(4)}"[:64]
        self._database = database
        self._clock = clock
        self._pid = pid
        self._host = host or host_name()
        self._machine = machine or mark_machine()
        self._follows_rules = policy is None
        with database.read() as session:
            settings = Settings.load(session)
            policy = policy or policy_at(session, clock.now())
        self._steps = Steps(self.run_id, clock, database.secret(SECRET_NAME), policy)
        self._steps.lease = timedelta(seconds=settings.integer("sending.lease_seconds"))
        self._writer = Writer(database)
        self._feeder = Feeder(database, self._writer, self._steps, clock, check or self._check)
        ctx = Context(database=database, clock=clock, actor=SYSTEM, settings=settings)
        self._housekeeper = Housekeeper(ctx, self._writer, self._steps, self._machine)
        self._shop = Shop(
            database=database,
            writer=self._writer,
            steps=self._steps,
            clock=clock,
            open_transport=open_transport,
            find_modem=find_modem,
            retries=self._retries,
            hungry=self._feeder.hungry,
        )
        self.buried = False  # it stopped because others took it for dead, not because it was asked to
        self._file = _file_of(database)
        self._witness = Witness(paths.data_folder(), database, self._machine)
        self._witnessed_at = -_WITNESS
        self._stopping = threading.Event()
        self._lines: dict[int, LineThread] = {}

    @property
    def policy(self) -> Policy:
        """The rules that hold."""
        return self._steps.policy

    def follow_rules(self) -> None:
        """A version of the rules that has come into force holds from here on."""
        if not self._follows_rules:
            return
        try:
            with self._database.read() as session:
                found = policy_at(session, self._clock.now())
        except UserError as error:
            log.error("the rules in force can not be read, those before stay: %s", type(error).__name__)
            return
        if found is not self._steps.policy:
            log.info("version %d of the rules holds", found.version)
            self._steps.policy = found

    def stop(self) -> None:
        """Finish what is on the air and end; may be called from a signal handler or another thread."""
        self._stopping.set()

    def run(self) -> None:
        """Until ``stop``, or until somebody asks for it in the database. Raises DatabaseError at the start only."""
        settle(self._housekeeper.ctx, self._witness)
        with self._database.begin() as session:
            outbox_lines.start_run(
                session,
                self.run_id,
                host=self._host,
                machine=self._machine,
                pid=self._pid,
                now=self._clock.now(),
            )
        adopt(self._database, self._database.secret(SECRET_NAME))
        self._housekeeper.recover()
        log.info("dispatcher %s started", self.run_id)
        self._writer.start()
        self._feeder.start()
        self._housekeeper.start()
        try:
            self._look_after()
        finally:
            self._wind_up()

    def _look_after(self) -> None:
        beat_at = 0.0
        while not self._stopping.is_set():
            try:
                if time.monotonic() >= beat_at:
                    self._beat()
                    self.follow_rules()
                    beat_at = time.monotonic() + _BEAT
                self._match_lines()
            except (DatabaseError, TimeoutError) as error:
                log.warning("the lines cannot be looked after: %s", type(error).__name__)
            self._free_hanging()
            self._stopping.wait(_TICK)

    def _beat(self) -> None:
        if _file_of(self._database) != self._file:
            # What is written now is lost, and whoever works on the file that stands there would send it all again.
            log.error("the database was removed or replaced by another file: sending ends")
            self._stopping.set()
            return
        now = self._clock.now()
        holding = {line_id: line for line_id, line in self._lines.items() if line.holds_device()}
        pulse = self._writer.ask(self._steps.beat, None).result(_BEAT_TIMEOUT)
        if time.monotonic() - self._witnessed_at >= _WITNESS:
            self._witness.write(now)
            self._witnessed_at = time.monotonic()
        if pulse.stop_requested or pulse.buried:
            log.info("asked to stop" if pulse.stop_requested else "taken for dead by another dispatcher")
            self.buried = pulse.buried
            self._stopping.set()
        for line_id, line in holding.items():
            if line.holds_device() and line_id not in pulse.lines:
                log.warning("line %d is held by another dispatcher", line_id)
                line.abandon_device()

    def _check(self, session: Session, claimed: Sequence[ToCheck], now: datetime) -> dict[int, Verdict]:
        return recheck(session, claimed, self._steps.policy, now)

    def _match_lines(self) -> None:
        """One thread for each line that is switched on, as it is set up now."""
        with self._database.read() as session:
            wanted = {line.line_id: line for line in outbox_lines.lines(session) if line.enabled}
        for line_id, thread in list(self._lines.items()):
            if thread.line != wanted.get(line_id):
                thread.stop()
            if thread.join(0):
                del self._lines[line_id]
        for line_id, line in wanted.items():
            if line_id not in self._lines:
                self._lines[line_id] = LineThread(line, self._shop)
                self._lines[line_id].start()
        self._feeder.serve(list(self._lines.values()))

    def _free_hanging(self) -> None:
        now = self._clock.now()
        for line_id, line in self._lines.items():
            since = line.busy_since()
            if since is not None and now - since > _HANGING:
                log.error("line %d hangs; its device is closed", line_id)
                line.abandon_device()

    def _wind_up(self) -> None:
        self._feeder.stop()
        self._housekeeper.stop()
        for line in self._lines.values():
            line.stop()
        while not all(line.join(_BEAT) for line in list(self._lines.values())):
            self._free_hanging()
            try:
                self._writer.ask(self._steps.beat, None).result(_BEAT_TIMEOUT)
            except (DatabaseError, TimeoutError) as error:
                log.warning("no sign of life while stopping: %s", type(error).__name__)
        self._feeder.join(_CLOSING)
        self._housekeeper.join(_CLOSING)
        if not self._writer.close(_CLOSING):
            log.error("the last results could not be written; they will be unknown")
            return
        with self._database.begin() as session:
            outbox_lines.switch_off_lines(session, self.run_id)
            outbox_lines.end_run(session, self.run_id, self._clock.now())
        log.info("dispatcher %s stopped", self.run_id)

    def _retries(self) -> Retries:
        settings = self._housekeeper.ctx.settings
        return Retries(
            max_attempts=settings.integer("sending.max_attempts"),
            first_wait=timedelta(seconds=settings.integer("sending.retry_seconds")),
        )


def _file_of(database: Database) -> tuple[int, int] | None:
    """Which file stands at the place of an embedded database; None for none."""
    try:
        found = database.path.stat() if database.path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)
