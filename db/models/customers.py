"""Customers, their loans, consents and refusals, and the imports they came with."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, EnumValue, Id, Money, Rate, UtcDateTime


class ImportState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImportBatch(Base):
    __tablename__ = "import_batch"

    id: Mapped[Id]
    file_name: Mapped[str] = mapped_column(String(255))
    file_digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the file
    sheet: Mapped[str] = mapped_column(String(100))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)  # header -> field
    state: Mapped[ImportState] = mapped_column(EnumValue(ImportState))
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_added: Mapped[int] = mapped_column(default=0)
    rows_updated: Mapped[int] = mapped_column(default=0)
    rows_unchanged: Mapped[int] = mapped_column(default=0)
    rows_invalid: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ImportMapping(Base):
    """What the user settled for a sheet with these headers, offered again next time."""

    __tablename__ = "import_mapping"

    header_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Customer(Base):
    __tablename__ = "customer"
    __table_args__ = (
        Index("ix_customer_phone_tail", "phone_tail"),
        Index("ix_customer_phone", "phone"),
        Index("ix_customer_name", "name"),
        Index("ix_customer_initials", "initials"),
        Index("ix_customer_pinyin", "pinyin"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    pinyin: Mapped[str] = mapped_column(String(200))  # zhangsan
    initials: Mapped[str] = mapped_column(String(50))  # zs
    title: Mapped[str] = mapped_column(String(20), default="")  # 先生 / 女士
    phone: Mapped[str] = mapped_column(String(20))  # 13800138000
    phone_tail: Mapped[str] = mapped_column(String(4))
    region: Mapped[str] = mapped_column(String(60), default="", index=True)
    branch: Mapped[str] = mapped_column(String(60), default="", index=True)
    manager: Mapped[str] = mapped_column(String(60), default="")
    rating: Mapped[str] = mapped_column(String(10), default="", index=True)
    segment: Mapped[str] = mapped_column(String(40), default="", index=True)
    birthday: Mapped[date | None]
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class LoanState(StrEnum):
    ACTIVE = "active"
    OVERDUE = "overdue"
    SETTLED = "settled"
    APPLYING = "applying"


class Loan(Base):
    __tablename__ = "loan"
    __table_args__ = (Index("ix_loan_customer_id", "customer_id"), Index("ix_loan_due_on", "due_on"))

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    product: Mapped[str] = mapped_column(String(40), index=True)  # 房贷
    principal: Mapped[Decimal | None] = mapped_column(Money)
    rate: Mapped[Decimal | None] = mapped_column(Rate)  # per cent a year
    method: Mapped[str] = mapped_column(String(40), default="")  # 等额本息
    start_on: Mapped[date | None]
    term_months: Mapped[int | None]
    due_day: Mapped[int | None]
    state: Mapped[LoanState] = mapped_column(EnumValue(LoanState), default=LoanState.ACTIVE)
    account_tail: Mapped[str] = mapped_column(String(4), default="")
    amount_due: Mapped[Decimal | None] = mapped_column(Money)  # this instalment, yuan
    due_on: Mapped[date | None]  # date of this instalment
    penalty: Mapped[Decimal | None] = mapped_column(Money)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ImportedCustomer(Base):
    """Which customers stood in which file: "the file just imported" as an audience."""

    __tablename__ = "imported_customer"

    import_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)


class StagedRow(Base):
    """A checked row of a file on its way in: written in chunks, made visible at once, gone when the import ends.

    Empty texts and NULLs are what the file does not say: they are defaults, so that only what it says is written.
    ``leads`` marks the first row of each customer.
    """

    __tablename__ = "staged_row"

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(BigId)
    row: Mapped[int]  # as the spreadsheet counts
    leads: Mapped[bool] = mapped_column(server_default=true())
    # the file gives the customer number; else it was made up for a new customer
    numbered: Mapped[bool] = mapped_column(server_default=true())
    number: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100))
    pinyin: Mapped[str] = mapped_column(String(200))
    initials: Mapped[str] = mapped_column(String(50))
    title: Mapped[str] = mapped_column(String(20), server_default="")
    phone: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(60), server_default="")
    branch: Mapped[str] = mapped_column(String(60), server_default="")
    manager: Mapped[str] = mapped_column(String(60), server_default="")
    rating: Mapped[str] = mapped_column(String(10), server_default="")
    segment: Mapped[str] = mapped_column(String(40), server_default="")
    birthday: Mapped[date | None]
    tags: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    consent: Mapped[bool | None]  # to marketing
    loan_number: Mapped[str] = mapped_column(String(40), server_default="")
    product: Mapped[str] = mapped_column(String(40), server_default="")
    principal: Mapped[Decimal | None] = mapped_column(Money)
    rate: Mapped[Decimal | None] = mapped_column(Rate)  # per cent a year
    method: Mapped[str] = mapped_column(String(40), server_default="")
    start_on: Mapped[date | None]
    term_months: Mapped[int | None]
    due_day: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(32), server_default="")  # LoanState, or "" where the file does not say
    account_tail: Mapped[str] = mapped_column(String(4), server_default="")
    amount_due: Mapped[Decimal | None] = mapped_column(Money)
    due_on: Mapped[date | None]
    penalty: Mapped[Decimal | None] = mapped_column(Money)


class Consent(Base):
    """The newest row per customer and purpose counts; rows are never changed."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_customer_id_purpose_at", "customer_id", "purpose", "at"),)

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(32))  # core.compliance.Purpose
    granted: Mapped[bool]
    source: Mapped[str] = mapped_column(String(60))  # import, counter, reply
    evidence: Mapped[str] = mapped_column(String(255), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Suppression(Base):
    """A number that must not be written to, for a purpose or for all."""

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("phone", "scope"),)

    id: Mapped[Id]
    phone: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str] = mapped_column(String(32))  # a purpose, or "all"
    reason: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
