"""The loans of one customer: terms, where each stands, and its instalments."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.core.customers.browse import LOAN_STATE_TITLES
from console.core.customers.detail import CustomerDetail, LoanDetail
from console.core.customers.instalments import Instalment
from console.core.customers.secrets import masked
from console.core.format import count, local_date, money, yuan
from console.core.i18n import ntr, tr
from console.core.security.permissions import Permission
from console.screens.customers import file_operations as operations
from console.screens.customers.folding import FoldCard
from console.screens.customers.loandialogs import LoanDialog, PaymentDialog
from console.screens.customers.secretline import SecretLine
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.gauges import ProgressLine
from console.shell.rows import KeyedRows
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import (
    EmptyState,
    KeyValues,
    StateBadge,
    clear,
    column,
    confirm,
    icon_button,
    label,
    link_button,
    row,
)

ROWS_SHOWN = 8


class LoansCard(FoldCard):
    def __init__(self, services: Services) -> None:
        super().__init__(tr("Loans"), spacing=12)
        self._services = services
        self._found: CustomerDetail | None = None
        self._may_edit = services.allowed(Permission.CUSTOMERS_EDIT)
        self.new = icon_button("plus", tr("Add a loan"), self._add)
        self.new.setVisible(self._may_edit)
        self.extras.addWidget(self.new)
        self.rows: KeyedRows[LoanDetail, LoanView] = KeyedRows(
            lambda loan: loan.id, lambda _loan: LoanView(services), lambda view, loan: view.show_loan(loan), spacing=18
        )
        self._none = label(tr("No loan is on file."), "quiet")
        self.add(self.rows, self._none)

    def show_customer(self, found: CustomerDetail) -> None:
        self._found = found
        for view in self.rows.widgets:
            view.customer = found
        self.rows.set_records(found.loans)
        for view in self.rows.widgets:
            view.customer = found
        self._none.setVisible(not found.loans)
        self.say(count(len(found.loans)) if found.loans else "")

    def _add(self) -> None:
        if self._found is not None:
            LoanDialog(self, self._services, self._found, None).open()


class LoanView(QWidget):
    """One loan; its instalments unfold."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.customer: CustomerDetail | None = None
        self._loan: LoanDetail | None = None
        self._may_edit = services.allowed(Permission.CUSTOMERS_EDIT)
        self._head = QVBoxLayout()
        self._facts = KeyValues()
        self.account = SecretLine(services)
        self._progress = ProgressLine()
        self._paid = label("", "small", wrap=True)
        self._links = FlowLayout(4, 0)
        self.unfold = link_button(tr("Show the instalments"), self._toggle)
        self.compute = link_button(tr("Compute the instalments"), self._compute)
        self.edit = link_button(tr("Edit the loan"), self._edit)
        self._why = label("", "small", wrap=True)
        for link in (self.unfold, self.compute, self.edit):
            self._links.addWidget(link)
        self.instalments = InstalmentList(services)
        self.instalments.hide()
        self.setLayout(
            column(
                self._head,
                self._facts,
                self.account,
                self._progress,
                self._paid,
                self._links,
                self._why,
                self.instalments,
                spacing=6,
            )
        )

    def show_loan(self, loan: LoanDetail) -> None:
        self._loan = loan
        clear(self._head)
        badge = StateBadge(loan.state.value, str(LOAN_STATE_TITLES[loan.state]))
        name = label(loan.product or tr("Loan"), "heading", wrap=True)
        number = label(loan.number, "quiet", wrap=True, selectable=True)
        head = row(column(name, number, spacing=0), badge)
        head.setStretch(0, 1)
        self._head.addLayout(head)
        self._facts.set_pairs([pair for pair in _facts(loan) if pair[1]])
        self.account.setVisible(loan.account_known)
        self.account.show_secret(
            tr("Repayment account"),
            masked(loan.account_tail),
            tr("Show the repayment account of loan {number}", number=loan.number),
            operations.show_account(loan.id),
            owner=(loan.id, loan.account_tail),
        )
        self._show_standing(loan)
        self.instalments.show_loan(loan)

    def _show_standing(self, loan: LoanDetail) -> None:
        stands = loan.standing
        for widget in (self._progress, self._paid):
            widget.setVisible(stands is not None)
        if stands is not None:
            words = tr("{paid} of {count} instalments", paid=count(stands.settled), count=count(stands.count))
            self._progress.set_progress(stands.settled, stands.count, words)
            self._progress.set_tone("bad" if stands.late else "good")
            self._paid.setText(_owed(loan))
        self.unfold.setVisible(bool(loan.instalments))
        self.compute.setVisible(self._may_edit and not loan.instalments and loan.uncomputable is None)
        self.edit.setVisible(self._may_edit)
        why = self._may_edit and not loan.instalments and loan.uncomputable is not None
        self._why.setText(tr("No instalments: {reason}", reason=str(loan.uncomputable)) if why else "")
        self._why.setVisible(why)
        if not loan.instalments:
            self._fold(open_=False)

    def _toggle(self) -> None:
        self._fold(open_=self.instalments.isHidden())

    def _fold(self, *, open_: bool) -> None:
        self.instalments.setVisible(open_)
        self.unfold.setText(tr("Hide the instalments") if open_ else tr("Show the instalments"))

    def _edit(self) -> None:
        if self._loan is not None and self.customer is not None:
            LoanDialog(self, self._services, self.customer, self._loan).open()

    def _compute(self) -> None:
        if self._loan is None:
            return

        def computed(number: int) -> None:
            self._services.notices.good(ntr("{n} instalment was computed.", "{n} instalments were computed.", number))
            self._services.announce(operations.CHANGED)
            self._fold(open_=True)

        text = tr(
            "The instalments are computed from amount, rate, term and method. Those before the due date on file count "
            "as paid. An imported schedule of the bank replaces them."
        )
        if confirm(self, tr("Compute the instalments?"), text, tr("Compute")):
            self._services.tasks.query(operations.compute(self._loan.id), computed, owner=self)


