"""Campaigns side by side as a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from console.core import paths
from console.core.campaigns.compare import Comparison, Line, compare
from console.core.context import Context
from console.core.i18n import T, Text, tr
from console.core.messages.difference import Change, Stretch
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.security.permissions import Permission


def suggested_path(ctx: Context) -> Path:
    folder = ctx.settings.text("export.folder")
    day = ctx.clock.now().astimezone().date().isoformat()
    return (Path(folder) if folder else paths.documents_folder()) / tr("Campaigns compared {day}.xlsx", day=day)


def export_comparison(ctx: Context, campaign_ids: Sequence[int], target: Path) -> Path:
    """Write it, whole or not at all, and put it on record. No customer stands in it.

    Raises NotPermitted, NotComparable, CampaignGone, EnvironmentTrouble.
    """
    from console.core.reports.export import export_sheets  # noqa: PLC0415 - openpyxl costs a quarter of a second

    ctx.require(Permission.REPORTS_EXPORT)
    found = compare(ctx, campaign_ids)
    return export_sheets(
        ctx, sheets(found), tr("Campaigns compared"), target, "report:compare",
        report="compare", campaigns=list(found.campaign_ids),
    )  # fmt: skip


def sheets(found: Comparison) -> list[Sheet]:
    return [
        _side_by_side(T("Settings"), found, found.settings),
        _wording(found),
        _people(found),
        _side_by_side(T("Results"), found, found.results),
        *([_side_by_side(T("Texts"), found, found.texts)] if found.texts else []),
        _side_by_side(T("Causes"), found, found.failures),
    ]


def _side_by_side(name: Text, found: Comparison, lines: Sequence[Line]) -> Sheet:
    rows: list[Row] = [(str(line.title), *line.values, tr("yes") if line.differs else tr("no")) for line in lines]
    campaigns = [Column(title=T("{name}", name=each), width=32) for each in found.names]
    columns = (Column(title=T("Item"), width=28), *campaigns, Column(title=T("Differs"), width=10))
    return Sheet(name=name, columns=columns, rows=iter(rows), total=len(rows))


def _wording(found: Comparison) -> Sheet:
    rows: list[Row] = list(_changes(found))
    columns = (
        Column(title=T("Campaign"), width=32),
        Column(title=T("Change"), width=12),
        Column(title=T("Text"), width=80),
    )
    return Sheet(name=T("Text"), columns=columns, rows=iter(rows), total=len(rows))


_KINDS = {Change.SAME: T("the same"), Change.ADDED: T("added"), Change.REMOVED: T("removed")}


def _changes(found: Comparison) -> Iterator[Row]:
    for name, stretches in zip(found.names, found.wording, strict=True):
        for each in stretches or (Stretch(Change.SAME, ""),):
            yield name, str(_KINDS[each.change]), each.text
    for variant in found.variants:
        for each in variant.stretches or (Stretch(Change.SAME, ""),):
            yield f"{found.names[variant.campaign]} · {variant.title}", str(_KINDS[each.change]), each.text


def _people(found: Comparison) -> Sheet:
    rows: list[Row] = [
        (found.names[each.first], found.names[each.second], each.only_first, each.both, each.only_second)
        for each in found.overlaps
    ]
    columns = (
        Column(title=T("First campaign"), width=32),
        Column(title=T("Second campaign"), width=32),
        Column(title=T("Only in the first"), kind=Kind.COUNT, width=18),
        Column(title=T("In both"), kind=Kind.COUNT),
        Column(title=T("Only in the second"), kind=Kind.COUNT, width=18),
    )
    return Sheet(name=T("Customers"), columns=columns, rows=iter(rows), total=len(rows))
