"""What may still change between the claim of a message and its sending."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from console.core.compliance.policy import load_policy
from console.core.sending.steps import Barred, Steps
from db import outbox_decisions
from db.models import BatchKind, Message, MessageState, PartState, Suppression
from db.outbox import ClaimAsk, Claimed
from db.outbox_receipts import NewReceipt
from db.outbox_results import Failure
from db.outbox_sending import Cleared, Hindrance, SendingAsk


class Desk:
    def __init__(self, house: Any) -> None:
        self.house = house
        self.line = house.line(owner="run-1", lease_until=house.lease(3600))
        self.steps = Steps("run-1", house.clock, house.secret, load_policy())

    def step(self, verb: Any, *items: Any) -> list[Any]:
        with self.house.database.begin() as session:
            return list(verb.run(session, items))

    def claim(self) -> list[Claimed]:
        ask = ClaimAsk(run="run-1", line_id=self.line, limit=10, lease_until=self.house.lease(3600))
        claimed: list[Claimed] = self.step(self.steps.claim, ask)[0]
        return claimed

    def clear(self, *messages: Claimed, sequence: int = 1) -> list[Any]:
        asks = [
            SendingAsk(
                run="run-1",
                line_id=self.line,
                sender_identity="460001",
                message=message,
                sequence=sequence,
                attempt=None if sequence == 1 else 1,
            )
            for message in messages
        ]
        return self.step(self.steps.clear, *asks)

    def bar(self, phone: str, scope: str, until: Any = None) -> None:
        with self.house.database.begin() as session:
            session.add(
                Suppression(
                    phone=phone, scope=scope, reason="refused", source="reply", until=until, created_at=self.house.now
                )
            )


@pytest.fixture
def desk(house: Any) -> Desk:
    return Desk(house)


@pytest.mark.parametrize(
    ("class_key", "kind", "scope", "rule"),
    [
        ("market", BatchKind.CAMPAIGN, "marketing", "suppressed.purpose"),
        ("market", BatchKind.CAMPAIGN, "all", "suppressed"),
        ("remind", BatchKind.CAMPAIGN, "marketing", ""),
        ("market", BatchKind.TEST, "marketing", ""),
        ("market", BatchKind.TEST, "all", "suppressed"),
    ],
)
def test_a_number_that_refuses_after_the_claim_is_not_written_to(
    house: Any, desk: Desk, class_key: str, kind: BatchKind, scope: str, rule: str
) -> None:
    house.batch(2, class_key=class_key, kind=kind)
    first, second = desk.claim()
    desk.bar(first.phone, scope)
    answer, other = desk.clear(first, second)
    assert isinstance(other, Cleared)
    row = house.messages()[0]
    if rule:
        assert answer == Barred(rule=rule)
        assert (row.state, row.reason, row.owner) == (MessageState.SUPPRESSED, rule, "")
        assert row.done_at == house.now
    else:
        assert isinstance(answer, Cleared)


def test_a_suppression_that_has_ended_does_not_hinder(house: Any, desk: Desk) -> None:
    house.batch(1)
    (message,) = desk.claim()
    desk.bar(message.phone, "all", house.now)
    assert isinstance(desk.clear(message)[0], Cleared)


def test_a_message_that_has_begun_to_leave_is_finished(house: Any, desk: Desk) -> None:
    house.batch(1, parts=2)
    (message,) = desk.claim()
    desk.clear(message)
    desk.bar(message.phone, "all")
    assert isinstance(desk.clear(message, sequence=2)[0], Cleared)


def test_a_late_report_calls_back_a_message_claimed_to_be_sent_again(house: Any, desk: Desk) -> None:
    house.batch(1)
    (message,) = desk.claim()
    (cleared,) = desk.clear(message)
    lost = Failure(
        run="run-1",
        message_id=message.message_id,
        part_id=cleared.part_id,
        part_state=PartState.UNKNOWN,
        error="no_answer",
        message_state=MessageState.UNKNOWN,
        reason="no_answer",
        reason_text="",
        at=house.now,
    )
    desk.step(desk.steps.failed, lost)
    with house.database.begin() as session:
        outbox_decisions.resend(session, [message.message_id])
    (again,) = desk.claim()
    report = NewReceipt(
        line_id=desk.line,
        sender_identity="460001",
        reference="7",
        recipient=f"+86{message.phone}",
        outcome="delivered",
        status="00",
        sent_at=house.now,
        done_at=house.now,
        received_at=house.now + timedelta(seconds=5),
        raw="late",
    )
    (stored,) = desk.step(desk.steps.receipts, report)
    desk.step(desk.steps.match, stored)
    assert desk.clear(again) == [Hindrance.LOST]
    assert [row.state for row in house.all(Message)] == [MessageState.DELIVERED]
