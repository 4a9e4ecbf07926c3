from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, insert, null, select
from sqlalchemy.orm import Session

from console.core.compliance.facts import OF_CUSTOMER, OF_LOAN, Pass, gather
from console.core.compliance.history import MAY_HAVE_LEFT, Recipient
from console.core.compliance.policy import Calls, Need, load_policy
from console.core.compliance.rules import Facts, Ground, evaluate, scopes_of
from console.core.compliance.times import Zone, window_start
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
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=CHINA).astimezone(UTC)  # a Wednesday
CAPPED = ["market", "renewal", "overdue_1_7", "overdue_30p", "remind"]  # and one without a cap
PHONES = [f"138001380{n:02}" for n in range(25)]


@dataclass
class World:
    """Made-up rows as plain dictionaries, the same for the database and for the naive reference."""

    customers: list[dict[str, Any]] = field(default_factory=list)
    loans: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)
    suppressions: list[dict[str, Any]] = field(default_factory=list)
    batches: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    circumstances: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)

    def store(self, database: Database) -> None:
        user = {
            "id": 1, "login": "u", "display_name": "u", "password_hash": "!", "roles": [], "active": True,
            "must_change_password": False, "failed_logins": 0, "created_at": NOW,
        }  # fmt: skip
        with database.begin() as session:
            for model, rows in (
                (User, [user]), (Customer, self.customers), (Loan, self.loans), (Consent, self.consents),
                (Suppression, self.suppressions), (Batch, self.batches), (Message, self.messages),
                (Circumstance, self.circumstances), (Contact, self.contacts),
            ):  # fmt: skip
                if rows:
                    session.execute(insert(model), rows)


def generated(seed: int) -> World:
    rng = random.Random(seed)
    world = World()
    for id_ in range(1, 31):
        world.customers.append({
            "id": id_, "number": f"C{id_}", "name": "李强", "pinyin": "liqiang", "initials": "lq", "title": "",
            "phone": rng.choice(PHONES), "phone_tail": "0000", "active": rng.random() < 0.9, "tags": [],
            "hours_from": rng.choice([None, 540, 1200]), "hours_to": rng.choice([None, 720, 480]),
            "channel": rng.choice(["", "", "sms", "wechat"]), "created_at": NOW, "updated_at": NOW,
        })  # fmt: skip
    for id_ in range(1, 41):
        world.loans.append({
            "id": id_, "customer_id": rng.randint(1, 30), "number": f"L{id_}", "product": "房贷",
            "state": rng.choice(list(LoanState)), "due_on": rng.choice([None, _day(rng)]), "updated_at": NOW,
            "amount_due": rng.choice([None, Decimal(0), Decimal("3256.80")]),
        })  # fmt: skip
    for id_ in range(1, 61):
        world.consents.append({
            "id": id_, "customer_id": rng.randint(1, 30), "purpose": rng.choice(["marketing", "care", "contract"]),
            "granted": rng.random() < 0.5, "source": "import", "at": NOW - timedelta(days=rng.randint(0, 3)),
        })  # fmt: skip
    scopes = ["all", "marketing", "contract", "collection", "care"]
    issuers = ["branch", "branch", "head_office", "regulator"]
    listed = {(rng.choice(PHONES), rng.choice(scopes), rng.choice(issuers)) for _ in range(14)}
    for id_, (phone, scope, issuer) in enumerate(sorted(listed), 1):
        row = {"id": id_, "phone": phone, "scope": scope, "issuer": issuer, "until": _until(rng)}
        world.suppressions.append(row | {"reason": "r", "source": "s", "created_at": NOW})
    for id_ in range(1, 25):
        customer = rng.randint(1, 30)
        own = [x["id"] for x in world.loans if x["customer_id"] == customer]
        world.circumstances.append({
            "id": id_, "customer_id": customer, "loan_id": rng.choice([None, *own]), "until": _until(rng),
            "kind": rng.choice(list(CircumstanceKind)), "note": "", "created_by": 1, "created_at": NOW,
            "ended_at": rng.choice([None, None, NOW]),
        })  # fmt: skip
        world.contacts.append({
            "id": id_, "customer_id": rng.randint(1, 30), "kind": rng.choice(list(ContactKind)), "at": _moment(rng),
            "connected": rng.choice([None, True, False]), "body": "b", "created_by": 1, "created_at": NOW,
        })  # fmt: skip
    for id_ in range(1, 13):
        world.batches.append({
            "id": id_, "kind": rng.choice(list(BatchKind)), "class_key": rng.choice(CAPPED),
            "state": BatchState.OPEN, "created_by": 1, "created_at": NOW,
        })  # fmt: skip
    for id_ in range(1, 301):
        left = rng.choice([None, _moment(rng)])
        world.messages.append({
            "id": id_, "batch_id": rng.randint(1, 12), "customer_id": rng.choice([None, rng.randint(1, 30)]),
            "phone": rng.choice(PHONES), "recipient": f"r{id_}", "body": "b", "parts": 1, "digest": "d",
            "state": rng.choice(list(MessageState)), "created_at": _moment(rng), "sending_at": left,
            "accepted_at": rng.choice([None, _moment(rng)]),
        })  # fmt: skip
    return world


