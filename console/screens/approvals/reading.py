"""What a checker reads, from the figures to the messages, with the decision at the end."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from console.core.campaigns.approvals import ApprovalDetail
from console.core.campaigns.verify import Checked
from console.core.errors import UserError
from console.core.format import count
from console.core.i18n import listed, ntr, sentences, tr
from console.screens.approvals import operations
from console.screens.approvals.messages import MessagesCard
from console.screens.approvals.parts import AboutCard, ChangesCard, Figures, FindingsCard, LeftOutCard
from console.screens.approvals.people import PeopleDialog
from console.shell.services import Services
from console.shell.tasks import Task, TaskState
from console.shell.widgets import (
    Card,
    EmptyState,
    StateShape,
    column,
    label,
    primary_button,
    quiet_button,
    row,
    scroll,
)

QUIET = 2_000  # messages up to which they are verified without being shown as a task


class DecisionCard(Card):
    """The end of reading: is it what was submitted, and may I decide?"""

    def __init__(self) -> None:
        super().__init__(tr("Your decision"))
        self.shape = StateShape("sending")
        self.state = label("", wrap=True)
        self.again = quiet_button(tr("Verify again"), None, "refresh-cw")
        self.again.hide()
        state = row(self.shape, self.state, self.again)
        state.setAlignment(self.shape, Qt.AlignmentFlag.AlignTop)
        state.setStretch(1, 1)
        self.signed = label("", "quiet", wrap=True)
        self.signed.hide()
        self.comment = QPlainTextEdit()
        self.comment.setPlaceholderText(tr("Comment for the maker; needed when you return it"))
        self.comment.setAccessibleName(tr("Comment for the maker"))
        self.comment.setTabChangesFocus(True)
        self.comment.setFixedHeight(self.comment.fontMetrics().lineSpacing() * 3 + 18)
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.approve = primary_button(tr("Approve"), None, "stamp")
        self.return_ = quiet_button(tr("Return with comment"), None, "undo-2")
        self.add(state, self.signed, self.comment, self.trouble, row(self.approve, self.return_, None))


class ReadingPane(QStackedWidget):
    decided = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("surface")
        self._services = services
        self._campaign_id: int | None = None
        self._shown: ApprovalDetail | None = None
        self._checked: Checked | None = None
        self._task: Task | None = None
        self._busy = False
        self._empty = EmptyState("stamp", tr("No campaign is chosen"), tr("Choose one on the left."))
        self.addWidget(self._empty)
        self._build()

    def _build(self) -> None:
        self._title = label("", "title", wrap=True, selectable=True)
        self._sub = label("", "quiet", wrap=True)
        self.figures = Figures()
        self.changes = ChangesCard()
        self.changes.compare_wanted.connect(self._compare)
        self.left_out = LeftOutCard()
        self.left_out.rule_wanted.connect(self._show_people)
        self.findings = FindingsCard()
        self.about = AboutCard()
        self.messages = MessagesCard(self._services)
        self.decision = DecisionCard()
        self.decision.approve.clicked.connect(lambda _checked=False: self.approve())
        self.decision.return_.clicked.connect(lambda _checked=False: self.send_back())
        self.decision.again.clicked.connect(lambda _checked=False: self._verify())
        self.decision.comment.textChanged.connect(self._show_decision)
        inside = QWidget()
        body: QVBoxLayout = column(
            column(self._title, self._sub, spacing=2), self.figures, self.changes, self.findings, self.left_out,
            self.about, self.messages, self.decision, None, spacing=12, margins=16,
        )  # fmt: skip
        inside.setLayout(body)
        self._scroll = scroll(inside)
        self._scroll.setObjectName("reading")
        self.setFocusProxy(self._scroll)  # Enter in the list, and the page keys read on
        self.addWidget(self._scroll)

    def show_campaign(self, campaign_id: int | None) -> None:
        if campaign_id != self._campaign_id:
            self._campaign_id, self._shown, self._checked = campaign_id, None, None
            self.decision.comment.clear()
            self.decision.trouble.hide()
        if campaign_id is None:
            self.setCurrentWidget(self._empty)
        else:
            self.reload()

    def reload(self) -> None:
        if self._campaign_id is not None:
            work = operations.detail(self._campaign_id)
            self._services.tasks.query(work, self._show, owner=self, failed=self._lost, key="detail")

    def step_back(self) -> bool:
        top = self._scroll.verticalScrollBar()
        moved = top.value() > 0
        top.setValue(0)
        return moved

    def _lost(self, _error: UserError) -> None:
        self.show_campaign(None)

    def _show(self, found: ApprovalDetail | None) -> None:
        if found is None:
            self.show_campaign(None)
            return
        before, self._shown = self._shown, found
        self.setCurrentWidget(self._scroll)
        if before is None or before != found:
            self._fill(found)
        if before is None or before.digest != found.digest:
            self._checked = None
            QTimer.singleShot(0, self._to_top)
            self._verify()
        self._show_decision()

    def _to_top(self) -> None:
        self._scroll.verticalScrollBar().setValue(0)

    def _fill(self, found: ApprovalDetail) -> None:
        told = found.campaign
        self._title.setText(told.name)
        self._scroll.setAccessibleName(told.name)
        self._sub.setText(tr("{class_} · submitted by {name}", class_=str(told.class_title), name=found.submitted_by))
        self.figures.show_figures(found)
        self.changes.show_difference(found.difference, found)
        self.findings.show_findings((*found.findings, *found.obstacles), found)
        self.left_out.show_rules(found.rules, found.messages + found.excluded)
        self.about.show_about(found)
        self.messages.show_batch(found.batch_id)

    # Verifying

    def _verify(self) -> None:
        found = self._shown
        if found is None:
            return
        self._checked = None
        if found.messages <= QUIET:
            self._task = None
            work = operations.verify_quietly(found.campaign.id)
            self._services.tasks.query(work, self._verified, owner=self, key="verify")
        else:
            title = tr("Verifying {name}", name=found.campaign.name)
            work_ = operations.verify(found.campaign.id)
            self._task = self._services.tasks.run(title, work_, self._verified, owner=self)
            self._task.changed.connect(self._show_decision)
        self._show_decision()

    def _verified(self, checked: Checked | None) -> None:
        if checked is not None and self._shown is not None and checked.batch_id == self._shown.batch_id:
            self._checked = checked
            self._show_decision()

    # Deciding

    def _show_decision(self) -> None:
        card, found = self.decision, self._shown
        if found is None:
            return
        sound = self._checked is not None and self._checked.sound and self._checked.digest == found.digest
        allowed = found.refusal is None and not self._busy
        card.comment.setVisible(found.refusal is None)
        card.approve.setVisible(found.refusal is None)
        card.return_.setVisible(found.refusal is None)
        card.approve.setEnabled(allowed and sound)
        card.return_.setEnabled(allowed and bool(card.comment.toPlainText().strip()))
        cancelled = self._task is not None and self._task.state is TaskState.CANCELLED
        card.again.setVisible(cancelled and self._checked is None and found.refusal is None)
        state, words = self._decision_words(found, cancelled)
        card.signed.setText(_signed(found))
        card.signed.setVisible(found.needed > 1)
        card.shape.set_state(state)
        card.state.setText(words)

    def _decision_words(self, found: ApprovalDetail, cancelled: bool) -> tuple[str, str]:
        if found.refusal is not None:
            return "suppressed", str(found.refusal)
        if self._checked is None:
            if cancelled:
                return "warn", tr("The messages were not verified.")
            return "sending", tr("Every message is being compared with what was submitted…")
        if not self._checked.sound:
            return "failed", tr(
                "The stored messages are not what was submitted. They cannot be approved. "
                "Return the campaign, and tell your administrator and auditor."
            )
        words = ntr(
            "{count} message is exactly what was submitted.",
            "All {count} messages are exactly what was submitted.",
            found.messages,
            count=count(found.messages),
        )
        return "good", words

    def approve(self) -> None:
        found, checked = self._shown, self._checked
        if found is None or checked is None or not self.decision.approve.isEnabled():
            return
        self._begin()
        work = operations.approve(found.campaign.id, found.digest, checked)
        self._services.tasks.query(
            work, lambda missing: self._approved(found, missing), owner=self, failed=self._refused
        )

    def send_back(self) -> None:
        found, comment = self._shown, self.decision.comment.toPlainText().strip()
        if found is None or not comment:
            return
        self._begin()
        work = operations.send_back(found.campaign.id, found.digest, comment)
        self._services.tasks.query(work, lambda _none: self._returned(found), owner=self, failed=self._refused)

    def _begin(self) -> None:
        self._busy = True
        self.decision.trouble.hide()
        self._show_decision()

    def _approved(self, found: ApprovalDetail, missing: int) -> None:
        if missing:
            self._end(tr("You have approved {name}. A second supervisor has to as well.", name=found.campaign.name))
        else:
            self._end(tr("Approved: {name}", name=found.campaign.name))

    def _returned(self, found: ApprovalDetail) -> None:
        self._end(tr("Returned to {name}: {campaign}", name=found.submitted_by, campaign=found.campaign.name))

    def _end(self, words: str) -> None:
        self._busy = False
        self._services.notices.good(words)
        self.show_campaign(None)
        self.decided.emit()

    def _refused(self, error: UserError) -> None:
        self._busy = False
        self.decision.trouble.setText(sentences(error.message, error.hint))
        self.decision.trouble.show()
        self._show_decision()
        self.reload()

    def _compare(self, before_id: int) -> None:
        if self._campaign_id is not None:
            self._services.navigate("campaigns", compare=(before_id, self._campaign_id))

    def _show_people(self, rule: str) -> None:
        if self._shown is not None:
            title = next(str(each.title) for each in self._shown.rules if each.rule == rule)
            dialog: QDialog = PeopleDialog(self, self._services, title, self._shown.batch_id, rule)
            dialog.open()


def _signed(found: ApprovalDetail) -> str:
    needed = ntr("{n} person has to approve this.", "{n} people have to approve this.", found.needed)
    if not found.signed_by:
        return needed
    return sentences(needed, tr("Approved so far: {names}.", names=listed(found.signed_by)))
