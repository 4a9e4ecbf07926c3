from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from console.core.sending import receipts
from console.core.sending.steps import Steps
from db.models import Line, Message, MessagePart, MessageState, PartState, Receipt
from db.outbox import ClaimAsk, Claimed
from db.outbox_receipts import NewReceipt
from db.outbox_results import Acceptance
from db.outbox_sending import Cleared, SendingAsk

SECOND = timedelta(seconds=1)
CARD = "460001"


class Post:
    """The writer's steps, one transaction each, for one line."""

    def __init__(self, house: Any) -> None:
        from console.core.compliance.policy import load_policy

        self.house = house
        self.line = house.line(owner="run-1", lease_until=house.lease(3600))
        self.steps = Steps("run-1", house.clock, house.secret, load_policy())

    def step(self, verb: Any, *items: Any) -> list[Any]:
        with self.house.database.begin() as session:
            return list(verb.run(session, items))

    def claim(self, limit: int = 1000) -> list[Claimed]:
        ask = ClaimAsk(run="run-1", line_id=self.line, limit=limit, lease_until=self.house.lease(3600))
        claimed: list[Claimed] = self.step(self.steps.claim, ask)[0]
        return claimed

    def ask(self, message: Claimed, sequence: int = 1) -> SendingAsk:
        return SendingAsk(
            run="run-1",
            line_id=self.line,
            sender_identity=CARD,
            message=message,
            sequence=sequence,
            attempt=None if sequence == 1 else 1,
        )

    def clear(self, message: Claimed, sequence: int = 1) -> Cleared:
        cleared = self.step(self.steps.clear, self.ask(message, sequence))[0]
        assert isinstance(cleared, Cleared)
        return cleared

    def fact(self, message: Claimed, cleared: Cleared, reference: int, sequence: int = 1) -> Acceptance:
        return Acceptance(
            message_id=message.message_id,
            part_id=cleared.part_id,
            reference=str(reference),
            sender_identity=CARD,
            at=self.house.now,
            last=sequence == message.parts,
            of_many=message.parts > 1,
        )

    def accept(self, message: Claimed, cleared: Cleared, reference: int, sequence: int = 1) -> None:
        self.step(self.steps.accepted, self.fact(message, cleared, reference, sequence))
        self.step(self.steps.match_early, str(reference))

    def row(
        self, phone: str, reference: int, sent_at: datetime, outcome: str = "delivered", status: str = "00"
    ) -> NewReceipt:
        return NewReceipt(
            line_id=self.line,
            sender_identity=CARD,
            reference=str(reference),
            recipient=f"+86{phone}",
            outcome=outcome,
            status=status,
            sent_at=sent_at,
            done_at=None,
            received_at=self.house.now,
            raw=f"{reference}{phone}{outcome}",
        )

    def report(self, *values: Any) -> None:
        self.step(self.steps.match, *self.step(self.steps.receipts, self.row(*values)))


@pytest.fixture
def post(house: Any) -> Post:
    return Post(house)


@pytest.fixture
def sent(post: Post, house: Any) -> Callable[..., Claimed]:
    """One message whose parts were accepted with references 1, 2 ..."""

    def sent(parts: int = 1) -> Claimed:
        house.batch(1, parts=parts)
        message = post.claim()[0]
        for sequence in range(1, parts + 1):
            post.accept(message, post.clear(message, sequence), sequence, sequence)
        return message

    return sent


def state(house: Any, message: Claimed) -> str:
    found = next(row for row in house.messages() if row.id == message.message_id)
    return str(found.state.value)


def test_a_report_delivers_its_message(house: Any, post: Post, sent: Any) -> None:
    message = sent()
    house.clock.advance(5 * SECOND)
    post.report(message.phone, 1, house.now - 5 * SECOND)
    row = house.messages()[0]
    assert (row.state, row.done_at, row.reason) == (MessageState.DELIVERED, house.now, "")
    assert house.all(Receipt)[0].part_id == house.parts()[0].id


def test_all_parts_must_be_delivered(house: Any, post: Post, sent: Any) -> None:
    message = sent(3)
    for reference in (3, 1):
        post.report(message.phone, reference, house.now)
        assert state(house, message) == "accepted"
    post.report(message.phone, 2, house.now)
    assert state(house, message) == "delivered"


def test_any_failed_part_fails_the_message_with_its_reason(house: Any, post: Post, sent: Any) -> None:
    message = sent(2)
    post.report(message.phone, 2, house.now, "failed", "46")
    post.report(message.phone, 1, house.now)
    row = house.messages()[0]
    assert (row.state, row.reason) == (MessageState.UNDELIVERED, "tp.46")
    assert "expired" in row.reason_text


@pytest.mark.parametrize(("outcome", "status"), [("forwarded", "01"), ("trying", "30")])
def test_what_is_not_final_finishes_nothing(house: Any, post: Post, sent: Any, outcome: str, status: str) -> None:
    message = sent()
    post.report(message.phone, 1, house.now, outcome, status)
    assert state(house, message) == "accepted"
    post.report(message.phone, 1, house.now)
    assert state(house, message) == "delivered"


def test_a_repeated_or_late_report_changes_nothing_more(house: Any, post: Post, sent: Any) -> None:
    message = sent()
    post.report(message.phone, 1, house.now)
    post.report(message.phone, 1, house.now)
    post.report(message.phone, 1, house.now, "trying", "30")
    post.report(message.phone, 1, house.now, "failed", "46")
    assert state(house, message) == "delivered"
    assert {row.part_id for row in house.all(Receipt)} == {house.parts()[0].id}


