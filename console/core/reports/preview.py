"""The first rows of each sheet, as text for the screen; phones are always masked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from console.core.context import Context
from console.core.reports import requests
from console.core.reports.requests import Request
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


def preview(ctx: Context, request: Request) -> list[PreviewSheet]:
    """Raises NotPermitted, UserError."""
    ctx.require(Permission.REPORTS_EXPORT)
    with ctx.database.read() as session:
        return [_sheet(sheet) for sheet in requests.sheets(session, replace(request, reveal=False), ctx.clock)]


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
