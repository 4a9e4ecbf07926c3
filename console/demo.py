"""``branch-sms demo``: everything works, on made-up people and an emulated modem, and nothing stays behind.

Light to load: the world itself (``console.demo_world``) is made while the login window already stands.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from console import app
from console.core import paths
from console.core.clock import SystemClock
from console.core.security.permissions import ROLE_TITLES, Role
from console.core.sending.process import COMPANION_VARIABLE, companion
from console.core.workstation import Workstation
from console.demo_until import Until
from console.demo_users import OFFICER, SUPERVISOR
from console.shell.login import DemoUser

if TYPE_CHECKING:
    from console.demo_world import World
    from console.shell.services import Demo

PREFIX = "branch-sms-demo-"


class DemoStage:
    """``console.app.Stage``."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.world: World | None = None

    @property
    def users(self) -> Sequence[DemoUser]:
        return [
            DemoUser(OFFICER.login, OFFICER.name, str(ROLE_TITLES[Role.OFFICER]), OFFICER.password),
            DemoUser(SUPERVISOR.login, SUPERVISOR.name, str(ROLE_TITLES[Role.SUPERVISOR]), SUPERVISOR.password),
        ]

    def prepare(self) -> None:
        self.world = import_module("console.demo_world").World(self.database, SystemClock())

    def modem(self) -> Demo:
        assert self.world is not None
        return self.world.modem

    def close(self) -> None:
        if self.world is not None:
            self.world.close()


@contextmanager
def stage(*, keep: bool = False) -> Iterator[DemoStage]:
    """A folder of its own for everything; it ends with the block, and so does whatever was started in it."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    before = os.environ.get(paths.HOME_VARIABLE)
    os.environ[paths.HOME_VARIABLE] = str(folder)  # logs too; the dispatcher inherits it
    os.environ[COMPANION_VARIABLE] = companion()  # killed, the demo cannot end its dispatcher
    made = DemoStage(paths.default_database())
    try:
        yield made
    finally:
        made.close()
        del os.environ[COMPANION_VARIABLE]
        if before is None:
            del os.environ[paths.HOME_VARIABLE]
        else:
            os.environ[paths.HOME_VARIABLE] = before
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def run(here: Workstation, *, keep: bool = False, until: str | None = None) -> int:
    """``until``: end by itself when this stands (``console.demo_until``)."""

    def started(console: app.Console) -> None:
        if until is not None:
            Until(console, until)

    with stage(keep=keep) as made:
        at = here.changed(database_url=paths.sqlite_url(made.database), last_login=OFFICER.login)
        return app.run(at, stage=made, started=started)
