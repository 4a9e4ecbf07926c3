"""Groups of customers that are described once and used often."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, Id, UtcDateTime


class Segment(Base):
    __tablename__ = "segment"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(60))
    retired: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SegmentVersion(Base):
    """Never changed once written: a campaign points at one of them."""

    __tablename__ = "segment_version"
    __table_args__ = (UniqueConstraint("segment_id", "number"),)

    id: Mapped[Id]
    segment_id: Mapped[int] = mapped_column(ForeignKey("segment.id"))
    number: Mapped[int]  # 1, 2, 3 ...
    conditions: Mapped[dict[str, Any]] = mapped_column(JSON)  # core.segments.conditions.dump
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SegmentPin(Base):
    """A list of the members at one moment. Not used before it is whole; then never changed."""

    __tablename__ = "segment_pin"
    __table_args__ = (Index("ix_segment_pin_segment_id", "segment_id"),)

    id: Mapped[Id]
    segment_id: Mapped[int] = mapped_column(ForeignKey("segment.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("segment_version.id"))
    day: Mapped[date]  # the local date that relative dates were counted from
    whole: Mapped[bool] = mapped_column(default=False)
    by_loan: Mapped[bool] = mapped_column(default=False)  # the conditions choose loans: they stand in segment_loan
    customers: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SegmentMember(Base):
    __tablename__ = "segment_member"
    __table_args__ = (Index("ix_segment_member_customer_id", "customer_id"),)

    pin_id: Mapped[int] = mapped_column(BigId, ForeignKey("segment_pin.id"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)


class SegmentLoan(Base):
    """The loans that a text to the members would be about."""

    __tablename__ = "segment_loan"
    __table_args__ = (Index("ix_segment_loan_loan_id", "loan_id"),)

    pin_id: Mapped[int] = mapped_column(BigId, ForeignKey("segment_pin.id"), primary_key=True)
    loan_id: Mapped[int] = mapped_column(BigId, ForeignKey("loan.id", ondelete="CASCADE"), primary_key=True)
