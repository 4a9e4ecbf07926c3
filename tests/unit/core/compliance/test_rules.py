from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.core.compliance.policy import Need, load_policy
from console.core.compliance.purpose import Purpose
from console.core.compliance.rules import ALLOWED, Facts, Ground, evaluate
from console.core.compliance.times import Zone
from console.core.messages.classes import CLASSES, MessageClass
from db.models import CircumstanceKind, LoanState

CHINA = ZoneInfo("Asia/Shanghai")
POLICY = load_policy().in_zone(Zone(CHINA))
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=CHINA)  # a Monday
PHONE = "13800138000"
REMIND, OVERDUE, MARKET, CARE = CLASSES["remind"], CLASSES["overdue_1_7"], CLASSES["market"], CLASSES["care"]
COLLECTIONS = [class_ for class_ in CLASSES.values() if class_.collection]


def facts(class_: MessageClass, **differs: object) -> Facts:
    """Of somebody to whom nothing stands in the way at NOON."""
    late = class_.overdue_days[0] if class_.collection and class_.overdue_days else 0
    good = Facts(
        phone=PHONE,
        customer_id=1,
        own_phone=PHONE,
        consent=True,
        loan_id=2,
        loan_state=sorted(class_.loan_states)[0] if class_.loan_states else None,
        amount_due=Decimal("3256.80"),
        due_on=NOON.date() - timedelta(days=late),
        sent=(0,) * len(POLICY.caps_of(class_)),
    )
    return good._replace(**differs)  # type: ignore[arg-type]


@pytest.mark.parametrize("class_", CLASSES.values(), ids=str)
def test_nothing_stands_in_the_way(class_: MessageClass) -> None:
    assert evaluate(facts(class_), class_, POLICY, NOON) == ALLOWED


@pytest.mark.parametrize(
    ("class_", "differs", "rule"),
    [
        (REMIND, {"phone": "02155550100"}, "number.mobile"),
        (REMIND, {"phone": "1380013800"}, "number.mobile"),
        (REMIND, {"phone": "12800138000"}, "number.mobile"),
        (REMIND, {"phone": "13800138000\n"}, "number.mobile"),
        (REMIND, {"phone": ""}, "number.mobile"),
        (REMIND, {"own_phone": None}, "customer.gone"),
        (REMIND, {"own_phone": "13800138001"}, "number.own"),
        (REMIND, {"active": False}, "customer.inactive"),
        (OVERDUE, {"customer_id": None, "own_phone": None}, "number.own"),
        (REMIND, {"suppressed": frozenset({("branch", "all")})}, "suppressed"),
        (REMIND, {"suppressed": frozenset({("branch", "contract")})}, "suppressed.purpose"),
        (MARKET, {"suppressed": frozenset({("branch", "marketing")})}, "suppressed.purpose"),
        (MARKET, {"consent": None}, "consent.missing"),
        (MARKET, {"consent": False}, "consent.refused"),
        (CARE, {"consent": False}, "consent.refused"),
        (REMIND, {"loan_state": None}, "loan.gone"),
        (REMIND, {"loan_state": LoanState.SETTLED}, "loan.paid"),
        (REMIND, {"amount_due": Decimal(0)}, "loan.paid"),
        (OVERDUE, {"amount_due": Decimal("-1")}, "loan.paid"),
        (OVERDUE, {"loan_state": LoanState.SETTLED}, "loan.paid"),
        (REMIND, {"loan_state": LoanState.OVERDUE}, "loan.state"),
        (REMIND, {"loan_state": LoanState.APPLYING}, "loan.state"),
        (CLASSES["progress"], {"loan_state": LoanState.ACTIVE}, "loan.state"),
        (CLASSES["due_change"], {"loan_state": LoanState.SETTLED}, "loan.state"),
        (REMIND, {"due_on": date(2026, 11, 22)}, "loan.days"),
        (REMIND, {"due_on": None}, "loan.days"),
        (OVERDUE, {"due_on": date(2026, 11, 23)}, "loan.days"),
        (OVERDUE, {"due_on": date(2026, 11, 15)}, "loan.days"),
        (CLASSES["overdue_30p"], {"due_on": date(2026, 10, 24)}, "loan.days"),
    ],
)
def test_what_is_final(class_: MessageClass, differs: dict[str, object], rule: str) -> None:
    verdict = evaluate(facts(class_, **differs), class_, POLICY, NOON)
    assert (verdict.allowed, verdict.rule, verdict.retry_at) == (False, rule, None)
    assert str(verdict.reason)


