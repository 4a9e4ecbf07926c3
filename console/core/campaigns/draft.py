"""What a maker writes: the answers of the campaign page, complete or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from console.core.campaigns.audience import Audience
from console.core.campaigns.schedule import Schedule
from console.core.errors import UserError
from console.core.i18n import T
from console.core.messages.variants import Variant, read
from db.models import Campaign, CampaignState, Template, TemplateState, TemplateVersion, VersionState

NAME_LENGTH = 100


class CampaignGone(UserError):
    def __init__(self) -> None:
        super().__init__(T("This campaign does not exist any more."), T("It was deleted meanwhile."))


@dataclass(frozen=True, kw_only=True)
class Draft:
    name: str = ""
    template_version_id: int | None = None
    audience: Audience = field(default_factory=Audience)
    variables: Mapping[str, str] = field(default_factory=dict)  # values that are the same for everybody, by variable
    not_before: datetime | None = None  # None: as soon as it is approved
    expires_at: datetime | None = None  # None: approval.expire_hours after the submission or ``not_before``
    line_id: int | None = None  # None: any line
    schedule: Schedule = field(default_factory=Schedule)  # on which days, how fast, how urgent, by which few lines
    hold_out: int = 0  # per cent who do not get it, to measure its effect


@dataclass(frozen=True, kw_only=True)
class SavedDraft:
    """A campaign as its maker edits it."""

    campaign_id: int
    draft: Draft
    template_id: int | None
    state: CampaignState
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The template version that a draft points at."""

    template_id: int
    version_id: int
    number: int
    name: str
    class_key: str
    body: str  # without the signature
    variants: tuple[Variant, ...]
    usable: bool  # approved, and its template not retired


def load_draft(session: Session, campaign_id: int) -> SavedDraft:
    """Raises CampaignGone."""
    campaign = campaign_of(session, campaign_id)
    wording = wording_of(session, campaign.template_version_id)
    return SavedDraft(
        campaign_id=campaign.id,
        draft=draft_of(campaign),
        template_id=wording.template_id if wording else None,
        state=campaign.state,
        updated_at=campaign.updated_at,
    )


def draft_of(campaign: Campaign) -> Draft:
    return Draft(
        name=campaign.name,
        template_version_id=campaign.template_version_id,
        audience=Audience.load(campaign.audience),
        variables=dict(campaign.variables),
        not_before=campaign.not_before,
        expires_at=campaign.expires_at,
        line_id=campaign.line_id,
        schedule=Schedule.load(campaign.schedule),
        hold_out=campaign.hold_out,
    )


def put_draft(campaign: Campaign, draft: Draft, class_key: str) -> None:
    campaign.name = draft.name.strip()[:NAME_LENGTH]
    campaign.class_key = class_key
    campaign.template_version_id = draft.template_version_id
    campaign.audience = draft.audience.dump()
    campaign.variables = dict(draft.variables)
    campaign.not_before = draft.not_before
    campaign.expires_at = draft.expires_at
    campaign.line_id = draft.line_id
    campaign.schedule = draft.schedule.dump()
    campaign.hold_out = draft.hold_out


def campaign_of(session: Session, campaign_id: int, *, lock: bool = False) -> Campaign:
    """The row; ``lock`` reads it anew and keeps it until the transaction ends. Raises CampaignGone."""
    campaign = session.get(Campaign, campaign_id, with_for_update=lock, populate_existing=lock)
    if campaign is None:
        raise CampaignGone()
    return campaign


def wording_of(session: Session, version_id: int | None) -> Wording | None:
    if version_id is None:
        return None
    version = session.get(TemplateVersion, version_id)
    if version is None:
        return None
    template = session.get_one(Template, version.template_id)
    return Wording(
        template_id=template.id,
        version_id=version.id,
        number=version.number,
        name=template.name,
        class_key=template.class_key,
        body=version.body,
        variants=read(version.variants),
        usable=version.state is VersionState.APPROVED and template.state is TemplateState.ACTIVE,
    )
