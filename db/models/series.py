"""Campaigns that repeat, and who of a campaign is held out to measure what it does."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, EnumValue, Id, UtcDateTime


class SeriesState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Series(Base):
    """A campaign that is made anew from its pattern on certain days."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("pattern_id"),)

    id: Mapped[Id]
    pattern_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))  # in the state ``pattern``: never sent itself
    recurrence: Mapped[dict[str, Any]] = mapped_column(JSON)  # core.campaigns.recurrence.Recurrence
    state: Mapped[SeriesState] = mapped_column(EnumValue(SeriesState), default=SeriesState.ACTIVE)
    maker_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))  # in whose name the runs are submitted
    since: Mapped[datetime] = mapped_column(UtcDateTime)  # what was due until then is decided
    trouble: Mapped[str] = mapped_column(Text, default="")  # console.core.i18n.Text: why the program paused it
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RunState(StrEnum):
    PREPARING = "preparing"  # its campaign is being made
    MADE = "made"  # put before the checkers
    EMPTY = "empty"  # nobody would have got it
    FAILED = "failed"
    MISSED = "missed"  # the program did not run, and a later one was due as well


class SeriesRun(Base):
    """One due date of a series; there is never a second one for the same day."""

    __tablename__ = "series_run"
    __table_args__ = (UniqueConstraint("series_id", "due_on"), Index("ix_series_run_campaign_id", "campaign_id"))

    id: Mapped[Id]
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    due_on: Mapped[date]  # local
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[RunState] = mapped_column(EnumValue(RunState))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id", ondelete="SET NULL"))
    reason: Mapped[str] = mapped_column(Text, default="")  # console.core.i18n.Text: why it failed
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when somebody last took it up


class HoldOut(Base):
    """How the held-out group of a frozen batch was chosen; the people are exclusions of the rule ``holdout``."""

    __tablename__ = "hold_out"

    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    percent: Mapped[int]
    scope: Mapped[str] = mapped_column(
        String(40)
    )  # series:3 or campaign:17: the same customers wherever it is the same
    people: Mapped[int]  # exclusions
    digest: Mapped[str] = mapped_column(String(64))  # over these, part of what is signed
