"""What a customer will read, with real customers kept at hand so that writing needs no query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy.orm import Session

from console.core.compliance.versions import words_at
from console.core.context import Context
from console.core.i18n import tr
from console.core.messages.checks import check_rendered, check_template
from console.core.messages.classes import MessageClass
from console.core.messages.findings import Finding
from console.core.messages.template import Measure, Parsed, measure, parse
from console.core.messages.values import Values, load_values, office_values
from console.core.messages.variables import SAMPLES, VARIABLES, clean
from console.core.messages.variants import Choice, Variant, assigned, choices
from console.core.messages.words import Words
from console.core.segments.store import today_of
from db.models import Customer, Loan

NEWEST = 60  # customers to walk through
LONGEST = 40  # and those whose own texts are longest


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody for whom the text can be shown. Campaign values are the samples, as nobody has given any yet."""

    customer_id: int
    name: str
    product: str
    values: Mapping[str, str]
    loan_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One finished message, and where its variables stand in it."""

    text: str
    marks: tuple[tuple[int, int, str], ...]  # start, end, variable
    measure: Measure
    absent: tuple[str, ...]  # variables that this customer has no value for
    findings: tuple[Finding, ...] = field(default_factory=tuple)  # of the template, places in its body


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a text is tried on while it is being written."""

    people: tuple[Candidate, ...]
    words: Words  # the lists in force
    choices: tuple[Choice, ...]  # conditions for a variant


SAMPLE = Candidate(customer_id=0, name="", product="", values=SAMPLES)


def material(ctx: Context, class_: MessageClass) -> Material:
    with ctx.database.read() as session:
        words, conditions = words_at(session, ctx.clock.now()), choices(session)
    return Material(people=tuple(candidates(ctx, class_)), words=words, choices=conditions)


def fitting(
    ctx: Context, class_: MessageClass, people: Sequence[Candidate], variants: Sequence[Variant]
) -> tuple[int, ...]:
    """For each of ``people`` the text that they would get: 0 the main one, else the number of a variant."""
    if not variants or not people:
        return (0,) * len(people)
    with ctx.database.read() as session:
        today = today_of(session, ctx.clock.now().astimezone().date())
        ids = [person.loan_id if class_.per_loan else person.customer_id for person in people]
        found = assigned(session, variants, today, per_loan=class_.per_loan, only=[id_ or 0 for id_ in ids])
    return tuple(found[id_ or 0] for id_ in ids)


def candidates(ctx: Context, class_: MessageClass) -> list[Candidate]:
    """Real customers whom this class fits: the newest first, then those with the longest names and products."""
    today = ctx.clock.now().astimezone().date()
    office = office_values(ctx.settings)
    with ctx.database.read() as session:
        pairs = _pairs(session, class_, today)
        found = load_values(session, pairs, list(VARIABLES), today=today, campaign=SAMPLES, office=office)
        names = _names(session, [customer for customer, _ in pairs])
    return [_candidate(values, names) for values in found]


def _pairs(session: Session, class_: MessageClass, today: date) -> list[tuple[int, int | None]]:
    if class_.per_loan:
        query = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
        query = query.where(Customer.active, *_fits(class_, today))
        length = func.length(Customer.name) + func.length(Loan.product) + func.length(Customer.branch)
    else:
        query = select(Customer.id, cast(None, Loan.id.type)).where(Customer.active)
        length = func.length(Customer.name) + func.length(Customer.branch)
    newest = session.execute(query.order_by(Customer.id.desc()).limit(NEWEST))
    longest = session.execute(query.order_by(length.desc(), Customer.id.desc()).limit(LONGEST))
    return list(dict.fromkeys((customer, loan) for customer, loan in (*newest, *longest)))


def _fits(class_: MessageClass, today: date) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if class_.loan_states:
        wanted.append(Loan.state.in_(class_.loan_states))
    if class_.ends_when_paid:
        wanted.append(Loan.amount_due > Decimal(0))
    if class_.overdue_days:
        first, last = class_.overdue_days
        wanted.append(Loan.due_on <= today - timedelta(days=first))
        if last is not None:
            wanted.append(Loan.due_on >= today - timedelta(days=last))
    return wanted


def _names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    query = select(Customer.id, Customer.name).where(Customer.id.in_(set(ids)))
    return {customer: name for customer, name in session.execute(query)}  # noqa: C416 - a Row is no tuple


def _candidate(values: Values, names: Mapping[int, str]) -> Candidate:
    return Candidate(
        customer_id=values.customer_id,
        name=names.get(values.customer_id, ""),
        product=values.values.get("prod", "") if values.loan_id is not None else "",
        values=values.values,
        loan_id=values.loan_id,
    )


def show(body: str, class_: MessageClass, signature: str, candidate: Candidate, words: Words | None = None) -> Shown:
    """The message as ``candidate`` would read it, and everything that is wrong with it and with the template.

    What has no value is shown by its title in brackets. Quick enough for every key stroke.
    """
    parsed = parse(body)
    text, marks = _filled(parsed, signature, candidate.values)
    template = check_template(body, class_, signature, words)
    known = {finding.rule for finding in template}
    if any(rule.startswith("variable.") for rule in known):
        known.add("text.unfilled")  # it would say the same again
    rendered = check_rendered(text, class_, words) if body.strip() else []
    return Shown(
        text=text,
        marks=marks,
        measure=measure(text),
        absent=tuple(key for key in parsed.variables if key not in candidate.values),
        findings=(*template, *(_nowhere(finding) for finding in rendered if finding.rule not in known)),
    )


def longest(body: str, people: Sequence[Candidate]) -> int:
    """The place in ``people`` of whom the text is longest for; 0 for nobody."""
    parsed = parse(body)

    def length(candidate: Candidate) -> int:
        return sum(len(candidate.values.get(key, "")) for key in parsed.variables)

    return max(range(len(people)), key=lambda place: length(people[place]), default=0)


def _filled(parsed: Parsed, signature: str, values: Mapping[str, str]) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    text = f"【{signature}】"
    marks: list[tuple[int, int, str]] = []
    for piece in parsed.pieces:
        if piece.variable is None:
            text += piece.text
            continue
        absent = tr("[{variable}]", variable=str(VARIABLES[piece.variable].title))
        value = clean(values.get(piece.variable, "")) or absent
        marks.append((len(text), len(text) + len(value), piece.variable))
        text += value
    return text, tuple(marks)


def _nowhere(finding: Finding) -> Finding:
    """Its place is one in the finished message, not in the template."""
    return Finding(level=finding.level, rule=finding.rule, why=finding.why, mend=finding.mend, source=finding.source)
