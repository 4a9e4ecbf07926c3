"""Things worth telling without stopping anyone: posted from anywhere, shown by the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from console.core.errors import UserError


class Level(StrEnum):
    INFO = "info"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Notice:
    level: Level
    text: str
    hint: str = ""
    action: str = ""  # words of a button; empty for none
    act: Callable[[], None] | None = None


class Notices(QObject):
    posted = Signal(object)  # Notice

    def info(self, text: str, hint: str = "", *, action: str = "", act: Callable[[], None] | None = None) -> None:
        self.posted.emit(Notice(level=Level.INFO, text=text, hint=hint, action=action, act=act))

    def good(self, text: str, hint: str = "", *, action: str = "", act: Callable[[], None] | None = None) -> None:
        self.posted.emit(Notice(level=Level.GOOD, text=text, hint=hint, action=action, act=act))

    def warn(self, text: str, hint: str = "", *, action: str = "", act: Callable[[], None] | None = None) -> None:
        self.posted.emit(Notice(level=Level.WARN, text=text, hint=hint, action=action, act=act))

    def error(self, error: UserError) -> None:
        self.posted.emit(Notice(level=Level.BAD, text=str(error.message), hint=str(error.hint)))
