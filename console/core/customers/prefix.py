"""``starts_with``: a prefix condition that an ordinary index answers on both engines."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

_AFTER_ALL = "\U0010ffff"


def starts_with(column: Any, prefix: str) -> ColumnElement[bool]:
    """A range, for a column that is sorted by its bytes (``db.base.Word``); SQLite's LIKE ignores case and indexes."""
    return and_(column >= prefix, column < prefix + _AFTER_ALL)
