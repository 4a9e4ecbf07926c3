"""The two people of the demo. Their passwords are shown on its login window: they guard nothing but made-up data."""

from __future__ import annotations

from dataclasses import dataclass

from console.core.security.permissions import Role


@dataclass(frozen=True)
class Person:
    login: str
    name: str
    roles: frozenset[Role]
    password: str


OFFICER = Person("officer", "王敏", frozenset({Role.OFFICER, Role.REPORTER}), "plum-blossom-07")
SUPERVISOR = Person(
    "supervisor", "陈立", frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR}), "green-bamboo-24"
)
