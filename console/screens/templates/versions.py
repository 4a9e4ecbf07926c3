"""Every version that a template ever had: who wrote it, who approved it, and what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from console.core.format import local_datetime
from console.core.i18n import tr
from console.core.messages.difference import difference
from console.core.messages.library import VersionRow
from console.core.messages.variants import Variant
from console.shell.differences import changes
from console.shell.widgets import StateBadge, clear, column, flat_button, label, row


class VersionList(QWidget):
    taken = Signal(object)  # VersionRow whose text is to be taken into the editor

    def __init__(self) -> None:
        super().__init__()
        self._body = column(spacing=14)
        self.setLayout(self._body)

    def show_versions(self, versions: Sequence[VersionRow], *, may_edit: bool) -> None:
        """Newest first."""
        clear(self._body)
        for place, (version, older) in enumerate(pairwise((*versions, *versions[-1:]))):  # the first changed nothing
            self._body.addLayout(self._version(version, older, may_edit=may_edit and place > 0))
        self._body.addStretch(1)

    def _version(self, version: VersionRow, before: VersionRow, *, may_edit: bool) -> QVBoxLayout:
        head = row(label(tr("Version {number}", number=version.number)), StateBadge(version.state.value), None)
        if may_edit:
            use = flat_button(tr("Take this text"), partial(self.taken.emit, version))
            use.setAccessibleName(tr("Take the text of version {number}", number=version.number))
            head.addWidget(use)
        whole = column(head, spacing=2)
        for line in _story(version):
            whole.addWidget(label(line, "quiet", wrap=True))
        whole.addWidget(_changed(before.body, version.body))
        old, new = ({each.name: each for each in row_.variants} for row_ in (before, version))
        for name in dict.fromkeys((*new, *old)):
            was, now = old.get(name), new.get(name)
            whole.addWidget(_changed(_titled(was), _titled(now)))
            whole.addWidget(_changed(was.body if was else "", now.body if now else ""))
        return whole


def _titled(variant: Variant | None) -> str:
    """Which text it is, and for whom."""
    return tr("{title}: {text}", title=variant.name, text=variant.said) if variant is not None else ""


def _story(version: VersionRow) -> list[str]:
    author = version.author or tr("shipped with the program")
    lines = [f"{local_datetime(version.created_at)} · {author}"]
    if version.decider and version.decided_at:
        at = local_datetime(version.decided_at)
        if version.comment:
            lines.append(tr("Returned by {name}, {at}: {why}", name=version.decider, at=at, why=version.comment))
        else:
            lines.append(tr("Approved by {name}, {at}", name=version.decider, at=at))
    return lines


def _changed(before: str, after: str) -> QLabel:
    return changes(difference(before, after), after, "quiet")
