"""May this message go to this person now? Pure rules over facts, the same at pre-flight and when it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from console.core.compliance.policy import Cap, ContactHours, Need, Policy
from console.core.compliance.purpose import SCOPE_ALL, Purpose
from console.core.compliance.times import Calendar, Window, Zone, window_end
from console.core.i18n import T, Text
from console.core.messages.classes import MessageClass
from db.models import LoanState

__all__ = ["ALLOWED", "Facts", "Policy", "Purpose", "Verdict", "evaluate"]


class Facts(NamedTuple):
    """What is known of one recipient at one moment."""

    phone: str  # the number to be written to
    customer_id: int | None  # None: nobody's number, such as a test
    own_phone: str | None = None  # the customer's number today; None: there is no such customer
    active: bool = True
    suppressed: frozenset[str] = frozenset()  # scopes in force for the number
    consent: bool | None = None  # newest word on the class's purpose; None: never asked
    loan_id: int | None = None
    loan_state: LoanState | None = None  # None: there is no such loan of this customer
    amount_due: Decimal | None = None  # yuan
    due_on: date | None = None
    sent: tuple[int, ...] = ()  # messages that may have left, one count for each of Policy.caps_of(class)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``retry_at`` set: not now, but at that time; else, when not allowed, never."""

    allowed: bool
    rule: str = ""
    reason: Text | None = None
    retry_at: datetime | None = None


ALLOWED = Verdict(True)


def evaluate(facts: Facts, class_: MessageClass, policy: Policy, now: datetime) -> Verdict:
    """The first rule that stands against it, those that are final before those that only put it off."""
    return (
        _number(facts, class_, policy)
        or _refusal(facts, class_, policy)
        or (_loan(facts, class_, policy.zone, now) if class_.per_loan else None)
        or _caps(facts, class_, policy, now)
        or _hours(policy.hours_of(class_), policy, now)
        or ALLOWED
    )


def _never(rule: str, reason: Text) -> Verdict:
    return Verdict(False, rule, reason)


_NOT_MOBILE = _never("number.mobile", T("This is not a mobile number."))
_GONE = _never("customer.gone", T("There is no such customer any more."))
_CHANGED = _never("number.own", T("The customer's number has changed since."))
_NOT_OWN = _never("number.own", T("Overdue notices go to the debtor's own number only."))
_INACTIVE = _never("customer.inactive", T("The customer is no longer active."))
_SUPPRESSED = _never("suppressed", T("This number must not be written to."))
_REFUSED = _never("suppressed.purpose", T("This number refused messages of this kind."))
_NO_CONSENT = _never("consent.missing", T("There is no consent for marketing."))
_WITHDRAWN = _never("consent.refused", T("The customer refused messages of this kind."))
_NO_LOAN = _never("loan.gone", T("There is no such loan any more."))
_PAID = _never("loan.paid", T("Paid meanwhile."))
_SETTLED = _never("loan.state", T("The loan is settled."))
_APPLYING = _never("loan.state", T("The loan is still being applied for."))
_RUNNING = _never("loan.state", T("The loan is already running."))
_OVERDUE = _never("loan.state", T("The instalment is already overdue."))
_NO_DATE = _never("loan.days", T("The due date is not known."))


def _number(facts: Facts, class_: MessageClass, policy: Policy) -> Verdict | None:
    if not policy.mobile.fullmatch(facts.phone):
        return _NOT_MOBILE
    if facts.customer_id is None:
        return _NOT_OWN if class_.collection else None
    if facts.own_phone is None:
        return _GONE
    if facts.own_phone != facts.phone:
        return _CHANGED
    return None if facts.active else _INACTIVE


def _refusal(facts: Facts, class_: MessageClass, policy: Policy) -> Verdict | None:
    if facts.suppressed:
        if SCOPE_ALL in facts.suppressed:
            return _SUPPRESSED
        if class_.purpose in facts.suppressed:
            return _REFUSED
    need = policy.needs[class_.purpose]
    if need is Need.NOT_NEEDED or facts.consent:
        return None
    if facts.consent is False:
        return _WITHDRAWN
    return _NO_CONSENT if need is Need.REQUIRED else None


def _loan(facts: Facts, class_: MessageClass, zone: Zone, now: datetime) -> Verdict | None:
    state = facts.loan_state
    if state is None:
        return _NO_LOAN
    paid = state is LoanState.SETTLED or (facts.amount_due is not None and facts.amount_due <= 0)
    if class_.ends_when_paid and paid:
        return _PAID
    if state not in class_.loan_states:
        return _MISFIT[state]
    return _days_late(facts.due_on, class_.overdue_days, _local_day(now, zone)) if class_.overdue_days else None


_MISFIT = {
    LoanState.SETTLED: _SETTLED,
    LoanState.APPLYING: _APPLYING,
    LoanState.ACTIVE: _RUNNING,
    LoanState.OVERDUE: _OVERDUE,
}


def _days_late(due_on: date | None, fitting: tuple[int, int | None], today: date) -> Verdict | None:
    if due_on is None:
        return _NO_DATE
    days = (today - due_on).days
    first, last = fitting
    if first <= days and (last is None or days <= last):
        return None
    if days > 0:
        return _never("loan.days", T("The loan is {days} days overdue: another wording is meant for it.", days=days))
    return _never("loan.days", T("The instalment is not overdue."))


@lru_cache(maxsize=16)
def _local_day(now: datetime, zone: Zone) -> date:
    return zone.local(now).date()


def _caps(facts: Facts, class_: MessageClass, policy: Policy, now: datetime) -> Verdict | None:
    """The cap that holds the message back longest."""
    over = [
        over_cap(cap, class_, policy, now)
        for cap, sent in zip(policy.caps_of(class_), facts.sent, strict=True)
        if sent >= cap.limit
    ]
    return max(over, key=lambda verdict: verdict.retry_at or now) if over else None


def over_cap(cap: Cap, class_: MessageClass, policy: Policy, now: datetime) -> Verdict:
    """Not before the cap's next window, and then within the contact hours of the class."""
    return _over(cap, policy.hours_of(class_), policy.zone, policy.calendar, now)


@lru_cache(maxsize=256)
def _over(cap: Cap, contact: ContactHours | None, zone: Zone, calendar: Calendar, now: datetime) -> Verdict:
    following = window_end(cap.window, now, zone)
    retry_at = contact.hours.opening(following, zone, calendar) if contact else following
    return Verdict(False, cap.rule, _CAP_REASONS[cap.window](cap.limit), retry_at)


_CAP_REASONS = {
    Window.DAY: lambda limit: T("The limit of {limit} a day to one person is reached.", limit=limit),
    Window.WEEK: lambda limit: T("The limit of {limit} a week to one person is reached.", limit=limit),
    Window.MONTH: lambda limit: T("The limit of {limit} a month to one person is reached.", limit=limit),
}


def _hours(contact: ContactHours | None, policy: Policy, now: datetime) -> Verdict | None:
    return None if contact is None else _outside(contact, policy.zone, policy.calendar, now)


@lru_cache(maxsize=256)
def _outside(contact: ContactHours, zone: Zone, calendar: Calendar, now: datetime) -> Verdict | None:
    opens = contact.hours.opening(now, zone, calendar)
    if opens == now:
        return None
    start, end = contact.hours.start.strftime("%H:%M"), contact.hours.end.strftime("%H:%M")
    reason = (
        T("Messages of this kind leave on working days from {start} to {end}.", start=start, end=end)
        if contact.hours.workdays_only
        else T("Messages of this kind leave from {start} to {end}.", start=start, end=end)
    )
    return Verdict(False, contact.rule, reason, opens)
