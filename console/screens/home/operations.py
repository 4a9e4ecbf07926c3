"""The verbs of the home page: each calls core off the GUI thread and tells what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from console.core.campaigns.trial import TrialSent
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.format import count
from console.core.home import Day, day, first_line
from console.core.i18n import ntr, tr
from console.core.lines.testing import send_line_test
from console.core.sending import reconcile as reconciliation
from console.core.sending.control import Decision, resolve_unknown
from console.core.sending.reconcile import Looked, reconcile
from console.shell.services import Services
from console.shell.tasks import Progress

OUTBOX = Change.of(Topic.OUTBOX, Topic.CAMPAIGNS, Topic.AUDIT)


def load(services: Services, owner: QObject, done: Callable[[Day], None]) -> None:
    services.tasks.query(day, done, owner=owner, key="day")


def test_my_phone(ctx: Context, phone: str) -> TrialSent:
    """One test message over the first line that can send."""
    return send_line_test(ctx, first_line(ctx), phone)


def decide(
    services: Services, owner: QObject, message_ids: Sequence[int], decision: Decision, done: Callable[[], None]
) -> None:
    def work(ctx: Context) -> int:
        return resolve_unknown(ctx, message_ids, decision)

    def told(decided: int) -> None:
        services.announce(OUTBOX)
        services.notices.good(ntr("{n} outcome was decided.", "{n} outcomes were decided.", decided))
        done()

    services.tasks.query(work, told, owner=owner)


def check_now(services: Services, owner: QObject, done: Callable[[], None]) -> None:
    """Reconcile everything of the last days, as a task that is shown and can be cancelled."""

    def work(ctx: Context, progress: Progress) -> Looked:
        return reconcile(ctx, progress=progress)

    def told(looked: Looked) -> None:
        services.announce(OUTBOX)
        if looked.findings:
            number = len(looked.findings)
            services.notices.warn(ntr("{n} thing does not add up.", "{n} things do not add up.", number))
        else:
            services.notices.good(
                tr("Everything adds up: {n} campaigns compared.", n=count(looked.campaigns)),
            )
        done()

    services.tasks.run(tr("Comparing campaigns and lines"), work, told, owner=owner)


def settle(ids: Sequence[int], note: str) -> Callable[[Context], Change]:
    return lambda ctx: reconciliation.settle(ctx, ids, note)
