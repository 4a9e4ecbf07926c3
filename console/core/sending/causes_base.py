"""The shape of a cause, and the groups under which failures are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.core.i18n import T, Text


class Group(StrEnum):
    NUMBER = "number"
    HANDSET = "handset"
    NETWORK = "network"
    CARRIER = "carrier"
    LINE = "line"
    CONTENT = "content"
    RULES = "rules"
    PROGRAM = "program"
    UNKNOWN = "unknown"


GROUPS: Mapping[Group, Text] = {
    Group.NUMBER: T("Number not usable"),
    Group.HANDSET: T("Phone off or unreachable"),
    Group.NETWORK: T("Network trouble"),
    Group.CARRIER: T("Blocked by the carrier"),
    Group.LINE: T("Modem or SIM card"),
    Group.CONTENT: T("Text not accepted"),
    Group.RULES: T("Held back by the rules"),
    Group.PROGRAM: T("Stopped by the program"),
    Group.UNKNOWN: T("Outcome unknown"),
}


@dataclass(frozen=True)
class Cause:
    text: Text  # what happened
    advice: Text  # what to do about it
    group: Group
