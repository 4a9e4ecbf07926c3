"""One person with something in every place where a person may stand, and a neighbour who shares a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from console.core.context import Context
from console.core.customers.secrets import seal
from db.base import Base
from db.engine import Database
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Circumstance,
    CircumstanceKind,
    Consent,
    Contact,
    ContactKind,
    Customer,
    CustomerPhone,
    Exclusion,
    InboundMessage,
    Instalment,
    Line,
    Loan,
    LoanState,
    Message,
    MessagePart,
    MessageState,
    PartState,
    Receipt,
    StagedRow,
    Suppression,
)

NAME, NUMBER, PHONE, SECOND, SHARED = "欧阳慧敏", "C-774411", "13911112222", "13933334444", "13955556666"
ID_NUMBER, ACCOUNT = "11010519491231002X", "6222021234567890123"
SECRETS = (NAME, NUMBER, PHONE, SECOND, ID_NUMBER, ACCOUNT)


@dataclass
class Planted:
    id: int
    neighbour: int
    loan: int
    messages: tuple[int, ...]
    batch: int


def everything(database: Database) -> str:
    """Every value of every table, as text: what somebody with the key would read."""
    with database.read() as session:
        return "\n".join(
            f"{table.name}: {tuple(row)!r}"
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        )


@pytest.fixture
def planted(ctx: Context) -> Planted:
    database, now = ctx.database, ctx.clock.now()
    identity, account = seal(database, ID_NUMBER), seal(database, ACCOUNT)
    old = now - timedelta(days=10)
    with database.begin() as session:
        person = Customer(
            number=NUMBER, name=NAME, pinyin="ouyanghuimin", initials="oyhm", phone=PHONE, phone_tail=PHONE[-4:],
            birthday=date(1949, 12, 31), tags=["老客户"], extra={"note": f"call {SECOND}"}, created_at=old,
            updated_at=old, id_cipher=identity.cipher, id_digest=identity.digest, id_tail=identity.tail,
        )  # fmt: skip
        neighbour = Customer(
            number="C-2", name="邻居", pinyin="linju", initials="lj", phone=SHARED, phone_tail=SHARED[-4:],
            created_at=old, updated_at=old,
        )  # fmt: skip
        line = Line(name="A", address="COM5", created_at=old)
        session.add_all([person, neighbour, line])
        session.flush()
        loan = Loan(
            customer_id=person.id, number="L-990011", product="房贷", principal=Decimal(100), state=LoanState.SETTLED,
            updated_at=old, account_tail=account.tail, account_cipher=account.cipher, account_digest=account.digest,
        )  # fmt: skip
        batch = Batch(
            kind=BatchKind.CAMPAIGN, class_key="marketing_offer", state=BatchState.FINISHED, messages=2,
            created_by=ctx.actor.user_id, created_at=old,
        )  # fmt: skip
        session.add_all([loan, batch])
        session.flush()
        session.add_all(
            [
                CustomerPhone(customer_id=person.id, phone=SECOND, created_at=old),
                CustomerPhone(customer_id=person.id, phone=SHARED, created_at=old),
                Instalment(loan_id=loan.id, sequence=1, due_on=date(2026, 1, 1)),
                Consent(customer_id=person.id, purpose="marketing", granted=False, source="reply", at=old),
                Suppression(phone=SECOND, scope="all", reason="asked", source="counter", created_at=old),
                Suppression(phone=SHARED, scope="care", reason="asked", source="counter", created_at=old),
                Circumstance(
                    customer_id=person.id, kind=CircumstanceKind.BEREAVED, note=NAME, created_by=ctx.actor.user_id,
                    created_at=old, ended_at=old,
                ),
                Contact(
                    customer_id=person.id, loan_id=loan.id, kind=ContactKind.CALL, at=old, body=f"{NAME} {PHONE}",
                    created_by=ctx.actor.user_id, created_at=old,
                ),
                Exclusion(batch_id=batch.id, customer_id=person.id, loan_id=loan.id, rule="cap.day", reason=""),
                InboundMessage(
                    line_id=line.id, sender=f"+86{PHONE}", body=f"我是{NAME}", raw="0011", customer_id=person.id,
                    received_at=old,
                ),
                StagedRow(import_id=1, row=2, number=NUMBER, name=NAME, pinyin="", initials="", phone=PHONE),
                # what somebody wrote elsewhere
                Contact(
                    customer_id=neighbour.id, kind=ContactKind.NOTE, at=old, body=f"Pays for {PHONE}, {ID_NUMBER}",
                    created_by=ctx.actor.user_id, created_at=old,
                ),
            ]
        )  # fmt: skip
        texts = [
            Message(
                batch_id=batch.id, customer_id=person.id, loan_id=loan.id, phone=phone, recipient=phone, parts=1,
                body=f"【示例银行】{NAME}您好", digest="d" * 64, state=state, created_at=old, sending_at=old,
                done_at=old,
            )
            for phone, state in ((PHONE, MessageState.DELIVERED), (SECOND, MessageState.UNDELIVERED))
        ]  # fmt: skip
        session.add_all(texts)
        session.flush()
        part = MessagePart(
            message_id=texts[0].id, sequence=1, attempt=1, line_id=line.id, state=PartState.DELIVERED, phone=PHONE,
            sending_at=old, reference="17",
        )  # fmt: skip
        session.add(part)
        session.flush()
        for part_id in (part.id, None):
            session.add(
                Receipt(
                    line_id=line.id, sender_identity="", reference="17", recipient=f"86{PHONE}", outcome="delivered",
                    status="00", received_at=old, raw=PHONE, part_id=part_id,
                )
            )  # fmt: skip
        tables = Base.metadata.tables
        if "import_change" in tables:
            session.execute(
                insert(tables["import_batch"]).values(
                    id=1, file_name="a.xlsx", file_digest="", sheet="", mapping={}, state="done",
                    created_by=ctx.actor.user_id, created_at=old,
                )
            )  # fmt: skip
            before = {"name": NAME, "phone": PHONE}
            session.execute(
                insert(tables["import_change"]).values(import_id=1, kind="customer", row_id=person.id, before=before)
            )
            session.execute(insert(tables["imported_customer"]).values(import_id=1, customer_id=person.id))
            session.execute(insert(tables["imported_loan"]).values(import_id=1, loan_id=loan.id))
        return Planted(
            id=person.id, neighbour=neighbour.id, loan=loan.id, messages=tuple(each.id for each in texts),
            batch=batch.id,
        )  # fmt: skip
