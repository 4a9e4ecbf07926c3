"""What messages cost: by billed part, at the price that the office has agreed."""

from __future__ import annotations

from decimal import Decimal

from console.core.settings import Settings


def cost(settings: Settings, parts: int) -> Decimal | None:
    """Yuan; None where no price is set."""
    price = settings.integer("sending.part_price")
    return Decimal(parts * price).scaleb(-3) if price else None
