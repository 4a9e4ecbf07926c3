"""Whether the records agree with each other: what a person let go again, and what does not add up."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, EnumValue, Id, UtcDateTime


class Resend(Base):
    """A person let a message of unknown outcome go again, knowing of its attempts so far."""

    __tablename__ = "resend"
    __table_args__ = (Index("ix_resend_message_id", "message_id"),)

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    attempt: Mapped[int]  # the last one before the decision
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seal: Mapped[str] = mapped_column(String(64))  # core.sending.seals


class DiscrepancyKind(StrEnum):
    BATCH = "batch"  # the batch is not what was approved, or was opened past the approval
    DECISION = "decision"  # a decision was changed or is missing
    COUNT = "count"  # messages were removed from the batch or added to it
    MESSAGE = "message"  # a message is not the approved one
    HISTORY = "history"  # a message says that it has not left, or was tried less often, than its parts say
    STATES = "states"  # a message says something else than its parts
    LINE = "line"  # the sums of a line and a day differ


class Reconciliation(Base):
    """One run of the daily check."""

    __tablename__ = "reconciliation"

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # None: the program, at night
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    campaigns: Mapped[int]  # batches that were looked at
    lines: Mapped[int]  # lines and days
    messages: Mapped[int]  # that lines had taken
    found: Mapped[int]  # what does not fit and nobody has settled


class Discrepancy(Base):
    """Something that does not add up; open until somebody settles it or it is gone."""

    __tablename__ = "discrepancy"
    __table_args__ = (Index("ix_discrepancy_settled_at", "settled_at"),)

    id: Mapped[Id]
    kind: Mapped[DiscrepancyKind] = mapped_column(EnumValue(DiscrepancyKind))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))
    day: Mapped[date | None] = mapped_column(Date)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # by name: what was expected, what was found
    messages: Mapped[list[Any]] = mapped_column(JSON, default=list)  # ids of those that do not fit, the first ones
    alarm: Mapped[bool] = mapped_column(default=False)  # raised at the moment of sending: a later run does not clear it
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # None: it was gone
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text, default="")
