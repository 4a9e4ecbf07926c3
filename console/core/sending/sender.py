"""Sends what a line has claimed, one part after the other, and writes down what became of each.

The clearance of a part is asked for before the modem is addressed, together with the acceptance of the part before it:
one transaction, whose commit overlaps with the modem's prompt. The line waits only for its own clearance, and only
at the last moment.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto

from console.core.sending.alarms import Alarm
from console.core.sending.attempt import Attempt, Desk, NotCleared
from console.core.sending.outcomes import Tried, judge, lost_sight, not_sent
from console.core.sending.steps import Barred, OutOfHours
from console.core.sending.trouble import LineTrouble
from console.core.sending.writer import AnyTask, Task
from db import outbox_sending
from db.errors import DatabaseError
from db.models import DiscrepancyKind, MessageState, PartState
from db.outbox import Claimed
from db.outbox_results import Acceptance, Failure
from db.outbox_sending import Cleared, Hindrance
from gsm.encoding import split
from gsm.errors import GsmError, NotSent, Outcome, Scope
from gsm.messages import Accepted, Part

log = logging.getLogger(__name__)

_PART_TRIES = 3  # of a later part, at once: the message has begun to leave
_PART_PAUSE = 2.0  # seconds between them, unless the network asks for more
_LONGEST_PART_PAUSE = 15.0


_ALARMS = {
    Hindrance.TAMPERED: DiscrepancyKind.MESSAGE,
    Hindrance.BATCH: DiscrepancyKind.BATCH,
    Hindrance.PAST: DiscrepancyKind.HISTORY,
}
_PUT_TOGETHER = timedelta(days=3)  # how long phones keep an incomplete message


class _Next(Enum):
    GO_ON = auto()  # the part left
    AGAIN = auto()  # it is proved not to have left, and may be tried at once
    OVER = auto()  # nothing more of this message


class Sender:
    """One open transport, driven by one thread. ``busy_since`` (clock) is set while a part is on its way."""

    def __init__(self, desk: Desk, stopping: threading.Event) -> None:
        self._desk = desk
        self._stopping = stopping
        self._facts: list[AnyTask] = []  # to be written together with the next clearance
        self.busy_since: datetime | None = None
        self._unclear: dict[str, Attempt] = {}  # whose result may still come
        self.on: int | None = None  # id of the message it is at

    def step(self, patience: float) -> bool:
        """Send the next message, or wait up to ``patience`` seconds for one; False if none. Raises LineTrouble."""
        if not self._may_send(patience):
            return False
        self._give_back(self._desk.basket.stale())
        message = self._desk.basket.take(0.0 if self._facts else patience)
        if message is None:
            self.flush()
            return False
        self.on = message.message_id
        try:
            self._send(message)
        finally:
            self.on = None
        return True

    def flush(self) -> None:
        """Write down at once what waits for company."""
        facts, self._facts = self._facts, []
        if facts:
            self._desk.writer.post(*facts)

    def _may_send(self, patience: float) -> bool:
        wait = self._desk.pace.wait()
        if wait > 0:
            self.flush()
            self._stopping.wait(min(wait, patience))
        return self._desk.pace.wait() <= 0 and not self._stopping.is_set()

    def _send(self, message: Claimed) -> None:
        now = self._now()
        if not self._desk.limits.allows(message, now):
            hindered = self._desk.basket.remove(lambda other: not self._desk.limits.allows(other, now))
            self._give_back([message.message_id, *hindered])
            return
        if not self._desk.limits.covers(message.parts, now):
            self._give_back([message.message_id, *self._desk.basket.remove(lambda _: True)])
            return
        try:
            parts = split(message.body, concat_reference=self._joining(message))
        except ValueError as error:
            log.error("message %d cannot be split: %s", message.message_id, error)
            self._post_failure(_unprintable(self._desk.steps.run, message, self._now()))
            return
        if len(parts) != message.parts:
            log.warning("message %d has %d parts, not %d", message.message_id, len(parts), message.parts)
        number: int | None = None
        for part in parts:
            number = self._send_part(message, part, number)
            if number is None:
                return

    def _joining(self, message: Claimed) -> int:
        """What joins the parts on the phone: unlike that of any long message it may still be putting together."""
        first = message.message_id % 256
        if message.parts < 2:
            return first
        desk = self._desk
        try:
            with desk.database.read() as session:
                used = outbox_sending.joined_by(session, desk.line_id, message.phone, self._now() - _PUT_TOGETHER)
        except DatabaseError:
            return first
        return next((reference % 256 for reference in range(first, first + 256) if reference % 256 not in used), first)

    def _send_part(self, message: Claimed, part: Part, number: int | None) -> int | None:
        """The number of the attempt with which it left; None when it did not."""
        for left in reversed(range(1 if number is None else _PART_TRIES)):
            attempt = Attempt(self._desk, message, part, number)
            match self._try(attempt, may_retry=left > 0):
                case _Next.GO_ON:
                    return attempt.cleared.attempt if attempt.cleared else None
                case _Next.OVER:
                    return None
            number = (number or 0) + 1
        return None

    def _try(self, attempt: Attempt, *, may_retry: bool) -> _Next:
        facts, self._facts = self._facts, []
        self._desk.writer.post(*facts, attempt.ask)
        self.busy_since = self._now()
        try:
            accepted = self._desk.transport.submit(attempt.submit, clear_to_send=attempt.clear_to_send)
        except NotCleared:
            return self._hindered(attempt, may_retry=may_retry)
        except GsmError as error:
            return self._failed(attempt, error, may_retry=may_retry)
        except BaseException:
            self._crashed(attempt)
            raise
        finally:
            self.busy_since = None
            self._hear_late()
        self._accepted(attempt, accepted)
        return _Next.GO_ON

    def _hear_late(self) -> None:
        """Write down what the line tells of messages that were given up as unknown."""
        for key, accepted in self._desk.transport.late():
            attempt = self._unclear.pop(key, None)
            if attempt is not None and attempt.cleared is not None:
                log.info("message %d was accepted after all", attempt.message.message_id)
                self._facts += self._acceptance(attempt, attempt.cleared, accepted)

    def _acceptance(self, attempt: Attempt, cleared: Cleared, accepted: Accepted) -> list[AnyTask]:
        part = attempt.part
        fact = Acceptance(
            message_id=attempt.message.message_id,
            part_id=cleared.part_id,
            reference=accepted.reference,
            sender_identity=accepted.sender_identity,
            at=accepted.at,
            last=part.sequence == part.total,
            of_many=part.total > 1,
        )
        steps = self._desk.steps
        return [Task(steps.accepted, fact), Task(steps.match_early, fact.reference)]

    def _accepted(self, attempt: Attempt, accepted: Accepted) -> None:
        desk = self._desk
        if attempt.cleared is None:
            raise AssertionError("a transport accepted a part without leave")
        self._facts += self._acceptance(attempt, attempt.cleared, accepted)
        desk.record.accepted()
        desk.pace.left(1)
        desk.limits.left(1, self._now())

    def _hindered(self, attempt: Attempt, *, may_retry: bool) -> _Next:
        if attempt.hindrance is None:  # the database did not answer in time
            if may_retry:
                attempt.when_known(lambda part_id: self._post_retry(part_id, ""))
                return _Next.AGAIN
            self._write_when_known(attempt, lambda tried: not_sent(tried, "database.busy", self._now()))
            return _Next.OVER
        self._stand_back(attempt.message, attempt.hindrance)
        return _Next.OVER

    def _stand_back(self, message: Claimed, hindrance: Hindrance | OutOfHours | Barred) -> None:
        """The message is back already; what is claimed and would meet the same hindrance follows it."""
        match hindrance:
            case Hindrance.LOST:
                log.warning("message %d is not ours any more", message.message_id)
            case Barred():
                log.info("message %d was suppressed after it had been claimed", message.message_id)
            case Hindrance.LINE:
                raise LineTrouble("line.lost")
            case Hindrance.STOPPED:
                self._empty(lambda _: True)
            case OutOfHours() | Hindrance.CLASS_STOPPED:
                self._empty(lambda other: other.class_key == message.class_key)
            case Hindrance.TAMPERED | Hindrance.BATCH | Hindrance.PAST:
                log.error("message %d is not the approved one and was not sent", message.message_id)
                self._desk.writer.post(Task(self._desk.steps.alarm, Alarm.of(message, _ALARMS[hindrance])))
                self._empty(lambda other: other.batch_id == message.batch_id)
            case _:
                self._empty(lambda other: other.batch_id == message.batch_id)

    def _failed(self, attempt: Attempt, error: GsmError, *, may_retry: bool) -> _Next:
        """Raises LineTrouble when it shows that the line is ill."""
        log.warning("message %d part %d: %s", attempt.message.message_id, attempt.part.sequence, error)
        if attempt.cleared is None and error.outcome is Outcome.UNKNOWN:
            error = NotSent(error.code, error.detail)  # without leave nothing left, whatever else went wrong
        if error.outcome is Outcome.UNKNOWN:
            self._unclear[attempt.submit.key] = attempt
        trouble = self._count(error)
        if may_retry and trouble is None and error.outcome is Outcome.NOT_SENT:
            attempt.when_known(lambda part_id: self._post_retry(part_id, error.code))
            # Half a message has left: even when stopping, its rest is tried before anything else.
            threading.Event().wait(min(error.retry_after or _PART_PAUSE, _LONGEST_PART_PAUSE))
            return _Next.AGAIN
        blame = trouble is not None
        self._write_when_known(
            attempt, lambda tried: judge(tried, error, self._desk.retries(), self._now(), blame_line=blame)
        )
        if trouble is not None:
            raise trouble
        return _Next.OVER

    def _count(self, error: GsmError) -> LineTrouble | None:
        if error.scope is Scope.LINE:
            return LineTrouble.of(error)
        if error.outcome is Outcome.UNKNOWN:
            return self._desk.record.unclear()
        return self._desk.record.not_taken(error) if error.outcome is Outcome.NOT_SENT else None

    def _crashed(self, attempt: Attempt) -> None:
        if attempt.cleared is not None:
            self._write_when_known(attempt, lambda tried: lost_sight(tried, "line.crashed", self._now()))
        else:
            self._write_when_known(attempt, lambda tried: not_sent(tried, "line.crashed", self._now()))

    def _write_when_known(self, attempt: Attempt, failure: Callable[[Tried], Failure]) -> None:
        attempt.when_known(lambda part_id: self._post_failure(failure(attempt.tried(part_id))))

    def _post_failure(self, failure: Failure) -> None:
        self._desk.writer.post(Task(self._desk.steps.failed, failure))

    def _post_retry(self, part_id: int | None, code: str) -> None:
        if part_id is not None:
            self._desk.writer.post(Task(self._desk.steps.retry_part, (part_id, code)))

    def _empty(self, which: Callable[[Claimed], bool]) -> None:
        self._give_back(self._desk.basket.remove(which))

    def _give_back(self, message_ids: list[int]) -> None:
        if message_ids:
            self._desk.writer.post(Task(self._desk.steps.give_back, message_ids))

    def _now(self) -> datetime:
        return self._desk.clock.now()


def _unprintable(run: str, message: Claimed, now: datetime) -> Failure:
    return Failure(
        run=run,
        message_id=message.message_id,
        part_id=None,
        part_state=PartState.REFUSED,
        error="unprintable",
        message_state=MessageState.REFUSED,
        reason="unprintable",
        reason_text="",
        at=now,
    )
