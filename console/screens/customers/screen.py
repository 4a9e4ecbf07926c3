"""Customers: who is this person, and what have we told them?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QMenu, QPushButton, QStackedWidget, QWidget

from console.core.customers.browse import LOAN_STATE_TITLES, CustomerFilter, CustomerRow
from console.core.customers.fields import Field
from console.core.events import Change, Topic
from console.core.format import count, local_date, local_datetime, money
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.screens.customers import lists, operations
from console.screens.customers.detail import CustomerPane
from console.screens.customers.file_operations import own_fields
from console.screens.customers.filterbar import FilterBar
from console.screens.customers.importpage import ImportPage
from console.screens.customers.many import ManyCustomers
from console.screens.customers.operations import Surroundings
from console.screens.customers.persondialogs import CustomerDialog
from console.shell.asking import AskFullNumbersDialog
from console.shell.files import ask_workbook
from console.shell.page import Page
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.underway import UnderwayStrip
from console.shell.widgets import EmptyState, FilterBox, column, label, link_button, master_detail, row


class CustomersPage(Page):
    key = "customers"
    icon = "users"
    topics = frozenset({Topic.CUSTOMERS, Topic.OUTBOX, Topic.AUDIT})  # the time line tells who looked at a number
    permission = Permission.CUSTOMERS_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Customers")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._wanted = CustomerFilter()
        self._import_id: int | None = None
        self._asked, self._segment = "", ""  # conditions that the list is narrowed to, and what they are called
        self._select_when_loaded: int | None = None
        self._first_when_loaded = False  # Enter in the search field
        self._may_import = services.allowed(Permission.CUSTOMERS_IMPORT)
        self._import: ImportPage | None = None
        self._dress_bar()
        self.filters = FilterBar()
        self.filters.chosen.connect(self._look)
        self.filters.hide()
        self.table = self._table()
        self.detail = CustomerPane(services)
        self.table.current_changed.connect(self._show_current)
        self.table.row_activated.connect(lambda _found: self.detail.take_focus())
        self.table.loaded.connect(self._loaded)
        self.table.selection_changed.connect(self._count)
        self.bar.into_list.connect(self.table.land)
        self._counted = label("", "quiet")
        self._narrowed = label("", "quiet")
        self._widen = link_button(tr("Show all customers"), self.show_all)
        self.many = ManyCustomers(services, self.table, lambda: self._wanted)
        foot = row(self._counted, 12, self._narrowed, self._widen, None, self.many, margins=(20, 4, 16, 4))
        left = QWidget()
        left.setObjectName("surface")
        layout = column(self.table, foot, spacing=0)
        layout.setStretchFactor(self.table, 1)
        left.setLayout(layout)
        panes = master_detail(left, self.detail)
        self._list = QWidget()
        self.underway = UnderwayStrip(services)
        self.underway.ended.connect(lambda: self.refresh(None))
        whole = column(self.underway, self.filters, panes, spacing=0)
        whole.setStretchFactor(panes, 1)
        self._list.setLayout(whole)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._list)
        self.set_content(self._stack)
        self._say_narrowed("")

    def _dress_bar(self) -> None:
        search = self.bar.add_search(tr("Name, pinyin, phone or number"), lambda _text: self._look())
        search.returnPressed.connect(self._go_to_first)
        states = [(state, str(title)) for state, title in LOAN_STATE_TITLES.items()]
        self.loan_state = self.bar.add_filter(FilterBox(tr("Loan"), states), self._filter)
        self.more: QPushButton = self.bar.add_action(tr("Filters"), self._toggle_filters, "sliders-horizontal")
        self.more.setCheckable(True)
        menu = QMenu(self)
        menu.addAction(tr("Masked numbers…"), self._ask_where)
        menu.addAction(tr("With full numbers (needs approval)…"), self.ask_full_numbers)
        self.bar.add_action(tr("Export"), None, "download").setMenu(menu)
        if self.services.allowed(Permission.CUSTOMERS_EDIT):
            self.new = self.bar.add_action(tr("New"), self.enter_customer, "user-plus")
            self.new.setToolTip(tr("Enter a customer by hand"))
        if self._may_import:
            self.bar.set_primary(tr("Import"), self.open_import, "upload", tr("Bring customers in from a file"))

    def _table(self) -> RecordTable[CustomerRow]:
        columns = [
            Column[CustomerRow]("name", tr("Name"), lambda c: c.name, 80),
            Column[CustomerRow]("phone", tr("Mobile number"), lambda c: c.phone, 106, sortable=False, drop=1),
            Column[CustomerRow]("branch", tr("Branch"), lambda c: c.branch, 84, drop=4),
            Column[CustomerRow]("rating", tr("Rating"), lambda c: c.rating, 60, drop=5),
            Column[CustomerRow]("loan", tr("Loan"), _loan, 0, sortable=False, state=lambda c: c.loan_state, tip=_state),
            Column[CustomerRow]("due", tr("Due"), _due, 88, sortable=False, drop=2),
            Column[CustomerRow]("amount", tr("Amount due"), _amount, 92, align="right", sortable=False, drop=3),
            *_more_columns(),
        ]
        table = RecordTable(
            self.services,
            columns,
            lists.ids_of(self._wanted),
            lists.rows,
            self._nobody(),
            sort=Sort("name"),
            load_head=lists.head_of(self._wanted),
            name="customers",
        )
        table.setAccessibleName(tr("Customers"))
        return table

    def _nobody(self) -> EmptyState:
        if self._wanted != CustomerFilter():
            words = tr("Try another spelling, fewer filters, or the last four digits of the phone.")
            return EmptyState("search", tr("No customer fits"), words, tr("Show all customers"), self.show_all)
        words = tr("Import the list from the core banking system. A file can be dropped anywhere on this window.")
        action = tr("Import a file") if self._may_import else ""
        return EmptyState("users", tr("No customers yet"), words, action, self.open_import)

    # Coming and going

    def arrive(self, **arguments: object) -> None:
        """``file`` or ``start_import`` open the import; ``customer_id`` one customer; ``import_id`` those of a file.

        ``conditions`` (JSON) and ``segment_name`` show those of a segment.
        """
        conditions = arguments.get("conditions")
        file, customer_id, import_id = (arguments.get(name) for name in ("file", "customer_id", "import_id"))
        if isinstance(file, (str, Path)):
            self.open_import(Path(file))
        elif arguments.get("start_import"):
            self.open_import()
        elif isinstance(customer_id, int):
            self.open_customer(customer_id)
        elif isinstance(import_id, int):
            self.show_import(import_id)
        elif isinstance(conditions, str):
            self.show_segment(conditions, str(arguments.get("segment_name", "")))
        else:
            self.refresh(None)

    def refresh(self, change: Change | None) -> None:
        """What was sent or looked at only concerns the customer beside the list."""
        self.detail.reload()
        if change is None or change.concerns(Topic.CUSTOMERS):
            self.underway.look()
            self.table.reload()
            self.many.look_back()
            self._look_around()

    def step_back(self) -> bool:
        """From the import to the list, and from the customer to their row."""
        if self._import is None or self._stack.currentWidget() is not self._import:
            beside = self.focusWidget()
            if beside is None or not self.detail.isAncestorOf(beside):
                return False
            self.table.setFocus()
            return True
        self.close_import()
        return True

    def open_customer(self, customer_id: int) -> None:
        """Back to the whole list, with this customer in it and their details beside it."""
        self._select_when_loaded = customer_id
        self.close_import()
        self.show_all()

    def show_import(self, import_id: int) -> None:
        """Only the customers of one file."""
        self.close_import()
        self._reset()
        self._import_id = import_id
        self._look(keep_selection=False)
        self._look_around()

    def show_segment(self, conditions: str, name: str) -> None:
        """Only the customers who fulfil the conditions."""
        self.close_import()
        self._reset()
        self._asked, self._segment = conditions, name
        self._look(keep_selection=False)
        self._look_around()

    def show_all(self) -> None:
        self._reset()
        self._look()
        self._look_around()

    def enter_customer(self) -> None:
        """By hand; afterwards the new customer is shown."""

        def ask(fields: Sequence[Field]) -> None:
            CustomerDialog(self, self.services, None, fields, self.open_customer).open()

        self.services.tasks.query(own_fields, ask, owner=self)

    # Importing

    def open_import(self, path: Path | None = None) -> None:
        if not self._may_import:
            self.services.notices.warn(
                tr("You may not import customers."), tr("Ask your administrator for the role of an officer.")
            )
            self.refresh(None)
            return
        if self._import is None:
            self._import = ImportPage(self.services)
            self._import.left.connect(self.close_import)
            self._import.show_wanted.connect(self.show_import)
            self._stack.addWidget(self._import)
        self._stack.setCurrentWidget(self._import)
        self.bar.hide()
        if path is None:
            self._import.file.choose.setFocus()
        else:
            self._import.open_file(path)

    def close_import(self) -> None:
        """Back to the list; an import that is running goes on."""
        self._stack.setCurrentWidget(self._list)
        self.bar.show()
        if self._import is not None and not self._import.busy:
            self._stack.removeWidget(self._import)
            self._import.deleteLater()
            self._import = None
        self.table.reload()
        self.table.setFocus()

    # The list

    def _show_current(self, found: CustomerRow | None) -> None:
        self.detail.show_customer(found.id if found is not None else None)

    def _go_to_first(self) -> None:
        self._first_when_loaded = True

    def _loaded(self, number: int) -> None:
        if self._select_when_loaded is not None and self.table.select_id(self._select_when_loaded):
            self.table.setFocus()
        elif self._first_when_loaded and number:
            self.table.land()
            self.table.setFocus()
        elif self._wanted.text and number == 1:  # the only one it can be; the typing goes on
            self.table.land()
        self._select_when_loaded, self._first_when_loaded = None, False
        self._count()

    def _count(self) -> None:
        selected = self.table.selected_count()
        complete = self.table.complete
        words = [ntr("{n} customer", "{n} customers", len(self.table)) if complete else tr("Counting …")]
        if selected > 1:
            words.append(tr("{count} selected", count=count(selected)))
        self.detail.say_selected(selected)
        self._counted.setText(" · ".join(words))

    def _toggle_filters(self) -> None:
        self.filters.setVisible(self.more.isChecked())
        if self.more.isChecked():
            self.filters.region.setFocus()
        else:
            self.filters.reset()
            self._look()

    def _filter(self, _value: object) -> None:
        self._look()

    def _look(self, *, keep_selection: bool = True) -> None:
        wanted = CustomerFilter(
            text=self.bar.search.text().strip() if self.bar.search else "",
            loan_state=str(self.loan_state.value()),
            import_id=self._import_id,
            asked=self._asked,
        )
        self._wanted = self.filters.narrow(wanted) if self.more.isChecked() else wanted
        self.table.set_empty(self._nobody())
        self.table.set_loaders(lists.ids_of(self._wanted), load_head=lists.head_of(self._wanted))
        self.table.reload(keep_selection)

    def _look_around(self) -> None:
        self.services.tasks.query(operations.surroundings(self._wanted), self._surround, owner=self, key="surroundings")

    def _surround(self, found: Surroundings) -> None:
        self.filters.offer(found.facets)
        self._say_narrowed(found.import_name)

    def _say_narrowed(self, import_name: str) -> None:
        narrowed = self._import_id is not None or bool(self._asked)
        self._narrowed.setText(
            tr("Only the customers of {file}", file=self._segment or import_name) if narrowed else ""
        )
        self._narrowed.setVisible(narrowed)
        self._widen.setVisible(narrowed)

    def _reset(self) -> None:
        self._import_id, self._asked, self._segment = None, "", ""
        if self.bar.search is not None:
            self.bar.search.clear()
        self.loan_state.set_value("")
        self.filters.reset()

    # Exporting

    def _ask_where(self) -> None:
        today = local_date(self.services.ctx.clock.now())
        suggested = tr("Customers {date}.xlsx", date=today)
        path = ask_workbook(self, tr("Export customers"), suggested)
        if path is not None:
            self.export(path)

    def _only(self) -> list[int]:
        several = self.table.selected_count() > 1 and not self.table.has_all()
        return self.table.selected_ids() if several else []

    def ask_full_numbers(self) -> None:
        only = self._only()
        number = len(only) or len(self.table)
        what = ntr("{n} customer as listed now", "{n} customers as listed now", number)
        ask = operations.ask_for_full(self._wanted, only)
        AskFullNumbersDialog(self, self.services, what, ask).open()

    def export(self, path: Path) -> None:
        """What the list shows; the selected ones where more than one is selected. Numbers are masked."""
        only = self._only()
        work = operations.export(self._wanted, self.table.sort, only, path)

        def exported(rows: int) -> None:
            told = ntr(
                "{n} customer was exported to {file}.", "{n} customers were exported to {file}.", rows, file=path.name
            )
            self.services.notices.good(told)
            self.services.announce(operations.LOOKED)

        self.services.tasks.run(tr("Exporting customers"), work, exported, owner=self)


def _more_columns() -> list[Column[CustomerRow]]:
    """What a person may choose to see."""
    return [
        Column("number", tr("Customer number"), lambda c: c.number, 96, drop=7, shown=False),
        Column("title", tr("Form of address"), lambda c: c.title, 64, sortable=False, drop=8, shown=False),
        Column("region", tr("Region"), lambda c: c.region, 72, drop=6, shown=False),
        Column("manager", tr("Customer manager"), lambda c: c.manager, 84, drop=6, shown=False),
        Column("segment", tr("Segment"), lambda c: c.segment, 84, drop=7, shown=False),
        Column("updated", tr("Updated"), lambda c: local_datetime(c.updated_at), 124, drop=9, shown=False),
    ]


def _loan(found: CustomerRow) -> str:
    if not found.loans:
        return ""
    more = f" +{found.loans - 1}" if found.loans > 1 else ""
    return f"{found.product or LOAN_STATE_TITLES[found.loan_state]}{more}"


def _state(found: CustomerRow) -> str:
    return str(LOAN_STATE_TITLES[found.loan_state]) if found.loan_state else ""


def _due(found: CustomerRow) -> str:
    return local_date(found.due_on) if found.due_on else ""


def _amount(found: CustomerRow) -> str:
    return money(found.amount_due) if found.amount_due is not None else ""
