"""Verbs of the protection page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from console.core import paths
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.finding import FoundCustomer, find_customers
from console.core.listing import Sort
from console.core.protection import erasure, handover, looks, requests, retention
from console.core.protection.erasure import Erased, Standing
from console.core.protection.handover import HandedOver
from console.core.protection.looks import Looker, LookFilter, LookRow
from console.core.protection.requests import RequestRow
from console.core.protection.retention import Due
from console.shell.tasks import Progress

DECIDED = Change.of(Topic.AUDIT)
KEPT = Change.of(Topic.AUDIT, Topic.CUSTOMERS, Topic.OUTBOX)


# Requests


def request_ids(ctx: Context, sort: Sort) -> list[int]:
    return requests.request_ids(ctx, sort)


def request_rows(ctx: Context, ids: Sequence[int]) -> list[RequestRow]:
    return requests.request_rows(ctx, ids)


def approve(request_id: int, comment: str = "") -> Callable[[Context], None]:
    return lambda ctx: requests.decide(ctx, request_id, approved=True, comment=comment)


def refuse(request_id: int, comment: str) -> Callable[[Context], None]:
    return lambda ctx: requests.decide(ctx, request_id, approved=False, comment=comment)


def write(request_id: int, target: Path) -> Callable[[Context, Progress], tuple[Path, int]]:
    return lambda ctx, progress: (target, requests.write(ctx, request_id, target, progress))


def folder(ctx: Context) -> Path:
    chosen = ctx.settings.text("export.folder")
    return Path(chosen) if chosen else paths.documents_folder()


# Looks


def look_ids_of(wanted: LookFilter) -> Callable[[Context, Sort], list[int]]:
    return lambda ctx, sort: looks.look_ids(ctx, wanted, sort)


def look_rows(ctx: Context, ids: Sequence[int]) -> list[LookRow]:
    return looks.look_rows(ctx, ids)


def lookers_of(wanted: LookFilter) -> Callable[[Context], list[Looker]]:
    return lambda ctx: looks.lookers(ctx, wanted)


# Times of keeping


@dataclass(frozen=True)
class Keeping:
    due: list[Due]
    last: tuple[datetime, dict[str, int]] | None


def keeping(ctx: Context) -> Keeping:
    return Keeping(retention.preview(ctx), retention.last_run(ctx))


def set_months(key: str, months: int | None) -> Callable[[Context], None]:
    return lambda ctx: retention.set_months(ctx, key, months)


def run_now(ctx: Context, _progress: Progress) -> dict[str, int]:
    return retention.run(ctx)


# Requests of customers


def find(text: str) -> Callable[[Context], list[FoundCustomer]]:
    return lambda ctx: find_customers(ctx, text)


def standing(customer_id: int) -> Callable[[Context], Standing]:
    return lambda ctx: erasure.standing(ctx, customer_id)


def erase(customer_id: int, basis: str) -> Callable[[Context], Erased]:
    return lambda ctx: erasure.erase(ctx, customer_id, basis)


def hand_over(customer_id: int, target: Path, basis: str) -> Callable[[Context, Progress], HandedOver]:
    return lambda ctx, _progress: handover.hand_over(ctx, customer_id, target, basis)


def save_text(target: Path, text: str) -> Callable[[Context], Path]:
    def work(_ctx: Context) -> Path:
        target.write_text(text, "utf-8")
        return target

    return work
