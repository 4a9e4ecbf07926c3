"""The same words to the same number twice within a day: two campaigns that were meant to be one.

What was not delivered does not count, so that it can be sent once more. Inside of one campaign a recipient stands only
once anyhow; tests and replies are nobody's repetition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from console.core.compliance.rules import Verdict
from console.core.i18n import T
from db.keys import keys
from db.models import Batch, BatchKind, Message, MessageState

RULE = "duplicate.text"
WITHIN = timedelta(days=1)
SOON = timedelta(minutes=1)  # until a message that is just leaving has left, or has not
_REACHED = (MessageState.SENDING, MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNKNOWN)
_REPEATED = Verdict(False, RULE, T("The same text went to this number within the last 24 hours."))
_LEAVING = T("The same text is just leaving for this number.")


class Written(NamedTuple):
    """A message of another campaign."""

    batch_id: int
    body: str
    leaving: bool  # claimed by a line at this moment


def any_lately(session: Session, now: datetime) -> bool:
    """Whether anything at all left within the time: when not, nobody need be asked about."""
    return session.scalar(select(Message.id).where(Message.sending_at >= now - WITHIN).limit(1)) is not None


def written(
    session: Session, phones: Collection[str], now: datetime, *, leaving: bool = False, but: Collection[int] = ()
) -> dict[str, list[Written]]:
    """By number: what reached it, or may have, within the time; with ``leaving`` also what lines hold at this moment,
    ``but`` these messages."""
    if not phones:
        return {}
    wanted = keys(session, phones)
    reached = Message.state.in_(_REACHED) & (Message.sending_at >= now - WITHIN)
    query = (
        select(Message.phone, Message.id, Message.batch_id, Message.body, Message.state)
        .join(wanted, wanted.c.value == Message.phone)
        .join(Batch, Batch.id == Message.batch_id)
        .where(
            or_(reached, Message.state == MessageState.CLAIMED) if leaving else reached,
            Batch.kind == BatchKind.CAMPAIGN,
        )
    )
    found: dict[str, list[Written]] = defaultdict(list)
    for phone, id_, batch_id, body, state in session.execute(query):
        if id_ not in but:
            found[phone].append(Written(batch_id, body, state is MessageState.CLAIMED))
    return found


def repeated(body: str, others: Collection[Written], batch_id: int | None, now: datetime) -> Verdict | None:
    """What stands against ``body`` of the batch ``batch_id`` (None: not written yet) after ``others`` of the number."""
    same = [each for each in others if each.body == body and each.batch_id != batch_id]
    if any(not each.leaving for each in same):
        return _REPEATED
    return Verdict(False, RULE, _LEAVING, now + SOON) if same else None
