"""What a checker reads before deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from console.core.campaigns.browse import CampaignDetail, campaign_detail, class_title, user_name
from console.core.campaigns.capacity import Capacity, capacity
from console.core.campaigns.decisions import approvers_needed, why_not
from console.core.campaigns.draft import campaign_of
from console.core.campaigns.forecast import forecast
from console.core.campaigns.messages import RuleNumber, rule_numbers
from console.core.campaigns.opening import timetable_of
from console.core.campaigns.route import obstacles
from console.core.campaigns.schedule import LOOK_AHEAD, Schedule
from console.core.campaigns.second import Second, stored
from console.core.campaigns.series import previous_run
from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.i18n import Text
from console.core.listing import Sort
from console.core.messages.classes import CLASSES
from console.core.messages.cost import cost
from console.core.messages.findings import Finding
from console.core.messages.signatures import signature_findings
from console.core.messages.variants import check_texts
from console.core.security.permissions import Permission
from db.models import Batch, BatchState, Campaign, CampaignState, Decision, Message, TemplateVersion, User
from db.outbox_batches import as_open

COMPARABLE = 200_000  # messages up to which two batches are compared person by person


@dataclass(frozen=True, kw_only=True)
class ApprovalRow:
    """One line of the queue."""

    id: int  # of the campaign
    name: str
    class_title: Text
    maker: str
    messages: int
    submitted_at: datetime
    not_before: datetime | None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Against the run of the same series before it, else the last campaign approved with the same template."""

    campaign_id: int
    name: str
    opened_at: datetime
    messages: int
    parts: int
    same_wording: bool  # the same version of the template
    added: int | None  # recipients that it did not have; None: too many to compare
    dropped: int | None  # recipients that only it had


@dataclass(frozen=True, kw_only=True)
class ApprovalDetail:
    campaign: CampaignDetail
    batch_id: int
    digest: str  # what is signed
    messages: int
    parts: int
    cost: Decimal | None  # yuan; None where no price is set
    excluded: int
    rules: tuple[RuleNumber, ...]
    findings: tuple[Finding, ...]
    second: tuple[Second, ...]  # words for which two people have to approve
    submitted_by: str
    submitted_at: datetime
    capacity: Capacity
    starts_at: datetime | None  # when the first would leave, approved now
    finish_at: datetime | None
    obstacles: tuple[Finding, ...]  # of its lines and its time
    refusal: Text | None  # why the reader can not decide; None when they can
    needed: int  # how many people have to approve
    signed_by: tuple[str, ...]  # who has already
    difference: Difference | None  # None: no campaign before it


def approval_ids(session: Session, sort: Sort | None = None) -> list[int]:
    """Campaigns that wait for a decision, the longest waiting first."""
    query = select(Campaign.id).join(Batch, Batch.id == Campaign.batch_id)
    query = query.where(Campaign.state == CampaignState.PENDING, Batch.state == BatchState.PENDING)
    columns = {"name": Campaign.name, "messages": Batch.messages, "submitted": Batch.created_at}
    column = columns.get(sort.key if sort else "submitted", Batch.created_at)
    return list(session.scalars(query.order_by(column.desc() if sort and sort.descending else column.asc())))


def approval_rows(session: Session, ids: Sequence[int]) -> list[ApprovalRow]:
    query = (
        select(Campaign, Batch, User.display_name)
        .join(Batch, Batch.id == Campaign.batch_id)
        .join(User, User.id == Batch.created_by)
        .where(Campaign.id.in_(ids))
    )
    found = {
        campaign.id: ApprovalRow(
            id=campaign.id,
            name=campaign.name,
            class_title=class_title(campaign.class_key),
            maker=maker,
            messages=batch.messages,
            submitted_at=batch.created_at,
            not_before=batch.not_before,
        )
        for campaign, batch, maker in session.execute(query)
    }
    return [found[each] for each in ids if each in found]


