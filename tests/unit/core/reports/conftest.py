"""A day at the branch: two lines, a campaign with every outcome, a test message, and people left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from console.core.i18n import T
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Customer,
    Decision,
    Exclusion,
    Line,
    Loan,
    Message,
    MessagePart,
    MessageState,
    PartState,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from console.core.context import Context

TODAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in China
YESTERDAY_LATE = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # 23:30 in China, still the 22nd
TODAY_EARLY = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # 00:30 in China, already the 23rd

NAMES = ["李强", "=1+1", "+8613800138000", "-2", "@SUM(A1)", "\t制表", "#N/A", "王\x07芳", "欧阳修", "张三"]


@dataclass(frozen=True)
class Office:
    ctx: Context
    campaign_id: int
    batch_id: int
    test_batch_id: int


def _customer(session: Session, number: int, name: str) -> Customer:
    phone = f"138001380{number:02}"
    customer = Customer(
        number=f"{number:08}", name=name, pinyin="x", initials="x", phone=phone, phone_tail=phone[-4:],
        created_at=TODAY, updated_at=TODAY,
    )  # fmt: skip
    session.add(customer)
    session.flush()
    return customer


def _message(batch: Batch, customer: Customer, state: MessageState, **fields: object) -> Message:
    return Message(
        batch_id=batch.id, customer_id=customer.id, phone=customer.phone, recipient=customer.phone,
        body=f"【示例银行】尊敬的{customer.name}，请于11月30日前还款。", parts=1, digest="0" * 64, state=state,
        created_at=TODAY, **fields,
    )  # fmt: skip


# state, when it left, its reason
JOURNEYS: list[tuple[MessageState, datetime | None, str]] = [
    (MessageState.DELIVERED, TODAY, ""),
    (MessageState.DELIVERED, YESTERDAY_LATE, ""),
    (MessageState.DELIVERED, TODAY_EARLY, ""),
    (MessageState.UNDELIVERED, TODAY, "tp.49"),
    (MessageState.REFUSED, TODAY, "cms.38"),
    (MessageState.UNKNOWN, TODAY, "port.gone"),
    (MessageState.ACCEPTED, TODAY, ""),
    (MessageState.WAITING, None, ""),
    (MessageState.SUPPRESSED, None, "cap.day"),
    (MessageState.CANCELLED, None, ""),
]


@pytest.fixture
def office(ctx: Context, supervisor_ctx: Context) -> Office:
    with ctx.database.begin() as session:
        lines = [Line(name=name, address=f"COM{n}", created_at=TODAY) for n, name in enumerate(("模块一", "模块二"))]
        session.add_all(lines)
        campaign = Campaign(
            name="房贷11月还款提醒 (1/2)", class_key="reminder", audience={}, variables={},
            state=CampaignState.APPROVED, created_by=ctx.actor.user_id, created_at=TODAY, updated_at=TODAY,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        batch = _batch(ctx, BatchKind.CAMPAIGN, "reminder", len(JOURNEYS), campaign.id)
        test = _batch(ctx, BatchKind.TEST, "reminder", 1, None)
        session.add_all([batch, test])
        session.flush()
        campaign.batch_id = batch.id
        for number, (state, left_at, reason) in enumerate(JOURNEYS):
            _send(session, batch, number, state, left_at, reason, lines[number % 2])
        _send(session, test, 90, MessageState.DELIVERED, TODAY, "", lines[0])
        left_out = _customer(session, 50, "赵六")
        why = T("The customer has not agreed to marketing.").dump()
        session.add(Exclusion(batch_id=batch.id, customer_id=left_out.id, rule="consent.missing", reason=why))
        session.add(
            Decision(
                campaign_id=campaign.id, batch_id=batch.id, approved=True, digest="d" * 64, comment="同意",
                decided_by=supervisor_ctx.actor.user_id, decided_at=TODAY,
            )
        )  # fmt: skip
        ctx.audit(session, "campaign.create", f"campaign:{campaign.id}")
    return Office(ctx, campaign.id, batch.id, test.id)


def _batch(ctx: Context, kind: BatchKind, class_key: str, messages: int, campaign_id: int | None) -> Batch:
    return Batch(
        kind=kind, campaign_id=campaign_id, class_key=class_key, state=BatchState.OPEN, messages=messages,
        parts=messages, excluded=1 if campaign_id else 0, digest="d" * 64, created_by=ctx.actor.user_id,
        created_at=TODAY, opened_at=YESTERDAY_LATE,
    )  # fmt: skip


def _send(
    session: Session, batch: Batch, number: int, state: MessageState, left_at: datetime | None, reason: str, line: Line
) -> None:
    customer = _customer(session, number, NAMES[number] if number < len(NAMES) else "测试")
    loan = Loan(
        customer_id=customer.id, number=f"L{number:04}", product="房贷", amount_due=Decimal("3256.80"),
        due_on=date(2026, 11, 30), updated_at=TODAY,
    )  # fmt: skip
    session.add(loan)
    session.flush()
    accepted = left_at + timedelta(seconds=2) if left_at and state is not MessageState.REFUSED else None
    known = state in (MessageState.DELIVERED, MessageState.UNDELIVERED)
    message = _message(
        batch, customer, state, loan_id=loan.id, reason=reason, line_id=line.id if left_at else None,
        sending_at=left_at, accepted_at=accepted if state is not MessageState.UNKNOWN else None,
        done_at=left_at + timedelta(seconds=9) if left_at and known else None,
    )  # fmt: skip
    session.add(message)
    session.flush()
    if left_at:
        session.add(
            MessagePart(
                message_id=message.id, sequence=1, attempt=1, line_id=line.id,
                state=PartState.DELIVERED if known else PartState.ACCEPTED, phone=customer.phone, sending_at=left_at,
                accepted_at=message.accepted_at,
            )
        )  # fmt: skip
