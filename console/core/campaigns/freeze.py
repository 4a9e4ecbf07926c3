"""Writing a submitted campaign down: every message, every exclusion, one digest over all.

    start     campaign FREEZING, batch BUILDING          one small transaction
    fill      messages and exclusions                    CHUNK rows a transaction, so that nobody waits for long
    finish    campaign PENDING, batch PENDING, digest    one small transaction

A batch that is not whole is never shown for approval. After a crash it stays BUILDING until the campaign is
submitted again or ``housekeeping.tidy`` finds it; then it becomes VOID and its rows go.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, select, update
from sqlalchemy.orm import Session

from console.core.campaigns import holdout, second
from console.core.campaigns.audience import describe
from console.core.campaigns.draft import Draft, campaign_of, draft_of
from console.core.campaigns.evaluation import CHUNK, Evaluated, NotComplete, Plan, audience_size, evaluated, plan
from console.core.campaigns.flow import Flow
from console.core.campaigns.schedule_words import schedule_words
from console.core.campaigns.second import SecondTally
from console.core.campaigns.signing import signed_whole
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T
from console.core.security.permissions import Permission
from console.core.sending.integrity import SECRET_NAME, BatchDigest, message_digest
from console.core.sending.seals import seal_batch
from db import bulk
from db.engine import Database
from db.models import (
    Batch,
    BatchFlow,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Exclusion,
    Message,
    MessageState,
)

Report = Callable[[int, int], None]  # done, total; may raise to stop the work

_TRANSACTION = 0.04  # seconds that writing the rows of one may take
_FEWEST = 200  # rows

EDITABLE = (CampaignState.DRAFT, CampaignState.RETURNED)


class NotEditable(UserError):
    def __init__(self) -> None:
        super().__init__(T("This campaign can not be submitted any more."), T("Make a copy to send it once more."))


class NotYours(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("Your role may not send messages of this kind."), T("The rules say who may; ask your administrator.")
        )


class Superseded(UserError):
    """The same campaign was submitted, edited or thrown away elsewhere while it was being prepared."""

    def __init__(self) -> None:
        super().__init__(
            T("The campaign was changed elsewhere while it was being prepared."), T("Look at it and submit it again.")
        )


class NobodyGetsIt(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("Nobody would get this message."), T("Section 4 shows why each of the audience is left out.")
        )


@dataclass(frozen=True, kw_only=True)
class Frozen:
    campaign_id: int
    batch_id: int
    messages: int
    parts: int
    excluded: int
    digest: str


@dataclass
class _Filled:
    digest: BatchDigest
    held: holdout.HeldDigest
    second: SecondTally = field(default_factory=SecondTally)
    messages: int = 0
    parts: int = 0
    excluded: int = 0


def freeze(ctx: Context, campaign_id: int, *, progress: Report | None = None) -> Frozen:
    """Submit a campaign: safe to repeat after any failure. What ``progress`` raises throws the batch away.

    Raises NotPermitted, CampaignGone, NotEditable, NotComplete, HoldOutRefused, NobodyGetsIt, Superseded.
    """
    ctx.require(Permission.CAMPAIGNS_SUBMIT)
    batch_id, draft, before = _start(ctx, campaign_id)
    try:
        with ctx.database.read() as session:
            prepared = plan_to_send(ctx, session, draft, campaign_id)
            filled = _fill(ctx, session, prepared, campaign_id, batch_id, progress)
        return _finish(ctx, campaign_id, batch_id, prepared, filled)
    except BaseException:
        discard(ctx.database, campaign_id, batch_id, ctx.clock.now(), state=before)
        purge(ctx.database, batch_id)
        raise


def _start(ctx: Context, campaign_id: int) -> tuple[int, Draft, CampaignState]:
    """A batch to fill, what to fill it with, and the state to go back to."""
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        before = campaign.state
        if before is CampaignState.FREEZING:  # left by a crash, or running elsewhere: that one will find it is VOID
            void(session, campaign.batch_id, now)
            before = CampaignState.DRAFT
        elif before not in EDITABLE:
            raise NotEditable()
        if not campaign.name:
            raise NotComplete(T("The campaign has no name."), T("Give it one at the top."))
        batch = Batch(
            kind=BatchKind.CAMPAIGN,
            campaign_id=campaign_id,
            class_key=campaign.class_key,
            state=BatchState.BUILDING,
            created_by=ctx.actor.user_id,
            created_at=now,
        )
        session.add(batch)
        session.flush()
        campaign.state, campaign.batch_id, campaign.updated_at = CampaignState.FREEZING, batch.id, now
        return batch.id, draft_of(campaign), before


def plan_to_send(ctx: Context, session: Session, draft: Draft, campaign_id: int) -> Plan:
    """Raises NotComplete, HoldOutRefused, NotYours."""
    prepared = plan(ctx, session, draft, campaign_id=campaign_id)
    if not ctx.actor.roles & prepared.class_.senders:
        raise NotYours()
    blocked = next((finding for finding in prepared.findings if finding.level == "block"), None)
    if blocked is not None:
        raise NotComplete(blocked.why, blocked.mend)
    return prepared


def _fill(
    ctx: Context, session: Session, prepared: Plan, campaign_id: int, batch_id: int, progress: Report | None
) -> _Filled:
    secret = ctx.database.secret(SECRET_NAME)
    total = audience_size(session, prepared)
    filled, done, pace = _Filled(BatchDigest(), holdout.HeldDigest()), 0, _Pace()
    with closing(evaluated(session, prepared, chunk=CHUNK)) as chunks:
        for chunk in chunks:
            slices = pace.slices(chunk)
            for rows in slices:
                # the next chunk is worked out first: time enough for other writers without giving way
                _fill_slice(ctx, secret, campaign_id, batch_id, rows, filled, pace, urgent=rows is slices[-1])
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    return filled


class _Pace:
    """How many rows a write transaction takes: fewer where they are slow to write, so that nobody waits for long."""

    def __init__(self) -> None:
        self._rows = CHUNK

    def slices(self, rows: list[Evaluated]) -> list[list[Evaluated]]:
        return [rows[start : start + self._rows] for start in range(0, len(rows), self._rows)]

    def took(self, rows: int, seconds: float) -> None:
        fitting = int(rows * _TRANSACTION / seconds) if seconds > 0 else CHUNK
        self._rows = min(CHUNK, max(_FEWEST, (self._rows + fitting) // 2))


def _fill_slice(
    ctx: Context,
    secret: bytes,
    campaign_id: int,
    batch_id: int,
    slice_: list[Evaluated],
    filled: _Filled,
    pace: _Pace,
    *,
    urgent: bool,
) -> None:
    included = [row for row in slice_ if not row.rule]
    excluded = [row for row in slice_ if row.rule]
    digests = [message_digest(secret, batch_id, row.recipient, row.phone, row.body) for row in included]
    now = ctx.clock.now()
    stored = _Stored(ctx.database)
    at = stored.time(now)
    messages = [_message(batch_id, row, digest, stored, at) for row, digest in zip(included, digests, strict=True)]
    exclusions = [_exclusion(batch_id, row) for row in excluded]
    with ctx.database.begin(urgent=urgent) as session:
        began = time.perf_counter()
        _still_ours(session, campaign_id, batch_id, now)
        for table, columns, rows in (
            (_MESSAGE, _MESSAGE_COLUMNS, messages),
            (_EXCLUSION, _EXCLUSION_COLUMNS, exclusions),
        ):
            if rows:
                bulk.load(session, table, columns, rows)
        pace.took(len(slice_), time.perf_counter() - began)  # the commit takes the same for few and for many
    filled.digest.extend(digests)
    filled.held.extend((row.customer_id, row.loan_id) for row in excluded if row.rule == holdout.RULE)
    for row in included:
        if row.second:
            filled.second.add(row.second)
    filled.messages += len(included)
    filled.parts += sum(row.parts for row in included)
    filled.excluded += len(excluded)


_MESSAGE = cast(Table, Message.__table__)
_EXCLUSION = cast(Table, Exclusion.__table__)
_MESSAGE_COLUMNS = (
    "batch_id", "customer_id", "loan_id", "phone", "recipient", "body", "parts", "digest", "variant", "state", "reason",
    "reason_text", "not_before", "told_amount", "told_due", "attempts", "owner", "created_at",
)  # fmt: skip
_EXCLUSION_COLUMNS = ("batch_id", "customer_id", "loan_id", "rule", "reason")


class _Stored:
    """How the engine's driver takes what is no text and no number."""

    def __init__(self, database: Database) -> None:
        self._dialect = database.engine.dialect
        self.time = self._writes("created_at")
        self.amount = self._writes("told_amount")
        self.day = self._writes("told_due")

    def _writes(self, column: str) -> Callable[[object], object]:
        kind = _MESSAGE.c[column].type
        return kind.dialect_impl(self._dialect).bind_processor(self._dialect) or (lambda value: value)


