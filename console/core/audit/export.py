"""The audit trail as it is filtered, as a workbook, with the fingerprints and what the last verification found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from console.core.audit.browse import AuditFilter, audit_ids, audit_rows
from console.core.audit.checking import explained, last_check
from console.core.audit.words import AREAS, action_title, actor_title, detail_words, subject_title
from console.core.context import Context
from console.core.customers.errors_workbook import replacing
from console.core.format import local_datetime
from console.core.i18n import T, clauses, tr
from console.core.listing import Sort
from console.core.logs import masked_numbers
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.security.permissions import Permission
from db.paging import chunked

Tell = Callable[[int, int], None]  # rows done, rows in all; may raise to stop
_CHUNK = 500
_COLUMNS = (
    Column(title=T("Entry"), kind=Kind.COUNT, width=8),
    Column(title=T("Time"), kind=Kind.MOMENT, width=20),
    Column(title=T("Who"), width=14),
    Column(title=T("What"), width=26),
    Column(title=T("About"), width=20),
    Column(title=T("Details"), width=70),
    Column(title=T("Action (as stored)"), kind=Kind.CODE, width=22),
    Column(title=T("Subject (as stored)"), kind=Kind.CODE, width=18),
    Column(title=T("Fingerprint"), kind=Kind.CODE, width=66),
)


def export_audit(ctx: Context, wanted: AuditFilter, path: Path, tell: Tell | None = None) -> int:
    """Write what fits, oldest first; how many entries. Raises NotPermitted, EnvironmentTrouble, and as ``tell``."""
    from console.core.reports import workbook  # noqa: PLC0415 - loads openpyxl

    ctx.require(Permission.AUDIT_VIEW)
    report = tell or (lambda done, total: None)
    check = last_check(ctx)
    verified = tr("The trail has not been verified yet.")
    if check is not None:
        verified = tr("{finding} Verified {time}.", finding=str(explained(check)), time=local_datetime(check.at))
    by = tr("Exported by {name} at {time}", name=ctx.actor.name, time=local_datetime(ctx.clock.now()))
    lines = (described(wanted), verified, by, tr("Mobile numbers are masked."))
    heading = workbook.Heading(title=tr("Audit trail"), lines=lines, author=ctx.actor.name)
    ids = audit_ids(ctx, wanted, Sort("at"))
    with replacing(path) as fresh:
        sheet = Sheet(name=T("Audit trail"), columns=_COLUMNS, rows=_rows(ctx, ids), total=len(ids))
        rows = workbook.write_file(fresh, [sheet], heading, lambda done: report(done, len(ids)))
        with ctx.database.begin() as session:
            ctx.audit(session, "audit.export", "audit", file=path.name, rows=rows, filter=described(wanted))
    report(len(ids), len(ids))
    return rows


def described(wanted: AuditFilter) -> str:
    """The filter in words."""
    parts = []
    if wanted.actor:
        parts.append(tr("Person: {name}", name=actor_title(wanted.actor)))
    if wanted.area:
        parts.append(tr("Area: {name}", name=str(AREAS.get(wanted.area, wanted.area))))
    if wanted.subject:
        parts.append(tr("About: {name}", name=subject_title(wanted.subject)))
    if wanted.since is not None or wanted.until is not None:
        first, last = (day.isoformat() if day else "" for day in (wanted.since, wanted.until))
        parts.append(tr("Days: {first} – {last}", first=first, last=last))
    if wanted.text:
        parts.append(tr("Search: {text}", text=masked_numbers(wanted.text)))
    return clauses(parts) if parts else tr("All entries")


def _rows(ctx: Context, ids: Sequence[int]) -> Iterator[Row]:
    for chunk in chunked(ids, _CHUNK):
        for row in audit_rows(ctx, chunk):
            yield (
                row.id,
                row.at,
                actor_title(row.actor),
                action_title(row.action),
                subject_title(row.subject),
                detail_words(row.detail),
                row.action,
                row.subject,
                row.hash,
            )
