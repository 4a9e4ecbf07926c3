"""What the word lists found in the messages of a batch that does not keep them from leaving."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Id


class BatchFinding(Base):
    """One word for which a second person has to approve, and how many of the messages have it."""

    __tablename__ = "batch_finding"
    __table_args__ = (UniqueConstraint("batch_id", "place"),)

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"))
    place: Mapped[int]  # in the order in which they were met
    rule: Mapped[str] = mapped_column(String(64))  # of the finding: word.legal
    why: Mapped[str] = mapped_column(Text)  # console.core.i18n.Text as JSON; names the word
    source: Mapped[str] = mapped_column(Text)  # behind the list
    messages: Mapped[int]
