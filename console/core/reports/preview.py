"""The first rows of each sheet, as text for the screen; phones are always masked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from console.core.context import Context
from console.core.reports import daily, requests
from console.core.reports.figures import Counts
from console.core.reports.requests import Report, Request
from console.core.reports.table import NUMERIC, Column, Row, Sheet, shown
from console.core.security.permissions import Permission

ROWS = 200


@dataclass(frozen=True, kw_only=True)
class PreviewSheet:
    name: str
    headers: Sequence[str]
    widths: Sequence[int]  # characters
    numeric: Sequence[bool]
    rows: Sequence[tuple[str, ...]]
    total: int  # rows of the whole sheet
    closing: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Day:
    day: date
    counts: Counts


@dataclass(frozen=True, kw_only=True)
class Preview:
    about: str  # the campaign's name or the period
    sheets: Sequence[PreviewSheet]
    days: Sequence[Day]  # for a chart; only of the daily report


def preview(ctx: Context, request: Request) -> Preview:
    """Raises NotPermitted, UserError."""
    ctx.require(Permission.REPORTS_EXPORT)
    with ctx.database.read() as session:
        about = requests.about(session, request)
        if request.report is Report.DAILY:
            found = daily.load(session, requests.period_of(request))
            days = [Day(day=day, counts=counts) for day, counts in found.days()]
            return Preview(about=about, sheets=[_sheet(sheet) for sheet in found.sheets()], days=days)
        made = requests.sheets(session, replace(request, reveal=False), ctx.clock, limit=ROWS)
        return Preview(about=about, sheets=[_sheet(sheet) for sheet in made], days=())


def _sheet(sheet: Sheet) -> PreviewSheet:
    return PreviewSheet(
        name=str(sheet.name),
        headers=[str(column.title) for column in sheet.columns],
        widths=[column.width for column in sheet.columns],
        numeric=[column.kind in NUMERIC for column in sheet.columns],
        rows=[_texts(row, sheet.columns) for row in islice(sheet.rows, ROWS)],
        total=sheet.total,
        closing=None if sheet.closing is None else _texts(sheet.closing, sheet.columns),
    )


def _texts(row: Row, columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(shown(value, column.kind) for value, column in zip(row, columns, strict=True))
