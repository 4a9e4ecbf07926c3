"""Two to four campaigns side by side: what was set differently, who was in one and not in another, what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.orm import Session

from console.core.campaigns import holdout
from console.core.campaigns.browse import CampaignDetail, campaign_detail
from console.core.campaigns.draft import campaign_of
from console.core.campaigns.effect import paid_between, replied_between
from console.core.campaigns.progress import Progress, progress
from console.core.campaigns.results import TextResult, text_title
from console.core.campaigns.schedule_words import how_words, starts_words
from console.core.campaigns.views import STANDING_TITLES, Outcome
from console.core.context import Context
from console.core.errors import UserError
from console.core.format import NOTHING, count, duration, local_datetime, money, share
from console.core.i18n import T, Text, tr
from console.core.messages.cost import cost
from console.core.messages.difference import Stretch, difference
from console.core.security.permissions import Permission
from console.core.settings import Settings
from db.models import Message

LEAST, MOST = 2, 4
DAYS = 7  # after the first message left, in which replies and payments count
_CAUSES = 6  # of failures that are shown


class NotComparable(UserError):
    def __init__(self) -> None:
        super().__init__(T("Two to four campaigns can be compared."), T("Choose so many of them in the list."))


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing, in each of the campaigns."""

    title: Text
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """The customers of two of the campaigns, as frozen."""

    first: int  # places in ``Comparison.names``
    second: int
    only_first: int
    only_second: int
    both: int


@dataclass(frozen=True, kw_only=True)
class VariantWording:
    """Another text of a campaign's template."""

    campaign: int  # place in ``Comparison.names``
    name: str
    against_first: bool  # compared with the first campaign's text of this name; else with its own main text
    stretches: tuple[Stretch, ...]  # empty where it says the same

    @property
    def title(self) -> str:
        return text_title(self.name)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    campaign_ids: tuple[int, ...]
    names: tuple[str, ...]
    settings: tuple[Line, ...]
    wording: tuple[tuple[Stretch, ...], ...]  # each against the first; empty where it says the same
    variants: tuple[VariantWording, ...]  # of all of them, in their order
    overlaps: tuple[Overlap, ...]  # every pair of which both were ever submitted
    results: tuple[Line, ...]
    texts: tuple[Line, ...]  # what came of each text of the templates; empty where none has variants
    failures: tuple[Line, ...]  # most frequent first


@dataclass(frozen=True, kw_only=True)
class _Side:
    detail: CampaignDetail
    progress: Progress
    figures: _Figures


@dataclass(frozen=True, kw_only=True)
class _OfText:
    messages: int
    delivered: int
    people: int
    replied: int


@dataclass(frozen=True, kw_only=True)
class _Figures:
    people: int = 0
    replied: int = 0
    paid: int | None = None  # None: the messages are about no loan
    texts: Mapping[str, _OfText] = field(default_factory=dict)  # by the name of the variant; "" for the main text
    first_at: datetime | None = None  # when the first message left
    last_at: datetime | None = None  # when a line took the last one


def compare(ctx: Context, campaign_ids: Sequence[int]) -> Comparison:
    """In the order in which they are given. Raises NotPermitted, NotComparable, CampaignGone."""
    ctx.require(Permission.CAMPAIGNS_VIEW)
    ids = tuple(dict.fromkeys(campaign_ids))
    if not LEAST <= len(ids) <= MOST:
        raise NotComparable()
    with ctx.reading() as session:
        sides = [_side(session, each, ctx.clock.now()) for each in ids]
        return Comparison(
            campaign_ids=ids,
            names=tuple(side.detail.name or tr("Without a name") for side in sides),
            settings=tuple(_settings(sides)),
            wording=tuple(_wording(sides[0], side) for side in sides),
            variants=tuple(_variants(sides)),
            overlaps=tuple(_overlaps(session, sides)),
            results=tuple(_results(ctx.settings, sides)),
            texts=tuple(_texts(sides)),
            failures=tuple(_failures(sides)),
        )


def _side(session: Session, campaign_id: int, now: datetime) -> _Side:
    campaign_of(session, campaign_id)
    detail = campaign_detail(session, campaign_id, now)
    figures = _Figures() if detail.batch_id is None else _figures(session, detail.batch_id, detail.texts, now)
    return _Side(detail=detail, progress=progress(session, campaign_id, now), figures=figures)


