from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from console.core.compliance.policy import load_policy
from console.core.compliance.recheck import SOON, ToCheck, barred, recheck
from console.core.compliance.rules import ALLOWED, Verdict
from console.core.compliance.times import Zone
from db.engine import Database
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Circumstance,
    CircumstanceKind,
    Contact,
    ContactKind,
    Customer,
    Loan,
    LoanState,
    Message,
    MessageState,
    Suppression,
    User,
)
from db.outbox import Claimed

CHINA = ZoneInfo("Asia/Shanghai")
POLICY = load_policy().in_zone(Zone(CHINA))
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=CHINA).astimezone(UTC)
TOMORROW = datetime(2026, 11, 26, 8, 0, tzinfo=CHINA)
OVERDUE = "overdue_1_7"


class House:
    """Customers with overdue loans, batches, and messages that were claimed a moment ago."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._numbers = itertools.count(1)
        self._insert(
            User, login="u", display_name="u", password_hash="!", roles=[], active=True, must_change_password=False,
            failed_logins=0, created_at=NOW,
        )  # fmt: skip
        self.batches: dict[tuple[str, BatchKind], int] = {}

    def _insert(self, model: type[Any], **values: Any) -> int:
        with self.database.begin() as session:
            return int(session.scalars(insert(model).values(**values).returning(model.id)).one())

    def customer(self, phone: str = "13800138000") -> int:
        number = next(self._numbers)
        return self._insert(
            Customer, number=f"C{number}", name="李强", pinyin="liqiang", initials="lq", phone=phone,
            phone_tail=phone[-4:], tags=[], created_at=NOW, updated_at=NOW,
        )  # fmt: skip

    def loan(self, customer: int) -> int:
        return self._insert(
            Loan, customer_id=customer, number=f"L{next(self._numbers)}", product="房贷", state=LoanState.OVERDUE,
            amount_due=Decimal("3256.80"), due_on=(NOW - timedelta(days=3)).date(), updated_at=NOW,
        )  # fmt: skip

    def batch(self, class_key: str = OVERDUE, kind: BatchKind = BatchKind.CAMPAIGN) -> int:
        if (class_key, kind) not in self.batches:
            self.batches[class_key, kind] = self._insert(
                Batch, kind=kind, class_key=class_key, state=BatchState.OPEN, created_by=1, created_at=NOW
            )
        return self.batches[class_key, kind]

    def message(
        self,
        customer: int | None,
        loan: int | None = None,
        *,
        phone: str = "13800138000",
        class_key: str = OVERDUE,
        kind: BatchKind = BatchKind.CAMPAIGN,
        state: MessageState = MessageState.CLAIMED,
        created: datetime = NOW - timedelta(days=40),
        sending: datetime | None = None,
    ) -> ToCheck:
        batch = self.batch(class_key, kind)
        id_ = self._insert(
            Message, batch_id=batch, customer_id=customer, loan_id=loan, phone=phone,
            recipient=f"r{next(self._numbers)}", body="b", parts=1, digest="d", state=state, created_at=created,
            sending_at=sending,
        )  # fmt: skip
        return ToCheck(
            message_id=id_, batch_id=batch, customer_id=customer, loan_id=loan, phone=phone, class_key=class_key
        )

    def recheck(self, *claimed: ToCheck, now: datetime = NOW) -> list[Verdict]:
        with self.database.read() as session:
            verdicts = recheck(session, claimed, POLICY, now)
        assert set(verdicts) == {item.message_id for item in claimed}
        return [verdicts[item.message_id] for item in claimed]


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.fixture
def debtor(house: House) -> tuple[int, int]:
    customer = house.customer()
    return customer, house.loan(customer)


def test_what_was_right_when_it_was_frozen_is_allowed(house: House, debtor: tuple[int, int]) -> None:
    assert house.recheck(house.message(*debtor)) == [ALLOWED]
    assert house.recheck() == []


def test_who_has_paid_meanwhile_is_not_reminded(house: House, debtor: tuple[int, int]) -> None:
    item = house.message(*debtor)
    with house.database.begin() as session:
        session.execute(update(Loan).where(Loan.id == debtor[1]).values(amount_due=Decimal(0)))
    (verdict,) = house.recheck(item)
    assert (verdict.rule, verdict.retry_at) == ("loan.paid", None)


@pytest.mark.parametrize(
    ("now_due", "now_on", "told", "rule"),
    [
        ("3256.80", 0, ("3256.80", 0), ""),
        ("3300.00", 0, ("3256.80", 0), ""),  # penalty has grown: what the text asks for is still owed
        ("1000.00", 0, ("3256.80", 0), "loan.changed"),
        ("3256.80", 30, ("3256.80", 0), "loan.changed"),  # paid, and the core bank has gone on to the next one
        ("1000.00", 30, (None, None), ""),
        (None, 0, ("3256.80", 0), ""),
    ],
)
def test_a_text_that_is_no_longer_right_does_not_leave(
    house: House, now_due: str | None, now_on: int, told: tuple[str | None, int | None], rule: str
) -> None:
    customer = house.customer()
    loan, due = house.loan(customer), (NOW + timedelta(days=3)).date()
    with house.database.begin() as session:
        session.execute(
            update(Loan).values(
                state=LoanState.ACTIVE,
                amount_due=None if now_due is None else Decimal(now_due),
                due_on=due + timedelta(days=now_on),
            )
        )
    item = replace(
        house.message(customer, loan, class_key="remind"),
        told_amount=None if told[0] is None else Decimal(told[0]),
        told_due=None if told[1] is None else due,
    )
    (verdict,) = house.recheck(item)
    assert (verdict.rule, verdict.retry_at) == (rule, None)


def test_what_expired_before_it_left_does_not_use_up_a_cap(house: House, debtor: tuple[int, int]) -> None:
    """The time of its campaign was over: the debtor got nothing today."""
    house.message(*debtor, state=MessageState.EXPIRED, created=NOW - timedelta(hours=1))
    item = house.message(*debtor)
    assert house.recheck(item) == [ALLOWED]
    house.message(*debtor, state=MessageState.EXPIRED, sending=NOW - timedelta(hours=1))  # it left, and came too late
    assert not house.recheck(item)[0].allowed


def test_a_changed_number_and_a_refusal_stop_it(house: House, debtor: tuple[int, int]) -> None:
    item = house.message(*debtor)
    with house.database.begin() as session:
        session.add(Suppression(phone=item.phone, scope="collection", reason="r", source="s", created_at=NOW))
    assert house.recheck(item)[0].rule == "suppressed.purpose"
    with house.database.begin() as session:
        session.execute(update(Customer).where(Customer.id == debtor[0]).values(phone="13900139000"))
    assert house.recheck(item)[0].rule == "number.own"


def test_at_night_it_waits_for_the_morning(house: House, debtor: tuple[int, int]) -> None:
    night = datetime(2026, 11, 25, 22, 0, tzinfo=CHINA)
    (verdict,) = house.recheck(house.message(*debtor), now=night)
    assert (verdict.rule, verdict.retry_at) == ("hours.collection", TOMORROW)


@pytest.mark.parametrize("state", [MessageState.SENDING, MessageState.UNKNOWN, MessageState.EXPIRED])
def test_what_may_have_left_today_counts(house: House, debtor: tuple[int, int], state: MessageState) -> None:
    house.message(*debtor, state=state, sending=NOW - timedelta(hours=1))
    (verdict,) = house.recheck(house.message(*debtor))
    assert (verdict.rule, verdict.retry_at) == ("cap.collection.day", TOMORROW)


@pytest.mark.parametrize("state", [MessageState.REFUSED, MessageState.CANCELLED, MessageState.WAITING])
def test_what_never_left_does_not_count(house: House, debtor: tuple[int, int], state: MessageState) -> None:
    house.message(*debtor, state=state, created=NOW)
    assert house.recheck(house.message(*debtor)) == [ALLOWED]


def test_two_loans_of_one_debtor_in_one_claim_are_one_message_a_day(house: House, debtor: tuple[int, int]) -> None:
    second = house.loan(debtor[0])
    first, later = house.recheck(house.message(*debtor), house.message(debtor[0], second))
    assert first == ALLOWED
    assert (later.rule, later.retry_at) == ("cap.collection.day", TOMORROW)


def test_one_number_of_two_customers_and_two_classes_counts_together(house: House, debtor: tuple[int, int]) -> None:
    twin = house.customer()
    loan = house.loan(twin)
    with house.database.begin() as session:
        session.execute(update(Loan).where(Loan.id == loan).values(due_on=(NOW - timedelta(days=10)).date()))
    first, later = house.recheck(house.message(*debtor), house.message(twin, loan, class_key="overdue_8_30"))
    assert first == ALLOWED
    assert later.rule == "cap.collection.day"


def test_what_another_line_has_claimed_is_waited_for(house: House, debtor: tuple[int, int]) -> None:
    elsewhere = house.message(*debtor)
    ours = house.message(debtor[0], house.loan(debtor[0]))
    (verdict,) = house.recheck(ours)
    assert (verdict.rule, verdict.retry_at) == ("cap.collection.day", NOW + SOON)
    with house.database.begin() as session:
        session.execute(update(Message).where(Message.id == elsewhere.message_id).values(state=MessageState.CANCELLED))
    assert house.recheck(ours) == [ALLOWED]


def test_tests_go_to_any_mobile_that_is_not_barred(house: House) -> None:
    night = datetime(2026, 11, 25, 23, 0, tzinfo=CHINA)
    good = house.message(None, phone="13700137000", kind=BatchKind.TEST)
    short = house.message(None, phone="10086", kind=BatchKind.TEST)
    barred = house.message(None, phone="13700137001", kind=BatchKind.TEST)
    with house.database.begin() as session:
        session.add(Suppression(phone=barred.phone, scope="all", reason="r", source="s", created_at=NOW))
    verdicts = house.recheck(good, short, barred, now=night)
    assert [verdict.rule for verdict in verdicts] == ["", "number.mobile", "suppressed"]


def test_a_test_never_uses_up_a_cap(house: House, debtor: tuple[int, int]) -> None:
    house.message(*debtor, kind=BatchKind.TEST, state=MessageState.DELIVERED, sending=NOW)
    assert house.recheck(house.message(*debtor)) == [ALLOWED]


def test_a_connected_call_today_counts_for_notices_of_a_debt(house: House, debtor: tuple[int, int]) -> None:
    item = house.message(*debtor)
    calls = [(False, NOW - timedelta(hours=1)), (None, NOW), (True, NOW - timedelta(days=1))]
    with house.database.begin() as session:
        session.add_all(_call(debtor[0], connected, at) for connected, at in calls)
    assert house.recheck(item) == [ALLOWED]
    with house.database.begin() as session:
        session.add(_call(debtor[0], True, NOW - timedelta(hours=2)))
    assert house.recheck(item)[0].rule == "cap.collection.day"


def test_six_attempts_are_enough_for_a_day(house: House, debtor: tuple[int, int]) -> None:
    item = house.message(*debtor)
    with house.database.begin() as session:
        session.add_all(_call(debtor[0], False, NOW - timedelta(minutes=n)) for n in range(6))
    assert house.recheck(item)[0].rule == "cap.collection.attempts"


def _call(customer: int, connected: bool | None, at: datetime) -> Contact:
    return Contact(
        customer_id=customer, kind=ContactKind.CALL, connected=connected, at=at, body="", created_by=1, created_at=at
    )


def test_a_promise_is_waited_for_and_an_ended_dispute_forgotten(house: House, debtor: tuple[int, int]) -> None:
    item, until = house.message(*debtor), datetime(2026, 11, 28, 0, 0, tzinfo=CHINA)
    common = {"customer_id": debtor[0], "created_by": 1, "created_at": NOW}
    with house.database.begin() as session:
        session.add(Circumstance(kind=CircumstanceKind.PROMISED, until=until, **common))
        session.add(Circumstance(kind=CircumstanceKind.DISPUTED, ended_at=NOW, **common))
    (verdict,) = house.recheck(item)
    assert (verdict.rule, verdict.retry_at) == ("ease.promised", datetime(2026, 11, 28, 8, 0, tzinfo=CHINA))
    later = datetime(2026, 11, 28, 8, 0, tzinfo=CHINA)
    assert house.recheck(item, now=later)[0].rule != "ease.promised"


def test_at_the_last_moment_every_list_is_asked_once_more(house: House, debtor: tuple[int, int]) -> None:
    offer = house.message(debtor[0], class_key="market")
    notice = house.message(*debtor)
    trial = house.message(None, class_key="market", kind=BatchKind.TEST)
    asked = [_claimed(offer, BatchKind.CAMPAIGN), _claimed(notice, BatchKind.CAMPAIGN), _claimed(trial, BatchKind.TEST)]
    with house.database.read() as session:
        assert barred(session, asked, POLICY, NOW) == {}
    with house.database.begin() as session:
        session.add(
            Suppression(
                phone=offer.phone, scope="marketing", issuer="head_office", reason="r", source="s", created_at=NOW
            )
        )
    with house.database.read() as session:
        assert {key: v.rule for key, v in barred(session, asked, POLICY, NOW).items()} == {
            offer.message_id: "suppressed.head_office"
        }
    with house.database.begin() as session:
        session.add(
            Suppression(phone=offer.phone, scope="all", issuer="regulator", reason="r", source="s", created_at=NOW)
        )
    with house.database.read() as session:
        found = barred(session, asked, POLICY, NOW)
    assert {verdict.rule for verdict in found.values()} == {"suppressed.regulator"}
    assert len(found) == 3


def _claimed(item: ToCheck, kind: BatchKind) -> Claimed:
    return Claimed(
        message_id=item.message_id,
        batch_id=item.batch_id,
        kind=kind,
        class_key=item.class_key,
        customer_id=item.customer_id,
        loan_id=item.loan_id,
        phone=item.phone,
        recipient="r",
        body="b",
        parts=1,
        digest="d",
        attempts=0,
    )


def test_an_unknown_class_is_never_sent(house: House, debtor: tuple[int, int]) -> None:
    (verdict,) = house.recheck(house.message(*debtor, class_key="of-the-future"))
    assert (verdict.allowed, verdict.rule, verdict.retry_at) == (False, "class.unknown", None)


def test_each_claimed_message_gets_its_own_verdict(house: House) -> None:
    items = []
    for n in range(40):
        phone = f"139001390{n:02}"
        customer = house.customer(phone)
        loan = house.loan(customer)
        items.append(house.message(customer, loan, phone=phone if n % 2 else "13800138000"))
    assert [v.allowed for v in house.recheck(*items)] == [n % 2 == 1 for n in range(40)]
