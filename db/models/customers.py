"""Customers, their loans and instalments, what they consented to and refused, and what staff noted about them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, ByEngine, EnumValue, Id, Money, Rate, UtcDateTime, Word

_UNPAID: Any = {
    f"{engine}_where": text("principal + interest + penalty - paid > 0") for engine in ("sqlite", "postgresql")
}
_KNOWN = text("id_digest IS NOT NULL")
# As queries say it, letter for letter: only then does SQLite take the index.
_SHOWN: Any = {"sqlite_where": text("active IS 1"), "postgresql_where": text("active IS true")}
_GONE: Any = {"sqlite_where": text("active IS NOT 1"), "postgresql_where": text("active IS NOT true")}
_LONG: Any = {
    "sqlite_where": text("active IS 1 AND length(name) > 3"),
    "postgresql_where": text("active IS true AND length(name) > 3"),
}


_TAGGED: Any = {
    "sqlite_where": text("active IS 1 AND tags <> '[]'"),
    "postgresql_where": text("active IS true AND CAST(tags AS TEXT) <> '[]'"),
}


class Customer(Base):
    __tablename__ = "customer"
    __table_args__ = (
        Index("ix_customer_phone_tail", "phone_tail", "id"),
        Index("ix_customer_phone", "phone", "id"),
        # The orders of the list, whole in the index.
        Index("ix_customer_pinyin", "pinyin", "id", **_SHOWN),
        Index("ix_customer_number", "number", "id", **_SHOWN),
        Index("ix_customer_region", "region", "id", **_SHOWN),
        Index("ix_customer_branch", "branch", "id", **_SHOWN),
        Index("ix_customer_manager", "manager", "id", **_SHOWN),
        Index("ix_customer_rating", "rating", "id", **_SHOWN),
        Index("ix_customer_segment", "segment", "id", **_SHOWN),
        Index("ix_customer_updated_at", "updated_at", "id", **_SHOWN),
        # What is typed into the search, with the order by name beside it; a Chinese name from each of its characters.
        Index("ix_customer_initials", "initials", "pinyin", "id", **_SHOWN),
        Index("ix_customer_name", "name", "pinyin", "id", **_SHOWN),
        Index("ix_customer_name_2", text("substr(name, 2)"), "pinyin", "id", **_SHOWN, postgresql_include=["name"]),
        Index("ix_customer_name_3", text("substr(name, 3)"), "pinyin", "id", **_SHOWN, postgresql_include=["name"]),
        Index("ix_customer_name_long", "name", "pinyin", "id", **_LONG),
        Index("ix_customer_birthday", "birthday", "id", **_SHOWN),
        Index("ix_customer_shown", "id", **_SHOWN),  # in the order in which everybody, and what they have, is kept
        Index("ix_customer_gone", "id", **_GONE),  # few: who they are is known without a look at the others
        # The few who have tags; PostgreSQL has room in an index for ids, not for twenty tags.
        Index("ix_customer_tagged", ByEngine(sqlite="id, tags", postgresql="id"), **_TAGGED),
        Index("ix_customer_id_digest", "id_digest", sqlite_where=_KNOWN, postgresql_where=_KNOWN),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(Word(40), unique=True)
    name: Mapped[str] = mapped_column(Word(100))
    pinyin: Mapped[str] = mapped_column(Word(200))  # zhangsan
    initials: Mapped[str] = mapped_column(Word(50))  # zs
    title: Mapped[str] = mapped_column(String(20), default="")  # 先生 / 女士
    phone: Mapped[str] = mapped_column(Word(20))  # 13800138000
    phone_tail: Mapped[str] = mapped_column(Word(4))
    region: Mapped[str] = mapped_column(Word(60), default="")
    branch: Mapped[str] = mapped_column(Word(60), default="")
    manager: Mapped[str] = mapped_column(Word(60), default="")
    rating: Mapped[str] = mapped_column(Word(10), default="")
    segment: Mapped[str] = mapped_column(Word(40), default="")
    birthday: Mapped[date | None]
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    id_cipher: Mapped[bytes | None]  # resident ID number, encrypted with a key of this database
    id_digest: Mapped[str | None] = mapped_column(String(64))  # keyed, to search by it
    id_tail: Mapped[str] = mapped_column(String(4), default="", server_default="")  # what may be shown
    channel: Mapped[str] = mapped_column(String(20), default="", server_default="")  # preferred; "": none stated
    hours_from: Mapped[int | None]  # wishes to be written to from then, minutes after midnight
    hours_to: Mapped[int | None]
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # by CustomField.key
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CustomerPhone(Base):
    """Further numbers of a customer; the first one stands in the customer's row."""

    __tablename__ = "customer_phone"
    __table_args__ = (UniqueConstraint("customer_id", "phone"), Index("ix_customer_phone_phone", "phone"))

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    phone: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(40), default="")  # work, home
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    FLAG = "flag"


