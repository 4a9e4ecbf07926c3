"""What follows from decisions and from the passing of time, in short transactions that anybody may run again.

The dispatcher runs ``tidy`` every few seconds and the window at its start; two at once do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from console.core.campaigns.decisions import subject
from console.core.campaigns.draft import campaign_of
from console.core.campaigns.evaluation import CHUNK
from console.core.campaigns.freeze import discard, purge, void
from console.core.context import SYSTEM, Context
from console.core.customers.recovery import complete_abandoned
from console.core.i18n import T, Text
from console.core.sending.integrity import SECRET_NAME
from console.core.sending.seals import adopt, is_sealed, reseal
from db.models import Batch, BatchKind, BatchState, Campaign, CampaignState, Exclusion, Message, MessageState

ABANDONED = timedelta(minutes=2)  # without a sign of life; a chunk is written every second or faster
_NOT_LEFT = (MessageState.WAITING, MessageState.CLAIMED)
_UNSETTLED = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Tidied:
    abandoned: int = 0  # batches thrown away that a crash had left half built
    lapsed: int = 0  # campaigns whose time passed before anybody approved them
    settled: int = 0  # messages that never leave, because their batch was cancelled or its time is over
    finished: int = 0  # batches with nothing left to do

    def __bool__(self) -> bool:
        return bool(self.abandoned or self.lapsed or self.settled or self.finished)


def tidy(ctx: Context) -> Tidied:
    """Everything below, once."""
    ctx = replace(ctx, actor=SYSTEM)
    adopt(ctx.database, ctx.database.secret(SECRET_NAME))
    complete_abandoned(ctx)
    abandoned = throw_away_abandoned(ctx)
    lapsed = lapse(ctx)
    sweep(ctx)
    return Tidied(abandoned=abandoned, lapsed=lapsed, settled=settle(ctx), finished=finish(ctx))


def throw_away_abandoned(ctx: Context) -> int:
    """Half-built batches that nobody works on any more; their campaigns are drafts again."""
    now = ctx.clock.now()
    query = select(Campaign.id, Campaign.batch_id).where(
        Campaign.state == CampaignState.FREEZING, Campaign.updated_at < now - ABANDONED
    )
    with ctx.database.read() as session:
        left = session.execute(query).all()
    return sum(
        discard(ctx.database, campaign_id, batch_id, now, state=CampaignState.DRAFT, idle_for=ABANDONED)
        for campaign_id, batch_id in left
        if batch_id is not None
    )


def lapse(ctx: Context) -> int:
    """Campaigns that still wait for approval when their time is over go back to their makers."""
    now = ctx.clock.now()
    due = (
        select(Campaign.id)
        .join(Batch, Batch.id == Campaign.batch_id)
        .where(Campaign.state == CampaignState.PENDING, Batch.expires_at <= now)
    )
    with ctx.database.read() as session:
        ids = session.scalars(due).all()
    return sum(_lapse(ctx, campaign_id, now) for campaign_id in ids)


def _lapse(ctx: Context, campaign_id: int, now: datetime) -> bool:
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        batch = session.get_one(Batch, campaign.batch_id or 0)
        if campaign.state is not CampaignState.PENDING or batch.expires_at is None or batch.expires_at > now:
            return False
        void(session, batch.id, now)
        campaign.state, campaign.updated_at = CampaignState.RETURNED, now
        ctx.audit(session, "campaign.lapse", subject(campaign_id), batch=batch.id)
        return True


def sweep(ctx: Context) -> int:
    """Remove what is left of void batches."""
    held = exists().where(Message.batch_id == Batch.id) | exists().where(Exclusion.batch_id == Batch.id)
    with ctx.database.read() as session:
        ids = session.scalars(select(Batch.id).where(Batch.state == BatchState.VOID, held)).all()
    return sum(purge(ctx.database, batch_id) for batch_id in ids)


def settle(ctx: Context) -> int:
    """Write cancellation and expiry into the rows that never left."""
    now = ctx.clock.now()
    waits = exists().where(Message.batch_id == Batch.id, Message.state.in_(_NOT_LEFT))
    cancelled = select(Batch.id).where(Batch.state == BatchState.CANCELLED, waits)
    over = select(Batch.id).where(Batch.state.in_((BatchState.OPEN, BatchState.PAUSED)), Batch.expires_at <= now, waits)
    with ctx.database.read() as session:
        cancelled_ids, over_ids = session.scalars(cancelled).all(), session.scalars(over).all()
    return _settle(
        ctx, cancelled_ids, MessageState.CANCELLED, "batch.cancelled", T("The campaign was cancelled.")
    ) + _settle(ctx, over_ids, MessageState.EXPIRED, "batch.expired", T("The time for sending the campaign was over."))


def _settle(ctx: Context, batch_ids: Sequence[int], state: MessageState, reason: str, text: Text) -> int:
    return sum(_settle_batch(ctx, batch_id, state, reason, text) for batch_id in batch_ids)


def _settle_batch(ctx: Context, batch_id: int, state: MessageState, reason: str, text: Text) -> int:
    settled = 0
    while changed := _settle_some(ctx, batch_id, state, reason, text):
        settled += changed
    return settled


def _settle_some(ctx: Context, batch_id: int, state: MessageState, reason: str, text: Text) -> int:
    some = (
        select(Message.id)
        .where(Message.batch_id == batch_id, Message.state.in_(_NOT_LEFT))
        .limit(CHUNK)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    with ctx.database.begin() as session:
        changed = session.execute(
            update(Message)
            .where(Message.id.in_(some), Message.state.in_(_NOT_LEFT))
            .values(
                state=state,
                reason=reason,
                reason_text=text.dump(),
                owner="",
                lease_until=None,
                done_at=ctx.clock.now(),
            )
        )
        return int(changed.rowcount)  # type: ignore[attr-defined]


def finish(ctx: Context) -> int:
    """Close open batches in which nothing waits, nothing is on its way out and nothing is unknown."""
    pending = exists().where(Message.batch_id == Batch.id, Message.state.in_(_UNSETTLED))
    done = select(Batch.id).where(Batch.state.in_((BatchState.OPEN, BatchState.PAUSED)), ~pending)
    with ctx.database.read() as session:
        ids = session.scalars(done).all()
    return sum(_finish(ctx, batch_id) for batch_id in ids)


def _finish(ctx: Context, batch_id: int) -> bool:
    now, secret = ctx.clock.now(), ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        campaign = _campaign_of_batch(session, batch_id)
        sound = is_sealed(secret, session.get_one(Batch, batch_id, populate_existing=True))
        closed = session.execute(
            update(Batch)
            .where(
                Batch.id == batch_id,
                Batch.state.in_((BatchState.OPEN, BatchState.PAUSED)),
                ~exists().where(Message.batch_id == batch_id, Message.state.in_(_UNSETTLED)),
            )
            .values(state=BatchState.FINISHED, closed_at=now)
        )
        if not closed.rowcount:  # type: ignore[attr-defined]
            return False
        if sound:
            reseal(session, secret, batch_id)
        if campaign is not None and campaign.batch_id == batch_id:
            campaign.state, campaign.updated_at = CampaignState.FINISHED, now
            ctx.audit(session, "campaign.finish", subject(campaign.id), batch=batch_id)
        return True


def _campaign_of_batch(session: Session, batch_id: int) -> Campaign | None:
    batch = session.get_one(Batch, batch_id)
    if batch.campaign_id is None or batch.kind is not BatchKind.CAMPAIGN:
        return None
    return campaign_of(session, batch.campaign_id, lock=True)
