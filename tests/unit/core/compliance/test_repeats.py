"""The same words never reach one number twice within a day, whichever campaigns they came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from console.core.compliance.policy import load_policy
from console.core.compliance.recheck import ToCheck, recheck
from console.core.compliance.repeats import RULE, SOON, WITHIN, any_lately
from console.core.compliance.rules import Verdict
from db.models import BatchKind, Message, MessageState

FRAUD = "fraud"  # no caps, any hour: nothing else stands against it
TEXT = "【示例银行】防骗提示:不转账。"


def earlier(house: Any, state: MessageState, *, hours: float = 1, **batch: Any) -> None:
    house.batch(1, text=TEXT, class_key=FRAUD, **batch)
    message = house.messages()[-1]
    left = None if state is MessageState.CLAIMED else house.now - timedelta(hours=hours)
    house.change(Message, message.id, phone="13800138000", state=state, sending_at=left, created_at=house.now)


def item(house: Any, body: str = TEXT) -> ToCheck:
    batch = house.batch(1, text=TEXT, class_key=FRAUD)
    message = house.messages(batch)[0]
    house.change(Message, message.id, phone="13800138000", state=MessageState.CLAIMED)
    return ToCheck(
        message_id=message.id, batch_id=batch, customer_id=None, loan_id=None, phone="13800138000",
        class_key=FRAUD, body=body,
    )  # fmt: skip


def verdicts(house: Any, *items: ToCheck) -> list[Verdict]:
    with house.database.read() as session:
        found = recheck(session, items, load_policy(), house.now)
    return [found[each.message_id] for each in items]


@pytest.mark.parametrize(
    ("state", "hours", "rule"),
    [
        (MessageState.SENDING, 1, RULE),
        (MessageState.ACCEPTED, 1, RULE),
        (MessageState.DELIVERED, 23.9, RULE),
        (MessageState.UNKNOWN, 1, RULE),
        (MessageState.DELIVERED, 24.1, ""),
        (MessageState.UNDELIVERED, 1, ""),  # it may be sent once more
        (MessageState.EXPIRED, 1, ""),
        (MessageState.REFUSED, 1, ""),
        (MessageState.WAITING, 1, ""),
    ],
)
def test_what_reached_the_number_is_not_said_again(house: Any, state: MessageState, hours: float, rule: str) -> None:
    earlier(house, state, hours=hours)
    (verdict,) = verdicts(house, item(house))
    assert (verdict.rule, verdict.retry_at) == (rule, None)


def test_what_is_just_leaving_is_waited_for(house: Any) -> None:
    earlier(house, MessageState.CLAIMED)
    (verdict,) = verdicts(house, item(house))
    assert (verdict.allowed, verdict.rule, verdict.retry_at) == (False, RULE, house.now + SOON)


def test_of_the_same_words_in_one_claim_the_first_goes(house: Any) -> None:
    first, second, other = item(house), item(house), item(house, "【示例银行】另一条")
    assert [verdict.allowed for verdict in verdicts(house, first, second, other)] == [True, False, True]


def test_tests_and_replies_are_nobodys_repetition(house: Any) -> None:
    for kind in (BatchKind.TEST, BatchKind.REPLY):
        earlier(house, MessageState.DELIVERED, kind=kind)
    asked = item(house)
    assert verdicts(house, asked)[0].allowed
    earlier(house, MessageState.DELIVERED)
    assert verdicts(house, replace(asked, body=""))[0].allowed  # a reply


def test_one_campaign_may_say_the_same_of_two_loans(house: Any) -> None:
    batch = house.batch(2, text=TEXT, class_key=FRAUD)
    gone, waiting = house.messages(batch)
    house.change(
        Message, gone.id, phone="13800138000", state=MessageState.DELIVERED, sending_at=house.now - timedelta(hours=1)
    )
    house.change(Message, waiting.id, phone="13800138000", state=MessageState.CLAIMED)
    asked = replace(item(house), message_id=waiting.id, batch_id=batch)
    house.change(Message, house.messages()[-1].id, state=MessageState.CANCELLED)
    assert verdicts(house, asked)[0].allowed


def test_nothing_lately_is_told_at_one_look(house: Any) -> None:
    def lately() -> bool:
        with house.database.read() as session:
            return any_lately(session, house.now)

    earlier(house, MessageState.DELIVERED, hours=WITHIN / timedelta(hours=1) + 1)
    assert not lately()
    earlier(house, MessageState.DELIVERED)
    assert lately()
