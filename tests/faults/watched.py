"""A process that goes one step at a time, so that it can be killed where it hurts; loaded with ``runpy``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from console.core.context import Context

# Says a word at each step and waits to be told to go on: the parent kills it where it likes.
CHILD = """
import json, sys
from datetime import datetime
from console.core.campaigns import freeze, housekeeping, lifecycle
from console.core.sending import control
from console.core.clock import FixedClock
from console.core.context import Actor, Context
from console.core.security.permissions import Role
from console.core.settings import Settings
from db.engine import Database

told = json.loads(sys.stdin.readline())
key = bytes.fromhex(told["key"]) if told["key"] else None
database = Database.open(told["url"], key=key)
actor = Actor.of(told["user"], told["login"], "x", frozenset(map(Role, told["roles"])))
clock = FixedClock(datetime.fromisoformat(told["now"]))

def step(*words):
    print(*words, flush=True)
    sys.stdin.readline()

class Watched(Context):
    def audit(self, session, action, subject, **detail):
        Context.audit(self, session, action, subject, **detail)
        session.flush()
        step("audited", action)

watched = Watched(database=database, clock=clock, actor=actor, settings=Settings())
freeze.CHUNK = told["chunk"] or freeze.CHUNK
campaign, digest = told["campaign"], told["digest"]
{
    "submit": lambda: lifecycle.submit(watched, campaign, progress=lambda done, total: step("chunk", done, total)),
    "withdraw": lambda: lifecycle.withdraw(watched, campaign),
    "approve": lambda: lifecycle.approve(watched, campaign, digest),
    "return": lambda: lifecycle.return_(watched, campaign, digest, "wrong amount"),
    "pause": lambda: lifecycle.pause(watched, campaign, "drill"),
    "resume": lambda: lifecycle.resume(watched, campaign),
    "cancel": lambda: lifecycle.cancel(watched, campaign),
    "stop class": lambda: control.stop_class(watched, "remind", "drill"),
    "resend": lambda: control.resolve_unknown(watched, told["messages"], "resend"),
    "lapse": lambda: housekeeping.lapse(watched),
    "finish": lambda: housekeeping.finish(watched),
}[told["do"]]()
print("done", flush=True)
"""


@contextmanager
def child(
    ctx: Context, do: str, campaign_id: int, digest: str = "", *, chunk: int = 0, messages: Sequence[int] = ()
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    told = {
        "url": ctx.database.url,
        "key": ctx.database.key.hex() if ctx.database.key else "",
        "user": ctx.actor.user_id,
        "login": ctx.actor.login,
        "roles": sorted(ctx.actor.roles),
        "now": ctx.clock.now().isoformat(),
        "chunk": chunk,
        "messages": list(messages),
        "do": do,
        "campaign": campaign_id,
        "digest": digest,
    }
    say(process, json.dumps(told))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def say(process: subprocess.Popen[str], words: str = "") -> None:
    assert process.stdin is not None
    process.stdin.write(words + "\n")
    process.stdin.flush()


def until(process: subprocess.Popen[str], words: str) -> None:
    """Let the child go on until it says ``words``; it then waits there."""
    assert process.stdout is not None
    while True:
        heard = process.stdout.readline().strip()
        assert heard, "the child ended early"
        if heard == words:
            return
        say(process)


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait(90)
