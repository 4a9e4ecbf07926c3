"""Lines (a modem or a gateway), dispatchers, the global stop, and settings."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, Time, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, EnumValue, Id, UtcDateTime


class LineState(StrEnum):
    OFF = "off"  # switched off by a person, or no dispatcher serves it
    STARTING = "starting"
    READY = "ready"
    FAULT = "fault"  # being recovered; ``fault`` and ``fault_text`` say what is wrong
    STOPPED = "stopped"  # needs a person


class Line(Base):
    __tablename__ = "line"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(20), default="modem")
    address: Mapped[str] = mapped_column(String(255))  # /dev/ttyUSB0, COM5, socket://127.0.0.1:5000
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    enabled: Mapped[bool] = mapped_column(default=True)
    pace_per_minute: Mapped[int | None]  # parts, evenly spaced; None: as fast as the line goes
    hourly_quota: Mapped[int | None]  # parts in any sixty minutes
    daily_quota: Mapped[int | None]  # parts from the office's midnight
    monthly_quota: Mapped[int | None]  # parts in a calendar month of the office
    opens_at: Mapped[time | None] = mapped_column(Time)  # the office's time; both None: at any hour
    closes_at: Mapped[time | None] = mapped_column(Time)  # before ``opens_at``: past midnight
    classes: Mapped[list[str]] = mapped_column(JSON, default=list)  # message classes it may send; empty: all
    priority: Mapped[int] = mapped_column(default=5)  # 0 first; a later line gets what those before it have no room for
    state: Mapped[LineState] = mapped_column(EnumValue(LineState), default=LineState.OFF)
    fault: Mapped[str] = mapped_column(String(64), default="")  # code, as in gsm.errors
    fault_text: Mapped[str] = mapped_column(Text, default="")
    step: Mapped[str] = mapped_column(String(20), default="")  # what is done about it: console.core.sending.ladder.Step
    step_text: Mapped[str] = mapped_column(Text, default="")
    next_look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    identity: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # gsm.messages.LineIdentity
    health: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # gsm.messages.LineHealth
    health_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    errand: Mapped[str | None] = mapped_column(String(20))  # asked for by a person: console.core.lines.errands
    balance: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # what came back: console.core.lines.balance
    owner: Mapped[str] = mapped_column(String(64), default="")  # dispatcher run that holds the device
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Dispatcher(Base):
    """One row per run of a dispatcher."""

    __tablename__ = "dispatcher"

    run: Mapped[str] = mapped_column(String(64), primary_key=True)
    host: Mapped[str] = mapped_column(String(100))
    machine: Mapped[str] = mapped_column(String(64), default="")  # tells computers of one name apart
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    heartbeat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stop_requested: Mapped[bool] = mapped_column(default=False)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Control(Base):
    """One row: what is stopped, everything or single classes. One row, so that the last gate locks and reads one."""

    __tablename__ = "control"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stopped: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")  # of the global stop
    classes: Mapped[dict[str, Any]] = mapped_column(  # stopped classes: who, when, why; db.outbox_decisions
        JSON, default=dict, server_default=text("'{}'")
    )
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Setting(Base):
    """A value that differs from the default declared in core.settings; user_id 0 is everybody's."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True, default=0, autoincrement=False)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Secret(Base):
    """Random keys of this database, such as the one over message digests; never shown, never exported."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[bytes]
