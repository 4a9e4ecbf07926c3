"""Everything that can be set, built from the declarations; users, the own password, backups, and the program itself."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from console.core.events import Change, Topic
from console.core.i18n import listed, tr
from console.core.security.permissions import Permission, permissions_of
from console.core.settings import SECTION_TITLES, SETTINGS, Declaration, Scope, Section, Settings
from console.screens.settings import operations
from console.screens.settings.absence import AbsenceCard
from console.screens.settings.customfields import FieldsSection
from console.screens.settings.dialogs import OwnPasswordDialog
from console.screens.settings.fields import SettingsForm
from console.screens.settings.signatures import SignaturesSection
from console.screens.settings.users import UsersSection
from console.shell import theme
from console.shell.about import AboutDialog
from console.shell.crash import program_version
from console.shell.page import Page
from console.shell.sections import Sections
from console.shell.services import Services
from console.shell.widgets import Card, column, confirm, label, quiet_button, row, scroll

_ICONS = {
    Section.LOOK: "monitor",
    Section.OFFICE: "house",
    Section.SENDING: "send",
    Section.APPROVAL: "stamp",
    Section.SECURITY: "shield",
    Section.OWN: "user",
}
FIELDS = "fields"
USERS, SIGNATURES, ABSENCE, PASSWORD = "users", "signatures", "absence", "password"
BACKUP, ABOUT = "backup", "about"


class SettingsPage(Page):
    key = "settings"
    icon = "settings"
    topics = frozenset({Topic.SETTINGS, Topic.USERS})

    @classmethod
    def title(cls) -> str:
        return tr("Settings")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.parts = Sections()
        self.forms: dict[Section, SettingsForm] = {}
        self.users: UsersSection | None = None
        self.fields: FieldsSection | None = None
        self.signatures: SignaturesSection | None = None
        self.absence: AbsenceCard | None = None
        self._add_sections()
        self.parts.list.currentRowChanged.connect(self._show_primary)
        self.set_content(self.parts)
        self._show_primary()

    def _add_sections(self) -> None:
        for section in Section:
            declared = [each for each in SETTINGS.values() if each.section is section and self._may_change(each)]
            if declared:
                self._add_form(section, declared)
        if self.services.allowed(Permission.SETTINGS_EDIT):
            self.signatures = SignaturesSection(self.services)
            beside = QWidget()
            beside.setLayout(column(self.signatures, margins=20))
            self.parts.add(SIGNATURES, tr("Signatures"), "stamp", beside)
        if self.services.allowed(Permission.USERS_EDIT):
            self.users = UsersSection(self.services)
            holder = QWidget()
            holder.setLayout(column(self.users, margins=20))
            self.parts.add(USERS, tr("Users"), "users", holder)
        if Permission.APPROVALS_DECIDE in permissions_of(self.services.ctx.actor.roles):  # not a right that was lent
            self.absence = AbsenceCard(self.services)
            self.parts.add(ABSENCE, tr("While I am away"), "user", _page_of(self.absence))
        if self.services.allowed(Permission.SETTINGS_EDIT):
            self.fields = FieldsSection(self.services)
            holder = QWidget()
            holder.setLayout(column(self.fields, margins=20))
            self.parts.add(FIELDS, tr("Fields of customers"), "list", holder)
        self.parts.add(PASSWORD, tr("My password"), "key-round", self._password_card())
        if self.services.allowed(Permission.BACKUP_MAKE):
            self.parts.add(BACKUP, tr("Backup"), "database", self._backup_card())
        self.parts.add(ABOUT, tr("About this program"), "info", self._about_card())

    def _may_change(self, declared: Declaration) -> bool:
        return declared.scope is Scope.USER or self.services.allowed(Permission.SETTINGS_EDIT)

    def _add_form(self, section: Section, declared: list[Declaration]) -> None:
        title = str(SECTION_TITLES[section])
        form = self.forms[section] = SettingsForm(declared, self.services.ctx.settings)
        live = section is Section.LOOK
        form.changed.connect(lambda: self._save(section) if live else self._show_primary())
        card = Card(title)
        card.add(form)
        if any(each.scope is Scope.OFFICE for each in declared):
            card.add(label(tr("These hold for everybody in this office and are entered in the audit trail."), "small"))
        self.parts.add(section.value, title, _ICONS[section], _page_of(card))

    # Sections that are no settings

    def _password_card(self) -> QWidget:
        actor = self.services.ctx.actor
        card = Card(tr("My password"))
        card.add(
            label(tr("You are logged in as {name} ({login}).", name=actor.name, login=actor.login), wrap=True),
            row(quiet_button(tr("Change my password…"), self.change_password, "key-round"), None),
        )
        return _page_of(card)

    def _backup_card(self) -> QWidget:
        card = Card(tr("Backup"))
        words = tr(
            "A backup is an encrypted copy of the whole database with its key file. "
            "The same users open it with the same passwords. Sending goes on meanwhile."
        )
        card.add(label(words, "quiet", wrap=True), row(quiet_button(tr("Back up now…"), self.back_up, "save"), None))
        return _page_of(card)

    def _about_card(self) -> QWidget:
        card = Card(tr("Branch SMS Console"))
        version = tr("Version {version}. Apache License 2.0.", version=program_version() or "–")
        licences = quiet_button(tr("Licences of others…"), self._show_about, "info")
        card.add(label(version, "quiet"), row(licences, None))
        return _page_of(card)

    # Going about

    def arrive(self, **arguments: object) -> None:
        self.parts.open(str(arguments.get("section", "")))
        self._reload_lists()

    def _reload_lists(self) -> None:
        for section in (self.users, self.fields, self.signatures, self.absence):
            if section is not None:
                section.reload()

    @property
    def section(self) -> str:
        return self.parts.current

    def _show_primary(self) -> None:
        if self.section == USERS and self.users is not None:
            self.bar.set_primary(tr("Add user"), self.users.add, "user-plus")
            return
        if self.section == SIGNATURES and self.signatures is not None:
            self.bar.set_primary(tr("Register a signature"), self.signatures.add, "plus")
            return
        if self.section == FIELDS and self.fields is not None:
            self.bar.set_primary(tr("Add field"), self.fields.add, "plus")
            return
        primary = self.bar.primary
        if primary is None or primary.text() != tr("Save"):
            primary = self.bar.set_primary(tr("Save"), self.save, "save")
        form = self._form()
        primary.setVisible(form is not None and self.section != Section.LOOK)
        primary.setEnabled(form is not None and bool(form.changes()))

    def _form(self) -> SettingsForm | None:
        return next((form for section, form in self.forms.items() if section == self.section), None)

    def refresh(self, change: Change | None) -> None:
        for form in self.forms.values():
            form.take(self.services.ctx.settings)
        self._show_primary()
        self._reload_lists()

    def may_leave(self) -> bool:
        unsaved = [section for section, form in self.forms.items() if form.changes()]
        if not unsaved:
            return True
        names = listed(SECTION_TITLES[section] for section in unsaved)
        text = tr("What was changed under {names} has not been saved.", names=names)
        if not confirm(self, tr("Leave without saving?"), text, tr("Discard changes"), danger=True):
            return False
        for section in unsaved:
            self.forms[section].reset()
        return True

    # Doing

    def save(self) -> None:
        for section in self.forms:
            if section == self.section:
                self._save(section)

    def _save(self, section: Section) -> None:
        form = self.forms[section]
        changes = form.changes()
        if changes and form.check():
            self.services.tasks.query(operations.save_settings(changes), self._saved, owner=self)

    def _saved(self, settings: Settings) -> None:
        self.services.use_context(self.services.ctx.with_settings(settings))
        self.services.announce(operations.SETTINGS_CHANGED)

    def change_password(self) -> None:
        def done(_none: object) -> None:
            self.services.notices.good(tr("Your password was changed."))

        OwnPasswordDialog(self, self.services, done).open()

    def back_up(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Where should the backup go?"))
        if folder:
            self.back_up_to(Path(folder))

    def back_up_to(self, folder: Path) -> None:
        def done(path: Path) -> None:
            self.services.notices.good(
                tr("The backup {name} is complete and was checked.", name=path.name), str(folder)
            )

        title = tr("Backing up")
        self.services.tasks.run(title, operations.back_up(folder), done, owner=self, cancellable=False)

    def _show_about(self) -> None:
        AboutDialog(self.window(), self.services).open()


def _page_of(card: Card) -> QWidget:
    inside = QWidget()
    card.setMaximumWidth(theme.current().px(760))
    inside.setLayout(column(card, None, margins=20))
    return scroll(inside)
