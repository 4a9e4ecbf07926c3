"""One pass over an audience that gives every (customer, loan) its message or the reason why there is none.

Pre-flight shows what this pass yields and freezing stores it: there is no second definition.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast

from sqlalchemy import Column, Table, func, select
from sqlalchemy.orm import Session

from console.core.campaigns import holdout
from console.core.campaigns.audience import Audience, left_out, pairs_of
from console.core.campaigns.draft import Draft, Wording, wording_of
from console.core.campaigns.foresee import times_of, usual_end
from console.core.campaigns.opening import never_open, timetable_of
from console.core.campaigns.rules import RULE_DUPLICATE, RULE_MISSING, RULE_TEXT, RULE_WITHOUT
from console.core.campaigns.schedule import Schedule, Timetable, priority_of
from console.core.campaigns.texts import PlanText, texts_of, variables_of
from console.core.compliance import repeats
from console.core.compliance.facts import OF_CUSTOMER, OF_LOAN, Pass
from console.core.compliance.policy import Policy
from console.core.compliance.rules import Judge, Verdict
from console.core.compliance.versions import policy_at
from console.core.context import Context
from console.core.customers.imports import require_settled
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.messages.classes import MessageClass
from console.core.messages.findings import Finding, Level
from console.core.messages.signatures import signature_findings
from console.core.messages.template import Parsed, compose, measure
from console.core.messages.values import Recipe, columns_of, office_values
from console.core.messages.variables import VARIABLES
from console.core.messages.variants import Assigned, assigned, check_texts
from console.core.segments.store import today_of
from db.models import Customer, Loan

CHUNK = 1_000  # rows a query and rows a write transaction: the longest that another writer may have to wait


class NotComplete(UserError):
    """The draft lacks something without which nobody can be evaluated."""


class Evaluated(NamedTuple):  # a tuple is made several times as fast as a frozen dataclass
    """One of the audience: a message, or with ``rule`` set an exclusion."""

    customer_id: int
    loan_id: int | None
    phone: str
    recipient: str  # unique in the campaign
    body: str = ""  # signature included
    parts: int = 0
    told_amount: Decimal | None = None  # yuan, as the body says
    told_due: date | None = None  # of the instalment that the body is about
    variant: int | None = None  # of the template's version; None: its main text
    later: datetime | None = None  # allowed, but not before this time
    rule: str = ""
    reason: Text | None = None
    second: tuple[Finding, ...] = ()  # words for which two people have to approve


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that the verdicts and texts depend on beside the rows themselves."""

    wording: Wording
    class_: MessageClass
    texts: tuple[PlanText, ...]  # the main one, then the variants by their number
    policy: Policy
    audience: Audience
    campaign: dict[str, str]
    office: dict[str, str]
    signature: str
    findings: tuple[Finding, ...]  # of the template and of the signature
    at: datetime  # when the first message can leave
    not_before: datetime | None  # as it is frozen
    expires_at: datetime  # when the last one must have left
    schedule: Schedule
    lot: holdout.Lot | None = None  # who is left out to measure the effect

    @property
    def parsed(self) -> Parsed:
        """The main text."""
        return self.texts[0].parsed

    @property
    def priority(self) -> int:
        return priority_of(self.schedule.urgency, self.class_.priority, self.class_.urgent)

    @property
    def timetable(self) -> Timetable:
        return timetable_of(self.schedule, self.class_, self.policy, self.at, self.expires_at)

    @property
    def today(self) -> date:
        """The local date of the first message: days overdue and due dates are told from it."""
        return self.policy.zone.local(self.at).date()


