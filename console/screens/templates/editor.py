"""The editor of one template: name, class, text, variables, preview, versions."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QTabWidget, QWidget

from console.core.i18n import tr
from console.core.messages.checks import check_template
from console.core.messages.classes import CLASSES, MessageClass
from console.core.messages.cost import cost
from console.core.messages.findings import Finding, blocked
from console.core.messages.library import TemplateDetail, VersionRow
from console.core.messages.preview import Candidate, Material, show
from console.core.messages.variants import Choice, Variant
from console.core.messages.words import shipped_words
from console.core.security.permissions import Permission
from console.screens.templates.body import BodyEdit
from console.screens.templates.chips import ChipPanel
from console.screens.templates.operations import Draft, fitting_of, material_of
from console.screens.templates.preview import PreviewPanel
from console.screens.templates.texts import Texts
from console.screens.templates.variants import VariantBar, VariantDialog
from console.screens.templates.versions import VersionList
from console.shell import theme
from console.shell.drafts import DraftEditor
from console.shell.services import Services
from console.shell.widgets import (
    ElidedLabel,
    StateBadge,
    column,
    confirm,
    label,
    primary_button,
    quiet_button,
    row,
    scroll,
)

FIRST = "remind"  # the kind that a new text begins as
BLANK = Draft(id=None, name="", class_key=FIRST, body="", seen=None)
_VERSIONS = 1  # place of their tab
TYPING_PAUSE = 25  # milliseconds without a key before the preview follows


class TemplateEditor(DraftEditor[TemplateDetail, Draft]):
    """Asks its page to act."""

    save_wanted = Signal()
    copy_wanted = Signal()
    retire_wanted = Signal()
    restore_wanted = Signal()
    campaign_wanted = Signal()
    revert_wanted = Signal()
    submit_wanted = Signal()
    withdraw_wanted = Signal()
    approve_wanted = Signal()
    return_wanted = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__(BLANK)
        self._services = services
        self._may_edit = services.allowed(Permission.TEMPLATES_EDIT)
        self._may_decide = services.allowed(Permission.APPROVALS_DECIDE)
        self._people_of = ""
        self._words = shipped_words()
        self._choices: tuple[Choice, ...] = ()
        self._people: tuple[Candidate, ...] = ()
        self._fits: tuple[int, ...] = ()  # the text of each of them
        self._texts = Texts()  # the one that is being written as it was when it was shown
        self._editable = True
        self._timer = QTimer(self, interval=TYPING_PAUSE, singleShot=True)
        self._timer.timeout.connect(self.show_preview)
        self._make_fields()
        self._make_actions()
        self._arrange()
        self.load(None)

    # --- parts

    def _make_fields(self) -> None:
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("Name of the template"))
        self.name.setAccessibleName(tr("Name of the template"))
        self.name.setMaxLength(100)
        self.name.textChanged.connect(lambda _text: self._changed())
        self.class_ = QComboBox()
        self.class_.setAccessibleName(tr("Kind of message"))
        for key, class_ in CLASSES.items():
            self.class_.addItem(str(class_.title), key)
        self.class_.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.class_.setMinimumContentsLength(4)
        self.name.setMinimumWidth(theme.current().px(96))
        self.class_.currentIndexChanged.connect(lambda _index: self._class_changed())
        self.variants = VariantBar()
        self.variants.chosen.connect(self._show_text)
        self.variants.add_wanted.connect(self.add_variant)
        self.variants.edit_wanted.connect(self.edit_variant)
        self.variants.remove_wanted.connect(self.remove_variant)
        self.variants.move_wanted.connect(self.move_variant)
        self.body = BodyEdit()
        self.body.written.connect(self._changed)
        self.chips = ChipPanel()
        self.chips.picked.connect(self.body.insert_variable)
        self.versions = VersionList()
        self.versions.taken.connect(self._take_version)
        self.preview = PreviewPanel()
        self.preview.picker.changed.connect(self.show_preview)
        self.preview.picker.longest.clicked.connect(lambda: self.preview.picker.go_to_longest(self.body.text()))
        self.preview.findings.chosen.connect(self._go_to)

    def _make_actions(self) -> None:
        self.save = quiet_button(tr("Save"), self.save_wanted.emit, "save")
        self.save.setToolTip(tr("Save as the next version (Ctrl+S)"))
        self.save.setShortcut("Ctrl+S")
        self.revert = quiet_button(tr("Undo changes"), self.revert_wanted.emit, "undo-2")
        self.copy = quiet_button(tr("Copy"), self.copy_wanted.emit, "copy")
        self.retire = quiet_button(tr("Retire"), self.retire_wanted.emit, "archive")
        self.restore = quiet_button(tr("Use again"), self.restore_wanted.emit, "rotate-ccw")
        self.campaign = quiet_button(tr("New campaign with this template"), self.campaign_wanted.emit, "send")
        self.campaign.setVisible(self._services.allowed(Permission.CAMPAIGNS_EDIT))
        self.submit = primary_button(tr("Submit for review"), self.submit_wanted.emit)
        self.withdraw = quiet_button(tr("Take back"), self.withdraw_wanted.emit, "undo-2")
        self.approve = primary_button(tr("Approve"), self.approve_wanted.emit)
        self.return_ = quiet_button(tr("Return"), self.return_wanted.emit)
        self.badge = StateBadge("draft")
        self.comment = label("", "error", wrap=True)
        self.comment.hide()
        self.unsaved = ElidedLabel(tr("not saved"), "quiet")
        self.unsaved.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def _arrange(self) -> None:
        px = theme.current().px
        head = row(self.name, self.class_, spacing=8)
        head.setStretchFactor(self.name, 3)
        head.setStretchFactor(self.class_, 2)
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        chips = QWidget()
        chips.setLayout(column(self.chips, None, margins=(0, 8, 8, 0)))
        versions = QWidget()
        versions.setLayout(column(self.versions, margins=(0, 8, 8, 0)))
        for inside, title in ((chips, tr("Variables")), (versions, tr("Versions"))):
            area = scroll(inside)
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what stands in it
            tabs.addTab(area, title)
        self.tabs = tabs
        writing = QWidget()
        left = column(head, self.variants, self.body, tabs, spacing=8)
        left.setStretchFactor(self.body, 3)
        left.setStretchFactor(tabs, 4)
        writing.setLayout(left)
        beside = scroll(self.preview)  # a small screen can not show all of it
        beside.setFixedWidth(px(290))
        beside.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        both = row(writing, beside, spacing=16)
        both.setStretchFactor(writing, 1)
        buttons = (self.revert, self.save, self.withdraw, self.submit, self.return_, self.approve)
        status = row(self.badge, self.unsaved, None, *buttons, spacing=8)
        actions = row(self.campaign, None, self.copy, self.retire, self.restore, spacing=8)
        whole = column(status, self.comment, both, actions, spacing=12, margins=16)
        whole.setStretchFactor(both, 1)
        self.setLayout(whole)

    # --- what is in it

    @property
    def message_class(self) -> MessageClass:
        return CLASSES[self.class_.currentData()]

    @property
    def draft(self) -> Draft:
        texts = self.texts
        return replace(
            self._stored,
            name=self.name.text(),
            class_key=self.class_.currentData(),
            body=texts.main,
            variants=texts.variants,
        )

    @property
    def texts(self) -> Texts:
        """As they stand, the one that is being written included."""
        return self._texts.written(self.body.text())

    def load(self, detail: TemplateDetail | None, begun: Draft | None = None, *, class_key: str = FIRST) -> None:
        before = self.detail
        stored = _of(detail) if detail is not None else replace(BLANK, class_key=class_key)
        shown = self._hold(detail, stored, begun)
        same = detail is not None and before is not None and before.id == detail.id
        texts = Texts(shown.body, shown.variants)
        self._texts = texts.where(self._texts) if same else texts
        self.name.setText(shown.name)
        self.class_.setCurrentIndex(max(0, self.class_.findData(shown.class_key)))
        if not self._texts.at or self._texts.body != self.body.text():  # saved while it was written: the cursor stays
            self.body.load_text(self._texts.body)
        self.versions.show_versions(detail.versions if detail else (), may_edit=self._may_edit)
        self._dress()
        self._class_changed()
        self._find_readers()
        self.show_preview()

    def _dress(self) -> None:
        detail = self.detail
        newest = detail.newest if detail else None
        retired = detail is not None and detail.state.value == "retired"
        state = "retired" if retired else newest.state.value if newest else "draft"
        editable = self._may_edit and not retired
        self._editable = editable
        self.variants.show_variants(self._texts.variants, self._texts.at, editable=editable)
        self.name.setReadOnly(not editable)
        self.body.setReadOnly(not editable)
        self.chips.setEnabled(editable)
        self.class_.setEnabled(editable and detail is None)
        self.class_.setToolTip(
            "" if detail is None else tr("The kind of a saved template stays. Copy it to change it.")
        )
        self.badge.set_state(state)
        self.save.setVisible(editable)
        self.revert.setVisible(editable)
        self.copy.setVisible(self._may_edit and detail is not None)
        self.retire.setVisible(self._may_edit and detail is not None and not retired)
        self.restore.setVisible(self._may_edit and retired)
        self.campaign.setEnabled(detail is not None and not retired and detail.in_force is not None)
        in_review = state == "in_review"
        if not editable or (in_review and self._may_decide):  # who only reads looks for what changed
            self.tabs.setCurrentIndex(_VERSIONS)
        mine = newest is not None and self._services.ctx.actor.user_id in (newest.author_id, newest.submitted_by)
        self.withdraw.setVisible(self._may_edit and in_review)
        for button in (self.approve, self.return_):
            button.setVisible(self._may_decide and in_review)
            button.setEnabled(not mine)
            button.setToolTip(tr("You wrote or submitted this text yourself.") if mine else "")
        self.comment.setVisible(state == "returned")
        if newest is not None and newest.comment:
            self.comment.setText(tr("Returned by {name}: {why}", name=newest.decider, why=newest.comment))

    # --- what changes

    def _class_changed(self) -> None:
        class_ = self.message_class
        self.body.set_choices(self.chips.show_class(class_))
        for before, after in pairwise((self.tabs.tabBar(), *self.chips.chips)):
            QWidget.setTabOrder(before, after)
        if class_.key != self._people_of:
            self._people_of = class_.key
            self._services.tasks.query(material_of(class_.key), self._take_material, owner=self, key="people")
        self._changed()

    def _take_material(self, found: Material) -> None:
        self._words, self._choices, self._people = found.words, found.choices, found.people
        self._find_readers()

    def _find_readers(self) -> None:
        """Whose text it is: those whom the preview walks through."""
        self._fits = ()
        self._show_readers()
        if self._texts.variants and self._people:
            work = fitting_of(self.message_class.key, self._people, self._texts.variants)
            self._services.tasks.query(work, self._take_readers, owner=self, key="readers")

    def _take_readers(self, fits: tuple[int, ...]) -> None:
        if len(fits) == len(self._people):
            self._fits = fits
            self._show_readers()

    def _show_readers(self) -> None:
        own = [person for person, fit in zip(self._people, self._fits, strict=False) if fit == self._texts.at]
        self.preview.picker.set_people(own or self._people, own=bool(own) or not self._fits)

    # --- its variants

    def _show_text(self, place: int) -> None:
        """Another of the template's texts into the editor."""
        self._texts = replace(self.texts, at=place)
        self.body.load_text(self._texts.body)
        self._show_readers()
        self.show_preview()

    def _use(self, texts: Texts) -> None:
        self._texts = texts
        self.variants.show_variants(texts.variants, texts.at, editable=self._editable)
        self.body.load_text(texts.body)
        self._find_readers()
        self._changed()
        self.show_preview()

    def add_variant(self) -> None:
        """It begins as the text that stands in the editor."""

        def put(name: str, choice: Choice | None) -> None:
            if choice is not None:
                new = Variant(name=name, when=choice.when, body=self.body.text(), said=choice.said)
                self._use(self.texts.added(new))
                self.body.setFocus()

        if self._choices:
            taken = {each.name for each in self._texts.variants}
            VariantDialog(self, self._choices, taken, put).open()

    def edit_variant(self) -> None:
        before = self.texts.variant

        def put(name: str, choice: Choice | None) -> None:
            changed = replace(before, name=name)
            if choice is not None:
                changed = replace(changed, when=choice.when, said=choice.said)
            self._use(self.texts.put(changed))

        taken = {each.name for each in self._texts.variants} - {before.name}
        VariantDialog(self, self._choices, taken, put, before).open()

    def remove_variant(self) -> None:
        text = tr("Those whom it was for get the next text that fits them, or the main text.")
        title = tr("Remove the text “{name}”?", name=self._texts.variant.name)
        if confirm(self, title, text, tr("Remove"), danger=True):
            self._use(self.texts.removed())

    def move_variant(self, step: int) -> None:
        self._use(self.texts.moved(step))

    def refresh_people(self) -> None:
        """Customers or word lists may have changed."""
        self._people_of = ""
        self._class_changed()

    def _changed(self) -> None:
        dirty = self.dirty
        self.unsaved.setVisible(dirty)
        self.save.setEnabled(dirty)
        self.revert.setEnabled(dirty)
        detail = self.detail
        submittable = (
            detail is not None
            and detail.state.value != "retired"
            and detail.newest.state.value in ("draft", "returned")
        )
        self.submit.setVisible(self._editable and (submittable or dirty))
        self.submit.setToolTip(tr("The text is saved first.") if dirty else "")
        self._timer.start()

    def show_preview(self) -> None:
        self._timer.stop()
        signature = self._services.ctx.settings.text("bank.signature")
        shown = show(self.body.text(), self.message_class, signature, self.preview.picker.candidate, self._words)
        price = cost(self._services.ctx.settings, shown.measure.parts)
        self.preview.show_message(shown, signature, price)
        self.body.set_findings(shown.findings)
        self._mark_texts(signature)

    def _mark_texts(self, signature: str) -> None:
        texts = self.texts
        if texts.variants:
            checked = (check_template(body, self.message_class, signature, self._words) for body in texts.bodies)
            self.variants.mark({place for place, found in enumerate(checked) if blocked(found)})

    def _go_to(self, finding: Finding) -> None:
        if finding.where:
            self.body.select_place(finding.where)

    def _take_version(self, version: VersionRow) -> None:
        self._texts = Texts(version.body, version.variants)
        self.variants.show_variants(version.variants, 0, editable=self._editable)
        self.body.set_text(version.body)
        self._find_readers()
        self._changed()
        self.body.setFocus()


def _of(detail: TemplateDetail) -> Draft:
    return Draft(
        id=detail.id,
        name=detail.name,
        class_key=detail.class_key,
        body=detail.newest.body,
        seen=detail.newest.number,
        variants=detail.newest.variants,
    )
