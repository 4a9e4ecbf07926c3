"""Colours, row height, font size and language: taken from the settings, changed at run time, kept for the user."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.i18n import current_language, use_language
from console.core.settings import save
from console.shell.services import Services
from console.shell.theme import FONT_SIZES, ThemeManager


class Appearance(QObject):
    rebuild = Signal()  # words or sizes changed: pages are made anew

    def __init__(self, services: Services, themes: ThemeManager) -> None:
        super().__init__(services)
        self._services = services
        self._themes = themes
        self._shown: tuple[object, ...] = ()
        self.apply()
        services.context_changed.connect(self.apply)

    def apply(self) -> None:
        """Bring the application in line with the settings in force."""
        settings = self._services.ctx.settings
        language, size = settings.language, settings.integer("ui.font_size")
        density = settings.text("ui.density")
        if language != current_language():
            use_language(language)
        before, self._shown = self._shown, (language, density, size)
        self._themes.apply(settings.text("ui.theme"), density, size, language)
        if before and before != self._shown:
            self.rebuild.emit()

    def choose(self, key: str, value: str | int) -> None:
        """Store one of the user's own settings and apply it."""

        def work(ctx: Context) -> None:
            save(ctx, {key: value})

        def done(_none: None) -> None:
            now = self._services.ctx  # another choice may have been made meanwhile
            self._services.use_context(now.with_settings(now.settings.changed(key, value)))
            self._services.announce(Change.of(Topic.SETTINGS))

        self._services.tasks.query(work, done, owner=self)

    def zoom(self, steps: int) -> None:
        """Larger or smaller text; 0 for the normal size."""
        size = self._services.ctx.settings.integer("ui.font_size") + steps if steps else 13
        if size in FONT_SIZES:
            self.choose("ui.font_size", size)

    def switch_density(self) -> None:
        compact = self._services.ctx.settings.text("ui.density") == "compact"
        self.choose("ui.density", "comfortable" if compact else "compact")
