"""The PIN of a line's SIM card: sealed where it is kept, in clear only on its way to the modem."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from console.core.customers.secrets import Unreadable, seal, unseal
from db.engine import Database

_MARK = "sealed:"  # before what is sealed; anything else is a PIN in clear, of an older database


def sealed_pin(database: Database, pin: str) -> str:
    """What a line keeps; nothing for nothing. May write the database's secret: not inside a transaction."""
    return _MARK + base64.b64encode(seal(database, pin).cipher).decode("ascii") if pin else ""


def opened(database: Database, options: Mapping[str, Any]) -> dict[str, Any]:
    """A line's options with the PIN in clear. Raises ValueError for one that cannot be read."""
    pin = options.get("pin")
    if not isinstance(pin, str) or not pin.startswith(_MARK):
        return dict(options)
    try:
        return {**options, "pin": unseal(database, base64.b64decode(pin.removeprefix(_MARK), validate=True))}
    except (Unreadable, ValueError) as error:
        raise ValueError("the PIN that is stored cannot be read") from error
