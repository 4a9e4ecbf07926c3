"""What a failed submission means for its message: wait and try again, give up, or ask a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.core.i18n import T, Text
from console.core.sending.causes import explain
from db.models import MessageState, PartState
from db.outbox import Claimed
from db.outbox_results import Failure
from gsm.errors import GsmError, Outcome, Scope

_LONGEST_WAIT = timedelta(hours=1)
_PART_STATES = {
    Outcome.NOT_SENT: PartState.NOT_SENT,
    Outcome.REFUSED: PartState.REFUSED,
    Outcome.UNKNOWN: PartState.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Retries:
    """The office's settings."""

    max_attempts: int
    first_wait: timedelta

    def wait(self, attempt: int, hint: float | None) -> timedelta:
        """Doubled after each attempt; never shorter than what the network asks for."""
        doubled = self.first_wait * float(2 ** min(attempt - 1, 10))
        return min(max(doubled, timedelta(seconds=hint or 0)), _LONGEST_WAIT)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One part of a message on its way out."""

    run: str
    message: Claimed
    part_id: int | None
    sequence: int  # of the part that failed; the ones before it left
    total: int


def judge(tried: Tried, error: GsmError, retries: Retries, now: datetime, *, blame_line: bool = False) -> Failure:
    """``blame_line``: the line fails whatever it is given, so the attempt is not held against the message."""
    if error.outcome is Outcome.NOT_SENT and tried.sequence == 1:
        return _try_again(tried, error, retries, now, blame_line=blame_line or error.scope is Scope.LINE)
    state = MessageState.REFUSED if error.outcome is Outcome.REFUSED else MessageState.UNKNOWN
    reason = "parts.left" if error.outcome is Outcome.NOT_SENT else error.code
    return _failure(tried, error.outcome, error.code, state, reason, _text(tried, error.code), now)


def not_sent(tried: Tried, code: str, now: datetime) -> Failure:
    """Nothing left, and nobody is to blame: the message waits again, or a person decides if parts of it left."""
    if tried.sequence == 1:
        return _failure(tried, Outcome.NOT_SENT, code, MessageState.WAITING, "", None, now, counts=False)
    return _failure(tried, Outcome.NOT_SENT, code, MessageState.UNKNOWN, "parts.left", _text(tried, code), now)


def lost_sight(tried: Tried, code: str, now: datetime) -> Failure:
    """It may have left, and the program cannot know."""
    return _failure(tried, Outcome.UNKNOWN, code, MessageState.UNKNOWN, code, _text(tried, code), now)


def _try_again(tried: Tried, error: GsmError, retries: Retries, now: datetime, *, blame_line: bool) -> Failure:
    attempt = tried.message.attempts + 1
    text = explain(error.code).text
    if blame_line:
        return _failure(tried, Outcome.NOT_SENT, error.code, MessageState.WAITING, error.code, text, now, counts=False)
    if attempt >= retries.max_attempts:
        given_up = T("Given up after {n} attempts ({code}).", n=attempt, code=error.code)
        return _failure(tried, Outcome.NOT_SENT, error.code, MessageState.REFUSED, error.code, given_up, now)
    until = now + retries.wait(attempt, error.retry_after)
    return _failure(tried, Outcome.NOT_SENT, error.code, MessageState.WAITING, error.code, text, now, not_before=until)


def _failure(
    tried: Tried,
    outcome: Outcome,
    code: str,
    state: MessageState,
    reason: str,
    text: Text | None,
    now: datetime,
    *,
    not_before: datetime | None = None,
    counts: bool = True,
) -> Failure:
    return Failure(
        run=tried.run,
        message_id=tried.message.message_id,
        part_id=tried.part_id,
        part_state=_PART_STATES[outcome],
        error=code,
        message_state=state,
        reason=reason,
        reason_text=text.dump() if text else "",
        at=now,
        not_before=not_before,
        counts=counts,
    )


def _text(tried: Tried, code: str) -> Text:
    if tried.sequence == 1:
        return explain(code).text
    left = tried.sequence - 1
    return T("{left} of {total} parts left before it failed ({code}).", left=left, total=tried.total, code=code)
