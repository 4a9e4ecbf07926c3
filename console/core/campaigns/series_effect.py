"""What the runs of a series did together, told by those who were held out in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Float, Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from console.core.campaigns.effect import DAYS, Did, Effect, Measure, asked, effect, in_group
from console.core.campaigns.intervals import Difference, Share, common_difference, difference, weight
from db.models import Batch, Campaign, Exclusion, HoldOut, Message, SeriesRun

MOST = 30  # runs, the newest ones

Tables = type[Message | Exclusion]


@dataclass(frozen=True, kw_only=True)
class SeriesEffect:
    days: int  # watched after the first message of each run
    runs: int  # that are counted
    over: bool  # the days have passed for all of them
    measures: tuple[Measure, ...]  # empty before anything left


@dataclass(frozen=True, kw_only=True)
class _Run:
    batch_id: int
    class_key: str
    starts_at: datetime
    until: datetime
    effect: Effect


def series_effect(session: Session, series_id: int, now: datetime, days: int = DAYS[0]) -> SeriesEffect | None:
    """None when nobody was held out. Takes as long as the effects of all its runs."""
    found = [(batch, effect(session, batch.id, now, days)) for batch in _batches(session, series_id)]
    if not found:
        return None
    runs = [
        _Run(
            batch_id=batch.id,
            class_key=batch.class_key,
            starts_at=each.starts_at,
            until=min(each.ends_at, now),
            effect=each,
        )
        for batch, each in found
        if each is not None and each.starts_at is not None and each.ends_at is not None
    ]
    measures = runs[0].effect.measures if len(runs) == 1 else tuple(_measures(session, runs))
    over = all(run.effect.over for run in runs)
    return SeriesEffect(days=days, runs=len(runs), over=over, measures=measures)


def _batches(session: Session, series_id: int) -> Sequence[Batch]:
    query = (
        select(Batch)
        .join(HoldOut, HoldOut.batch_id == Batch.id)
        .join(Campaign, Campaign.batch_id == Batch.id)
        .join(SeriesRun, SeriesRun.campaign_id == Campaign.id)
        .where(SeriesRun.series_id == series_id, Batch.opened_at.is_not(None))
        .order_by(SeriesRun.due_on.desc())
        .limit(MOST)
    )
    return session.scalars(query).all()


def _measures(session: Session, runs: Sequence[_Run]) -> Iterator[Measure]:
    for title, did in {title.source: (title, did) for run in runs for title, did in asked(run.class_key)}.values():
        found = [(run, measure) for run in runs for measure in run.effect.measures if measure.title == title]
        pairs = [(measure.sent, measure.held) for _, measure in found]
        spread = _Spread(session, did, [run for run, _ in found], pairs)
        sent, held = _sum([first for first, _ in pairs]), _sum([second for _, second in pairs])
        of_sent, of_held = spread.of(Message), spread.of(Exclusion)
        between = _difference(pairs, of_sent, of_held)
        people = min(of_sent.people, of_held.people)
        yield Measure(title=title, sent=sent, held=held, difference=between, people=people)


def _difference(pairs: Sequence[tuple[Share, Share]], sent: _Moves, held: _Moves) -> Difference | None:
    common = common_difference(pairs)
    if common is None:
        return None
    never = {each.part for pair in pairs for each in pair} == {0}
    if never or all(each.part == each.whole for pair in pairs for each in pair):
        # nobody ever did it, or everybody always: no run tells more than another, and people are as many as they are
        first, second = (Share(part=0 if never else each.people, whole=each.people) for each in (sent, held))
        return difference(first, second)
    weights = sum(weight(first, second) for first, second in pairs)
    spread = (sent.squares + held.squares) / weights**2
    return replace(common, variance=max(common.variance, spread)).interval()


def _sum(shares: Sequence[Share]) -> Share:
    return Share(part=sum(each.part for each in shares), whole=sum(each.whole for each in shares))


@dataclass(frozen=True, kw_only=True)
class _Moves:
    squares: float  # summed over the people, of what each moves the difference by in all runs that they were in
    people: int


@dataclass(frozen=True)
class _Spread:
    """How much the people of one group differ, each taken with all runs that they were in.

    The same people are held out in every run, and who pays late once does so again: taken for others each time they
    would make the difference look surer than it is. The estimator is that of Liang and Zeger, Biometrika 73 (1986):
    13-22, with one cluster a person.
    """

    session: Session
    did: Did
    runs: Sequence[_Run]
    pairs: Sequence[tuple[Share, Share]]

    def of(self, table: Tables) -> _Moves:
        parts: list[Select[int, float]] = []
        for run, (first, second) in zip(self.runs, self.pairs, strict=True):
            own, other = (first, second) if table is Message else (second, first)
            if not own.whole or not other.whole:
                continue
            each, group = other.whole / (own.whole + other.whole), in_group(table, run.batch_id)
            parts += [
                _people(table, -each * own.part / own.whole).where(group),
                _people(table, each).where(group, self.did(table, run.starts_at, run.until)),
            ]
        if not parts:
            return _Moves(squares=0.0, people=0)
        rows = union_all(*parts).subquery()
        persons = select(func.sum(rows.c.moves).label("moved")).group_by(rows.c.customer_id).subquery()
        squares = func.sum(persons.c.moved * persons.c.moved)
        summed, number = self.session.execute(select(squares, func.count()).select_from(persons)).one()
        return _Moves(squares=float(summed or 0.0), people=number)


def _people(table: Tables, moves: float) -> Select[int, float]:
    return (
        select(table.customer_id, literal(moves, Float).label("moves")).where(table.customer_id.is_not(None)).distinct()
    )
