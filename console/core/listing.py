"""How a list is ordered: every list screen reads ids in this order, then the rows it shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sort:
    key: str  # the column's key; a list that does not know it uses its own default order
    descending: bool = False
