"""What may be sent to one customer: consents by purpose, the do-not-contact list, and what is to be minded."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.core.compliance.policy import Need
from console.core.compliance.purpose import PURPOSE_TITLES
from console.core.customers.circumstances import KIND_TITLES, Shown, last_day
from console.core.customers.consents import Standing
from console.core.customers.detail import CustomerDetail
from console.core.customers.suppressions import ISSUER_TITLES, SuppressionRow, may_end, scope_title
from console.core.customers.timeline_notes import said
from console.core.format import local_date
from console.core.i18n import tr
from console.core.security.permissions import Permission
from console.screens.customers.folding import FoldCard
from console.screens.customers.notedialogs import (
    ConsentDialog,
    EndCircumstanceDialog,
    EndSuppressionDialog,
    SuppressDialog,
)
from console.shell.services import Services
from console.shell.widgets import StateBadge, clear, column, icon_button, label, link_button, row


class ConsentsCard(FoldCard):
    def __init__(self, services: Services) -> None:
        super().__init__(tr("Consents and refusals"))
        self._services = services
        self._found: CustomerDetail | None = None
        self._may_edit = services.allowed(Permission.CUSTOMERS_EDIT)
        self._may_list = services.allowed(Permission.SUPPRESSIONS_EDIT)
        self._unfolded: set[str] = set()
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self.suppress = link_button(tr("Put the number on the do-not-contact list…"), self._suppress)
        self.suppress.setVisible(self._may_list)
        self.add(self._rows, row(self.suppress, None))

    def show_customer(self, found: CustomerDetail) -> None:
        if self._found is None or self._found.id != found.id:
            self._unfolded.clear()
        self._found = found
        clear(self._rows)
        for entry in found.suppressions:
            self._rows.addLayout(self._listed(entry))
        for standing in found.consents:
            self._rows.addLayout(self._purpose(standing))
        refused = sum(not standing.allowed for standing in found.consents) + len(found.suppressions)
        self.say("" if refused else tr("nothing is held back"))

    def _listed(self, entry: SuppressionRow) -> QVBoxLayout:
        about = " · ".join(
            filter(
                None,
                (
                    str(ISSUER_TITLES[entry.issuer]),
                    local_date(entry.created_at),
                    said(entry.source, entry.reason),
                    tr("until {date}", date=local_date(last_day(entry.until))) if entry.until else "",
                    entry.phone if self._found is not None and entry.phone != self._found.phone else "",
                ),
            )
        )
        title = tr("Not to be written to: {scope}", scope=scope_title(entry.scope))
        lines = row(label(title, wrap=True), StateBadge("suppressed", tr("On the list")))
        lines.setStretch(0, 1)
        foot = row(label(about, "small", wrap=True))
        foot.setStretch(0, 1)
        if may_end(self._services.ctx, entry.issuer):
            foot.addWidget(link_button(tr("End…"), lambda: self._end(entry, title)))
        return column(lines, foot, spacing=0)

    def _purpose(self, standing: Standing) -> QVBoxLayout:
        state, word = _state(standing)
        head = row(label(str(PURPOSE_TITLES[standing.purpose]), wrap=True), StateBadge(state, word))
        head.setStretch(0, 1)
        if self._may_edit:
            name = tr("Record what the customer said")
            pencil = icon_button("pencil", name, lambda: self._record(standing))
            pencil.setProperty("kind", "inline")
            head.addWidget(pencil)
        lines = column(head, spacing=0)
        unfolded = standing.purpose in self._unfolded
        for word_ in standing.history if unfolded else standing.history[:1]:
            granted = tr("Agreed") if word_.granted else tr("Refused")
            known = said(word_.source, word_.evidence)
            text = " · ".join(filter(None, (granted if unfolded else "", local_date(word_.at), known)))
            lines.addWidget(label(text, "small", wrap=True))
        if len(standing.history) > 1:
            words = tr("Only the last") if unfolded else tr("All {count}", count=len(standing.history))
            lines.addLayout(row(link_button(words, lambda: self._toggle(standing)), None))
        return lines

    def _toggle(self, standing: Standing) -> None:
        self._unfolded ^= {standing.purpose}
        if self._found is not None:
            self.show_customer(self._found)

    def _record(self, standing: Standing) -> None:
        if self._found is not None:
            ConsentDialog(self, self._services, self._found, standing).open()

    def _suppress(self) -> None:
        if self._found is not None:
            SuppressDialog(self, self._services, self._found).open()

    def _end(self, entry: SuppressionRow, title: str) -> None:
        EndSuppressionDialog(self, self._services, entry.id, title).open()


def _state(standing: Standing) -> tuple[str, str]:
    if standing.granted is not None:
        return ("granted", tr("Agreed")) if standing.granted else ("suppressed", tr("Refused"))
    if standing.need is Need.REQUIRED:
        return "left_out", tr("Never asked: not allowed")
    return "none", tr("Not needed") if standing.need is Need.NOT_NEEDED else tr("Allowed until refused")


class CircumstanceView(QWidget):
    """One thing to be minded, as a line that cannot be overlooked."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._shown: Shown | None = None
        self._badge = StateBadge("warn")
        self._about = label("", "small", wrap=True, selectable=True)
        self.end = link_button(tr("End…"), self._end)
        self.end.setVisible(services.allowed(Permission.CUSTOMERS_EDIT))
        self.setLayout(column(row(self._badge, None, self.end), self._about, spacing=2))

    def show_circumstance(self, shown: Shown) -> None:
        self._shown = shown
        until = tr("until {date}", date=local_date(last_day(shown.until))) if shown.until else ""
        title = str(KIND_TITLES[shown.kind])
        self._badge.set_state("warn", " ".join(filter(None, (title, until))))
        about = (shown.loan, shown.note, f"{shown.by}, {local_date(shown.since)}")
        self._about.setText(" · ".join(filter(None, about)))

    def _end(self) -> None:
        if self._shown is not None:
            EndCircumstanceDialog(self, self._services, self._shown).open()
