"""The report of one campaign: who made and approved what, what became of it, and every message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.campaigns.audience import Audience, describe
from console.core.campaigns.browse import line_names
from console.core.campaigns.draft import wording_of
from console.core.campaigns.effect import DAYS, Measure, effect
from console.core.campaigns.progress import Progress, progress
from console.core.campaigns.results import text_results
from console.core.campaigns.schedule import Schedule
from console.core.campaigns.schedule_words import how_words, starts_words
from console.core.campaigns.timeline import timeline
from console.core.campaigns.views import OUTCOME_TITLES, STANDING_TITLES, Outcome
from console.core.clock import Clock
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import T, Text
from console.core.messages.variants import said
from console.core.reports import details
from console.core.reports.daily import class_title
from console.core.reports.details import Phone
from console.core.reports.table import Column, Kind, Row, Sheet, Value
from db.models import Batch, Campaign, Decision, Template, TemplateVersion, User

_NO_CAMPAIGN = T("This campaign no longer exists."), T("Choose another one.")


def name_of(session: Session, campaign_id: int) -> str:
    """Raises UserError when it is gone."""
    return _campaign(session, campaign_id).name


def sheets(session: Session, campaign_id: int, clock: Clock, phone: Phone, *, limit: int | None = None) -> list[Sheet]:
    """Raises UserError when the campaign is gone."""
    campaign = _campaign(session, campaign_id)
    found = progress(session, campaign_id, clock.now())
    made = [_facts(session, campaign, found), _outcomes(found), _causes(found), _events(session, campaign_id)]
    made += _texts(session, campaign)
    if campaign.batch_id is not None:
        made += _effect(session, campaign.batch_id, clock)
        made.append(details.of_batch(session, campaign.batch_id, phone, limit=limit))
        made.append(details.excluded(session, campaign.batch_id, phone))
    return made


def _campaign(session: Session, campaign_id: int) -> Campaign:
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise UserError(*_NO_CAMPAIGN)
    return campaign


def _facts(session: Session, campaign: Campaign, found: Progress) -> Sheet:
    rows = [(str(title), value) for title, value in _fact_rows(session, campaign, found)]
    columns = (Column(title=T("Item"), width=24), Column(title=T("Content"), width=70))
    return Sheet(name=T("Summary"), columns=columns, rows=iter(rows), total=len(rows))


def _fact_rows(session: Session, campaign: Campaign, found: Progress) -> Iterator[tuple[Text, Value]]:
    batch = session.get(Batch, campaign.batch_id) if campaign.batch_id else None
    yield T("Campaign"), campaign.name
    yield T("Class"), class_title(campaign.class_key)
    yield T("State"), str(STANDING_TITLES[found.standing])
    yield T("Template"), _template(session, campaign.template_version_id)
    yield T("Audience"), str(describe(session, Audience.load(campaign.audience)))
    yield T("Made by"), _person(session, campaign.created_by)
    yield from _decision(session, batch)
    schedule = Schedule.load(campaign.schedule)
    yield T("Starts"), starts_words(schedule, campaign.not_before)
    yield T("Pace and priority"), how_words(schedule) or str(T("As fast as the lines go, normal priority"))
    yield T("Line"), line_names(session, campaign) or str(T("Any line"))
    yield T("Messages"), found.total
    yield T("Parts"), found.parts
    yield T("Left out beforehand"), found.excluded
    yield T("Adds up"), str(T("Yes") if found.adds_up else T("No"))
    if batch is not None and batch.digest:
        yield T("Approved digest"), batch.digest


def _decision(session: Session, batch: Batch | None) -> Iterator[tuple[Text, Value]]:
    if batch is None:
        return
    query = select(Decision).where(Decision.batch_id == batch.id, Decision.approved).order_by(Decision.id.desc())
    decision = session.scalars(query).first()
    if decision is not None:
        yield T("Approved by"), _person(session, decision.decided_by)
        yield T("Approved at"), local_datetime(decision.decided_at, seconds=True)
        yield T("Comment"), decision.comment


def _template(session: Session, version_id: int | None) -> str:
    query = (
        select(Template.name, TemplateVersion.number)
        .join(TemplateVersion, TemplateVersion.template_id == Template.id)
        .where(TemplateVersion.id == version_id)
    )
    row = session.execute(query).first()
    return str(T("{name}, version {number}", name=row.name, number=row.number)) if row else ""


def _person(session: Session, user_id: int) -> str:
    user = session.get(User, user_id)
    return user.display_name if user else ""


def _outcomes(found: Progress) -> Sheet:
    rows: list[Row] = [
        (str(OUTCOME_TITLES[outcome]), number, number / found.total if found.total else None)
        for outcome, number in found.counts.items()
    ]
    columns = (
        Column(title=T("State"), width=24),
        Column(title=T("Messages"), kind=Kind.COUNT),
        Column(title=T("Share"), kind=Kind.SHARE),
    )
    total = sum(found.counts.values())
    closing = (str(T("Total")), total, total / found.total if found.total else None)
    return Sheet(name=T("Outcomes"), columns=columns, rows=iter(rows), total=len(rows), closing=closing)


def _causes(found: Progress) -> Sheet:
    rows: list[Row] = [
        (str(OUTCOME_TITLES[each.outcome]), str(each.group), str(each.text), str(each.advice), each.count)
        for each in found.failures
    ]
    columns = (
        Column(title=T("State"), width=16),
        Column(title=T("Where"), width=18),
        Column(title=T("Reason"), width=44),
        Column(title=T("What to do"), width=44),
        Column(title=T("Messages"), kind=Kind.COUNT),
    )
    return Sheet(name=T("Causes"), columns=columns, rows=iter(rows), total=len(rows))


def _texts(session: Session, campaign: Campaign) -> list[Sheet]:
    """How each wording did; no sheet where the template has only one."""
    wording = wording_of(session, campaign.template_version_id)
    batch = session.get(Batch, campaign.batch_id) if campaign.batch_id else None
    found = text_results(session, batch, wording.body, said(session, wording.variants)) if wording else ()
    if not found:
        return []
    rows: list[Row] = [
        (
            each.title,
            each.said,
            each.messages,
            each.parts,
            each.counts[Outcome.DELIVERED],
            each.counts[Outcome.FAILED],
            each.counts[Outcome.DELIVERED] / each.messages if each.messages else None,
        )
        for each in found
    ]
    columns = (
        Column(title=T("Text"), width=24),
        Column(title=T("For whom"), width=50),
        Column(title=T("Messages"), kind=Kind.COUNT),
        Column(title=T("Parts"), kind=Kind.COUNT),
        Column(title=OUTCOME_TITLES[Outcome.DELIVERED], kind=Kind.COUNT),
        Column(title=OUTCOME_TITLES[Outcome.FAILED], kind=Kind.COUNT),
        Column(title=T("Share"), kind=Kind.SHARE),
    )
    return [Sheet(name=T("Texts"), columns=columns, rows=iter(rows), total=len(rows))]


def _effect(session: Session, batch_id: int, clock: Clock) -> list[Sheet]:
    """Against those who were held out; no sheet when nobody was."""
    found = [effect(session, batch_id, clock.now(), days) for days in DAYS]
    if found[0] is None:
        return []
    return [effect_sheet((each.days, measure) for each in found if each is not None for measure in each.measures)]


def effect_sheet(measures: Iterable[tuple[int, Measure]]) -> Sheet:
    """Each with the days that were watched."""
    rows = [_measured(days, measure) for days, measure in measures]
    columns = (
        Column(title=T("Days afterwards"), kind=Kind.COUNT),
        Column(title=T("What they did"), width=20),
        Column(title=T("Meant to get it"), kind=Kind.COUNT, width=14),
        Column(title=T("Did it"), kind=Kind.COUNT),
        Column(title=T("Share"), kind=Kind.SHARE),
        Column(title=T("Held out"), kind=Kind.COUNT, width=14),
        Column(title=T("Did it"), kind=Kind.COUNT),
        Column(title=T("Share"), kind=Kind.SHARE),
        Column(title=T("Difference"), kind=Kind.SHARE),
        Column(title=T("From (95 %)"), kind=Kind.SHARE),
        Column(title=T("To (95 %)"), kind=Kind.SHARE),
        Column(title=T("In words"), width=70),
    )
    return Sheet(name=T("Effect"), columns=columns, rows=iter(rows), total=len(rows))


def _measured(days: int, measure: Measure) -> Row:
    sent, held, found = measure.sent, measure.held, measure.difference
    between = (found.value, found.low, found.high) if found is not None else (None, None, None)
    counted = (sent.whole, sent.part, sent.rate, held.whole, held.part, held.rate)
    return (days, str(measure.title), *counted, *between, measure.words)


def _events(session: Session, campaign_id: int) -> Sheet:
    rows: list[Row] = [
        (event.at, str(event.title), event.actor, event.comment) for event in reversed(timeline(session, campaign_id))
    ]
    columns = (
        Column(title=T("Time"), kind=Kind.MOMENT, width=20),
        Column(title=T("Event"), width=24),
        Column(title=T("Who"), width=16),
        Column(title=T("Comment"), width=50),
    )
    return Sheet(name=T("Course"), columns=columns, rows=iter(rows), total=len(rows))
