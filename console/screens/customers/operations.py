"""What the customer page asks of core, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.core.context import Context
from console.core.customers.browse import (
    CustomerDetail,
    CustomerFilter,
    Facets,
    Sort,
    customer_detail,
    facets,
    reveal_phone,
)
from console.core.customers.export import export_customers
from console.core.customers.imports import import_file_name
from console.core.events import Change, Topic
from console.core.protection.requests import ask_for_customers
from console.shell.tasks import Progress

LOOKED = Change.of(Topic.AUDIT)


@dataclass(frozen=True)
class Surroundings:
    """What stands around the list."""

    facets: Facets
    import_name: str  # of the import that the list is narrowed to; "" for none


def surroundings(wanted: CustomerFilter) -> Callable[[Context], Surroundings]:
    def work(ctx: Context) -> Surroundings:
        with ctx.database.read() as session:
            name = import_file_name(session, wanted.import_id) if wanted.import_id is not None else ""
            return Surroundings(facets(session), name)

    return work


def detail(customer_id: int) -> Callable[[Context], CustomerDetail]:
    return lambda ctx: customer_detail(ctx, customer_id)


def reveal(customer_id: int, reason: str) -> Callable[[Context], str]:
    return lambda ctx: reveal_phone(ctx, customer_id, reason)


def ask_for_full(wanted: CustomerFilter, only: Sequence[int]) -> Callable[[str], Callable[[Context], int]]:
    return lambda reason: lambda ctx: ask_for_customers(ctx, wanted, reason, only=only)


def export(wanted: CustomerFilter, sort: Sort, only: Sequence[int], path: Path) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: export_customers(ctx, wanted, sort, path, progress, only=only)
