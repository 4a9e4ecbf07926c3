"""The rules: what may be sent to whom and when, each with its source; their versions and the next one's approval."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from console.core.compliance.changing import Field
from console.core.compliance.describe import SECTION_TITLES, RuleChange, RuleView, Section
from console.core.compliance.overview import DraftView, Overview
from console.core.compliance.wordlists import NEW
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.format import local_date
from console.core.i18n import ntr, sentences, tr
from console.core.security.permissions import Permission
from console.screens.rules import operations
from console.screens.rules.dialogs import RuleDialog, SubmitDialog
from console.screens.rules.draft import DraftPane
from console.screens.rules.parts import WIDEST, RulesCard, VersionCard
from console.screens.rules.words import WordsPane
from console.shell import theme
from console.shell.files import ask_table, ask_workbook
from console.shell.page import Page
from console.shell.sections import Sections
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.widgets import (
    StateShape,
    clear,
    column,
    confirm,
    label,
    row,
    scroll,
)

DRAFT, VERSIONS = "draft", "versions"
_ICONS = {
    Section.CONSENT: "check",
    Section.HOURS: "clock",
    Section.CAPS: "activity",
    Section.SUPPRESSION: "ban",
    Section.EASE: "pause",
    Section.CALENDAR: "calendar",
    Section.WORDS: "type",
    Section.CLASSES: "list",
}


class RulesPage(Page):
    key = "rules"
    icon = "scale"
    topics = frozenset({Topic.RULES})
    permission = Permission.RULES_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Rules")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.shown: Overview | None = None
        self._seek_draft = False
        self._offered = ""  # digest of the draft that this person was taken to
        self.parts = Sections()
        self.cards: dict[Section, RulesCard] = {}
        self.words = WordsPane(services, str(SECTION_TITLES[Section.WORDS]), self.change_rule, self.remove_list)
        self.words.add_wanted.connect(lambda: self.change_rule(NEW))
        self.words.export_wanted.connect(self._ask_where)
        self.words.import_wanted.connect(self._ask_which)
        for section, title in SECTION_TITLES.items():
            own = section is Section.WORDS
            self.cards[section] = self.words.card if own else RulesCard(str(title), self.change_rule)
            shown = self.words if own else self.cards[section]
            self.parts.add(section.value, str(title), _ICONS[section], _paged(shown))
        self.draft = DraftPane(services)
        self.draft.done.connect(self._changed_rules)
        self.draft.take_back.clicked.connect(lambda _checked=False: self._do(operations.take_back))
        self.draft.discard.clicked.connect(lambda _checked=False: self.discard())
        self.parts.add(DRAFT, tr("Draft"), "pencil", _paged(self.draft))
        self.versions: list[VersionCard] = []
        self._versions = column(spacing=12)
        holder = QWidget()
        holder.setLayout(self._versions)
        self.parts.add(VERSIONS, tr("Versions"), "scroll-text", _paged(holder))
        self.shape = StateShape("none")
        self.state = label("", wrap=True)
        strip = row(self.shape, self.state, spacing=8, margins=(20, 8, 20, 8))
        strip.setStretch(1, 1)
        self._whole = column(strip, self.parts, spacing=0)
        self._whole.setStretch(1, 1)
        content = QWidget()
        content.setLayout(self._whole)
        self.set_content(content)

    def arrive(self, **arguments: object) -> None:
        """``section`` opens one of the list."""
        section = str(arguments.get("section", ""))
        self.parts.open(section)
        self._seek_draft = not section
        self.refresh(None)

    def refresh(self, change: Change | None) -> None:
        self.services.tasks.query(operations.overview, self._show, owner=self, key="overview")

    # Showing

    def _show(self, found: Overview) -> None:
        before, self.shown = self.shown, found
        self._offer_draft(found.draft)
        if before == found:
            return
        editing = self._editing
        rules = found.draft.rules if editing and found.draft is not None else found.rules
        changed = {each.rule for each in found.draft.changes} if editing and found.draft is not None else set()
        for section, card in self.cards.items():
            of_it = [rule for rule in rules if rule.section is section]
            if section is Section.WORDS:
                pack_id = found.draft.id if editing and found.draft is not None else None
                self.words.show_rules(of_it, changed, editing=editing, pack_id=pack_id)
            else:
                card.show_rules(of_it, changed, editing=editing)
        self.draft.show_draft(found.draft)
        self._show_versions(found)
        self._show_state(found)
        self._show_primary(found.draft)
        tab_in_order(self._whole)

    def _offer_draft(self, draft: DraftView | None) -> None:
        """Whoever comes and has to decide stands before it, but only once before each."""
        seek, self._seek_draft = self._seek_draft, False
        if draft is not None and draft.pending and draft.refusal is None and draft.digest != self._offered:
            self._offered = draft.digest
            if seek:
                self.parts.open(DRAFT)

    @property
    def _editing(self) -> bool:
        """This person writes in a draft that nobody reads yet."""
        draft = self.shown.draft if self.shown is not None else None
        return draft is not None and not draft.pending and self.services.allowed(Permission.RULES_EDIT)

    def _show_versions(self, found: Overview) -> None:
        clear(self._versions)
        may_write = self.services.allowed(Permission.RULES_EDIT) and found.draft is None
        self.versions = [
            VersionCard(version, self.look_at, self.take_up if may_write else None) for version in found.versions
        ]
        for card in self.versions:
            self._versions.addWidget(card)

    def _show_state(self, found: Overview) -> None:
        in_force = tr("Version {number} of the rules is in force.", number=found.number)
        draft = found.draft
        if found.trouble is not None:
            self.shape.set_state("block")
            self.state.setText(sentences(found.trouble, tr("Nothing is sent until another version is approved.")))
            return
        if draft is None:
            self.shape.set_state("good")
            self.state.setText(in_force)
            return
        if draft.pending:
            self.shape.set_state("pending")
            words = tr("A draft by {name} waits for approval.", name=draft.maker)
        else:
            self.shape.set_state("draft")
            words = self._written(len(draft.changes))
        self.state.setText(sentences(in_force, words))

    def _written(self, number: int) -> str:
        if number:
            words = ntr("A draft changes {n} rule.", "A draft changes {n} rules.", number)
            return sentences(words, tr("You are looking at the draft.")) if self._editing else words
        words = tr("A draft is begun and changes nothing yet.")
        return sentences(words, tr("Choose “Change…” beside a rule.")) if self._editing else words

    def _show_primary(self, draft: DraftView | None) -> None:
        if not self.services.allowed(Permission.RULES_EDIT):
            return
        if draft is None:
            self.bar.set_primary(tr("Write a draft"), self.start, "pencil", tr("Change rules in a draft"))
        elif not draft.pending:
            tip = "" if draft.changes else tr("Change a rule first.")
            primary = self.bar.set_primary(tr("Send for approval…"), self.submit, "send", tip)
            primary.setEnabled(bool(draft.changes))
        elif self.bar.primary is not None:
            self.bar.primary.hide()

    # Writing

    def start(self) -> None:
        self.services.tasks.query(operations.start(), lambda _id: self._changed_rules(), owner=self)

    def change_rule(self, rule: str) -> None:
        draft = self._draft()
        if draft is None:
            return

        def show(fields: list[Field]) -> None:
            title = next((view.title for view in draft.rules if view.rule == rule), tr("New word list"))
            RuleDialog(self, self.services, draft.id, rule, title, fields, lambda _none: self._changed_rules()).open()

        self.services.tasks.query(operations.form_of(draft.id, rule), show, owner=self)

    def remove_list(self, rule: str) -> None:
        draft = self._draft()
        if draft is None:
            return
        title = next(view.title for view in draft.rules if view.rule == rule)
        text = tr("Its words are looked for until somebody else has approved the draft.")
        if confirm(self, tr("Take {list} away?", list=title), text, tr("Take away"), danger=True):
            work = operations.remove(draft.id, rule)
            self.services.tasks.query(work, lambda _none: self._changed_rules(), owner=self)

    # Word lists as a file

    def _ask_where(self) -> None:
        suggested = tr("Word lists {date}.xlsx", date=local_date(self.services.ctx.clock.now()))
        path = ask_workbook(self, tr("Export word lists"), suggested)
        if path is not None:
            self.export_lists(path)

    def export_lists(self, path: Path) -> None:
        def done(rows: int) -> None:
            self.services.notices.good(
                ntr("{n} word was exported to {file}.", "{n} words were exported to {file}.", rows, file=path.name)
            )

        draft = self._draft() if self._editing else None
        work = operations.exporting(path, draft.id if draft is not None else None)
        self.services.tasks.run(tr("Exporting word lists"), work, done, owner=self)

    def _ask_which(self) -> None:
        path = ask_table(self, tr("Import word lists"))
        if path is not None:
            self.import_lists(path)

    def import_lists(self, path: Path) -> None:
        draft = self._draft()
        if draft is None:
            return

        def done(changed: int) -> None:
            self.services.notices.good(
                ntr("{n} list is changed in the draft.", "{n} lists are changed in the draft.", changed),
                tr("What it changes stands under Draft."),
            )
            self._changed_rules()

        work = operations.importing(path, draft.id)
        self.services.tasks.run(tr("Importing word lists"), work, done, owner=self)

    def submit(self) -> None:
        draft = self._draft()
        if draft is None:
            return

        def done(_none: None) -> None:
            self.services.notices.good(tr("The draft waits for a supervisor."))
            self._changed_rules()

        SubmitDialog(self, self.services, draft.id, done).open()

    def discard(self) -> None:
        draft = self._draft()
        if draft is None:
            return
        text = ntr("{n} changed rule is lost.", "{n} changed rules are lost.", len(draft.changes))
        if confirm(self, tr("Throw the draft away?"), text, tr("Throw away"), danger=True):
            self._do(operations.discard)

    def _do(self, verb: Callable[[int], Callable[[Context], None]]) -> None:
        draft = self._draft()
        if draft is not None:
            self.services.tasks.query(verb(draft.id), lambda _none: self._changed_rules(), owner=self)

    def _draft(self) -> DraftView | None:
        return self.shown.draft if self.shown is not None else None

    # Versions

    def look_at(self, number: int) -> None:
        def show(changes: list[RuleChange]) -> None:
            for card in self.versions:
                if card.number == number:
                    card.show_changes(changes)

        self.services.tasks.query(operations.changes_of(number), show, owner=self)

    def take_up(self, number: int) -> None:
        title = tr("Take version {number} up again?", number=number)
        text = tr("A draft with its rules is begun. It holds once somebody else has approved it.")
        if confirm(self, title, text, tr("Write a draft")):
            self.services.tasks.query(operations.start(number), lambda _id: self._changed_rules(), owner=self)

    def _changed_rules(self) -> None:
        self.services.announce(operations.CHANGED)

    def rules_of(self, section: Section) -> tuple[RuleView, ...]:
        return self.cards[section].shown


def _paged(inside: QWidget) -> QWidget:
    holder = QWidget()
    holder.setLayout(column(inside, None, margins=20))
    holder.setMaximumWidth(theme.current().px(WIDEST) + 40)  # what limits itself only inside is given too little height
    return scroll(holder)
