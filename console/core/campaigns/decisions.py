"""Who may decide on a campaign, and whether it can still be decided."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import NotPermitted, UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission, Role, permissions_of
from db.models import AuditEntry, Batch, BatchState, Campaign, CampaignState, User

MAKING = ("campaign.create", "campaign.edit", "campaign.submit", "campaign.copy")


class NotDecidable(UserError):
    """Another decision came first, or the campaign was edited or withdrawn."""


class OwnCampaign(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("You took part in making this campaign, so somebody else must decide on it."),
            T("Ask another supervisor."),
        )


class DigestDiffers(UserError):
    """What is to be signed is not what is stored."""

    def __init__(self) -> None:
        super().__init__(
            T("The campaign is not what you have read."), T("Open it again and read it before you decide.")
        )


class Tampered(UserError):
    """A stored message does not fit its keyed digest."""

    def __init__(self) -> None:
        super().__init__(
            T("The stored messages were changed after they were submitted. Nothing can be sent from this campaign."),
            T("Return it, and tell your administrator and auditor."),
        )


def subject(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"


def makers(session: Session, campaign: Campaign, batch: Batch | None) -> frozenset[int]:
    """Everybody who wrote, edited, copied or submitted it, whatever their roles are now."""
    edited = session.scalars(
        select(AuditEntry.actor_id).where(
            AuditEntry.subject == subject(campaign.id), AuditEntry.action.in_(MAKING), AuditEntry.actor_id.is_not(None)
        )
    )
    submitted = {batch.created_by} if batch else set()
    return frozenset({campaign.created_by} | submitted | {actor for actor in edited if actor is not None})


def why_not(ctx: Context, session: Session, campaign: Campaign, batch: Batch | None, now: datetime) -> Text | None:
    """Why this person can not decide now, in words; None when they can. What ``require_decidable`` raises."""
    try:
        require_decidable(ctx, session, campaign, batch, now)
    except UserError as refusal:
        return refusal.message
    return None


def require_decidable(ctx: Context, session: Session, campaign: Campaign, batch: Batch | None, now: datetime) -> Batch:
    """Raises NotPermitted, OwnCampaign, NotDecidable."""
    ctx.require(Permission.APPROVALS_DECIDE)
    _still_allowed(ctx, session)
    if batch is None or campaign.state is not CampaignState.PENDING or batch.state is not BatchState.PENDING:
        raise NotDecidable(
            T("This campaign does not wait for approval any more."), T("Somebody decided, edited or withdrew it.")
        )
    if ctx.actor.user_id in makers(session, campaign, batch):
        raise OwnCampaign()
    return batch


def require_in_time(batch: Batch, now: datetime) -> None:
    """Raises NotDecidable: what has expired is approved by nobody, but may be returned."""
    if batch.expires_at is not None and batch.expires_at <= now:
        raise NotDecidable(
            T("The time for sending this campaign is over."), T("Return it; it can be submitted again with a new time.")
        )


def _still_allowed(ctx: Context, session: Session) -> None:
    """The right as it stands in the database now: a session that began before it was taken away decides nothing."""
    user = session.get(User, ctx.actor.user_id)
    if user is None or not user.active:
        raise NotPermitted()
    if Permission.APPROVALS_DECIDE not in permissions_of(Role(role) for role in user.roles):
        raise NotPermitted()
