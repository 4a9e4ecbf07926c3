"""How far a campaign is, how fast it goes, when it will be done, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.capacity import capacity
from console.core.campaigns.draft import campaign_of
from console.core.campaigns.holdup import Holdup, holdup
from console.core.campaigns.horizon import in_progress, recent_rate
from console.core.campaigns.views import Outcome, Standing, standing, states_of, tally
from console.core.compliance.versions import policy_at
from console.core.i18n import Text
from console.core.sending.causes import GROUPS, Group, explain
from db.models import Batch, BatchState, Message, MessageState
from db.outbox_batches import as_open

_PASSING = (Group.HANDSET, Group.NETWORK, Group.LINE, Group.PROGRAM)  # causes that pass; a wrong number does not
_SETTLED = (Outcome.DELIVERED, Outcome.FAILED, Outcome.SUPPRESSED, Outcome.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One cause and how many it struck."""

    code: str
    outcome: Outcome  # failed, unknown or suppressed
    group: Text
    text: Text
    advice: Text
    count: int
    again: bool = False  # may go better another time


@dataclass(frozen=True, kw_only=True)
class Progress:
    campaign_id: int
    at: datetime  # when it was looked at
    standing: Standing
    total: int  # as frozen; 0 before it was submitted
    parts: int
    excluded: int
    counts: dict[Outcome, int]
    failures: tuple[Failure, ...]  # most frequent first
    per_minute: float | None  # messages; None: nothing left lately
    finish_at: datetime | None  # forecast of the last submission; None: none can be given
    left_over: int = 0  # messages that will not have left when it ends
    holdup: Holdup | None = None  # why nothing leaves now

    @property
    def left(self) -> int:
        """Messages that a line has taken or tried to take, whatever became of them."""
        return sum(self.counts[each] for each in (Outcome.ACCEPTED, Outcome.DELIVERED, Outcome.FAILED, Outcome.UNKNOWN))

    @property
    def done(self) -> int:
        """Messages about which nothing more is expected but a late receipt."""
        return sum(self.counts[each] for each in _SETTLED) + self.counts[Outcome.ACCEPTED]

    @property
    def remaining(self) -> int:
        return self.counts[Outcome.WAITING]

    @property
    def adds_up(self) -> bool:
        """I5: the states account for every approved row."""
        return sum(self.counts.values()) == self.total


def progress(session: Session, campaign_id: int, now: datetime) -> Progress:
    """Raises CampaignGone."""
    campaign = campaign_of(session, campaign_id)
    batch = session.get(Batch, campaign.batch_id) if campaign.batch_id else None
    where = standing(campaign, batch, now)
    if batch is None or batch.state in (BatchState.BUILDING, BatchState.VOID):
        return Progress(
            campaign_id=campaign_id,
            at=now,
            standing=where,
            total=0,
            parts=0,
            excluded=0,
            counts=dict.fromkeys(Outcome, 0),
            failures=(),
            per_minute=None,
            finish_at=None,
        )
    counts = tally(state_counts(session, [batch.id]).get(batch.id, []), batch.state)
    rate = recent_rate(session, batch.id, now)
    policy = policy_at(session, now)
    load = capacity(session, as_open(batch), now, priority=batch.priority)
    foreseen = in_progress(batch, load, policy, counts[Outcome.WAITING] + counts[Outcome.SENDING], rate, now)
    return Progress(
        campaign_id=campaign_id,
        at=now,
        standing=where,
        total=batch.messages,
        parts=batch.parts,
        excluded=batch.excluded,
        counts=counts,
        failures=tuple(_failures(session, batch)),
        per_minute=rate,
        finish_at=foreseen.finish_at,
        left_over=foreseen.left_over,
        holdup=holdup(session, batch, policy, load, now) if counts[Outcome.WAITING] else None,
    )


def state_counts(session: Session, batch_ids: list[int]) -> dict[int, list[tuple[MessageState, int]]]:
    """Messages by stored state, for each batch that has any; answered by one index."""
    query = (
        select(Message.batch_id, Message.state, func.count())
        .where(Message.batch_id.in_(batch_ids))
        .group_by(Message.batch_id, Message.state)
    )
    found: dict[int, list[tuple[MessageState, int]]] = {}
    for batch_id, state, number in session.execute(query):
        found.setdefault(batch_id, []).append((state, number))
    return found


def _failures(session: Session, batch: Batch) -> list[Failure]:
    shown = {
        state: wanted
        for wanted in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.SUPPRESSED)
        for state in states_of(wanted, batch.state)
    }
    query = (
        select(Message.state, Message.reason, func.max(Message.reason_text), func.count())
        .where(Message.batch_id == batch.id, Message.state.in_(shown))
        .group_by(Message.state, Message.reason)
    )
    merged: dict[tuple[Outcome, str], Failure] = {}
    for state, code, text, number in session.execute(query):
        key = (shown[state], code)
        known = merged.get(key)
        merged[key] = _failure(*key, text, number + (known.count if known else 0))
    return sorted(merged.values(), key=lambda failure: -failure.count)


def _failure(found: Outcome, code: str, text: str, number: int) -> Failure:
    cause = explain(code)
    if found is Outcome.SUPPRESSED and text:  # a rule has its own words, and asks nobody to do anything
        return Failure(
            code=code,
            outcome=found,
            group=GROUPS[Group.RULES],
            text=Text.load(text),
            advice=Text(""),
            count=number,
        )
    return Failure(
        code=code,
        outcome=found,
        group=GROUPS[cause.group],
        text=cause.text,
        advice=cause.advice,
        count=number,
        again=found is Outcome.FAILED and cause.group in _PASSING,
    )