def _message(batch_id: int, row: Evaluated, digest: str, stored: _Stored, at: object) -> tuple[object, ...]:
    return (
        batch_id,
        row.customer_id,
        row.loan_id,
        row.phone,
        row.recipient,
        row.body,
        row.parts,
        digest,
        row.variant,
        MessageState.WAITING.value,
        "",
        "",
        row.later and stored.time(row.later),
        stored.amount(row.told_amount),
        stored.day(row.told_due),
        0,
        "",
        at,
    )


def _exclusion(batch_id: int, row: Evaluated) -> tuple[object, ...]:
    return batch_id, row.customer_id, row.loan_id, row.rule, row.reason.dump() if row.reason else ""


def _still_ours(session: Session, campaign_id: int, batch_id: int, now: datetime) -> None:
    """Keep the campaign for this transaction and show that somebody still works on it. Raises Superseded."""
    kept = session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.batch_id == batch_id, Campaign.state == CampaignState.FREEZING)
        .values(updated_at=now)
    )
    if kept.rowcount != 1:  # type: ignore[attr-defined]
        raise Superseded()


def _finish(ctx: Context, campaign_id: int, batch_id: int, prepared: Plan, filled: _Filled) -> Frozen:
    if not filled.messages:
        raise NobodyGetsIt()
    now, secret = ctx.clock.now(), ctx.database.secret(SECRET_NAME)
    with ctx.database.begin() as session:
        _still_ours(session, campaign_id, batch_id, now)
        campaign = campaign_of(session, campaign_id, lock=True)
        batch = session.get_one(Batch, batch_id)
        held = holdout.record_of(batch_id, prepared.lot, filled.held)
        if held is not None:
            session.add(held)
        batch.not_before, batch.expires_at, batch.line_id = prepared.not_before, prepared.expires_at, campaign.line_id
        batch.priority, batch.schedule = prepared.priority, prepared.schedule.dump()
        if prepared.schedule.metered:
            flow = Flow().counted(filled.messages, prepared.at)
            session.add(BatchFlow(batch_id=batch_id, data=flow.dump()))
        words = filled.second.told()
        second.store(session, batch_id, words)
        digest = signed_whole(filled.digest, batch, held, words)
        batch.state, batch.digest = BatchState.PENDING, digest
        batch.messages, batch.parts, batch.excluded = filled.messages, filled.parts, filled.excluded
        batch.rules = prepared.policy.version
        seal_batch(secret, batch)
        campaign.state = CampaignState.PENDING
        ctx.audit(
            session,
            "campaign.submit",
            f"campaign:{campaign_id}",
            batch=batch_id,
            name=campaign.name,
            template_version=campaign.template_version_id,
            audience=str(describe(session, prepared.audience)),
            messages=filled.messages,
            parts=filled.parts,
            excluded=filled.excluded,
            not_before=batch.not_before,
            expires_at=batch.expires_at,
            line=batch.line_id,
            schedule=schedule_words(prepared.schedule, prepared.not_before),
            priority=batch.priority,
            rules=batch.rules,
            hold_out=filled.held.people,
            second="; ".join(str(each.why) for each in words),
            digest=digest,
        )
    return Frozen(
        campaign_id=campaign_id,
        batch_id=batch_id,
        messages=filled.messages,
        parts=filled.parts,
        excluded=filled.excluded,
        digest=digest,
    )


