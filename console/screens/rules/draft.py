"""The next version before it is one: what it changes, and the decision of somebody who did not write it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from console.core.compliance.overview import DraftView
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import ntr, sentences, tr
from console.core.security.permissions import Permission
from console.screens.rules import operations
from console.screens.rules.parts import WIDEST, ChangesList
from console.shell import theme
from console.shell.services import Services
from console.shell.widgets import Card, KeyValues, StateShape, column, label, primary_button, quiet_button, row


class DraftPane(QWidget):
    done = Signal()  # something was decided

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._shown: DraftView | None = None
        none = (
            tr("There is no draft. “Write a draft” above begins one; nothing changes before somebody else approves it.")
            if services.allowed(Permission.RULES_EDIT)
            else tr("There is no draft. The administrator writes one to change rules.")
        )
        self.none = label(none, "quiet", wrap=True)
        self._values = KeyValues()
        self.take_back = quiet_button(tr("Take back"), None, "undo-2")
        self.discard = quiet_button(tr("Throw away…"), None, "trash-2")
        self.about = Card(tr("Draft"))
        self.about.add(self._values, row(self.take_back, self.discard, None))
        self.changes = ChangesList()
        self._changes = Card(tr("What changes"))
        self._changes.add(self.changes)
        self._build_decision()
        for card in (self.about, self._changes, self.decision):
            card.setMaximumWidth(theme.current().px(WIDEST))
        self.setLayout(column(self.none, self.about, self._changes, self.decision, spacing=12))
        self.show_draft(None)

    def _build_decision(self) -> None:
        self.shape = StateShape("pending")
        self.words = label("", wrap=True)
        state = row(self.shape, self.words)
        state.setAlignment(self.shape, Qt.AlignmentFlag.AlignTop)
        state.setStretch(1, 1)
        self.comment = QPlainTextEdit()
        self.comment.setPlaceholderText(tr("Comment for the maker; needed when you return it"))
        self.comment.setAccessibleName(tr("Comment for the maker"))
        self.comment.setTabChangesFocus(True)
        self.comment.setFixedHeight(self.comment.fontMetrics().lineSpacing() * 3 + 18)
        self.comment.textChanged.connect(self._show_buttons)
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.approve_button = primary_button(tr("Approve"), self.approve, "stamp")
        self.return_button = quiet_button(tr("Return with comment"), self.send_back, "undo-2")
        self.decision = Card(tr("Your decision"))
        self.decision.add(state, self.comment, self.trouble, row(self.approve_button, self.return_button, None))

    def show_draft(self, draft: DraftView | None) -> None:
        if draft is None or self._shown is None or draft.digest != self._shown.digest:
            self.comment.clear()
            self.trouble.hide()
        self._shown = draft
        self.none.setVisible(draft is None)
        for card in (self.about, self._changes, self.decision):
            card.setVisible(draft is not None)
        if draft is None:
            return
        self._values.set_pairs(_pairs(draft))
        self.changes.show_changes(draft.changes, tr("Nothing yet. Open a section and change a rule."))
        writes = self._services.allowed(Permission.RULES_EDIT)
        self.take_back.setVisible(writes and draft.pending)
        self.discard.setVisible(writes and not draft.pending)
        self._show_decision(draft)

    def _show_decision(self, draft: DraftView) -> None:
        decides = draft.pending and draft.refusal is None
        self.decision.setVisible(draft.pending)
        self.shape.set_state("pending" if decides else "suppressed")
        number = len(draft.changes)
        read = ntr("You put your name to {n} change.", "You put your name to {n} changes.", number)
        self.words.setText(read if draft.refusal is None else str(draft.refusal))
        for widget in (self.comment, self.approve_button, self.return_button):
            widget.setVisible(decides)
        self._show_buttons()

    def _show_buttons(self) -> None:
        self.approve_button.setEnabled(True)
        self.return_button.setEnabled(bool(self.comment.toPlainText().strip()))

    def approve(self) -> None:
        if self._shown is not None:
            self.approve_button.setEnabled(False)
            work = operations.approve(self._shown.id, self._shown.digest)
            self._services.tasks.query(work, self._approved, owner=self, failed=self._refused)

    def send_back(self) -> None:
        if self._shown is not None:
            self.return_button.setEnabled(False)
            work = operations.send_back(self._shown.id, self.comment.toPlainText())
            self._services.tasks.query(work, lambda _none: self._returned(), owner=self, failed=self._refused)

    def _approved(self, number: int) -> None:
        self._services.notices.good(tr("Version {number} of the rules is approved.", number=number))
        self.done.emit()

    def _returned(self) -> None:
        self._services.notices.good(tr("The draft went back to its maker."))
        self.done.emit()

    def _refused(self, error: UserError) -> None:
        self.trouble.setText(sentences(error.message, error.hint))
        self.trouble.show()
        self._show_buttons()
        self.done.emit()


def _pairs(draft: DraftView) -> list[tuple[str, str | QWidget]]:
    from_ = local_datetime(draft.effective_from) if draft.effective_from else tr("from the approval on")
    pairs: list[tuple[str, str | QWidget]] = [
        (tr("State"), tr("Waiting for approval") if draft.pending else tr("Draft")),
        (tr("Begun by"), draft.maker),
        (tr("Last changed"), local_datetime(draft.updated_at)),
    ]
    if draft.pending:
        pairs += [(tr("In force"), from_), (tr("Why"), draft.note)]
    if draft.comment:
        pairs.append((tr("Returned with the comment"), draft.comment))
    return pairs
