"""What people do with a campaign. Each verb is one small transaction with its audit entry in it (I6).

DRAFT, RETURNED --submit--> FREEZING --> PENDING --approve--> APPROVED --> FINISHED
PENDING --return_--> RETURNED      PENDING --withdraw, save_draft--> DRAFT      APPROVED --cancel--> CANCELLED

Messages may be claimed only while their batch is OPEN, so approving, pausing and cancelling take one row each,
however many messages there are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from console.core.campaigns.audience import Audience, Ending
from console.core.campaigns.decisions import (
    DigestDiffers,
    Tampered,
    TamperedWhileRunning,
    approvals_of,
    approvers_needed,
    on_behalf_of,
    require_decidable,
    require_in_time,
    require_untouched,
    subject,
)
from console.core.campaigns.draft import NAME_LENGTH, Draft, SavedDraft, campaign_of, put_draft, wording_of
from console.core.campaigns.freeze import EDITABLE, Frozen, Report, freeze, void
from console.core.campaigns.schedule import Schedule
from console.core.campaigns.second import require_allowed
from console.core.campaigns.series import require_pattern
from console.core.campaigns.verify import Checked, verify_batch
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, Text, tr
from console.core.security.permissions import Permission
from console.core.sending.integrity import SECRET_NAME
from console.core.sending.seals import is_sealed, seal_batch, seal_decision
from db.models import AuditEntry, Batch, BatchState, Campaign, CampaignState, Decision, Message, MessageState

SAME_SITTING = timedelta(hours=1)  # edits of one person within it are one entry in the audit trail
ON_AIR = (MessageState.SENDING, MessageState.ACCEPTED, MessageState.UNKNOWN)
NOT_LEFT = (MessageState.WAITING, MessageState.CLAIMED)


class WrongState(UserError):
    """The campaign is not in a state in which this can be done."""


class EditedElsewhere(UserError):
    def __init__(self) -> None:
        super().__init__(T("Somebody else has edited this campaign meanwhile."), T("Open it again to see the changes."))


class CommentNeeded(UserError):
    def __init__(self) -> None:
        super().__init__(T("Please say why you return it."), T("The maker reads your comment."))


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """What cancelling can and cannot call back."""

    held_back: int  # never leave
    on_air: int  # already handed to a line: sent is sent


def save_draft(
    ctx: Context, draft: Draft, campaign_id: int | None = None, *, seen: datetime | None = None
) -> SavedDraft:
    """Store a draft, new or existing. Editing one that waits for approval takes it back from there.

    ``seen``: its ``updated_at`` when the editor read it. Raises EditedElsewhere, WrongState, CampaignGone;
    of a pattern CannotRepeat.
    """
    ctx.require(Permission.CAMPAIGNS_EDIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        wording = wording_of(session, draft.template_version_id)
        class_key = wording.class_key if wording else ""
        if campaign_id is None:
            campaign = _new(session, ctx, draft, class_key, now)
            ctx.audit(session, "campaign.create", subject(campaign.id), name=campaign.name)
        else:
            campaign = campaign_of(session, campaign_id, lock=True)
            if seen is not None and campaign.updated_at != seen:
                raise EditedElsewhere()
            voided, state = None, campaign.state
            if state is CampaignState.PATTERN:
                require_pattern(session, campaign, draft.audience, draft.name)
            else:
                voided, state = _take_back(session, campaign, now), CampaignState.DRAFT
            put_draft(campaign, draft, class_key)
            campaign.state, campaign.updated_at = state, now
            _audit_edit(ctx, session, campaign, voided)
        return SavedDraft(
            campaign_id=campaign.id,
            draft=draft,
            template_id=wording.template_id if wording else None,
            state=campaign.state,
            updated_at=campaign.updated_at,
        )


def submit(ctx: Context, campaign_id: int, *, progress: Report | None = None) -> Frozen:
    """Freeze the campaign and put it before the checkers. See ``freeze``."""
    return freeze(ctx, campaign_id, progress=progress)


def withdraw(ctx: Context, campaign_id: int) -> None:
    """Take a campaign back before anybody decided on it; its frozen batch is void."""
    ctx.require(Permission.CAMPAIGNS_SUBMIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        batch_id = campaign.batch_id
        if campaign.state is not CampaignState.PENDING or not void(session, batch_id, now):
            raise WrongState(T("This campaign does not wait for approval any more."))
        campaign.state, campaign.batch_id, campaign.updated_at = CampaignState.DRAFT, None, now
        ctx.audit(session, "campaign.withdraw", subject(campaign_id), batch=batch_id)


def examine(ctx: Context, campaign_id: int, *, progress: Report | None = None) -> Checked | None:
    """Whether the stored messages are what was submitted; None when nothing waits. A mismatch is put on record."""
    ctx.require(Permission.APPROVALS_DECIDE)
    with ctx.database.read() as session:
        batch = _batch(session, campaign_of(session, campaign_id), lock=False)
    if batch is None or batch.state is not BatchState.PENDING:
        return None
    checked = verify_batch(ctx.database, batch.id, progress=progress)
    if not checked.sound:
        with ctx.database.begin() as session:
            ctx.audit(session, "campaign.tampered", subject(campaign_id), batch=batch.id, message=checked.first_bad)
    return checked


def approve(ctx: Context, campaign_id: int, digest: str, *, checked: Checked | None = None) -> int:
    """Sign what stands under ``digest``, and let it out once enough people have; how many are still missing.

    ``checked`` is what ``examine`` said when the approver began to read; without it every message is verified
    here first, which takes a while for a large batch. Raises NotPermitted, OwnCampaign, NotDecidable, DigestDiffers,
    Tampered, WordForbidden.
    """
    ctx.require(Permission.APPROVALS_DECIDE)
    _require_sound(ctx, campaign_id, digest, checked)
    now, secret = ctx.clock.now(), ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        batch = require_decidable(ctx, session, campaign, _batch(session, campaign))
        require_in_time(batch, now)
        if batch.digest != digest:
            raise DigestDiffers()
        require_allowed(ctx, session, batch)
        require_untouched(session, secret, batch)
        _decide(ctx, session, campaign, batch, secret, approved=True, comment="")
        campaign.updated_at = now
        session.flush()
        missing = approvers_needed(ctx, session, batch) - approvals_of(session, batch)
        if missing <= 0:
            batch.state, batch.opened_by, batch.opened_at = BatchState.OPEN, ctx.actor.user_id, now
            seal_batch(secret, batch)
            campaign.state = CampaignState.APPROVED
        return max(0, missing)


def return_(ctx: Context, campaign_id: int, digest: str, comment: str) -> None:
    """Send a campaign back to its maker. Raises CommentNeeded and what ``approve`` raises, but not Tampered."""
    if not comment.strip():
        raise CommentNeeded()
    now, secret = ctx.clock.now(), ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        batch = require_decidable(ctx, session, campaign, _batch(session, campaign))
        if batch.digest != digest:
            raise DigestDiffers()
        void(session, batch.id, now)
        campaign.state, campaign.updated_at = CampaignState.RETURNED, now
        _decide(ctx, session, campaign, batch, secret, approved=False, comment=comment.strip())


def pause(ctx: Context, campaign_id: int, reason: str = "") -> None:
    """No further message leaves until ``resume``; what is on its way out stays there."""
    told = {"reason": reason} if reason else {}
    _switch(
        ctx,
        campaign_id,
        BatchState.OPEN,
        BatchState.PAUSED,
        "campaign.pause",
        T("Only a campaign that is being sent can be paused."),
        **told,
    )


def resume(ctx: Context, campaign_id: int) -> None:
    _switch(ctx, campaign_id, BatchState.PAUSED, BatchState.OPEN, "campaign.resume", T("This campaign is not paused."))


def cancel(ctx: Context, campaign_id: int) -> None:
    """Close the campaign for good, at once. ``housekeeping.settle`` writes it into the rows afterwards."""
    ctx.require(Permission.CAMPAIGNS_RUN)
    now, secret = ctx.clock.now(), ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        batch = _batch(session, campaign)
        if batch is None or batch.state not in (BatchState.OPEN, BatchState.PAUSED):
            raise WrongState(T("Nothing of this campaign waits to be sent."))
        sound = is_sealed(secret, batch)
        batch.state, batch.closed_at = BatchState.CANCELLED, now
        if sound:  # what was changed by hand stays recognisable
            seal_batch(secret, batch)
        campaign.state, campaign.updated_at = CampaignState.CANCELLED, now
        ctx.audit(session, "campaign.cancel", subject(campaign_id), batch=batch.id)


def called_back(ctx: Context, campaign_id: int) -> Cancelled:
    """What a cancelled campaign holds back: counting a large batch takes longer than closing it may."""
    with ctx.database.read() as session:
        batch_id = campaign_of(session, campaign_id).batch_id or 0
        return Cancelled(held_back=_count(session, batch_id, NOT_LEFT), on_air=_count(session, batch_id, ON_AIR))


def copy(ctx: Context, campaign_id: int) -> int:
    """A new draft with the same answers, for the same audience as it is then; its id."""
    return _copy(ctx, campaign_id, None)


def copy_for(ctx: Context, campaign_id: int, ending: Ending, causes: Collection[str] = ()) -> int:
    """A new draft with the same answers for those with whom a campaign ended so; its id.

    It goes all the way again, and whoever a late receipt reaches before the submission is not among them.
    Raises WrongState when the campaign was never submitted.
    """
    with ctx.database.read() as session:
        batch_id = campaign_of(session, campaign_id).batch_id
    if batch_id is None:
        raise WrongState(T("Nothing of this campaign was sent yet."))
    return _copy(ctx, campaign_id, Audience.of_outcome(batch_id, ending, causes))


def _copy(ctx: Context, campaign_id: int, audience: Audience | None) -> int:
    ctx.require(Permission.CAMPAIGNS_EDIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        source = campaign_of(session, campaign_id)
        name = tr("{name} (copy)", name=source.name)[:NAME_LENGTH]
        made = Campaign(
            name=name,
            class_key=source.class_key,
            template_version_id=source.template_version_id,
            audience=dict(source.audience) if audience is None else audience.dump(),
            variables=dict(source.variables),
            line_id=source.line_id,
            schedule=Schedule.load(source.schedule).again().dump(),
            hold_out=source.hold_out,
            created_by=ctx.actor.user_id,
            created_at=now,
            updated_at=now,
        )
        session.add(made)
        session.flush()
        ctx.audit(session, "campaign.copy", subject(made.id), source=campaign_id, name=name)
        return made.id


def delete_draft(ctx: Context, campaign_id: int) -> None:
    """Remove a draft. One that was ever submitted or tested is closed instead: its decisions stay on record."""
    ctx.require(Permission.CAMPAIGNS_EDIT)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        if campaign.state not in EDITABLE:
            raise WrongState(T("Only a draft can be deleted."))
        name = campaign.name
        if session.scalar(select(Batch.id).where(Batch.campaign_id == campaign_id).limit(1)) is None:
            session.execute(delete(Campaign).where(Campaign.id == campaign_id))
        else:
            campaign.state, campaign.batch_id, campaign.updated_at = CampaignState.CANCELLED, None, now
        ctx.audit(session, "campaign.delete", subject(campaign_id), name=name)


def _new(session: Session, ctx: Context, draft: Draft, class_key: str, now: datetime) -> Campaign:
    campaign = Campaign(created_by=ctx.actor.user_id, created_at=now, updated_at=now, state=CampaignState.DRAFT)
    put_draft(campaign, draft, class_key)
    session.add(campaign)
    session.flush()
    return campaign


def _take_back(session: Session, campaign: Campaign, now: datetime) -> int | None:
    """The batch that the edit voids, if there was one. Raises WrongState."""
    if campaign.state in EDITABLE:
        campaign.batch_id = None
        return None
    if campaign.state not in (CampaignState.PENDING, CampaignState.FREEZING):
        raise WrongState(T("This campaign can not be edited any more."), T("Make a copy to send it once more."))
    batch_id, campaign.batch_id = campaign.batch_id, None
    return batch_id if void(session, batch_id, now) else None


def _audit_edit(ctx: Context, session: Session, campaign: Campaign, voided: int | None) -> None:
    """One entry a sitting: a draft saves itself every few seconds. An edit that voids a batch always has its own."""
    if voided is None:
        last = session.execute(
            select(AuditEntry.actor_id, AuditEntry.action, AuditEntry.at)
            .where(AuditEntry.subject == subject(campaign.id))
            .order_by(AuditEntry.id.desc())
            .limit(1)
        ).one_or_none()
        if (
            last is not None
            and last.actor_id == ctx.actor.user_id
            and last.action in ("campaign.edit", "campaign.create")
            and ctx.clock.now() - last.at < SAME_SITTING
        ):
            return
    ctx.audit(session, "campaign.edit", subject(campaign.id), name=campaign.name, voided=voided)


def _require_sound(ctx: Context, campaign_id: int, digest: str, checked: Checked | None) -> None:
    with ctx.database.read() as session:
        batch = _batch(session, campaign_of(session, campaign_id), lock=False)
    if batch is None or batch.state is not BatchState.PENDING:
        return  # the transaction says why
    if checked is None or checked.batch_id != batch.id or checked.digest != digest:
        checked = examine(ctx, campaign_id)
    if checked is not None and not checked.sound:
        raise Tampered()


def _decide(
    ctx: Context, session: Session, campaign: Campaign, batch: Batch, secret: bytes, *, approved: bool, comment: str
) -> None:
    behind = on_behalf_of(ctx, session, campaign, batch)
    decision = Decision(
        campaign_id=campaign.id,
        batch_id=batch.id,
        approved=approved,
        digest=batch.digest,
        comment=comment,
        decided_by=ctx.actor.user_id,
        on_behalf_of=behind,
        decided_at=ctx.clock.now(),
    )
    seal_decision(secret, decision)
    session.add(decision)
    ctx.audit(
        session,
        "campaign.approve" if approved else "campaign.return",
        subject(campaign.id),
        batch=batch.id,
        digest=batch.digest,
        messages=batch.messages,
        parts=batch.parts,
        excluded=batch.excluded,
        comment=comment,
        on_behalf_of=behind,
    )


def _switch(
    ctx: Context,
    campaign_id: int,
    expected: BatchState,
    to: BatchState,
    action: str,
    refusal: Text,
    **told: object,
) -> None:
    ctx.require(Permission.CAMPAIGNS_RUN)
    secret = ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        batch = _batch(session, campaign)
        if batch is None or batch.state is not expected:
            raise WrongState(refusal)
        sound = is_sealed(secret, batch)
        if not sound and to is BatchState.OPEN:
            raise TamperedWhileRunning()
        batch.state, campaign.updated_at = to, ctx.clock.now()
        if sound:
            seal_batch(secret, batch)
        ctx.audit(session, action, subject(campaign_id), batch=batch.id, **told)


def _batch(session: Session, campaign: Campaign, *, lock: bool = True) -> Batch | None:
    if campaign.batch_id is None:
        return None
    return session.get(Batch, campaign.batch_id, with_for_update=lock, populate_existing=lock)


def _count(session: Session, batch_id: int, states: tuple[MessageState, ...]) -> int:
    query = select(func.count()).where(Message.batch_id == batch_id, Message.state.in_(states))
    return session.scalar(query) or 0