def _day(rng: random.Random) -> date:
    return date(2026, 11, 25) + timedelta(days=rng.randint(-40, 10))


def _until(rng: random.Random) -> datetime | None:
    return rng.choice([None, NOW, NOW - timedelta(seconds=1), NOW + timedelta(days=1)])


def _moment(rng: random.Random) -> datetime:
    """Often right at the start of a window."""
    edges = [datetime(2026, 11, d, tzinfo=CHINA) for d in (1, 23, 25)]
    edge = rng.choice(edges) + timedelta(seconds=rng.choice([-1, 0, 1]))
    return rng.choice([edge, NOW - timedelta(minutes=rng.randint(0, 60 * 24 * 40))]).astimezone(UTC)


def naive(world: World, who: Recipient, class_: MessageClass) -> Facts:
    """What ``gather`` says, told in the plainest way."""
    customer = next((c for c in world.customers if c["id"] == who.customer_id), None)
    loan = next(
        (x for x in world.loans if x["id"] == who.loan_id and x["customer_id"] == who.customer_id and class_.per_loan),
        None,
    )
    words = [c for c in world.consents if c["customer_id"] == who.customer_id and c["purpose"] == class_.purpose]
    words.sort(key=lambda c: (c["at"], c["id"]))
    asked = words and POLICY.needs[class_.purpose] is not Need.NOT_NEEDED
    batches = {b["id"]: b for b in world.batches}
    sent = []
    for cap in POLICY.caps_of(class_):
        count = 0
        for message in world.messages:
            batch = batches[message["batch_id"]]
            at = message["sending_at"] or message["accepted_at"] or message["created_at"]
            same = message["phone"] == who.phone or (
                who.customer_id is not None and message["customer_id"] == who.customer_id
            )
            count += (
                same
                and message["state"] in MAY_HAVE_LEFT
                and (message["state"] is not MessageState.EXPIRED or message["sending_at"] is not None)
                and batch["kind"] is not BatchKind.TEST
                and batch["class_key"] in cap.classes
                and at >= window_start(cap.window, NOW, POLICY.zone)
            )
        for contact in world.contacts:
            count += (
                contact["customer_id"] == who.customer_id
                and contact["kind"] is ContactKind.CALL
                and contact["at"] >= window_start(cap.window, NOW, POLICY.zone)
                and (cap.calls is Calls.ATTEMPTED or (cap.calls is Calls.CONNECTED and contact["connected"] is True))
            )
        sent.append(count)
    kinds = {ease.kind for ease in POLICY.eases_of(class_)}
    return Facts(
        phone=who.phone,
        customer_id=who.customer_id,
        own_phone=customer["phone"] if customer else None,
        active=customer["active"] if customer else True,
        hours_from=customer["hours_from"] if customer else None,
        hours_to=customer["hours_to"] if customer else None,
        channel=customer["channel"] if customer else "",
        suppressed=frozenset(
            (s["issuer"], s["scope"])
            for s in world.suppressions
            if s["phone"] == who.phone and s["scope"] in scopes_of(class_) and (s["until"] is None or s["until"] > NOW)
        ),
        consent=words[-1]["granted"] if asked else None,
        circumstances=tuple(
            Ground(c["kind"], c["loan_id"], c["until"])
            for c in world.circumstances
            if c["customer_id"] == who.customer_id
            and c["kind"] in kinds
            and c["ended_at"] is None
            and (c["until"] is None or c["until"] > NOW)
        ),
        loan_id=who.loan_id,
        loan_state=loan["state"] if loan else None,
        amount_due=loan["amount_due"] if loan else None,
        due_on=loan["due_on"] if loan else None,
        sent=tuple(sent),
    )


