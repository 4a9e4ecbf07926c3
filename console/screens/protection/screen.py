"""Protection of customers' data: who may have it, who looked at it, how long it stays, and what customers ask for."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QListWidgetItem, QStackedWidget, QWidget

from console.core.events import Change, Topic
from console.core.i18n import tr
from console.core.security.permissions import Permission
from console.screens.protection.looks import LooksSection
from console.screens.protection.people import PeopleSection
from console.screens.protection.requests import RequestsSection
from console.screens.protection.retention import RetentionSection
from console.shell import theme
from console.shell.icons import icon
from console.shell.page import Page
from console.shell.services import Services
from console.shell.widgets import TextList, row

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
        self.list = TextList()
        self.list.setAccessibleName(tr("Sections"))
        self.list.setFixedWidth(theme.current().px(190))
        self.list.setIconSize(QSize(16, 16))
        self.list.setSpacing(2)
        self.stack = QStackedWidget()
        self.sections: dict[str, Section] = {}
        self._add(REQUESTS, tr("Full numbers"), "file-spreadsheet", RequestsSection(services))
        if services.allowed(Permission.LOOKS_VIEW):
            self._add(LOOKS, tr("Looks"), "eye", LooksSection(services))
        if services.allowed(Permission.SUBJECT_REQUESTS):
            self._add(PEOPLE, tr("Requests of customers"), "user", PeopleSection(services))
        if services.allowed(Permission.RETENTION_VIEW):
            self._add(KEEPING, tr("Times of keeping"), "archive", RetentionSection(services))
        self.list.currentRowChanged.connect(self._show)
        content = QWidget()
        layout = row(self.list, self.stack, spacing=0)
        layout.setStretch(1, 1)
        content.setLayout(layout)
        self.set_content(content)
        self.list.setCurrentRow(0)

    def _add(self, key: str, title: str, icon_name: str, section: Section) -> None:
        item = QListWidgetItem(icon(icon_name), title)
        item.setData(Qt.ItemDataRole.UserRole, key)
        item.setSizeHint(QSize(0, theme.current().row_height))
        self.list.addItem(item)
        self.sections[key] = section
        self.stack.addWidget(section)

    def arrive(self, **arguments: object) -> None:
        """``section`` chooses one of the list on the left."""
        wanted = arguments.get("section")
        if wanted in self.sections:
            self.list.setCurrentRow(list(self.sections).index(str(wanted)))
        self.refresh(None)

    def refresh(self, change: Change | None) -> None:
        current = self.stack.currentWidget()
        for section in self.sections.values():
            if section is current:
                section.reload()

    def _show(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        if self.isVisible():
            self.refresh(None)
