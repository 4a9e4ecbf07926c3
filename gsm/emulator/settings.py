"""What the emulated device and network are like, and how they misbehave; all of it can change while they run."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass
class Settings:
    """Times in milliseconds. Every field can be set over the control channel."""

    # device
    manufacturer: str = "Emulated"
    model: str = "EM-1"
    firmware: str = "1.0.0"
    imei: str = "490154203237518"
    imsi: str = "460001234567890"
    iccid: str = "89860012345678901234"
    persona: str = "plain"
    sim: str = "READY"  # READY, SIM PIN, SIM PUK, ABSENT, FAILURE, BUSY
    pin: str = "1234"
    pin_tries: int = 3
    hang: bool = False  # swallows everything and says nothing
    boot_ms: int = 200
    echo_body: bool = False
    # radio
    latency_ms: int = 50
    registration: int = 1
    technology: int = 0
    operator: str = "CHINA MOBILE"
    csq: int = 20
    centre: str = "+8613800100500"
    ussd: str = '+CUSD: 0,"Balance: 12.34 yuan",15'  # what comes back for any AT+CUSD=1,...
    # reports
    report_delay_ms: int = 200
    reports: str = "normal"  # normal, drop, duplicate, early, reorder
    status: str = "00"  # TP-Status of every report
    ack_ms: int = 10_000  # how long the network waits for AT+CNMA
    redeliver_ms: int = 1_000  # when it tries again
    # stores
    report_places: int = 30
    message_places: int = 40
    # the wire
    chunk: int = 0  # bytes at once; 0 = as written
    chunk_ms: int = 1
    glue_ms: int = 0  # output is held back and sent together
    noise: list[str] = field(default_factory=list)  # lines said before every answer and every prompt
    baud: int = 0  # 0 = as fast as the wire is

    def change(self, values: Mapping[str, object]) -> None:
        """Raises ValueError for an unknown name or a wrong type."""
        kinds = {item.name: type(getattr(self, item.name)) for item in fields(self)}
        for name, value in values.items():
            if name not in kinds or not isinstance(value, kinds[name]):
                raise ValueError(f"{name}={value!r}")
        for name, value in values.items():
            setattr(self, name, value)


MOMENTS = frozenset({"command", "prompt", "body", "accepted", "result", "done"})
ACTIONS = frozenset({"silence", "error", "delay", "late", "unplug", "reset", "garbage", "say", "hang"})


@dataclass
class Rule:
    """One scripted fault: at ``moment`` of command ``on``, do ``action``.

    Moments: command (before it is executed), prompt (prompt given), body (Ctrl-Z read, not accepted yet), accepted
    (in the ledger, no result yet), result (before any result), done (result given).
    Actions: silence, error (``text``), delay (``ms``), late (``ms``: the answer comes, other commands meanwhile),
    unplug (``ms``; 0 = for good), reset, garbage (``text`` as hex), say (``text``, lines separated by newline), hang.
    """

    on: str
    moment: str
    action: str
    text: str = ""
    ms: int = 0
    skip: int = 0  # matches that pass before the first
    times: int = 1  # 0 = always
    probability: float = 1.0

    def __post_init__(self) -> None:
        if self.moment not in MOMENTS or self.action not in ACTIONS:
            raise ValueError(f"{self.moment} {self.action}")

    def fires(self, chance: random.Random) -> bool:
        if self.skip > 0:
            self.skip -= 1
            return False
        return self.probability >= 1.0 or chance.random() < self.probability


class Rules:
    def __init__(self, seed: int) -> None:
        self._rules: list[Rule] = []
        self._chance = random.Random(seed)  # noqa: S311 - faults that can be repeated

    def add(self, rule: Rule) -> None:
        self._rules.append(rule)

    def clear(self) -> None:
        self._rules.clear()

    def due(self, on: str, moment: str) -> list[Rule]:
        """The rules that fire now; one that has fired ``times`` times is gone."""
        found = [rule for rule in self._rules if rule.on in (on, "*") and rule.moment == moment]
        found = [rule for rule in found if rule.fires(self._chance)]
        for rule in found:
            if rule.times == 1:
                self._rules.remove(rule)
            elif rule.times > 1:
                rule.times -= 1
        return found
