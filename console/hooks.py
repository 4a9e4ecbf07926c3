"""The outermost net: what nobody caught, in any thread, and what Qt has to say."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QTimer, QtMsgType, Signal, qInstallMessageHandler

log = logging.getLogger(__name__)
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Hooks(QObject):
    """Bugs of every thread arrive at ``show`` on the GUI thread, after they were logged."""

    _caught = Signal(object)

    def __init__(self, show: Callable[[BaseException], None], interrupted: Callable[[], None]) -> None:
        super().__init__()
        self._interrupted = interrupted
        self._awake = QTimer(self, interval=300)  # Python looks for signals only when it gets to run
        self._awake.timeout.connect(lambda: None)
        self._caught.connect(show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook
        qInstallMessageHandler(_qt_message)
        for wanted in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wanted, lambda _number, _frame: self._interrupted())
        self._awake.start()

    def remove(self) -> None:
        self._awake.stop()
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("uncaught", exc_info=(kind, error, trace))
        self._caught.emit(error)

    def _thread_hook(self, caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None and not isinstance(caught.exc_value, SystemExit):
            self._hook(caught.exc_type, caught.exc_value, caught.exc_traceback)


def _qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    level = _LEVELS.get(kind, logging.WARNING)
    if message.startswith("This plugin does not support"):  # what a screen without a window manager cannot do
        level = logging.DEBUG
    logging.getLogger("qt").log(level, "%s: %s", context.category or "default", message)
