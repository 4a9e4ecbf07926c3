"""The daily report of a period: what left, by day, line and class, and whether it adds up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from console.core.campaigns.views import OUTCOME_TITLES, Outcome
from console.core.i18n import T, Text
from console.core.messages.classes import CLASSES
from console.core.reports import figures
from console.core.reports.figures import CampaignFigures, Counts, Key
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
_DAY = Column(title=T("Day"), kind=Kind.DATE)
_LINE = Column(title=T("Line"), width=22)
_KINDS = {BatchKind.TEST: T("Test messages"), BatchKind.REPLY: T("Replies")}


@dataclass(frozen=True, kw_only=True)
class Daily:
    """All figures of a period, read once."""

    period: Period
    counts: dict[Key, Counts]
    names: dict[int | None, str]  # of lines
    campaigns: list[CampaignFigures]

    def days(self) -> list[tuple[date, Counts]]:
        """Every day of the period, those on which nothing left included."""
        found = figures.summed(self.counts, lambda key: key.day)
        return [(day, found.get(day, Counts())) for day in self.period.days()]

    def sheets(self) -> list[Sheet]:
        return [
            self._by_day(),
            self._by_line(),
            self._by_line_and_day(),
            self._by_class(),
            campaign_sheet(self.campaigns),
        ]

    def _by_day(self) -> Sheet:
        rows = [(day, *_cells(each)) for day, each in self.days()]
        return self._sheet(T("By day"), [_DAY], rows)

    def _by_line(self) -> Sheet:
        found = figures.summed(self.counts, lambda key: key.line_id)
        rows = [
            (self._line(line), *_cells(each)) for line, each in sorted(found.items(), key=lambda item: item[0] or 0)
        ]
        return self._sheet(T("By line"), [_LINE], rows)

    def _by_line_and_day(self) -> Sheet:
        found = figures.summed(self.counts, lambda key: (key.day, key.line_id))
        ordered = sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or 0))
        rows = [(day, self._line(line), *_cells(each)) for (day, line), each in ordered]
        return self._sheet(T("By line and day"), [_DAY, _LINE], rows)

    def _by_class(self) -> Sheet:
        found = figures.summed(self.counts, lambda key: key.class_key)
        rows = [(class_title(key), *_cells(each)) for key, each in sorted(found.items())]
        return self._sheet(T("By class"), [Column(title=T("Class"), width=22)], rows)

    def _sheet(self, name: Text, heads: Sequence[Column], rows: Sequence[Row]) -> Sheet:
        closing = (str(T("Total")), *[None] * (len(heads) - 1), *_cells(figures.total(self.counts.values())))
        return Sheet(name=name, columns=(*heads, *_COUNTS), rows=iter(rows), total=len(rows), closing=closing)

    def _line(self, line_id: int | None) -> str:
        return self.names.get(line_id, str(T("No line")))


def load(session: Session, period: Period) -> Daily:
    return Daily(
        period=period,
        counts=figures.left(session, period),
        names=figures.line_names(session),
        campaigns=figures.campaigns(session, period),
    )


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
