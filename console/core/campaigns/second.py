"""Words for which a second person has to approve a campaign: counted while it is written down, shown to who decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.messages.checks import check_words
from console.core.messages.findings import Finding, Level
from console.core.messages.variants import read
from db.models import Batch, BatchFinding, Campaign, TemplateVersion

MOST = 200  # different words that are told apart


@dataclass(frozen=True, kw_only=True)
class Second:
    """A word, and how many messages it stands in."""

    rule: str  # of the finding: word.legal
    why: Text
    source: str
    messages: int


@dataclass
class SecondTally:
    """Counts what each message has; a whole run of messages of one template has the very same findings."""

    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    _last: Sequence[Finding] = ()
    _times: int = 0

    def add(self, findings: Sequence[Finding]) -> None:
        if findings is not self._last:
            self._settle()
            self._last = findings
        self._times += 1

    def told(self) -> tuple[Second, ...]:
        self._settle()
        return tuple(
            Second(rule=finding.rule, why=finding.why, source=finding.source, messages=self._counts[key])
            for key, finding in self._findings.items()
        )

    def _settle(self) -> None:
        for key, finding in {(each.rule, each.why.dump()): each for each in self._last}.items():
            if key in self._counts or len(self._counts) < MOST:
                self._findings.setdefault(key, finding)
                self._counts[key] = self._counts.get(key, 0) + self._times
        self._times = 0


def store(session: Session, batch_id: int, found: Sequence[Second]) -> None:
    session.add_all(
        BatchFinding(
            batch_id=batch_id,
            place=place,
            rule=each.rule,
            why=each.why.dump(),
            source=each.source,
            messages=each.messages,
        )
        for place, each in enumerate(found)
    )


def stored(session: Session, batch_id: int) -> tuple[Second, ...]:
    query = select(BatchFinding).where(BatchFinding.batch_id == batch_id).order_by(BatchFinding.place)
    return tuple(
        Second(rule=each.rule, why=Text.load(each.why), source=each.source, messages=each.messages)
        for each in session.scalars(query)
    )


def signed(found: Sequence[Second]) -> str:
    """What of them goes into the digest that is signed; empty when there are none."""
    return json.dumps([[each.rule, each.why.dump(), each.source, each.messages] for each in found]) if found else ""


def needs_second(ctx: Context, session: Session, batch: Batch) -> bool:
    """Whether a word in its messages, or by today's lists one in its template, asks for two people."""
    if session.scalar(select(exists().where(BatchFinding.batch_id == batch.id))):
        return True
    return any(finding.level is Level.SECOND for finding in words_now(ctx, session, batch))


def words_now(ctx: Context, session: Session, batch: Batch) -> list[Finding]:
    """What the lists in force say of the template's own words: they may be others than at the submission."""
    query = select(TemplateVersion.body, TemplateVersion.variants).join(
        Campaign, Campaign.template_version_id == TemplateVersion.id
    )
    found = session.execute(query.where(Campaign.id == batch.campaign_id))
    bodies = [text for body, variants in found for text in (body, *(each.body for each in read(variants)))]
    policy = policy_at(session, ctx.clock.now())
    class_ = policy.classes[batch.class_key]
    return [finding for body in bodies for finding in check_words(body, class_, policy.words)]


class WordForbidden(UserError):
    def __init__(self, why: Text) -> None:
        super().__init__(
            T("The word lists in force forbid this text by now: {why}", why=str(why)),
            T("Return it; the text has to be changed."),
        )


def require_allowed(ctx: Context, session: Session, batch: Batch) -> None:
    """Raises WordForbidden: a list that came into force after the submission holds for what has not left."""
    for finding in words_now(ctx, session, batch):
        if finding.level is Level.BLOCK:
            raise WordForbidden(finding.why)