def _figures(session: Session, batch_id: int, texts: Sequence[TextResult], now: datetime) -> _Figures:
    of_batch = Message.batch_id == batch_id
    query = select(func.min(Message.sending_at), func.max(Message.accepted_at), func.max(Message.loan_id))
    first_at, last_at, loan_id = session.execute(query.where(of_batch)).one()
    people = select(func.count(Message.customer_id.distinct())).where(of_batch)
    replied, paid = 0, None
    answered: ColumnElement[bool] = false()
    if first_at is not None:
        until = min(first_at + timedelta(days=DAYS), now)
        answered = replied_between(Message, first_at, until)
        replied = session.scalar(people.where(answered)) or 0
        if loan_id is not None:
            paid = session.scalar(people.where(paid_between(Message, first_at, until))) or 0
    return _Figures(
        people=session.scalar(people) or 0,
        replied=replied,
        paid=paid,
        texts=_of_texts(session, people, answered, texts),
        first_at=first_at,
        last_at=last_at,
    )


def _of_texts(
    session: Session, people: Select[int], answered: ColumnElement[bool], texts: Sequence[TextResult]
) -> dict[str, _OfText]:
    if not texts:
        return {}

    def by_text(query: Select[int]) -> dict[int, int]:
        rows = session.execute(query.add_columns(Message.variant).group_by(Message.variant))
        return {variant or 0: number for number, variant in rows}

    everybody, replied = by_text(people), by_text(people.where(answered))
    return {
        text.name: _OfText(
            messages=text.messages,
            delivered=text.counts[Outcome.DELIVERED],
            people=everybody.get(number, 0),
            replied=replied.get(number, 0),
        )
        for number, text in enumerate(texts)
    }


# What was set


def _settings(sides: Sequence[_Side]) -> list[Line]:
    told = [side.detail for side in sides]
    rows: list[tuple[Text, list[str]]] = [
        (T("Class"), [str(each.class_title) for each in told]),
        (T("Template"), [_template(each) for each in told]),
        (T("Audience"), [str(each.audience) for each in told]),
        (T("Held out"), [str(holdout.in_words(each.hold_out)) for each in told]),
        (T("Starts"), [starts_words(each.schedule, each.not_before) for each in told]),
        (T("Ends at the latest"), [local_datetime(each.expires_at) for each in told]),
        (T("Pace and priority"), [how_words(each.schedule) for each in told]),
        (T("Line"), [each.line or tr("Any line") for each in told]),
        (T("Made by"), [each.maker for each in told]),
        (T("Approved by"), [each.approver or NOTHING for each in told]),
    ]
    return [Line(title=title, values=tuple(values)) for title, values in rows]


def _template(told: CampaignDetail) -> str:
    if not told.template:
        return NOTHING
    return tr("{template}, version {number}", template=told.template, number=told.template_number or 0)


def _wording(first: _Side, other: _Side) -> tuple[Stretch, ...]:
    before, after = first.detail.body, other.detail.body
    return () if before == after else tuple(difference(before, after))


def _variants(sides: Sequence[_Side]) -> Iterator[VariantWording]:
    of_first = {each.name: each.body for each in sides[0].detail.variants}
    for place, side in enumerate(sides):
        for each in side.detail.variants:
            against_first = place > 0 and each.name in of_first
            before = of_first[each.name] if against_first else side.detail.body
            stretches = () if before == each.body else tuple(difference(before, each.body))
            yield VariantWording(campaign=place, name=each.name, against_first=against_first, stretches=stretches)


# Who was in it


def _overlaps(session: Session, sides: Sequence[_Side]) -> list[Overlap]:
    found = []
    for (place, first), (other, second) in combinations(enumerate(sides), 2):
        one, two = first.detail.batch_id, second.detail.batch_id
        if one is None or two is None:
            continue
        query = select(func.count()).select_from(_only_in(one, two).subquery())
        only_first = session.scalar(query) or 0
        both = first.figures.people - only_first
        found.append(
            Overlap(
                first=place, second=other, only_first=only_first, only_second=second.figures.people - both, both=both
            )
        )
    return found


def _only_in(batch_id: int, other_id: int) -> Select[int]:
    """A message of each customer whom only the first batch has; one pass over both batches, whatever their size."""
    return (
        select(func.min(Message.id))
        .where(Message.batch_id.in_((batch_id, other_id)), Message.customer_id.is_not(None))
        .group_by(Message.customer_id)
        .having(func.count().filter(Message.batch_id == other_id) == 0)
    )


