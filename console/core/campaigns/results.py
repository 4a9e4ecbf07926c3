"""How each of a template's texts did in one campaign."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.views import OUTCOME_TITLES, Outcome, tally
from console.core.format import count
from console.core.i18n import clauses, ntr, tr
from console.core.messages.variants import Variant
from db.models import Batch, Message, MessageState


def text_title(name: str) -> str:
    """``name``: of a variant; "" for the main text."""
    return tr("Text “{name}”", name=name) if name else tr("Main text")


@dataclass(frozen=True, kw_only=True)
class TextResult:
    name: str  # of the variant; "" for the main text
    said: str  # for whom, in words; "" for the main text: everybody else
    body: str  # without the signature
    messages: int
    parts: int
    counts: dict[Outcome, int]

    @property
    def title(self) -> str:
        return text_title(self.name)

    @property
    def told(self) -> str:
        """For whom, and what became of it."""
        said = [tr("for: {kinds}", kinds=self.said)] if self.said else []
        number = ntr("{n} message", "{n} messages", self.messages)
        done = [
            tr("{title}: {text}", title=str(OUTCOME_TITLES[outcome]), text=count(self.counts[outcome]))
            for outcome in (Outcome.DELIVERED, Outcome.FAILED, Outcome.UNKNOWN)
            if self.counts[outcome]
        ]
        return clauses([*said, number, *done])


def text_results(
    session: Session, batch: Batch | None, body: str, variants: tuple[Variant, ...]
) -> tuple[TextResult, ...]:
    """The main text and each variant; nothing where the template has no variants or nothing is frozen."""
    if batch is None or not variants:
        return ()
    query = select(Message.variant, Message.state, func.count(), func.sum(Message.parts))
    found = session.execute(query.where(Message.batch_id == batch.id).group_by(Message.variant, Message.state))
    counts: dict[int, list[tuple[MessageState, int]]] = defaultdict(list)
    parts: dict[int, int] = defaultdict(int)
    for variant, state, number, sum_ in found:
        counts[variant or 0].append((state, number))
        parts[variant or 0] += int(sum_)
    texts = [("", "", body), *((each.name, each.said, each.body) for each in variants)]
    return tuple(
        TextResult(
            name=name,
            said=said,
            body=text,
            messages=sum(number for _, number in counts[place]),
            parts=parts[place],
            counts=tally(counts[place], batch.state),
        )
        for place, (name, said, text) in enumerate(texts)
    )