def void(session: Session, batch_id: int | None, now: datetime) -> bool:
    """Close a batch that never opened; False when there is none in BUILDING or PENDING."""
    changed = session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.state.in_((BatchState.BUILDING, BatchState.PENDING)))
        .values(state=BatchState.VOID, closed_at=now)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def discard(
    database: Database,
    campaign_id: int,
    batch_id: int,
    now: datetime,
    *,
    state: CampaignState,
    idle_for: timedelta = timedelta(0),
) -> bool:
    """Throw away a batch that is being built; not one that was replaced meanwhile or still shows signs of life."""
    with database.begin() as session:
        campaign = campaign_of(session, campaign_id, lock=True)
        if campaign.batch_id != batch_id or campaign.state is not CampaignState.FREEZING:
            return False
        if campaign.updated_at > now - idle_for:
            return False
        void(session, batch_id, now)
        campaign.state, campaign.batch_id, campaign.updated_at = state, None, now
        return True


def purge(database: Database, batch_id: int) -> int:
    """Remove the rows of a VOID batch in short transactions; its own row stays. How many messages went."""
    gone = 0
    while True:
        with database.begin() as session:
            if session.scalar(select(Batch.state).where(Batch.id == batch_id)) is not BatchState.VOID:
                return gone
            messages = _delete_some(session, Message, batch_id)
            exclusions = _delete_some(session, Exclusion, batch_id)
        gone += messages
        if not messages and not exclusions:
            return gone


def _delete_some(session: Session, table: type[Message | Exclusion], batch_id: int) -> int:
    some = select(table.id).where(table.batch_id == batch_id).limit(CHUNK).scalar_subquery()
    return session.execute(delete(table).where(table.id.in_(some))).rowcount  # type: ignore[attr-defined,no-any-return]
