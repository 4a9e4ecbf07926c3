"""What is asked before the window goes: running work, and whether sending goes on without it."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QWidget

from console.core.i18n import ntr, tr
from console.core.pulse import Pulse
from console.shell import theme
from console.shell.services import Services
from console.shell.widgets import column, confirm, heading, label, primary_button, quiet_button, row

STOP, KEEP = 1, 2  # results of the dialog; 0 is cancel


def may_close(window: QWidget, services: Services, pulse: Pulse | None, *, idle_stops: bool = True) -> bool | None:
    """None: stay. False: go, sending goes on. True: go, and sending is to stop.

    ``idle_stops``: whether a dispatcher with nothing left to send stops, too; not when somebody else logs in next.
    """
    if not _leave_work(window, services):
        return None
    status = pulse.status if pulse is not None else None
    if status is None or not status.dispatcher_alive:
        return False
    wanted = services.ctx.settings.text("sending.keep_sending_on_close")
    if wanted != "ask":
        return wanted == "stop"
    if not status.queued:
        return idle_stops
    chosen = _ask(window, status.queued)
    return None if not chosen else chosen == STOP


def _leave_work(window: QWidget, services: Services) -> bool:
    running = services.tasks.running
    if not running:
        return True
    names = ", ".join(task.title for task in running)
    return confirm(
        window,
        ntr("{n} task is still running", "{n} tasks are still running", len(running)),
        tr("{names}. What can be stopped is stopped; what cannot is waited for.", names=names),
        tr("Stop and close"),
        danger=True,
    )


def _ask(window: QWidget, queued: int) -> int:
    dialog = QDialog(window)
    dialog.setWindowTitle(tr("Close the window"))
    dialog.setMinimumWidth(theme.current().px(420))
    text = ntr(
        "{n} message is still waiting. Shall sending go on while the window is closed?",
        "{n} messages are still waiting. Shall sending go on while the window is closed?",
        queued,
    )
    keep = primary_button(tr("Go on sending"), lambda: dialog.done(KEEP))
    stop = quiet_button(tr("Stop sending"), lambda: dialog.done(STOP))
    cancel = quiet_button(tr("Cancel"), dialog.reject)
    keep.setDefault(True)
    note = label(tr("What waits is neither lost nor sent twice, whatever you choose."), "quiet", wrap=True)
    buttons = row(cancel, None, stop, keep)
    dialog.setLayout(column(heading(dialog.windowTitle()), label(text, wrap=True), note, 8, buttons, margins=20))
    try:
        return dialog.exec()
    finally:
        dialog.deleteLater()
