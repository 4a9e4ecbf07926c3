from __future__ import annotations

import json
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from console.core.context import Context
from console.core.customers.secrets import sealer
from console.core.errors import NotPermitted, UserError
from console.core.protection.digests import erased_refusals
from console.core.protection.erasure import Gone, NoGround, OnItsWay, erase, standing
from console.core.protection.handover import gather, hand_over
from db import audit
from db.models import (
    AuditEntry,
    Consent,
    Customer,
    CustomerPhone,
    Erasure,
    ImportedCustomer,
    ImportedLoan,
    Loan,
    LoanState,
    Message,
    MessageState,
    Suppression,
)
from tests.protection_world import (
    ACCOUNT,
    ID_NUMBER,
    NAME,
    NUMBER,
    PHONE,
    SECOND,
    SECRETS,
    SHARED,
    Planted,
    everything,
)

BASIS = "asked in writing on 2026-11-20, passport seen"


def test_after_an_erasure_nothing_of_the_person_can_be_read(supervisor_ctx: Context, planted: Planted) -> None:
    before = everything(supervisor_ctx.database)
    assert all(secret in before for secret in (NAME, NUMBER, PHONE, SECOND))
    done = erase(supervisor_ctx, planted.id, f"{BASIS}, tel {PHONE}, {NAME}")
    after = everything(supervisor_ctx.database)
    assert [secret for secret in SECRETS if secret in after] == []
    assert SHARED in after  # the neighbour's own number
    assert done.left == ()
    assert "Pays for ***, ***" in after
    assert PHONE not in done.certificate
    assert "欧***" in done.certificate
    with supervisor_ctx.database.read() as session:
        assert audit.verify(session).sound
        assert session.scalars(select(Customer.id)).all() == [planted.neighbour]
        for journal, table in ((ImportedCustomer.customer_id, Customer), (ImportedLoan.loan_id, Loan)):
            assert session.scalars(select(journal).where(journal.not_in(select(table.id)))).all() == []
        kept = session.scalars(select(Message).order_by(Message.id)).all()
        assert [(row.state, row.customer_id, row.body) for row in kept] == [
            (MessageState.DELIVERED, None, ""),
            (MessageState.UNDELIVERED, None, ""),
        ]
        assert kept[0].digest == "d" * 64
        assert session.scalars(select(Erasure.customer_id)).all() == [planted.id]
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "subject.erase")).one()
        assert BASIS in json.loads(entry.detail)["basis"]


def test_numbers_of_others_stay_as_they_are(supervisor_ctx: Context, planted: Planted) -> None:
    """A longer number that happens to hold the person's, and a customer number inside a phone."""
    longer = f"62{PHONE}99"
    with supervisor_ctx.database.begin() as session:
        session.get_one(Customer, planted.neighbour).extra = {"card": longer, "note": [f"ask 86{PHONE}.", "x"]}
        session.get_one(Customer, planted.id).number = SHARED[2:9]
    erase(supervisor_ctx, planted.id, BASIS)
    with supervisor_ctx.database.read() as session:
        other = session.get_one(Customer, planted.neighbour)
        assert (other.phone, other.extra) == (SHARED, {"card": longer, "note": ["ask ***.", "x"]})


def test_what_was_refused_stays_refused(supervisor_ctx: Context, planted: Planted) -> None:
    erase(supervisor_ctx, planted.id, BASIS)
    with supervisor_ctx.database.read() as session:
        assert session.scalars(select(Suppression.phone)).all() == [SHARED]
        assert erased_refusals(session, {PHONE, SECOND, "13800000000"}) == {
            PHONE: frozenset({"marketing"}),
            SECOND: frozenset({"all", "marketing"}),
        }


def test_an_open_loan_keeps_what_its_contract_needs(supervisor_ctx: Context, planted: Planted) -> None:
    with supervisor_ctx.database.begin() as session:
        session.get_one(Loan, planted.loan).state = LoanState.OVERDUE
    told = standing(supervisor_ctx, planted.id)
    assert not told.whole
    assert "Open loans: 1" in str(told.reasons[0])
    done = erase(supervisor_ctx, planted.id, BASIS)
    assert not done.whole
    with supervisor_ctx.database.read() as session:
        person = session.get_one(Customer, planted.id)
        assert (person.name, person.phone, person.birthday, person.tags, person.extra) == (NAME, PHONE, None, [], {})
        assert session.scalar(select(func.count()).select_from(CustomerPhone)) == 0
        last = session.scalars(select(Consent).order_by(Consent.id.desc())).first()
        assert last is not None
        assert (last.purpose, last.granted) == ("marketing", False)


def test_who_may_and_when(ctx: Context, supervisor_ctx: Context, planted: Planted) -> None:
    with pytest.raises(NotPermitted):
        erase(ctx, planted.id, BASIS)
    with pytest.raises(NoGround):
        erase(supervisor_ctx, planted.id, " ok ")
    with pytest.raises(Gone):
        erase(supervisor_ctx, 99_999, BASIS)
    with supervisor_ctx.database.begin() as session:
        session.get_one(Message, planted.messages[0]).state = MessageState.SENDING
    with pytest.raises(OnItsWay):
        erase(supervisor_ctx, planted.id, BASIS)
    assert NAME in everything(supervisor_ctx.database)


def test_what_still_waits_is_cancelled(supervisor_ctx: Context, planted: Planted) -> None:
    with supervisor_ctx.database.begin() as session:
        session.get_one(Message, planted.messages[0]).state = MessageState.WAITING
    erase(supervisor_ctx, planted.id, BASIS)
    with supervisor_ctx.database.read() as session:
        row = session.get_one(Message, planted.messages[0])
        assert (row.state, row.reason, row.phone) == (MessageState.CANCELLED, "customer.erased", "")


def test_a_customers_own_data_in_two_files(
    ctx: Context, supervisor_ctx: Context, planted: Planted, tmp_path: Path
) -> None:
    with pytest.raises(NotPermitted):
        hand_over(ctx, planted.id, tmp_path / "no.xlsx", BASIS)
    with pytest.raises(UserError):
        hand_over(supervisor_ctx, planted.id, tmp_path / "no.xlsx", "")
    with ctx.database.begin() as session:
        ctx.audit(session, "customer.reveal_phone", f"customer:{planted.id}", reason="call back")
    done = hand_over(supervisor_ctx, planted.id, tmp_path / "own.xlsx", BASIS)
    record = json.loads(done.json.read_text("utf-8"))
    assert record["customer"][0]["id_number"] == ID_NUMBER
    assert record["loan"][0]["account_number"] == ACCOUNT
    assert {row["body"] for row in record["message"]} == {f"【示例银行】{NAME}您好"}
    assert record["looks"][0]["actor"] == "officer"
    assert {"consent", "suppression", "inbound_message", "contact", "circumstance", "instalment"} <= set(record)
    assert all("邻居" not in json.dumps(rows, ensure_ascii=False) for rows in record.values())
    book = CalamineWorkbook.from_path(str(done.workbook))
    cells = {str(cell) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row}
    assert {NAME, NUMBER, PHONE, ID_NUMBER, ACCOUNT} <= cells
    assert done.workbook.stat().st_mode & 0o077 == 0
    with supervisor_ctx.database.read() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first() == "subject.export"


def test_nothing_is_left_to_hand_over(supervisor_ctx: Context, planted: Planted) -> None:
    erase(supervisor_ctx, planted.id, BASIS)
    with pytest.raises(Gone):
        gather(supervisor_ctx, planted.id, sealer(supervisor_ctx.database))
