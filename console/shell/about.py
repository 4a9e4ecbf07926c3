"""Version and licences. Third-party licences come from the installed packages' own metadata."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QListWidgetItem, QPlainTextEdit, QSplitter, QWidget

import resources
from console.core.context import Context
from console.core.i18n import tr
from console.shell import theme
from console.shell.crash import program_version
from console.shell.services import Services
from console.shell.widgets import TextList, column, label, open_at, quiet_button, row

OURS = "branch-sms-console"
FEW = 4  # a longer License field is the whole text, not its name


@dataclass(frozen=True)
class Licence:
    package: str
    version: str
    name: str  # SPDX expression or what the package calls it
    text: str  # the licence files that came with it


def licences() -> list[Licence]:
    """All installed packages but ours, by name; reads files, so call it off the GUI thread."""
    found: dict[str, Licence] = {}
    for installed in distributions():
        name = installed.name
        if name and name.lower() != OURS:
            found.setdefault(name.lower(), _licence(name, installed))
    icons = Licence("Lucide", "", "ISC", resources.path("icons", "LICENSE").read_text(encoding="utf-8"))
    found["lucide"] = icons
    return [found[name] for name in sorted(found)]


def _licence(name: str, installed: Distribution) -> Licence:
    texts = []
    for file in installed.files or ():
        if "info" in file.parts[0] and any(word in file.name.upper() for word in ("LICEN", "COPYING", "NOTICE")):
            try:
                texts.append(file.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError):
                continue
    return Licence(name, installed.version, _named(installed), "\n\n".join(texts))


def _named(installed: Distribution) -> str:
    expression = _field(installed, "License-Expression")
    if expression:
        return expression
    classified = [line for line in installed.metadata.get_all("Classifier") or () if line.startswith("License ::")]
    if classified:
        return ", ".join(line.rpartition(" :: ")[2] for line in classified)
    stated = _field(installed, "License")
    return stated if len(stated.split()) <= FEW else stated.splitlines()[0][:60]


def _field(installed: Distribution, name: str) -> str:
    return str(next(iter(installed.metadata.get_all(name) or ()), ""))


class AboutDialog(QDialog):
    def __init__(self, parent: QWidget | None, services: Services) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About this program"))
        open_at(self, theme.current().px(960), theme.current().px(580))
        self._licences: list[Licence] = []
        self.list = TextList()
        self.list.setAccessibleName(tr("Packages"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._show)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Licence text"))
        split = QSplitter()
        split.addWidget(self.list)
        split.addWidget(self.text)
        split.setStretchFactor(1, 1)
        split.setSizes([340, 600])  # licences are written in lines of 80 letters
        split.setHandleWidth(9)
        close = quiet_button(tr("Close"), self.accept)
        close.setDefault(True)
        ours = tr("Version {version}. Apache License 2.0.", version=program_version() or "–")
        body = column(
            label(tr("Branch SMS Console"), "title"),
            label(ours, "quiet"),
            8,
            label(tr("This program stands on the work of others:"), "quiet"),
            split,
            row(None, close),
            margins=20,
        )
        body.setStretchFactor(split, 1)
        self.setLayout(body)

        def work(_ctx: Context) -> list[Licence]:
            return licences()

        services.tasks.query(work, self._fill, owner=self)

    def _fill(self, found: list[Licence]) -> None:
        self._licences = found
        for licence in found:
            words = " ".join(filter(None, (licence.package, licence.version)))
            self.list.addItem(QListWidgetItem(" – ".join(filter(None, (words, licence.name)))))
        if found:
            self.list.setCurrentRow(0)

    def _show(self, place: int) -> None:
        if 0 <= place < len(self._licences):
            licence = self._licences[place]
            self.text.setPlainText(licence.text or licence.name or tr("The package names no licence text."))
