"""Whole audiences at pre-flight and one message at the moment of sending: the same verdict for the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, null, select
from sqlalchemy.orm import Session

from console.core.compliance.facts import OF_CUSTOMER, OF_LOAN, Pass
from console.core.compliance.policy import load_policy
from console.core.compliance.recheck import ToCheck, recheck
from console.core.compliance.rules import Judge, Verdict
from console.core.compliance.times import Zone
from console.core.messages.classes import CLASSES, MessageClass
from db.engine import Database
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Circumstance,
    CircumstanceKind,
    Consent,
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

CHINA = ZoneInfo("Asia/Shanghai")
POLICY = load_policy().in_zone(Zone(CHINA))
PHONES = ["13800138000", "13800138001", "13800138002", "10086"]
MOMENTS = [  # working hours, night, just before midnight, a month's end, a holiday, a worked Sunday, an unknown year
    datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)
    for text in (
        "2026-11-25T10:00", "2026-11-25T03:00", "2026-11-25T23:59:59", "2026-11-30T21:30", "2026-10-01T12:00",
        "2026-09-20T12:00", "2027-02-08T12:00",
    )
]  # fmt: skip
KEYS = st.sampled_from(["market", "renewal", "care", "overdue_1_7", "overdue_30p", "remind", "fraud", "visit"])
BACK = st.sampled_from([0, 0, 1, 3, 8, 40])  # days


@st.composite
def worlds(draw: st.DrawFn, now: datetime) -> dict[type[Any], list[dict[str, Any]]]:
    people = draw(st.integers(1, 3))
    customer = st.integers(1, people)
    untils = st.sampled_from([None, now, now + timedelta(days=2)])
    ago = BACK.map(lambda days: now - timedelta(days=days, minutes=1))
    phone = st.sampled_from(PHONES)
    day = st.integers(-40, 5).map(lambda days: now.astimezone(CHINA).date() + timedelta(days=days))
    row = st.fixed_dictionaries
    lists: dict[type[Any], Any] = {
        Customer: st.lists(
            row(
                {
                    "phone": phone,
                    "active": st.sampled_from([True, True, False]),
                    "hours_from": st.sampled_from([None, 540, 1320]),
                    "hours_to": st.sampled_from([None, 600, 420]),
                    "channel": st.sampled_from(["", "", "sms", "wechat"]),
                }
            ),
            min_size=people,
            max_size=people,
        ),
        Loan: st.lists(
            row(
                {
                    "customer_id": customer,
                    "state": st.sampled_from(LoanState),
                    "amount_due": st.sampled_from([None, Decimal(0), Decimal("10.50")]),
                    "due_on": st.none() | day,
                }
            ),
            min_size=1,
            max_size=3,
        ),
        Consent: st.lists(
            row(
                {
                    "customer_id": customer,
                    "purpose": st.sampled_from(["marketing", "care", "service"]),
                    "granted": st.booleans(),
                    "at": ago,
                }
            ),
            max_size=3,
        ),
        Suppression: st.lists(
            row(
                {
                    "phone": phone,
                    "scope": st.sampled_from(["all", "marketing", "collection", "care", "contract"]),
                    "issuer": st.sampled_from(["branch", "head_office", "regulator"]),
                    "until": untils,
                }
            ),
            max_size=2,
            unique_by=lambda each: (each["phone"], each["scope"], each["issuer"]),
        ),
        Circumstance: st.lists(
            row(
                {
                    "customer_id": customer,
                    "kind": st.sampled_from(CircumstanceKind),
                    "loan_id": st.sampled_from([None, 1]),
                    "until": untils,
                    "ended_at": st.sampled_from([None, None, now]),
                }
            ),
            max_size=2,
        ),
        Contact: st.lists(
            row(
                {
                    "customer_id": customer,
                    "kind": st.sampled_from(ContactKind),
                    "at": ago,
                    "connected": st.sampled_from([None, True, False]),
                }
            ),
            max_size=3,
        ),
        Batch: st.lists(row({"class_key": KEYS, "kind": st.sampled_from(BatchKind)}), min_size=1, max_size=2),
        Message: st.lists(
            row(
                {
                    "customer_id": st.none() | customer,
                    "phone": phone,
                    "state": st.sampled_from([*MessageState]).filter(lambda state: state is not MessageState.CLAIMED),
                    "created_at": ago,
                    "sending_at": st.none() | ago,
                    "batch_id": st.just(1),
                }
            ),
            max_size=4,
        ),
    }
    return {model: draw(rows) for model, rows in lists.items()}


FIXED: dict[type[Any], Any] = {
    Customer: lambda n, now: {
        "number": f"C{n}", "name": "李强", "pinyin": "liqiang", "initials": "lq", "phone_tail": "", "tags": [],
        "created_at": now, "updated_at": now,
    },
    Loan: lambda n, now: {"number": f"L{n}", "product": "房贷", "updated_at": now},
    Consent: lambda n, now: {"source": "import"},
    Suppression: lambda n, now: {"reason": "r", "source": "s", "created_at": now},
    Circumstance: lambda n, now: {"created_by": 1, "created_at": now},
    Contact: lambda n, now: {"body": "b", "created_by": 1, "created_at": now},
    Batch: lambda n, now: {"state": BatchState.OPEN, "created_by": 1, "created_at": now},
    Message: lambda n, now: {"recipient": f"r{n}", "body": "b", "parts": 1, "digest": "d"},
}  # fmt: skip


def store(session: Session, world: dict[type[Any], list[dict[str, Any]]], now: datetime) -> None:
    session.add(User(id=1, login="u", display_name="u", password_hash="!", roles=[], created_at=now))
    session.flush()
    for model, rows in world.items():
        if rows:
            filled = [{"id": n} | FIXED[model](n, now) | row for n, row in enumerate(rows, 1)]
            session.execute(insert(model), filled)


def by_pass(session: Session, class_: MessageClass, now: datetime) -> dict[tuple[int, int | None, str], Verdict]:
    if class_.per_loan:
        query = select(Customer.id, Loan.id, *OF_CUSTOMER, *OF_LOAN).join(Loan, Loan.customer_id == Customer.id)
    else:
        query = select(Customer.id, null(), *OF_CUSTOMER)
    rows = list(session.execute(query))
    judge = Judge(class_, POLICY, now)
    found = Pass(session, class_, POLICY, now).facts(rows)
    return {(row[0], row[1], row[2]): judge(facts) for row, facts in zip(rows, found, strict=True)}


def when_sending(session: Session, class_key: str, who: tuple[int, int | None, str], now: datetime) -> Verdict:
    customer_id, loan_id, phone = who
    item = ToCheck(
        message_id=4711, batch_id=4711, customer_id=customer_id, loan_id=loan_id, phone=phone, class_key=class_key
    )
    return recheck(session, [item], POLICY, now)[4711]


class Undone(Exception):
    pass


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A transaction that leaves nothing behind."""
    with suppress(Undone), database.begin() as session:
        yield session
        raise Undone


@settings(
    max_examples=settings.default.max_examples * 6 // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), class_key=KEYS, now=st.sampled_from(MOMENTS), few=st.sampled_from([10_000, 0]))
def test_set_based_and_single_give_the_same_verdict(
    database: Database, data: st.DataObject, class_key: str, now: datetime, few: int
) -> None:
    world = data.draw(worlds(now))
    with pytest.MonkeyPatch.context() as patch, undone(database) as session:
        patch.setattr("console.core.compliance.facts.FEW", few)  # 0: nothing is held for a whole pass
        store(session, world, now)
        for who, verdict in by_pass(session, CLASSES[class_key], now).items():
            assert when_sending(session, class_key, who, now) == verdict


def test_the_days_of_the_property_are_what_they_are_called() -> None:
    known = {moment.astimezone(CHINA).date() for moment in MOMENTS}
    assert date(2026, 10, 1) in known
    assert not POLICY.calendar.is_workday(date(2026, 10, 1))
    assert POLICY.calendar.is_workday(date(2026, 9, 20))
    assert not POLICY.calendar.knows(date(2027, 2, 8))