def only_in_ids(session: Session, campaign_id: int, other_id: int) -> list[int]:
    """Messages of the customers who were in the first campaign and not in the other, one each, by their ids."""
    one, two = campaign_of(session, campaign_id).batch_id, campaign_of(session, other_id).batch_id
    if one is None or two is None:
        return []
    return sorted(session.scalars(_only_in(one, two)))


# What came of it


def _results(settings: Settings, sides: Sequence[_Side]) -> list[Line]:
    lines = [
        Line(title=T("State"), values=tuple(str(STANDING_TITLES[side.detail.standing]) for side in sides)),
        Line(title=T("Messages"), values=tuple(count(side.progress.total) for side in sides)),
        Line(title=T("Left out"), values=tuple(count(side.progress.excluded) for side in sides)),
        Line(title=T("Delivered"), values=tuple(_of_total(side, Outcome.DELIVERED) for side in sides)),
        Line(title=T("Failed"), values=tuple(_of_total(side, Outcome.FAILED) for side in sides)),
        Line(title=T("Outcome unknown"), values=tuple(_of_total(side, Outcome.UNKNOWN) for side in sides)),
        Line(title=T("Held back"), values=tuple(_of_total(side, Outcome.SUPPRESSED) for side in sides)),
        Line(title=T("Replied within {days} days", days=DAYS), values=tuple(_replied(side) for side in sides)),
        Line(title=T("Paid within {days} days", days=DAYS), values=tuple(_paid(side) for side in sides)),
        Line(title=T("Parts"), values=tuple(count(side.progress.parts) for side in sides)),
        Line(title=T("Took"), values=tuple(_took(side) for side in sides)),
    ]
    if cost(settings, 1) is not None:
        prices = tuple(money(cost(settings, side.progress.parts)) for side in sides)
        lines.insert(-1, Line(title=T("Cost in yuan"), values=prices))
    return lines


def _texts(sides: Sequence[_Side]) -> Iterator[Line]:
    """The main text, then the variants by their names: those of one name stand beside each other."""
    if not any(side.figures.texts for side in sides):
        return
    told = [side.figures.texts or {"": _whole(side)} for side in sides]
    for name in dict.fromkeys(each for texts in told for each in texts):
        title = text_title(name)
        found = [(side, texts.get(name)) for side, texts in zip(sides, told, strict=True)]
        shares = [_part(each.messages, side.progress.total) if each else NOTHING for side, each in found]
        delivered = [_part(each.delivered, each.messages) if each else NOTHING for _, each in found]
        replied = [
            _part(each.replied, each.people) if each and side.figures.first_at is not None else NOTHING
            for side, each in found
        ]
        yield Line(title=T("{text}: messages", text=title), values=tuple(shares))
        yield Line(title=T("{text}: delivered", text=title), values=tuple(delivered))
        yield Line(title=T("{text}: replied within {days} days", text=title, days=DAYS), values=tuple(replied))


def _whole(side: _Side) -> _OfText:
    """Of a campaign whose template has the main text alone."""
    told = side.progress
    return _OfText(
        messages=told.total,
        delivered=told.counts[Outcome.DELIVERED],
        people=side.figures.people,
        replied=side.figures.replied,
    )


def _of_total(side: _Side, outcome: Outcome) -> str:
    number, whole = side.progress.counts[outcome], side.progress.total
    return _part(number, whole)


def _part(number: int, whole: int) -> str:
    return f"{count(number)} · {share(number, whole)}" if whole else NOTHING


def _replied(side: _Side) -> str:
    return _part(side.figures.replied, side.figures.people) if side.figures.first_at is not None else NOTHING


def _paid(side: _Side) -> str:
    paid = side.figures.paid
    return NOTHING if paid is None else _part(paid, side.figures.people)


def _took(side: _Side) -> str:
    first_at, last_at = side.figures.first_at, side.figures.last_at
    return NOTHING if first_at is None or last_at is None else duration(last_at - first_at)


def _failures(sides: Sequence[_Side]) -> list[Line]:
    """Causes with the number that each struck."""
    numbers: dict[str, list[int]] = {}
    titles: dict[str, Text] = {}
    for place, side in enumerate(sides):
        for failure in side.progress.failures:
            if failure.outcome is Outcome.FAILED:
                titles[failure.code] = failure.text
                numbers.setdefault(failure.code, [0] * len(sides))[place] += failure.count
    frequent = sorted(numbers, key=lambda code: -sum(numbers[code]))[:_CAUSES]
    return [Line(title=titles[code], values=tuple(count(each) for each in numbers[code])) for code in frequent]
