"""The editor of one segment: name, conditions, what they mean and whom they find, while they are typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QPushButton, QWidget

from console.core.errors import UserError
from console.core.i18n import sentences, tr
from console.core.security.permissions import Permission
from console.core.segments.browse import SegmentDetail
from console.core.segments.conditions import BadConditions, Group, checked
from console.core.segments.counting import Found, Guess
from console.core.segments.fields import Field
from console.core.segments.starters import STARTERS, Starter
from console.core.segments.store import NAME_LENGTH, titles_of
from console.screens.segments import operations
from console.screens.segments.builder import Builder
from console.screens.segments.found import FoundCard, HistoryCard, PinCard, SentenceCard
from console.screens.segments.operations import Draft
from console.shell import theme
from console.shell.drafts import DraftEditor
from console.shell.flow import FlowLayout
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.widgets import Card, StateBadge, column, label, quiet_button, row, scroll

TYPING_PAUSE = 250  # milliseconds without a change before the database is asked
PATIENCE = 200  # milliseconds without the number before about how many is asked
_FRAME = 60  # pixels of margins, gaps and a scroll bar
BLANK = Draft(id=None, name="", root=Group(), seen=None)


class SegmentEditor(DraftEditor[SegmentDetail, Draft]):
    """Asks its page to act."""

    act_wanted = Signal(str)  # save | revert | copy | retire | restore | pin | unpin | campaign | customers
    customer_wanted = Signal(int)
    campaign_wanted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__(BLANK)
        self._services = services
        self._may_edit = services.allowed(Permission.CAMPAIGNS_EDIT)
        self._own: Sequence[Field] = ()
        self.found: Found | None = None
        self._timer = QTimer(self, interval=TYPING_PAUSE, singleShot=True)
        self._timer.timeout.connect(self.look)
        self._patience = QTimer(self, interval=PATIENCE, singleShot=True)
        self._patience.timeout.connect(self.guess)
        self.guessed: Guess | None = None  # while, or where, nobody has been counted
        self._make_parts()
        self._make_actions()
        self._arrange()

    # Parts

    def _make_parts(self) -> None:
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("Name of the segment"))
        self.name.setAccessibleName(tr("Name of the segment"))
        self.name.setMaxLength(NAME_LENGTH)
        self.name.textChanged.connect(lambda _text: self._dress())
        self.builder = Builder(self._services.ctx.clock.now().astimezone().date())
        self.builder.changed.connect(self._changed)
        self.builder.values_wanted.connect(self._ask_values)
        self.sentence = SentenceCard()
        self.people = FoundCard()
        self.people.open_wanted.connect(self.customer_wanted)
        self.people.stop_wanted.connect(self.stop_counting)
        self.people.count_wanted.connect(self.look)
        self.pin = PinCard()
        self.history = HistoryCard()
        self.history.take_wanted.connect(self._take)
        self.history.campaign_wanted.connect(self.campaign_wanted)
        self.badge = StateBadge("draft")
        self.unsaved = label(tr("not saved"), "quiet")
        self.trouble = label("", "error", wrap=True)

    def _button(self, text: str, act: str, picture: str) -> QPushButton:
        return quiet_button(text, lambda: self.act_wanted.emit(act), picture)

    def _make_actions(self) -> None:
        self.save = self._button(tr("Save"), "save", "save")
        self.save.setToolTip(tr("Save as the next version (Ctrl+S)"))
        self.save.setShortcut("Ctrl+S")
        self.revert = self._button(tr("Undo changes"), "revert", "undo-2")
        self.campaign = self._button(tr("Campaign for these"), "campaign", "send")
        self.customers = self._button(tr("Show in the customer list"), "customers", "users")
        self.copy = self._button(tr("Copy"), "copy", "copy")
        self.retire = self._button(tr("Retire"), "retire", "archive")
        self.restore = self._button(tr("Use again"), "restore", "rotate-ccw")
        self.make_pin = self._button(tr("Pin who it is now"), "pin", "pin")
        self.unpin = self._button(tr("Give up the list"), "unpin", "x")
        self.starters = QMenu(self)
        for starter in STARTERS:
            self.starters.addAction(str(starter.title)).triggered.connect(
                lambda _checked=False, starter=starter: self.start_with(starter)
            )
        self.ready = quiet_button(tr("Begin with a ready-made one"), None, "list-checks")
        self.ready.setProperty("menu", "true")
        self.ready.setMenu(self.starters)

    def _arrange(self) -> None:
        px = theme.current().px
        conditions = Card(tr("Conditions"))
        conditions.head.addWidget(self.ready)
        conditions.add(self.trouble, self.builder)
        self.trouble.hide()
        self.pin.add(row(self.make_pin, self.unpin, None))
        self._left, self._right = QWidget(), QWidget()
        self._under = column(conditions, self.sentence, None, spacing=12)
        self._left.setLayout(self._under)
        self._right.setLayout(column(self.people, self.pin, self.history, None, spacing=12))
        main, self._beside = scroll(self._left), scroll(self._right)
        for area in (main, self._beside):
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what stands in it
        self._beside.setFixedWidth(px(270))
        sides = row(main, self._beside, spacing=12)
        sides.setStretch(0, 1)
        status = row(self.name, self.badge, self.unsaved, None, self.revert, self.save, spacing=8)
        status.setStretch(0, 1)
        self.name.setMaximumWidth(px(420))
        acts = FlowLayout(8)
        for button in (self.campaign, self.customers, self.copy, self.retire, self.restore):
            acts.addWidget(button)
        self._whole = column(status, sides, acts, spacing=12, margins=16)
        self._whole.setStretchFactor(sides, 1)
        self.setLayout(self._whole)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _fold(self) -> None:
        """Whom they find stands beside the conditions where there is room for both, else under them."""
        beside = self.width() >= self._left.minimumSizeHint().width() + self._beside.width() + _FRAME
        if beside == (self._beside.widget() is not None):
            return
        if beside:
            self._under.removeWidget(self._right)
            self._beside.setWidget(self._right)
        else:
            self._beside.takeWidget()
            self._under.insertWidget(self._under.count() - 1, self._right)
        self._right.show()
        self._beside.setVisible(beside)
        tab_in_order(self._whole)

    # What is in it

    @property
    def draft(self) -> Draft:
        return replace(self._stored, name=" ".join(self.name.text().split()), root=self.builder.root)

    def use_own_fields(self, own: Sequence[Field]) -> None:
        """Fields that the administrator made up; known before the first segment is shown."""
        self._own = own

    def load(self, detail: SegmentDetail | None, begun: Draft | None = None) -> None:
        before = self.detail
        shown = self._hold(detail, BLANK if detail is None else _of(detail), begun)
        if detail is None or before is None or before.id != detail.id:  # those of another segment are not of this one
            self.people.forget()
        self.name.setText(shown.name)
        self._show(shown.root)
        newest = detail.versions[0].number if detail else 0
        self.pin.show_pin(detail.pin if detail else None, newest)
        self.history.show_history(
            detail.versions if detail else (), detail.used_by if detail else (), editable=self._editable
        )

    @property
    def _editable(self) -> bool:
        return self._may_edit and not (self.detail is not None and self.detail.retired)

    def _show(self, root: Group) -> None:
        self.builder.show_root(root, self._own, editable=self._editable)
        self._changed()

    def start_with(self, starter: Starter) -> None:
        """Ready-made conditions in place of those that are there."""
        if not self.name.text().strip():
            self.name.setText(str(starter.title)[:NAME_LENGTH])
        self._show(starter.root)

    def _take(self, root: Group) -> None:
        self._show(root)

    def _dress(self) -> None:
        detail, dirty = self.detail, self.dirty
        stored, retired = detail is not None, detail is not None and detail.retired
        clean = stored and not dirty and not retired
        self.badge.set_state("retired" if retired else "active" if stored else "draft")
        self.unsaved.setVisible(dirty)
        for button, shown, enabled in (
            (self.save, self._editable, dirty),
            (self.revert, self._editable, dirty),
            (self.copy, self._may_edit and stored, True),
            (self.retire, self._may_edit and stored and not retired, True),
            (self.restore, self._may_edit and retired, True),
            (self.campaign, self._may_edit, clean),
            (self.customers, True, self._complete() is not None),
            (self.make_pin, self._editable and stored, clean),
            (self.unpin, self._editable and stored and detail is not None and detail.pin is not None, True),
        ):
            button.setVisible(shown)
            button.setEnabled(enabled)
        unsaved = "" if clean else tr("Save the segment first.")
        for button in (self.campaign, self.make_pin):
            button.setToolTip(unsaved)
        whole = self._complete() is not None
        self.customers.setToolTip("" if whole else tr("Add a condition, or begin with a ready-made one."))
        self.name.setReadOnly(not self._editable)
        self.ready.setVisible(self._editable)
        self.pin.setVisible(stored)
        self.history.setVisible(stored)

    # What it means

    def _complete(self) -> Group | None:
        try:
            return checked(self.builder.root)
        except UserError:
            return None

    def _changed(self) -> None:
        self._dress()
        tab_in_order(self._whole)
        QTimer.singleShot(0, self, self._fold)  # once the new rows have their width
        self.found = self.guessed = None
        self._give_up()
        try:
            root = checked(self.builder.root)
        except UserError as error:
            self._complain(error)
            return
        self.builder.mark(None)
        self.trouble.hide()
        self.sentence.say(root, titles_of(self._own))
        self.people.wait()
        self._timer.start()

    def _complain(self, error: UserError) -> None:
        """Nothing is wrong with conditions that are still being written, but they mean nothing yet."""
        self.builder.mark(error.path if isinstance(error, BadConditions) and error.path else None)
        unread = self.detail is not None and self.detail.versions[0].root is None and not self.builder.root.parts
        self.trouble.setText(str(self.detail.versions[0].trouble) if unread and self.detail else "")
        self.trouble.setVisible(unread)
        why = str(error.message)
        self.sentence.complain(why)
        self.people.complain("" if self.builder.root.parts else tr("Add a condition, or begin with a ready-made one."))

    def look(self) -> None:
        """Count and show some, off the GUI thread; a newer question stops the one before."""
        self._timer.stop()
        root = self._complete()
        if root is None:
            return
        if self.guessed is None:
            self._patience.start()
        else:
            self.people.show_guess(self.guessed, counting=True)
        self._services.tasks.query(
            operations.look(root), self._looked, owner=self, failed=self._not_looked, key="look", aside=True
        )

    def guess(self) -> None:
        """The whole base takes seconds; a part of it tells at once about how many there are."""
        root = self._complete()
        if root is not None:
            self._services.tasks.query(operations.guess(root), self._guessed, owner=self, key="guess", aside=True)

    def stop_counting(self) -> None:
        """The estimate is enough."""
        self._give_up()
        if self.guessed is not None:
            self.people.show_guess(self.guessed, counting=False)

    def _give_up(self) -> None:
        for timer in (self._timer, self._patience):
            timer.stop()
        for key in ("look", "guess"):
            self._services.tasks.give_up(self, key)

    def _looked(self, found: Found) -> None:
        if found.root == self._complete():  # else somebody has typed on, and what they typed is not whole yet
            self._give_up()
            self.found = found
            self.people.show_found(found)

    def _guessed(self, found: Guess | None) -> None:
        if found is not None and self.found is None and found.root == self._complete():
            self.guessed = found
            self.people.show_guess(found, counting=True)

    def _not_looked(self, error: UserError) -> None:
        self._give_up()
        self.people.complain(sentences(error.message, error.hint))

    def _ask_values(self, field: Field) -> None:
        self._services.tasks.query(
            operations.values_of(field), lambda values: self.builder.offer(field, values), owner=self, aside=True
        )


def _of(detail: SegmentDetail) -> Draft:
    newest = detail.versions[0]
    return Draft(id=detail.id, name=detail.name, root=newest.root or Group(), seen=newest.number)
