"""Other wordings of one template for some of its readers: by segment, by tone, by the script they read.

A version owns them in their order; the first whose condition a reader fulfils is what they get, else the main text.
The conditions stand in the version itself, copied from the segment that they were taken from: what was reviewed is
what holds, whatever becomes of that segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.messages.checks import check_template
from console.core.messages.classes import MessageClass
from console.core.messages.findings import Finding
from console.core.messages.words import Words
from console.core.segments.compile import loans, members
from console.core.segments.conditions import Condition, Group, Related, dump, load
from console.core.segments.days import Today
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator
from console.core.segments.sentence import sentence
from console.core.segments.store import newest_version, own_fields, require_known, titles_of
from db.models import Segment

MOST: Final = 12  # of one version
CHUNK: Final = 10_000  # ids read at a time
NAME_LENGTH: Final = 30


class BadVariants(UserError):
    """Variants that cannot be stored."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    when: Mapping[str, Any]  # segments.conditions.dump
    body: str
    said: str = field(default="", compare=False)  # the condition in words, where somebody reads it

    def dump(self) -> dict[str, Any]:
        return {"name": self.name, "when": dict(self.when), "body": self.body}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A condition to choose for a variant."""

    title: str
    when: Mapping[str, Any]
    said: str


def _loan(*parts: Condition) -> Group:
    return Group((Related(Scope.LOAN, parts),))


def _overdue(operator: Operator, *days: str) -> Group:
    return _loan(Condition("loan.overdue", operator, days))


PRESETS: Final[tuple[tuple[Text, Group], ...]] = (
    (T("Gentle: overdue 1 to 3 days"), _overdue(Operator.BETWEEN, "1", "3")),
    (T("Neutral: overdue 4 to 15 days"), _overdue(Operator.BETWEEN, "4", "15")),
    (T("Firm: overdue 16 days or more"), _overdue(Operator.AT_LEAST, "16")),
    (T("High net worth"), Group((Condition("customer.segment", Operator.ONE_OF, ("高净值",)),))),
    (T("Reads traditional characters (tag)"), Group((Condition("customer.tags", Operator.ONE_OF, ("繁体", "繁體")),))),
)


def read(records: Iterable[Mapping[str, Any]]) -> tuple[Variant, ...]:
    """What ``Variant.dump`` wrote."""
    return tuple(Variant(name=each["name"], when=each["when"], body=each["body"]) for each in records)


def tidy(session: Session, variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """As they are stored. Raises BadVariants, BadConditions, UnknownField, TooLarge."""
    if len(variants) > MOST:
        raise BadVariants(T("A template has at most {n} variants.", n=MOST), T("Make another template of some."))
    made = []
    for each in variants:
        root = load(each.when)
        require_known(session, root)
        name = " ".join(each.name.split())
        if not 0 < len(name) <= NAME_LENGTH:
            raise BadVariants(
                T("A variant has no name, or a long one."),
                T("Give it a name of at most {n} characters.", n=NAME_LENGTH),
            )
        made.append(Variant(name=name, when=dump(root), body=each.body.strip()))
    if len({each.name for each in made}) < len(made):
        raise BadVariants(T("Two variants have the same name."), T("Give each its own name."))
    return tuple(made)


def check_texts(
    body: str, variants: Sequence[Variant], class_: MessageClass, signature: str, words: Words | None = None
) -> list[Finding]:
    """``check_template`` of the main text, then of every variant; a finding names the variant that it is in."""
    found = check_template(body, class_, signature, words)
    for each in variants:
        found += [
            replace(finding, variant=each.name) for finding in check_template(each.body, class_, signature, words)
        ]
    return found


# Whose is which


class Assigned:
    """The number of the text for each id, a byte an id: a million readers take a megabyte."""

    _BITS: Final = 16

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def put(self, ids: Iterable[int], number: int) -> None:
        low, bits, pages = (1 << self._BITS) - 1, self._BITS, self._pages
        for each in ids:
            page = pages.get(each >> bits)
            if page is None:
                page = pages[each >> bits] = bytearray(low + 1)
            page[each & low] = number

    def __getitem__(self, id_: int) -> int:
        page = self._pages.get(id_ >> self._BITS)
        return page[id_ & ((1 << self._BITS) - 1)] if page is not None else 0


def assigned(
    session: Session, variants: Sequence[Variant], today: Today, *, per_loan: bool, only: Sequence[int] | None = None
) -> Assigned:
    """By loan id where the class is about loans, else by customer id: the variant's number from 1; 0 the main text.

    One query a variant, whatever the size of the audience. ``only``: the few ids that are asked about.
    """
    found = Assigned()
    for number, each in reversed(list(enumerate(variants, 1))):  # the first one that fits stands
        root = load(each.when)
        ids = loans(root, today) if per_loan else members(root, today)
        if only is not None:
            found_ids = ids.subquery()
            ids = select(found_ids.c[0]).where(found_ids.c[0].in_(only))
        with session.connection().execute(ids.execution_options(yield_per=CHUNK)) as rows:  # past the session: quicker
            for part in rows.partitions():
                found.put((id_ for (id_,) in part), number)
    return found


# In words


def said(session: Session, variants: Sequence[Variant]) -> tuple[Variant, ...]:
    titles = titles_of(own_fields(session, retired=True)) if variants else {}
    return tuple(replace(each, said=_said(each.when, titles)) for each in variants)


def _said(when: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    try:
        return sentence(load(when), titles)
    except UserError as error:
        return str(error.message)


def choices(session: Session) -> tuple[Choice, ...]:
    """Ready-made conditions, then those of the saved segments."""
    titles = titles_of(own_fields(session))
    found = [Choice(title=str(title), when=dump(root), said=sentence(root, titles)) for title, root in PRESETS]
    for segment in session.scalars(select(Segment).where(Segment.retired.is_(False)).order_by(Segment.name)):
        when = newest_version(session, segment.id).conditions
        found.append(Choice(title=segment.name, when=when, said=_said(when, titles)))
    return tuple(found)
