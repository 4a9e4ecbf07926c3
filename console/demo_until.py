"""``branch-sms demo --until login|window``: start, say how long it took, and end: for whoever builds the program."""

from __future__ import annotations

import sys
import time

from PySide6.QtCore import QObject, QTimer

from console.app import Console
from console.core.processes import process_age
from console.demo_users import OFFICER

GOALS = ("login", "window")


class Until(QObject):
    """Seconds are counted from the start of the process."""

    def __init__(self, console: Console, goal: str) -> None:
        super().__init__(console)
        self._console, self._goal = console, goal
        self._shown = self._entered = 0.0
        self._timer = QTimer(self, interval=5)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        login, desk = self._console.login, self._console.desk
        if desk is not None and desk.window.isVisible():
            self._timer.stop()
            _say(f"window ready {time.time() - self._entered:.2f} s after the login")
            desk.leave(end=True, stop_sending=True)
        elif login is not None and login.isVisible():
            self._shown = self._shown or process_age()
            if login.login_form.isVisible() and not self._entered:
                self._log_in()

    def _log_in(self) -> None:
        _say(f"login ready: the window after {self._shown:.2f} s, the demo's world after {process_age():.2f} s")
        self._entered = time.time()
        if self._goal == "login" or self._console.login is None:
            self._timer.stop()
            self._console.quit()
            return
        form = self._console.login.login_form
        form.login.setText(OFFICER.login)
        form.password.setText(OFFICER.password)
        form.submit()


def _say(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
