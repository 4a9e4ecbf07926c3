"""The daily report of a period: what left, by day, line and class, and whether it adds up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from console.core.campaigns.views import OUTCOME_TITLES, Outcome
from console.core.i18n import T, Text
from console.core.messages.classes import CLASSES
from console.core.reports import figures
from console.core.reports.figures import CampaignFigures, Counts
from console.core.reports.period import Period
from console.core.reports.table import Column, Kind, Row, Sheet
from db.models import BatchKind

_COUNTS = (
    Column(title=T("Handed to the line"), kind=Kind.COUNT, width=14),
    Column(title=T("Delivered"), kind=Kind.COUNT),
    Column(title=T("Failed"), kind=Kind.COUNT),
    Column(title=T("Outcome unknown"), kind=Kind.COUNT, width=14),
    Column(title=T("Awaiting receipt"), kind=Kind.COUNT, width=14),
    Column(title=T("Being sent"), kind=Kind.COUNT),
    Column(title=T("Difference"), kind=Kind.COUNT),
    Column(title=T("Delivery rate"), kind=Kind.SHARE),
    Column(title=T("Parts accepted"), kind=Kind.COUNT, width=14),
)
_KINDS = {BatchKind.TEST: T("Test messages"), BatchKind.REPLY: T("Replies")}


def sheets(session: Session, period: Period) -> list[Sheet]:
    counts = figures.left(session, period)
    names = figures.line_names(session)
    whole = figures.total(counts.values())
    by_day = figures.summed(counts, lambda key: key.day)
    by_line = figures.summed(counts, lambda key: key.line_id)
    by_class = figures.summed(counts, lambda key: key.class_key)
    day_and_line = figures.summed(counts, lambda key: (key.day, key.line_id))
    return [
        _sheet(
            T("By day"), [Column(title=T("Day"), kind=Kind.DATE)],
            [(day, *_cells(by_day.get(day, Counts()))) for day in period.days()], (T("Total"),), whole,
        ),
        _sheet(
            T("By line"), [Column(title=T("Line"), width=22)],
            [(_line(names, line), *_cells(each)) for line, each in sorted(by_line.items(), key=lambda i: i[0] or 0)],
            (T("Total"),), whole,
        ),
        _sheet(
            T("By line and day"), [Column(title=T("Day"), kind=Kind.DATE), Column(title=T("Line"), width=22)],
            [
                (day, _line(names, line), *_cells(each))
                for (day, line), each in sorted(day_and_line.items(), key=lambda item: (item[0][0], item[0][1] or 0))
            ],
            (T("Total"), None), whole,
        ),
        _sheet(
            T("By class"), [Column(title=T("Class"), width=22)],
            [(class_title(key), *_cells(each)) for key, each in sorted(by_class.items())], (T("Total"),), whole,
        ),
        campaign_sheet(figures.campaigns(session, period)),
    ]  # fmt: skip


def _sheet(
    name: Text, heads: Sequence[Column], rows: Sequence[Row], closing: tuple[Text | None, ...], whole: Counts
) -> Sheet:
    last = (*(None if text is None else str(text) for text in closing), *_cells(whole))
    return Sheet(name=name, columns=(*heads, *_COUNTS), rows=iter(rows), total=len(rows), closing=last)


def _cells(counts: Counts) -> Row:
    rate = counts.delivered / counts.handed if counts.handed else None
    return (
        counts.handed, counts.delivered, counts.failed, counts.unknown, counts.awaiting, counts.sending,
        counts.difference, rate, counts.parts,
    )  # fmt: skip


def campaign_sheet(found: Iterable[CampaignFigures]) -> Sheet:
    rows = [_campaign(each) for each in found]
    outcomes = [Column(title=OUTCOME_TITLES[outcome], kind=Kind.COUNT, width=13) for outcome in Outcome]
    columns = (
        Column(title=T("Campaign"), width=30),
        Column(title=T("Class"), width=18),
        Column(title=T("Approved messages"), kind=Kind.COUNT, width=16),
        *outcomes,
        Column(title=T("Difference"), kind=Kind.COUNT),
        Column(title=T("Left out beforehand"), kind=Kind.COUNT, width=16),
    )
    numbers = [sum(int(str(row[place])) for row in rows) for place in range(2, len(columns))]
    return Sheet(
        name=T("By campaign"),
        columns=columns,
        rows=iter(rows),
        total=len(rows),
        closing=(str(T("Total")), None, *numbers),
    )


def _campaign(found: CampaignFigures) -> Row:
    name = found.name or str(_KINDS.get(found.kind, T("Without a name")))
    numbers = (found.counts[outcome] for outcome in Outcome)
    return (name, class_title(found.class_key), found.approved, *numbers, found.difference, found.excluded)


def class_title(key: str) -> str:
    known = CLASSES.get(key)
    return str(known.title) if known else key


def _line(names: dict[int | None, str], line_id: int | None) -> str:
    return names.get(line_id, str(T("No line")))
