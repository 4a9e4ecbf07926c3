"""A planted number is looked for in everything that leaves the program, and in every list."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from console.core.audit.browse import AuditFilter
from console.core.audit.export import export_audit
from console.core.campaigns.messages import MessageFilter, exclusion_ids, exclusion_rows, message_ids, message_rows
from console.core.context import Context
from console.core.customers.browse import CustomerFilter, Sort, customer_ids, customer_rows
from console.core.customers.detail import (
    NoReason,
    NothingToReveal,
    customer_detail,
    reveal_account,
    reveal_id,
    reveal_phone,
)
from console.core.customers.export import export_customers
from console.core.errors import NotPermitted
from console.core.finding import find_customers
from console.core.lines.terminal import hidden
from console.core.listing import Sort as Order
from console.core.logs import MaskingFormatter
from console.core.protection.looks import LookFilter, look_ids, look_rows
from console.core.protection.requests import ask_for_customers, request_ids, request_rows
from console.core.reports import run
from console.core.reports.period import Period
from console.core.reports.preview import preview
from console.core.reports.requests import Report, Request
from console.shell.crash import report_of
from db.models import AuditEntry, Batch, Campaign, CampaignState, Loan
from tests.protection_world import ACCOUNT, ID_NUMBER, PHONE, SECOND, SHARED, Planted

NUMBERS = (PHONE, SECOND, SHARED, ID_NUMBER, ACCOUNT)
PERIOD = Period(date(2026, 11, 1), date(2026, 11, 23))


@pytest.fixture
def campaign(ctx: Context, planted: Planted) -> int:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        row = Campaign(
            name="年底", class_key="marketing_offer", audience={"kind": "filter", "filter": {}},
            state=CampaignState.FINISHED, batch_id=planted.batch, created_by=ctx.actor.user_id, created_at=now,
            updated_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        batch = session.get_one(Batch, planted.batch)
        batch.campaign_id, batch.class_key = row.id, "market"
        row.class_key = "market"
        return row.id


@pytest.fixture
def typed(ctx: Context, planted: Planted) -> None:
    """People write numbers where none belong."""
    reveal_phone(ctx, planted.id, f"called from {PHONE}")
    reveal_id(ctx, planted.id, f"compare with {ID_NUMBER}")
    ask_for_customers(ctx, CustomerFilter(text=PHONE), f"see {SECOND}")


def _book(path: Path) -> str:
    book = CalamineWorkbook.from_path(str(path))
    return "\n".join(str(row) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python())


def _files(ctx: Context, auditor: Context, campaign: int, folder: Path) -> Iterator[tuple[str, str]]:
    export_customers(ctx, CustomerFilter(text=PHONE), Sort("number"), folder / "found.xlsx")
    export_customers(ctx, CustomerFilter(), Sort("number"), folder / "customers.xlsx")
    for report in Report:
        of_campaign = report is Report.CAMPAIGN
        request = Request(
            report=report, period=None if of_campaign else PERIOD, campaign_id=campaign if of_campaign else None
        )
        run.export(ctx, request, folder / f"{report.value}.xlsx")
        yield f"preview {report}", str(preview(ctx, request))
    export_audit(auditor, AuditFilter(), folder / "audit.xlsx")
    for path in sorted(folder.glob("*.xlsx")):
        yield path.name, _book(path)


def _lists(ctx: Context, auditor: Context, planted: Planted) -> Iterator[tuple[str, str]]:
    with ctx.database.read() as session:
        ids = customer_ids(session, CustomerFilter(), Sort("number"))
        yield "customers", str(customer_rows(session, list(ids)))
        yield "messages", str(message_rows(session, message_ids(session, planted.batch, MessageFilter(), Order("id"))))
        yield "left out", str(exclusion_rows(session, exclusion_ids(session, planted.batch, "")))
    detail = customer_detail(ctx, planted.id)  # an own field is shown as it was typed: it is edited there
    yield "customer", str(replace(detail, extra={}))
    yield "palette", str(find_customers(ctx, "欧阳"))
    yield "looks", str(look_rows(auditor, look_ids(auditor, LookFilter(), Order("at"))))
    yield "requests", str(request_rows(auditor, request_ids(auditor, Order(""))))


def test_no_number_leaves_in_full(
    ctx: Context, supervisor_ctx: Context, planted: Planted, campaign: int, typed: None, tmp_path: Path
) -> None:
    found = [*_files(ctx, supervisor_ctx, campaign, tmp_path), *_lists(ctx, supervisor_ctx, planted)]
    assert len(found) >= 18
    leaks = [(name, number) for name, text in found for number in NUMBERS if number in text]
    assert leaks == []
    texts = dict(found)
    for name in ("customers.xlsx", "campaign.xlsx", "details.xlsx", "customers", "messages"):
        assert "139****2222" in texts[name], name


def test_logs_crash_reports_and_the_terminal(ctx: Context) -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "sent to %s of %s, %s", (PHONE, ID_NUMBER, ACCOUNT), None)
    told = [
        MaskingFormatter("%(message)s").format(record),
        hidden(f'+CMT: "+86{PHONE}",,0'),
        hidden(f"AT+CPBF={PHONE}"),
    ]
    try:
        raise ValueError(f"no such customer {PHONE} {ID_NUMBER}")
    except ValueError as error:
        told.append(str(report_of(error, ctx.clock.now())))
    assert [(text, number) for text in told for number in NUMBERS if number in text] == []


def test_an_account_number_is_shown_for_a_reason_only(ctx: Context, admin_ctx: Context, planted: Planted) -> None:
    with ctx.database.read() as session:
        loan_id = session.scalars(select(Loan.id).where(Loan.account_cipher.is_not(None))).one()
    with pytest.raises(NotPermitted):
        reveal_account(admin_ctx, loan_id, "curious")
    with pytest.raises(NoReason):
        reveal_account(ctx, loan_id, "  ")
    with pytest.raises(NothingToReveal):
        reveal_account(ctx, loan_id + 1_000, "no such loan")
    assert reveal_account(ctx, loan_id, f"compare with {ACCOUNT}") == ACCOUNT
    with ctx.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.subject) == ("customer.reveal_account", f"customer:{planted.id}")
    assert ACCOUNT not in entry.detail
    with ctx.database.begin() as session:
        session.execute(update(Loan).where(Loan.id == loan_id).values(account_cipher=None))
    with pytest.raises(NothingToReveal):
        reveal_account(ctx, loan_id, "only its tail is known")
