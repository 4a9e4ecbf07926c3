from __future__ import annotations

from decimal import Decimal

from console.core.messages.cost import cost
from console.core.settings import Settings


def test_parts_at_the_price_that_was_agreed() -> None:
    assert cost(Settings({"sending.part_price": 45}), 1_000_001) == Decimal("45000.045")


def test_without_a_price_nothing_is_told() -> None:
    assert cost(Settings(), 100) is None
