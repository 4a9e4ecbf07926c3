"""Verbs of the audit page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.core import paths
from console.core.audit.browse import AuditFilter, AuditRow, actors, audit_ids, audit_rows
from console.core.audit.checking import Check, last_check, verify_trail
from console.core.audit.export import export_audit
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.shell.tasks import Progress

VERIFIED = Change.of(Topic.AUDIT)


@dataclass(frozen=True)
class Overview:
    check: Check | None
    actors: list[str]


def overview(ctx: Context) -> Overview:
    return Overview(last_check(ctx), actors(ctx))


def verify(ctx: Context, progress: Progress) -> Check:
    return verify_trail(ctx, progress)


def export(wanted: AuditFilter, target: Path) -> Callable[[Context, Progress], tuple[Path, int]]:
    return lambda ctx, progress: (target, export_audit(ctx, wanted, target, progress))


def folder(ctx: Context) -> Path:
    chosen = ctx.settings.text("export.folder")
    return Path(chosen) if chosen else paths.documents_folder()


def ids_of(wanted: AuditFilter) -> Callable[[Context, Sort], list[int]]:
    def load(ctx: Context, sort: Sort) -> list[int]:
        return audit_ids(ctx, wanted, sort)

    return load


def head_of(wanted: AuditFilter) -> Callable[[Context, Sort, int], list[int]]:
    return lambda ctx, sort, limit: audit_ids(ctx, wanted, sort, limit=limit)


def rows(ctx: Context, ids: Sequence[int]) -> list[AuditRow]:
    return audit_rows(ctx, ids)