def recipients(world: World, seed: int, class_: MessageClass) -> list[Recipient]:
    rng = random.Random(seed)
    found = [Recipient(customer_id=None, loan_id=None, phone=phone) for phone in PHONES[:5]]
    found.append(Recipient(customer_id=4711, loan_id=4711, phone=PHONES[0]))
    for customer in world.customers:
        phone = customer["phone"] if rng.random() < 0.9 else rng.choice(PHONES)
        loan = rng.randint(1, 40) if class_.per_loan else None
        own = [x["id"] for x in world.loans if x["customer_id"] == customer["id"]]
        if class_.per_loan and own and rng.random() < 0.8:
            loan = rng.choice(own)
        found.append(Recipient(customer_id=customer["id"], loan_id=loan, phone=phone))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_gathered_facts_are_those_of_the_naive_reference(database: Database, seed: int) -> None:
    world = generated(seed)
    world.store(database)
    seen = 0
    with database.read() as session:
        for class_ in CLASSES.values():
            whom = recipients(world, seed, class_)
            found = gather(session, whom, class_, POLICY, NOW)
            expected = [naive(world, who, class_) for who in whom]
            assert found == expected
            verdicts = [evaluate(facts, class_, POLICY, NOW) for facts in found]
            assert verdicts == [evaluate(facts, class_, POLICY, NOW) for facts in expected]
            seen += sum(sum(facts.sent) for facts in found)
    assert seen > 50


@pytest.mark.parametrize(("seed", "few"), [(11, 10_000), (12, 3)])
def test_a_pass_over_an_audience_knows_what_is_gathered_one_by_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    """The set-based way of pre-flight and the single one of the moment of sending: facts and verdicts are the same."""
    monkeypatch.setattr("console.core.compliance.facts.FEW", few)
    world = generated(seed)
    world.store(database)
    against: set[str] = set()
    with database.read() as session:
        for class_ in CLASSES.values():
            rows = _audience(session, class_)
            found = Pass(session, class_, POLICY, NOW).facts(rows)
            whom = [Recipient(customer_id=row[0], loan_id=row[1], phone=row[2]) for row in rows]
            assert found == gather(session, whom, class_, POLICY, NOW)
            against |= {evaluate(facts, class_, POLICY, NOW).rule for facts in found}
    assert len(against) > 8


def _audience(session: Session, class_: MessageClass) -> list[Any]:
    if class_.per_loan:
        query = select(Customer.id, Loan.id, *OF_CUSTOMER, *OF_LOAN).join(Loan, Loan.customer_id == Customer.id)
    else:
        query = select(Customer.id, null(), *OF_CUSTOMER)
    return list(session.execute(query.order_by(Customer.id)))


def test_a_pass_asks_nothing_that_cannot_matter(database: Database) -> None:
    World(customers=[generated(5).customers[0]]).store(database)
    statements: list[str] = []
    with database.read() as session:
        known = Pass(session, CLASSES["overdue_1_7"], POLICY, NOW)
        rows = _audience(session, CLASSES["care"])
        event.listen(session.connection(), "before_cursor_execute", lambda *args: statements.append(args[2]))
        assert len(known.facts([(*row, None, None, None) for row in rows])) == 1
    assert statements == []


def test_chunks_make_no_difference(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world = generated(99)
    world.store(database)
    class_ = CLASSES["overdue_1_7"]
    whom = recipients(world, 99, class_)
    with database.read() as session:
        whole = gather(session, whom, class_, POLICY, NOW)
        monkeypatch.setattr("console.core.compliance.facts.CHUNK", 7)
        assert gather(session, whom, class_, POLICY, NOW) == whole
        assert gather(session, [], class_, POLICY, NOW) == []


def test_a_handful_of_queries_whatever_the_number(database: Database) -> None:
    world = generated(5)
    world.store(database)
    for class_key, most in (("overdue_1_7", 9), ("market", 8), ("remind", 5)):
        class_ = CLASSES[class_key]
        statements: list[str] = []
        with database.read() as session:
            event.listen(session.connection(), "before_cursor_execute", lambda *args: statements.append(args[2]))  # noqa: B023
            gather(session, recipients(world, 5, class_) * 20, class_, POLICY, NOW)
        assert len(statements) <= most


def test_no_table_is_read_from_end_to_end(sqlite_database: Database) -> None:
    """SQLite has no statistics of a table that has just been filled, and would guess wrongly where it may."""
    world = generated(5)
    world.store(sqlite_database)
    seen: list[tuple[str, Any]] = []
    with sqlite_database.read() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
        for class_key in ("overdue_1_7", "market"):
            class_ = CLASSES[class_key]
            gather(session, recipients(world, 5, class_), class_, POLICY, NOW)
        for statement, parameters in list(seen):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [row[3] for row in plan]
            assert not [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step], statement
    assert len(seen) > 10
