"""One card a line: what it is, how it is doing, what it has sent, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.i18n import Text
from console.core.lines.balance import Told, load
from console.core.lines.diagnosis import Diagnosis, Facts, Health, findings
from console.core.lines.lease import is_held
from console.core.lines.limits import Limits
from console.core.sending.causes import explain
from console.core.sending.status import ALIVE_WITHIN, midnight
from db.models import Control, Dispatcher, Line, LineState, Message, MessagePart
from db.outbox_lines import parts_left_since
from gsm.messages import LineIdentity
from gsm.modem.discovery import twins

ERROR_AGE = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class LastError:
    at: datetime
    code: str
    text: Text


@dataclass(frozen=True, kw_only=True)
class LineCard:
    id: int
    name: str
    kind: str
    address: str
    enabled: bool
    state: LineState
    findings: tuple[Diagnosis, ...]  # the most important first, at least one
    health: Health  # empty unless the line is ready: what a silent modem said before is not how things are
    device: str  # manufacturer and model
    firmware: str
    imei_tail: str
    last_error: LastError | None  # of the last message that failed here within a day
    held: bool  # a dispatcher, or a person's terminal, has the device
    balance: Told | None  # None: never asked
    balance_wanted: bool  # the sending asks as soon as the line has nothing to send
    limits: Limits
    number_tail: str  # last digits of the IMSI, to tell SIM cards apart
    pace_per_minute: int | None
    sent_today: int  # parts, as the carrier bills them
    messages_hour: int  # messages accepted within the last hour
    has_pin: bool

    @property
    def daily_quota(self) -> int | None:
        return self.limits.daily_quota

    @property
    def diagnosis(self) -> Diagnosis:
        return self.findings[0]


def line_cards(ctx: Context) -> list[LineCard]:
    now = ctx.clock.now()
    with ctx.database.read() as session:
        alive = select(func.count()).where(
            Dispatcher.stopped_at.is_(None), Dispatcher.heartbeat_at > now - ALIVE_WITHIN
        )
        served = bool(session.scalar(alive))
        stopped = bool(session.scalar(select(Control.stopped)))
        hours = _last_hour(session, now)
        lines = session.scalars(select(Line).order_by(Line.name)).all()
        like = _twins(lines)
        office = Office(served=served, stopped=stopped, now=now)
        return [_card(session, line, office, hours.get(line.id, 0), like.get(line.name, "")) for line in lines]


@dataclass(frozen=True, kw_only=True)
class Office:
    served: bool  # a dispatcher is running
    stopped: bool
    now: datetime


def _twins(lines: Sequence[Line]) -> dict[str, str]:
    """By name: another line with the same modem or SIM card."""
    known = {
        line.name: LineIdentity(imei=_word(line.identity, "imei"), imsi=_word(line.identity, "imsi"))
        for line in lines
        if line.enabled
    }
    found: dict[str, str] = {}
    for _what, first, second in twins(known):
        found.setdefault(first, second)
        found.setdefault(second, first)
    return found


def _last_hour(session: Session, now: datetime) -> dict[int, int]:
    query = (
        select(Message.line_id, func.count())
        .where(Message.line_id.in_(select(Line.id)), Message.accepted_at > now - timedelta(hours=1))
        .group_by(Message.line_id)
    )
    return {line_id: number for line_id, number in session.execute(query).all() if line_id is not None}


def _card(session: Session, line: Line, office: Office, hour: int, twin: str) -> LineCard:
    now = office.now
    health = Health.of(line.health, line.health_at)
    sent, _last = parts_left_since(session, line.id, midnight(now))
    facts = Facts(
        enabled=line.enabled,
        state=line.state,
        fault=line.fault,
        fault_text=_text(line.fault_text),
        health=health,
        sent_today=sent,
        daily_quota=line.daily_quota,
        served=office.served,
        stopped=office.stopped,
        twin=twin,
        step_text=_text(line.step_text),
    )
    return LineCard(
        id=line.id,
        name=line.name,
        kind=line.kind,
        address=line.address,
        enabled=line.enabled,
        state=line.state,
        findings=tuple(findings(facts, now)),
        health=health if line.state is LineState.READY else Health(at=line.health_at),
        device=" ".join(filter(None, (_word(line.identity, "manufacturer"), _word(line.identity, "model")))),
        firmware=_word(line.identity, "firmware"),
        imei_tail=_word(line.identity, "imei")[-4:],
        last_error=_last_error(session, line.id, now),
        held=is_held(line, now),
        balance=load(line.balance),
        balance_wanted=bool(line.errand),
        limits=Limits.of(line),
        number_tail=_word(line.identity, "imsi")[-4:],
        pace_per_minute=line.pace_per_minute,
        sent_today=sent,
        messages_hour=hour,
        has_pin=bool(line.options.get("pin")),
    )


def _last_error(session: Session, line_id: int, now: datetime) -> LastError | None:
    """Of a message that the line itself could not send; what the network says later is no matter of the line's."""
    query = (
        select(MessagePart.sending_at, MessagePart.error)
        .where(MessagePart.line_id == line_id, MessagePart.sending_at > now - ERROR_AGE, MessagePart.error != "")
        .order_by(MessagePart.sending_at.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else LastError(at=row.sending_at, code=row.error, text=explain(row.error).text)


def _text(stored: str) -> Text:
    """A stored Text, or words as they are."""
    return Text.load(stored) if stored.startswith("{") else Text(stored.replace("{", "{{").replace("}", "}}"))


def _word(stored: Mapping[str, object], key: str) -> str:
    value = stored.get(key)
    return value.strip() if isinstance(value, str) else ""
