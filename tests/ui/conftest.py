"""Screens under test: the real theme, real background work, an embedded encrypted database.

``services`` is what every page is given; ``settle()`` waits until no background work is left; ``notices`` collects
what was told. A test fails when a background task meets a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.screens.campaigns.screen import CampaignsPage
from console.shell.garbage import Garbage
from console.shell.notices import Notice
from console.shell.page import Page
from console.shell.services import Services
from console.shell.theme import ThemeManager
from db.engine import Database

P = TypeVar("P", bound=Page)
Arrived = Callable[[P], P]


PATIENCE = 30_000  # ms: what comes late on a busy machine comes all the same


class PatientBot(QtBot):
    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE, **more: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **more)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


def _settled(qtbot: QtBot, services: Services) -> None:
    """No background work is left, and what it brought is shown: a layout shows what it was given a moment later."""
    for _ in range(2):
        qtbot.waitUntil(lambda: services.tasks.idle)
        QApplication.processEvents()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Screens do not know the engine, so one is enough here."""
    return sqlite_database


@pytest.fixture(scope="session", autouse=True)
def garbage(qapp: QApplication) -> Iterator[Garbage]:
    """As in the program: no worker collects what belongs to Qt."""
    keeper = Garbage(qapp)
    yield keeper
    keeper.close()


@pytest.fixture(scope="session")
def theme_manager(qapp: QApplication) -> ThemeManager:
    return ThemeManager(qapp)


@pytest.fixture(autouse=True)
def light_theme(theme_manager: ThemeManager) -> None:
    theme_manager.apply("light", language="en")


@pytest.fixture
def services_of(qapp: QApplication) -> Iterator[Callable[[Context], Services]]:
    """``services_of(supervisor_ctx)``: services of another user; all are closed at the end."""
    made: list[Services] = []
    crashes: list[BaseException] = []

    def make(ctx: Context) -> Services:
        services = Services(ctx)
        services.tasks.crashed.connect(crashes.append)
        made.append(services)
        return services

    yield make
    for services in made:
        services.close()
    if crashes:
        raise crashes[0]


@pytest.fixture
def services(services_of: Callable[[Context], Services], ctx: Context) -> Services:
    """Services of the officer."""
    return services_of(ctx)


@pytest.fixture
def notices(services: Services) -> list[Notice]:
    told: list[Notice] = []
    services.notices.posted.connect(told.append)
    return told


@pytest.fixture
def settle(qtbot: QtBot, services: Services) -> Callable[[], None]:
    """Wait until no background work of ``services`` is left."""
    return lambda: _settled(qtbot, services)


@pytest.fixture
def arrived(qtbot: QtBot) -> Arrived[P]:
    """``arrived(ApprovalsPage(services))``: the page as a person who arrives at it finds it."""

    def shown(page: P) -> P:
        qtbot.addWidget(page)
        page.resize(1200, 900)
        page.show()
        qtbot.waitExposed(page)
        page.arrive()
        _settled(qtbot, page.services)
        return page

    return shown


@pytest.fixture
def campaigns_page(services: Services, arrived: Arrived[CampaignsPage]) -> Callable[[], CampaignsPage]:
    return lambda: arrived(CampaignsPage(services))
