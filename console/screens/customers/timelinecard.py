"""All that happened with one customer, newest first: pages come as they are scrolled to, and rest when out of sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from console.core.customers.contacts import ContactKind
from console.core.customers.timeline import KIND_TITLES, PAGE, Entry, Kind
from console.core.customers.why import Step
from console.core.errors import UserError
from console.core.format import local_datetime, when
from console.core.i18n import tr
from console.screens.customers import file_operations as operations
from console.screens.customers.folding import FoldCard
from console.shell import theme
from console.shell.icons import icon
from console.shell.services import Services
from console.shell.widgets import FilterBox, StateBadge, StateShape, column, label, link_button, row

_AWAKE = 3  # viewport heights around what is seen in which entries stand as widgets
_Key = tuple[int, int]

_ICONS = {
    Kind.MESSAGE: "send",
    Kind.LEFT_OUT: "ban",
    Kind.REPLY: "inbox",
    Kind.CONTACT: "phone",
    Kind.CONSENT: "shield-check",
    Kind.CIRCUMSTANCE: "info",
    Kind.CHANGE: "pencil",
    Kind.LOOK: "eye",
}
_CONTACTS = {ContactKind.CALL: "phone", ContactKind.VISIT: "house", ContactKind.NOTE: "message-square-text"}


def _key(entry: Entry) -> _Key:
    return entry.source, entry.id


class EntryView(QWidget):
    """One entry; behind a message, and behind one that was not sent, the chain of verdicts unfolds."""

    def __init__(self, services: Services, entry: Entry, steps: Sequence[Step] | None, ask: Callable[[Entry], None]):
        super().__init__()
        self.entry = entry
        side = theme.current().px(14)
        picture = QLabel()
        drawn = _CONTACTS[entry.contact] if entry.contact else _ICONS[entry.kind]
        picture.setPixmap(icon(drawn).pixmap(QSize(side, side)))
        picture.setAccessibleName(str(KIND_TITLES[entry.kind]))
        picture.setToolTip(str(KIND_TITLES[entry.kind]))
        at = label(when(entry.at, services.ctx.clock.now()), "small")
        at.setToolTip(local_datetime(entry.at, seconds=True))
        who = label(" · ".join(filter(None, (at.text(), entry.by))), "small")
        who.setToolTip(at.toolTip())
        head = row(label(entry.title, wrap=True), spacing=8)
        head.setStretch(0, 1)
        if entry.state:
            head.addWidget(StateBadge(entry.state))
        foot = row(who, None, spacing=4)
        self.why = link_button(tr("Why?"), lambda: ask(entry))
        if entry.explained:
            foot.addWidget(self.why)
        lines = column(head, spacing=2)
        if entry.body:
            lines.addWidget(label(entry.body, "quiet", wrap=True, selectable=True))
        if entry.note:
            lines.addWidget(label(entry.note, "small", wrap=True, selectable=True))
        lines.addLayout(foot)
        self._steps = QVBoxLayout()
        self._steps.setContentsMargins(0, 4, 0, 4)
        self._steps.setSpacing(8)
        if steps is not None:
            self._unfold(steps)
        lines.addLayout(self._steps)
        whole = row(column(picture, None, margins=(0, 2, 0, 0)), lines, spacing=10)
        whole.setStretch(1, 1)
        self.setLayout(whole)

    def _unfold(self, steps: Sequence[Step]) -> None:
        self.why.setText(tr("Fold the reasons"))
        for step in steps:
            about = " · ".join(filter(None, (local_datetime(step.at) if step.at else tr("now"), step.by)))
            lines = column(label(step.title, wrap=True, selectable=True), spacing=0)
            if step.detail:
                lines.addWidget(label(step.detail, "small", wrap=True, selectable=True))
            lines.addWidget(label(about, "small", wrap=True))
            line = row(column(StateShape(step.state), None), lines, spacing=8)
            line.setStretch(1, 1)
            self._steps.addLayout(line)


class _Block(QWidget):
    """Some entries in a row: widgets while near what is seen, a gap of the same height otherwise."""

    def __init__(self, card: TimelineCard) -> None:
        super().__init__()
        self._card = card
        self.entries: list[Entry] = []
        self._awake = False
        self._inside: QWidget | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)

    @property
    def awake(self) -> bool:
        return self._awake

    def set_entries(self, entries: Sequence[Entry]) -> None:
        if list(entries) != self.entries:
            self.entries = list(entries)
            if self._awake:
                self.wake(anew=True)

    def wake(self, *, anew: bool = False) -> None:
        if self._awake and not anew:
            return
        self._drop()
        self._awake = True
        self.setMinimumHeight(0)
        self.setMaximumHeight(16_777_215)
        inside = QWidget()
        inside.setLayout(column(*map(self._card.view_of, self.entries), spacing=14))
        self._inside = inside
        self._box.addWidget(inside)

    def sleep(self) -> None:
        if self._awake:
            self.setFixedHeight(self.height())
            self._awake = False
            self._drop()

    def _drop(self) -> None:
        if self._inside is not None:
            self._box.removeWidget(self._inside)
            self._inside.hide()
            self._inside.deleteLater()
            self._inside = None


class TimelineCard(FoldCard):
    """Loads the next page when its end comes near the end of ``area``."""

    def __init__(self, services: Services) -> None:
        super().__init__(tr("Time line"), spacing=14)
        self._services = services
        self._area: QScrollArea | None = None
        self._customer_id: int | None = None
        self._kinds: frozenset[Kind] = frozenset()
        self._blocks: list[_Block] = []
        self._steps: dict[_Key, list[Step]] = {}
        self._whole = False  # the oldest entry is here
        self._loading = False
        kinds = [(kind, str(title)) for kind, title in KIND_TITLES.items()]
        self.filter = FilterBox(tr("Show"), kinds)
        self.filter.chosen.connect(self._narrow)
        self.extras.addWidget(self.filter)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(14)
        self._none = label(tr("Nothing has happened with this customer yet."), "quiet", wrap=True)
        self._none.hide()
        self.more = link_button(tr("Show older"), self._more)
        self.more.hide()
        self.add(self._rows, self._none, row(self.more, None))
        self._soon = QTimer(self, interval=30, singleShot=True)
        self._soon.timeout.connect(self._look)
        self.folded.connect(lambda _folded: self._soon.start())

    def follow(self, area: QScrollArea) -> None:
        """The area whose scrolling brings older entries in."""
        self._area = area
        area.verticalScrollBar().valueChanged.connect(lambda _value: self._soon.start())
        area.verticalScrollBar().rangeChanged.connect(lambda _low, _high: self._soon.start())

    @property
    def entries(self) -> list[Entry]:
        return [entry for block in self._blocks for entry in block.entries]

    def show_customer(self, customer_id: int) -> None:
        if customer_id != self._customer_id:
            self._customer_id = customer_id
            self._clear()
        self.reload()

    def reload(self) -> None:
        """Read the newest page again; what did not change stays as it stands."""
        if self._customer_id is not None:
            work = operations.history(self._customer_id, None, self._kinds)
            asked = (self._customer_id, self._kinds)
            self._services.tasks.query(work, lambda found: self._newest(asked, found), owner=self, key="newest")

    def _newest(self, asked: object, found: Sequence[Entry]) -> None:
        if asked != (self._customer_id, self._kinds):
            return
        fresh = {_key(entry) for entry in found}
        if not self._blocks:
            self._append(found)
        elif list(found) != self.entries[: len(found)]:
            for entry in found:
                self._steps.pop(_key(entry), None)  # what was said before may not hold any more
            for block in self._blocks[1:]:
                block.set_entries([entry for entry in block.entries if _key(entry) not in fresh])
            kept = [entry for entry in self._blocks[0].entries if _key(entry) not in fresh]
            order = sorted([*found, *kept], key=lambda each: (-each.at.timestamp(), each.source, -each.id))
            self._blocks[0].set_entries(order)
        self._said()

    def _append(self, found: Sequence[Entry]) -> None:
        if found:
            block = _Block(self)
            block.set_entries(found)
            self._blocks.append(block)
            self._rows.addWidget(block)
            block.wake()
        self._whole = len(found) < PAGE
        self._said()

    def _said(self) -> None:
        self._none.setVisible(not self._blocks)
        self.more.setVisible(bool(self._blocks) and not self._whole)
        self._soon.start()

    def _more(self) -> None:
        entries = self.entries
        if self._whole or self._loading or not entries or self._customer_id is None:
            return
        self._loading = True
        work = operations.history(self._customer_id, entries[-1].cursor, self._kinds)
        asked = (self._customer_id, self._kinds)

        def older(found: Sequence[Entry]) -> None:
            self._loading = False
            if asked == (self._customer_id, self._kinds):
                known = {_key(entry) for entry in self.entries}
                self._append([entry for entry in found if _key(entry) not in known])
                self._whole = len(found) < PAGE
                self._said()

        def failed(error: UserError) -> None:
            self._loading = False
            self._services.notices.error(error)

        self._services.tasks.query(work, older, owner=self, failed=failed)

    def _narrow(self, kind: object) -> None:
        self._kinds = frozenset({Kind(str(kind))}) if kind else frozenset()
        self._clear()
        self.reload()

    def _clear(self) -> None:
        for block in self._blocks:
            self._rows.removeWidget(block)
            block.hide()
            block.deleteLater()
        self._blocks.clear()
        self._steps.clear()
        self._whole = False
        self._none.hide()
        self.more.hide()

    def _look(self) -> None:
        """Wake what is near, let the rest sleep, and fetch more when the end is near."""
        if self._area is None or not self.is_open or not self.isVisible():
            return
        view = self._area.viewport()
        height = view.height()
        for block in self._blocks:
            top = block.mapTo(view, block.rect().topLeft()).y()
            if top < _AWAKE * height and top + block.height() > -_AWAKE * height + height:
                block.wake()
            elif block.awake:
                block.sleep()
        if self.more.isVisible() and self.more.mapTo(view, self.more.rect().topLeft()).y() < 1.5 * height:
            self._more()

    # The reasons

    def view_of(self, entry: Entry) -> EntryView:
        return EntryView(self._services, entry, self._steps.get(_key(entry)), self._ask)

    def _ask(self, entry: Entry) -> None:
        if self._steps.pop(_key(entry), None) is not None:
            self._redraw(entry)
            return

        def told(steps: list[Step]) -> None:
            self._steps[_key(entry)] = steps
            self._redraw(entry)

        self._services.tasks.query(operations.chain(entry.kind, entry.id), told, owner=self)

    def _redraw(self, entry: Entry) -> None:
        for block in self._blocks:
            if entry in block.entries:
                block.wake(anew=True)
