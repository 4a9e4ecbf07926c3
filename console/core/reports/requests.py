"""The ready-made reports: what each is called, what it needs, and the sheets it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.campaigns.views import Outcome
from console.core.clock import Clock
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.reports import campaign, daily, details
from console.core.reports.period import Period
from console.core.reports.table import Sheet
from db.models import Campaign, Exclusion, Message


class Report(StrEnum):
    DAILY = "daily"
    CAMPAIGN = "campaign"
    DETAILS = "details"
    TROUBLE = "trouble"


@dataclass(frozen=True, kw_only=True)
class Card:
    report: Report
    title: Text
    text: Text  # what it answers
    icon: str


CARDS: Mapping[Report, Card] = {
    card.report: card
    for card in (
        Card(
            report=Report.DAILY,
            title=T("Daily report"),
            text=T("What left, what arrived and whether it adds up: by day, line, class and campaign."),
            icon="calendar",
        ),
        Card(
            report=Report.CAMPAIGN,
            title=T("Campaign report"),
            text=T("One campaign in full: approval, outcomes, causes, every message, everybody left out."),
            icon="send",
        ),
        Card(
            report=Report.DETAILS,
            title=T("Message details"),
            text=T("Every message that left in the period, with its state and times."),
            icon="list",
        ),
        Card(
            report=Report.TROUBLE,
            title=T("Failures and unknown outcomes"),
            text=T("Messages that did not arrive, why, and what to do about each."),
            icon="triangle-alert",
        ),
    )
}
_TROUBLE = (Outcome.FAILED, Outcome.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One report as somebody wants it. A campaign's report needs no period, every other one does."""

    report: Report
    period: Period | None = None
    campaign_id: int | None = None
    reveal: bool = False  # phones in full

    def subject(self) -> str:
        """For the audit trail."""
        return f"campaign:{self.campaign_id}" if self.report is Report.CAMPAIGN else f"report:{self.report.value}"


def sheets(session: Session, request: Request, clock: Clock, *, limit: int | None = None) -> list[Sheet]:
    """Raises UserError when something is missing. Rows are read while they are written; ``limit`` is of details."""
    phone = details.phones(request.reveal)
    if request.report is Report.CAMPAIGN:
        return campaign.sheets(session, _campaign_id(request), clock, phone, limit=limit)
    period = period_of(request)
    match request.report:
        case Report.DAILY:
            return daily.load(session, period).sheets()
        case Report.DETAILS:
            return [details.of_period(session, period, phone, limit=limit)]
        case Report.TROUBLE:
            return [details.of_period(session, period, phone, outcomes=_TROUBLE, limit=limit)]


def numbers_of(session: Session, request: Request) -> list[int]:
    """The messages whose numbers a report shows, and below zero who was left out; none in one without numbers."""
    if request.report is Report.DAILY:
        return []
    if request.report is Report.CAMPAIGN:
        batch = select(Campaign.batch_id).where(Campaign.id == request.campaign_id).scalar_subquery()
        left_out = session.scalars(select(-Exclusion.id).where(Exclusion.batch_id == batch))
        return [*session.scalars(select(Message.id).where(Message.batch_id == batch)), *left_out]
    period = period_of(request)
    left = select(Message.id).where(Message.sending_at >= period.start, Message.sending_at < period.end)
    return list(session.scalars(left))


def about(session: Session, request: Request) -> str:
    """What the report is about, for its heading: the campaign's name or the period."""
    if request.report is Report.CAMPAIGN:
        return campaign.name_of(session, _campaign_id(request))
    return str(period_of(request))


def file_name(session: Session, request: Request) -> str:
    """A name that every file system takes, without its folder."""
    return workbook_name(f"{CARDS[request.report].title} {about(session, request)}")


def workbook_name(title: str) -> str:
    """``title`` as the name of a file that every file system takes."""
    return "".join(_fit(title.replace(" – ", "_")))[:120].rstrip(" .") + ".xlsx"


def _fit(name: str) -> Iterator[str]:
    for char in name:
        yield "_" if char in '<>:"/\\|?*' or ord(char) < 32 else char


def _campaign_id(request: Request) -> int:
    if request.campaign_id is None:
        raise UserError(T("No campaign is chosen."), T("Choose the campaign the report is about."))
    return request.campaign_id


def period_of(request: Request) -> Period:
    """Raises UserError when none is given."""
    if request.period is None:
        raise UserError(T("No period is chosen."), T("Choose the first and the last day."))
    return request.period
