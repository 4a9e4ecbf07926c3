"""Message templates. The text of a version never changes once it is written; a campaign points at one version."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, EnumValue, Id, UtcDateTime


class TemplateState(StrEnum):
    DRAFT = "draft"  # none of its versions was ever approved
    ACTIVE = "active"  # campaigns use its newest approved version
    RETIRED = "retired"


class VersionState(StrEnum):
    DRAFT = "draft"
    REVIEW = "in_review"
    APPROVED = "approved"
    RETURNED = "returned"


class Template(Base):
    __tablename__ = "template"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(64), unique=True)  # remind-1, or own-<n>
    name: Mapped[str] = mapped_column(String(100))
    class_key: Mapped[str] = mapped_column(String(32), index=True)  # core.messages.classes
    state: Mapped[TemplateState] = mapped_column(EnumValue(TemplateState), default=TemplateState.ACTIVE)
    shipped: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TemplateVersion(Base):
    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: Mapped[Id]
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"))
    number: Mapped[int]  # 1, 2, 3 ...
    body: Mapped[str] = mapped_column(Text)  # without the signature
    variants: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")  # core.messages.variants
    state: Mapped[VersionState] = mapped_column(EnumValue(VersionState), default=VersionState.DRAFT)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str] = mapped_column(Text, default="", server_default="")  # of who returned it
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Signature(Base):
    """A name in brackets that carriers have on their books for somebody."""

    __tablename__ = "signature"

    id: Mapped[Id]
    text: Mapped[str] = mapped_column(String(18), unique=True)  # without the brackets
    holder: Mapped[str] = mapped_column(String(100))  # the legal person it is registered for
    registration: Mapped[str] = mapped_column(String(60))  # number of the registration
    valid_until: Mapped[date | None]  # last day; None: without end
    retired: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
