"""May this message go to this person now? Pure rules over facts, the same at pre-flight and when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from console.core.compliance.model import Cap, Ease, Need, Policy
from console.core.compliance.purpose import SCOPE_ALL, Purpose
from console.core.compliance.times import Hours, Window, common_opening, window_end
from console.core.i18n import T, Text
from console.core.messages.classes import MessageClass
from db.models import CircumstanceKind, LoanState

__all__ = ["ALLOWED", "Facts", "Ground", "Judge", "Policy", "Purpose", "Verdict", "evaluate"]

BRANCH = "branch"
_SMS = frozenset({"", "sms"})  # preferred channels that this is


Bars = frozenset[tuple[str, str]]  # issuer and scope


class Ground(NamedTuple):
    """A circumstance in force, for which the customer is to be gone easy on."""

    kind: CircumstanceKind
    loan_id: int | None  # None: all of them
    until: datetime | None  # None: until somebody ends it


class Facts(NamedTuple):
    """What is known of one recipient at one moment."""

    phone: str  # the number to be written to
    customer_id: int | None  # None: nobody's number, such as a test
    own_phone: str | None = None  # the customer's number today; None: there is no such customer
    active: bool = True
    hours_from: int | None = None  # the customer's own hours, minutes after midnight
    hours_to: int | None = None
    channel: str = ""  # the customer's preferred one
    suppressed: Bars = frozenset()  # what is in force for the number
    consent: bool | None = None  # newest word on the class's purpose; None: never asked
    circumstances: tuple[Ground, ...] = ()  # in force
    loan_id: int | None = None
    loan_state: LoanState | None = None  # None: there is no such loan of this customer
    amount_due: Decimal | None = None  # yuan
    due_on: date | None = None
    sent: tuple[int, ...] = ()  # what may have left, and calls: one count for each of Policy.caps_of(class)
    told_amount: Decimal | None = None  # yuan, as the text says that was frozen; None: it names none, or is not written
    told_due: date | None = None  # of the instalment that it speaks of


@dataclass(frozen=True, slots=True)
class Verdict:
    """``retry_at`` set: not now, but at that time; else, when not allowed, never.

    The parameters of ``reason`` hold the version of the rule pack that judged, as ``rules``.
    """

    allowed: bool
    rule: str = ""
    reason: Text | None = None
    retry_at: datetime | None = None


ALLOWED = Verdict(True)


def evaluate(facts: Facts, class_: MessageClass, policy: Policy, now: datetime) -> Verdict:
    """The first rule that stands against it, those that are final before those that only put it off."""
    return Judge(class_, policy, now)(facts)


def _never(rule: str, reason: Text) -> Verdict:
    return Verdict(False, rule, reason)


_NOT_MOBILE = _never("number.mobile", T("This is not a mobile number."))
_GONE = _never("customer.gone", T("There is no such customer any more."))
_CHANGED = _never("number.own", T("The customer's number has changed since."))
_NOT_OWN = _never("number.own", T("Overdue notices go to the debtor's own number only."))
_INACTIVE = _never("customer.inactive", T("The customer is no longer active."))
_NO_CONSENT = _never("consent.missing", T("There is no consent for marketing."))
_WITHDRAWN = _never("consent.refused", T("The customer refused messages of this kind."))
_NO_LOAN = _never("loan.gone", T("There is no such loan any more."))
_PAID = _never("loan.paid", T("Paid meanwhile."))
_SETTLED = _never("loan.state", T("The loan is settled."))
_APPLYING = _never("loan.state", T("The loan is still being applied for."))
_RUNNING = _never("loan.state", T("The loan is already running."))
_OVERDUE = _never("loan.state", T("The instalment is already overdue."))
_MOVED_ON = _never("loan.changed", T("The text speaks of another instalment than the one that is due now."))
_PART_PAID = _never("loan.changed", T("Less is due now than the text says."))
_NO_DATE = _never("loan.days", T("The due date is not known."))
_NOT_LATE = _never("loan.days", T("The instalment is not overdue."))
_MISFIT = {
    LoanState.SETTLED: _SETTLED,
    LoanState.APPLYING: _APPLYING,
    LoanState.ACTIVE: _RUNNING,
    LoanState.OVERDUE: _OVERDUE,
}
_BARRED = {
    BRANCH: T("This number must not be written to."),
    "head_office": T("Head office has barred this number."),
    "regulator": T("The supervising authority has barred this number."),
}
_REFUSED = T("This number refused messages of this kind.")
_OTHER_CHANNEL = T("The customer prefers another channel.")
_CHANNEL_REASONS = {
    "phone": T("The customer would rather be called."),
    "email": T("The customer prefers e-mail."),
    "wechat": T("The customer prefers WeChat."),
    "letter": T("The customer prefers letters."),
}
_EASE_REASONS = {
    CircumstanceKind.PROMISED: T("The customer has promised to pay."),
    CircumstanceKind.DISPUTED: T("The customer disputes the debt."),
    CircumstanceKind.COMPLAINT: T("A complaint of the customer is open."),
    CircumstanceKind.BEREAVED: T("The customer is in mourning."),
    CircumstanceKind.VULNERABLE: T("The customer needs assistance."),
}
_CAP_REASONS: dict[Window, Callable[[int], Text]] = {
    Window.DAY: lambda limit: T("The limit of {limit} a day to one person is reached.", limit=limit),
    Window.WEEK: lambda limit: T("The limit of {limit} a week to one person is reached.", limit=limit),
    Window.MONTH: lambda limit: T("The limit of {limit} a month to one person is reached.", limit=limit),
}


def scopes_of(class_: MessageClass | None) -> tuple[str, ...]:
    """Scopes of suppressions that matter to the class, the widest first; None: a message of no class, as tests are."""
    if class_ is None:
        return (SCOPE_ALL,)
    marketing = (Purpose.MARKETING.value,) if class_.marketing_opt_out else ()
    return tuple(dict.fromkeys((SCOPE_ALL, class_.purpose.value, *marketing)))


def barred(bars: Bars, class_: MessageClass | None, policy: Policy) -> Verdict | None:
    """What suppressions alone say."""
    found = _bar(bars, scopes_of(class_), policy)
    return None if found is None else _signed(found, policy)


def _bar(bars: Bars, scopes: tuple[str, ...], policy: Policy) -> Verdict | None:
    """The strictest: for everything before for a purpose, and from the highest issuer."""
    for scope in scopes:
        issuers = {issuer for issuer, barred in bars if barred == scope}
        for issuer in ("regulator", "head_office"):
            if issuer in issuers:
                return _never(policy.suppression[issuer], _BARRED[issuer])
        if issuers:
            rule = policy.suppression[BRANCH]
            return _never(rule, _BARRED[BRANCH]) if scope == SCOPE_ALL else _never(f"{rule}.purpose", _REFUSED)
    return None


def _signed(verdict: Verdict, policy: Policy) -> Verdict:
    reason = verdict.reason or Text("")
    return replace(verdict, reason=Text(reason.source, {**reason.params, "rules": policy.version}))


class Judge:
    """One class under one rule pack at one moment: what is the same for everybody is worked out once."""

    def __init__(self, class_: MessageClass, policy: Policy, now: datetime) -> None:
        self.class_ = class_
        self.policy = policy
        self.now = now
        self._mobile = policy.mobile.fullmatch
        self._scopes = scopes_of(class_)
        self._need = policy.needs[class_.purpose]
        self._caps = policy.caps_of(class_)
        self._own_hours = class_.key in policy.customer_hours.classes
        self._other_channel = class_.key in policy.channel.classes
        self._contact = policy.hours_of(class_)
        self._today = policy.zone.local(now).date()
        self._closed: dict[tuple[int, int] | None, Verdict | None] = {}
        self._over_until: dict[tuple[str, tuple[int, int] | None], datetime] = {}

    def __call__(self, facts: Facts) -> Verdict:
        against = (
            self._number(facts)
            or (self._refusal(facts) if facts.suppressed or self._need is not Need.NOT_NEEDED else None)
            or (self._channel(facts) if self._other_channel and facts.channel not in _SMS else None)
            or (self._loan(facts) if self.class_.per_loan else None)
            or (self._ease(facts) if facts.circumstances else None)
            or (self._over(facts) if self._caps else None)
            or self._hours(facts)
        )
        return ALLOWED if against is None else self._signed(against)

    def over_cap(self, cap: Cap, facts: Facts) -> Verdict:
        """Not before the cap's next window, and then within the contact hours."""
        return self._signed(self._over_cap(cap, facts))

    def leaving(self, cap: Cap, retry_at: datetime) -> Verdict:
        return self._signed(Verdict(False, cap.rule, T("Another message to this person is just leaving."), retry_at))

    def _signed(self, verdict: Verdict) -> Verdict:
        return _signed(verdict, self.policy)

    # Final

    def _number(self, facts: Facts) -> Verdict | None:
        if not self._mobile(facts.phone):
            return _NOT_MOBILE
        if facts.own_phone == facts.phone and facts.active and facts.customer_id is not None:
            return None
        if facts.customer_id is None:
            return _NOT_OWN if self.class_.own_number_only else None
        if facts.own_phone is None:
            return _GONE
        return _CHANGED if facts.own_phone != facts.phone else _INACTIVE

    def _refusal(self, facts: Facts) -> Verdict | None:
        if facts.suppressed and (bar := _bar(facts.suppressed, self._scopes, self.policy)):
            return bar
        if self._need is Need.NOT_NEEDED or facts.consent:
            return None
        if facts.consent is False:
            return _WITHDRAWN
        return _NO_CONSENT if self._need is Need.REQUIRED else None

    def _channel(self, facts: Facts) -> Verdict:
        return _never(self.policy.channel.rule, _CHANNEL_REASONS.get(facts.channel, _OTHER_CHANNEL))

    def _loan(self, facts: Facts) -> Verdict | None:
        state, class_ = facts.loan_state, self.class_
        if state is None:
            return _NO_LOAN
        if class_.ends_when_paid and (
            state is LoanState.SETTLED or (facts.amount_due is not None and facts.amount_due <= 0)
        ):
            return _PAID
        if state not in class_.loan_states:
            return _MISFIT[state]
        if facts.told_due is not None and facts.due_on != facts.told_due:
            return _MOVED_ON
        if facts.told_amount is not None and facts.amount_due is not None and facts.amount_due < facts.told_amount:
            return _PART_PAID
        return self._days_late(facts.due_on, class_.overdue_days) if class_.overdue_days else None

    def _days_late(self, due_on: date | None, fitting: tuple[int, int | None]) -> Verdict | None:
        if due_on is None:
            return _NO_DATE
        days = (self._today - due_on).days
        first, last = fitting
        if first <= days and (last is None or days <= last):
            return None
        if days > 0:
            reason = T("The loan is {days} days overdue: another wording is meant for it.", days=days)
            return _never("loan.days", reason)
        return _NOT_LATE

    # Put off

    def _ease(self, facts: Facts) -> Verdict | None:
        """The circumstance that lasts longest."""
        held = [
            (ground.until, ease)
            for ease in self.policy.eases_of(self.class_)
            for ground in facts.circumstances
            if ground.kind is ease.kind and self._concerns(ground, ease, facts)
        ]
        if not held:
            return None
        until, ease = max(held, key=lambda each: (each[0] is None, each[0] or self.now))
        return Verdict(
            False, ease.rule, _EASE_REASONS[ease.kind], None if until is None else self._opening(until, facts) or until
        )

    def _concerns(self, ground: Ground, ease: Ease, facts: Facts) -> bool:
        return ease.whole or not self.class_.per_loan or ground.loan_id is None or ground.loan_id == facts.loan_id

    def _over(self, facts: Facts) -> Verdict | None:
        """The cap that holds the message back longest."""
        over = [
            self._over_cap(cap, facts) for cap, sent in zip(self._caps, facts.sent, strict=True) if sent >= cap.limit
        ]
        return max(over, key=lambda verdict: verdict.retry_at or self.now) if over else None

    def _over_cap(self, cap: Cap, facts: Facts) -> Verdict:
        key = cap.rule, self._wished(facts)
        if key not in self._over_until:
            following = window_end(cap.window, self.now, self.policy.zone)
            self._over_until[key] = self._opening(following, facts) or following
        return Verdict(False, cap.rule, _CAP_REASONS[cap.window](cap.limit), self._over_until[key])

    def _hours(self, facts: Facts) -> Verdict | None:
        own = self._wished(facts)
        if own not in self._closed:
            self._closed[own] = self._outside(own)
        return self._closed[own]

    def _wished(self, facts: Facts) -> tuple[int, int] | None:
        if not self._own_hours or facts.hours_from is None or facts.hours_to is None:
            return None
        return facts.hours_from, facts.hours_to

    def _outside(self, own: tuple[int, int] | None) -> Verdict | None:
        """What the hours of the class, and these of the customer's own, say now."""
        opens = self._next(own, self.now)
        if opens == self.now:
            return None
        if own is None or (opens is not None and self._next(None, self.now) == opens):
            return self._late(opens)
        start, end = _clock(own[0]).strftime("%H:%M"), _clock(own[1]).strftime("%H:%M")
        reason = (
            T("The customer's own hours, {start} to {end}, never meet those of this kind.", start=start, end=end)
            if opens is None
            else T("The customer wishes to be written to from {start} to {end}.", start=start, end=end)
        )
        return Verdict(False, self.policy.customer_hours.rule, reason, opens)

    def _late(self, opens: datetime | None) -> Verdict:
        contact = self._contact
        assert contact is not None
        start, end = contact.hours.start.strftime("%H:%M"), contact.hours.end.strftime("%H:%M")
        day = self.policy.zone.local(opens or self.now).date()
        if not contact.hours.workdays_only:
            reason = T("Messages of this kind leave from {start} to {end}.", start=start, end=end)
        elif self.policy.calendar.knows(day):
            reason = T("Messages of this kind leave on working days from {start} to {end}.", start=start, end=end)
        else:
            reason = T(
                "Messages of this kind leave on working days from {start} to {end}; "
                "the holidays of {year} have not been entered yet.",
                start=start,
                end=end,
                year=str(day.year),
            )
        return Verdict(False, contact.rule, reason, opens)

    def _opening(self, moment: datetime, facts: Facts) -> datetime | None:
        return self._next(self._wished(facts), moment)

    def _next(self, own: tuple[int, int] | None, moment: datetime) -> datetime | None:
        """The first moment within the hours of the class and the customer's own; None when they never meet."""
        several = [] if self._contact is None else [self._contact.hours]
        if own is not None:
            several.append(Hours(_clock(own[0]), _clock(own[1])))
        return common_opening(several, moment, self.policy.zone, self.policy.calendar)


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
