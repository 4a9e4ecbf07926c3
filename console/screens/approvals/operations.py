"""What the approvals page asks of core, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.core.campaigns import lifecycle
from console.core.campaigns.approvals import (
    ApprovalDetail,
    ApprovalRow,
    approval_detail,
    approval_ids,
    approval_rows,
)
from console.core.campaigns.messages import (
    ExclusionRow,
    MessageFilter,
    MessageRow,
    exclusion_ids,
    exclusion_rows,
    message_ids,
    message_rows,
)
from console.core.campaigns.verify import Checked
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.shell.tasks import Progress

DECIDED = Change.of(Topic.CAMPAIGNS, Topic.OUTBOX)


def ids(ctx: Context, sort: Sort) -> list[int]:
    with ctx.database.read() as session:
        return approval_ids(session, sort)


def rows(ctx: Context, wanted: Sequence[int]) -> list[ApprovalRow]:
    with ctx.database.read() as session:
        return approval_rows(session, wanted)


def detail(campaign_id: int) -> Callable[[Context], ApprovalDetail | None]:
    def work(ctx: Context) -> ApprovalDetail | None:
        with ctx.database.read() as session:
            return approval_detail(ctx, session, campaign_id)

    return work


def verify(campaign_id: int) -> Callable[[Context, Progress], Checked | None]:
    return lambda ctx, report: lifecycle.examine(ctx, campaign_id, progress=report)


def verify_quietly(campaign_id: int) -> Callable[[Context], Checked | None]:
    return lambda ctx: lifecycle.examine(ctx, campaign_id)


def message_ids_of(batch_id: int, order: Sort, text: str) -> Callable[[Context, Sort], list[int]]:
    def work(ctx: Context, _sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return message_ids(session, batch_id, MessageFilter(text=text), order)

    return work


def messages(ctx: Context, wanted: Sequence[int]) -> list[MessageRow]:
    with ctx.database.read() as session:
        return message_rows(session, wanted)


def exclusion_ids_of(batch_id: int, rule: str) -> Callable[[Context, Sort], list[int]]:
    def work(ctx: Context, _sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return exclusion_ids(session, batch_id, rule)

    return work


def exclusions(ctx: Context, wanted: Sequence[int]) -> list[ExclusionRow]:
    with ctx.database.read() as session:
        return exclusion_rows(session, wanted)


def approve(campaign_id: int, digest: str, checked: Checked) -> Callable[[Context], int]:
    """How many approvals are still missing."""
    return lambda ctx: lifecycle.approve(ctx, campaign_id, digest, checked=checked)


def send_back(campaign_id: int, digest: str, comment: str) -> Callable[[Context], None]:
    return lambda ctx: lifecycle.return_(ctx, campaign_id, digest, comment)
