"""The line at the foot that is always true: lines, queue, today, running work, the global stop, and who is here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QPushButton

from console.core.campaigns.horizon import Horizon
from console.core.format import count, duration, local_datetime
from console.core.i18n import ntr, tr
from console.core.pulse import Pulse
from console.core.security.permissions import ROLE_TITLES, Permission, Role
from console.core.sending.status import Snapshot
from console.shell.services import Services
from console.shell.states import state_icon
from console.shell.tasks import Task
from console.shell.widgets import danger_button, flat_button, primary_button, row


class StatusBar(QFrame):
    lines_wanted = Signal()
    queue_wanted = Signal()
    today_wanted = Signal()
    unknown_wanted = Signal()
    tasks_wanted = Signal()
    stop_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, services: Services, menu: QMenu) -> None:
        super().__init__()
        self.setObjectName("statusbar")
        self.setAccessibleName(tr("Status"))
        self._services = services
        self._words: dict[QPushButton, tuple[str, str]] = {}  # in full, and where there is little room
        self.lines = flat_button("", self.lines_wanted.emit)
        self.queue = flat_button("", self.queue_wanted.emit, "inbox")
        self.today = flat_button("", self.today_wanted.emit, "chart-column")
        self.unknown = flat_button("", self.unknown_wanted.emit)
        self.tasks = flat_button("", self.tasks_wanted.emit, "activity")
        self.start = flat_button(tr("Start sending"), self._start, "play")
        self.stop = danger_button(tr("Stop…"), self.stop_wanted.emit, "octagon-x")
        self.resume = primary_button(tr("Resume sending"), self.resume_wanted.emit, "play")
        self.person = flat_button("", None, "user")
        self.person.setMenu(menu)
        self.person.setProperty("menu", True)  # room for its arrow
        self._tips()
        line = row(
            self.lines, self.queue, self.today, self.unknown, self.start, None,
            self.tasks, self.stop, self.resume, self.person, spacing=4,
        )  # fmt: skip
        line.setContentsMargins(8, 3, 8, 3)
        self.setLayout(line)
        for button in (self.unknown, self.tasks, self.start, self.stop, self.resume):
            button.hide()
        self.show_tasks([])
        self._say(self.lines, tr("Looking…"))
        self._say(self.person, self._who(), services.ctx.actor.name)
        services.tasks.started.connect(self._follow)
        services.tasks.finished.connect(self._follow)

    def show_pulse(self, pulse: Pulse) -> None:
        now = pulse.status
        self._show_lines(now)
        self._show_queue(now, pulse.horizon)
        done = tr(
            "Today: delivered {delivered}, failed {failed}",
            delivered=count(now.delivered_today),
            failed=count(now.failed_today),
        )
        self._say(self.today, done)
        self.unknown.setVisible(now.unknown > 0)
        self.unknown.setIcon(state_icon("unknown"))
        unknown = ntr("{n} unknown outcome", "{n} unknown outcomes", now.unknown)
        self._say(self.unknown, unknown, count(now.unknown))
        self.stop.setVisible(self._services.allowed(Permission.SENDING_STOP) and not now.stopped)
        self.resume.setVisible(self._services.allowed(Permission.SENDING_RESUME) and now.stopped)
        self.start.setVisible(not now.dispatcher_alive and self._services.start_sending is not None)
        self._fit()

    def _show_lines(self, now: Snapshot) -> None:
        if now.stopped:
            state, text = "stopped", tr("Sending is stopped")
        elif not now.lines_total:
            state, text = "off", tr("No line yet")
        elif not now.dispatcher_alive:
            state, text = "off", tr("Sending is not running")
        else:
            state = "ready" if now.lines_ready == now.lines_total else "fault" if now.lines_fault else "starting"
            text = tr("Lines {ready}/{total} ready", ready=now.lines_ready, total=now.lines_total)
        self.lines.setIcon(state_icon(state))
        self._say(self.lines, text)

    def _show_queue(self, now: Snapshot, ahead: Horizon | None) -> None:
        queued = count(now.queued)
        if not now.queued:
            text = tr("Queue empty")
        elif ahead is not None and ahead.left_over:
            text = tr("Queue {queued} · {late} too late", queued=queued, late=count(ahead.left_over))
        elif ahead is None or ahead.finish_at is None:
            text = tr("Queue {queued}", queued=queued)
        else:
            text = _with_time(queued, ahead.finish_at, self._services.ctx.clock.now())
        if now.held:
            text = tr("{queue} · {held} paused", queue=text, held=count(now.held))
        self._say(self.queue, text)

    def show_tasks(self, running: list[Task]) -> None:
        self.tasks.setVisible(bool(running))
        if len(running) == 1:
            task = running[0]
            share = f"{task.done * 100 // task.total}%" if task.total else ""
            self._say(self.tasks, f"{task.title} {share}".strip(), share)
        elif running:
            self._say(self.tasks, ntr("{n} task is running", "{n} tasks are running", len(running)))
        self._fit()

    def _follow(self, _task: Task) -> None:
        running = self._services.tasks.running
        self.show_tasks(running)
        for task in running:
            task.changed.connect(self._progress)

    def _progress(self) -> None:
        self.show_tasks(self._services.tasks.running)

    def _start(self) -> None:
        start: Callable[[], None] | None = self._services.start_sending
        if start is not None:
            start()

    def _say(self, button: QPushButton, text: str, short: str = "") -> None:
        """``short`` is what is shown where there is little room; screen readers always hear the whole."""
        if self._words.get(button) != (text, short or text):
            self._words[button] = (text, short or text)
            button.setText(text)
            button.setAccessibleName(text)

    def _fit(self) -> None:
        """Shorten one after another until everything fits; what is said nowhere else goes last."""
        for button in (self.person, self.tasks, self.unknown):
            button.setText(self._words.get(button, ("", ""))[0])
        self.today.setVisible(self.today in self._words)
        for button in (self.person, self.tasks, self.unknown):
            if self._needed() <= self.width():
                return
            button.setText(self._words.get(button, ("", ""))[1])
        if self._needed() > self.width():
            self.today.hide()

    def _needed(self) -> int:
        layout = self.layout()
        shown = [child for child in self.findChildren(QPushButton) if not child.isHidden()]
        gaps = (layout.spacing() if layout is not None else 0) * (len(shown) + 1) + 16
        return gaps + sum(child.sizeHint().width() for child in shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _who(self) -> str:
        actor = self._services.ctx.actor
        roles = " / ".join(str(ROLE_TITLES[role]) for role in Role if role in actor.roles)
        return f"{actor.name} · {roles}"

    def _tips(self) -> None:
        self.lines.setToolTip(tr("Open the lines"))
        self.queue.setToolTip(tr("Messages of open campaigns that have not left yet"))
        self.today.setToolTip(tr("Open the day"))
        self.unknown.setToolTip(tr("Messages about which a person has to decide"))
        self.tasks.setToolTip(tr("Show running work (Ctrl+J)"))
        self.stop.setToolTip(tr("Stop everything, one kind of message, a line or a campaign"))
        self.person.setToolTip(tr("Appearance, language, lock, log out"))


def _with_time(queued: str, finish: datetime, now: datetime) -> str:
    if finish - now >= timedelta(days=1):
        return tr("Queue {queued} · until about {time}", queued=queued, time=local_datetime(finish))
    left = duration(max(finish - now, timedelta(minutes=1)))
    return tr("Queue {queued} · about {left}", queued=queued, left=left)
