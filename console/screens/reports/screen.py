"""What do I hand upstairs? A period, a ready-made report, its preview, and the workbook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QWidget

from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.format import count
from console.core.i18n import ntr, tr
from console.core.reports.preview import Preview
from console.core.reports.requests import CARDS, Report, Request
from console.core.reports.run import CampaignChoice
from console.core.security.permissions import Permission
from console.screens.reports import operations
from console.screens.reports.cards import CardList
from console.screens.reports.period import PeriodChooser
from console.screens.reports.preview import PreviewPane
from console.shell import theme
from console.shell.asking import AskFullNumbersDialog
from console.shell.files import ask_workbook
from console.shell.gauges import ProgressLine
from console.shell.page import Page
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.tasks import Task, TaskState
from console.shell.widgets import (
    Card,
    ElidedLabel,
    column,
    icon_button,
    label,
    link_button,
    quiet_button,
    row,
    scroll,
)

NARROW = 940  # design pixels below which a report is named without its description


class ReportsPage(Page):
    key = "reports"
    icon = "chart-column"
    topics = frozenset({Topic.CAMPAIGNS})
    permission = Permission.REPORTS_EXPORT

    @classmethod
    def title(cls) -> str:
        return tr("Reports")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.open_path: Callable[[Path], None] = _open
        self.period = PeriodChooser(services.ctx.clock.now)
        self.period.changed.connect(self.look)
        self.bar.add_widget(self.period)
        self.bar.set_primary(tr("Export…"), self.export, "download", tr("Write this report as an Excel workbook"))
        self.cards = CardList(list(CARDS.values()))
        self.cards.chosen.connect(self._report_chosen)
        self.campaign = CampaignBox()
        self.campaign.activated.connect(lambda _place: self.look())
        self.reveal = QCheckBox(tr("With full numbers (needs approval)"))
        self.reveal.setToolTip(tr("A supervisor is asked first; the file is then written under Protection."))
        self._about = ElidedLabel("", "title")
        self._busy = label(tr("Reading…"), "quiet")
        self.state = ExportState()
        self.preview = PreviewPane()
        self.set_content(self._laid_out())
        self._wanted_campaign: int | None = None
        self._show_choices()

    def _laid_out(self) -> QWidget:
        again = icon_button("refresh-cw", tr("Read again"), self.look)
        head = row(self._about, self._busy, self.campaign, self.reveal, again, spacing=12)
        head.setStretch(0, 1)
        self._right = column(head, self.state, self.preview, spacing=12, margins=16)
        self._right.setStretch(2, 1)
        body = QWidget()
        body.setObjectName("surface")
        body.setLayout(self._right)
        whole = QWidget()
        self._left = scroll(self.cards)
        layout = row(self._left, body, spacing=0)
        layout.setStretch(1, 1)
        whole.setLayout(layout)
        return whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.cards.set_short(self.width() < theme.current().px(NARROW))
        self._left.setFixedWidth(self.cards.width())

    # What is shown

    def arrive(self, **arguments: object) -> None:
        """``report`` (a Report or its value) and ``campaign_id`` lead to a particular one."""
        campaign_id = arguments.get("campaign_id")
        if isinstance(campaign_id, int):
            self._wanted_campaign = campaign_id
            self.cards.choose(Report.CAMPAIGN)
        elif isinstance(arguments.get("report"), str):
            self.cards.choose(Report(str(arguments["report"])))
        self._show_choices()
        self.refresh(None)

    def refresh(self, change: Change | None) -> None:
        self.services.tasks.query(operations.campaigns, self._fill_campaigns, owner=self, key="campaigns")

    def _fill_campaigns(self, choices: list[CampaignChoice]) -> None:
        wanted = self._wanted_campaign or self.campaign.currentData()
        self._wanted_campaign = None
        self.campaign.clear()
        for choice in choices:
            self.campaign.addItem(choice.name, choice.campaign_id)
        self.campaign.setCurrentIndex(max(0, self.campaign.findData(wanted)))
        self.look()

    def _report_chosen(self, _report: object) -> None:
        self._show_choices()
        self.look()

    def _show_choices(self) -> None:
        of_campaign = self.cards.report() is Report.CAMPAIGN
        self.reveal.setVisible(self.cards.report() is not Report.DAILY)  # it has no numbers
        if self.cards.report() is Report.DAILY:
            self.reveal.setChecked(False)
        self.campaign.setVisible(of_campaign)
        self.period.setEnabled(not of_campaign)

    def request(self) -> Request | None:
        """What is asked for now; None when there is no campaign to report on."""
        report = self.cards.report()
        if report is Report.CAMPAIGN and self.campaign.currentData() is None:
            return None
        return Request(
            report=report,
            period=None if report is Report.CAMPAIGN else self.period.value(),
            campaign_id=self.campaign.currentData() if report is Report.CAMPAIGN else None,
            reveal=self.reveal.isChecked(),
        )

    def look(self) -> None:
        request = self.request()
        self._enable_export()
        if request is None:
            self._show(None)
            return
        self._busy.show()
        self.services.tasks.query(operations.look(request), self._show, owner=self, failed=self._failed, key="look")

    def _show(self, shown: Preview | None) -> None:
        self._busy.hide()
        report = self.cards.report()
        named = report is Report.CAMPAIGN  # by the choice beside it
        title = str(CARDS[report].title)
        self._about.setText(title if shown is None or named else f"{title} · {shown.about}")
        self._about.setVisible(not named)  # there the campaign's own name has the room
        self.preview.set_preview(shown)
        tab_in_order(self._right)

    def _failed(self, error: UserError) -> None:
        self._show(None)
        self.services.notices.error(error)

    # The workbook

    def export(self) -> None:
        request = self.request()
        if request is not None and request.reveal:
            what = self._about.text()
            AskFullNumbersDialog(self, self.services, what, operations.ask_for_full(request)).open()
            return
        if request is not None and not self.state.running:
            suggested = operations.suggest(request)
            self.services.tasks.query(suggested, lambda path: self._choose_file(request, path), owner=self, key="path")

    def _choose_file(self, request: Request, suggested: Path) -> None:
        target = ask_workbook(self, tr("Export report"), suggested)
        if target is not None:
            self.export_to(target, request)

    def export_to(self, target: Path, request: Request | None = None) -> None:
        """Write the report that is shown (or ``request``) to ``target``."""
        wanted = request or self.request()
        if wanted is None or self.state.running:
            return
        title = tr("Exporting {name}", name=target.name)
        task = self.services.tasks.run(title, operations.export(wanted, target), self._exported, owner=self)
        self.state.watch(task)
        task.changed.connect(self._enable_export)
        self._enable_export()

    def _enable_export(self) -> None:
        if self.bar.primary is not None:
            self.bar.primary.setEnabled(self.request() is not None and not self.state.running)

    def _exported(self, written: tuple[Path, int]) -> None:
        path, rows = written
        counted = ntr("{count} row", "{count} rows", rows, count=count(rows))
        text = tr("{file} is written: {rows}.", file=path.name, rows=counted)
        self.state.written(text, lambda: self.open_path(path.parent), lambda: self.open_path(path))
        self.services.notices.good(
            text, str(path.parent), action=tr("Open folder"), act=lambda: self.open_path(path.parent)
        )
        self.services.announce(operations.EXPORTED)


class CampaignBox(QComboBox):
    """One of many campaigns: any part of its name finds it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Campaign"))
        self.setMinimumContentsLength(24)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        found = QCompleter(self.model(), self)
        found.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        found.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCompleter(found)
        offered, typed = found.popup(), self.lineEdit()
        if offered is None or typed is None:
            raise RuntimeError("an editable box without a list to find in")
        offered.setObjectName("popup")
        typed.setPlaceholderText(tr("Search for a campaign"))
        typed.editingFinished.connect(lambda: self.setEditText(self.itemText(self.currentIndex())))


