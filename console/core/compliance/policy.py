"""The shipped rule pack, version 1, and the names under which the rest of the program knows the records of a pack."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import resources
from console.core.compliance.model import (
    Calls,
    Cap,
    ContactHours,
    Ease,
    Need,
    Origin,
    Policy,
    Scope,
)
from console.core.compliance.pack import read_pack

__all__ = [
    "Calls", "Cap", "ContactHours", "Ease", "Need", "Origin", "Policy", "Scope", "load_policy", "shipped_pack",
]  # fmt: skip


@cache
def load_policy() -> Policy:
    """The shipped rule pack. Its hours are those of the country it is for, on a server that keeps UTC as well.

    What is in force may be a later version: ``console.core.compliance.versions.policy_at``.
    """
    return read_pack(shipped_pack())


def shipped_pack() -> dict[str, Any]:
    """The data of version 1; a copy that may be changed."""
    record: dict[str, Any] = json.loads(resources.path("policy", "default.json").read_text("utf-8"))
    return record
