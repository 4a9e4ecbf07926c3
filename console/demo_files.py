"""What the demo's staff have noted: instalments, calls, promises, a number of head office's list. All made up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from console.core.compliance.purpose import Purpose
from console.core.customers.loans import carry, computable, planned_of, rows
from console.demo_people import SEED
from db.models import (
    Circumstance,
    CircumstanceKind,
    Consent,
    Contact,
    ContactKind,
    Customer,
    Instalment,
    Loan,
    LoanState,
    Suppression,
)

SCHEDULES = 24  # loans whose instalments are on file
_SHORT = 36  # months: a mortgage's 360 rows say no more and take longer
_CALLS = (
    (True, "客户表示发薪日后还款，已提醒逾期可能影响征信。"),
    (False, ""),
    (True, "客户询问提前还款流程，已告知到网点办理。"),
    (True, "客户在外地出差，约定下周一再联系。"),
    (False, ""),
)
_REMARKS = (
    "偏好下午联系，不方便接电话时可发短信。",
    "已提醒更新工作单位和收入证明。",
    "客户家属代办业务，需本人授权书。",
)


def add_files(session: Session, now: datetime, staff: int) -> None:
    """``staff``: the user who noted all of it."""
    dice = random.Random(SEED + 1)  # noqa: S311 - made-up notes, not secrets
    loans = session.scalars(select(Loan).where(Loan.term_months <= _SHORT).order_by(Loan.id)).all()
    _schedules(session, [loan for loan in loans if computable(loan) is None][:SCHEDULES], now)
    late = [loan for loan in loans if loan.state is LoanState.OVERDUE]
    _contacts(session, dice, late, now, staff)
    _circumstances(session, late, now, staff)
    _said(session, late, now)


def _schedules(session: Session, loans: Sequence[Loan], now: datetime) -> None:
    session.execute(insert(Instalment), [row for loan in loans for row in rows(loan, planned_of(loan))])
    for loan in loans:
        if loan.state is not LoanState.SETTLED:
            carry(session, loan, now)


def _contacts(session: Session, dice: random.Random, late: Sequence[Loan], now: datetime, staff: int) -> None:
    made = []
    for loan in late:
        for _ in range(dice.randint(1, 3)):
            connected, body = dice.choice(_CALLS)
            at = now - timedelta(days=dice.randint(1, 40), minutes=dice.randint(0, 300))
            made.append(_contact(loan, ContactKind.CALL, body, connected, at, staff))
        at = now - timedelta(days=dice.randint(41, 90))
        made.append(_contact(loan, ContactKind.NOTE, dice.choice(_REMARKS), None, at, staff))
    session.execute(insert(Contact), made)


def _contact(
    loan: Loan, kind: ContactKind, body: str, connected: bool | None, at: datetime, staff: int
) -> dict[str, object]:
    return {
        "customer_id": loan.customer_id,
        "loan_id": loan.id,
        "kind": kind,
        "at": at,
        "connected": connected,
        "body": body,
        "created_by": staff,
        "created_at": at,
    }


def _circumstances(session: Session, late: Sequence[Loan], now: datetime, staff: int) -> None:
    told = (
        (CircumstanceKind.PROMISED, "客户来电承诺结清本期，已记录。", now + timedelta(days=4)),
        (CircumstanceKind.DISPUTED, "客户对罚息金额有异议，正在核对。", None),
        (CircumstanceKind.BEREAVED, "家中有亲人去世，暂缓联系。", now + timedelta(days=30)),
    )
    session.add_all(
        Circumstance(
            customer_id=loan.customer_id,
            loan_id=loan.id if kind is CircumstanceKind.PROMISED else None,
            kind=kind,
            until=until,
            note=note,
            created_by=staff,
            created_at=now - timedelta(days=2),
        )
        for loan, (kind, note, until) in zip(late, told, strict=False)
    )


def _said(session: Session, late: Sequence[Loan], now: datetime) -> None:
    """A consent that was given and taken back, and a number that head office wants left alone."""
    first, last = late[0].customer_id, late[-1].customer_id
    for granted, source, evidence, days in (
        (True, "form", "授权书 2026-0117", 200),
        (False, "phone", "客服录音 8812", 30),
    ):
        session.add(
            Consent(
                customer_id=first,
                purpose=Purpose.MARKETING.value,
                granted=granted,
                source=source,
                evidence=evidence,
                at=now - timedelta(days=days),
            )
        )
    phone = session.scalars(select(Customer.phone).where(Customer.id == last)).one()
    session.add(
        Suppression(
            phone=phone,
            scope=Purpose.MARKETING.value,
            issuer="head_office",
            reason="总行免打扰名单",
            source="import",
            created_at=now - timedelta(days=10),
        )
    )
