"""The message stores of the emulated device and its SIM (3GPP TS 27.005 3.2.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

UNREAD, READ, UNSENT, SENT = 0, 1, 2, 3


@dataclass
class Entry:
    pdu: str
    state: int = UNREAD


@dataclass
class Store:
    places: int
    entries: dict[int, Entry] = field(default_factory=dict)

    def add(self, pdu: str, state: int = UNREAD) -> int | None:
        """The index (from 1), or None when it is full."""
        free = next((index for index in range(1, self.places + 1) if index not in self.entries), None)
        if free is not None:
            self.entries[free] = Entry(pdu, state)
        return free
