"""The do-not-contact list as it is filtered, as a workbook. Numbers are masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.consents import SOURCE_TITLES
from console.core.customers.errors_workbook import replacing
from console.core.customers.suppressions import ISSUER_TITLES, SuppressionFilter, listed_ids, listed_rows, scope_title
from console.core.format import local_datetime
from console.core.i18n import T, tr
from console.core.listing import Sort
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.security.permissions import Permission
from db.paging import chunked

_COLUMNS = (
    Column(title=T("Mobile number"), kind=Kind.CODE, width=14),
    Column(title=T("Customer"), width=14),
    Column(title=T("Holds back"), width=18),
    Column(title=T("By word of"), width=12),
    Column(title=T("Reason"), width=30),
    Column(title=T("Known from"), width=18),
    Column(title=T("Put on"), kind=Kind.MOMENT, width=20),
    Column(title=T("Until"), kind=Kind.MOMENT, width=20),
)


def export_suppressions(
    ctx: Context, wanted: SuppressionFilter, sort: Sort, path: Path, progress: Callable[[int, int], None]
) -> int:
    """Write all that match; how many. Audited. Raises NotPermitted, EnvironmentTrouble."""
    from console.core.reports import workbook  # noqa: PLC0415 - loads openpyxl

    ctx.require(Permission.SUPPRESSIONS_VIEW)
    by = tr("Exported by {name} at {time}", name=ctx.actor.name, time=local_datetime(ctx.clock.now()))
    heading = workbook.Heading(title=tr("Do-not-contact list"), lines=(by,), author=ctx.actor.name)
    with replacing(path) as fresh:
        with ctx.database.read() as session:
            found = listed_ids(ctx, session, wanted, sort)
            page = Sheet(
                name=T("Do-not-contact list"), columns=_COLUMNS, rows=_rows(ctx, session, found), total=len(found)
            )
            written = workbook.write_file(fresh, [page], heading, lambda done: progress(done, len(found)))
        with ctx.database.begin() as session:
            ctx.audit(session, "suppression.export", "suppression", file=path.name, rows=written)
    return written


def _rows(ctx: Context, session: Session, found: Sequence[int]) -> Iterator[Row]:
    for chunk in chunked(found, 500):
        for row in listed_rows(ctx, session, chunk):
            source = str(SOURCE_TITLES.get(row.source, row.source))
            about = (row.phone, row.name, scope_title(row.scope), str(ISSUER_TITLES[row.issuer]), row.reason, source)
            yield (*about, row.created_at, row.until)
