"""The demo's world: two users, the shipped templates, 300 customers, some segments, a line that really sends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from console.core.clock import Clock
from console.core.context import Actor, Context
from console.core.i18n import tr
from console.core.lines.editing import LineDraft, add_line
from console.core.processes import terminate, wait_for_end
from console.core.security import setup
from console.core.security.slots import slots_of
from console.core.segments.starters import STARTERS
from console.core.segments.store import save_segment
from console.core.sending.process import request_stop, running_dispatchers
from console.demo_files import add_files
from console.demo_modem import DemoModem
from console.demo_people import add_people
from console.demo_users import OFFICER, SUPERVISOR
from db.engine import Database
from db.models import User

_STOP_SECONDS = 15.0
_SEGMENTS = 4


class World:
    """Made once; ``close`` ends the dispatcher and the modem."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.modem = DemoModem()
        try:
            self._context = make_database(path, self.modem.process.address, clock)
        except BaseException:
            self.modem.close()
            raise
        self._context.database.close()

    def close(self) -> None:
        try:
            self._stop_dispatchers()
        finally:
            self.modem.close()

    def _stop_dispatchers(self) -> None:
        """Ask, wait, and end the one that does not hear."""
        before = self._context.database
        with Database.open(before.url, key=before.key) as database:
            context = replace(self._context, database=database)
            running = running_dispatchers(context)
            if running:
                request_stop(context)
        for each in running:
            if not wait_for_end(each.pid, _STOP_SECONDS):
                terminate(each.pid)
                wait_for_end(each.pid, _STOP_SECONDS)


def make_database(path: Path, modem_address: str, clock: Clock) -> Context:
    """The context of the supervisor, whose database the caller closes."""
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
        officer_id = session.scalars(select(User.id).where(User.login == OFFICER.login)).one()
        add_files(session, clock.now(), officer_id)
    officer = replace(context, actor=Actor.of(officer_id, OFFICER.login, OFFICER.name, OFFICER.roles))
    for starter in STARTERS[:_SEGMENTS]:
        save_segment(officer, name=str(starter.title), root=starter.root)
    add_line(context, LineDraft(name=tr("Emulated modem"), address=modem_address))
    return context
