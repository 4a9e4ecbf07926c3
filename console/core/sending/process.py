"""The dispatcher as a process of its own: started beside the window, found again, asked to stop."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from console.core import processes
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.sending.machine import machine_id
from console.core.sending.status import ALIVE_WITHIN
from db import outbox_lines

STDIN_OPTION = "--locator-from-stdin"
COMPANION_VARIABLE = "BRANCH_SMS_ENDS_WITH"  # "pid:started": a dispatcher that inherits it ends when that process does
_SAME_START = 60.0  # seconds: the system reckons it from the clock on the wall, which may be set meanwhile


@dataclass(frozen=True, kw_only=True)
class Locator:
    """Where the database is and what opens it. It goes through a pipe: a URL may carry a password."""

    url: str
    key: bytes | None  # None for a server

    def dump(self) -> bytes:
        return json.dumps({"url": self.url, "key": self.key.hex() if self.key else None}).encode() + b"\n"

    @staticmethod
    def load(stream: IO[bytes]) -> Locator:
        """Raises ValueError for anything but what ``dump`` writes."""
        try:
            record = json.loads(stream.readline())
            return Locator(url=record["url"], key=bytes.fromhex(record["key"]) if record["key"] else None)
        except (KeyError, TypeError) as error:
            raise ValueError("no locator on standard input") from error


@dataclass(frozen=True, kw_only=True)
class Running:
    host: str
    pid: int
    heartbeat_at: datetime
    here: bool  # on this computer


def start_dispatcher(locator: str, key: bytes | None, *, log: Path | None = None) -> int:
    """Start one that outlives this process; its pid. ``locator`` is the database's URL. Raises OSError."""
    command = processes.command("dispatch", STDIN_OPTION)
    return processes.spawn_detached(command, stdin=Locator(url=locator, key=key).dump(), log=log)


def companion() -> str:
    """This process, as the value of ``COMPANION_VARIABLE``."""
    return f"{os.getpid()}:{processes.started_at(os.getpid())}"


def companion_lives(value: str) -> bool:
    """False as well when another process has its number now."""
    pid, _, started = value.partition(":")
    try:
        now, then = processes.started_at(int(pid)), float(started)
    except ValueError:
        return False
    return now is not None and abs(now - then) < _SAME_START


def running_dispatchers(ctx: Context) -> list[Running]:
    """Those that show signs of life, on any computer that works on this database."""
    machine, now = machine_id(), ctx.clock.now()
    with ctx.database.read() as session:
        runs = outbox_lines.running(session)
    return [
        Running(host=run.host, pid=run.pid, heartbeat_at=run.heartbeat_at, here=run.machine == machine)
        for run in runs
        if run.heartbeat_at > now - ALIVE_WITHIN and (run.machine != machine or processes.is_alive(run.pid))
    ]


def dispatcher_alive(ctx: Context) -> bool:
    return bool(running_dispatchers(ctx))


def ensure_dispatcher(ctx: Context, *, log: Path | None = None) -> bool:
    """Start one when none runs for this database; whether one was started."""
    if dispatcher_alive(ctx):
        return False
    start_dispatcher(ctx.database.url, ctx.database.key, log=log)
    return True


def request_stop(ctx: Context) -> Change:
    """The dispatcher on this computer finishes what is on the air and ends. Whoever may close the window may do it."""
    with ctx.database.begin() as session:
        if outbox_lines.request_stop(session, machine_id()):
            ctx.audit(session, "dispatcher.stop", "dispatcher")
    return Change.of(Topic.OUTBOX, Topic.LINES)
