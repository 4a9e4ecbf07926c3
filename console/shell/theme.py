"""Looks from tokens: palette, style sheet, fonts and tinted icons, light and dark.

The theme belongs to the application as its palette does; widgets that paint ask ``current()`` while painting, so
that a switch is one repaint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

import resources

CHOICES = ("system", "light", "dark")
DENSITIES = ("comfortable", "compact")
FONT_SIZES = range(11, 21)


@cache
def tokens() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(resources.path("theme", "tokens.json").read_text(encoding="utf-8"))
    return loaded


@cache
def _sheet() -> str:
    return resources.path("theme", "console.qss").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Theme:
    scheme: str = "light"  # light | dark
    density: str = "comfortable"
    font_px: int = 13

    def color(self, name: str) -> QColor:
        return QColor(tokens()[self.scheme][name])

    def px(self, design: int) -> int:
        """A length of the 13 px design at this font size."""
        return round(design * self.font_px / 13)

    @property
    def row_height(self) -> int:
        return self.px(tokens()["row"][self.density])

    @property
    def field_height(self) -> int:
        return self.px(tokens()["field"][self.density])

    def palette(self) -> QPalette:
        palette = QPalette()
        roles = {
            QPalette.ColorRole.Window: "background", QPalette.ColorRole.WindowText: "text",
            QPalette.ColorRole.Base: "surface", QPalette.ColorRole.AlternateBase: "soft",
            QPalette.ColorRole.Text: "text", QPalette.ColorRole.Button: "surface",
            QPalette.ColorRole.ButtonText: "text", QPalette.ColorRole.BrightText: "on_accent",
            QPalette.ColorRole.Highlight: "accent", QPalette.ColorRole.HighlightedText: "on_accent",
            QPalette.ColorRole.ToolTipBase: "tip", QPalette.ColorRole.ToolTipText: "on_tip",
            QPalette.ColorRole.PlaceholderText: "quiet", QPalette.ColorRole.Link: "link",
            QPalette.ColorRole.LinkVisited: "link", QPalette.ColorRole.Accent: "accent",
            QPalette.ColorRole.Mid: "line", QPalette.ColorRole.Dark: "field_line", QPalette.ColorRole.Light: "raised",
        }  # fmt: skip
        for role, name in roles.items():
            palette.setColor(role, self.color(name))
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("disabled"))
        return palette

    def style_sheet(self) -> str:
        names: dict[str, str] = dict(tokens()[self.scheme])
        names |= {f"px{n}": str(self.px(n)) for n in range(1, 49)}
        names |= {
            "radius": str(tokens()["radius"]),
            "row": str(self.row_height),
            "field": str(self.field_height - 2),
            "field_focus": str(self.field_height - 4),
        }
        for mark in ("down", "up"):
            names[mark] = resources.path("theme", f"{mark}-{self.scheme}.svg").as_posix()
        for mark in ("tick", "dash", "dot"):
            names[mark] = resources.path("theme", f"{mark}.svg").as_posix()
        return Template(_sheet()).substitute(names)


def font(language: str, pixel_size: int) -> QFont:
    """The system's own Chinese interface font with fallbacks, tabular figures."""
    made = QFont(tokens()["fonts"].get(language, tokens()["fonts"]["zh_CN"]))
    made.setPixelSize(pixel_size)
    tag = QFont.Tag.fromString("tnum")
    if tag is not None:
        made.setFeature(tag, 1)
    return made


class _State:
    theme = Theme()


def current() -> Theme:
    return _State.theme


class ThemeManager(QObject):
    """Applies a choice to the application and follows the system where the choice says so."""

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._choice, self._density, self._font_px, self._language = "system", "comfortable", 13, "zh_CN"
        style = QStyleFactory.create("Fusion")
        if style is not None:
            app.setStyle(style)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def choice(self) -> str:
        return self._choice

    def apply(
        self, choice: str = "system", density: str = "comfortable", font_px: int = 13, language: str = "zh_CN"
    ) -> None:
        self._choice, self._density, self._font_px, self._language = choice, density, font_px, language
        theme = Theme(scheme=self._scheme(), density=density, font_px=font_px)
        _State.theme = theme
        self._app.setFont(font(language, font_px))
        self._app.setPalette(theme.palette())
        self._app.setStyleSheet(theme.style_sheet())
        self.changed.emit()

    def _scheme(self) -> str:
        if self._choice in ("light", "dark"):
            return self._choice
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return "dark" if dark else "light"

    def _system_changed(self) -> None:
        if self._choice == "system":
            self.apply(self._choice, self._density, self._font_px, self._language)