def plan(ctx: Context, session: Session, draft: Draft, *, campaign_id: int | None = None) -> Plan:
    """``campaign_id``: under which it is stored. Raises NotComplete, HoldOutRefused, ImportUnderway."""
    require_settled(session)
    wording = wording_of(session, draft.template_version_id)
    if wording is None:
        raise NotComplete(T("No template is chosen."), T("Choose one in section 1."))
    if not wording.usable:
        raise NotComplete(
            T("This text is not approved, or was retired."), T("Have it approved, or choose another one in section 1.")
        )
    now, schedule = ctx.clock.now(), draft.schedule
    times = times_of(draft, policy_at(session, now).zone, now)
    at = times.at
    policy = policy_at(session, at)
    class_ = policy.classes[wording.class_key]
    expires_at = times.ends or usual_end(ctx, class_, at)
    if expires_at <= at:
        raise NotComplete(T("The campaign would expire before it can start."), T("Choose a later expiry in section 3."))
    if schedule.restricts:
        at = timetable_of(schedule, class_, policy, at, expires_at).opening(at) or at
    signature = ctx.settings.text("bank.signature")
    texts = texts_of(wording.body, wording.variants, class_, signature, policy.words)
    right_until = _day_ends(policy, at) if DAYS_COUNTED in variables_of(texts) else expires_at
    return Plan(
        wording=wording,
        class_=class_,
        texts=texts,
        policy=policy,
        audience=draft.audience,
        campaign=dict(draft.variables),
        office=office_values(ctx.settings),
        signature=signature,
        findings=(
            *check_texts(wording.body, wording.variants, class_, signature, policy.words),
            *signature_findings(session, signature, at.astimezone().date()),
            *_unsure_days(class_, policy, at, expires_at),
            *never_open(schedule, class_, policy, at, min(expires_at, right_until)),
            *_right_for_a_day(policy, at, right_until, expires_at),
        ),
        at=at,
        not_before=times.not_before,
        expires_at=min(expires_at, right_until),
        schedule=schedule,
        lot=holdout.lot_of(ctx.database, session, class_, draft.hold_out, campaign_id),
    )


def _unsure_days(class_: MessageClass, policy: Policy, at: datetime, expires_at: datetime) -> Iterator[Finding]:
    """Working days of a year whose holidays nobody has entered are told by weekends alone."""
    contact = policy.hours_of(class_)
    if contact is None or not contact.hours.workdays_only:
        return
    days = {policy.zone.local(at).date(), policy.zone.local(expires_at).date()}
    for year in sorted({day.year for day in days if not policy.calendar.knows(day)}):
        yield Finding(
            level=Level.WARN,
            rule="calendar.unsure",
            why=T(
                "The holidays of {year} have not been entered yet: working days are told by weekends alone.",
                year=str(year),
            ),
            mend=T("Ask the administrator to enter them on the page of the rules."),
        )


def _day_ends(policy: Policy, at: datetime) -> datetime:
    return policy.zone.utc(datetime.combine(policy.zone.local(at).date() + timedelta(days=1), time.min))


def _right_for_a_day(policy: Policy, at: datetime, until: datetime, wished: datetime) -> Iterator[Finding]:
    """A number of days is written down once and is wrong on any other day."""
    if until >= wished:
        return
    yield Finding(
        level=Level.WARN,
        rule="days.counted",
        why=T(
            "The text counts the days overdue and is right on {day} only: what has not left by then stays.",
            day=policy.zone.local(at).date().isoformat(),
        ),
        mend=T("Plan the start for the day on which it is to leave, or leave the number of days out."),
    )


def audience_size(session: Session, plan: Plan) -> int:
    """Pairs that ``evaluated`` will yield."""
    pairs = pairs_of(session, plan.audience, per_loan=plan.class_.per_loan, today=plan.today).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(pairs)) or 0


def evaluated(session: Session, plan: Plan, *, chunk: int = CHUNK) -> Generator[list[Evaluated]]:
    """The audience in its order, ``chunk`` at a time; a handful of queries a chunk, none a row.

    Close it when you stop early: a cursor is open behind it.
    """
    columns = _columns(plan)
    pairs = pairs_of(session, plan.audience, per_loan=plan.class_.per_loan, today=plan.today)
    without = left_out(session, plan.audience, today=plan.today)
    flag = [] if without is None else [without.label("left_out")]
    query = pairs.add_columns(*columns, *flag).execution_options(yield_per=chunk)
    row: list[object] = [*pairs.selected_columns, *columns]
    recipes = [Recipe(text.parsed.variables, plan.today, plan.campaign, plan.office, row) for text in plan.texts]
    shared = frozenset() if plan.class_.per_loan else _shared_numbers(session)
    known = Pass(session, plan.class_, plan.policy, plan.at)
    writing = _Writing(plan, recipes, _assigned(session, plan), known, shared)
    lately = repeats.any_lately(session, plan.at)
    with session.connection().execute(query) as found:  # past the session: it would only copy each row
        for rows in found.partitions(chunk):
            made = writing.chunk(rows)
            yield _without_repetitions(session, made, plan.at) if lately else made


def _without_repetitions(session: Session, made: list[Evaluated], at: datetime) -> list[Evaluated]:
    """The same, less what another campaign has told the number already."""
    others = repeats.written(session, {each.phone for each in made if not each.rule}, at)
    return [_unless_repeated(each, others.get(each.phone, ()), at) for each in made] if others else made


