"""What a person asked of a line that is sending: done while nothing waits to leave over it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from console.core.lines.balance import ERRAND, dump, way
from db import outbox_lines
from db.engine import Database
from db.errors import DatabaseError
from db.outbox_lines import LineRow
from gsm.transport import Transport

log = logging.getLogger(__name__)

_LOOK_EVERY = 2.0  # seconds


class Errands:
    def __init__(self, database: Database, line: LineRow, show: Callable[..., None]) -> None:
        self._database = database
        self._line = line
        self._show = show  # columns of the line
        self._look_at = time.monotonic()

    def run(self, transport: Transport) -> None:
        """Look for one and do it, which may keep the modem busy for half a minute. Raises LineFault."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_EVERY
        if self._wanted() != ERRAND:
            return
        code, pattern = way(self._line.options)
        balance = transport.balance(code, pattern)
        log.info("line %d was asked for its balance: %s", self._line.line_id, balance.fault or "answered")
        self._show(errand=None, balance=dump(balance, transport.health().at))

    def _wanted(self) -> str:
        try:
            with self._database.read() as session:
                return outbox_lines.errand(session, self._line.line_id)
        except DatabaseError as error:
            log.warning("line %d: errands are not known: %s", self._line.line_id, type(error).__name__)
            return ""
