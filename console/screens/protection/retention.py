"""How long what is kept, what is due now, and letting it go."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from console.core.context import Context
from console.core.format import count, local_datetime
from console.core.i18n import listed, ntr, tr
from console.core.protection.retention import LONGEST, TITLES, Due, Rule
from console.core.security.permissions import Permission
from console.screens.protection import operations
from console.screens.protection.operations import Keeping
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import Card, clear, column, confirm, label, link_button, quiet_button, row, scroll


class RetentionSection(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._may_edit = services.allowed(Permission.RETENTION_EDIT)
        self._due: list[Due] = []
        self._card = Card(tr("Times of keeping"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(20)
        self._grid.setVerticalSpacing(10)
        self._grid.setColumnStretch(0, 1)
        self._last = label("", "quiet", wrap=True)
        self.run = quiet_button(tr("Let go now…"), self.do_run, "trash-2")
        self.run.setVisible(self._may_edit)
        self._card.add(
            label(
                tr(
                    "What is older goes by itself once a day while messages are sent. The audit trail is never "
                    "shortened, and what a customer refused stays in force as a digest of the number."
                ),
                "quiet",
                wrap=True,
            ),
            self._grid,
            row(self._last, None, self.run),
        )
        inside = QWidget()
        inside.setLayout(column(self._card, None, margins=16))
        self.setLayout(column(scroll(inside)))

    def reload(self) -> None:
        self._services.tasks.query(operations.keeping, self._show, owner=self, key="keeping")

    def _show(self, keeping: Keeping) -> None:
        self._due = keeping.due
        clear(self._grid)
        for place, title in enumerate((tr("What"), tr("Kept for"), tr("Due now"))):
            self._grid.addWidget(label(title, "small"), 0, place)
        for line, each in enumerate(keeping.due, 1):
            self._add(line, each)
        self._last.setText(_last_words(keeping))
        self.run.setEnabled(any(each.rows for each in keeping.due))

    def _add(self, line: int, each: Due) -> None:
        rule = each.rule
        words = QWidget()
        least = tr("At least {n} months. {ground}", n=rule.floor, ground=rule.source)
        source = label(str(rule.does), "quiet", wrap=True)
        words.setToolTip(least)
        words.setLayout(column(label(str(rule.title)), source, spacing=0))
        months = _months_words(rule.months)
        kept = link_button(months, partial(self.change, rule)) if self._may_edit else label(months)
        kept.setToolTip(least)
        kept.setAccessibleName(f"{rule.title}: {months}")
        self._grid.addWidget(words, line, 0)
        self._grid.addWidget(kept, line, 1, Qt.AlignmentFlag.AlignTop)
        due = label(count(each.rows) if each.rows else "–", "" if each.rows else "quiet")
        self._grid.addWidget(due, line, 2, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)

    def change(self, rule: Rule) -> None:
        MonthsDialog(self, self._services, rule, self._changed).open()

    def _changed(self) -> None:
        self._services.announce(operations.DECIDED)
        self.reload()

    def do_run(self) -> None:
        due = "\n".join(f"{each.rule.title}  {count(each.rows)}" for each in self._due if each.rows)
        text = tr("This cannot be undone.") + "\n\n" + due
        if confirm(self, tr("Let go of what is due?"), text, tr("Let go"), danger=True):
            self._services.tasks.run(
                tr("Letting go of old records"), operations.run_now, self._ran, owner=self, cancellable=False
            )

    def _ran(self, counts: dict[str, int]) -> None:
        rows = sum(counts.values())
        self._services.notices.good(ntr("{n} old record was let go.", "{n} old records were let go.", rows))
        self._services.announce(operations.KEPT)
        self.reload()


def _months_words(months: int | None) -> str:
    return tr("for ever") if months is None else ntr("{n} month", "{n} months", months)


def _last_words(keeping: Keeping) -> str:
    if keeping.last is None:
        return tr("Nothing was let go yet.")
    at, counts = keeping.last
    if not counts:
        return tr("Last looked through {time}: nothing was due.", time=local_datetime(at))
    what = listed(f"{TITLES[key][0]} {count(rows)}" for key, rows in counts.items() if key in TITLES)
    return tr("Last let go {time}: {what}", time=local_datetime(at), what=what)


class MonthsDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, rule: Rule, done: Callable[[], None]) -> None:
        super().__init__(parent, str(rule.title), tr("Save"))
        self.explain(tr("Source: {ground}", ground=rule.source))
        self.form.add_number(
            "months",
            tr("Months"),
            rule.months,
            minimum=rule.floor,
            maximum=LONGEST,
            hint=tr("At least {n}, by law or by our own rule.", n=rule.floor),
            none_text=tr("for ever"),
        )
        self.on_action(lambda: self.work(services, self._change(rule), lambda _none: done()))

    def _change(self, rule: Rule) -> Callable[[Context], None]:
        months = self.form.value("months")
        assert months is None or isinstance(months, int)
        return operations.set_months(rule.key, months)
