"""The outbox: the only contract between the window and the dispatcher.

waiting -> claimed -> sending -> accepted -> delivered | undelivered | expired
waiting, claimed -> suppressed | cancelled
sending -> refused | waiting (only with proof that nothing left) | unknown
unknown -> delivered | undelivered | expired (a late report) | waiting, accepted or cancelled (a person)
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigId, EnumValue, Id, Money, UtcDateTime


class BatchKind(StrEnum):
    CAMPAIGN = "campaign"
    TEST = "test"
    REPLY = "reply"


class BatchState(StrEnum):
    BUILDING = "building"  # being frozen; never shown for approval
    PENDING = "pending"  # whole, waits for a checker
    OPEN = "open"  # its messages may be claimed
    PAUSED = "paused"
    CANCELLED = "cancelled"  # what still waits never leaves
    VOID = "void"  # returned or thrown away before it ever opened
    FINISHED = "finished"  # nothing waits, nothing is on its way out


class Batch(Base):
    __tablename__ = "batch"
    __table_args__ = (
        Index("ix_batch_state_priority", "state", "priority"),
        Index("ix_batch_campaign_id", "campaign_id"),
    )

    id: Mapped[Id]
    kind: Mapped[BatchKind] = mapped_column(EnumValue(BatchKind))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    class_key: Mapped[str] = mapped_column(String(32))
    state: Mapped[BatchState] = mapped_column(EnumValue(BatchState))
    priority: Mapped[int] = mapped_column(default=5)  # 0 first
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))
    schedule: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # core.campaigns.schedule.Schedule
    messages: Mapped[int] = mapped_column(default=0)
    parts: Mapped[int] = mapped_column(default=0)
    excluded: Mapped[int] = mapped_column(default=0)
    rules: Mapped[int] = mapped_column(default=1, server_default="1")  # version of the rule pack that judged
    digest: Mapped[str] = mapped_column(String(64), default="")  # over recipients, texts, schedule, route
    seal: Mapped[str] = mapped_column(String(64), default="", server_default="")  # core.sending.seals: keyed, over this
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BatchFlow(Base):
    """What has left of a batch that keeps a pace or is spread evenly; its row is held by whoever claims."""

    __tablename__ = "batch_flow"

    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # core.campaigns.flow.Flow


class MessageState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN = "unknown"


_WAITS = text("state = 'waiting'")
_DONE = text("done_at IS NOT NULL")
_LEFT = text("sending_at IS NOT NULL")
_OF_A_LOAN = text("loan_id IS NOT NULL")


class Message(Base):
    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("batch_id", "recipient"),  # I1: once for its recipient
        Index("ix_message_batch_id_state_id", "batch_id", "state", "id"),
        Index("ix_message_state_lease_until", "state", "lease_until"),
        Index("ix_message_customer_id_created_at", "customer_id", "created_at"),
        Index(
            "ix_message_customer_id_sending_at", "customer_id", "sending_at", sqlite_where=_LEFT, postgresql_where=_LEFT
        ),
        Index("ix_message_phone_accepted_at", "phone", "accepted_at"),
        Index("ix_message_line_id_accepted_at", "line_id", "accepted_at"),
        Index("ix_message_waiting", "batch_id", "not_before", "id", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("ix_message_done_at_state", "done_at", "state", sqlite_where=_DONE, postgresql_where=_DONE),
        Index("ix_message_sending_at", "sending_at", sqlite_where=_LEFT, postgresql_where=_LEFT),
        Index("ix_message_loan_id", "loan_id", sqlite_where=_OF_A_LOAN, postgresql_where=_OF_A_LOAN),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    loan_id: Mapped[int | None] = mapped_column(ForeignKey("loan.id"))
    phone: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str] = mapped_column(String(64))  # the phone, or phone:loan id where the text is about one loan
    body: Mapped[str] = mapped_column(Text)  # signature included, exactly what leaves
    parts: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))  # keyed, over batch, phone, body: a changed row never leaves
    variant: Mapped[int | None]  # of the template's version, from 1; None: its main text
    state: Mapped[MessageState] = mapped_column(EnumValue(MessageState), default=MessageState.WAITING)
    reason: Mapped[str] = mapped_column(String(64), default="")  # code: cms.38, hours, tp.49
    reason_text: Mapped[str] = mapped_column(Text, default="")  # console.core.i18n.Text as JSON
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)  # set by a retry or by contact hours
    told_amount: Mapped[Decimal | None] = mapped_column(Money)  # yuan: what the text says is due on the loan
    told_due: Mapped[date | None]  # of the instalment that it speaks of
    attempts: Mapped[int] = mapped_column(default=0)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))
    owner: Mapped[str] = mapped_column(String(64), default="")  # dispatcher run that holds the lease
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PartState(StrEnum):
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FORWARDED = "forwarded"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class MessagePart(Base):
    """One row per part and attempt, written before the part can leave."""

    __tablename__ = "message_part"
    __table_args__ = (
        UniqueConstraint("message_id", "sequence", "attempt"),
        Index("ix_message_part_line_id_reference_state", "line_id", "reference", "state"),
        Index("ix_message_part_identity", "sender_identity", "reference", "state", "sending_at"),
        Index("ix_message_part_line_id_sending_at", "line_id", "sending_at"),
    )

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    sequence: Mapped[int]
    attempt: Mapped[int]
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    state: Mapped[PartState] = mapped_column(EnumValue(PartState))
    sender_identity: Mapped[str] = mapped_column(String(40), default="")  # IMSI the reference is relative to
    reference: Mapped[str] = mapped_column(String(64), default="")
    concat_reference: Mapped[int | None]  # what joins the parts on the phone; None for a message of one part
    phone: Mapped[str] = mapped_column(String(20))
    counted: Mapped[bool | None]  # as an attempt of its message; None: not known, from an earlier version
    error: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[str] = mapped_column(String(16), default="")  # raw TP-Status of the last report
    sending_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Receipt(Base):
    """A delivery report as it came, stored before anyone tries to match it."""

    __tablename__ = "receipt"
    __table_args__ = (
        Index("ix_receipt_part_id", "part_id"),
        Index("ix_receipt_found", "matched", "reference", "recipient"),
    )

    id: Mapped[Id]
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    sender_identity: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(16))  # gsm.messages.DeliveryOutcome
    status: Mapped[str] = mapped_column(String(16))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raw: Mapped[str] = mapped_column(Text)
    matched: Mapped[bool] = mapped_column(default=False)
    part_id: Mapped[int | None] = mapped_column(ForeignKey("message_part.id"))


class InboundMessage(Base):
    __tablename__ = "inbound_message"
    __table_args__ = (
        Index("ix_inbound_message_sender_received_at", "sender", "received_at"),
        Index("ix_inbound_message_customer_id", "customer_id"),
    )

    id: Mapped[Id]
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    sender: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text)
    complete: Mapped[bool] = mapped_column(default=True)
    undecodable: Mapped[bool] = mapped_column(default=False)
    flash: Mapped[bool] = mapped_column(default=False)
    remarks: Mapped[list[Any]] = mapped_column(JSON, default=list)  # dumped Texts: what the body does not tell
    customer_id: Mapped[int | None] = mapped_column(BigId)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
