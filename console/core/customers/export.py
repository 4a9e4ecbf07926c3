"""The list as it is filtered, as a workbook. Numbers are masked unless a supervisor approved the very list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.browse import (
    LOAN_STATE_TITLES,
    CustomerFilter,
    CustomerRow,
    Sort,
    customer_ids,
    customer_rows,
)
from console.core.customers.errors_workbook import replacing
from console.core.customers.imports import require_settled
from console.core.customers.preparing import Progress
from console.core.format import local_datetime
from console.core.i18n import T, tr
from console.core.logs import masked_numbers
from console.core.protection.permits import Permit, digest_of, numbers_line, use
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.security.permissions import Permission
from db.models import Customer
from db.paging import chunked

_COLUMNS = (
    Column(title=T("Customer number"), kind=Kind.CODE, width=14),
    Column(title=T("Name"), width=12),
    Column(title=T("Form of address"), width=8),
    Column(title=T("Mobile number"), kind=Kind.CODE, width=14),
    Column(title=T("Region"), width=12),
    Column(title=T("Branch"), width=16),
    Column(title=T("Customer manager"), width=12),
    Column(title=T("Rating"), width=8),
    Column(title=T("Segment"), width=12),
    Column(title=T("Loans"), kind=Kind.COUNT, width=8),
    Column(title=T("Product"), width=12),
    Column(title=T("State of the loan"), width=10),
    Column(title=T("Due date"), kind=Kind.DATE, width=12),
    Column(title=T("Amount due"), kind=Kind.AMOUNT, width=14),
    Column(title=T("Updated"), kind=Kind.MOMENT, width=20),
)


def export_customers(
    ctx: Context,
    filter: CustomerFilter,  # noqa: A002 - the field's word
    sort: Sort,
    path: Path,
    progress: Progress | None = None,
    *,
    only: Sequence[int] = (),
    permit: Permit | None = None,
) -> int:
    """Write all that match, or ``only`` these; how many. Audited.

    Numbers are masked unless a ``permit`` is spent. Raises NotPermitted, NoPermit, ListChanged, EnvironmentTrouble.
    """
    from console.core.reports import workbook  # noqa: PLC0415 - loads openpyxl

    ctx.require(Permission.CUSTOMERS_VIEW)
    report = progress or (lambda done, total: None)
    about = masked_numbers(filter.describe()) or tr("All customers")
    by = tr("Exported by {name} at {time}", name=ctx.actor.name, time=local_datetime(ctx.clock.now()))
    heading = workbook.Heading(title=tr("Customers"), lines=(about, by, numbers_line(permit)), author=ctx.actor.name)
    with replacing(path) as fresh:
        with ctx.database.read() as session:
            require_settled(session)
            ids = list(only) or customer_ids(session, filter, sort)
            if permit is not None:
                permit.check(digest_of(ids), len(ids))
            rows_of = _rows(session, ids, full=permit is not None)
            sheet = Sheet(name=T("Customers"), columns=_COLUMNS, rows=rows_of, total=len(ids))
            rows = workbook.write_file(fresh, [sheet], heading, lambda done: report(done, len(ids)))
        with ctx.database.begin() as session:
            if permit is not None:
                use(ctx, session, permit)
            ctx.audit(
                session, "customer.export", "customers", file=path.name, rows=rows, filter=filter.told(),
                revealed=permit is not None,
            )  # fmt: skip
    report(len(ids), len(ids))
    return rows


def _rows(session: Session, ids: Sequence[int], *, full: bool) -> Iterator[Row]:
    for chunk in chunked(ids, 500):
        phones: dict[int, str] = {}
        if full:
            query = select(Customer.id, Customer.phone).where(Customer.id.in_(chunk))
            phones = {id_: phone for id_, phone in session.execute(query)}  # noqa: C416 - a Row is no tuple
        for row in customer_rows(session, chunk):
            yield _cells(replace(row, phone=phones.get(row.id, row.phone)))


def _cells(row: CustomerRow) -> Row:
    state = LOAN_STATE_TITLES.get(row.loan_state)
    return (
        row.number,
        row.name,
        row.title,
        row.phone,
        row.region,
        row.branch,
        row.manager,
        row.rating,
        row.segment,
        row.loans,
        row.product,
        str(state) if state else "",
        row.due_on,
        row.amount_due,
        row.updated_at,
    )
