"""A loan by hand, and a payment that staff note."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtWidgets import QWidget

from console.core.customers.amounts import fen
from console.core.customers.browse import LOAN_STATE_TITLES
from console.core.customers.detail import CustomerDetail, LoanDetail
from console.core.customers.instalments import METHOD_NAMES, METHOD_TITLES, Instalment
from console.core.customers.loans import LoanState
from console.core.format import money, yuan
from console.core.i18n import tr
from console.screens.customers import file_operations as operations
from console.screens.customers.notedialogs import NoteDialog, Work
from console.screens.customers.persondialogs import FileDialog
from console.shell.services import Services


class LoanDialog(FileDialog):
    def __init__(self, parent: QWidget, services: Services, found: CustomerDetail, loan: LoanDetail | None) -> None:
        title = tr("Edit loan {number}", number=loan.number) if loan else tr("New loan of {name}", name=found.name)
        super().__init__(parent, title, tr("Save"))
        self._services, self._found, self._loan = services, found, loan
        self._add_terms(loan)
        self._add_standing(loan)
        self.on_action(self._save)
        self.form.submitted.connect(self._save)
        self.let_scroll()

    def _add_terms(self, loan: LoanDetail | None) -> None:
        form = self.form
        form.add_heading(tr("Terms"))
        form.add_text("number", tr("Loan number"), loan.number if loan else "", max_length=40)
        form.add_text("product", tr("Product"), loan.product if loan else "", max_length=40)
        form.add_text("kind", tr("Kind of loan"), loan.kind if loan else "", max_length=40)
        form.add_text("principal", tr("Loan amount"), _typed(loan.principal if loan else None), placeholder="120000")
        rate = f"{loan.rate.normalize():f}%" if loan and loan.rate is not None else ""
        form.add_text("rate", tr("Yearly rate"), rate, placeholder="3.05%")
        names = [(names[0], f"{METHOD_TITLES[method]} ({names[0]})") for method, names in METHOD_NAMES.items()]
        other = [(loan.method, loan.method)] if loan and loan.method and loan.method not in dict(names) else []
        methods = [("", tr("None stated")), *names, *other]
        form.add_choice("method", tr("Repayment method"), methods, loan.method if loan else "")
        form.add_text("start_on", tr("Start of the loan"), _day(loan.start_on if loan else None))
        form.add_text("term_months", tr("Term"), _number(loan.term_months if loan else None), hint=tr("Months"))
        form.add_text("due_day", tr("Due day"), _number(loan.due_day if loan else None), hint=tr("Day of the month"))
        held = loan.account_tail if loan else ""
        kept = tr("Leave empty to keep {number}", number=f"****{held}") if held else tr("Whole, or the last four")
        form.add_text("account", tr("Repayment account"), placeholder=kept, max_length=40)

    def _add_standing(self, loan: LoanDetail | None) -> None:
        form = self.form
        form.add_heading(tr("Where it stands"))
        states = [(state, str(title)) for state, title in LOAN_STATE_TITLES.items()]
        form.add_choice("state", tr("State of the loan"), states, loan.state if loan else LoanState.ACTIVE)
        form.add_text("due_on", tr("Due date"), _day(loan.due_on if loan else None), placeholder="2026-11-21")
        form.add_text("amount_due", tr("Amount due"), _typed(loan.amount_due if loan else None))
        form.add_text("penalty", tr("Penalty interest"), _typed(loan.penalty if loan else None))

    def _save(self) -> None:
        entered = dict(self.form.values())
        if not entered["account"]:
            del entered["account"]
        if self._loan is None:
            work = operations.create_loan(self._found.id, entered)
            self.work(self._services, work, self._told)
        else:
            change = operations.edit_loan(self._loan.id, entered, self._loan.updated_at)
            self.work(self._services, change, self._told)

    def _told(self, _result: object) -> None:
        self._services.announce(operations.CHANGED)


def _typed(amount: Decimal | None) -> str:
    return "" if amount is None else money(amount)


def _day(day: object) -> str:
    return "" if day is None else str(day)


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


class PaymentDialog(NoteDialog):
    """All that is open, unless another amount is entered."""

    def __init__(self, parent: QWidget, services: Services, loan: LoanDetail, instalment: Instalment) -> None:
        title = tr("Instalment {number} of loan {loan}", number=instalment.sequence, loan=loan.number)
        super().__init__(parent, services, title, tr("Note the payment"), self._payment)
        self._instalment = instalment
        self.explain(
            tr("Open: {amount}. A reminder that still waits for it is held back.", amount=yuan(instalment.outstanding))
        )
        self.form.add_text("amount", tr("Paid"), money(instalment.outstanding))

    def _payment(self) -> Work | None:
        paid = fen(self.form.text("amount"))
        if not isinstance(paid, int):
            self.form.set_error("amount", tr("Enter an amount in yuan."))
            return None
        return operations.mark_paid(self._instalment.id, Decimal(paid).scaleb(-2))
