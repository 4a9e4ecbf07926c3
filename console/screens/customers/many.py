"""What can be done with all selected customers, under the list: change, undo, write to them."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from console.core.campaigns.audience import Audience, AudienceKind
from console.core.customers.browse import CustomerFilter, CustomerRow
from console.core.customers.bulk import Edit, Outcome, Undoable
from console.core.format import count
from console.core.i18n import ntr, tr
from console.core.security.permissions import Permission
from console.screens.customers import lists
from console.screens.customers.bulkdialog import BulkDialog
from console.shell.icons import icon
from console.shell.services import Services
from console.shell.table import RecordTable
from console.shell.widgets import link_button, row

PICKED_LIMIT = 20_000  # customers that a campaign names one by one


class ManyCustomers(QWidget):
    """Shows itself while more than one is selected, or something can be undone."""

    def __init__(
        self, services: Services, table: RecordTable[CustomerRow], wanted: Callable[[], CustomerFilter]
    ) -> None:
        super().__init__()
        self._services, self._table, self._wanted = services, table, wanted
        self._may_edit = services.allowed(Permission.CUSTOMERS_EDIT)
        self._may_write = services.allowed(Permission.CAMPAIGNS_EDIT)
        self._last: Undoable | None = None
        self.taking_back = link_button(tr("Undo the last change"), self._undo_last)
        self.change = link_button(tr("Change …"), self.ask)
        self.write = link_button(tr("Add to a campaign"), self.add_to_campaign)
        self.setLayout(row(self.taking_back, self.change, self.write, spacing=12))
        self._actions = [
            self._action(tr("Change the selected …"), "pencil", self.ask, self._may_edit),
            self._action(tr("Add to a campaign"), "send", self.add_to_campaign, self._may_write),
        ]
        table.selection_changed.connect(self.look)
        table.loaded.connect(lambda _number: self.look())
        self.look()
        self.look_back()

    def look(self) -> None:
        several = self._table.complete and self._table.selected_count() > 1
        self.change.setVisible(several and self._may_edit)
        self.write.setVisible(several and self._may_write)
        self.taking_back.setVisible(self._last is not None and not several)
        for action in self._actions:
            action.setEnabled(several)

    def look_back(self) -> None:
        """Whether there is something to undo."""
        if self._may_edit:
            self._services.tasks.query(lists.undoable, self._show_last, owner=self, key="undoable")

    def ask(self) -> None:
        ids = self._table.picked()
        BulkDialog(self, self._services, ids, lambda edit: self.run(ids, edit)).open()

    def run(self, ids: array[int], edit: Edit) -> None:
        self._services.tasks.run(tr("Changing customers"), lists.apply(ids, edit), self._done, owner=self)

    def add_to_campaign(self) -> None:
        """Those who are picked; all that match where the whole list is selected and it is too long to name them."""
        ids = self._table.picked()
        audience = Audience.of_customers(ids.tolist()) if len(ids) <= PICKED_LIMIT else None
        if audience is None and len(ids) == len(self._table):
            audience = audience_of(self._wanted())
        if audience is not None:
            self._services.navigate("campaigns", audience=audience)
        else:
            told = tr("A campaign can name {count} customers one by one.", count=count(PICKED_LIMIT))
            hint = tr("Give them a tag, and make a segment of who has it; or select fewer.")
            self._services.notices.warn(told, hint, action=tr("Change …"), act=self.ask)

    # Inside

    def _action(self, text: str, icon_name: str, act: Callable[[], None], allowed: bool) -> QAction:
        made = QAction(icon(icon_name), text, self._table)
        made.triggered.connect(lambda _checked=False: act())
        if allowed:
            self._table.addAction(made)
        return made

    def _show_last(self, last: Undoable | None) -> None:
        self._last = last
        self.look()

    def _undo_last(self) -> None:
        if self._last is not None:
            self._undo(self._last)

    def _undo(self, last: Undoable) -> None:
        self._services.tasks.run(tr("Undoing the change"), lists.undo(last.edit_id), self._undone, owner=self)

    def _done(self, found: Outcome) -> None:
        changed = ntr("{n} customer was changed.", "{n} customers were changed.", found.changed)
        if found.cancelled:
            left = count(found.wanted - found.changed)
            self._services.notices.warn(changed, tr("You cancelled; {count} are as they were.", count=left))
        else:
            self._services.notices.good(changed, action=tr("Undo"), act=self._undo_newest)
        self._services.announce(lists.CHANGED)
        self.look_back()

    def _undo_newest(self) -> None:
        """From the notice, which may still stand there when another change has followed."""
        self._services.tasks.query(lists.undoable, lambda last: self._undo(last) if last else None, owner=self)

    def _undone(self, found: Outcome) -> None:
        back = ntr("{n} customer is as before.", "{n} customers are as before.", found.changed)
        hint = ""
        if found.kept:
            hint = ntr("{n} was changed again since and stays.", "{n} were changed again since and stay.", found.kept)
        self._services.notices.good(back, hint)
        self._services.announce(lists.CHANGED)
        self.look_back()


def audience_of(wanted: CustomerFilter) -> Audience | None:
    """The same customers as an audience; None where it takes a segment."""
    if wanted == CustomerFilter():
        return Audience()
    if wanted == CustomerFilter(import_id=wanted.import_id):
        return Audience(kind=AudienceKind.IMPORT, filter=wanted)
    if wanted.asked:  # such conditions say which loans are meant, and only a segment asks them that
        return None
    return Audience(kind=AudienceKind.FILTER, filter=wanted)
