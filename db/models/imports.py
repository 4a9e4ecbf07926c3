"""Files that customers came with: the log of imports, and rows on their way in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, true
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, EnumValue, Id, Money, Rate, UtcDateTime


class ImportState(StrEnum):
    RUNNING = "running"  # being staged: nobody sees any of it, a crash throws it away
    APPLYING = "applying"  # decided: whoever finds it unfinished completes it
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


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
    source: Mapped[str] = mapped_column(String(60), default="", server_default="")  # who sends such files
    control: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # totals stated and found
    difference: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict, server_default="{}"
    )  # against the one before
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportMapping(Base):
    """What the user settled for a sheet with these headers, offered again next time."""

    __tablename__ = "import_mapping"

    header_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
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