def _facts(loan: LoanDetail) -> list[tuple[str, str]]:
    stands = loan.standing
    amount = stands.amount_due if stands is not None else loan.amount_due
    due_on = stands.due_on if stands is not None else loan.due_on
    penalty = stands.penalty if stands is not None else loan.penalty
    due = local_date(due_on)
    if loan.days_overdue:
        due = tr("{date}, {days} overdue", date=due, days=ntr("{n} day", "{n} days", loan.days_overdue))
    term = ntr("{n} month", "{n} months", loan.term_months) if loan.term_months else ""
    since = tr("from {date}", date=local_date(loan.start_on)) if loan.start_on else ""
    rate = f"{loan.rate.normalize():f}%" if loan.rate is not None else ""
    return [
        (tr("Amount due"), yuan(amount) if amount is not None else ""),
        (tr("Due date"), due if due_on else ""),
        (tr("Penalty interest"), yuan(penalty) if penalty else ""),
        (tr("Loan amount"), yuan(loan.principal) if loan.principal is not None else ""),
        (tr("Yearly rate"), rate),
        (tr("Repayment method"), loan.method),
        (tr("Term"), " · ".join(filter(None, (term, since)))),
        (tr("Due day"), tr("day {day} of the month", day=loan.due_day) if loan.due_day else ""),
        (tr("Kind of loan"), loan.kind),
        (tr("Repayment account"), "" if loan.account_known else masked(loan.account_tail)),
    ]


def _owed(loan: LoanDetail) -> str:
    stands = loan.standing
    assert stands is not None
    words = [tr("Paid so far {amount}", amount=yuan(stands.paid))]
    if stands.remaining:
        words.append(tr("principal still owed {amount}", amount=yuan(stands.remaining)))
    if stands.late:
        words.append(ntr("{n} instalment late", "{n} instalments late", stands.late))
    if stands.next_due_on:
        words.append(tr("next due date {date}", date=local_date(stands.next_due_on)))
    return " · ".join(words)


class InstalmentList(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._loan: LoanDetail | None = None
        self._shown: tuple[Instalment, ...] | None = None
        self._by_id: dict[int, Instalment] = {}
        self.table = self._table()
        self.table.current_changed.connect(lambda _row: self._dress())
        self.pay = link_button(tr("Note a payment…"), self._pay)
        self.back = link_button(tr("Take the payment back"), self._take_back)
        buttons = FlowLayout(4, 0)
        for button in (self.pay, self.back):
            button.setVisible(services.allowed(Permission.CUSTOMERS_EDIT))
            buttons.addWidget(button)
        self.setLayout(column(self.table, buttons, spacing=4))
        self._dress()

    def _table(self) -> RecordTable[Instalment]:
        columns = [
            Column[Instalment]("sequence", tr("No."), lambda each: str(each.sequence), 44, "right", sortable=False),
            Column[Instalment]("due", tr("Due date"), lambda each: local_date(each.due_on), 88, sortable=False),
            Column[Instalment](
                "total", tr("To pay"), lambda each: money(each.total), 88, "right", sortable=False, tip=_parts
            ),
            Column[Instalment]("open", tr("Open"), _open, 0, "right", sortable=False, state=self._state, tip=_parts),
        ]
        table = RecordTable(
            self._services,
            columns,
            lambda _ctx, _sort: list(self._by_id),
            lambda _ctx, ids: [self._by_id[each] for each in ids if each in self._by_id],
            EmptyState("calendar", tr("No instalments")),
        )
        table.setAccessibleName(tr("Instalments"))
        return table

    def _state(self, each: Instalment) -> str:
        if each.settled:
            return "good"
        today = self._services.ctx.clock.now().astimezone().date()
        return "overdue" if each.due_on < today else "waiting"

    def show_loan(self, loan: LoanDetail) -> None:
        self._loan = loan
        if loan.instalments == self._shown:
            return
        self._shown = loan.instalments
        self._by_id = {each.id: each for each in loan.instalments}
        now = theme.current()
        lines = min(len(loan.instalments), ROWS_SHOWN)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + lines * now.row_height + 2)
        self.table.reload()
        self._dress()

    def _chosen(self) -> Instalment | None:
        current = self.table.current_id()
        return self._by_id.get(current) if current is not None else None

    def _dress(self) -> None:
        chosen = self._chosen()
        self.pay.setEnabled(chosen is not None and not chosen.settled)
        self.back.setEnabled(chosen is not None and chosen.paid > 0)

    def _pay(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self._loan is not None:
            PaymentDialog(self, self._services, self._loan, chosen).open()

    def _take_back(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        text = tr("{amount} were noted as paid. The instalment is open again afterwards.", amount=yuan(chosen.paid))
        if confirm(self, tr("Take the payment back?"), text, tr("Take back"), danger=True):
            announce = self._services.announce
            work = operations.take_back(chosen.id)
            self._services.tasks.query(work, lambda _none: announce(operations.CHANGED), owner=self)


def _open(each: Instalment) -> str:
    return tr("paid") if each.settled else money(each.outstanding)


def _parts(each: Instalment) -> str:
    parts = [
        tr("Principal {amount}", amount=money(each.principal)),
        tr("interest {amount}", amount=money(each.interest)),
    ]
    if each.penalty:
        parts.append(tr("penalty {amount}", amount=money(each.penalty)))
    if each.paid:
        parts.append(tr("paid {amount}", amount=money(each.paid)))
    return " · ".join(parts)
