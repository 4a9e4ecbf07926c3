"""Requests for full numbers, what is kept for how long, who was erased, and whether the database moved away."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, EnumValue, Id, UtcDateTime


class RequestState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"  # may be used once, by the one who asked, until it expires
    REFUSED = "refused"
    USED = "used"


class ExportRequest(Base):
    """Somebody wants a file with full numbers; somebody else decides."""

    __tablename__ = "export_request"
    __table_args__ = (Index("ix_export_request_state", "state"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))  # customers, or a report
    title: Mapped[str] = mapped_column(Text)  # what exactly, in words
    wanted: Mapped[dict[str, Any]] = mapped_column(JSON)  # filter, ids or the report's parameters
    digest: Mapped[str] = mapped_column(String(64))  # over the numbers of the rows, as they were when it was asked
    rows: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[RequestState] = mapped_column(EnumValue(RequestState), default=RequestState.PENDING)
    requested_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str] = mapped_column(Text, default="")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)  # of the request, then of the approval
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RetentionRule(Base):
    """Months that differ from those of the shipped rules."""

    __tablename__ = "retention_rule"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    months: Mapped[int | None]  # None: kept for ever
    changed_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Erasure(Base):
    """That a customer was erased, without saying who it was."""

    __tablename__ = "erasure"

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(BigId)  # the row that stays behind, with nothing in it
    basis: Mapped[str] = mapped_column(Text)  # who asked and how it was proved; no names
    counts: Mapped[dict[str, int]] = mapped_column(JSON)  # rows by kind
    erased_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ErasedRefusal(Base):
    """What an erased person refused, under a keyed digest of the number: it is never written to again."""

    __tablename__ = "erased_refusal"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    scope: Mapped[str] = mapped_column(String(32), primary_key=True)  # a purpose, or "all"
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class MoveState(StrEnum):
    LEAVING = "leaving"  # what it holds is being taken over elsewhere; perhaps it has been
    LEFT = "left"
    ARRIVED = "arrived"  # this database was filled by a move


class MoveMark(Base):
    """One row at most: this database moved away, or came from somewhere."""

    __tablename__ = "move_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(String(64))  # the same at both ends
    state: Mapped[MoveState] = mapped_column(EnumValue(MoveState))
    place: Mapped[str] = mapped_column(String(255))  # the other end, without user and password
    at: Mapped[datetime] = mapped_column(UtcDateTime)
