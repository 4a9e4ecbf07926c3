"""Who may do what, and who did: users, their roles, the audit chain."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, Id, UtcDateTime


class User(Base):
    __tablename__ = "user_account"

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(String(64), unique=True)  # case-folded
    display_name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(255))  # argon2id, encoded form
    roles: Mapped[list[str]] = mapped_column(JSON)  # values of core.security.Role
    active: Mapped[bool] = mapped_column(default=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Delegation(Base):
    """While somebody is away, another person decides in their place."""

    __tablename__ = "delegation"
    __table_args__ = (Index("ix_delegation_to_user", "to_user"),)

    id: Mapped[Id]
    from_user: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    to_user: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # taken back before its end


class AuditEntry(Base):
    """Append only. ``hash`` covers every other column, ``previous_hash`` included."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)  # 1, 2, 3 ... without gaps
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    actor: Mapped[str] = mapped_column(String(64))  # login, or "system"
    action: Mapped[str] = mapped_column(String(64), index=True)  # campaign.approve
    subject: Mapped[str] = mapped_column(String(100), index=True)  # campaign:17
    detail: Mapped[str] = mapped_column(Text)  # canonical JSON, no numbers or bodies in full
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """One row, locked by each append: it puts the entries in one order on every engine and shows a cut tail."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entries: Mapped[int] = mapped_column(BigId)
    hash: Mapped[str] = mapped_column(String(64))
