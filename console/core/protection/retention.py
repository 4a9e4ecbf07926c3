"""How long what is kept, as rules with their sources; what is older is made unrecognisable or goes.

Messages and replies lose their texts and numbers and stay as figures; the rest is deleted. What a customer refused
stays as a keyed digest of the number. The audit trail is never shortened.
"""

from __future__ import annotations

import calendar
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

import resources
from console.core.context import SYSTEM, Context
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.protection.digests import erasure_key
from console.core.protection.scrub import blank_messages, blank_replies, person_of, remember_refusals, remove_person
from console.core.security.permissions import Permission
from db.base import Base
from db.models import (
    AuditEntry,
    Batch,
    BatchState,
    Circumstance,
    Contact,
    Customer,
    Exclusion,
    InboundMessage,
    Loan,
    LoanState,
    Message,
    MessageState,
    RetentionRule,
)

CHUNK = 500  # rows in one transaction: no line waits for it
PEOPLE = 20  # customers in one transaction
LONGEST = 240  # months
RUN = "retention.run"
_EVERY = timedelta(days=1)
_OPEN = (LoanState.ACTIVE, LoanState.OVERDUE, LoanState.APPLYING)
_ENDED = (
    MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.SUPPRESSED,
    MessageState.CANCELLED, MessageState.REFUSED,
)  # fmt: skip

TITLES: Mapping[str, tuple[Text, Text]] = {
    "messages": (T("Messages and delivery reports"), T("Text and number go; states, times and figures stay.")),
    "replies": (T("Replies"), T("Text and number go; the reply still counts.")),
    "exclusions": (T("Who was left out of a campaign, and why"), T("Deleted; how many it were stays.")),
    "contacts": (T("Calls, visits and notes"), T("Deleted.")),
    "circumstances": (T("Circumstances that have ended"), T("Deleted.")),
    "imports": (T("What imports changed"), T("Deleted; such an import cannot be undone any more.")),
    "error_files": (T("Files with rows that an import refused"), T("Deleted.")),
    "customers": (
        T("Customers without an open loan and without contact"),
        T("Deleted with their loans; messages stay as figures, refusals as digests."),
    ),
}


class TooShort(UserError):
    def __init__(self, title: Text, floor: int) -> None:
        super().__init__(T("{title}: at least {n} months.", title=str(title), n=floor), T("The law asks for it."))


@dataclass(frozen=True, kw_only=True)
class Rule:
    key: str
    title: Text
    does: Text
    months: int | None  # None: for ever
    shipped: int | None
    floor: int  # months
    source: str
    date: str
    verified: bool  # the source was read itself

    def until(self, now: datetime) -> datetime | None:
        """What is older than this goes."""
        return None if self.months is None else months_before(now, self.months)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and hour; the last day of a month that is shorter."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def shipped_rules() -> tuple[Rule, ...]:
    pack = json.loads(resources.path("policy", "retention.json").read_text("utf-8"))
    return tuple(
        Rule(
            key=each["key"],
            title=TITLES[each["key"]][0],
            does=TITLES[each["key"]][1],
            months=each["months"],
            shipped=each["months"],
            floor=each["floor"],
            source=each["source"],
            date=each["date"],
            verified=each["verified"],
        )
        for each in pack["rules"]
    )


def rules(session: Session) -> list[Rule]:
    """Those in force, in the order of the pack."""
    changed = {row.key: row.months for row in session.scalars(select(RetentionRule))}
    return [replace(rule, months=changed.get(rule.key, rule.months)) for rule in shipped_rules()]


def set_months(ctx: Context, key: str, months: int | None) -> None:
    """None: for ever. Raises NotPermitted, TooShort."""
    ctx.require(Permission.RETENTION_EDIT)
    rule = next(rule for rule in shipped_rules() if rule.key == key)
    if months is not None and not rule.floor <= months <= LONGEST:
        raise TooShort(rule.title, rule.floor)
    with ctx.database.begin() as session:
        before = next(each.months for each in rules(session) if each.key == key)
        if months == before:
            return
        row = session.get(RetentionRule, key)
        if row is None:
            row = RetentionRule(key=key)
            session.add(row)
        row.months, row.changed_by, row.changed_at = months, ctx.actor.user_id, ctx.clock.now()
        ctx.audit(session, "retention.change", f"retention:{key}", before=before, months=months)


@dataclass(frozen=True, kw_only=True)
class Due:
    rule: Rule
    rows: int  # that would go now


def preview(ctx: Context) -> list[Due]:
    """What a run would do now. Raises NotPermitted."""
    ctx.require(Permission.RETENTION_VIEW)
    now = ctx.clock.now()
    with ctx.database.read() as session:
        found = []
        for rule in rules(session):
            until = rule.until(now)
            found.append(Due(rule=rule, rows=0 if until is None else _count(session, rule.key, until)))
        return found


