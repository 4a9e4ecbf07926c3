from __future__ import annotations

from PySide6.QtCore import QObject, Signal

import console.shell  # noqa: F401 - its import is the guard


class Sender(QObject):
    sent = Signal()


def test_many_calls_do_not_wear_the_singletons_out() -> None:
    sender = Sender()
    for _ in range(20_000):
        sender.sent.emit()
        sender.setObjectName("x")
