"""Who may decide on a campaign, and whether it can still be decided."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.second import needs_second
from console.core.campaigns.series import makers_behind
from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.errors import NotPermitted, UserError
from console.core.i18n import T, Text
from console.core.security.delegation import deciding_for
from console.core.security.permissions import Permission
from console.core.sending.seals import decision_fits, is_sealed
from db.models import AuditEntry, Batch, BatchState, Campaign, CampaignState, Decision

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


class TamperedWhileRunning(UserError):
    """The batch, or the decision on it, was changed in the database after it was opened."""

    def __init__(self) -> None:
        super().__init__(
            T("This campaign was changed in the database after it was approved, so nothing more of it is sent."),
            T("Cancel it, and tell your administrator and auditor."),
        )


def subject(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"


def makers(session: Session, campaign: Campaign, batch: Batch | None) -> frozenset[int]:
    """Everybody who wrote, edited, copied or submitted it, or the series behind it, whatever their roles are now."""
    edited = session.scalars(
        select(AuditEntry.actor_id).where(
            AuditEntry.subject == subject(campaign.id), AuditEntry.action.in_(MAKING), AuditEntry.actor_id.is_not(None)
        )
    )
    submitted = {batch.created_by} if batch else set()
    edited_by = {actor for actor in edited if actor is not None}
    return frozenset({campaign.created_by} | submitted | edited_by | makers_behind(session, campaign.id))


def why_not(ctx: Context, session: Session, campaign: Campaign, batch: Batch | None) -> Text | None:
    """Why this person can not decide now, in words; None when they can. What ``require_decidable`` raises."""
    try:
        require_decidable(ctx, session, campaign, batch)
    except UserError as refusal:
        return refusal.message
    return None


def require_decidable(ctx: Context, session: Session, campaign: Campaign, batch: Batch | None) -> Batch:
    """Raises NotPermitted, OwnCampaign, NotDecidable."""
    ctx.require(Permission.APPROVALS_DECIDE)
    if batch is None or campaign.state is not CampaignState.PENDING or batch.state is not BatchState.PENDING:
        raise NotDecidable(
            T("This campaign does not wait for approval any more."), T("Somebody decided, edited or withdrew it.")
        )
    made_by = makers(session, campaign, batch)
    if ctx.actor.user_id in made_by:
        raise OwnCampaign()
    behind = deciding_for(ctx, session)
    if all(principal in made_by for principal in behind):
        raise OwnCampaign()
    signed = signers(session, batch)
    if ctx.actor.user_id in signed or all(principal in signed for principal in behind if principal not in made_by):
        raise NotDecidable(
            T("You have approved it already. A second supervisor decides now."), T("It leaves once both have approved.")
        )
    return batch


def on_behalf_of(ctx: Context, session: Session, campaign: Campaign, batch: Batch) -> int | None:
    """Whose right is used: None where it is the person's own."""
    taken = makers(session, campaign, batch) | signers(session, batch)
    for principal in deciding_for(ctx, session):
        if principal not in taken:
            return None if principal == ctx.actor.user_id else principal
    raise NotPermitted()


def signers(session: Session, batch: Batch) -> frozenset[int]:
    """Who has approved this batch, and in whose place."""
    query = select(Decision.decided_by, Decision.on_behalf_of).where(Decision.batch_id == batch.id, Decision.approved)
    return frozenset(person for pair in session.execute(query) for person in pair if person is not None)


def approvals_of(session: Session, batch: Batch) -> int:
    query = select(func.count()).where(
        Decision.batch_id == batch.id, Decision.approved, Decision.digest == batch.digest
    )
    return session.scalar(query) or 0


def approvers_needed(ctx: Context, session: Session, batch: Batch) -> int:
    """How many different people have to approve: by the rules in force, the words, and the office's own size."""
    above = ctx.settings.integer("approval.second_above")
    class_ = policy_at(session, ctx.clock.now()).classes[batch.class_key]
    asked_for = 0 < above < batch.messages or needs_second(ctx, session, batch)
    return max(2 if asked_for else 1, class_.approvers(batch.messages))


def require_untouched(session: Session, secret: bytes, batch: Batch) -> None:
    """Raises Tampered: the batch, or a decision on it, was not written by the program."""
    decisions = session.scalars(select(Decision).where(Decision.batch_id == batch.id))
    if not is_sealed(secret, batch) or not all(decision_fits(secret, each) for each in decisions):
        raise Tampered()


def require_in_time(batch: Batch, now: datetime) -> None:
    """Raises NotDecidable: what has expired is approved by nobody, but may be returned."""
    if batch.expires_at is not None and batch.expires_at <= now:
        raise NotDecidable(
            T("The time for sending this campaign is over."), T("Return it; it can be submitted again with a new time.")
        )
