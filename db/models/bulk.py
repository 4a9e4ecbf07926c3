"""Many customers changed at once, and what they were before, for as long as it can be undone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, EnumValue, Id, UtcDateTime


class BulkState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"  # what was changed until then stays
    UNDONE = "undone"


class BulkEdit(Base):
    __tablename__ = "bulk_edit"

    id: Mapped[Id]
    field: Mapped[str] = mapped_column(String(20))  # core.customers.bulk.BulkField
    value: Mapped[str] = mapped_column(String(60))
    state: Mapped[BulkState] = mapped_column(EnumValue(BulkState), default=BulkState.RUNNING)
    wanted: Mapped[int]  # customers that it was meant for
    changed: Mapped[int] = mapped_column(default=0)  # of these
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when it last wrote: a running one that is dead shows


class BulkBefore(Base):
    __tablename__ = "bulk_before"

    edit_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("bulk_edit.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    customer_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    value: Mapped[Any] = mapped_column(JSON)
