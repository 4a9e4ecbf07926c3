"""Files that customers came with: the log of imports, rows on their way in, and what each import changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, false, true
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, EnumValue, Id, Money, Rate, UtcDateTime, Word


class ImportState(StrEnum):
    RUNNING = "running"  # being staged: nobody sees any of it, a crash throws it away
    APPLYING = "applying"  # decided: whoever finds it unfinished completes it
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"  # decided as well
    UNDONE = "undone"


class ImportBatch(Base):
    __tablename__ = "import_batch"
    __table_args__ = (Index("ix_import_batch_state", "state"), Index("ix_import_batch_source", "source", "id"))

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
    rows_duplicate: Mapped[int] = mapped_column(default=0, server_default="0")
    source: Mapped[str] = mapped_column(String(60), default="", server_default="")  # who sends such files
    control: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # totals stated and found
    difference: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict, server_default="{}"
    )  # against the one before
    previous_id: Mapped[int | None] = mapped_column(BigId)  # the import before it of the same source
    retire_gone: Mapped[bool] = mapped_column(default=False, server_default=false())  # who is gone becomes inactive
    cursor: Mapped[int] = mapped_column(BigId, default=0, server_default="0")  # last staged row that was written
    cursor_instalment: Mapped[int] = mapped_column(BigId, default=0, server_default="0")
    owner: Mapped[str] = mapped_column(String(80), default="", server_default="")  # process that works on it
    touched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its last sign of life
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # updated_at of all that it wrote
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


class ImportErrors(Base):
    """The rows that could not be taken, as an .xlsx that can be corrected and imported."""

    __tablename__ = "import_errors"

    import_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"), primary_key=True)
    rows: Mapped[int]
    workbook: Mapped[bytes] = mapped_column(LargeBinary)


class ImportedCustomer(Base):
    """Which customers stood in which file: "the file just imported" as an audience.

    Every file adds as many rows as it has, which only name what is there: a server that looked each one up, and locked
    it, would take longer over that than over the rows. Who removes customers or loans removes what names them here.
    """

    __tablename__ = "imported_customer"
    __table_args__ = (Index("ix_imported_customer_customer_id", "customer_id"), {"sqlite_with_rowid": False})

    import_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    added: Mapped[bool] = mapped_column(default=False, server_default=false())  # by this import


class ImportedLoan(Base):
    """Which loans stood in which file: what is new, gone or paid since is told from it. Kept as ImportedCustomer is."""

    __tablename__ = "imported_loan"
    __table_args__ = (Index("ix_imported_loan_loan_id", "loan_id"), {"sqlite_with_rowid": False})

    import_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    loan_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    added: Mapped[bool] = mapped_column(default=False, server_default=false())


class ChangeKind(StrEnum):
    CUSTOMER = "customer"
    LOAN = "loan"
    INSTALMENT = "instalment"
    CONSENT = "consent"
    PHONE = "phone"


class ImportChange(Base):
    """What an import wrote over, and the lesser rows that it added: for undoing it, and for the time line."""

    __tablename__ = "import_change"
    __table_args__ = (Index("ix_import_change_kind_row_id", "kind", "row_id"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[ChangeKind] = mapped_column(EnumValue(ChangeKind), primary_key=True)
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # as stored; NULL: it was added


class StagedRow(Base):
    """A checked row of a file on its way in: written in chunks, gone when the import ends.

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
    keeps: Mapped[bool] = mapped_column(server_default=false())  # what is stored already stays as it is
    same: Mapped[bool] = mapped_column(server_default="0")  # says nothing that is not stored
    number: Mapped[str] = mapped_column(Word(40))
    name: Mapped[str] = mapped_column(Word(100))
    pinyin: Mapped[str] = mapped_column(Word(200))
    initials: Mapped[str] = mapped_column(Word(50))
    title: Mapped[str] = mapped_column(String(20), server_default="")
    phone: Mapped[str] = mapped_column(Word(20))
    phone_2: Mapped[str] = mapped_column(Word(20), server_default="")
    phone_3: Mapped[str] = mapped_column(Word(20), server_default="")
    region: Mapped[str] = mapped_column(Word(60), server_default="")
    branch: Mapped[str] = mapped_column(Word(60), server_default="")
    manager: Mapped[str] = mapped_column(Word(60), server_default="")
    rating: Mapped[str] = mapped_column(Word(10), server_default="")
    segment: Mapped[str] = mapped_column(Word(40), server_default="")
    birthday: Mapped[date | None]
    tags: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    id_cipher: Mapped[bytes | None]
    id_digest: Mapped[str | None] = mapped_column(String(64))
    id_tail: Mapped[str] = mapped_column(String(4), server_default="")
    channel: Mapped[str] = mapped_column(String(20), server_default="")
    hours_from: Mapped[int | None]
    hours_to: Mapped[int | None]
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")
    consent: Mapped[bool | None]  # to marketing
    loan_number: Mapped[str] = mapped_column(Word(40), server_default="")
    product: Mapped[str] = mapped_column(Word(40), server_default="")
    principal: Mapped[Decimal | None] = mapped_column(Money)
    rate: Mapped[Decimal | None] = mapped_column(Rate)  # per cent a year
    method: Mapped[str] = mapped_column(String(40), server_default="")
    start_on: Mapped[date | None]
    term_months: Mapped[int | None]
    due_day: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(32), server_default="")  # LoanState, or "" where the file does not say
    kind: Mapped[str] = mapped_column(String(40), server_default="")
    account_tail: Mapped[str] = mapped_column(String(4), server_default="")
    account_cipher: Mapped[bytes | None]
    account_digest: Mapped[str | None] = mapped_column(String(64))
    amount_due: Mapped[Decimal | None] = mapped_column(Money)
    due_on: Mapped[date | None]
    penalty: Mapped[Decimal | None] = mapped_column(Money)


class StagedInstalment(Base):
    """An instalment on its way in; NULLs are what the file does not say."""

    __tablename__ = "staged_instalment"

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(BigId)
    row: Mapped[int]
    keeps: Mapped[bool] = mapped_column(server_default=false())
    loan_number: Mapped[str] = mapped_column(Word(40))
    sequence: Mapped[int]
    due_on: Mapped[date]
    principal: Mapped[Decimal | None] = mapped_column(Money)
    interest: Mapped[Decimal | None] = mapped_column(Money)
    penalty: Mapped[Decimal | None] = mapped_column(Money)
    paid: Mapped[Decimal | None] = mapped_column(Money)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
