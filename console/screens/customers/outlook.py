"""What an import will do: control totals, the difference to the file before, and every row behind a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QWidget

from console.core.context import Context
from console.core.customers.amounts import fen
from console.core.customers.columns import FIELDS
from console.core.customers.difference import Difference, Gone
from console.core.customers.effects import Effect
from console.core.customers.importing import BadRow, Choices, Policy, control
from console.core.customers.outlook import MARK_TITLES, Mark, Row, first_rows, shown_rows, titles_of
from console.core.customers.totals import ROWS, Line, yuan
from console.core.format import count, local_date, money
from console.core.i18n import clauses, listed, ntr, tr
from console.screens.customers.importwork import Outlook
from console.screens.customers.sections import Section
from console.shell import theme
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, clear, column, label, quiet_button, row

ROWS_SHOWN = 10
_STATES = {Mark.NEW: "delivered", Mark.CHANGED: "sending", Mark.BAD: "failed", Mark.GONE: "suppressed"}
_Listed = int | BadRow | Gone


class OutlookSection(Section):
    """Section 4: one look tells whether this is the right file."""

    changed = Signal()  # something that decides whether the import may start
    source_changed = Signal(str)

    def __init__(self, services: Services) -> None:
        super().__init__(4, tr("What will happen"))
        self._outlook: Outlook | None = None
        self._lists: list[Sequence[_Listed]] = []
        self._listed: Sequence[_Listed] = ()
        self.summary = ""  # how many rows come to what
        self._taken: set[int] = set()
        self._kept: set[int] = set()
        self.words = label("", "quiet", wrap=True)
        self.source = QLineEdit(maxLength=60)
        self.source.setAccessibleName(tr("Sender of such files"))
        self.source.setMinimumWidth(theme.current().px(200))
        self.source.editingFinished.connect(lambda: self.source_changed.emit(self.source.text().strip()))
        self.against = label("", "quiet", wrap=True)
        self.known = QComboBox()
        self.known.setAccessibleName(tr("Where the customer or loan is known already"))
        for policy, words in (
            (Policy.UPDATE, tr("the file counts")),
            (Policy.KEEP, tr("what is stored counts")),
            (Policy.ASK, tr("I decide row by row")),
        ):
            self.known.addItem(words, policy)
        self.known.activated.connect(self._policy_chosen)
        self.totals = QGridLayout()
        self.totals.setHorizontalSpacing(20)
        self.inputs: dict[str, QLineEdit] = {}
        self.confirm = QCheckBox(tr("The totals differ: import all the same. This is kept in the audit trail."))
        self.confirm.toggled.connect(self.changed)
        self.fields = label("", "quiet", wrap=True)
        self.view = QComboBox()
        self.view.setAccessibleName(tr("Rows to show"))
        self.view.activated.connect(self._show_list)
        self.take = quiet_button(tr("The file counts"), lambda: self._decide(self._taken, self._kept))
        self.keep = quiet_button(tr("What is stored counts"), lambda: self._decide(self._kept, self._taken))
        self.undecided = label("", "error")
        self.retire = QCheckBox(tr("Customers who are gone become inactive"))
        self.table = self._table(services)
        self._body = QWidget()
        head = row(label(tr("Sender of such files"), "quiet"), self.source, self.against, spacing=8)
        head.setStretch(2, 1)
        chosen = row(label(tr("Where the customer or loan is known already"), "quiet"), self.known, None)
        foot = row(self.view, self.take, self.keep, self.undecided, None, self.retire)
        inside = (head, self.totals, self.confirm, chosen, self.fields, foot, self.table)
        self._body.setLayout(column(*inside, spacing=10))
        self.add(self.words, self._body)
        self.waiting("")

    def _table(self, services: Services) -> RecordTable[Row]:
        columns = [
            Column[Row]("row", tr("Row"), lambda r: count(r.row) if r.row else "", 60, align="right", sortable=False),
            Column[Row]("mark", "", self._mark, 150, sortable=False, state=self._state),
            Column[Row]("name", tr("Name"), lambda r: r.name, 90, sortable=False),
            Column[Row]("phone", tr("Mobile number"), lambda r: r.phone, 106, sortable=False),
            Column[Row]("number", tr("Number"), lambda r: r.number, 120, sortable=False),
            Column[Row]("what", tr("What will happen"), self._what, 0, sortable=False, tip=self._what),
        ]
        empty = EmptyState("circle-check", tr("No such row"))
        table = RecordTable(services, columns, lambda _c, _s: list(range(len(self._listed))), self._rows, empty)
        table.setAccessibleName(tr("What will happen"))
        return table

    def _rows(self, ctx: Context, ids: Sequence[int]) -> list[Row]:
        outlook = self._outlook
        if outlook is None:
            return []
        with ctx.database.read() as session:
            return shown_rows(session, outlook.prepared, [self._listed[id_] for id_ in ids])

    def _what(self, found: Row) -> str:
        return tr("stays as it is stored") if self._stays(found) else found.what

    def _stays(self, found: Row) -> bool:
        """What is stored of it is left alone, as it was decided."""
        if self.policy is Policy.ASK:
            return found.position in self._kept
        known = self._outlook.prepared.known.get(found.position) if self._outlook is not None else None
        return self.policy is Policy.KEEP and known is not None and bool(known.changes)

    def _mark(self, found: Row) -> str:
        if self._stays(found):
            return tr("What is stored counts")
        if self.policy is Policy.ASK and found.position in self._taken:
            return tr("The file counts")
        return str(MARK_TITLES[found.mark])

    def _state(self, found: Row) -> str:
        return "" if self._stays(found) else _STATES.get(found.mark, "")

    # What is shown

    def waiting(self, words: str) -> None:
        self._outlook = None
        self.words.setText(words or tr("Shown as soon as the rows are checked."))
        self.words.show()
        self._body.hide()

    def show_outlook(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._taken, self._kept = set(), set()
        self.words.hide()
        self._body.show()
        self.source.setText(outlook.difference.source)
        self._say_difference(outlook.difference)
        self._lay_out_totals(control(outlook.prepared.checked))
        self._offer_lists(outlook)
        self._policy_chosen()

    def _say_difference(self, difference: Difference) -> None:
        if difference.completes and difference.previous_at is not None:
            at = local_date(difference.previous_at)
            self.against.setText(tr("Corrected rows: they complete the file of {date}.", date=at))
            self.fields.hide()
            self.retire.hide()
            return
        if difference.previous_id is None or difference.previous_at is None:
            self.against.setText(tr("Nothing came from this sender before, so there is nothing to compare with."))
            self.fields.hide()
            self.retire.hide()
            return
        told = tr("Compared with the file of {date}:", date=local_date(difference.previous_at))
        parts = [
            ntr("{n} new", "{n} new", len(difference.new)),
            ntr("{n} changed", "{n} changed", len(difference.changed)),
            ntr("{n} as before", "{n} as before", difference.same),
            ntr("{n} paid since", "{n} paid since", len(difference.paid)),
            ntr("{n} gone", "{n} gone", difference.gone),
        ]
        self.against.setText(f"{told} {listed(parts)}")
        changing = [
            tr("{field} {count}", field=title, count=count(difference.fields[name]))
            for name in difference.fields
            for title in titles_of([name])
        ]
        self.fields.setText(tr("Fields that change: {fields}", fields=listed(changing)))
        self.fields.setVisible(bool(changing))
        self.retire.setChecked(False)
        self.retire.setVisible(bool(difference.gone))

    def _lay_out_totals(self, lines: Sequence[Line]) -> None:
        clear(self.totals)
        self.inputs = {}
        for place, title in enumerate((tr("Control totals"), tr("In the file"), tr("As the sender states"))):
            self.totals.addWidget(label(title, "small"), 0, place)
        for at, line in enumerate(lines, 1):
            title = tr("Rows") if line.key == ROWS else str(FIELDS[line.key].title)
            self.totals.addWidget(label(title), at, 0)
            self.totals.addWidget(label(_total(line.key, line.found)), at, 1)
            stated = QLineEdit("" if line.stated is None else _total(line.key, line.stated))
            stated.setAccessibleName(tr("{name}, as the sender states", name=title))
            stated.setMaximumWidth(theme.current().px(160))
            stated.editingFinished.connect(self._totals_typed)
            self.inputs[line.key] = stated
            self.totals.addWidget(stated, at, 2)
            self.totals.addWidget(label("", "error"), at, 3)
        self.totals.setColumnStretch(3, 1)
        self.confirm.setChecked(False)
        self._totals_typed()

    def _totals_typed(self) -> None:
        if self._outlook is None:
            return
        lines = control(self._outlook.prepared.checked, self._stated())
        for at, line in enumerate(lines, 1):
            item = self.totals.itemAtPosition(at, 3)
            widget: Any = item.widget() if item else None
            if widget is not None:
                gap = line.found - (line.stated or 0)
                differs = tr("differs by {amount}", amount=_total(line.key, abs(gap))) if line.differs else ""
                widget.setText(tr("not a number") if line.key in self._misread() else differs)
        self.confirm.setVisible(any(line.differs for line in lines))
        self.changed.emit()

    def _stated(self) -> dict[str, int]:
        """What is typed in and can be read."""
        said: dict[str, int] = {}
        for key, field in self.inputs.items():
            entered = field.text().replace(",", "").strip()
            amount = (int(entered) if entered.isdecimal() else None) if key == ROWS else fen(entered)
            if isinstance(amount, int):
                said[key] = amount
        return said

    def _misread(self) -> set[str]:
        """The totals that are typed in and say no number: no control, though somebody means one."""
        said = self._stated()
        return {key for key, field in self.inputs.items() if field.text().strip() and key not in said}

    def _offer_lists(self, outlook: Outlook) -> None:
        prepared, difference = outlook.prepared, outlook.difference
        checked = prepared.checked
        bad = sorted((*checked.invalid, *prepared.refused.values()), key=lambda each: each.row)
        lists: list[tuple[str, Sequence[_Listed]]] = [
            (tr("The first rows"), first_rows(prepared)),
            (tr("New"), prepared.positions(Effect.NEW)),
            (tr("Changes"), prepared.positions(Effect.CHANGED)),
            (tr("As stored"), prepared.positions(Effect.SAME)),
            (tr("Not imported"), bad),
            (tr("New since the file before"), difference.new),
            (tr("Paid since"), difference.paid),
            (tr("Gone"), outlook.gone),
        ]
        new, changed, same = (len(found) for _, found in lists[1:4])
        counts = [ntr("{n} new", "{n} new", new), ntr("{n} changed", "{n} changed", changed)]
        counts.append(ntr("{n} as stored", "{n} as stored", same))
        left_out = ntr("{n} row is not imported", "{n} rows are not imported", len(bad)) if bad else ""
        self.summary = clauses(filter(None, (listed(counts), left_out)))
        self.view.clear()
        self._lists = [found for _, found in lists if found]
        for words, found in lists:
            if found:
                self.view.addItem(tr("{list} ({count})", list=words, count=count(len(found))))
        self._show_list()

    def _show_list(self) -> None:
        place = self.view.currentIndex()
        self._listed = self._lists[place] if 0 <= place < len(self._lists) else ()
        lines, now = min(len(self._listed), ROWS_SHOWN), theme.current()
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head + max(lines, 3) * now.row_height + 2)
        self.table.reload(keep_selection=False)

    # What is decided

    def _policy_chosen(self) -> None:
        asking = self.policy is Policy.ASK
        for widget in (self.take, self.keep, self.undecided):
            widget.setVisible(asking)
        self.table.viewport().update()
        if asking and self._outlook is not None:
            place = self.view.findText(tr("Changes"), flags=Qt.MatchFlag.MatchStartsWith)
            if place >= 0:
                self.view.setCurrentIndex(place)
                self._show_list()
        self._say_undecided()

    @property
    def policy(self) -> Policy:
        return Policy(self.known.currentData())

    def _touching(self) -> set[int]:
        if self._outlook is None:
            return set()
        return {at for at, one in self._outlook.prepared.known.items() if one.changes}

    def _decide(self, into: set[int], out_of: set[int]) -> None:
        """For the selected rows."""
        for found in self.table.selected_ids():
            one = self._listed[found]
            if isinstance(one, int):
                into.add(one)
                out_of.discard(one)
        self.table.reload()
        self._say_undecided()

    def _say_undecided(self) -> None:
        left = len(self._touching() - self._taken - self._kept)
        self.undecided.setText(ntr("{n} row to decide on", "{n} rows to decide on", left) if left else "")
        self.changed.emit()

    @property
    def why_not(self) -> str:
        """What still has to be settled before the import may start; "" for nothing."""
        if self._outlook is None:
            return tr("Nothing can be imported yet.")
        lines = control(self._outlook.prepared.checked, self._stated())
        reasons = []
        if self._misread():
            reasons.append(tr("A total as the sender states it is not a number: correct it, or leave it empty."))
        if any(line.differs for line in lines) and not self.confirm.isChecked():
            reasons.append(tr("The totals differ: ask the sender, or confirm above."))
        if self.policy is Policy.ASK and self._touching() - self._taken - self._kept:
            reasons.append(tr("Decide on the rows that change what is stored."))
        return clauses(reasons)

    def choices(self) -> Choices:
        return Choices(
            source=self.source.text().strip(),
            known=self.policy,
            kept=frozenset(self._kept),
            taken=frozenset(self._taken),
            stated=self._stated(),
            confirmed=self.confirm.isChecked(),
            retire_gone=self.retire.isChecked() and self.retire.isVisibleTo(self),
        )


def _total(key: str, value: int) -> str:
    return count(value) if key == ROWS else money(yuan(value))
