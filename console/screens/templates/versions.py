"""Every version that a template ever had."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from console.core.format import local_datetime
from console.core.i18n import tr
from console.core.messages.library import VersionRow
from console.shell.widgets import clear, column, flat_button, label, row


class VersionList(QWidget):
    taken = Signal(object)  # VersionRow whose text is to be taken into the editor

    def __init__(self) -> None:
        super().__init__()
        self._body = column(spacing=10)
        self.setLayout(self._body)

    def show_versions(self, versions: Sequence[VersionRow], *, may_edit: bool) -> None:
        clear(self._body)
        for version in versions:
            author = version.author or tr("shipped with the program")
            title = label(tr("Version {number}", number=version.number))
            when = label(f"{local_datetime(version.created_at)} · {author}", "quiet")
            head = row(title, when, None)
            if may_edit and version is not versions[0]:
                use = flat_button(tr("Take this text"), partial(self.taken.emit, version))
                use.setAccessibleName(tr("Take the text of version {number}", number=version.number))
                head.addWidget(use)
            self._body.addLayout(column(head, label(version.body, "quiet", wrap=True, selectable=True), spacing=2))
        self._body.addStretch(1)
