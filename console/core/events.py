"""What a use-case changed, so that screens know whether to look again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    CUSTOMERS = "customers"
    TEMPLATES = "templates"
    SEGMENTS = "segments"
    CAMPAIGNS = "campaigns"
    OUTBOX = "outbox"
    LINES = "lines"
    RULES = "rules"
    USERS = "users"
    SETTINGS = "settings"
    AUDIT = "audit"


@dataclass(frozen=True)
class Change:
    topics: frozenset[Topic]

    @staticmethod
    def of(*topics: Topic) -> Change:
        return Change(frozenset(topics))

    def concerns(self, *topics: Topic) -> bool:
        return not self.topics.isdisjoint(topics)