class CustomField(Base):
    """A field of customers that the administrator made up; its values stand in ``Customer.extra``."""

    __tablename__ = "custom_field"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[FieldKind] = mapped_column(EnumValue(FieldKind))
    choices: Mapped[list[str]] = mapped_column(JSON, default=list)
    position: Mapped[int] = mapped_column(default=0)
    retired: Mapped[bool] = mapped_column(default=False)


class LoanState(StrEnum):
    ACTIVE = "active"
    OVERDUE = "overdue"
    SETTLED = "settled"
    APPLYING = "applying"


class Loan(Base):
    __tablename__ = "loan"
    __table_args__ = (
        Index("ix_loan_customer_id", "customer_id"),
        # Whose loans these are, without a look at the loans themselves.
        Index("ix_loan_number", "number", "customer_id"),
        Index("ix_loan_due_on", "due_on", "state", "customer_id", "amount_due"),
        Index("ix_loan_product", "product", "customer_id"),
        Index("ix_loan_state", "state", "customer_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(Word(40), unique=True)
    product: Mapped[str] = mapped_column(Word(40))  # 房贷
    principal: Mapped[Decimal | None] = mapped_column(Money)
    rate: Mapped[Decimal | None] = mapped_column(Rate)  # per cent a year
    method: Mapped[str] = mapped_column(String(40), default="")  # 等额本息
    start_on: Mapped[date | None]
    term_months: Mapped[int | None]
    due_day: Mapped[int | None]
    state: Mapped[LoanState] = mapped_column(EnumValue(LoanState), default=LoanState.ACTIVE)
    kind: Mapped[str] = mapped_column(String(40), default="", server_default="")  # mortgage, consumer, business
    account_tail: Mapped[str] = mapped_column(String(4), default="")  # of the account that repays
    account_cipher: Mapped[bytes | None]  # the whole account number, where it was given
    account_digest: Mapped[str | None] = mapped_column(String(64))
    amount_due: Mapped[Decimal | None] = mapped_column(Money)  # this instalment, yuan
    due_on: Mapped[date | None]  # date of this instalment
    penalty: Mapped[Decimal | None] = mapped_column(Money)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Instalment(Base):
    __tablename__ = "instalment"
    __table_args__ = (
        UniqueConstraint("loan_id", "sequence"),
        Index("ix_instalment_due_on", "due_on"),
        Index("ix_instalment_unpaid", "due_on", "loan_id", **_UNPAID),
    )

    id: Mapped[Id]
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id", ondelete="CASCADE"))
    sequence: Mapped[int]  # 1, 2, 3 ...
    due_on: Mapped[date]
    principal: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    interest: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    penalty: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    paid: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the last payment


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
    __table_args__ = (UniqueConstraint("phone", "scope", "issuer"),)

    id: Mapped[Id]
    phone: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str] = mapped_column(String(32))  # a purpose, or "all"
    issuer: Mapped[str] = mapped_column(String(20), default="branch", server_default="branch")  # head_office, regulator
    reason: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CircumstanceKind(StrEnum):
    PROMISED = "promised"  # to pay until a day
    DISPUTED = "disputed"
    COMPLAINT = "complaint"
    BEREAVED = "bereaved"
    VULNERABLE = "vulnerable"


class Circumstance(Base):
    """Why a customer is to be gone easy on, from when, and until when."""

    __tablename__ = "circumstance"
    __table_args__ = (
        Index("ix_circumstance_customer_id", "customer_id"),
        Index("ix_circumstance_loan_id", "loan_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    loan_id: Mapped[int | None] = mapped_column(ForeignKey("loan.id", ondelete="CASCADE"))  # None: all of them
    kind: Mapped[CircumstanceKind] = mapped_column(EnumValue(CircumstanceKind))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: until somebody ends it
    note: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ContactKind(StrEnum):
    CALL = "call"
    VISIT = "visit"
    NOTE = "note"


class Contact(Base):
    """A call, a visit or a remark, written down by staff."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_customer_id_at", "customer_id", "at"),
        Index("ix_contact_loan_id", "loan_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    loan_id: Mapped[int | None] = mapped_column(ForeignKey("loan.id", ondelete="SET NULL"))
    kind: Mapped[ContactKind] = mapped_column(EnumValue(ContactKind))
    at: Mapped[datetime] = mapped_column(UtcDateTime)  # when it took place
    connected: Mapped[bool | None]  # of a call: calls count for the limits of collection
    body: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