@pytest.mark.parametrize(
    ("class_", "differs"),
    [
        (MARKET, {"customer_id": 1, "suppressed": frozenset()}),
        (CARE, {"consent": None}),
        (REMIND, {"consent": False}),
        (OVERDUE, {"consent": False}),
        (REMIND, {"suppressed": frozenset({("branch", "marketing")})}),
        (OVERDUE, {"suppressed": frozenset({("branch", "marketing"), ("branch", "care")})}),
        (CLASSES["fraud"], {"customer_id": None, "own_phone": None, "consent": None}),
        (OVERDUE, {"loan_state": LoanState.ACTIVE, "due_on": date(2026, 11, 16)}),
        (OVERDUE, {"amount_due": None}),
        (REMIND, {"due_on": date(2026, 11, 23)}),
        (CLASSES["overdue_30p"], {"due_on": date(2020, 1, 1)}),
    ],
)
def test_what_is_allowed(class_: MessageClass, differs: dict[str, object]) -> None:
    assert evaluate(facts(class_, **differs), class_, POLICY, NOON) == ALLOWED


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("class_", "moment", "opens"),
    [
        (OVERDUE, "2026-11-23T07:59:59", "2026-11-23T08:00"),
        (OVERDUE, "2026-11-23T22:00", "2026-11-24T08:00"),
        (MARKET, "2026-11-23T08:59", "2026-11-23T09:00"),
        (MARKET, "2026-11-27T20:00", "2026-11-30T09:00"),  # Friday evening
        (MARKET, "2026-09-30T21:00", "2026-10-08T09:00"),  # the National Day holidays
        (CARE, "2026-11-23T21:00", "2026-11-24T08:00"),
        (REMIND, "2026-11-23T22:00", "2026-11-24T08:00"),
        (REMIND, "2026-11-23T02:00", "2026-11-23T08:00"),
    ],
)
def test_hours_put_it_off(class_: MessageClass, moment: str, opens: str) -> None:
    due = at(moment).date() + timedelta(days=-1 if class_.collection else 1)
    verdict = evaluate(facts(class_, due_on=due), class_, POLICY, at(moment))
    assert (verdict.allowed, verdict.retry_at) == (False, at(opens))
    assert verdict.rule.startswith("hours.")


@pytest.mark.parametrize("key", ["account", "risk", "fraud"])
def test_what_protects_the_customer_leaves_at_any_hour(key: str) -> None:
    assert evaluate(facts(CLASSES[key]), CLASSES[key], POLICY, at("2026-11-23T02:00")) == ALLOWED


def test_every_other_class_keeps_the_night() -> None:
    awake = {class_.key for class_ in CLASSES.values() if POLICY.hours_of(class_) is None}
    assert awake == {"account", "risk", "fraud"}


@pytest.mark.parametrize(
    ("class_", "sent", "rule", "again"),
    [
        (OVERDUE, (1, 1, 1), "cap.collection.day", "2026-11-24T08:00"),
        (OVERDUE, (0, 3, 0), "cap.collection.week", "2026-11-30T08:00"),
        (OVERDUE, (1, 3, 6), "cap.collection.week", "2026-11-30T08:00"),
        (OVERDUE, (0, 0, 6), "cap.collection.attempts", "2026-11-24T08:00"),
        (MARKET, (2,), "cap.marketing.month", "2026-12-01T09:00"),
    ],
)
def test_caps_put_it_off_to_the_next_window(class_: MessageClass, sent: tuple[int, ...], rule: str, again: str) -> None:
    verdict = evaluate(facts(class_, sent=sent), class_, POLICY, NOON)
    assert (verdict.allowed, verdict.rule, verdict.retry_at) == (False, rule, at(again))


def test_what_is_final_is_said_before_what_puts_off() -> None:
    night = at("2026-11-23T23:00")
    assert evaluate(facts(OVERDUE, amount_due=Decimal(0), sent=(1, 3, 0)), OVERDUE, POLICY, night).rule == "loan.paid"


counts = st.integers(0, 5)
moments = st.datetimes(
    datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-06-01"), timezones=st.just(UTC)
)


@st.composite
def any_facts(draw: st.DrawFn, class_: MessageClass) -> Facts:
    return Facts(
        phone=draw(st.sampled_from([PHONE, "13900139000", "10086"])),
        customer_id=draw(st.sampled_from([1, None])),
        own_phone=draw(st.sampled_from([PHONE, None])),
        active=draw(st.booleans()),
        suppressed=draw(
            st.frozensets(
                st.tuples(st.sampled_from(["branch", "head_office", "regulator"]), st.sampled_from(["all", *Purpose])),
                max_size=2,
            )
        ),
        circumstances=tuple(
            draw(
                st.lists(
                    st.builds(
                        Ground,
                        st.sampled_from(CircumstanceKind),
                        st.sampled_from([None, 2, 3]),
                        st.sampled_from([None, datetime(2027, 7, 1, tzinfo=UTC)]),
                    ),
                    max_size=2,
                )
            )
        ),
        hours_from=draw(st.sampled_from([None, 540, 1320])),
        hours_to=draw(st.sampled_from([None, 1080, 420])),
        channel=draw(st.sampled_from(["", "sms", "wechat"])),
        consent=draw(st.sampled_from([True, False, None])),
        loan_id=2,
        loan_state=draw(st.sampled_from([*LoanState, None])),
        amount_due=draw(st.sampled_from([None, Decimal(0), Decimal("10.50")])),
        due_on=draw(st.none() | st.dates(date(2025, 12, 1), date(2027, 7, 1))),
        sent=tuple(draw(counts) for _ in POLICY.caps_of(class_)),
    )


