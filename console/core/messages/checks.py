"""What must be mended before a text may leave: checked as it is written, and again on each rendered message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from console.core.i18n import T, Text
from console.core.messages.classes import MessageClass
from console.core.messages.findings import Finding, Level, blocked
from console.core.messages.numbers import NumberKind, find_numbers
from console.core.messages.template import Parsed, compose, measure, parse
from console.core.messages.variables import LINK, SAMPLES, VARIABLES, has_link
from console.core.messages.words import VARIABLE, Hit, Words, content_policy, plain, shipped_words

__all__ = ["Finding", "Level", "blocked", "check_rendered", "check_template"]

_CONTACT = re.compile(r"(?<!\d)(?:0\d{2,3}-?\d{7,8}|(?:400|800)-?\d{3}-?\d{4}|1[3-9]\d{9}|9\d{4,5}|1\d{4})(?!\d)")
_RELATIVE_DAY = re.compile(r"[今明昨][天日晚早]|[后後]天|\b(?:today|tonight|tomorrow|yesterday)\b", re.IGNORECASE)
_ENDINGS = ("拒收请回复R", "拒收請回覆R", "拒收請回復R")  # the same words in both scripts


def check_template(body: str, class_: MessageClass, signature: str, words: Words | None = None) -> list[Finding]:
    """Everything wrong with a template; places are characters of ``body``. Length is taken with sample values.

    ``words`` are the lists in force, or None where only the shipped ones are at hand.
    """
    parsed = parse(body)
    literal = _literal(parsed)
    findings = [
        *parsed.findings,
        *_signature(signature),
        *_empty(body),
        *_required(parsed, class_),
        *_text(literal, class_, words),
        *_ending(body, class_),
        *_rate(parsed, class_),
        *_relative_days(literal),
        *_length(compose(signature, parsed.render(SAMPLES))),
    ]
    return sorted(findings, key=lambda finding: finding.where or (len(body), 0))


def check_words(body: str, class_: MessageClass, words: Words) -> list[Finding]:
    """What the lists say of a template's own words."""
    return list(_listed(_literal(parse(body)), class_, words))


def _literal(parsed: Parsed) -> str:
    """The text with marks where values will stand; every character in its place."""
    return "".join(VARIABLE * len(p.text) if p.variable else p.text for p in parsed.pieces)


def check_rendered(text: str, class_: MessageClass, words: Words | None = None) -> list[Finding]:
    """Everything wrong with a message as it would leave, signature included. ``words`` as for ``check_template``."""
    findings = [*_text(text, class_, words), *_length(text)]
    if class_.ending:
        findings += _ending(text, class_)
    if text[:1] != "【" or text.count("【") != 1 or text.count("】") != 1:
        findings.append(_forged())
    if "${" in text:
        findings.append(_unfilled(text.index("${")))
    return findings


def _listed(text: str, class_: MessageClass, words: Words) -> Iterator[Finding]:
    for hit in words.hits(text, class_.key):
        yield Finding(
            level=hit.list.level,
            rule=hit.list.key.replace("words.", "word.", 1),
            where=(hit.start, hit.end),
            why=_why(hit),
            mend=_mend(hit),
            source=hit.list.source,
        )


def _text(text: str, class_: MessageClass, words: Words | None) -> Iterator[Finding]:
    yield from _listed(text, class_, words or shipped_words())
    for number in find_numbers(text):
        identity = number.kind is NumberKind.IDENTITY
        yield Finding(
            level=Level.BLOCK,
            rule=f"number.{number.kind}",
            where=(number.start, number.end),
            why=T("A resident ID stands here in full.") if identity else T("An account number stands here in full."),
            mend=T("Show the last four digits only."),
        )
    if has_link(text):
        for link in LINK.finditer(text):
            yield Finding(
                level=Level.WARN,
                rule="text.link",
                where=link.span(),
                why=T("A link in a bank's message looks like fraud, and carriers often filter it."),
                mend=T("Name the mobile bank or the branch instead."),
            )


def _why(hit: Hit) -> Text:
    if hit.list.why:
        return T("“{word}”: {why}", word=hit.word, why=hit.list.why)
    said = _WHY.get(hit.list.key)
    return said(hit.word) if said else T("“{word}” stands on the list “{list}”.", word=hit.word, list=hit.list.title)


def _mend(hit: Hit) -> Text:
    if hit.list.mend:
        return T("{title}", title=hit.list.mend)
    return _MEND.get(hit.list.key, T("Leave it out."))


