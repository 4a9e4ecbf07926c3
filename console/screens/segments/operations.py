"""Verbs of the segments page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.core.segments import browse, counting, pinning, store
from console.core.segments.browse import SegmentDetail, SegmentRow
from console.core.segments.conditions import Group
from console.core.segments.counting import Found, Guess
from console.core.segments.fields import Field
from console.core.segments.pinning import Pinned
from console.core.segments.store import Saved
from console.shell import drafts
from console.shell.tasks import Progress

CHANGED = Change.of(Topic.SEGMENTS, Topic.AUDIT)


@dataclass(frozen=True, kw_only=True)
class Draft(drafts.Draft):
    """What stands in the editor."""

    name: str
    root: Group


def ids_of(text: str, retired: bool) -> Callable[[Context, Sort], list[int]]:
    def load(ctx: Context, sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return browse.segment_ids(session, text, retired=retired, sort=sort)

    return load


def rows(ctx: Context, ids: Sequence[int]) -> list[SegmentRow]:
    with ctx.database.read() as session:
        return browse.segment_rows(session, ids)


def detail_of(segment_id: int) -> Callable[[Context], SegmentDetail]:
    def load(ctx: Context) -> SegmentDetail:
        with ctx.database.read() as session:
            return browse.segment_detail(session, segment_id, ctx.clock.now())

    return load


def own_fields(ctx: Context) -> list[Field]:
    with ctx.database.read() as session:
        return store.own_fields(session)


def values_of(field: Field) -> Callable[[Context], list[str]]:
    return lambda ctx: browse.values_of(ctx, field)


def look(root: Group) -> Callable[[Context], Found]:
    return lambda ctx: counting.look(ctx, root)


def guess(root: Group) -> Callable[[Context], Guess | None]:
    return lambda ctx: counting.guess(ctx, root)


def saving(draft: Draft) -> Callable[[Context], Saved]:
    return lambda ctx: store.save_segment(ctx, segment_id=draft.id, name=draft.name, root=draft.root, seen=draft.seen)


def copying(segment_id: int) -> Callable[[Context], Saved]:
    return lambda ctx: store.copy_segment(ctx, segment_id)


def retiring(segment_id: int) -> Callable[[Context], None]:
    return lambda ctx: store.retire_segment(ctx, segment_id)


def restoring(segment_id: int) -> Callable[[Context], None]:
    return lambda ctx: store.restore_segment(ctx, segment_id)


def pinning_of(segment_id: int) -> Callable[[Context, Progress], Pinned]:
    return lambda ctx, progress: pinning.pin_segment(ctx, segment_id, progress=progress)


def unpinning(segment_id: int) -> Callable[[Context], None]:
    return lambda ctx: pinning.unpin_segment(ctx, segment_id)
