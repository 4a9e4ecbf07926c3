"""``branch-sms demo``: everything works, on made-up people and an emulated modem, and nothing stays behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console import app
from console.core import paths
from console.core.clock import Clock, SystemClock
from console.core.context import Context
from console.core.i18n import tr
from console.core.lines.editing import LineDraft, add_line
from console.core.processes import terminate, wait_for_end
from console.core.security import setup
from console.core.security.permissions import ROLE_TITLES, Role
from console.core.security.slots import slots_of
from console.core.sending.process import request_stop
from console.core.sending.status import snapshot
from console.core.workstation import Workstation
from console.demo_modem import DemoModem
from console.demo_people import add_people
from console.shell.login import DemoUser
from db.engine import Database

PREFIX = "branch-sms-demo-"
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class _Person:
    login: str
    name: str
    roles: frozenset[Role]
    password: str  # of made-up people over made-up customers: it is shown on the login window


OFFICER = _Person("officer", "王敏", frozenset({Role.OFFICER, Role.REPORTER}), "plum-blossom-07")
SUPERVISOR = _Person(
    "supervisor", "陈立", frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR}), "green-bamboo-24"
)


def run(here: Workstation, *, keep: bool = False, check: bool = False) -> int:
    with world(keep=keep) as (url, modem):
        at = here.changed(database_url=url, last_login=OFFICER.login)
        users = [_shown(OFFICER, Role.OFFICER), _shown(SUPERVISOR, Role.SUPERVISOR)]
        return app.run(at, demo=modem, demo_users=users)


@contextmanager
def world(*, keep: bool = False) -> Iterator[tuple[str, DemoModem]]:
    """A folder of its own with the encrypted database, and the modem; the URL. All of it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    before = os.environ.get(paths.HOME_VARIABLE)
    os.environ[paths.HOME_VARIABLE] = str(folder)  # logs too; the dispatcher inherits it
    modem = DemoModem()
    try:
        context = make_database(paths.default_database(), modem.process.address, SystemClock())
        context.database.close()
        key = context.database.key
        try:
            yield context.database.url, modem
        finally:
            _stop_dispatcher(context, key)
    finally:
        modem.close()
        if before is None:
            del os.environ[paths.HOME_VARIABLE]
        else:
            os.environ[paths.HOME_VARIABLE] = before
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def make_database(path: Path, modem_address: str, clock: Clock) -> Context:
    """Two users, the shipped templates, 300 customers, one line; the context of the supervisor."""
    context = setup.create_embedded(
        path,
        login=SUPERVISOR.login,
        name=SUPERVISOR.name,
        password=SUPERVISOR.password,
        clock=clock,
        roles=SUPERVISOR.roles,
    )
    slots, key = slots_of(context.database), context.database.key
    assert slots is not None
    assert key is not None
    slots.add(OFFICER.login, OFFICER.password, key)
    with context.database.begin() as session:
        setup.add_user(
            context,
            session,
            login=OFFICER.login,
            name=OFFICER.name,
            roles=OFFICER.roles,
            password=OFFICER.password,
        )
        add_people(session, clock.now())
    add_line(context, LineDraft(name=tr("Emulated modem"), address=modem_address))
    return context


def _stop_dispatcher(context: Context, key: bytes | None) -> None:
    """Ask it, wait for it, and end it when it does not hear."""
    with Database.open(context.database.url, key=key) as database, database.read() as session:
        pid = snapshot(session, context.clock.now()).dispatcher_pid
    if pid is None:
        return
    with Database.open(context.database.url, key=key) as database:
        request_stop(Context(database=database, clock=context.clock, actor=context.actor, settings=context.settings))
    if not wait_for_end(pid, _STOP_SECONDS):
        terminate(pid)
        wait_for_end(pid, _STOP_SECONDS)


def _shown(person: _Person, role: Role) -> DemoUser:
    return DemoUser(person.login, person.name, str(ROLE_TITLES[role]), person.password)
