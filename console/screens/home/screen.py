"""Is everything all right, and what waits for me?"""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QGridLayout, QWidget

from console.core.campaigns.trial import TrialSent
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.home import Day
from console.core.i18n import tr
from console.core.security.permissions import Permission
from console.screens.home import operations
from console.screens.home.cards import Headline, LinesCard, RunningCard, TodayCard, WaitingCard
from console.screens.home.discrepancies import DiscrepancyDialog
from console.screens.home.steps import StepsCard
from console.screens.home.unknown import UnknownDialog
from console.shell import theme
from console.shell.forms import FormDialog
from console.shell.page import Page
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.widgets import scroll

NARROW = 860  # design pixels below which the cards stand one under another


class HomePage(Page):
    key: ClassVar[str] = "home"
    icon: ClassVar[str] = "house"
    topics: ClassVar[frozenset[Topic]] = frozenset(
        {Topic.OUTBOX, Topic.LINES, Topic.CAMPAIGNS, Topic.CUSTOMERS, Topic.SETTINGS, Topic.TEMPLATES, Topic.RULES}
    )

    @classmethod
    def title(cls) -> str:
        return tr("Home")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        may, P = services.allowed, Permission  # noqa: N806 - an enumeration
        self.headline = Headline()
        self.bar.add_widget(self.headline)
        if may(P.CAMPAIGNS_EDIT):
            self.bar.set_primary(tr("New campaign"), lambda: services.navigate("campaigns", new=True))
        self.steps = StepsCard(
            may_line=may(P.LINES_EDIT), may_import=may(P.CUSTOMERS_IMPORT), may_test=may(P.CAMPAIGNS_TEST_SEND)
        )
        self.today, self.waiting = TodayCard(), WaitingCard()
        self.lines, self.running = LinesCard(), RunningCard()
        self._inside = QWidget()
        for card in (self.steps, self.today, self.waiting, self.lines, self.running):
            card.setParent(self._inside)
        self.lines.setVisible(may(P.LINES_VIEW))
        self.running.setVisible(may(P.CAMPAIGNS_VIEW))
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(20, 16, 20, 20)
        self._grid.setSpacing(16)
        self._area = scroll(self._inside)
        self._area.viewport().installEventFilter(self)
        self._wide: bool | None = None
        self.steps.hide()
        self.set_content(self._area)
        self._connect()

    def _connect(self) -> None:
        go = self.services.navigate
        self.steps.line_wanted.connect(lambda: go("lines", add=True))
        self.steps.import_wanted.connect(lambda: go("customers", start_import=True))
        self.steps.test_wanted.connect(self.send_test)
        self.waiting.approval_opened.connect(lambda id_: go("approvals", campaign_id=id_))
        self.waiting.campaign_opened.connect(lambda id_: go("campaigns", campaign_id=id_))
        self.waiting.unknown_opened.connect(self.show_unknown)
        self.waiting.lines_opened.connect(lambda: go("lines"))
        self.waiting.odd_opened.connect(self.show_odd)
        self.waiting.campaigns_opened.connect(lambda: go("campaigns"))
        self.waiting.series_opened.connect(lambda: go("campaigns", series=True))
        self.waiting.rules_opened.connect(lambda: go("rules", section="draft"))
        self.waiting.reviews_opened.connect(lambda: go("templates", state="in_review"))
        self.lines.opened.connect(lambda: go("lines"))
        self.running.opened.connect(lambda id_: go("campaigns", campaign_id=id_))

    def arrive(self, **arguments: object) -> None:
        self.refresh(None)
        if arguments.get("show") == "unknown":
            self.show_unknown()
        elif arguments.get("show") == "discrepancies":
            self.show_odd()

    def refresh(self, change: Change | None) -> None:
        operations.load(self.services, self, self._show)

    def _show(self, day: Day) -> None:
        self.headline.show_day(day)
        self.steps.show_steps(day.steps)
        self.today.show_day(day)
        self.waiting.show_day(day)
        self.lines.show_lines(day.lines)
        self.running.show_campaigns(day.running)
        tab_in_order(self._grid, self._area)

    def show_unknown(self) -> None:
        UnknownDialog(self, self.services).open()

    def show_odd(self) -> None:
        DiscrepancyDialog(self, self.services).open()

    def send_test(self) -> None:
        OwnPhoneDialog(self, self.services).open()

    # Layout

    def _arrange(self) -> None:
        wide = self._area.viewport().width() >= theme.current().px(NARROW)
        if wide == self._wide:
            return
        self._wide = wide
        while self._grid.takeAt(0) is not None:
            pass
        places = (
            ((self.steps, 0, 0, 1, 2), (self.today, 1, 0, 1, 1), (self.waiting, 1, 1, 1, 1),
             (self.running, 2, 0, 1, 1), (self.lines, 2, 1, 1, 1))
            if wide
            else ((self.steps, 0, 0, 1, 1), (self.waiting, 1, 0, 1, 1), (self.today, 2, 0, 1, 1),
                  (self.running, 3, 0, 1, 1), (self.lines, 4, 0, 1, 1))
        )  # fmt: skip
        for card, line, place, height, width in places:
            self._grid.addWidget(card, line, place, height, width)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2 if wide else 0)
        for line in range(6):
            self._grid.setRowStretch(line, 0)
        self._grid.setRowStretch(1 if wide else 5, 1)
        self._grid.setRowMinimumHeight(2, theme.current().px(150) if wide else 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._area.viewport():
            self._arrange()
        return False


class OwnPhoneDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services) -> None:
        super().__init__(parent, tr("Send a test to my own phone"), tr("Send"))
        self._services = services
        self.explain(tr("One short message over the first line that is ready."))
        known = services.ctx.settings.text("bank.test_phone")
        self.form.add_text("phone", tr("Mobile number"), known, placeholder="13800138000", max_length=20)
        self.on_action(self._send)
        self.form.submitted.connect(self._send)

    def _send(self) -> None:
        phone = self.form.text("phone")

        def work(ctx: Context) -> TrialSent:
            return operations.test_my_phone(ctx, phone)

        def done(_sent: TrialSent) -> None:
            self._services.announce(operations.OUTBOX)
            self._services.notices.good(
                tr("The test message is in the queue."), tr("It should arrive within a minute.")
            )

        self.work(self._services, work, done)