def test_a_report_that_overtakes_its_acceptance_waits_for_it(house: Any, post: Post) -> None:
    house.batch(1)
    message = post.claim()[0]
    cleared = post.clear(message)
    post.report(message.phone, 77, house.now)
    assert not house.all(Receipt)[0].matched
    post.accept(message, cleared, 77)
    assert house.all(Receipt)[0].matched
    assert state(house, message) == "delivered"


def test_a_report_for_the_first_part_while_the_second_leaves(house: Any, post: Post) -> None:
    house.batch(1, parts=2)
    message = post.claim()[0]
    post.accept(message, post.clear(message, 1), 1, 1)
    second = post.clear(message, 2)
    post.report(message.phone, 1, house.now, "failed", "46")
    assert state(house, message) == "sending"
    post.accept(message, second, 2, 2)
    assert state(house, message) == "undelivered"


def test_many_in_flight_over_the_wrap(house: Any, post: Post) -> None:
    """600 parts to three numbers, references of 8 bits, reports in any order: each finds its own."""
    house.batch(600)
    with house.database.begin() as session:
        for row in session.query(Message):
            row.phone = f"1380000000{row.id % 3}"
            row.digest = _digest(house, row)
    messages, sent = post.claim(), []
    for start in range(0, 600, 6):  # six a second
        chunk = messages[start : start + 6]
        cleared = post.step(post.steps.clear, *(post.ask(message) for message in chunk))
        references = [(start + offset) % 256 for offset in range(6)]
        facts = [post.fact(*one) for one in zip(chunk, cleared, references, strict=True)]
        post.step(post.steps.accepted, *facts)
        sent += [(message, reference, house.now) for message, reference in zip(chunk, references, strict=True)]
        house.clock.advance(SECOND)
    random.Random(1).shuffle(sent)
    for start in range(0, 600, 40):
        rows = []
        for message, reference, at in sent[start : start + 40]:
            outcome, status = ("failed", "46") if message.message_id % 7 == 0 else ("delivered", "00")
            rows.append(post.row(message.phone, reference, at, outcome, status))
        post.step(post.steps.match, *post.step(post.steps.receipts, *rows))
    states = {row.id: row.state for row in house.messages()}
    wrong = [key for key, value in states.items() if (value is MessageState.UNDELIVERED) != (key % 7 == 0)]
    assert wrong == []


def _digest(house: Any, row: Any) -> str:
    from console.core.sending.integrity import message_digest

    return message_digest(house.secret, row.batch_id, row.recipient, row.phone, row.body)


def test_a_stranger_is_kept_and_counted(house: Any, post: Post, sent: Any) -> None:
    message = sent()
    post.report("13999999999", 1, house.now)
    assert not house.all(Receipt)[0].matched
    assert state(house, message) == "accepted"
    with house.database.begin() as session:
        assert receipts.match_again(session, house.now, after=-1, limit=10) == (0, 0)


def _unknown(house: Any, message: Claimed) -> None:
    with house.database.begin() as session:
        session.get(Message, message.message_id).state = MessageState.UNKNOWN
        for part in session.query(MessagePart).filter_by(message_id=message.message_id):
            part.state, part.reference = PartState.UNKNOWN, ""


@pytest.mark.parametrize(
    ("outcome", "status", "becomes"),
    [("delivered", "00", "delivered"), ("trying", "30", "accepted"), ("failed", "46", "undelivered")],
)
def test_a_late_report_resolves_what_is_unknown(
    house: Any, post: Post, outcome: str, status: str, becomes: str
) -> None:
    house.batch(1)
    message = post.claim()[0]
    post.clear(message)
    _unknown(house, message)
    post.report(message.phone, 200, house.now, outcome, status)
    assert state(house, message) == becomes
    assert house.parts()[0].reference == "200"
    assert house.messages()[0].accepted_at is not None


def test_reports_are_tried_again_page_by_page(house: Any, post: Post) -> None:
    house.batch(5)
    messages = post.claim()
    for message in messages:
        post.clear(message)
    for number, message in enumerate(messages):
        post.report(message.phone, number, house.now)
    assert not any(row.matched for row in house.all(Receipt))
    for message in messages:
        _unknown(house, message)
    after = -1
    while after:
        with house.database.begin() as session:
            _, after = receipts.match_again(session, house.now, after=after, limit=2)
    assert house.states() == {"delivered": 5}


def test_what_a_person_sends_again_is_not_sent_when_a_report_comes_first(house: Any, post: Post) -> None:
    from db import outbox_decisions

    house.batch(1)
    message = post.claim()[0]
    post.clear(message)
    _unknown(house, message)
    with house.database.begin() as session:
        outbox_decisions.resend(session, [message.message_id])
    post.report(message.phone, 9, house.now)
    assert state(house, message) == "delivered"
    assert post.claim() == []


def test_a_message_called_sent_still_takes_its_report(house: Any, post: Post) -> None:
    from db import outbox_decisions

    house.batch(1)
    message = post.claim()[0]
    post.clear(message)
    _unknown(house, message)
    with house.database.begin() as session:
        outbox_decisions.call_sent(session, [message.message_id], house.now)
    post.report(message.phone, 9, house.now, "failed", "46")
    assert state(house, message) == "undelivered"


def test_a_card_that_moved_to_another_line(house: Any, post: Post, sent: Any) -> None:
    message = sent()
    post.line = house.line("B", owner="run-1", lease_until=house.lease())
    post.report(message.phone, 1, house.now)
    assert state(house, message) == "delivered"
    assert len(house.all(Line)) == 2
