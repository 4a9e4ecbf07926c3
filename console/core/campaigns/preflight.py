"""Who would get a draft, who would not and why, what it costs in parts, and when it would be done."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.campaigns.capacity import Capacity, capacity
from console.core.campaigns.draft import Draft
from console.core.campaigns.evaluation import Evaluated, Plan, audience_size, evaluated, plan
from console.core.campaigns.forecast import forecast
from console.core.campaigns.route import asked_of, obstacles
from console.core.campaigns.rules import rule_title
from console.core.campaigns.second import Second, SecondTally
from console.core.context import Context
from console.core.i18n import Text
from console.core.messages.findings import Finding, Level
from console.core.security.permissions import Permission
from db.models import Customer

SAMPLES = 20
LONGEST = 5
OF_VARIANT = 3  # random examples of each variant, beside those of the whole
LISTED = 500  # excluded people kept a rule for the list behind its number; all of them are stored by freezing

Report = Callable[[int, int], None]  # done, total; may raise to stop the work


@dataclass(frozen=True, kw_only=True)
class Left:
    """One who does not get it."""

    customer_id: int
    loan_id: int | None
    name: str
    phone: str
    reason: Text


@dataclass(frozen=True, kw_only=True)
class RuleCount:
    rule: str
    title: Text
    count: int
    listed: tuple[Left, ...]  # the first LISTED of them


@dataclass(frozen=True, kw_only=True)
class Sample:
    customer_id: int
    loan_id: int | None
    name: str
    phone: str
    body: str
    parts: int
    variant: str = ""  # its name; "" for the main text


@dataclass(frozen=True, kw_only=True)
class VariantCount:
    """What one of a template's texts comes to."""

    name: str  # "" for the main text
    gets: int
    parts: int
    samples: tuple[Sample, ...]  # some at random
    longest: Sample | None  # None where nobody gets it


@dataclass(frozen=True, kw_only=True)
class Preflight:
    draft: Draft
    at: datetime  # when it was looked at
    audience: int
    gets: int
    parts: int
    by_parts: dict[int, int]  # messages by their number of parts
    later: int  # of ``gets``: allowed only after the start, because of hours or caps
    excluded: tuple[RuleCount, ...]  # most frequent first
    samples: tuple[Sample, ...]
    longest: tuple[Sample, ...]
    variants: tuple[VariantCount, ...]  # the main text and each variant; none where there are no variants
    findings: tuple[Finding, ...]  # of the template itself
    second: tuple[Second, ...]  # words for which two people have to approve
    starts_at: datetime
    expires_at: datetime
    capacity: Capacity
    finish_at: datetime | None  # None: no line could send it, or not all of it in time
    obstacles: tuple[Finding, ...]  # of its lines and its time

    @property
    def left_out(self) -> int:
        return self.audience - self.gets

    @property
    def blocked(self) -> bool:
        return any(finding.level is Level.BLOCK for finding in self.findings)


@dataclass
class _OfVariant:
    """One text's share: counts, a few examples, the longest."""

    gets: int = 0
    parts: int = 0
    samples: list[Evaluated] = field(default_factory=list)
    longest: Evaluated | None = None

    def add(self, row: Evaluated, chance: random.Random) -> None:
        self.gets += 1
        self.parts += row.parts
        if len(self.samples) < OF_VARIANT:
            self.samples.append(row)
        elif (place := chance.randrange(self.gets)) < OF_VARIANT:
            self.samples[place] = row
        if self.longest is None or len(row.body) > len(self.longest.body):
            self.longest = row


