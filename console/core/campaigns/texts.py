"""The texts of one campaign: the main one of its template, and the variants that some of its people get instead."""

from __future__ import annotations

from dataclasses import dataclass

from console.core.messages.classes import MessageClass
from console.core.messages.forms import OF_LOAN
from console.core.messages.screen import Screen
from console.core.messages.template import Parsed, parse
from console.core.messages.variants import Variant
from console.core.messages.words import Words


@dataclass(frozen=True, kw_only=True)
class PlanText:
    variant: int | None  # of the template's version, from 1; None: the main text
    name: str  # of the variant
    parsed: Parsed
    screen: Screen
    tells: tuple[bool, bool]  # whether a message stands by the amount that is due, and by its day


def texts_of(
    body: str, variants: tuple[Variant, ...], class_: MessageClass, signature: str, words: Words
) -> tuple[PlanText, ...]:
    """The main text first; then each variant at the place of its number."""
    bodies = [("", body), *((each.name, each.body) for each in variants)]
    return tuple(
        PlanText(
            variant=number or None,
            name=name,
            parsed=(parsed := parse(text)),
            screen=Screen(parsed, class_, signature, words),
            tells=_tells(parsed, class_),
        )
        for number, (name, text) in enumerate(bodies)
    )


def variables_of(texts: tuple[PlanText, ...]) -> tuple[str, ...]:
    """Each once, in order of appearance."""
    return tuple(dict.fromkeys(key for text in texts for key in text.parsed.variables))


def _tells(parsed: Parsed, class_: MessageClass) -> tuple[bool, bool]:
    if not class_.per_loan:
        return False, False
    used = {column for key in parsed.variables if key in OF_LOAN for column in OF_LOAN[key][0]}
    return "amount_due" in used, "due_on" in used or class_.overdue_days is not None
