"""A customer asks for their data, or to be erased."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidgetItem, QPlainTextEdit, QWidget

from console.core.finding import FoundCustomer
from console.core.i18n import listed, ntr, tr
from console.core.protection.erasure import Erased, Standing
from console.core.protection.handover import HandedOver
from console.screens.protection import operations
from console.shell import theme
from console.shell.files import ask_text_file, ask_workbook
from console.shell.forms import FormDialog
from console.shell.search import SearchField
from console.shell.services import Services
from console.shell.widgets import (
    Card,
    TextList,
    column,
    danger_button,
    heading,
    label,
    primary_button,
    quiet_button,
    row,
    scroll,
)


class PeopleSection(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._customer: FoundCustomer | None = None
        self.search = SearchField(tr("Name, customer number, or end of the phone number"))
        self.search.setMaximumWidth(theme.current().px(480))  # all of what may be typed is named
        self.search.searched.connect(self.look_up)
        self.search.down.connect(self._into_list)
        self.list = TextList()
        self.list.setAccessibleName(tr("Customers"))
        self.list.setMaximumHeight(theme.current().px(240))
        self.list.hide()  # until something is looked for
        self.nobody = label(
            tr("Nobody fits. Try less of the name, or the last digits of the number."), "quiet", wrap=True
        )
        self.nobody.hide()
        self.list.currentItemChanged.connect(lambda item, _before: self._chosen(item))
        self._name = heading("")
        self._words = label("", wrap=True)
        self.hand_over = quiet_button(tr("Hand over the data…"), self.do_hand_over, "file-spreadsheet")
        self.erase = danger_button(tr("Erase…"), self.do_erase, "trash-2")
        self._card = Card()
        self._card.add(self._name, self._words, row(None, self.hand_over, self.erase))
        self._card.hide()
        self._certificate = CertificateCard(services)
        ask = Card(tr("Which customer asks?"))
        ask.add(
            label(
                tr("Make sure who asks: an identity document, or a visit. Both acts are entered in the audit trail."),
                "quiet",
                wrap=True,
            ),
            self.search,
            self.list,
            self.nobody,
        )
        inside = QWidget()
        for card in (ask, self._card, self._certificate):
            card.setMaximumWidth(theme.current().px(820))
        inside.setLayout(column(ask, self._card, self._certificate, None, spacing=12, margins=16))
        self.setLayout(column(scroll(inside)))

    def reload(self) -> None:
        """Nothing here changes by itself."""

    def look_up(self, text: str) -> None:
        self._services.tasks.query(operations.find(text), self._found, owner=self, key="find")

    def _into_list(self) -> None:
        if self.list.count():
            self.list.setFocus()
            self.list.setCurrentRow(max(0, self.list.currentRow()))

    def _found(self, people: list[FoundCustomer]) -> None:
        self.list.clear()
        for each in people:
            item = QListWidgetItem(f"{each.name}  ·  {each.number}  ·  {each.phone}")
            item.setData(Qt.ItemDataRole.UserRole, each)
            self.list.addItem(item)
        self.list.setVisible(bool(people))
        self.nobody.setVisible(not people and bool(self.search.text().strip()))
        self._card.hide()
        if len(people) == 1:
            self.list.setCurrentRow(0)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        found = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        self._customer = found
        self._card.hide()
        if found is not None:
            self._certificate.hide()
            self._services.tasks.query(operations.standing(found.id), self._show, owner=self, key="standing")

    def _show(self, standing: Standing) -> None:
        self._name.setText(standing.name)
        loans = ntr("{n} loan", "{n} loans", standing.loans)
        messages = ntr("{n} message", "{n} messages", standing.messages)
        reasons = "\n".join(f"•  {reason}" for reason in standing.reasons)
        self._words.setText(f"{listed((loans, messages))}\n\n{reasons}")
        self.erase.setText(tr("Erase…") if standing.whole else tr("Reduce to what is needed…"))
        self.erase.setAccessibleName(self.erase.text())
        self._card.show()

    def do_hand_over(self) -> None:
        if self._customer is not None:
            HandOverDialog(self, self._services, self._customer).open()

    def do_erase(self) -> None:
        if self._customer is not None:
            EraseDialog(self, self._services, self._customer, self.erase.text().rstrip("…"), self._erased).open()

    def _erased(self, erased: Erased) -> None:
        self._card.hide()
        self.list.clear()
        self.list.hide()
        self._certificate.show_certificate(erased)
        self._services.announce(operations.KEPT)


class CertificateCard(Card):
    """What is given to the customer; it is not kept."""

    def __init__(self, services: Services) -> None:
        super().__init__(tr("Certificate"))
        self._services = services
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Certificate"))
        self.text.setMinimumHeight(theme.current().px(280))
        self.left = label("", "error", wrap=True)
        self.save = primary_button(tr("Save…"), self.do_save, "save")
        hint = label(tr("Give it to the customer now: it is not kept here."), "quiet")
        self.add(self.text, self.left, row(hint, None, self.save))
        self.hide()

    def show_certificate(self, erased: Erased) -> None:
        self.text.setPlainText(erased.certificate)
        self.left.setVisible(bool(erased.left))
        self.left.setText(tr("A number still stands in: {tables}. Tell the administrator.", tables=listed(erased.left)))
        self.show()

    def do_save(self) -> None:
        target = ask_text_file(self, tr("Save the certificate"))
        if target is not None:
            self.save_to(target)

    def save_to(self, target: Path) -> None:
        def done(path: Path) -> None:
            self._services.notices.good(tr("{file} is written.", file=path.name), str(path.parent))

        self._services.tasks.query(operations.save_text(target, self.text.toPlainText()), done, owner=self)


class EraseDialog(FormDialog):
    def __init__(
        self, parent: QWidget, services: Services, customer: FoundCustomer, action: str, done: Callable[[Erased], None]
    ) -> None:
        super().__init__(parent, f"{action}: {customer.name}", action, danger=True)
        self.explain(tr("This cannot be undone. Hand over the data first if the customer wants it."))
        self.form.add_multiline(
            "basis",
            tr("On what ground"),
            placeholder=tr("Asked in writing on …; identity card seen"),
            hint=tr("No names and no numbers: this sentence is kept."),
        )
        self.on_action(lambda: self.work(services, operations.erase(customer.id, self.form.text("basis")), done))


class HandOverDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, customer: FoundCustomer) -> None:
        super().__init__(parent, tr("Hand over the data of {name}", name=customer.name), tr("Choose a file…"))
        self._services, self._customer, self._owner = services, customer, parent
        self.explain(
            tr(
                "A workbook and a JSON file with everything that is kept about the customer, numbers in full. "
                "Give them to nobody else."
            )
        )
        self.form.add_multiline(
            "basis", tr("On what ground"), placeholder=tr("Asked in writing on …; identity card seen")
        )
        self.on_action(self._choose)

    def _choose(self) -> None:
        basis = self.form.text("basis")
        if not basis:
            self.form.set_error("basis", tr("Write on what ground."))
            return
        target = ask_workbook(self, tr("Write the file"))
        if target is not None:
            self.write_to(target, basis)

    def write_to(self, target: Path, basis: str) -> None:
        services = self._services

        def done(made: HandedOver) -> None:
            text = tr("{book} and {other} are written.", book=made.workbook.name, other=made.json.name)
            services.notices.good(text, str(made.workbook.parent))
            services.announce(operations.DECIDED)

        work = operations.hand_over(self._customer.id, target, basis)
        services.tasks.run(tr("Handing over data"), work, done, owner=self._owner, cancellable=False)
        self.accept()
