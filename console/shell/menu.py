"""The menu behind the user's name: appearance, language, help, lock, log out."""

from __future__ import annotations

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from console.core.i18n import LANGUAGES, current_language, tr
from console.shell.actions import Actions
from console.shell.appearance import Appearance
from console.shell.icons import icon
from console.shell.services import Services


def person_menu(parent: QWidget, actions: Actions, look: Appearance, services: Services) -> QMenu:
    menu = QMenu(parent)
    languages = menu.addMenu(icon("languages"), tr("Language"))
    group = QActionGroup(languages)
    for tag, name in LANGUAGES.items():
        action = languages.addAction(name)
        action.setCheckable(True)
        action.setChecked(tag == current_language())
        action.triggered.connect(lambda _checked=False, tag=tag: look.choose("ui.language", tag))
        group.addAction(action)
    colours = menu.addMenu(icon("sun"), tr("Colours"))
    for key in ("theme_system", "theme_light", "theme_dark"):
        colours.addAction(actions[key])
    size = menu.addMenu(icon("type"), tr("Size"))
    for key in ("larger", "smaller", "normal_size", "density"):
        size.addAction(actions[key])
    menu.addSeparator()
    for key in ("palette", "help", "about"):
        menu.addAction(actions[key])
    menu.addSeparator()
    for key in ("lock", "log_out", "quit"):
        menu.addAction(actions[key])
    return menu