@given(st.data(), st.sampled_from(COLLECTIONS), moments)
def test_no_collection_at_night_whatever_else_is_true(data: st.DataObject, class_: MessageClass, now: datetime) -> None:
    verdict = evaluate(data.draw(any_facts(class_)), class_, POLICY, now)
    if verdict.allowed:
        assert 8 <= now.astimezone(CHINA).hour < 22
    if verdict.retry_at:
        assert verdict.retry_at > now
        assert 8 <= verdict.retry_at.astimezone(CHINA).hour < 22


@given(st.data(), st.sampled_from(list(CLASSES.values())), moments)
def test_refusing_marketing_never_blocks_a_contract_notice(
    data: st.DataObject, class_: MessageClass, now: datetime
) -> None:
    assume(class_.purpose in (Purpose.CONTRACT, Purpose.COLLECTION))
    known = data.draw(any_facts(class_))
    refused = known._replace(suppressed=known.suppressed | {("branch", "marketing")}, consent=False)
    assert evaluate(refused, class_, POLICY, now) == evaluate(known, class_, POLICY, now)


@given(st.data(), moments)
def test_marketing_never_without_consent(data: st.DataObject, now: datetime) -> None:
    known = data.draw(any_facts(MARKET))
    if evaluate(known, MARKET, POLICY, now).allowed:
        assert known.consent
        assert not {scope for _, scope in known.suppressed} & {"all", "marketing"}


@given(st.data(), st.sampled_from(list(CLASSES.values())), moments)
def test_a_verdict_says_why_and_more_history_never_helps(
    data: st.DataObject, class_: MessageClass, now: datetime
) -> None:
    known = data.draw(any_facts(class_))
    verdict = evaluate(known, class_, POLICY, now)
    assert verdict.allowed is (verdict.rule == "")
    assert verdict.allowed or str(verdict.reason)
    more = evaluate(known._replace(sent=tuple(n + 1 for n in known.sent)), class_, POLICY, now)
    assert verdict.allowed or not more.allowed


@given(st.sampled_from([*COLLECTIONS, MARKET, CARE]), st.tuples(counts, counts, counts), moments)
def test_put_off_is_never_for_ever(class_: MessageClass, sent: tuple[int, int, int], now: datetime) -> None:
    """At the time it names, hours do not stand in the way, nor does a cap whose window has passed."""

    def late(moment: datetime) -> date:
        return moment.astimezone(CHINA).date() - timedelta(days=(class_.overdue_days or (0, None))[0])

    known = facts(class_, sent=sent[: len(POLICY.caps_of(class_))], due_on=late(now))
    verdict = evaluate(known, class_, POLICY, now)
    if not verdict.allowed:
        assert verdict.retry_at is not None
        assert verdict.retry_at > now
        assert evaluate(facts(class_, due_on=late(verdict.retry_at)), class_, POLICY, verdict.retry_at) == ALLOWED


def test_the_rule_pack_names_source_date_and_mark() -> None:
    rules = {origin.rule for origin in POLICY.origins}
    assert {h.rule for h in POLICY.hours} | {c.rule for c in POLICY.caps} <= rules
    for origin in POLICY.origins:
        assert origin.source
        assert date.fromisoformat(origin.date)
        assert origin.mark in "V2U"
    assert next(o for o in POLICY.origins if o.rule == "hours.collection").hard
    assert POLICY.needs[Purpose.MARKETING] is Need.REQUIRED
    assert POLICY.needs[Purpose.CONTRACT] is POLICY.needs[Purpose.COLLECTION] is Need.NOT_NEEDED


def test_the_holidays_of_2026() -> None:
    assert not POLICY.calendar.is_workday(date(2026, 2, 23))
    assert POLICY.calendar.is_workday(date(2026, 2, 28))  # a Saturday
    assert not POLICY.calendar.is_workday(date(2026, 11, 22))
    assert POLICY.calendar.is_workday(date(2027, 1, 4))


def test_the_hours_are_those_of_the_country_wherever_the_computer_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        contact = load_policy().hours_of(OVERDUE)
        assert contact is not None
        policy = load_policy()
        night, morning = datetime(2026, 11, 24, 14, 0, tzinfo=UTC), datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
        assert contact.hours.opening(night, policy.zone, policy.calendar) == morning
        assert contact.hours.contain(morning, policy.zone, policy.calendar)
    finally:
        monkeypatch.undo()
        time.tzset()
