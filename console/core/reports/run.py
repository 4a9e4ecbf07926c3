"""What screens call: it loads the writer of workbooks when the first export is asked for, not at start-up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from console.core import paths
from console.core.context import Context
from console.core.protection.permits import Permit
from console.core.reports import requests
from console.core.reports.requests import Request
from console.core.security.permissions import Permission
from db.models import Batch, BatchKind, Campaign

if TYPE_CHECKING:
    from console.core.reports.export import Exported, Tell


@dataclass(frozen=True, kw_only=True)
class CampaignChoice:
    campaign_id: int
    name: str


def export(
    ctx: Context, request: Request, target: Path, tell: Tell | None = None, *, permit: Permit | None = None
) -> Exported:
    """``console.core.reports.export.export``."""
    from console.core.reports.export import export as write  # noqa: PLC0415 - openpyxl costs a quarter of a second

    return write(ctx, request, target, tell, permit=permit)


def suggested_path(ctx: Context, request: Request) -> Path:
    """Folder of the settings, or the documents folder; a name that says what is in it. Raises UserError."""
    folder = ctx.settings.text("export.folder")
    with ctx.database.read() as session:
        name = requests.file_name(session, request)
    return (Path(folder) if folder else paths.documents_folder()) / name


def campaign_choices(ctx: Context, limit: int = 500) -> list[CampaignChoice]:
    """Campaigns that were ever submitted, newest first."""
    ctx.require(Permission.REPORTS_EXPORT)
    query = (
        select(Campaign.id, Campaign.name)
        .where(Campaign.id.in_(select(Batch.campaign_id).where(Batch.kind == BatchKind.CAMPAIGN)))
        .order_by(Campaign.id.desc())
        .limit(limit)
    )
    with ctx.database.read() as session:
        return [CampaignChoice(campaign_id=row.id, name=row.name) for row in session.execute(query)]
