"""Verbs of the rules page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from console.core.compliance import drafts, wordfile
from console.core.compliance.changing import Field
from console.core.compliance.describe import RuleChange
from console.core.compliance.overview import Overview, version_changes
from console.core.compliance.overview import overview as read_overview
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.messages.findings import Finding
from console.shell.tasks import Progress

CHANGED = Change.of(Topic.RULES, Topic.AUDIT)


def overview(ctx: Context) -> Overview:
    return read_overview(ctx)


def changes_of(number: int) -> Callable[[Context], list[RuleChange]]:
    return lambda ctx: version_changes(ctx, number)


def start(number: int | None = None) -> Callable[[Context], int]:
    return lambda ctx: drafts.start_draft(ctx, number)


def form_of(draft_id: int, rule: str) -> Callable[[Context], list[Field]]:
    return lambda ctx: drafts.form_of(ctx, draft_id, rule)


def change(draft_id: int, rule: str, values: Mapping[str, Any], source: str) -> Callable[[Context], None]:
    return lambda ctx: drafts.change_rule(ctx, draft_id, rule, values, source)


def remove(draft_id: int, rule: str) -> Callable[[Context], None]:
    return lambda ctx: drafts.remove_list(ctx, draft_id, rule)


def try_text(pack_id: int | None, text: str, class_key: str) -> Callable[[Context], list[Finding]]:
    return lambda ctx: drafts.try_text(ctx, pack_id, text, class_key)


def exporting(path: Path, pack_id: int | None) -> Callable[[Context, Progress], int]:
    return lambda ctx, _progress: wordfile.export_lists(ctx, path, pack_id)


def importing(path: Path, pack_id: int) -> Callable[[Context, Progress], int]:
    return lambda ctx, _progress: wordfile.import_lists(ctx, path, pack_id)


def submit(draft_id: int, note: str, effective_from: datetime | None) -> Callable[[Context], None]:
    return lambda ctx: drafts.submit_draft(ctx, draft_id, note, effective_from)


def take_back(draft_id: int) -> Callable[[Context], None]:
    return lambda ctx: drafts.take_back(ctx, draft_id)


def discard(draft_id: int) -> Callable[[Context], None]:
    return lambda ctx: drafts.discard_draft(ctx, draft_id)


def approve(draft_id: int, digest: str) -> Callable[[Context], int]:
    return lambda ctx: drafts.approve_rules(ctx, draft_id, digest)


def send_back(draft_id: int, comment: str) -> Callable[[Context], None]:
    return lambda ctx: drafts.return_rules(ctx, draft_id, comment)
