"""Keeps the lines supplied: claims a little for each, and lets the rules look at it once more before it may leave."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from console.core.clock import Clock
from console.core.compliance.recheck import ToCheck
from console.core.compliance.rules import Verdict
from console.core.sending.alarms import Alarm
from console.core.sending.line import LineThread
from console.core.sending.steps import Steps, Verdicts
from console.core.sending.timepiece import doubt
from console.core.sending.writer import Task, Writer
from db import outbox
from db.engine import Database
from db.errors import DatabaseError
from db.models import BatchKind, DiscrepancyKind
from db.outbox import ClaimAsk, Claimed

log = logging.getLogger(__name__)

CHUNK = 50  # messages claimed for one line at most
_IDLE = 0.5  # seconds between two looks at an outbox where nothing waits
_TIMEOUT = 60.0

Check = Callable[[Session, Sequence[ToCheck], datetime], dict[int, Verdict]]


class Feeder:
    def __init__(self, database: Database, writer: Writer, steps: Steps, clock: Clock, check: Check) -> None:
        self._database = database
        self._writer = writer
        self._steps = steps
        self._clock = clock
        self._check = check
        self._lines: tuple[LineThread, ...] = ()
        self._hungry = threading.Event()
        self._doubtful = False  # the clock
        self._forgot = False  # the answer to a claim got lost: rows may be held that nobody sends
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def serve(self, lines: Sequence[LineThread]) -> None:
        self._lines = tuple(lines)
        self._hungry.set()

    def hungry(self) -> None:
        self._hungry.set()

    def stop(self) -> None:
        self._stopping.set()
        self._hungry.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._hungry.clear()
            try:
                fed = self._feed()
            except (DatabaseError, TimeoutError) as error:
                log.warning("nothing can be claimed: %s", type(error).__name__)
                fed = False
            except Exception:  # the outermost loop of this thread
                log.exception("claiming failed")
                fed = False
            if fed:
                self._hungry.wait(_IDLE)
            else:
                self._stopping.wait(_IDLE)

    def _feed(self) -> bool:
        """Whether anything was claimed."""
        if not any(line.room(CHUNK) for line in self._lines):
            return True
        with self._database.read() as session:
            now = self._clock.now()
            if self._doubts(session, now):
                return False
            gate = self._steps.releases.at(session, self._steps.policy, now, lock=False)
            waiting = outbox.waiting(session, now, gate)
        asking = shares(waiting, [line for line in self._lines if line.serves()])
        if not asking:
            return False
        if self._forgot:
            held = [message_id for line in self._lines for message_id in line.holds()]
            freed = self._writer.ask(self._steps.free_forgotten, held).result(_TIMEOUT)
            self._forgot = False
            if freed:
                log.warning("%d claims whose answer was lost wait again", freed)
        claims = [Task(self._steps.claim, self._ask(line, room)) for line, room in asking]
        self._writer.post(*claims)
        claimed = self._answers(claims)
        self._hand_out([line for line, _ in asking], claimed)
        return any(claimed)

    def _doubts(self, session: Session, now: datetime) -> bool:
        doubtful = doubt(session, now) is not None
        if doubtful and not self._doubtful:
            log.error("the clock of this computer shows less than the database has seen: nothing leaves")
        self._doubtful = doubtful
        return doubtful

    def _answers(self, claims: Sequence[Task[ClaimAsk, list[Claimed]]]) -> list[list[Claimed]]:
        try:
            return [claim.future.result(_TIMEOUT) for claim in claims]
        except BaseException:
            self._forgot = True
            for claim in claims:  # one that is answered all the same, or later, would stay with a run that forgot it
                claim.future.add_done_callback(self._forget)
            raise

    def _forget(self, claim: Future[list[Claimed]]) -> None:
        if claim.exception() is None and claim.result():
            self._give_back(claim.result())

    def _ask(self, line: LineThread, room: int) -> ClaimAsk:
        until = self._clock.now() + self._steps.lease
        return ClaimAsk(
            run=self._steps.run, line_id=line.line.line_id, limit=room, lease_until=until, scope=line.scope()
        )

    def _hand_out(self, lines: Sequence[LineThread], claimed: Sequence[Sequence[Claimed]]) -> None:
        everything = [message for messages in claimed for message in messages]
        if not everything:
            return
        handed = False
        try:
            allowed = self._allowed(everything)
            handed = True
        finally:
            if not handed:
                self._give_back(everything)
        for line, messages in zip(lines, claimed, strict=True):
            good = [message for message in messages if message.message_id in allowed]
            if good and not line.feed(good):
                self._give_back(good)

    def _allowed(self, messages: Sequence[Claimed]) -> set[int]:
        """Ids of those that may leave now; the others are put off or suppressed, or their alarm is raised."""
        sound = [message for message in messages if self._steps.fits(message)]
        for tampered in set(messages) - set(sound):
            log.error("message %d is not the approved one and was not sent", tampered.message_id)
            self._writer.post(Task(self._steps.alarm, Alarm.of(tampered, DiscrepancyKind.MESSAGE)))
        now = self._clock.now()
        with self._database.read() as session:
            verdicts = self._check(session, [_to_check(message) for message in sound], now)
        hindered = {key: verdict for key, verdict in verdicts.items() if not verdict.allowed}
        if hindered:
            self._writer.post(Task(self._steps.verdicts, _as_rows(hindered)))
        return {message.message_id for message in sound} - hindered.keys()

    def _give_back(self, messages: Sequence[Claimed]) -> None:
        self._writer.post(Task(self._steps.give_back, [message.message_id for message in messages]))


def shares(waiting: int, lines: Sequence[LineThread]) -> list[tuple[LineThread, int]]:
    """Who claims how much: the first rank first, in it the emptiest line; a later rank gets what is left over."""
    asking: list[tuple[LineThread, int]] = []
    for _, rank in groupby(sorted(lines, key=_rank), key=_rank):
        peers = sorted(rank, key=lambda line: line.held())
        chunk = fair_share(waiting, len(peers))
        rooms = [(line, room) for line in peers if waiting > 0 and (room := line.room(chunk))]
        asking += rooms
        waiting -= sum(room for _, room in rooms)
    return asking


def _rank(line: LineThread) -> int:
    return line.line.priority


def fair_share(waiting: int, lines: int) -> int:
    """How much one line may hold, so that the last hundred messages do not queue up on one modem."""
    return CHUNK if lines < 2 else max(2, min(CHUNK, -(-waiting // (2 * lines))))


def _to_check(message: Claimed) -> ToCheck:
    return ToCheck(
        message_id=message.message_id,
        batch_id=message.batch_id,
        customer_id=message.customer_id,
        loan_id=message.loan_id,
        phone=message.phone,
        class_key=message.class_key,
        kind=message.kind,
        told_amount=message.told_amount,
        told_due=message.told_due,
        body=message.body if message.kind is BatchKind.CAMPAIGN else "",
    )


def _as_rows(verdicts: dict[int, Verdict]) -> Verdicts:
    told = {
        key: (verdict.rule[:64], verdict.reason.dump() if verdict.reason else "") for key, verdict in verdicts.items()
    }
    return Verdicts(
        put_off=[(key, v.retry_at, *told[key]) for key, v in verdicts.items() if v.retry_at is not None],
        suppressed=[(key, *told[key]) for key, v in verdicts.items() if v.retry_at is None],
    )
