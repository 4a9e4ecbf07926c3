"""A window hears within a second or two of what another one did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.settings import save
from console.shell.poller import Poller
from console.shell.services import Services
from db.engine import Database


@pytest.fixture
def elsewhere(admin_ctx: Context) -> Iterator[Context]:
    """The administrator at another window."""
    with Database.open(admin_ctx.database.url, key=admin_ctx.database.key) as database:
        yield replace(admin_ctx, database=database)


def test_another_window_changes_something(
    services: Services, elsewhere: Context, qtbot: QtBot, settle: Callable[[], None]
) -> None:
    heard: list[Change] = []
    services.changed.connect(heard.append)
    poller = Poller(services, every=20)
    poller.start()
    qtbot.waitUntil(lambda: poller.last is not None)
    with elsewhere.database.begin() as session:
        elsewhere.audit(session, "customer.edit", "customer:1")
    qtbot.waitUntil(lambda: any(change.concerns(Topic.CUSTOMERS) for change in heard))
    assert services.ctx.settings["bank.signature"] != "城东支行"
    save(elsewhere, {"bank.signature": "城东支行"})
    qtbot.waitUntil(lambda: services.ctx.settings["bank.signature"] == "城东支行")
    assert any(change.concerns(Topic.SETTINGS) for change in heard)
    poller.stop()
    settle()
    poller.stop()
