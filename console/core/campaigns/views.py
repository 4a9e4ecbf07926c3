"""What a person sees of the stored states: fewer, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from console.core.i18n import T, Text
from db.models import Batch, BatchState, Campaign, CampaignState, MessageState


class Standing(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    PREPARING = "preparing"  # its messages are being written
    PENDING = "pending"
    RETURNED = "returned"
    SCHEDULED = "scheduled"  # approved, its time has not come
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    PATTERN = "pattern"  # of a series; in no list of campaigns


STANDING_TITLES: Mapping[Standing, Text] = {
    Standing.DRAFT: T("Draft"),
    Standing.PREPARING: T("Being prepared"),
    Standing.PENDING: T("Waiting for approval"),
    Standing.RETURNED: T("Returned"),
    Standing.SCHEDULED: T("Scheduled"),
    Standing.SENDING: T("Being sent"),
    Standing.PAUSED: T("Paused"),
    Standing.CANCELLED: T("Cancelled"),
    Standing.FINISHED: T("Finished"),
    Standing.PATTERN: T("Pattern of a series"),
}

# The state whose shape and colour stand for it.
BADGES: Mapping[Standing, str] = {
    Standing.DRAFT: "draft",
    Standing.PREPARING: "freezing",
    Standing.PENDING: "pending",
    Standing.RETURNED: "returned",
    Standing.SCHEDULED: "scheduled",
    Standing.SENDING: "sending",
    Standing.PAUSED: "paused",
    Standing.CANCELLED: "cancelled",
    Standing.FINISHED: "finished",
    Standing.PATTERN: "scheduled",
}

_BEFORE_APPROVAL = {
    CampaignState.DRAFT: Standing.DRAFT,
    CampaignState.FREEZING: Standing.PREPARING,
    CampaignState.PENDING: Standing.PENDING,
    CampaignState.RETURNED: Standing.RETURNED,
    CampaignState.CANCELLED: Standing.CANCELLED,
    CampaignState.FINISHED: Standing.FINISHED,
    CampaignState.PATTERN: Standing.PATTERN,
}


def standing(campaign: Campaign, batch: Batch | None, now: datetime) -> Standing:
    if campaign.state is not CampaignState.APPROVED:
        return _BEFORE_APPROVAL[campaign.state]
    if batch is not None and batch.state is BatchState.PAUSED:
        return Standing.PAUSED
    if batch is not None and batch.not_before is not None and batch.not_before > now:
        return Standing.SCHEDULED
    return Standing.SENDING


class Outcome(StrEnum):
    """Where a message stands; the names of the state badges."""

    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


OUTCOME_TITLES: Mapping[Outcome, Text] = {
    Outcome.WAITING: T("Waiting"),
    Outcome.SENDING: T("Being sent"),
    Outcome.ACCEPTED: T("Sent, awaiting receipt"),
    Outcome.DELIVERED: T("Delivered"),
    Outcome.FAILED: T("Failed"),
    Outcome.UNKNOWN: T("Outcome unknown"),
    Outcome.SUPPRESSED: T("Held back"),
    Outcome.CANCELLED: T("Cancelled"),
}

_STATES: Mapping[Outcome, tuple[MessageState, ...]] = {
    Outcome.WAITING: (MessageState.WAITING, MessageState.CLAIMED),
    Outcome.SENDING: (MessageState.SENDING,),
    Outcome.ACCEPTED: (MessageState.ACCEPTED,),
    Outcome.DELIVERED: (MessageState.DELIVERED,),
    Outcome.FAILED: (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REFUSED),
    Outcome.UNKNOWN: (MessageState.UNKNOWN,),
    Outcome.SUPPRESSED: (MessageState.SUPPRESSED,),
    Outcome.CANCELLED: (MessageState.CANCELLED,),
}
_OUTCOMES = {state: outcome for outcome, states in _STATES.items() for state in states}
_CLOSED = (BatchState.CANCELLED, BatchState.VOID)  # what waits in these never leaves


def outcome(state: MessageState, batch_state: BatchState) -> Outcome:
    """A row that still says waiting in a cancelled batch is cancelled: the rows follow a little later."""
    if batch_state in _CLOSED and state in _STATES[Outcome.WAITING]:
        return Outcome.CANCELLED
    return _OUTCOMES[state]


def states_of(wanted: Outcome, batch_state: BatchState) -> tuple[MessageState, ...]:
    """The stored states that are shown as ``wanted`` in such a batch."""
    return tuple(state for state in MessageState if outcome(state, batch_state) is wanted)


def tally(counts: Iterable[tuple[MessageState, int]], batch_state: BatchState) -> dict[Outcome, int]:
    """Messages by outcome, every outcome present."""
    found = dict.fromkeys(Outcome, 0)
    for state, number in counts:
        found[outcome(state, batch_state)] += number
    return found
