"""Verbs of the templates page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.core.messages import exchange, library
from console.core.messages.classes import CLASSES
from console.core.messages.exchange import Incoming
from console.core.messages.library import Offer, Saved, TemplateDetail, TemplateFilter, TemplateRow
from console.core.messages.preview import Candidate, Material, fitting, material
from console.core.messages.variants import Variant
from console.shell import drafts
from console.shell.tasks import Progress

CHANGED = Change.of(Topic.TEMPLATES, Topic.AUDIT)


@dataclass(frozen=True, kw_only=True)
class Draft(drafts.Draft):
    """What stands in the editor."""

    name: str
    class_key: str
    body: str
    variants: tuple[Variant, ...] = ()


def ids_of(wanted: TemplateFilter) -> Callable[[Context, Sort], list[int]]:
    def load(ctx: Context, sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return library.template_ids(session, wanted, sort)

    return load


def rows(ctx: Context, ids: Sequence[int]) -> list[TemplateRow]:
    with ctx.database.read() as session:
        return library.template_rows(session, ids)


def detail_of(template_id: int) -> Callable[[Context], TemplateDetail]:
    def load(ctx: Context) -> TemplateDetail:
        with ctx.database.read() as session:
            return library.template_detail(session, template_id)

    return load


def material_of(class_key: str) -> Callable[[Context], Material]:
    return lambda ctx: material(ctx, CLASSES[class_key])


def fitting_of(
    class_key: str, people: Sequence[Candidate], variants: Sequence[Variant]
) -> Callable[[Context], tuple[int, ...]]:
    return lambda ctx: fitting(ctx, CLASSES[class_key], people, variants)


def saving(draft: Draft) -> Callable[[Context], Saved]:
    return lambda ctx: library.save_template(
        ctx,
        template_id=draft.id,
        name=draft.name,
        class_key=draft.class_key,
        body=draft.body,
        variants=draft.variants,
        seen=draft.seen,
    )


def copying(template_id: int) -> Callable[[Context], Saved]:
    return lambda ctx: library.copy_template(ctx, template_id)


def retiring(template_id: int) -> Callable[[Context], None]:
    return lambda ctx: library.retire_template(ctx, template_id)


def restoring(template_id: int) -> Callable[[Context], None]:
    return lambda ctx: library.restore_template(ctx, template_id)


def submitting(template_id: int, number: int) -> Callable[[Context], None]:
    return lambda ctx: library.submit_template(ctx, template_id, number)


def withdrawing(template_id: int, number: int) -> Callable[[Context], None]:
    return lambda ctx: library.withdraw_template(ctx, template_id, number)


def approving(template_id: int, number: int) -> Callable[[Context], None]:
    return lambda ctx: library.approve_template(ctx, template_id, number)


def returning(template_id: int, number: int, comment: str) -> Callable[[Context], None]:
    return lambda ctx: library.return_template(ctx, template_id, number, comment)


def offers_in(script: str) -> Callable[[Context], list[Offer]]:
    return lambda ctx: library.offers(ctx, script)


def taking_shipped(keys: Collection[str], script: str) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: library.take_shipped(ctx, keys, script, progress.update)


def exporting(wanted: TemplateFilter, sort: Sort, path: Path) -> Callable[[Context, Progress], int]:
    return lambda ctx, _progress: exchange.export_templates(ctx, wanted, sort, path)


def reading(path: Path) -> Callable[[Context, Progress], list[Incoming]]:
    return lambda ctx, _progress: exchange.read_templates(ctx, path)


def taking(incoming: Sequence[Incoming]) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: exchange.take_templates(ctx, incoming, progress.update)
