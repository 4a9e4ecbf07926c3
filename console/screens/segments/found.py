"""Who it is: the conditions read back, how many there are now, and some of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from console.core.campaigns.views import BADGES
from console.core.customers.browse import CustomerRow
from console.core.format import count, local_date, local_datetime
from console.core.i18n import ntr, tr
from console.core.segments.browse import UsedBy, Version
from console.core.segments.conditions import Group
from console.core.segments.counting import SAMPLE, Found, Guess
from console.core.segments.pinning import Pin
from console.core.segments.sentence import Titles, lines
from console.shell import theme
from console.shell.widgets import Card, ElidedLabel, StateShape, clear, column, flat_button, label, link_button, row


class SentenceCard(Card):
    def __init__(self) -> None:
        super().__init__(tr("In words"), spacing=2)
        self._lines = column(spacing=2)
        self.add(self._lines)
        self.text = ""

    def say(self, root: Group, titles: Titles) -> None:
        clear(self._lines)
        said = lines(root, titles)
        self.text = "\n".join("    " * line.depth + line.text for line in said)
        for line in said:
            words = label(line.text, wrap=True, selectable=True)
            self._lines.addLayout(row(theme.current().px(18) * line.depth, words, spacing=0))

    def complain(self, why: str) -> None:
        clear(self._lines)
        self.text = why
        self._lines.addWidget(label(why, "quiet", wrap=True))


class FoundCard(Card):
    """The number of now, and the first of them."""

    open_wanted = Signal(int)  # customer
    stop_wanted = Signal()
    count_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Now"), spacing=4)
        self.number = label("–", "figure")
        self.words = label("", "quiet", wrap=True)
        self.stop = link_button(tr("Stop counting"), self.stop_wanted.emit)
        self.again = link_button(tr("Count them all"), self.count_wanted.emit)
        self._people = column(spacing=2)
        self.add(self.number, self.words, self.stop, self.again, self._people)
        self._offer(None)

    def _offer(self, link: QWidget | None) -> None:
        for each in (self.stop, self.again):
            each.setVisible(each is link)

    def wait(self) -> None:
        self.words.setText(tr("Counting…"))
        self._offer(None)

    def forget(self) -> None:
        self.number.setText("–")
        clear(self._people)

    def complain(self, why: str) -> None:
        self.forget()
        self.words.setText(why)
        self._offer(None)

    def show_guess(self, found: Guess, *, counting: bool) -> None:
        """``counting``: the exact number is on its way."""
        near = tr("≈ {n}", n=count(found.customers)) if found.customers else tr("few")
        self.number.setText(near)
        asked = ntr("estimated from {n} customer", "estimated from {n} customers", found.asked)
        self.words.setText(" · ".join((asked, tr("counting all…"))) if counting else asked)
        self._offer(self.stop if counting else self.again)
        self._show_people(found.sample)

    def show_found(self, found: Found) -> None:
        self.number.setText(count(found.customers))
        people = ntr("customer", "customers", found.customers)
        loans = "" if found.loans is None else ntr("with {n} loan meant", "with {n} loans meant", found.loans)
        self.words.setText(" · ".join(filter(None, (people, loans))) if found.customers else tr("Nobody fits."))
        self._offer(None)
        self._show_people(found.sample)
        if found.customers > SAMPLE:
            self._people.addWidget(label(tr("… and {n} more", n=count(found.customers - len(found.sample))), "quiet"))

    def _show_people(self, people: Sequence[CustomerRow]) -> None:
        clear(self._people)
        for person in people:
            self._people.addLayout(self._person(person))

    def _person(self, person: CustomerRow) -> QHBoxLayout:
        name = link_button(person.name, lambda: self.open_wanted.emit(person.id))
        name.setFixedWidth(theme.current().px(76))
        facts = " · ".join(filter(None, (person.branch, person.rating, person.product)))
        line = row(name, label(person.phone, "quiet"), ElidedLabel(facts, "quiet"), spacing=8)
        line.setStretch(2, 1)
        return line


class PinCard(Card):
    """A list that stays as it was made, beside the conditions that are looked at anew each time."""

    def __init__(self) -> None:
        super().__init__(tr("Pinned list"))
        self.words = label("", wrap=True)
        self.add(self.words)

    def show_pin(self, pin: Pin | None, newest: int) -> None:
        if pin is None:
            self.words.setText(
                tr("None: the segment is live. A campaign finds who fulfils the conditions on its own day.")
            )
            return
        people = ntr("{n} customer", "{n} customers", pin.customers)
        said = tr(
            "{people}, made at {time} by {name} from version {number}.",
            people=people,
            time=local_datetime(pin.at),
            name=pin.author,
            number=pin.number,
        )
        older = tr("The conditions have changed since.") if pin.number != newest else ""
        self.words.setText(" ".join(filter(None, (said, older))))


class HistoryCard(Card):
    """Versions, and the campaigns that use one of them."""

    take_wanted = Signal(object)  # Group of an older version
    campaign_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__(tr("Versions and use"), spacing=4)
        self._inside = column(spacing=4)
        self.add(self._inside)

    def show_history(self, versions: Sequence[Version], used_by: Sequence[UsedBy], *, editable: bool) -> None:
        clear(self._inside)
        for place, version in enumerate(versions):
            words = tr("Version {number}", number=version.number)
            line = row(label(words), label(f"{local_date(version.at)} · {version.author}", "quiet"), None)
            if editable and place and version.root is not None:
                take = flat_button(tr("Take these"), partial(self.take_wanted.emit, version.root))
                take.setAccessibleName(tr("Take the conditions of version {number}", number=version.number))
                line.addWidget(take)
            self._inside.addLayout(line)
        if not used_by:
            self._inside.addWidget(label(tr("No campaign uses it."), "quiet"))
        for use in used_by:
            self._inside.addLayout(self._use(use))

    def _use(self, use: UsedBy) -> QHBoxLayout:
        name = link_button(use.name or tr("Without a name"), partial(self.campaign_wanted.emit, use.campaign_id))
        said = (
            tr("list, version {number}", number=use.number) if use.pinned else tr("version {number}", number=use.number)
        )
        return row(StateShape(BADGES[use.standing]), name, label(said, "quiet"), None)