def waiting_for(ctx: Context, session: Session) -> int:
    """How many campaigns this person could decide on now: the number beside the page's name."""
    if not ctx.allowed(Permission.APPROVALS_DECIDE):
        return 0
    query = (
        select(Campaign, Batch)
        .join(Batch, Batch.id == Campaign.batch_id)
        .where(Campaign.state == CampaignState.PENDING, Batch.state == BatchState.PENDING)
    )
    return sum(why_not(ctx, session, campaign, batch) is None for campaign, batch in session.execute(query))


def approval_detail(ctx: Context, session: Session, campaign_id: int) -> ApprovalDetail | None:
    """None when it does not wait for a decision any more. Raises CampaignGone."""
    now = ctx.clock.now()
    campaign = campaign_of(session, campaign_id)
    batch = session.get(Batch, campaign.batch_id) if campaign.batch_id else None
    if batch is None or campaign.state is not CampaignState.PENDING or batch.state is not BatchState.PENDING:
        return None
    told = campaign_detail(session, campaign_id, now)
    class_, signature = CLASSES[campaign.class_key], ctx.settings.text("bank.signature")
    starts = max(now, batch.not_before or now)
    load, policy = capacity(session, as_open(batch), now, priority=batch.priority), policy_at(session, starts)
    schedule, ends = Schedule.load(batch.schedule), batch.expires_at or starts + LOOK_AHEAD
    table = timetable_of(schedule, class_, policy, starts, ends)
    foreseen = forecast(load, table, schedule, batch.messages, batch.parts, now, policy.zone)
    return ApprovalDetail(
        campaign=told,
        batch_id=batch.id,
        digest=batch.digest,
        messages=batch.messages,
        parts=batch.parts,
        cost=cost(ctx.settings, batch.parts),
        excluded=batch.excluded,
        rules=tuple(rule_numbers(session, batch.id)),
        findings=(
            *check_texts(told.body, told.variants, class_, signature, policy.words),
            *signature_findings(session, signature, starts.astimezone().date()),
        ),
        second=stored(session, batch.id),
        submitted_by=user_name(session, batch.created_by),
        submitted_at=batch.created_at,
        capacity=load,
        starts_at=foreseen.starts_at,
        finish_at=foreseen.finish_at,
        obstacles=tuple(obstacles(load, foreseen, batch.messages, ends)),
        refusal=why_not(ctx, session, campaign, batch),
        needed=approvers_needed(ctx, session, batch),
        signed_by=tuple(user_name(session, each.decided_by) for each in _approvals(session, batch)),
        difference=_difference(session, campaign, batch),
    )


def _approvals(session: Session, batch: Batch) -> list[Decision]:
    query = select(Decision).where(Decision.batch_id == batch.id, Decision.approved).order_by(Decision.id)
    return list(session.scalars(query))


def _difference(session: Session, campaign: Campaign, batch: Batch) -> Difference | None:
    before, wording = aliased(Batch), aliased(TemplateVersion)
    now_used = session.get(TemplateVersion, campaign.template_version_id) if campaign.template_version_id else None
    if now_used is None:
        return None
    query = (
        select(Campaign, before)
        .join(before, before.id == Campaign.batch_id)
        .join(wording, wording.id == Campaign.template_version_id)
        .where(wording.template_id == now_used.template_id, before.opened_at.is_not(None), Campaign.id != campaign.id)
        .order_by(before.opened_at.desc())
        .limit(1)
    )
    run = previous_run(session, campaign.id)
    if run is not None:
        query = select(Campaign, before).join(before, before.id == Campaign.batch_id).where(Campaign.id == run)
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    last, old = found
    comparable = max(batch.messages, old.messages) <= COMPARABLE
    return Difference(
        campaign_id=last.id,
        name=last.name,
        opened_at=old.opened_at or old.created_at,
        messages=old.messages,
        parts=old.parts,
        same_wording=last.template_version_id == campaign.template_version_id,
        added=_only_in(session, batch.id, old.id) if comparable else None,
        dropped=_only_in(session, old.id, batch.id) if comparable else None,
    )


def _only_in(session: Session, batch_id: int, other_id: int) -> int:
    other = aliased(Message)
    also = exists().where(other.batch_id == other_id, other.recipient == Message.recipient)
    return session.scalar(select(func.count()).where(Message.batch_id == batch_id, ~also)) or 0