def run(ctx: Context, stopped: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Everything that is due, in short transactions; rows by rule. Audited where anything went. Raises NotPermitted."""
    ctx.require(Permission.RETENTION_EDIT)
    return _run(ctx, stopped)


def run_daily(ctx: Context, stopped: Callable[[], bool]) -> dict[str, int] | None:
    """``run`` by the program itself, once a day whoever asks; None when it is not yet time."""
    ctx = replace(ctx, actor=SYSTEM)
    with ctx.database.read() as session:
        last = session.scalar(select(func.max(AuditEntry.at)).where(AuditEntry.action == RUN))
    if last is not None and ctx.clock.now() - last < _EVERY:
        return None
    return _run(ctx, stopped)


def last_run(ctx: Context) -> tuple[datetime, dict[str, int]] | None:
    ctx.require(Permission.RETENTION_VIEW)
    with ctx.database.read() as session:
        entry = session.scalar(
            select(AuditEntry).where(AuditEntry.action == RUN).order_by(AuditEntry.id.desc()).limit(1)
        )
    return None if entry is None else (entry.at, json.loads(entry.detail).get("counts", {}))


def _run(ctx: Context, stopped: Callable[[], bool]) -> dict[str, int]:
    now, key = ctx.clock.now(), erasure_key(ctx.database)
    with ctx.database.read() as session:
        due = [(rule.key, rule.until(now)) for rule in rules(session)]
    counts: Counter[str] = Counter()
    for name, until in due:
        while until is not None and not stopped():
            with ctx.database.begin() as session:
                done = _some(session, name, until, key, now)
            if not done:
                break
            counts[name] += done
    gone = {name: number for name, number in counts.items() if number}
    with ctx.database.begin() as session:
        ctx.audit(session, RUN, "retention", counts=gone)
    return gone


# --- what is due ------------------------------------------------------------------------------------------------


def _due(name: str, until: datetime) -> tuple[Table, ColumnElement[bool]]:
    """The table of a rule, and what of it is due."""
    match name:
        case "messages":
            old = and_(Message.done_at < until, Message.state.in_(_ENDED))
            silent = and_(Message.accepted_at < until, Message.state == MessageState.ACCEPTED)  # no report ever came
            return _of(Message), and_(Message.phone != "", or_(old, silent))
        case "replies":
            return _of(InboundMessage), and_(InboundMessage.received_at < until, InboundMessage.sender != "")
        case "exclusions":
            closed = (BatchState.FINISHED, BatchState.CANCELLED, BatchState.VOID)
            batch = exists().where(Batch.id == Exclusion.batch_id, Batch.state.in_(closed), Batch.created_at < until)
            return _of(Exclusion), batch
        case "contacts":
            return _of(Contact), Contact.at < until
        case "circumstances":
            return _of(Circumstance), or_(Circumstance.ended_at < until, Circumstance.until < until)
        case "imports":
            return _journal("import_change", until)
        case "error_files":
            return _journal("import_errors", until)
        case "customers":
            return _of(Customer), _forgotten(until)
    raise KeyError(name)


def _of(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _journal(name: str, until: datetime) -> tuple[Table, ColumnElement[bool]]:
    table, batch = Base.metadata.tables[name], Base.metadata.tables["import_batch"]
    ended = batch.c.state.in_(("done", "failed", "undone"))
    return table, table.c.import_id.in_(select(batch.c.id).where(batch.c.created_at < until, ended))


def _forgotten(until: datetime) -> ColumnElement[bool]:
    """Nobody changed, wrote to or heard from them since, and no loan is open."""
    loan, sent, heard, noted = aliased(Loan), aliased(Message), aliased(InboundMessage), aliased(Contact)
    return and_(
        Customer.updated_at < until,
        ~exists().where(loan.customer_id == Customer.id, or_(loan.state.in_(_OPEN), loan.updated_at >= until)),
        ~exists().where(sent.customer_id == Customer.id, sent.created_at >= until),
        ~exists().where(
            or_(heard.customer_id == Customer.id, heard.sender.in_([Customer.phone, "+86" + Customer.phone])),
            heard.received_at >= until,
        ),
        ~exists().where(noted.customer_id == Customer.id, noted.at >= until),
        ~exists().where(
            sent.customer_id == Customer.id,
            sent.state.in_((MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNKNOWN)),
        ),
    )


def _count(session: Session, name: str, until: datetime) -> int:
    table, due = _due(name, until)
    return session.scalar(select(func.count()).select_from(table).where(due)) or 0


def _some(session: Session, name: str, until: datetime, key: bytes, now: datetime) -> int:
    """A chunk of what is due; 0 when nothing is left."""
    table, due = _due(name, until)
    columns: list[Any] = list(table.primary_key.columns)
    size = PEOPLE if name == "customers" else CHUNK
    found = session.execute(select(*columns).where(due).limit(size)).all()
    if not found:
        return 0
    ids = [row[0] for row in found]
    match name:
        case "messages":
            blank_messages(session, key, ids)
        case "replies":
            blank_replies(session, ids)
        case "customers":
            for customer_id in ids:
                person = person_of(session, customer_id)
                if person is not None:
                    remember_refusals(session, key, person, now)
                    remove_person(session, key, person)
        case _:
            session.execute(delete(table).where(tuple_(*columns).in_([tuple(row) for row in found])))
    return len(found)
