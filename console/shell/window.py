"""The main window: rail, pages, status bar, and everything that is there on every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from console.core import paths
from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Change
from console.core.finding import find_customers
from console.core.i18n import ntr, sentences, tr
from console.core.pulse import Pulse
from console.core.security.permissions import Permission
from console.core.sending.control import resume_all
from console.core.sending.stops import told
from console.core.sending.timepiece import trust_clock
from console.shell.about import AboutDialog
from console.shell.actions import Actions
from console.shell.appearance import Appearance
from console.shell.closing import may_close
from console.shell.crash import CrashDialog, report_of, write_report
from console.shell.help import HelpPanel
from console.shell.icons import icon
from console.shell.menu import person_menu
from console.shell.navigation import NavigationRail, Place
from console.shell.noticeboard import NoticeBoard
from console.shell.page import Page
from console.shell.palette import Entry, Found, Palette
from console.shell.poller import Poller
from console.shell.services import Services
from console.shell.statusbar import StatusBar
from console.shell.stopping import StopDialog
from console.shell.strips import Strip
from console.shell.tasklist import TaskList
from console.shell.theme import ThemeManager
from console.shell.widgets import confirm, open_at

SHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".et", ".ods", ".csv", ".tsv")  # dropped, these open the import
SETTINGS = "settings"  # stands at the foot of the rail


class MainWindow(QMainWindow):
    lock_wanted = Signal()
    log_out_wanted = Signal(bool)  # True: sending is to stop as well
    closing = Signal(bool)  # the window goes; True: sending is to stop as well

    def __init__(
        self, services: Services, pages: Sequence[type[Page]], themes: ThemeManager, *, poll: bool = True
    ) -> None:
        super().__init__()
        self.services = services
        self._kinds = {kind.key: kind for kind in pages if services.allowed(kind.permission)}
        self._pages: dict[str, Page] = {}
        self._current = ""
        self._closed = False
        self._crash: CrashDialog | None = None
        self.appearance = Appearance(services, themes)
        self.poller = Poller(services)
        self.setAcceptDrops(True)
        self.setWindowIcon(icon("message-square-text", "accent"))
        self.setMinimumSize(900, 560)
        open_at(self, 1280, 800)
        self._build()
        services.navigated.connect(self._navigate)
        services.tasks.crashed.connect(self.show_crash)
        self.poller.beat.connect(self._beat)
        self.poller.trouble.connect(self._trouble)
        self.appearance.rebuild.connect(self.rebuild)
        themes.changed.connect(self._repaint)
        if poll:
            self.poller.start()

    # Building

    def _build(self) -> None:
        self.setWindowTitle(self._title())
        self.actions_ = Actions(self, self._handlers(), self.services.allowed)
        self._page_actions()
        self.rail = NavigationRail(self._places())
        self.rail.chosen.connect(self.services.navigate)
        self.stack = QStackedWidget()
        self.help = HelpPanel(self.services)
        self.help.hide()
        self.demo_strip = Strip("demostrip", "flask-conical", "warn")
        self.demo_strip.say(tr("Demonstration: made-up customers, an emulated modem. Nothing is really sent."))
        self.stopped_strip = Strip("stoppedstrip", "octagon-x", "bad")
        self.clock_strip = Strip("stoppedstrip", "clock", "bad")
        self.status = StatusBar(self.services, person_menu(self, self.actions_, self.appearance, self.services))
        self.setCentralWidget(self._laid_out())
        self.demo_strip.setVisible(self.services.demo is not None)
        self.board = NoticeBoard(self.services.notices, self.stack)
        self.task_list = TaskList(self.services, self.stack)
        self.board.stand_above(self.task_list)
        self._connect_status()
        if self.poller.last is not None:
            self._beat(self.poller.last)

    def _laid_out(self) -> QWidget:
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(self.stack, 1)
        middle.addWidget(self.help)
        whole = QWidget()
        whole.setObjectName("window")
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.demo_strip)
        layout.addWidget(self.stopped_strip)
        layout.addWidget(self.clock_strip)
        layout.addLayout(middle, 1)
        layout.addWidget(self.status)
        return whole

    def _connect_status(self) -> None:
        go = self.services.navigate
        self.status.lines_wanted.connect(lambda: go("lines"))
        self.status.queue_wanted.connect(lambda: go("campaigns", standing="sending"))
        self.status.today_wanted.connect(lambda: go("home"))
        self.status.unknown_wanted.connect(lambda: go("home", show="unknown"))
        self.status.tasks_wanted.connect(self.task_list.toggle)
        self.status.stop_wanted.connect(self.stop_sending)
        self.status.resume_wanted.connect(self.resume_sending)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        look = self.appearance
        return {
            "palette": self.open_palette,
            "find": self._find,
            "primary": self._primary,
            "back": self.step_back,
            "refresh": self._refresh,
            "help": self.toggle_help,
            "rail": self._toggle_rail,
            "tasks": self._toggle_tasks,
            "stop_all": self.stop_sending,
            "resume_all": self.resume_sending,
            "theme_system": lambda: look.choose("ui.theme", "system"),
            "theme_light": lambda: look.choose("ui.theme", "light"),
            "theme_dark": lambda: look.choose("ui.theme", "dark"),
            "density": look.switch_density,
            "larger": lambda: look.zoom(1),
            "smaller": lambda: look.zoom(-1),
            "normal_size": lambda: look.zoom(0),
            "about": self._about,
            "lock": self.lock_wanted.emit,
            "log_out": self._log_out,
            "quit": self.close,
        }

    def _page_actions(self) -> None:
        """Ctrl+1 .. Ctrl+9 by position in the rail."""
        for number, key in enumerate(self._kinds, 1):
            if number <= 9:
                self.actions_.add_page(self, number, key, self._kinds[key].title(), self.services.navigate)

    def _places(self) -> list[Place]:
        return [Place(key, kind.title(), kind.icon, key == SETTINGS) for key, kind in self._kinds.items()]

    def _title(self) -> str:
        settings = self.services.ctx.settings
        office = " ".join((settings.text("bank.signature"), settings.text("bank.branch"))).strip()
        return " – ".join(filter(None, (office, tr("Branch SMS Console"))))  # Qt appends the name where it is missing

    def rebuild(self) -> None:
        """Make everything anew, in another language or size, and stay on the same page."""
        current, collapsed, help_open = self._current, self.rail.collapsed, self.help.isVisible()
        old = self.centralWidget()
        for action in self.actions():
            self.removeAction(action)
            action.deleteLater()
        self._pages.clear()
        self._current = ""
        self._build()
        if old is not None:
            old.deleteLater()
        self.rail.set_collapsed(collapsed)
        if current:
            self._navigate(current, {})
        if help_open:
            self.toggle_help()

    def _repaint(self) -> None:
        for widget in self.findChildren(QWidget):
            widget.update()

    # Pages

    @property
    def page(self) -> Page | None:
        return self._pages.get(self._current)

    @property
    def page_keys(self) -> list[str]:
        return list(self._kinds)

    def _navigate(self, key: str, arguments: dict[str, object]) -> None:
        if key not in self._kinds:
            return
        here = self.page
        if here is not None and key != self._current and not here.may_leave():
            self.rail.set_current(self._current)
            return
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = self._kinds[key](self.services)
            self.stack.addWidget(page)
        self._current = key
        self.rail.set_current(key)
        self.stack.setCurrentWidget(page)
        page.take_focus()
        page.arrive(**arguments)
        self.board.raise_()
        self.task_list.raise_()
        if self.help.isVisible():
            self.help.show_page(key)

    # Actions

    def open_palette(self) -> None:
        pages = [self._page_entry(key, kind) for key, kind in self._kinds.items()]
        actions = [
            Entry(action.text(), action.shortcut().toString(), action.icon(), action.trigger, keys=action.toolTip())
            for action in self.actions_.in_palette()
        ]
        customers = _customers if "customers" in self._kinds else None
        Palette(self, self.services, [*pages, *actions], customers, icon("user")).open_over(self)

    def _page_entry(self, key: str, kind: type[Page]) -> Entry:
        return Entry(kind.title(), tr("Page"), icon(kind.icon), lambda: self.services.navigate(key), keys=key)

    def _find(self) -> None:
        if self.page is not None and self.page.bar.search is not None:
            self.page.bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.page.bar.search.selectAll()

    def _primary(self) -> None:
        primary = self.page.bar.primary if self.page is not None else None
        if primary is not None and primary.isEnabled() and primary.isVisible():
            primary.click()

    def _refresh(self) -> None:
        if self.page is not None:
            self.page.refresh(None)

    def _toggle_rail(self) -> None:
        self.rail.toggle()

    def _toggle_tasks(self) -> None:
        self.task_list.toggle()

    def toggle_help(self) -> None:
        if self.help.isVisible():
            self.help.hide()
            return
        self.help.show()
        self.help.show_page(self._current)

    def step_back(self) -> None:
        """Esc: the innermost thing that is open."""
        if self.task_list.isVisible():
            self.task_list.hide()
        elif (self.page is None or not self.page.step_back()) and not self.board.close_newest():
            self.help.hide()

    def stop_sending(self) -> None:
        dialog = StopDialog(self, self.services)
        dialog.changed.connect(self._switched)
        dialog.open()

    def resume_sending(self) -> None:
        self.services.tasks.query(resume_all, self._switched, owner=self)

    def _switched(self, change: Change) -> None:
        self.services.announce(change)
        self.poller.ask()

    def _about(self) -> None:
        dialog = AboutDialog(self, self.services)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _log_out(self) -> None:
        if self._may_leave_pages():
            decided = may_close(self, self.services, self.poller.last, idle_stops=False)
            if decided is not None:
                self.log_out_wanted.emit(decided)

    # What is told

    def _beat(self, pulse: Pulse) -> None:
        self.status.show_pulse(pulse)
        self.rail.set_badge("approvals", pulse.approvals)
        self.rail.set_badge("templates", pulse.reviews)
        self.rail.set_badge("rules", pulse.rules)
        self.rail.set_badge("protection", pulse.protection)
        self.rail.set_badge("lines", pulse.status.lines_fault)
        self.rail.set_badge("home", pulse.status.unknown + pulse.status.discrepancies)
        self._show_stopped(pulse)
        self._show_clock(pulse)

    def _show_stopped(self, pulse: Pulse) -> None:
        stopped = pulse.status.stopped
        for key, wanted in (("stop_all", not stopped), ("resume_all", stopped)):
            action = self.actions_.get(key)
            if action is not None:
                action.setEnabled(wanted)
        stops = pulse.status.stops
        if stops:
            waiting = pulse.status.queued if stopped else 0
            words = ntr("{n} message waits.", "{n} messages wait.", waiting) if waiting else ""
            self.stopped_strip.say(
                sentences(" · ".join([*map(told, stops[:2]), *(["…"] if len(stops) > 2 else [])]), words)
            )
            may = self.services.allowed(Permission.SENDING_RESUME)
            if stopped:
                self.stopped_strip.offer(tr("Resume sending") if may else "", self.resume_sending)
            else:
                self.stopped_strip.offer(tr("Lift the stop") if may else "", self.stop_sending)
        self.stopped_strip.setVisible(bool(stops))

    def _show_clock(self, pulse: Pulse) -> None:
        seen = pulse.status.clock_doubt
        if seen is not None:
            shown, before = (f"{moment.astimezone():%Y-%m-%d %H:%M}" for moment in (pulse.at, seen))
            self.clock_strip.say(
                tr(
                    "The clock shows {now}, but work was done at {seen} already: nothing leaves until it is right.",
                    now=shown,
                    seen=before,
                )
            )
            may = self.services.allowed(Permission.SENDING_RESUME)
            self.clock_strip.offer(tr("The clock is right…") if may else "", self.trust_clock)
        self.clock_strip.setVisible(seen is not None)

    def trust_clock(self) -> None:
        words = tr("Compare it with another clock first: contact hours, limits and approvals are all told by it.")
        if confirm(self, tr("Is the clock of this computer right?"), words, tr("It is right"), danger=True):
            self.services.tasks.query(trust_clock, self._switched, owner=self)

    def _trouble(self, error: UserError | None) -> None:
        if error is not None:
            self.services.notices.error(error)
        else:
            self.services.notices.good(tr("The database can be reached again."))

    def show_crash(self, error: BaseException) -> None:
        """One dialog at a time. The report is small and written here and now: a worker may be what broke."""
        now = self.services.ctx.clock.now()
        report = report_of(error, now)
        try:
            path: Path | None = write_report(report, paths.crash_folder(), now)
        except OSError:
            path = None
        if self._crash is None:
            self._crash = CrashDialog(self, report, path)
            self._crash.finished.connect(self._crash_closed)
            self._crash.open()

    def _crash_closed(self) -> None:
        if self._crash is not None:
            self._crash.deleteLater()
            self._crash = None

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.step_back()
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _sheet_of(event) is not None and "customers" in self._kinds:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _sheet_of(event)
        if path is not None:
            event.acceptProposedAction()
            self.services.navigate("customers", file=path)

    def _may_leave_pages(self) -> bool:
        return all(page.may_leave() for page in self._pages.values())

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closed:
            super().closeEvent(event)
            return
        decided = may_close(self, self.services, self.poller.last) if self._may_leave_pages() else None
        if decided is None:
            event.ignore()
            return
        self._closed = True
        self.poller.stop()
        self.closing.emit(decided)
        super().closeEvent(event)


def _customers(ctx: Context, text: str) -> list[Found]:
    return [
        Found(f"{found.name}  {found.phone}", found.number, "customers", {"customer_id": found.id})
        for found in find_customers(ctx, text)
    ]


def _sheet_of(event: QDropEvent) -> Path | None:
    """The first spreadsheet among what is being dragged."""
    files = (Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile())
    return next((path for path in files if path.suffix.lower() in SHEETS), None)
