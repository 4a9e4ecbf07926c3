"""Protection of customers' data: who may have it, who looked at it, how long it stays, and what customers ask for."""

from __future__ import annotations

from console.core.events import Change, Topic
from console.core.i18n import tr
from console.core.security.permissions import Permission
from console.screens.protection.looks import LooksSection
from console.screens.protection.people import PeopleSection
from console.screens.protection.requests import RequestsSection
from console.screens.protection.retention import RetentionSection
from console.shell.page import Page
from console.shell.sections import Sections
from console.shell.services import Services

REQUESTS, LOOKS, KEEPING, PEOPLE = "requests", "looks", "keeping", "people"
Section = RequestsSection | LooksSection | RetentionSection | PeopleSection


class ProtectionPage(Page):
    key = "protection"
    icon = "shield"
    topics = frozenset({Topic.AUDIT, Topic.CUSTOMERS})

    @classmethod
    def title(cls) -> str:
        return tr("Protection")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.parts = Sections()
        self.sections: dict[str, Section] = {}
        self._add(REQUESTS, tr("Full numbers"), "file-spreadsheet", RequestsSection(services))
        if services.allowed(Permission.LOOKS_VIEW):
            self._add(LOOKS, tr("Looks"), "eye", LooksSection(services))
        if services.allowed(Permission.SUBJECT_REQUESTS):
            self._add(PEOPLE, tr("Requests of customers"), "user", PeopleSection(services))
        if services.allowed(Permission.RETENTION_VIEW):
            self._add(KEEPING, tr("Times of keeping"), "archive", RetentionSection(services))
        self.parts.list.currentRowChanged.connect(self._chosen)
        self._show_search()
        if len(self.sections) == 1:  # nothing to choose from
            self.parts.list.hide()
            self.bar.set_title(f"{self.title()} · {tr('Full numbers')}")
        self.set_content(self.parts)

    def _add(self, key: str, title: str, icon_name: str, section: Section) -> None:
        self.sections[key] = section
        self.parts.add(key, title, icon_name, section)

    def arrive(self, **arguments: object) -> None:
        """``section`` chooses one of the list on the left."""
        self.parts.open(str(arguments.get("section", "")))
        self.refresh(None)

    def _show_search(self) -> None:
        """Ctrl+F goes to the search of the section in sight."""
        section = self.parts.stack.currentWidget()
        self.bar.search = section.search if isinstance(section, LooksSection | PeopleSection) else None

    def refresh(self, change: Change | None) -> None:
        current = self.parts.stack.currentWidget()
        for section in self.sections.values():
            if section is current:
                section.reload()

    def _chosen(self) -> None:
        self._show_search()
        if self.isVisible():
            self.refresh(None)