_WHY: Mapping[str, Callable[[str], Text]] = {  # of the shipped lists
    "words.threat": lambda word: T("“{word}” threatens. Overdue notices state facts and ways to pay.", word=word),
    "words.third_party": lambda word: T(
        "“{word}” says that others will learn of the debt. Nobody may be told.", word=word
    ),
    "words.posing": lambda word: T("“{word}” speaks as if police or court were writing.", word=word),
    "words.legal": lambda word: T("“{word}” names a legal step. It must be true and already decided.", word=word),
    "words.superlative": lambda word: T("“{word}” is a superlative (Advertising law, article 9).", word=word),
    "words.promise": lambda word: T(
        "“{word}” promises approval or welcomes bad credit, which loan ads must not.", word=word
    ),
    "words.lure": lambda word: T("“{word}” makes carriers take the message for spam.", word=word),
}
_MEND = {
    "words.threat": T("Leave it out, and name the amount, the date and whom to call."),
    "words.third_party": T("Leave it out."),
    "words.posing": T("Speak as the bank, and only for the bank."),
    "words.legal": T("Leave it out unless it is true for every recipient."),
    "words.superlative": T("Say what it is instead: the rate, the term, the condition."),
    "words.promise": T("Say that the approval decides."),
    "words.lure": T("Say it plainly, with its condition."),
}


def _signature(signature: str) -> Iterator[Finding]:
    policy = content_policy()
    if not policy.signature_shortest <= len(signature) <= policy.signature_longest or set(signature) & set("【】"):
        yield Finding(
            level=Level.BLOCK,
            rule="signature",
            why=T(
                "The signature must have {low} to {high} characters and no brackets.",
                low=policy.signature_shortest,
                high=policy.signature_longest,
            ),
            mend=T("Set the bank's name in the settings."),
        )


def _empty(body: str) -> Iterator[Finding]:
    if not body.strip():
        yield Finding(
            level=Level.BLOCK,
            rule="body.empty",
            why=T("There is no text yet."),
            mend=T("Write the text, and pick variables from the list."),
        )


def _required(parsed: Parsed, class_: MessageClass) -> Iterator[Finding]:
    if not parsed.body.strip():
        return
    for key in class_.required:
        if key in parsed.variables or (key == "tel" and _CONTACT.search(parsed.body)):
            continue
        yield _lacks(T("Messages of this class say: {variable}.", variable=str(VARIABLES[key].title)), key)
    if class_.required_any and not set(class_.required_any) & set(parsed.variables):
        titles = " / ".join(str(VARIABLES[key].title) for key in class_.required_any)
        yield _lacks(T("Messages of this class say one of: {variables}.", variables=titles), class_.required_any[0])


def _lacks(why: Text, key: str) -> Finding:
    return Finding(
        level=Level.BLOCK, rule=f"required.{key}", why=why, mend=T("Put {variable} in.", variable=f"${{{key}}}")
    )


def _ending(text: str, class_: MessageClass) -> Iterator[Finding]:
    if class_.ending and text.strip() and not text.rstrip().endswith(_ENDINGS):
        yield Finding(
            level=Level.BLOCK,
            rule="text.opt_out",
            why=T("Marketing must end with how to refuse it."),
            mend=T("End the text with {ending}.", ending=class_.ending),
        )


def _rate(parsed: Parsed, class_: MessageClass) -> Iterator[Finding]:
    policy = content_policy()
    if class_.key not in policy.rate_classes or policy.rate_needs in plain(parsed.body):
        return
    about = policy.rate_about.search(plain(parsed.body))
    if about:
        yield Finding(
            level=Level.WARN,
            rule="text.rate",
            why=T("Loan marketing shows the annual rate."),
            mend=T("Name the annual rate, for example with {variable}.", variable="${apr}"),
        )


def _relative_days(literal: str) -> Iterator[Finding]:
    """Contact hours, caps and a slow line may put a message off past midnight."""
    for found in _RELATIVE_DAY.finditer(literal):
        yield Finding(
            level=Level.WARN,
            rule="text.day",
            where=found.span(),
            why=T("“{word}” may be wrong: the message may leave on another day.", word=found[0]),
            mend=T("Name the date instead, for example with {variable}.", variable="${due}"),
        )


def _length(text: str) -> Iterator[Finding]:
    policy = content_policy()
    parts = measure(text).parts
    if parts > policy.parts_warn:
        yield Finding(
            level=Level.BLOCK if parts > policy.parts_block else Level.WARN,
            rule="text.length",
            why=T("The text takes {parts} messages.", parts=parts),
            mend=T("Shorten it: {limit} or fewer arrive well.", limit=policy.parts_warn),
        )


def _forged() -> Finding:
    return Finding(
        level=Level.BLOCK,
        rule="text.signature",
        why=T("The message must begin with one signature in brackets and hold no other."),
        mend=T("Take the brackets 【】 out of the text and of the customer's data."),
    )


def _unfilled(at: int) -> Finding:
    return Finding(
        level=Level.WARN,
        rule="text.unfilled",
        where=(at, at + 2),
        why=T("The finished message shows ${{ as if a value were missing."),
        mend=T("Look at the customer's data."),
    )
