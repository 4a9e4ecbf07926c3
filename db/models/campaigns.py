"""Campaigns: what a maker writes and a checker decides on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, EnumValue, Id, UtcDateTime

_OF_A_LOAN = text("loan_id IS NOT NULL")


class CampaignState(StrEnum):
    DRAFT = "draft"
    FREEZING = "freezing"  # its batch is being written
    PENDING = "pending"  # waits for a checker
    RETURNED = "returned"  # sent back with a comment; may be edited and submitted again
    APPROVED = "approved"  # its batch is open, paused or finished
    CANCELLED = "cancelled"
    FINISHED = "finished"
    PATTERN = "pattern"  # of a series: never sent itself


class Campaign(Base):
    __tablename__ = "campaign"
    __table_args__ = (Index("ix_campaign_state_updated_at", "state", "updated_at"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100))
    class_key: Mapped[str] = mapped_column(String(32))
    template_version_id: Mapped[int | None] = mapped_column(ForeignKey("template_version.id"))
    audience: Mapped[dict[str, Any]] = mapped_column(JSON)  # core.campaigns.audience.Audience
    variables: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # campaign-wide values by variable
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: as soon as approved
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))  # None: any line
    schedule: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # core.campaigns.schedule.Schedule
    hold_out: Mapped[int] = mapped_column(default=0, server_default="0")  # per cent who do not get it, to measure it
    state: Mapped[CampaignState] = mapped_column(EnumValue(CampaignState), default=CampaignState.DRAFT)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id", use_alter=True))  # the one in force
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Decision(Base):
    """One decision of one checker over one frozen batch."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_batch_id", "batch_id"),)

    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    approved: Mapped[bool]
    digest: Mapped[str] = mapped_column(String(64))  # what was signed
    comment: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    on_behalf_of: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # who is away
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seal: Mapped[str] = mapped_column(String(64), default="", server_default="")  # core.sending.seals: keyed, over this


class Exclusion(Base):
    """Who of the audience does not get it, and why: shown before approval, kept afterwards."""

    __tablename__ = "exclusion"
    __table_args__ = (
        Index("ix_exclusion_batch_id_rule", "batch_id", "rule"),
        Index("ix_exclusion_customer_id", "customer_id"),
        Index("ix_exclusion_loan_id", "loan_id", sqlite_where=_OF_A_LOAN, postgresql_where=_OF_A_LOAN),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    loan_id: Mapped[int | None] = mapped_column(ForeignKey("loan.id"))
    rule: Mapped[str] = mapped_column(String(64))  # phone.invalid, consent.missing, cap.day
    reason: Mapped[str] = mapped_column(Text)  # console.core.i18n.Text as JSON
