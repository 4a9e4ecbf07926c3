"""The verbs of the lines screen: each calls core off the GUI thread and tells what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QObject

from console.core.campaigns.trial import TrialSent
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.i18n import tr
from console.core.lines import balance, terminal
from console.core.lines.balance import Told
from console.core.lines.browse import LineCard, line_cards
from console.core.lines.editing import remove_line, set_enabled
from console.core.lines.search import Offer, search
from console.core.lines.terminal import Terminal
from console.core.lines.testing import send_line_test
from console.shell.services import Demo, Services
from console.shell.tasks import Failed, Progress, Task

LINES = Change.of(Topic.LINES, Topic.AUDIT)
TEST = Change.of(Topic.OUTBOX, Topic.LINES, Topic.AUDIT)


def load(services: Services, owner: QObject, done: Callable[[list[LineCard]], None]) -> None:
    services.tasks.query(line_cards, done, owner=owner, key="lines")


def switch(services: Services, owner: QObject, line_id: int, enabled: bool) -> None:
    def work(ctx: Context) -> None:
        set_enabled(ctx, line_id, enabled)

    services.tasks.query(work, lambda _none: services.announce(LINES), owner=owner)


def remove(services: Services, owner: QObject, line_id: int) -> None:
    def work(ctx: Context) -> None:
        remove_line(ctx, line_id)

    services.tasks.query(work, lambda _none: services.announce(LINES), owner=owner)


def find_modems(services: Services, owner: QObject, done: Callable[[list[Offer]], None], failed: Failed) -> Task:
    """Ask the modems on this computer who they are; the status bar shows it too."""
    return services.tasks.run(tr("Looking for modems"), search, done, owner=owner, failed=failed)


def ask_for_balance(services: Services, owner: QObject, line_id: int, name: str) -> None:
    """The card shows the answer; while the sending has the modem it comes when the line has nothing to send."""

    def work(ctx: Context, _progress: Progress) -> Told | None:
        return balance.ask_for_balance(ctx, line_id)

    def done(told: Told | None) -> None:
        services.announce(LINES)
        if told is None:
            words = tr("The balance of {name} is asked for as soon as the line has nothing to send.", name=name)
            services.notices.info(words, tr("Its card shows the answer."))
        else:
            services.notices.info(tr("Balance of {name}: {words}", name=name, words=told.words()), told.balance.text)

    services.tasks.run(tr("Asking for the balance"), work, done, owner=owner, cancellable=False)


def open_terminal(services: Services, line_id: int, done: Callable[[Terminal], None], failed: Failed) -> None:
    """``done`` is called even when the dialog is gone, so that the port is given back."""

    def work(ctx: Context, _progress: Progress) -> Terminal:
        return terminal.open_terminal(ctx, line_id)

    services.tasks.run(tr("Opening the support terminal"), work, done, owner=None, failed=failed, cancellable=False)


def ask_modem(services: Services, owner: QObject, session: Terminal, command: str, done: Callable[[], None]) -> None:
    def work(_ctx: Context, _progress: Progress) -> None:
        session.ask(command)

    services.tasks.run(tr("Asking the modem"), work, lambda _none: done(), owner=owner, cancellable=False)


def save_transcript(services: Services, owner: QObject, session: Terminal, path: Path, failed: Failed) -> None:
    def work(_ctx: Context) -> None:
        session.save(path)

    def done(_none: None) -> None:
        services.notices.good(tr("The transcript is saved."), str(path))

    services.tasks.query(work, done, owner=owner, failed=failed)


def close_terminal(services: Services, session: Terminal) -> None:
    def work(_ctx: Context, _progress: Progress) -> None:
        session.close()

    def done(_none: None) -> None:
        services.announce(LINES)

    services.tasks.run(tr("Closing the support terminal"), work, done, owner=None, cancellable=False)


def close_terminals(services: Services, sessions: Iterable[Terminal]) -> None:
    for session in sessions:
        close_terminal(services, session)


def test(ctx: Context, line_id: int, phone: str) -> TrialSent:
    return send_line_test(ctx, line_id, phone)


def fail(services: Services, owner: QObject, demo: Demo, key: str) -> None:
    """Make the emulated modem of the demo fail, or put it right."""

    def work(_ctx: Context) -> None:
        demo.fail(key)

    def done(_none: None) -> None:
        words = tr("The emulated modem now fails.") if key else tr("The emulated modem works again.")
        services.notices.info(words, tr("Its card shows it within a few seconds."))

    services.tasks.query(work, done, owner=owner)