def _open(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


class ExportState(Card):
    """How far the export is, then where the file lies."""

    def __init__(self) -> None:
        super().__init__()
        self._task: Task | None = None
        self._words = label("", wrap=True)
        self.progress = ProgressLine()
        self.cancel = quiet_button(tr("Cancel"), self._cancel, "x")
        self._places: tuple[Callable[[], None], Callable[[], None]] | None = None
        self.folder = link_button(tr("Open folder"), lambda: self._open(0))
        self.file = link_button(tr("Open file"), lambda: self._open(1))
        self.add(row(self._words, None, self.folder, self.file, self.cancel, spacing=12), self.progress)
        self.hide()

    @property
    def running(self) -> bool:
        return self._task is not None and self._task.state in (TaskState.WAITING, TaskState.RUNNING)

    def watch(self, task: Task) -> None:
        self._task = task
        task.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        task = self._task
        if task is None:
            return
        self.setVisible(self.running)
        for widget in (self.folder, self.file):
            widget.hide()
        self.cancel.setVisible(self.running)
        self.cancel.setEnabled(not task.cancelling)
        self.progress.setVisible(self.running)
        self._words.setText(task.title)
        figures = f"{count(task.done)} / {count(task.total)}" if task.total else ""
        self.progress.set_progress(task.done, task.total, figures)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _open(self, place: int) -> None:
        if self._places is not None:
            self._places[place]()

    def written(self, text: str, open_folder: Callable[[], None], open_file: Callable[[], None]) -> None:
        self._words.setText(text)
        self._places = open_folder, open_file
        for widget in (self.folder, self.file):
            widget.show()
        self.show()
