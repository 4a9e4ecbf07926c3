"""What waits too long before it is sent goes back, so that the rules look at it again."""

from __future__ import annotations

from console.core.sending.basket import FRESH, Basket
from db.models import BatchKind
from db.outbox import Claimed


def message(message_id: int) -> Claimed:
    return Claimed(
        message_id=message_id,
        batch_id=1,
        kind=BatchKind.CAMPAIGN,
        class_key="remind",
        customer_id=1,
        loan_id=1,
        phone="13800138000",
        recipient="13800138000:1",
        body="【示例银行】您好",
        parts=1,
        digest="",
        attempts=0,
    )


def test_first_in_first_out_until_it_is_closed() -> None:
    asked: list[int] = []
    basket = Basket(lambda: asked.append(1))
    assert basket.put([message(1), message(2)])
    assert basket.take(0) == message(1)
    assert asked
    assert basket.close() == [2]
    assert not basket.put([message(3)])
    assert basket.take(0) is None


def test_what_is_no_longer_fresh_goes_back_and_the_rest_stays() -> None:
    now = 100.0
    basket = Basket(lambda: None, lambda: now)
    basket.put([message(1), message(2)])
    now += FRESH
    basket.put([message(3)])
    assert basket.stale() == []
    now += 0.1
    assert basket.stale() == [1, 2]
    assert basket.take(0) == message(3)


def test_chosen_ones_are_taken_out() -> None:
    basket = Basket(lambda: None)
    basket.put([message(1), message(2), message(3)])
    assert basket.remove(lambda each: each.message_id != 2) == [1, 3]
    assert len(basket) == 1
