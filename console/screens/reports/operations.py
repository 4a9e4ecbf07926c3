"""Verbs of the reports page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.protection.requests import ask_for_report
from console.core.reports import run
from console.core.reports.preview import Preview, preview
from console.core.reports.requests import Request
from console.core.reports.run import CampaignChoice
from console.shell.tasks import Progress

EXPORTED = Change.of(Topic.AUDIT)


def campaigns(ctx: Context) -> list[CampaignChoice]:
    return run.campaign_choices(ctx)


def look(request: Request) -> Callable[[Context], Preview]:
    return lambda ctx: preview(ctx, request)


def suggest(request: Request) -> Callable[[Context], Path]:
    return lambda ctx: run.suggested_path(ctx, request)


def ask_for_full(request: Request) -> Callable[[str], Callable[[Context], int]]:
    return lambda reason: lambda ctx: ask_for_report(ctx, request, reason)


def export(request: Request, target: Path) -> Callable[[Context, Progress], tuple[Path, int]]:
    """The file and the number of its rows."""

    def work(ctx: Context, progress: Progress) -> tuple[Path, int]:
        done = run.export(ctx, request, target, progress)
        return done.path, done.rows

    return work
