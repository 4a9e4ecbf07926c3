"""Who did what, when, and proof that the record of it was not changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from PySide6.QtWidgets import QLabel, QWidget

from console.core.audit.browse import AuditFilter, AuditRow
from console.core.audit.checking import Check, explained
from console.core.audit.words import AREAS, action_title, actor_title, detail_pairs, detail_words, subject_title
from console.core.events import Change, Topic
from console.core.format import count, local_date, local_datetime
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.screens.audit import operations
from console.screens.audit.operations import Overview
from console.shell import theme
from console.shell.files import ask_workbook
from console.shell.forms import FormDialog
from console.shell.page import Page
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.tasks import Task
from console.shell.widgets import (
    Card,
    EmptyState,
    FilterBox,
    KeyValues,
    StateShape,
    column,
    heading,
    label,
    link_button,
    master_detail,
    row,
    scroll,
)

EVERYBODY, ALWAYS, OTHER = "", 0, -1
_DIGEST = re.compile("[0-9a-f]{64}")
_LONG = re.compile(r"[!-~]{16}")  # of letters between which no line ends by itself


class AuditPage(Page):
    key = "audit"
    icon = "scroll-text"
    topics = frozenset({Topic.AUDIT, Topic.CAMPAIGNS, Topic.LINES, Topic.SETTINGS, Topic.TEMPLATES, Topic.USERS})
    permission = Permission.AUDIT_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Audit")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._wanted = AuditFilter()
        self._task: Task | None = None
        services.tasks.finished.connect(self._task_ended)
        self.bar.add_search(tr("Who, what, or about what"), self._search)
        self.actor = self.bar.add_filter(FilterBox(tr("Person"), everything=EVERYBODY), self._filter)
        areas = [(area, str(title)) for area, title in AREAS.items()]
        self.area = self.bar.add_filter(FilterBox(tr("Area"), areas), self._filter)
        days = [(1, tr("Today")), (7, tr("Last 7 days")), (31, tr("Last 31 days")), (OTHER, tr("Other days…"))]
        self.period = self.bar.add_filter(FilterBox(tr("Time"), days, everything=ALWAYS), self._period_chosen)
        self._chosen: object = ALWAYS  # of the filter of times
        self._days: tuple[date, date] | None = None  # those of "Other days"
        self.about = self.bar.add_filter(FilterBox(tr("About"), everything=""), self._filter)
        self.about.hide()  # until somebody asks for all about one thing
        self.bar.add_action(tr("Export…"), self.export, "download")
        self.bar.set_primary(
            tr("Verify"), self.verify, "shield-check", tr("Check that no entry was changed, removed or added")
        )
        self.state = VerificationState()
        self.table = self._table()
        self.detail = EntryDetail(self.show_all_about)
        self.table.current_changed.connect(self.detail.show_entry)
        beside = scroll(self.detail)
        panes = master_detail(self.table, beside, shares=(3, 1))
        beside.setMinimumWidth(theme.current().px(300))  # a name and a digest
        content = QWidget()
        layout = column(self.state, panes, spacing=0)
        layout.setStretchFactor(panes, 1)
        content.setLayout(layout)
        self.set_content(content)

    def _table(self) -> RecordTable[AuditRow]:
        columns = [
            Column[AuditRow]("at", tr("Time"), lambda entry: local_datetime(entry.at, seconds=True), 140),
            Column[AuditRow]("actor", tr("Who"), lambda entry: actor_title(entry.actor), 90, sortable=False),
            Column[AuditRow]("action", tr("What"), lambda entry: action_title(entry.action), 160, sortable=False),
            Column[AuditRow](
                "subject", tr("About"), lambda entry: subject_title(entry.subject), 120, sortable=False, drop=2
            ),
            Column[AuditRow](
                "detail",
                tr("Details"),
                lambda entry: detail_words(entry.detail),
                0,
                sortable=False,
                tip=lambda entry: detail_words(entry.detail),
                drop=1,  # it stands beside the list, too
            ),
        ]
        empty = EmptyState(
            "scroll-text", tr("No entry fits"), tr("Every decision is entered here by itself. Try a wider filter.")
        )
        table = RecordTable(
            self.services,
            columns,
            operations.ids_of(self._wanted),
            operations.rows,
            empty,
            sort=Sort("at", descending=True),
            load_head=operations.head_of(self._wanted),
            name="audit",
        )
        table.setAccessibleName(tr("Audit trail"))
        return table

    def arrive(self, **arguments: object) -> None:
        self.refresh(None)

    def refresh(self, change: Change | None) -> None:
        self.table.reload()
        self.services.tasks.query(operations.overview, self._show_overview, owner=self, key="overview")

    def _show_overview(self, found: Overview) -> None:
        self.state.show_check(found.check)
        self.actor.set_choices([(actor, actor_title(actor)) for actor in found.actors])

    def _search(self, text: str) -> None:
        self._look(text)

    def _filter(self, _value: object) -> None:
        self._look(self._wanted.text)

    def _period_chosen(self, days: object) -> None:
        if days == OTHER:
            dialog = DaysDialog(self, self._today(), self._days, self._show_days)
            dialog.rejected.connect(lambda: self.period.set_value(self._chosen))
            dialog.open()
            return
        self._chosen = days
        self._look(self._wanted.text)

    def _show_days(self, first: date, last: date) -> None:
        self._days, self._chosen = (first, last), OTHER
        self.period.setItemText(self.period.findData(OTHER), f"{local_date(first)} – {local_date(last)}")
        self.period.updateGeometry()
        self._look(self._wanted.text)

    def show_all_about(self, subject: str) -> None:
        self.about.set_choices([(subject, subject_title(subject))])
        self.about.set_value(subject)
        self.about.show()
        self._look(self._wanted.text)

    def _today(self) -> date:
        return self.services.ctx.clock.now().astimezone().date()

    def _bounds(self) -> tuple[date | None, date | None]:
        days = self.period.value()
        if days == OTHER and self._days is not None:
            return self._days
        return (self._today() - timedelta(days=days - 1) if isinstance(days, int) and days > 0 else None), None

    def _look(self, text: str) -> None:
        since, until = self._bounds()
        self._wanted = AuditFilter(
            text=text,
            actor=str(self.actor.value()),
            area=str(self.area.value()),
            subject=str(self.about.value()),
            since=since,
            until=until,
        )
        self.table.set_loaders(operations.ids_of(self._wanted), load_head=operations.head_of(self._wanted))
        self.table.reload(keep_selection=False)

    def export(self) -> None:
        def choose(folder: Path) -> None:
            suggested = folder / f"{tr('Audit trail')} {self._today().isoformat()}.xlsx"
            target = ask_workbook(self, tr("Export the audit trail"), suggested)
            if target is not None:
                self.export_to(target)

        self.services.tasks.query(operations.folder, choose, owner=self)

    def export_to(self, target: Path) -> None:
        """Write what is listed now."""
        title = tr("Exporting {name}", name=target.name)
        self.services.tasks.run(title, operations.export(self._wanted, target), self._exported, owner=self)

    def _exported(self, written: tuple[Path, int]) -> None:
        path, rows = written
        counted = ntr("{n} entry", "{n} entries", rows)
        self.services.notices.good(tr("{file} is written: {rows}.", file=path.name, rows=counted), str(path.parent))
        self.services.announce(operations.VERIFIED)

    def verify(self) -> None:
        primary = self.bar.primary
        if primary is not None:
            primary.setEnabled(False)
        title = tr("Verifying the audit trail")
        self._task = self.services.tasks.run(title, operations.verify, self._verified, owner=self)

    def _task_ended(self, task: Task) -> None:
        if task is self._task and self.bar.primary is not None:
            self.bar.primary.setEnabled(True)

    def _verified(self, check: Check) -> None:
        self.state.show_check(check)
        if check.whole:
            self.services.notices.good(str(explained(check)))
        else:
            self.services.notices.warn(str(explained(check)), tr("Keep this database as it is and tell the auditor."))
        self.services.announce(operations.VERIFIED)


class VerificationState(QWidget):
    """Whether the trail is whole, as of when."""

    def __init__(self) -> None:
        super().__init__()
        self.shape = StateShape("none")
        self.words: QLabel = label("")
        self.when: QLabel = label("", "quiet")
        line = row(self.shape, self.words, self.when, None, spacing=8)
        line.setContentsMargins(20, 8, 20, 8)
        self.setLayout(line)
        self.show_check(None)

    def show_check(self, check: Check | None) -> None:
        if check is None:
            self.shape.set_state("none")
            self.words.setText(tr("The trail has not been verified yet."))
            self.when.setText("")
            return
        self.shape.set_state("good" if check.whole else "block")
        self.words.setText(str(explained(check)))
        self.when.setText(tr("Verified {time} by {actor}", time=local_datetime(check.at), actor=check.actor))


class EntryDetail(QWidget):
    """One entry in full."""

    def __init__(self, show_all: Callable[[str], None]) -> None:
        super().__init__()
        self._subject = ""
        self._title = heading("")
        self._values = KeyValues()
        self.all = link_button(tr("Everything about it"), lambda: show_all(self._subject))
        self._card = Card()
        self._card.add(self._title, self._values, row(self.all, None))
        self._hint = label(tr("Choose an entry to see it in full."), "quiet", wrap=True)
        self.setLayout(column(self._hint, self._card, None, margins=16))
        self.show_entry(None)

    def show_entry(self, entry: AuditRow | None) -> None:
        self._card.setVisible(entry is not None)
        self._hint.setVisible(entry is None)
        if entry is None:
            return
        self._subject = entry.subject
        self.all.setAccessibleName(tr("Everything about {what}", what=subject_title(entry.subject)))
        self._title.setText(action_title(entry.action))
        self._values.set_pairs(
            [
                (tr("Entry number"), count(entry.id)),
                (tr("Time"), local_datetime(entry.at, seconds=True)),
                (tr("Who"), actor_title(entry.actor)),
                (tr("About"), subject_title(entry.subject)),
                *((name, _broken(value)) for name, value in detail_pairs(entry.detail)),
                (tr("Fingerprint"), _in_groups(entry.hash)),
            ]
        )


def _in_groups(digest: str) -> str:
    return " ".join(digest[place : place + 8] for place in range(0, len(digest), 8))


def _broken(value: str) -> str:
    """With places for a line to end in words that are longer than a line; a digest is read in groups."""
    if _DIGEST.fullmatch(value):
        return _in_groups(value)
    return _LONG.sub("\\g<0>\u200b", value)


class DaysDialog(FormDialog):
    def __init__(
        self, parent: QWidget, today: date, days: tuple[date, date] | None, chosen: Callable[[date, date], None]
    ) -> None:
        super().__init__(parent, tr("Other days"), tr("Show"))
        first, last = days or (today.replace(day=1), today)
        self.form.add_date("first", tr("First day"), first)
        self.form.add_date("last", tr("Last day"), last)
        self._chosen = chosen
        self.on_action(self._take)

    def _take(self) -> None:
        first, last = self.form.value("first"), self.form.value("last")
        if not isinstance(first, date) or not isinstance(last, date) or last < first:
            self.form.set_error("last", tr("The period ends before it begins."))
            return
        self.accept()
        self._chosen(first, last)
