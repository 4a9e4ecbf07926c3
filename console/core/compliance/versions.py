"""Which version of the rule pack is in force.

Version 1 is the shipped pack. An approved version is never changed; its keyed digest tells when somebody did.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from console.core.compliance.faults import BadPack
from console.core.compliance.model import Policy
from console.core.compliance.pack import completed, read_pack
from console.core.compliance.policy import load_policy, shipped_pack
from console.core.errors import UserError
from console.core.i18n import T
from console.core.messages.words import Words
from db.audit import canonical
from db.models import RulePack, RulePackState, Secret

SECRET_NAME = "rules"  # noqa: S105 - the name of a row, not a secret
SHIPPED = 1


class RulesTampered(UserError):
    def __init__(self, number: int) -> None:
        super().__init__(
            T("Version {number} of the rules is not what was approved.", number=number),
            T("Keep this database as it is, and tell your administrator and auditor."),
        )


def policy_at(session: Session, at: datetime) -> Policy:
    """The rules in force at ``at``. Raises RulesTampered, BadPack."""
    found = session.execute(
        select(RulePack.number, RulePack.record, RulePack.digest, RulePack.effective_from)
        .where(_approved(), RulePack.effective_from <= at)
        .order_by(RulePack.number.desc())
        .limit(1)
    ).first()
    if found is None:
        return load_policy()
    number, record, digest, effective_from = found
    return _sound(session, number or 0, record, digest, effective_from)


def words_at(session: Session, at: datetime) -> Words:
    """The word lists in force; those that are shipped where the rules can not be used: nothing leaves then anyway."""
    try:
        return policy_at(session, at).words
    except (RulesTampered, BadPack):
        return load_policy().words


def in_force_at(session: Session, at: datetime) -> int:
    query = select(func.max(RulePack.number))
    return session.scalar(query.where(_approved(), RulePack.effective_from <= at)) or SHIPPED


def _approved() -> ColumnElement[bool]:
    return RulePack.state == RulePackState.APPROVED


def _sound(
    session: Session, number: int, record: Mapping[str, Any], digest: str, effective_from: datetime | None
) -> Policy:
    secret = session.scalar(select(Secret.value).where(Secret.name == SECRET_NAME)) or b""
    text = canonical(dict(record))
    if not hmac.compare_digest(digest, signature(secret, number, text, effective_from)):
        raise RulesTampered(number)
    return _read(number, text)


@lru_cache(maxsize=8)
def _read(number: int, text: str) -> Policy:
    return read_pack(completed(json.loads(text)), number)


def signature(secret: bytes, number: int, text: str, effective_from: datetime | None) -> str:
    return hmac.digest(secret, f"{number}|{instant(effective_from)}|{text}".encode(), "sha256").hex()


def instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def newest_number(session: Session) -> int:
    return session.scalar(select(func.max(RulePack.number))) or SHIPPED


def stored_record(session: Session, number: int) -> dict[str, Any]:
    if number == SHIPPED:
        return shipped_pack()
    return completed(session.scalars(select(RulePack.record).where(RulePack.number == number)).one())
