"""Campaigns that repeat: the list, and one of them with its next and former runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from console.core.campaigns.recurrence import (
    Due,
    days_in_words,
    lead_in_words,
    off_days_in_words,
    range_in_words,
)
from console.core.campaigns.series_views import BADGES, STATE_TITLES, RunRow, SeriesDetail, SeriesRow
from console.core.errors import UserError
from console.core.format import count, local_date, local_datetime, local_time
from console.core.i18n import clauses, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.screens.campaigns import operations
from console.screens.campaigns.effect import EffectCard
from console.screens.campaigns.operations import CHANGED
from console.screens.campaigns.repeat import RepeatDialog
from console.shell.files import ask_workbook
from console.shell.flow import FlowLayout
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.table import Column, RecordTable
from console.shell.widgets import (
    Card,
    EmptyState,
    KeyValues,
    StateBadge,
    StateShape,
    clear,
    column,
    confirm,
    danger_button,
    flat_button,
    label,
    link_button,
    master_detail,
    quiet_button,
    row,
    scroll,
)

MEASURE_AGAIN = timedelta(minutes=1)  # the effect of all runs takes some seconds


class SeriesPane(QWidget):
    """In the place of the list of campaigns."""

    left = Signal()
    new_wanted = Signal()
    edit_wanted = Signal(int)  # pattern
    open_wanted = Signal(int)  # campaign of a run

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.table = self._table()
        self.detail = SeriesDetailPane(services)
        self.detail.after = self.table
        self.detail.edit_wanted.connect(self.edit_wanted)
        self.detail.open_wanted.connect(self.open_wanted)
        self.table.current_changed.connect(lambda each: self.detail.show_series(each.id if each else None))
        self.table.loaded.connect(self.table.land)
        head = QWidget()
        head.setObjectName("pagebar")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        back = flat_button(tr("Back to the list"), self.left.emit, "arrow-left")
        head.setLayout(row(back, label(tr("Campaigns that repeat"), "title"), None, spacing=12, margins=10))
        body = master_detail(self.table, self.detail)
        layout: QVBoxLayout = column(head, body, spacing=0)
        layout.setStretchFactor(body, 1)
        self.setLayout(layout)

    def _table(self) -> RecordTable[SeriesRow]:
        columns = [
            Column[SeriesRow](
                "name", tr("Campaign"), lambda each: each.name, 0, tip=lambda each: days_in_words(each.recurrence)
            ),
            Column[SeriesRow](
                "state",
                tr("State"),
                lambda each: str(STATE_TITLES[each.state]),
                96,
                sortable=False,
                state=lambda each: BADGES[each.state],
            ),
            Column[SeriesRow]("next", tr("Next run"), lambda each: _due(each.next), 132, sortable=False),
            Column[SeriesRow]("last", tr("Last run"), _last, 176, sortable=False, drop=1),
        ]
        empty = EmptyState(
            "calendar",
            tr("No campaign repeats yet"),
            tr("Write a campaign and choose “Repeat” at its end. Each run then waits here for its day."),
            tr("New campaign") if self._services.allowed(Permission.CAMPAIGNS_EDIT) else "",
            self.new_wanted.emit,
        )
        table = RecordTable(
            self._services, columns, operations.series_ids_of(""), operations.series_rows_of, empty, sort=Sort("")
        )
        table.setAccessibleName(tr("Campaigns that repeat"))
        return table

    def show_series(self, series_id: int | None = None) -> None:
        """Read the list, and choose one of it."""
        self.table.seek(series_id)
        self.table.reload()

    def reload(self) -> None:
        self.table.reload()
        self.detail.reload()


class SeriesDetailPane(QStackedWidget):
    edit_wanted = Signal(int)
    open_wanted = Signal(int)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("surface")
        self._services = services
        self.after: QWidget | None = None  # where Tab comes from
        self._series_id: int | None = None
        self._shown: SeriesDetail | None = None
        self._measured_at = services.ctx.clock.now()
        self._empty = EmptyState("calendar", tr("No series is chosen"), tr("Choose one on the left."))
        self.addWidget(self._empty)
        self._title = label("", "title", wrap=True, selectable=True)
        self._badge = StateBadge("scheduled")
        self._sub = label("", "quiet", wrap=True)
        self.trouble = label("", "error", wrap=True)
        self._buttons = FlowLayout()
        self.facts = KeyValues()
        about = Card(tr("When it repeats"))
        about.add(self.facts)
        self._runs = QVBoxLayout()
        self._runs.setSpacing(6)
        runs = Card(tr("Runs"))
        runs.add(self._runs)
        inside = QWidget()
        top = row(self._title, self._badge)
        top.setStretch(0, 1)
        head = column(top, self._sub, self.trouble, 2, self._buttons, spacing=4)
        self.effect = EffectCard()
        self.effect.days_chosen.connect(lambda _days: self._measure())
        inside.setLayout(column(head, about, self.effect, runs, None, spacing=12, margins=16))
        self._inside = inside
        self._pane = scroll(inside)
        self.addWidget(self._pane)

    def show_series(self, series_id: int | None) -> None:
        if series_id != self._series_id:
            self._series_id, self._shown = series_id, None
        if series_id is None:
            self.setCurrentWidget(self._empty)
        else:
            self.reload()

    def reload(self) -> None:
        if self._series_id is not None:
            work = operations.series_detail_of(self._series_id)
            self._services.tasks.query(work, self._show, owner=self, failed=self._lost, key="series")

    def _lost(self, _error: UserError) -> None:
        self.show_series(None)

    def _show(self, found: SeriesDetail) -> None:
        if found.row.id != self._series_id:
            return
        before, self._shown = self._shown, found
        self.setCurrentWidget(self._pane)
        now = self._services.ctx.clock.now()
        if before != found or now - self._measured_at >= MEASURE_AGAIN:
            self._measured_at = now
            self._measure()
        if before == found:
            return
        each = found.row
        self._title.setText(each.name)
        self._badge.set_state(BADGES[each.state], str(STATE_TITLES[each.state]))
        self._sub.setText(" · ".join(filter(None, (str(each.class_title), each.maker))))
        self.trouble.setText(str(each.trouble))
        self.trouble.setVisible(bool(str(each.trouble)))
        self._show_facts(found)
        self._show_buttons(found)
        self._show_runs(found.runs)
        layout = self._inside.layout()
        if layout is not None:
            tab_in_order(layout, self.after)

    def _measure(self) -> None:
        """All its runs against those who were held out; it may take some seconds."""
        found = self._shown
        if found is not None:
            work = operations.series_effect_of(found.row.id, self.effect.watched)
            self._services.tasks.query(work, self.effect.show_series, owner=self, key="effect", aside=True)

    def _show_facts(self, found: SeriesDetail) -> None:
        each, how = found.row, found.row.recurrence
        pairs: list[tuple[str, str | QWidget]] = [
            (tr("Repeats"), clauses(filter(None, (days_in_words(how), off_days_in_words(how))))),
            (tr("Period"), range_in_words(how)),
            (tr("Approval"), lead_in_words(how)),
            (tr("Next run"), _next(each.next)),
            (tr("In the name of"), each.maker),
            (tr("Audience"), str(found.audience)),
            (tr("Template"), _template(found)),
            (tr("Text"), found.body),
        ]  # fmt: skip
        if found.hold_out:
            pairs.append((tr("Held out"), tr("{percent} % by lot, the same customers in every run",
                                             percent=found.hold_out)))  # fmt: skip
        self.facts.set_pairs(pairs)

    def _show_buttons(self, found: SeriesDetail) -> None:
        clear(self._buttons)
        may_submit, state = self._services.allowed(Permission.CAMPAIGNS_SUBMIT), found.row.state.value
        shown: list[QWidget] = []
        if may_submit and state == "paused":
            shown.append(quiet_button(tr("Resume"), partial(self._act, operations.resume_series), "play"))
        if self._services.allowed(Permission.CAMPAIGNS_RUN) and state == "active":
            shown.append(quiet_button(tr("Pause"), partial(self._act, operations.pause_series), "pause"))
        if may_submit and state != "ended":
            shown.append(quiet_button(tr("Change the times"), self.change, "calendar"))
            shown.append(quiet_button(tr("Change the campaign"), self._edit, "pencil"))
        if self._services.allowed(Permission.REPORTS_EXPORT):
            shown.append(quiet_button(tr("Export"), self._export, "file-spreadsheet"))
        if may_submit and state != "ended":
            shown.append(danger_button(tr("End the series"), self._end, "ban"))
        for button in shown:
            self._buttons.addWidget(button)

    def _show_runs(self, runs: tuple[RunRow, ...]) -> None:
        clear(self._runs)
        if not runs:
            self._runs.addWidget(label(tr("None yet."), "quiet"))
        for run in runs:
            self._runs.addLayout(self._run(run))
            if str(run.reason):
                self._runs.addWidget(label(str(run.reason), "small", wrap=True))

    def _run(self, run: RunRow) -> QHBoxLayout:
        said = [f"{local_date(run.due_on)} {local_time(run.due_at)}"]
        if run.messages:
            said.append(tr("{count} messages", count=count(run.messages)))
        shape = StateShape(run.badge)
        words = column(label(str(run.title), wrap=True), label(" · ".join(said), "small", wrap=True), spacing=0)
        line = row(shape, words, spacing=12)
        line.setAlignment(shape, Qt.AlignmentFlag.AlignTop)
        line.setStretch(1, 1)
        if run.campaign_id is not None:
            look = link_button(tr("Look at it"), partial(self.open_wanted.emit, run.campaign_id))
            look.setAccessibleName(tr("Open the run of {day}", day=local_date(run.due_on)))
            line.addWidget(look)
        return line

    # Verbs

    @property
    def _id(self) -> int:
        if self._series_id is None:
            raise LookupError("no series is shown")
        return self._series_id

    def _act(self, verb: Callable[[int], operations.Verb]) -> None:
        self._services.tasks.query(verb(self._id), self._changed, owner=self)

    def _edit(self) -> None:
        if self._shown is not None:
            self.edit_wanted.emit(self._shown.pattern_id)

    def change(self) -> None:
        found = self._shown
        if found is None:
            return
        RepeatDialog(
            self,
            self._services,
            tr("When it repeats"),
            tr("Save"),
            lambda wanted: operations.change_series(found.row.id, wanted, found.updated_at),
            self._changed,
            before=found.row.recurrence,
        ).open()

    def _export(self) -> None:
        self._services.tasks.query(operations.series_target(self._id), self._choose_file, owner=self)

    def _choose_file(self, suggested: Path) -> None:
        target = ask_workbook(self, tr("Export all runs"), suggested)
        if target is not None:
            self.export_to(target)

    def export_to(self, target: Path) -> None:
        work = operations.export_series_to(self._id, target)
        self._services.tasks.run(tr("Exporting {name}", name=target.name), work, self._exported, owner=self)

    def _exported(self, target: Path) -> None:
        self._services.notices.good(tr("Exported to {file}.", file=str(target)))

    def _end(self) -> None:
        text = tr("No further run is made. What was submitted already goes on. This cannot be undone.")
        if confirm(self, tr("End this series?"), text, tr("End the series"), danger=True):
            self._act(operations.end_series)

    def _changed(self, _result: object) -> None:
        self._services.announce(CHANGED)
        self.reload()


def _template(found: SeriesDetail) -> str:
    words = tr("{template}, version {number}", template=found.template, number=found.template_number or 0)
    if found.newer is None:
        return words
    newer = tr("Version {number} was approved since; “Change the campaign” takes it over.", number=found.newer)
    return clauses((words, newer))


def _due(due: Due | None) -> str:
    return local_datetime(due.at) if due is not None else "–"


def _next(due: Due | None) -> str:
    if due is None:
        return tr("None")
    return tr(
        "{time}; the supervisors get it on {before}",
        time=local_datetime(due.at),
        before=local_datetime(due.prepare_at),
    )


def _last(each: SeriesRow) -> str:
    return f"{local_date(each.last.due_on)} {each.last.title}" if each.last else "–"