def _unless_repeated(one: Evaluated, others: Collection[repeats.Written], at: datetime) -> Evaluated:
    verdict = None if one.rule else repeats.repeated(one.body, others, None, at)
    if verdict is None:
        return one
    return Evaluated(one.customer_id, one.loan_id, one.phone, one.recipient, rule=verdict.rule, reason=verdict.reason)


def _assigned(session: Session, plan: Plan) -> Assigned | None:
    if not plan.wording.variants:
        return None
    today = today_of(session, plan.today)
    return assigned(session, plan.wording.variants, today, per_loan=plan.class_.per_loan)


def _shared_numbers(session: Session) -> frozenset[str]:
    """Numbers of more than one customer: only these can come twice, and there are few of them."""
    twice = select(Customer.phone).group_by(Customer.phone).having(func.count() > 1)
    return frozenset(session.scalars(twice))


_CUSTOMER = cast(Table, Customer.__table__)
_LOAN = cast(Table, Loan.__table__)


_WITHOUT = T("The campaign leaves these customers out.")
DAYS_COUNTED = "overdue"  # the variable
_AMOUNT_DUE, _DUE_ON = 8, 9  # places in a row about a loan: see compliance.facts


def _columns(plan: Plan) -> list[Column[Any]]:
    """What is read beside the ids: first what the verdict needs, then what else the text needs."""
    customer, loan = columns_of(variables_of(plan.texts))
    wanted = [_CUSTOMER.c[column.key] for column in OF_CUSTOMER]
    if plan.class_.per_loan:
        wanted += [*(_LOAN.c[column.key] for column in OF_LOAN), *loan]
    return list(dict.fromkeys([*wanted, *customer]))


class _Writing:
    """Goes through the rows of an audience once and remembers which of the ``shared`` numbers have their message."""

    def __init__(
        self, plan: Plan, recipes: list[Recipe], assigned: Assigned | None, known: Pass, shared: frozenset[str]
    ) -> None:
        self._plan = plan
        self._texts = list(zip(plan.texts, recipes, strict=True))
        self._assigned = assigned
        self._known = known
        self._judge = Judge(plan.class_, plan.policy, plan.at)
        self._shared = shared
        self._without = bool(plan.audience.without)
        self._taken: set[str] = set()
        self._last = ""

    def chunk(self, rows: Sequence[Sequence[Any]]) -> list[Evaluated]:
        judge, facts = self._judge, self._known.facts(rows)
        return [self._one(row, judge(fact)) for row, fact in zip(rows, facts, strict=True)]

    def _one(self, row: Sequence[Any], verdict: Verdict) -> Evaluated:
        plan, customer_id, loan_id, phone = self._plan, row[0], row[1], row[2]
        recipient = f"{phone}:{loan_id}" if plan.class_.per_loan else phone
        later = None
        if self._without and row[-1]:
            return _excluded(row, recipient, RULE_WITHOUT, _WITHOUT)
        if not verdict.allowed:
            later = verdict.retry_at
            if later is None or later >= plan.expires_at:
                return _excluded(row, recipient, verdict.rule, verdict.reason)
        number = 0 if self._assigned is None else self._assigned[loan_id if plan.class_.per_loan else customer_id]
        text, recipe = self._texts[number]
        made = recipe.values(customer_id, loan_id, phone, row, with_loan=plan.class_.per_loan)
        if made.missing:
            names = ", ".join(str(VARIABLES[key].title) for key in sorted(made.missing))
            return _excluded(row, recipient, RULE_MISSING, T("No value for {variables}.", variables=names))
        body = compose(plan.signature, text.parsed.fill(made.values))
        parts = measure(body).parts
        seen = text.screen.look(body, made.values, parts)
        if seen.blocked is not None:
            return _excluded(row, recipient, RULE_TEXT, seen.blocked.why)
        if recipient == self._last or recipient in self._taken:
            return _excluded(
                row, recipient, RULE_DUPLICATE, T("Another customer of this campaign has the same number.")
            )
        self._last = recipient
        if phone in self._shared:
            self._taken.add(recipient)
        if plan.lot is not None and plan.lot.takes(customer_id):  # last: only those who would get it can be compared
            return _excluded(row, recipient, holdout.RULE, holdout.REASON)
        amount, due = text.tells
        return Evaluated(
            customer_id, loan_id, phone, recipient, body, parts,
            row[_AMOUNT_DUE] if amount else None, row[_DUE_ON] if due else None, text.variant, later,
            second=seen.second,
        )  # fmt: skip


def _excluded(row: Sequence[Any], recipient: str, rule: str, reason: Text | None) -> Evaluated:
    return Evaluated(row[0], row[1], row[2], recipient, rule=rule, reason=reason)
