"""The daily reconciliation: do campaigns, lines, messages and decisions agree with each other?

It runs in the night and on demand, in one snapshot, writes down what it looked at, and what does not fit stays on the
home page until it is gone or somebody has settled it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.i18n import T
from console.core.reports.period import Period
from console.core.security.permissions import Permission
from console.core.sending.alarms import MOST, Alarm, raise_alarm
from console.core.sending.consistency import Key, Sum, contradicts, place
from console.core.sending.integrity import SECRET_NAME, digest_fits
from console.core.sending.seals import Seals
from db import outbox_reconcile, outbox_seals
from db.models import Discrepancy, DiscrepancyKind, Reconciliation
from db.outbox_reconcile import Told

log = logging.getLogger(__name__)

DAYS = 7  # that a nightly run looks back: receipts come late
NOTE_LENGTH = 500
CHANGED = Change.of(Topic.OUTBOX, Topic.AUDIT)
_PAGE = 1_000
_BATCHES = 200

Report = Callable[[int, int], None]  # done, total; may raise to stop the work


@dataclass(kw_only=True)
class Finding:
    kind: DiscrepancyKind
    batch_id: int | None = None
    line_id: int | None = None
    day: date | None = None
    figures: dict[str, int] = field(default_factory=dict)
    messages: list[int] = field(default_factory=list)

    @property
    def place(self) -> tuple[DiscrepancyKind, int | None, int | None, date | None]:
        """What makes two findings the same one."""
        return self.kind, self.batch_id, self.line_id, self.day


@dataclass(kw_only=True)
class Looked:
    period: Period
    campaigns: int = 0
    messages: int = 0
    sums: dict[Key, Sum] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def odd(self, kind: DiscrepancyKind, batch_id: int, message_id: int) -> None:
        """One message of a batch that does not fit."""
        known = next((each for each in self.findings if each.kind is kind and each.batch_id == batch_id), None)
        if known is None:
            known = Finding(kind=kind, batch_id=batch_id, figures={"messages": 0})
            self.findings.append(known)
        known.figures["messages"] += 1
        if len(known.messages) < MOST:
            known.messages.append(message_id)


def reconcile(ctx: Context, period: Period | None = None, progress: Report | None = None) -> Looked:
    """On demand. Raises NotPermitted."""
    ctx.require(Permission.OUTBOX_RESOLVE)
    return run(ctx, period, progress)


def run_nightly(ctx: Context, stopped: Callable[[], bool]) -> bool:
    """Once a day of the office, after midnight; whether it ran now. ``stopped`` ends it half-way, with no result."""
    today = ctx.clock.now().astimezone().date()
    with ctx.database.read() as session:
        last = session.scalar(
            select(Reconciliation.at).where(Reconciliation.by.is_(None)).order_by(Reconciliation.id.desc()).limit(1)
        )
    if last is not None and last.astimezone().date() >= today:
        return False

    def halt(_done: int, _total: int) -> None:
        if stopped():
            raise Halted

    try:
        run(ctx, progress=halt)
    except Halted:
        return False
    return True


class Halted(Exception):
    """The process ends; the run is made up for later."""


def run(ctx: Context, period: Period | None = None, progress: Report | None = None, *, audited: bool = True) -> Looked:
    """``audited`` False: the caller puts it into the audit trail itself."""
    now, secret = ctx.clock.now(), ctx.database.secret(SECRET_NAME)
    today = now.astimezone().date()
    period = period or Period(today - timedelta(days=DAYS), today)
    with ctx.database.read() as session:
        looked = look(session, secret, period, progress)
    with ctx.database.begin() as session:
        unsettled = _remember(session, looked.findings, now, by=ctx.actor.user_id or None)
        session.add(
            Reconciliation(
                at=now,
                by=ctx.actor.user_id or None,
                first_day=period.first,
                last_day=period.last,
                campaigns=looked.campaigns,
                lines=len(looked.sums),
                messages=looked.messages,
                found=unsettled,
            )
        )
        if audited:
            ctx.audit(session, "outbox.reconcile", "outbox", period=str(period), found=len(looked.findings))
    return looked


def look(session: Session, secret: bytes, period: Period, progress: Report | None = None) -> Looked:
    """Compare everything of a period, and every batch that is not closed; memory stays flat."""
    looked = Looked(period=period)
    seals = Seals(secret)
    ids = outbox_reconcile.batches(session, period.start)
    looked.campaigns = len(ids)
    for start in range(0, len(ids), _BATCHES):
        _batches(session, looked, seals, ids[start : start + _BATCHES])
        if progress is not None:
            progress(start, len(ids))
    for page in outbox_reconcile.touched(session, period.start, period.end, _PAGE):
        _messages(session, looked, seals, secret, page, period)
        looked.messages += len(page)
        if progress is not None:
            progress(looked.messages, 0)
    for batch_id in ids:
        for page in outbox_reconcile.waiting(session, batch_id, _PAGE):
            _waiting(session, looked, seals, secret, page)
            if progress is not None:
                progress(looked.messages, 0)
    looked.findings += [
        Finding(kind=DiscrepancyKind.LINE, line_id=line, day=day, figures=each.figures(), messages=each.odd[:MOST])
        for (line, day), each in sorted(looked.sums.items())
        if each.difference or each.odd
    ]
    return looked


def _batches(session: Session, looked: Looked, seals: Seals, ids: Sequence[int]) -> None:
    unsound = seals.unsound(session, ids)
    looked.findings += [Finding(kind=kind, batch_id=batch_id) for batch_id, kind in sorted(unsound.items())]
    for batch_id, (frozen, there) in outbox_seals.rows_of(session, ids).items():
        if frozen != there:
            figures = {"approved": frozen, "there": there}
            looked.findings.append(Finding(kind=DiscrepancyKind.COUNT, batch_id=batch_id, figures=figures))


def _messages(
    session: Session, looked: Looked, seals: Seals, secret: bytes, ids: Sequence[int], period: Period
) -> None:
    decided = seals.decided(session, ids)
    for told in outbox_reconcile.told(session, ids):
        place(looked.sums, told, decided.get(told.message_id, 0))
        if contradicts(told):
            looked.odd(DiscrepancyKind.STATES, told.batch_id, told.message_id)
        if not _approved(secret, told):
            looked.odd(DiscrepancyKind.MESSAGE, told.batch_id, told.message_id)
    for key in [key for key in looked.sums if not period.first <= key[1] <= period.last]:
        del looked.sums[key]  # attempts of other days, of messages that were tried within the period as well


def _waiting(session: Session, looked: Looked, seals: Seals, secret: bytes, ids: Sequence[int]) -> None:
    implausible = seals.implausible(session, ids)
    for told in outbox_reconcile.told(session, ids):
        if told.message_id in implausible:
            looked.odd(DiscrepancyKind.HISTORY, told.batch_id, told.message_id)
        if not _approved(secret, told):
            looked.odd(DiscrepancyKind.MESSAGE, told.batch_id, told.message_id)


def _approved(secret: bytes, told: Told) -> bool:
    """A message whose number was taken away when its time of keeping was over can no longer be compared."""
    if not told.phone:
        return True
    return digest_fits(secret, told.digest, told.batch_id, told.recipient, told.phone, told.body)


def _remember(session: Session, findings: Sequence[Finding], now: datetime, by: int | None) -> int:
    """Bring what is on record up to date; how many are open now. What was settled as it is stays settled."""
    before = list(session.scalars(select(Discrepancy).order_by(Discrepancy.id)))
    of_place = {(each.kind, each.batch_id, each.line_id, each.day): each for each in before if not each.alarm}
    opened = 0
    alarmed = {(each.kind, each.batch_id) for each in before if each.alarm and each.settled_at is None}
    for finding in findings:
        if (finding.kind, finding.batch_id) in alarmed:
            continue  # it is told already
        known = of_place.pop(finding.place, None)
        if known is None:
            known = Discrepancy(kind=finding.kind, found_at=now)
            session.add(known)
        elif known.settled_at is not None:
            if (known.figures, known.messages) == (finding.figures, finding.messages):
                continue
            known.settled_at, known.settled_by, known.note, known.found_at = None, None, "", now
        known.batch_id, known.line_id, known.day = finding.batch_id, finding.line_id, finding.day
        known.figures, known.messages = finding.figures, finding.messages
        opened += 1
    for gone in of_place.values():
        if gone.settled_at is None:
            gone.settled_at = now
    return opened + sum(each.alarm and each.settled_at is None for each in before)


def settle(ctx: Context, ids: Sequence[int], note: str) -> Change:
    """Somebody has looked into it and says what it was. Raises NotPermitted, UserError."""
    ctx.require(Permission.SENDING_RESUME)
    if not note.strip():
        raise UserError(T("Please say what it was."), T("The auditor reads it."))
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        query = select(Discrepancy).where(Discrepancy.id.in_(ids), Discrepancy.settled_at.is_(None))
        for each in session.scalars(query.order_by(Discrepancy.id)):
            each.settled_at, each.settled_by = now, ctx.actor.user_id or None
            each.note = note.strip()[:NOTE_LENGTH]
            ctx.audit(
                session, "outbox.settle", f"discrepancy:{each.id}", kind=each.kind.value, batch=each.batch_id, note=note
            )
    return CHANGED


def watch(ctx: Context) -> int:
    """Look after the open batches while they are sent: one that is not as approved is paused; how many were."""
    secret = ctx.database.secret(SECRET_NAME)
    with ctx.database.read() as session:
        ids = outbox_seals.open_ids(session)
        found = _of_open(session, secret, ids)
    for alarm, figures in found:
        with ctx.database.begin() as session:
            if alarm.batch_id in outbox_seals.open_ids(session):
                log.error("batch %d is not what was approved and is paused", alarm.batch_id)
                raise_alarm(session, secret, alarm, ctx.clock.now(), **figures)
    return len(found)


def _of_open(session: Session, secret: bytes, ids: Sequence[int]) -> list[tuple[Alarm, dict[str, int]]]:
    if not ids:
        return []
    unsound = Seals(secret).unsound(session, ids)
    found: list[tuple[Alarm, dict[str, int]]] = [
        (Alarm(kind=kind, batch_id=batch_id), {}) for batch_id, kind in unsound.items()
    ]
    for batch_id, (frozen, there) in outbox_seals.rows_of(session, ids).items():
        if frozen != there and batch_id not in unsound:
            alarm = Alarm(kind=DiscrepancyKind.COUNT, batch_id=batch_id)
            found.append((alarm, {"approved": frozen, "there": there}))
    return found
