"""Declaring fields of customers in the settings."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.screens.settings.customfields import FieldDialog
from console.screens.settings.screen import SettingsPage
from console.shell.services import Services


def test_declared_ordered_changed_and_retired(
    admin_ctx: Context, services_of: Callable[[Context], Services], qtbot: QtBot
) -> None:
    services = services_of(admin_ctx)
    page = SettingsPage(services)
    qtbot.addWidget(page)
    page.resize(1000, 600)
    page.show()
    page.arrive(section="fields")
    section = page.fields
    assert section is not None

    def settle() -> None:
        qtbot.waitUntil(lambda: services.tasks.idle)

    def titles() -> list[str]:
        settle()
        records = section.table.records
        return [str(records.data(records.index(row, 0))) for row in range(records.rowCount())]

    def save(**values: object) -> FieldDialog:
        dialog = next(
            each for each in QApplication.topLevelWidgets() if isinstance(each, FieldDialog) and each.isVisible()
        )
        dialog.form.set_values(values)
        qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
        settle()
        return dialog

    assert titles() == []
    assert page.bar.primary is not None
    qtbot.mouseClick(page.bar.primary, Qt.MouseButton.LeftButton)
    save(title="职业")
    section.add()
    asking = next(each for each in QApplication.topLevelWidgets() if isinstance(each, FieldDialog) and each.isVisible())
    hint = next(each for each in asking.findChildren(QLabel) if each.text() == "One on each line")
    assert not hint.isVisible()  # nor is the field that it is about
    asking.kind.setCurrentIndex(asking.kind.findData("choice"))
    assert hint.isVisible()
    refused = save(title="等级", kind="choice", choices="金")
    assert "2 to 50" in refused.trouble.text()
    save(choices="金\n银")
    assert titles() == ["职业", "等级"]
    section.table.selectRow(1)
    settle()
    qtbot.mouseClick(section.up, Qt.MouseButton.LeftButton)
    assert titles() == ["等级", "职业"]
    section.edit()
    dialog = next(each for each in QApplication.topLevelWidgets() if isinstance(each, FieldDialog) and each.isVisible())
    assert not dialog.kind.isEnabled()
    save(title="客户等级")
    assert titles() == ["客户等级", "职业"]
    qtbot.mouseClick(section.retire, Qt.MouseButton.LeftButton)
    assert titles() == ["职业", "客户等级"]
    assert section.retire.text() == "Take up again"


def test_not_for_officers(services: Services, qtbot: QtBot) -> None:
    page = SettingsPage(services)
    qtbot.addWidget(page)
    assert page.fields is None
