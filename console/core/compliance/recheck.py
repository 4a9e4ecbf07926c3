"""The same rules once more, at the moment of sending, for messages that a dispatcher has claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from console.core.compliance import repeats, rules
from console.core.compliance.facts import gather
from console.core.compliance.history import Counting, Recipient
from console.core.compliance.model import Policy
from console.core.compliance.rules import ALLOWED, BRANCH, Bars, Facts, Judge, Verdict
from console.core.i18n import T
from console.core.messages.classes import MessageClass
from console.core.protection.digests import erased_refusals
from db.models import Batch, BatchKind, Suppression
from db.outbox import Claimed

SOON = timedelta(minutes=1)  # another look, when all that stands against it is a message still on its way out


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCheck:
    message_id: int
    batch_id: int
    customer_id: int | None
    loan_id: int | None
    phone: str
    class_key: str
    kind: BatchKind | None = None  # of its batch; None: to be looked up
    told_amount: Decimal | None = None
    told_due: date | None = None
    body: str = ""  # of a campaign; empty where the same words may come twice


def recheck(session: Session, claimed: Sequence[ToCheck], policy: Policy, now: datetime) -> dict[int, Verdict]:
    """A verdict for each claimed message, by its id. With ``retry_at`` it goes back to waiting until then; any other
    that is not allowed is suppressed.

    Messages of one call count against each other, and so do those that other lines have claimed at this moment:
    two lines never exceed a cap together.
    """
    tests = {item.batch_id for item in claimed if item.kind is BatchKind.TEST}
    if unknown := {item.batch_id for item in claimed if item.kind is None}:
        tests |= _tests(session, unknown)
    verdicts: dict[int, Verdict] = {}
    by_class: dict[str, list[ToCheck]] = defaultdict(list)
    for item in claimed:
        if item.batch_id not in tests:
            by_class[item.class_key].append(item)
    verdicts |= _test_messages(session, [item for item in claimed if item.batch_id in tests], policy, now)
    ours = [item.message_id for item in claimed]
    taken = _Taken()
    for class_key, items in by_class.items():
        class_ = policy.class_of(class_key)
        if class_ is None:
            verdicts |= {item.message_id: _UNKNOWN_CLASS for item in items}
        else:
            verdicts |= _one_class(session, items, class_, policy, now, ours, taken)
    allowed = [item for item in claimed if item.body and verdicts[item.message_id].allowed]
    return verdicts | _repetitions(session, allowed, now, ours)


def _repetitions(session: Session, items: Sequence[ToCheck], now: datetime, ours: Sequence[int]) -> dict[int, Verdict]:
    """Those whose words the number has had already, and all but the first of the same words in this call."""
    if not items:
        return {}
    others = repeats.written(session, {item.phone for item in items}, now, leaving=True, but=frozenset(ours))
    found = {}
    for item in items:
        others.setdefault(item.phone, [])
        verdict = repeats.repeated(item.body, others[item.phone], item.batch_id, now)
        if verdict is None:
            others[item.phone].append(repeats.Written(item.batch_id, item.body, leaving=True))
        else:
            found[item.message_id] = verdict
    return found


_UNKNOWN_CLASS = Verdict(False, "class.unknown", T("This version of the program does not know this kind of message."))


class _Taken:
    """What this call has already allowed, by cap and person."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, int | str], set[int]] = defaultdict(set)

    def add(self, item: ToCheck, class_: MessageClass, policy: Policy) -> None:
        for cap in policy.caps_of(class_):
            self._messages[cap.rule, item.phone].add(item.message_id)
            if item.customer_id is not None:
                self._messages[cap.rule, item.customer_id].add(item.message_id)

    def count(self, item: ToCheck, rule: str) -> int:
        to_customer = self._messages[rule, item.customer_id] if item.customer_id is not None else set()
        return len(self._messages[rule, item.phone] | to_customer)


def _one_class(
    session: Session,
    items: Sequence[ToCheck],
    class_: MessageClass,
    policy: Policy,
    now: datetime,
    ours: Sequence[int],
    taken: _Taken,
) -> dict[int, Verdict]:
    recipients = [
        Recipient(
            customer_id=i.customer_id,
            loan_id=i.loan_id,
            phone=i.phone,
            told_amount=i.told_amount,
            told_due=i.told_due,
        )
        for i in items
    ]
    counting = Counting(class_, policy, now, leaving=True, exclude_messages=ours)
    found = gather(session, recipients, class_, policy, now, counting)
    judge, caps = Judge(class_, policy, now), len(policy.caps_of(class_))
    verdicts = {}
    for item, known in zip(items, found, strict=True):
        fact, claimed = known._replace(sent=known.sent[:caps]), known.sent[caps:]
        verdict = judge(fact)
        if verdict.allowed:
            verdict = _with_others(item, fact, claimed, judge, taken)
        if verdict.allowed:
            taken.add(item, class_, policy)
        verdicts[item.message_id] = verdict
    return verdicts


def _with_others(item: ToCheck, facts: Facts, claimed: tuple[int, ...], judge: Judge, taken: _Taken) -> Verdict:
    caps = judge.policy.caps_of(judge.class_)
    for cap, sent, others in zip(caps, facts.sent, claimed, strict=True):
        certain = sent + taken.count(item, cap.rule)
        if certain >= cap.limit:
            return judge.over_cap(cap, facts)
        if certain + others >= cap.limit:
            return judge.leaving(cap, judge.now + SOON)
    return ALLOWED


def barred(session: Session, messages: Sequence[Claimed], policy: Policy, now: datetime) -> dict[int, Verdict]:
    """Those whose number was suppressed since they were claimed, by message id: one query at the last moment."""
    bars = _bars(session, {message.phone for message in messages}, now)
    if not bars:
        return {}
    found = {}
    for message in messages:
        class_ = None if message.kind is BatchKind.TEST else policy.class_of(message.class_key)
        verdict = rules.barred(bars.get(message.phone, frozenset()), class_, policy)
        if verdict is not None:
            found[message.message_id] = verdict
    return found


_SUPPRESSED = select(Suppression.phone, Suppression.issuer, Suppression.scope, Suppression.until).where(
    Suppression.phone.in_(bindparam("phones", expanding=True))  # built once: it is asked before each message
)


def _bars(session: Session, phones: set[str], now: datetime) -> dict[str, Bars]:
    found: dict[str, Bars] = defaultdict(frozenset)
    for phone, issuer, scope, until in session.connection().execute(_SUPPRESSED, {"phones": list(phones)}):
        if until is None or until > now:
            found[phone] |= {(issuer, scope)}
    for phone, scopes in erased_refusals(session, phones).items():
        found[phone] |= {(BRANCH, scope) for scope in scopes}
    return found


def _tests(session: Session, batches: set[int]) -> set[int]:
    return set(session.scalars(select(Batch.id).where(Batch.id.in_(batches), Batch.kind == BatchKind.TEST)))


def _test_messages(session: Session, items: Sequence[ToCheck], policy: Policy, now: datetime) -> dict[int, Verdict]:
    """A test goes to a number that its maker typed: only what holds for every number is asked."""
    if not items:
        return {}
    bars = _bars(session, {item.phone for item in items}, now)
    return {item.message_id: _test(item, policy, bars.get(item.phone, frozenset())) for item in items}


def _test(item: ToCheck, policy: Policy, bars: Bars) -> Verdict:
    if not policy.mobile.fullmatch(item.phone):
        return Verdict(False, "number.mobile", T("This is not a mobile number."))
    return rules.barred(bars, None, policy) or ALLOWED
