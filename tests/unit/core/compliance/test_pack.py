"""The rule pack as data: each rule of it acts, and nothing in it can be loosened that binds every office."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import resources
from console.core.compliance.changing import Kind, changed_pack, fields_of
from console.core.compliance.describe import SECTION_TITLES, differences, views
from console.core.compliance.faults import BadPack
from console.core.compliance.model import Policy
from console.core.compliance.pack import read_pack, rules_in
from console.core.compliance.policy import load_policy, shipped_pack
from console.core.compliance.purpose import Purpose
from console.core.compliance.rules import ALLOWED, Facts, Ground, evaluate
from console.core.compliance.sources import SHIPPED_SOURCES, source_words
from console.core.compliance.times import Hours, Zone, common_opening, window_end
from console.core.messages.classes import CLASSES, BadClass, MessageClass, read_classes
from db.models import CircumstanceKind

CHINA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
POLICY = load_policy()
PACK = shipped_pack()
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=CHINA)  # a Monday
TODAY = NOON.date()


def facts(class_: MessageClass, policy: Policy = POLICY, now: datetime = NOON, **differs: Any) -> Facts:
    """Of somebody to whom nothing stands in the way."""
    late = class_.overdue_days[0] if class_.collection and class_.overdue_days else 0
    good = Facts(
        phone="13800138000",
        customer_id=1,
        own_phone="13800138000",
        consent=True,
        loan_id=2,
        loan_state=sorted(class_.loan_states)[0] if class_.loan_states else None,
        amount_due=Decimal("3256.80"),
        due_on=policy.zone.local(now).date() - timedelta(days=late),
        sent=(0,) * len(policy.caps_of(class_)),
    )
    return good._replace(**differs)


def classes(rule: dict[str, Any]) -> list[MessageClass]:
    named = set(rule.get("classes", ()))
    return [c for c in CLASSES.values() if c.key in named or c.purpose in rule.get("purposes", ())]


def changed(path: str, value: object) -> dict[str, Any]:
    """The shipped pack with one value changed: ``hours.0.from``."""
    made = copy.deepcopy(PACK)
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = made
    for step in parents:
        place = place[step]
    place[last] = value
    return made


# Each rule of the pack, from the pack itself


@pytest.mark.parametrize("rule", PACK["hours"], ids=lambda rule: str(rule["id"]))
def test_hours_of_the_pack_hold_to_the_minute(rule: dict[str, Any]) -> None:
    start, end = (datetime.combine(TODAY, time.fromisoformat(rule[name]), CHINA) for name in ("from", "to"))
    for class_ in classes(rule):
        for moment, allowed in ((start, True), (end - timedelta(seconds=1), True), (end, False)):
            verdict = evaluate(facts(class_, now=moment), class_, POLICY, moment)
            assert (verdict.allowed, verdict.rule) == (allowed, "" if allowed else rule["id"])
        early = start - timedelta(seconds=1)
        verdict = evaluate(facts(class_, now=early), class_, POLICY, early)
        assert (verdict.rule, verdict.retry_at) == (rule["id"], start)


@pytest.mark.parametrize("rule", [r for r in PACK["caps"] if r["limit"]], ids=lambda rule: str(rule["id"]))
def test_caps_of_the_pack_hold_to_the_message(rule: dict[str, Any]) -> None:
    for class_ in classes(rule):
        caps = POLICY.caps_of(class_)
        place = next(i for i, cap in enumerate(caps) if cap.rule == rule["id"])
        for sent, allowed in ((rule["limit"] - 1, True), (rule["limit"], False)):
            counts = tuple(sent if i == place else 0 for i in range(len(caps)))
            verdict = evaluate(facts(class_, sent=counts), class_, POLICY, NOON)
            assert (verdict.allowed, verdict.rule) == (allowed, "" if allowed else rule["id"])
            if not allowed:
                assert verdict.retry_at is not None
                assert verdict.retry_at >= window_end(caps[place].window, NOON, POLICY.zone)


def test_a_cap_that_is_switched_on_counts_over_all_kinds() -> None:
    off = [rule["id"] for rule in PACK["caps"] if rule["limit"] is None]
    assert {"cap.all.day", "cap.all.week", "cap.all.month"} <= set(off)
    assert not {cap.rule for cap in POLICY.caps} & set(off)
    policy = read_pack(changed_pack(PACK, "cap.all.week", {"limit": 5}, "head office", TODAY), 2)
    for class_ in CLASSES.values():
        rules = [cap.rule for cap in policy.caps_of(class_)]
        counts = tuple(5 if rule == "cap.all.week" else 0 for rule in rules)
        assert evaluate(facts(class_, policy, sent=counts), class_, policy, NOON).rule == "cap.all.week"


@pytest.mark.parametrize("rule", PACK["ease_off"], ids=lambda rule: str(rule["id"]))
def test_circumstances_of_the_pack_hold_back_just_what_it_names(rule: dict[str, Any]) -> None:
    kind, held = CircumstanceKind(rule["when"]), classes(rule)
    for class_ in CLASSES.values():
        verdict = evaluate(facts(class_, circumstances=(Ground(kind, None, None),)), class_, POLICY, NOON)
        if class_ in held:
            assert (verdict.rule, verdict.retry_at) == (rule["id"], None)
        else:
            assert verdict.rule != rule["id"]
    for class_ in held:
        until = NOON + timedelta(days=2, hours=12)  # midnight
        verdict = evaluate(facts(class_, circumstances=(Ground(kind, None, until),)), class_, POLICY, NOON)
        opens = POLICY.hours_of(class_)
        assert opens is not None
        assert verdict.retry_at == opens.hours.opening(until, POLICY.zone, POLICY.calendar)


def test_contract_notices_go_whatever_the_circumstances() -> None:
    grounds = tuple(Ground(kind, None, None) for kind in CircumstanceKind)
    for class_ in CLASSES.values():
        if class_.purpose is Purpose.CONTRACT:
            assert evaluate(facts(class_, circumstances=grounds), class_, POLICY, NOON) == ALLOWED


def test_a_dispute_over_one_loan_leaves_the_others() -> None:
    class_ = CLASSES["overdue_1_7"]
    for loan_id, allowed in ((2, False), (3, True), (None, False)):
        ground = Ground(CircumstanceKind.DISPUTED, loan_id, None)
        assert evaluate(facts(class_, circumstances=(ground,)), class_, POLICY, NOON).allowed is allowed
    offer = CLASSES["renewal"]  # about loan 2, but no offer goes to somebody who complains about loan 3
    ground = Ground(CircumstanceKind.COMPLAINT, 3, None)
    assert evaluate(facts(offer, circumstances=(ground,)), offer, POLICY, NOON).rule == "ease.complaint.offers"


@pytest.mark.parametrize("rule", PACK["suppression"], ids=lambda rule: str(rule["id"]))
def test_lists_of_every_issuer_bind(rule: dict[str, Any]) -> None:
    for class_ in CLASSES.values():
        every = evaluate(facts(class_, suppressed=frozenset({(rule["issuer"], "all")})), class_, POLICY, NOON)
        assert (every.rule, every.retry_at) == (rule["id"], None)
        offers = evaluate(facts(class_, suppressed=frozenset({(rule["issuer"], "marketing")})), class_, POLICY, NOON)
        assert offers.allowed is not class_.marketing_opt_out


def test_the_highest_issuer_is_named() -> None:
    bars = frozenset({("branch", "all"), ("regulator", "all"), ("head_office", "all")})
    class_ = CLASSES["remind"]
    assert evaluate(facts(class_, suppressed=bars), class_, POLICY, NOON).rule == "suppressed.regulator"


@pytest.mark.parametrize("purpose", Purpose)
def test_consent_of_the_pack(purpose: Purpose) -> None:
    need = PACK["consent"]["needs"][purpose]
    fitting = {"required": [True], "unless_refused": [True, None], "not_needed": [True, None, False]}[need]
    for class_ in CLASSES.values():
        if class_.purpose is purpose:
            for consent in (True, None, False):
                allowed = evaluate(facts(class_, consent=consent), class_, POLICY, NOON).allowed
                assert allowed is (consent in fitting)


def test_who_prefers_another_channel_gets_notices_all_the_same() -> None:
    for class_ in CLASSES.values():
        verdict = evaluate(facts(class_, channel="wechat"), class_, POLICY, NOON)
        assert verdict.rule == ("channel.other" if class_.purpose in PACK["channel"]["purposes"] else "")
        assert evaluate(facts(class_, channel="sms"), class_, POLICY, NOON) == ALLOWED


# The customer's own hours, and clocks


@pytest.mark.parametrize(
    ("own", "moment", "rule", "again"),
    [
        ((600, 720), "2026-11-23T10:00", "", None),
        ((600, 720), "2026-11-23T09:30", "hours.customer", "2026-11-23T10:00"),
        ((600, 720), "2026-11-23T12:00", "hours.customer", "2026-11-24T10:00"),
        ((1140, 1260), "2026-11-23T20:00", "hours.customer", "2026-11-24T19:00"),
        ((480, 570), "2026-11-23T08:30", "hours.marketing", "2026-11-23T09:00"),
        ((1320, 420), "2026-11-23T12:00", "hours.customer", None),  # at night only, when no offer may leave
        ((540, 1440), "2026-11-23T12:00", "", None),
    ],
)
def test_the_customers_own_hours_and_those_of_the_class(
    own: tuple[int, int], moment: str, rule: str, again: str | None
) -> None:
    class_, now = CLASSES["market"], datetime.fromisoformat(moment).replace(tzinfo=CHINA)
    verdict = evaluate(facts(class_, hours_from=own[0], hours_to=own[1]), class_, POLICY, now)
    expected = None if again is None else datetime.fromisoformat(again).replace(tzinfo=CHINA)
    assert (verdict.rule, verdict.retry_at) == (rule, expected)


def test_contract_notices_do_not_wait_for_the_customers_own_hours() -> None:
    class_ = CLASSES["remind"]
    assert evaluate(facts(class_, hours_from=1320, hours_to=1380), class_, POLICY, NOON) == ALLOWED


@pytest.mark.parametrize("zone", [CHINA, BERLIN, UTC], ids=str)
def test_a_whole_year_of_midnights_and_month_ends(zone: ZoneInfo) -> None:
    """Every local midnight, and both changes of the clock where there are any: never a notice of a debt at night."""
    policy, class_ = POLICY.in_zone(Zone(zone)), CLASSES["overdue_1_7"]
    for day in range(366):
        midnight = policy.zone.utc(datetime(2026, 1, 1) + timedelta(days=day))  # noqa: DTZ001 - wall time
        for moment in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=2, minutes=30)):
            verdict = evaluate(facts(class_, policy, moment), class_, policy, moment)
            assert verdict.rule == "hours.collection"
            assert verdict.retry_at is not None
            wall = policy.zone.local(verdict.retry_at)
            assert (wall.hour, wall.minute) == (8, 0)
            assert timedelta(0) < verdict.retry_at - moment < timedelta(hours=10)
    caps = policy.caps_of(class_)
    end = datetime(2026, 10, 31, 21, 59, 59, tzinfo=zone)
    over = evaluate(facts(class_, policy, end, sent=(1,) + (0,) * (len(caps) - 1)), class_, policy, end)
    assert over.retry_at == datetime(2026, 11, 1, 8, 0, tzinfo=zone)


def test_hours_that_never_meet_are_told() -> None:
    late, early = Hours(time(22), time(23)), Hours(time(8), time(9))
    assert common_opening([late, early], NOON, POLICY.zone, POLICY.calendar) is None
    assert common_opening([], NOON, POLICY.zone, POLICY.calendar) == NOON


def test_marketing_in_a_year_whose_holidays_are_unknown_says_so() -> None:
    class_ = CLASSES["market"]
    saturday = datetime(2027, 2, 6, 12, 0, tzinfo=CHINA)
    verdict = evaluate(facts(class_), class_, POLICY, saturday)
    assert verdict.retry_at == datetime(2027, 2, 8, 9, 0, tzinfo=CHINA)
    assert "the holidays of 2027 have not been entered yet" in str(verdict.reason)
    entered = {"holidays": "2027-02-05 - 2027-02-11", "workdays": "2027-02-20\n2027-02-28", "years": "2027"}
    policy = read_pack(changed_pack(PACK, "calendar", entered, "State Council", TODAY), 2)
    verdict = evaluate(facts(class_), class_, policy, saturday)
    assert verdict.retry_at == datetime(2027, 2, 12, 9, 0, tzinfo=CHINA)
    assert "not been entered" not in str(verdict.reason)
    assert policy.calendar.is_workday(date(2027, 2, 20))
    assert policy.calendar.knows(date(2027, 2, 20))


def test_the_shipped_calendar_knows_2004_to_2026() -> None:
    calendar = POLICY.calendar
    assert calendar.years == frozenset(range(2004, 2027))
    assert not calendar.is_workday(date(2020, 1, 31))
    assert calendar.is_workday(date(2020, 1, 19))  # a Sunday


def test_a_verdict_names_the_version_that_judged() -> None:
    policy = read_pack(PACK, 7)
    verdict = evaluate(facts(CLASSES["market"], consent=None), CLASSES["market"], policy, NOON)
    assert verdict.reason is not None
    assert json.loads(verdict.reason.dump())["p"]["rules"] == 7


# What no rule pack may say


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("hours.0.from", "07:00", "hours.collection"),
        ("hours.0.to", "22:30", "hours.collection"),
        ("hours.0.to", "07:00", "hours.collection"),
        ("hours.0.purposes", [], "hours.collection"),
        ("hours.0.hard", False, "hours.collection"),
        ("own_number.hard", False, "number.own"),
        ("clock.utc_offset", "+09:00", "clock"),
        ("mobile.pattern", ".*", "number.mobile"),
        ("suppression.2.issuer", "branch", "suppressed.regulator"),
        ("paid.hard", False, "loan.paid"),
        ("consent.needs.marketing", "not_needed", "consent"),
        ("consent.needs.care", "perhaps", "consent"),
        ("caps.0.limit", 0, "cap.collection.day"),
        ("caps.0.limit", "1", "cap.collection.day"),
        ("caps.0.id", "cap.collection.week", "cap.collection.week"),
        ("caps.0.source", " ", "cap.collection.day"),
        ("caps.0.mark", "X", "cap.collection.day"),
        ("caps.0.window", "year", "cap.collection.day"),
        ("caps.0.classes", ["nothing"], "cap.collection.day"),
        ("hours.3.days", "sundays", "hours.care"),
        ("hours.3.from", "8 o'clock", "hours.care"),
        ("ease_off.0.when", "sad", "ease.promised"),
        ("ease_off.0.of", "house", "ease.promised"),
        ("calendar.days", {"2027-02-30": "holiday"}, "calendar"),
        ("calendar.days", {"2027-02-05": "perhaps"}, "calendar"),
        ("classes", {"overdue_1_7": {"own_number_only": False}}, "class.overdue_1_7"),
        ("classes", {"market": {"priority": 12}}, "class.market"),
        ("classes", {"market": {"senders": []}}, "class.market"),
        ("classes", {"nothing": {"priority": 1}}, "class.nothing"),
    ],
)
def test_what_a_rule_pack_may_not_say(path: str, value: object, rule: str) -> None:
    with pytest.raises(BadPack) as refused:
        read_pack(changed(path, value))
    assert refused.value.rule == rule
    assert str(refused.value.message).startswith(f"Rule {rule}: ")


def test_no_other_rule_may_give_notices_of_a_debt_wider_hours() -> None:
    made = changed("hours.2.classes", ["overdue_1_7", "remind"])
    read_pack(made)  # 08:00 to 22:00 as well
    made["hours"][2]["from"] = "06:00"
    with pytest.raises(BadPack) as refused:
        read_pack({**made, "hours": [made["hours"][2], *made["hours"][:2], *made["hours"][3:]]})
    assert refused.value.rule == "hours.notice"


@pytest.mark.parametrize("name", ["hours", "caps", "ease_off", "suppression"])
def test_no_rule_can_be_taken_away(name: str) -> None:
    for place in range(len(PACK[name])):
        fewer = changed(name, [rule for i, rule in enumerate(PACK[name]) if i != place])
        with pytest.raises(BadPack):
            read_pack(fewer)


def test_a_pack_of_another_shape_is_refused_in_words() -> None:
    for broken in ({}, changed("hours", None), changed("consent.needs", [])):
        with pytest.raises(BadPack):
            read_pack(broken)


def test_stricter_hours_for_notices_of_a_debt_are_welcome() -> None:
    made = changed_pack(PACK, "hours.collection", {"from": "09:00", "to": "20:00", "days": "workdays"}, "ours", TODAY)
    class_, saturday = CLASSES["overdue_1_7"], datetime(2026, 11, 28, 12, 0, tzinfo=CHINA)
    verdict = evaluate(facts(class_, now=saturday), class_, read_pack(made, 2), saturday)
    assert verdict.retry_at == datetime(2026, 11, 30, 9, 0, tzinfo=CHINA)


# Changing and describing


def test_every_rule_is_described_and_has_a_form_unless_it_is_hard() -> None:
    told = views(PACK)
    assert {view.rule for view in told} == {r["id"] for r in rules_in(PACK)} | {f"class.{key}" for key in CLASSES}
    assert {view.section for view in told} == set(SECTION_TITLES)
    for view in told:
        assert view.title != view.rule
        assert view.value
        assert bool(fields_of(PACK, view.rule)) is view.editable


_TYPED = {Kind.TIME: "10:00", Kind.NUMBER: 9, Kind.OPTIONAL: 7, Kind.LINES: "2027"}


def test_every_form_leads_to_a_difference_and_a_sound_pack() -> None:
    for view in views(PACK):
        if not view.editable:
            continue
        fields = fields_of(PACK, view.rule)
        values = {each.key: each.value for each in fields}
        first = fields[-1] if view.rule == "calendar" else fields[0]
        choices = [key for key in first.choices if key != first.value]
        if "words" in values:
            first = next(each for each in fields if each.key == "words")
            values["words"] += "\n又一词"
        else:
            values[first.key] = _TYPED.get(first.kind, choices[:1] if first.kind is Kind.SET else (choices or [""])[0])
        made = changed_pack(PACK, view.rule, values, "agreed on 2026-11-20", TODAY)
        (difference,) = differences(PACK, made)
        assert difference.rule == view.rule
        assert difference.before != difference.after
        after = next(each for each in views(made) if each.rule == view.rule)
        assert (after.source, after.date, after.mark) == ("agreed on 2026-11-20", TODAY.isoformat(), "U")
    assert shipped_pack() == PACK


@pytest.mark.parametrize(
    ("rule", "values", "source"),
    [
        ("number.own", {"hard": False}, "s"),
        ("cap.collection.day", {"window": "month"}, "s"),
        ("cap.collection.day", {"limit": 2}, " "),
        ("calendar", {"holidays": "tomorrow", "workdays": "", "years": ""}, "s"),
        ("calendar", {"holidays": "2027-02-11 - 2027-02-05", "workdays": "", "years": ""}, "s"),
        ("calendar", {"holidays": "", "workdays": "", "years": "27"}, "s"),
    ],
)
def test_what_a_form_may_not_send(rule: str, values: dict[str, Any], source: str) -> None:
    with pytest.raises(BadPack):
        changed_pack(PACK, rule, values, source, TODAY)


def test_what_the_office_changed_of_a_class_holds() -> None:
    made = changed_pack(PACK, "class.market", {"priority": 1, "second_approver_above": None}, "ours", TODAY)
    class_ = read_pack(made, 2).class_of("market")
    assert class_ is not None
    assert (class_.priority, class_.approvers(10**6), class_.ending) == (1, 1, CLASSES["market"].ending)
    assert CLASSES["market"].approvers(5_001) == 2
    assert CLASSES["market"].approvers(5_000) == 1


# The classes' own file


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda entry: entry.pop("source"), "source is missing"),
        (lambda entry: entry.update(colour="red"), "colour is unknown"),
        (lambda entry: entry.update(purpose="fun"), "purpose 'fun' is unknown"),
        (lambda entry: entry.update(required=["nmae"]), "required has an unknown value 'nmae'"),
        (lambda entry: entry.update(priority=11), "priority must be 0 to 9"),
        (lambda entry: entry.update(validity_hours=0), "validity_hours must be 1 to 720"),
        (lambda entry: entry.update(senders=[]), "nobody may send it"),
        (lambda entry: entry.update(own_number_only=False), "debtor's own number only"),
        (lambda entry: entry.update(overdue_days=[7, 1]), "overdue_days must be"),
        (lambda entry: entry.update(per_loan="yes"), "per_loan is neither true nor false"),
        (lambda entry: entry.update(second_approver_above=-1), "second_approver_above must be"),
        (lambda entry: entry.update(mark="?"), "names its source and its mark"),
    ],
)
def test_a_faulty_class_is_refused_by_name(spoil: Callable[[dict[str, Any]], Any], told: str) -> None:
    record = json.loads(resources.path("policy", "classes.json").read_text("utf-8"))
    entry = next(entry for entry in record["classes"] if entry["key"] == "overdue_1_7")
    spoil(entry)
    with pytest.raises(BadClass, match=f"^overdue_1_7: .*{told}"):
        read_classes(record)


def test_marketing_always_tells_how_to_refuse() -> None:
    record = json.loads(resources.path("policy", "classes.json").read_text("utf-8"))
    next(entry for entry in record["classes"] if entry["key"] == "market").update(ending="")
    with pytest.raises(BadClass, match="ends with"):
        read_classes(record)
    with pytest.raises(BadClass, match="is missing"):
        read_classes({"classes": record["classes"][:1]})
    with pytest.raises(BadClass, match="stands twice"):
        read_classes({"classes": record["classes"][:1] * 2})


def test_every_shipped_source_can_be_translated() -> None:
    shipped = {rule["source"] for rule in rules_in(PACK)} | {class_.source for class_ in CLASSES.values()}
    assert shipped <= SHIPPED_SOURCES.keys()
    assert source_words("our own {decision}") == "our own {decision}"
