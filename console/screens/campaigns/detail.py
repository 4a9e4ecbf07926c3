"""One campaign beside the list: progress, outcomes, failures with advice, facts, messages, and its story."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QStackedWidget, QTabWidget, QWidget

from console.core.campaigns.audience import Ending
from console.core.campaigns.lifecycle import Cancelled
from console.core.campaigns.views import BADGES, STANDING_TITLES, Outcome, Standing
from console.core.errors import UserError
from console.core.format import count
from console.core.i18n import ntr, sentences, tr
from console.core.security.permissions import Permission
from console.core.sending.stops import told
from console.screens.campaigns import operations
from console.screens.campaigns.cards import FactsCard, FailuresCard, LeftOutCard, ProgressCard, StoryCard
from console.screens.campaigns.effect import EffectCard
from console.screens.campaigns.messages import LeftOutTab, MessagesTab
from console.screens.campaigns.operations import CHANGED, Overview
from console.screens.campaigns.repeat import RepeatDialog
from console.shell.files import ask_workbook
from console.shell.flow import FlowLayout
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.widgets import (
    EmptyState,
    StateBadge,
    clear,
    column,
    confirm,
    danger_button,
    label,
    quiet_button,
    row,
    scroll,
)

_RUNNING = (Standing.SENDING, Standing.SCHEDULED, Standing.PAUSED)
_STOPPABLE = (*_RUNNING, Standing.PENDING)


class DetailPane(QStackedWidget):
    edit_wanted = Signal(int)
    open_wanted = Signal(int)  # another campaign: the copy
    gone = Signal()
    repeated = Signal(int)  # series that was made of it

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("surface")
        self._services = services
        self.after: QWidget | None = None  # where Tab comes from
        self._campaign_id: int | None = None
        self._shown: Overview | None = None
        self._empty = EmptyState("send", tr("No campaign is chosen"), tr("Choose one on the left."))
        self.addWidget(self._empty)
        self._title = label("", "title", wrap=True, selectable=True)
        self._badge = StateBadge("draft")
        self._sub = label("", "quiet", wrap=True)
        self._comment = label("", "error", wrap=True)
        self._stopped = label("", "error", wrap=True)
        self._buttons = FlowLayout()
        self._build()

    def _build(self) -> None:
        self.progress = ProgressCard()
        self.progress.outcome_wanted.connect(self._show_messages)
        self.failures = FailuresCard(may_edit=self._services.allowed(Permission.CAMPAIGNS_EDIT))
        self.failures.again_wanted.connect(lambda code: self.follow_up(Ending.FAILED, (code,)))
        self.left_out = LeftOutCard()
        self.left_out.rule_wanted.connect(self._show_left_out)
        self.effect = EffectCard()
        self.effect.days_chosen.connect(lambda _days: self._measure())
        self.facts = FactsCard()
        self.story = StoryCard()
        inside = QWidget()
        inside.setLayout(
            column(
                self.progress,
                self.failures,
                self.effect,
                self.left_out,
                self.facts,
                self.story,
                None,
                spacing=12,
                margins=16,
            )
        )
        self.messages = MessagesTab(self._services)
        self.excluded = LeftOutTab(self._services)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.addTab(scroll(inside), tr("Overview"))
        self.tabs.addTab(self.messages, tr("Messages"))
        self.tabs.addTab(self.excluded, tr("Left out"))
        top = row(self._title, self._badge)
        top.setStretch(0, 1)
        head = column(top, self._sub, self._comment, self._stopped, 2, self._buttons, spacing=4, margins=16)
        whole = QWidget()
        layout = column(head, self.tabs, spacing=0)
        layout.setStretchFactor(self.tabs, 1)
        whole.setLayout(layout)
        self._pane = whole
        self.addWidget(whole)

    def show_campaign(self, campaign_id: int | None) -> None:
        if campaign_id != self._campaign_id:
            self._campaign_id, self._shown = campaign_id, None
        if campaign_id is None:
            self.setCurrentWidget(self._empty)
        else:
            self.reload()

    def reload(self) -> None:
        if self._campaign_id is not None:
            work = operations.overview(self._campaign_id)
            self._services.tasks.query(work, self._show, owner=self, failed=self._lost, key="overview")

    def step_back(self) -> bool:
        if self.tabs.currentIndex() == 0:
            return False
        self.tabs.setCurrentIndex(0)
        return True

    def _lost(self, _error: UserError) -> None:
        self.show_campaign(None)

    def _show(self, found: Overview) -> None:
        if found.detail.id != self._campaign_id:
            return
        before, self._shown = self._shown, found
        self.setCurrentWidget(self._pane)
        if before is None or before.detail != found.detail:
            self._show_head(found)
            self.facts.show_facts(found.detail)
        if before is None or before.detail != found.detail or before.progress.remaining != found.progress.remaining:
            self._show_buttons(found)
        frozen = found.detail.batch_id is not None
        self._measure()
        self.progress.setVisible(frozen)
        self.progress.show_progress(found.progress)
        self.failures.show_failures(found.progress.failures)
        self.left_out.show_rules(found.rules)
        self.story.show_events(found.events)
        self.messages.show_batch(found.detail.batch_id)
        self.excluded.show_batch(found.detail.batch_id, found.rules)
        self.tabs.setTabVisible(1, frozen)
        self.tabs.setTabVisible(2, frozen and bool(found.rules))
        layout = self._pane.layout()
        if layout is not None:
            tab_in_order(layout, self.after)

    def _measure(self) -> None:
        """Compare with those who were held out; it may take a second or two."""
        found = self._shown
        if found is None or found.detail.batch_id is None or not found.detail.hold_out:
            self.effect.show_effect(None)
            return
        work = operations.effect_of(found.detail.batch_id, self.effect.watched)
        self._services.tasks.query(work, self.effect.show_effect, owner=self, key="effect", aside=True)

    def _show_head(self, found: Overview) -> None:
        detail = found.detail
        self._title.setText(detail.name or tr("Without a name"))
        self._badge.set_state(BADGES[detail.standing], str(STANDING_TITLES[detail.standing]))
        template = (
            tr("{template}, version {number}", template=detail.template, number=detail.template_number or 0)
            if detail.template
            else tr("no template yet")
        )
        self._sub.setText(" · ".join(filter(None, (str(detail.class_title), template, detail.maker))))
        returned = detail.standing is Standing.RETURNED and detail.comment
        self._comment.setText(tr("Returned: {comment}", comment=detail.comment) if returned else "")
        self._comment.setVisible(bool(returned))
        stop = detail.stop if detail.standing in _STOPPABLE else None
        waits = tr("Its messages wait until the stop is lifted.")
        self._stopped.setText(sentences(told(stop), waits) if stop is not None else "")
        self._stopped.setVisible(stop is not None)

    # Verbs

    def _show_buttons(self, found: Overview) -> None:
        focused = self._pane.focusWidget()
        name = focused.accessibleName() if focused is not None else ""
        clear(self._buttons)
        for button in self._verbs(found):
            self._buttons.addWidget(button)
            if name and button.accessibleName() == name and self.isActiveWindow():
                button.setFocus()

    def _verbs(self, found: Overview) -> list[QWidget]:
        where, allowed = found.detail.standing, self._services.allowed
        shown: list[QWidget] = []
        if allowed(Permission.CAMPAIGNS_EDIT) and where in (Standing.DRAFT, Standing.RETURNED):
            shown.append(quiet_button(tr("Edit"), self._edit, "pencil"))
        if allowed(Permission.CAMPAIGNS_SUBMIT) and where is Standing.PENDING:
            shown.append(quiet_button(tr("Take back"), self._withdraw, "undo-2"))
        if allowed(Permission.CAMPAIGNS_RUN) and where in _RUNNING:
            if where is Standing.PAUSED:
                shown.append(quiet_button(tr("Resume"), self._resume, "play"))
            else:
                shown.append(quiet_button(tr("Pause"), self._pause, "pause"))
            shown.append(danger_button(_cancel_words(found.progress.remaining), self._cancel, "ban"))
        if allowed(Permission.REPORTS_EXPORT) and found.detail.batch_id is not None:
            shown.append(quiet_button(tr("Export"), self._export, "file-spreadsheet"))
        if allowed(Permission.CAMPAIGNS_EDIT) and found.detail.template:
            shown.append(quiet_button(tr("Copy"), self.copy, "copy"))
        if allowed(Permission.CAMPAIGNS_SUBMIT) and found.detail.template and where is not Standing.PREPARING:
            shown.append(quiet_button(tr("Repeat…"), self.repeat, "calendar"))
        if allowed(Permission.CAMPAIGNS_EDIT) and found.progress.left:
            shown.append(self._follow_up_button())
        if allowed(Permission.CAMPAIGNS_EDIT) and where in (Standing.DRAFT, Standing.RETURNED):
            shown.append(danger_button(tr("Delete the draft"), self._delete, "trash-2"))
        return shown

    @property
    def _id(self) -> int:
        if self._campaign_id is None:
            raise LookupError("no campaign is shown")
        return self._campaign_id

    def _edit(self) -> None:
        self.edit_wanted.emit(self._id)

    def _pause(self) -> None:
        self._services.tasks.query(operations.pause(self._id), self._changed, owner=self)

    def _resume(self) -> None:
        self._services.tasks.query(operations.resume(self._id), self._changed, owner=self)

    def _cancel(self) -> None:
        if self._shown is None:
            return
        progress = self._shown.progress
        on_air = progress.counts[Outcome.SENDING] + progress.counts[Outcome.ACCEPTED]
        text = ntr(
            "{n} message that has not left yet will never be sent.",
            "{n} messages that have not left yet will never be sent.",
            progress.remaining,
        )
        if on_air:
            sent = ntr("{n} is already on its way.", "{n} are already on their way.", on_air)
            text = f"{text} {sent}"
        text = f"{text} {tr('This cannot be undone.')}"
        if confirm(self, tr("Cancel this campaign?"), text, _cancel_words(progress.remaining), danger=True):
            self._services.tasks.query(operations.cancel(self._id), self._cancelled, owner=self)

    def _cancelled(self, result: Cancelled) -> None:
        words = ntr("{n} message will not be sent.", "{n} messages will not be sent.", result.held_back)
        self._services.notices.good(words)
        self._services.tasks.run(tr("Closing the campaign"), operations.settle_rows, self._changed, owner=self)
        self._changed(None)

    def _withdraw(self) -> None:
        text = tr("It goes back to your drafts and has to be submitted again.")
        if confirm(self, tr("Take it back from approval?"), text, tr("Take back")):
            self._services.tasks.query(operations.withdraw(self._id), self._changed, owner=self)

    def _delete(self) -> None:
        if confirm(self, tr("Delete this draft?"), self._title.text(), tr("Delete the draft"), danger=True):
            self._services.tasks.query(operations.delete(self._id), self._deleted, owner=self)

    def _deleted(self, _result: object) -> None:
        self.show_campaign(None)
        self._services.announce(CHANGED)
        self.gone.emit()

    def copy(self) -> None:
        self._services.tasks.query(operations.copy(self._id), self._copied, owner=self)

    def repeat(self) -> None:
        work = partial(operations.repeat, self._id)
        title = tr("Repeat this campaign")
        RepeatDialog(self, self._services, title, tr("Repeat"), work, self._repeated).open()

    def _repeated(self, series_id: int) -> None:
        self._services.announce(CHANGED)
        self.repeated.emit(series_id)

    def _follow_up_button(self) -> QPushButton:
        button = quiet_button(tr("Follow up"), None, "reply")
        menu = QMenu(button)
        for ending, words in (
            (Ending.FAILED, tr("Those it did not reach")),
            (Ending.SILENT, tr("Those who got it and did not reply")),
            (Ending.REPLIED, tr("Those who replied")),
        ):
            menu.addAction(words, partial(self.follow_up, ending))
        button.setMenu(menu)
        return button

    def follow_up(self, ending: Ending, causes: Sequence[str] = ()) -> None:
        """A draft for some of those who were written to; it goes the whole way of a campaign."""
        work = operations.copy_for(self._id, ending, causes)
        self._services.tasks.query(work, self._copied, owner=self)

    def _copied(self, campaign_id: int) -> None:
        self._services.announce(CHANGED)
        self.edit_wanted.emit(campaign_id)

    def _export(self) -> None:
        self._services.tasks.query(operations.export_target(self._id), self._choose_file, owner=self)

    def _choose_file(self, suggested: Path) -> None:
        target = ask_workbook(self, tr("Export campaign"), suggested)
        if target is not None:
            self.export_to(target)

    def export_to(self, target: Path) -> None:
        work = operations.export_details(self._id, target, reveal=False)
        self._services.tasks.run(tr("Exporting {name}", name=target.name), work, self._exported, owner=self)

    def _exported(self, target: Path) -> None:
        self._services.notices.good(tr("Exported to {file}.", file=str(target)))

    def _changed(self, _result: object) -> None:
        self._services.announce(CHANGED)
        self.reload()

    # To the other tabs

    def _show_messages(self, outcome: Outcome) -> None:
        self.messages.show_only(outcome)
        self.tabs.setCurrentIndex(1)

    def _show_left_out(self, rule: str) -> None:
        self.excluded.show_only(rule)
        self.tabs.setCurrentIndex(2)


def _cancel_words(remaining: int) -> str:
    if not remaining:
        return tr("Cancel the campaign")
    return ntr("Cancel the remaining {count}", "Cancel the remaining {count}", remaining, count=count(remaining))
