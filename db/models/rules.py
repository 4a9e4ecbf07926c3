"""Versions of the rule pack: who wrote what, who approved it, and from when on it holds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, EnumValue, Id, UtcDateTime


class RulePackState(StrEnum):
    DRAFT = "draft"
    PENDING = "pending"  # waits for a checker
    APPROVED = "approved"
    DISCARDED = "discarded"  # thrown away before it was ever approved


class RulePack(Base):
    """Never changed once approved. The shipped pack is version 1 and has no row."""

    __tablename__ = "rule_pack"
    __table_args__ = (Index("ix_rule_pack_state_effective_from", "state", "effective_from"),)

    id: Mapped[Id]
    number: Mapped[int | None] = mapped_column(unique=True)  # version; given at the approval
    state: Mapped[RulePackState] = mapped_column(EnumValue(RulePackState))
    record: Mapped[dict[str, Any]] = mapped_column(JSON)  # console.core.compliance.pack
    based_on: Mapped[int]  # version
    editors: Mapped[list[int]] = mapped_column(JSON, default=list)  # ids of everybody who wrote in it
    note: Mapped[str] = mapped_column(Text, default="")  # why, for the checker
    comment: Mapped[str] = mapped_column(Text, default="")  # the checker's, when it was returned
    digest: Mapped[str] = mapped_column(String(64), default="")  # keyed, over record, number and time: what was signed
    effective_from: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: from the approval on
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