@dataclass
class _Tally:
    """Counts and a bounded choice of rows, so that a million rows need no more memory than a thousand."""

    seed: int
    texts: int = 1  # the main one and the variants
    seen: int = 0
    gets: int = 0
    parts: int = 0
    later: int = 0
    by_parts: Counter[int] = field(default_factory=Counter)
    second: SecondTally = field(default_factory=SecondTally)
    rules: Counter[str] = field(default_factory=Counter)
    listed: dict[str, list[Evaluated]] = field(default_factory=dict)
    samples: list[Evaluated] = field(default_factory=list)
    longest: list[tuple[int, int, Evaluated]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a choice of examples, not a secret
        self.variants = [_OfVariant() for _ in range(self.texts)] if self.texts > 1 else []

    def add(self, row: Evaluated) -> None:
        self.seen += 1
        if row.rule:
            self.rules[row.rule] += 1
            listed = self.listed.setdefault(row.rule, [])
            if len(listed) < LISTED:
                listed.append(row)
            return
        self.gets += 1
        self.parts += row.parts
        self.by_parts[row.parts] += 1
        self.later += row.later is not None
        if row.second:
            self.second.add(row.second)
        self._sample(row)
        if self.variants:
            self.variants[row.variant or 0].add(row, self._random)
        entry = (len(row.body), -self.seen, row)
        if len(self.longest) < LONGEST:
            heapq.heappush(self.longest, entry)
        elif entry > self.longest[0]:
            heapq.heapreplace(self.longest, entry)

    def _sample(self, row: Evaluated) -> None:
        if len(self.samples) < SAMPLES:
            self.samples.append(row)
        elif (place := self._random.randrange(self.gets)) < SAMPLES:
            self.samples[place] = row


def preflight(
    ctx: Context, draft: Draft, *, campaign_id: int | None = None, progress: Report | None = None, seed: int = 0
) -> Preflight:
    """Evaluate the whole audience without storing anything. ``seed`` chooses the random examples.

    ``campaign_id``: under which the draft is stored; the lot of a held-out group depends on it.

    Raises NotComplete, NotPermitted, and whatever ``progress`` raises.
    """
    ctx.require(Permission.CAMPAIGNS_EDIT)
    with ctx.database.read() as session:
        prepared = plan(ctx, session, draft, campaign_id=campaign_id)
        total = audience_size(session, prepared)
        tally = _Tally(seed=seed, texts=len(prepared.texts))
        with closing(evaluated(session, prepared)) as chunks:
            for chunk in chunks:
                for row in chunk:
                    tally.add(row)
                if progress is not None:
                    progress(tally.seen, total)
        longest = [row for _, _, row in sorted(tally.longest, reverse=True)]
        of_variants = [row for each in tally.variants for row in (*each.samples, each.longest) if row is not None]
        shown = [*tally.samples, *longest, *of_variants, *(row for rows in tally.listed.values() for row in rows)]
        names = _names(session, {row.customer_id for row in shown})
        load = capacity(session, asked_of(draft, prepared.class_.key), ctx.clock.now(), priority=prepared.priority)
    return _summary(ctx, draft, prepared, tally, longest, names, load)


def _summary(
    ctx: Context,
    draft: Draft,
    prepared: Plan,
    tally: _Tally,
    longest: list[Evaluated],
    names: dict[int, str],
    load: Capacity,
) -> Preflight:
    now, zone = ctx.clock.now(), prepared.policy.zone
    foreseen = forecast(load, prepared.timetable, prepared.schedule, tally.gets, tally.parts, now, zone)
    return Preflight(
        draft=draft,
        at=now,
        audience=tally.seen,
        gets=tally.gets,
        parts=tally.parts,
        by_parts=dict(sorted(tally.by_parts.items())),
        later=tally.later,
        excluded=tuple(
            RuleCount(
                rule=rule,
                title=rule_title(rule),
                count=count,
                listed=tuple(_left(row, names) for row in tally.listed[rule]),
            )
            for rule, count in tally.rules.most_common()
        ),
        samples=tuple(_example(row, names, prepared) for row in tally.samples),
        longest=tuple(_example(row, names, prepared) for row in longest),
        variants=tuple(
            VariantCount(
                name=text.name,
                gets=each.gets,
                parts=each.parts,
                samples=tuple(_example(row, names, prepared) for row in each.samples),
                longest=_example(each.longest, names, prepared) if each.longest is not None else None,
            )
            for text, each in zip(prepared.texts, tally.variants, strict=False)
        ),
        findings=prepared.findings,
        second=tally.second.told(),
        starts_at=foreseen.starts_at or prepared.at,
        expires_at=prepared.expires_at,
        capacity=load,
        finish_at=foreseen.finish_at,
        obstacles=tuple(obstacles(load, foreseen, tally.gets, prepared.expires_at)) if tally.gets else (),
    )


def _names(session: Session, ids: Collection[int]) -> dict[int, str]:
    return dict(session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(ids))).all())


def _left(row: Evaluated, names: dict[int, str]) -> Left:
    return Left(
        customer_id=row.customer_id,
        loan_id=row.loan_id,
        name=names.get(row.customer_id, ""),
        phone=row.phone,
        reason=row.reason or Text(""),
    )


def _example(row: Evaluated, names: dict[int, str], prepared: Plan) -> Sample:
    return Sample(
        customer_id=row.customer_id,
        loan_id=row.loan_id,
        name=names.get(row.customer_id, ""),
        phone=row.phone,
        body=row.body,
        parts=row.parts,
        variant=prepared.texts[row.variant or 0].name,
    )
