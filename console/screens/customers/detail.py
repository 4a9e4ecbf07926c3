"""One customer beside the list: who it is, the loans, what was agreed, and what was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from console.core.compliance.purpose import PURPOSE_TITLES, SCOPE_ALL, Purpose
from console.core.customers.browse import LOAN_STATE_TITLES, CustomerDetail
from console.core.customers.detail import HistoryEntry, LoanDetail
from console.core.errors import UserError
from console.core.format import count, local_date, local_datetime, when, yuan
from console.core.i18n import listed, ntr, tr
from console.core.messages.classes import CLASSES
from console.core.security.permissions import Permission
from console.screens.customers import operations
from console.screens.customers.reveal import RevealDialog
from console.shell.services import Services
from console.shell.widgets import (
    Card,
    EmptyState,
    KeyValues,
    StateBadge,
    clear,
    column,
    icon_button,
    label,
    row,
    scroll,
)

SHOWN_FOR = 60_000  # milliseconds that a full number stays on the screen


class CustomerPane(QStackedWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("surface")
        self._services = services
        self._customer_id: int | None = None
        self._shown: CustomerDetail | None = None
        self._empty = EmptyState("user", tr("No customer is chosen"), tr("Choose one on the left."))
        self.addWidget(self._empty)
        self._title = label("", "title", wrap=True, selectable=True)
        self._sub = label("", "quiet", wrap=True, selectable=True)
        self.phone = label("", "heading", selectable=True)
        self.eye = icon_button("eye", tr("Show the full number"), self._ask)
        self.eye.setVisible(services.allowed(Permission.PHONES_REVEAL))
        self._timer = QTimer(self, interval=SHOWN_FOR, singleShot=True)
        self._timer.timeout.connect(self._mask)
        self._facts = KeyValues()
        self.loans = LoansCard()
        self.consents = ConsentsCard()
        self.history = HistoryCard(services)
        number = row(self.phone, self.eye, None, spacing=4)
        head = column(self._title, self._sub, number, 4, self._facts, spacing=4, margins=(16, 16, 16, 4))
        inside = QWidget()
        cards = column(self.loans, self.consents, self.history, None, spacing=12, margins=16)
        inside.setLayout(column(head, cards, spacing=0))
        self._pane = scroll(inside)
        self.addWidget(self._pane)

    def show_customer(self, customer_id: int | None) -> None:
        if customer_id != self._customer_id:
            self._customer_id, self._shown = customer_id, None
            self._timer.stop()
        if customer_id is None:
            self.setCurrentWidget(self._empty)
        else:
            self.reload()

    def reload(self) -> None:
        if self._customer_id is not None:
            work = operations.detail(self._customer_id)
            self._services.tasks.query(work, self._show, owner=self, failed=self._lost, key="detail")

    def _lost(self, _error: UserError) -> None:
        self.show_customer(None)

    def _show(self, found: CustomerDetail) -> None:
        if found.id != self._customer_id:
            return
        if self._shown is None:
            self._pane.verticalScrollBar().setValue(0)
        before, self._shown = self._shown, found
        self.setCurrentWidget(self._pane)
        if found == before:
            return
        self._title.setText(" ".join(filter(None, (found.name, found.title))))
        self._sub.setText(" · ".join(filter(None, (found.number, found.branch, found.region))))
        if not self._timer.isActive():
            self._mask()
        self._facts.set_pairs(list(_facts(found)))
        self.loans.show_loans(found.loans)
        self.consents.show_consents(found)
        self.history.show_history(found.history)

    # The full number

    def _ask(self) -> None:
        if self._shown is not None:
            dialog = RevealDialog(self, self._services, self._shown.id, self._shown.name)
            dialog.revealed.connect(self._reveal)
            dialog.open()

    def _reveal(self, customer_id: int, phone: str) -> None:
        if customer_id == self._customer_id:
            self.phone.setText(f"{phone[:3]} {phone[3:7]} {phone[7:]}")
            self._timer.start()

    def _mask(self) -> None:
        self.phone.setText(self._shown.phone if self._shown else "")


def _facts(found: CustomerDetail) -> Iterator[tuple[str, str]]:
    pairs = (
        (tr("Customer manager"), found.manager),
        (tr("Rating"), found.rating),
        (tr("Segment"), found.segment),
        (tr("Birthday"), local_date(found.birthday) if found.birthday else ""),
        (tr("Tags"), listed(found.tags)),
        (tr("Updated"), local_datetime(found.updated_at)),
    )
    return ((name, value) for name, value in pairs if value)


class LoansCard(Card):
    def __init__(self) -> None:
        super().__init__(tr("Loans"), spacing=12)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(16)
        self.add(self._rows)

    def show_loans(self, loans: Sequence[LoanDetail]) -> None:
        clear(self._rows)
        for loan in loans:
            self._rows.addWidget(_loan(loan))
        if not loans:
            self._rows.addWidget(label(tr("No loan is on file."), "quiet"))


def _loan(loan: LoanDetail) -> QWidget:
    badge = StateBadge(loan.state.value, str(LOAN_STATE_TITLES[loan.state]))
    head = row(label(loan.product or tr("Loan"), "heading"), label(loan.number, "quiet", selectable=True), None, badge)
    due = local_date(loan.due_on)
    if loan.days_overdue:
        due = tr("{date}, {days} overdue", date=due, days=ntr("{n} day", "{n} days", loan.days_overdue))
    pairs = (
        (tr("Amount due"), yuan(loan.amount_due) if loan.amount_due is not None else ""),
        (tr("Due date"), due if loan.due_on else ""),
        (tr("Penalty interest"), yuan(loan.penalty) if loan.penalty else ""),
        (tr("Loan amount"), yuan(loan.principal) if loan.principal is not None else ""),
        (tr("Yearly rate"), f"{loan.rate.normalize():f}%" if loan.rate is not None else ""),
        (tr("Repayment method"), loan.method),
        (tr("Term"), ntr("{n} month", "{n} months", loan.term_months) if loan.term_months else ""),
        (tr("Repayment account"), f"**** {loan.account_tail}" if loan.account_tail else ""),
    )
    whole = QWidget()
    whole.setLayout(column(head, KeyValues([pair for pair in pairs if pair[1]]), spacing=6))
    return whole


class ConsentsCard(Card):
    """What was agreed to, what was refused, and where that is known from."""

    def __init__(self) -> None:
        super().__init__(tr("Consents and refusals"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.add(self._rows)

    def show_consents(self, found: CustomerDetail) -> None:
        clear(self._rows)
        for consent in found.consents:
            state, word = ("granted", tr("Granted")) if consent.granted else ("suppressed", tr("Refused"))
            source = _source(consent.source, consent.evidence)
            self._line(_purpose(consent.purpose), state, word, f"{local_date(consent.at)} · {source}")
        for refusal in found.suppressions:
            until = tr("until {date}", date=local_date(refusal.until)) if refusal.until else ""
            about = (local_date(refusal.created_at), _source(refusal.source, refusal.reason), until)
            self._line(
                _purpose(refusal.scope), "suppressed", tr("Not to be written to"), " · ".join(filter(None, about))
            )
        if not found.consents and not found.suppressions:
            self._rows.addWidget(label(tr("Nothing is on file: marketing is not allowed."), "quiet", wrap=True))

    def _line(self, purpose: str, state: str, word: str, about: str) -> None:
        head = row(label(purpose), None, StateBadge(state, word))
        self._rows.addLayout(column(head, label(about, "small", wrap=True), spacing=2))


def _purpose(scope: str) -> str:
    if scope == SCOPE_ALL:
        return tr("All messages")
    return str(PURPOSE_TITLES[Purpose(scope)]) if scope in set(Purpose) else scope


def _source(source: str, evidence: str) -> str:
    words = {"import": tr("imported file"), "counter": tr("at the counter"), "reply": tr("reply by message")}
    return ": ".join(filter(None, (words.get(source, source), evidence.partition(" #")[0])))


class HistoryCard(Card):
    """One time line of what went out and what came back, newest first."""

    def __init__(self, services: Services) -> None:
        super().__init__(tr("Messages"), spacing=10)
        self._services = services
        self._count = label("", "small")
        self.head.addWidget(self._count)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(12)
        self.add(self._rows)

    def show_history(self, entries: Sequence[HistoryEntry]) -> None:
        clear(self._rows)
        self._count.setText(count(len(entries)) if entries else "")
        for entry in entries:
            self._rows.addLayout(self._entry(entry))
        if not entries:
            self._rows.addWidget(label(tr("Nothing has been sent to this customer yet."), "quiet", wrap=True))

    def _entry(self, entry: HistoryEntry) -> QVBoxLayout:
        at = when(entry.at, self._services.ctx.clock.now())
        if entry.inbound:
            head = row(label(at, "small"), label(tr("Reply"), "quiet"), None)
            return column(head, label(entry.body, wrap=True, selectable=True), spacing=2)
        kind = CLASSES.get(entry.class_key)
        about = " · ".join(filter(None, (str(kind.title) if kind else "", entry.campaign)))
        head = row(label(at, "small"), label(about, "quiet", wrap=True), StateBadge(entry.state))
        head.setStretch(1, 1)
        lines = column(head, label(entry.body, wrap=True, selectable=True), spacing=2)
        if reason := str(entry.reason):
            lines.addWidget(label(reason, "small", wrap=True))
        return lines
