"""Campaigns side by side, from the list and from an approval."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.core.campaigns.audience import Audience
from console.core.campaigns.lifecycle import approve, copy, submit
from console.core.context import Context
from console.screens.approvals.screen import ApprovalsPage
from console.screens.campaigns.comparing import ComparePane, OnlyInDialog
from console.screens.campaigns.screen import CampaignsPage
from console.shell.services import Services

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
SHORT = "${name}您好,您的${prod}(尾号${no})本期应还${amt}元,还款日${due}。咨询${tel}。"


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(20)
    made.line(pace=10)
    return made


@pytest.fixture
def two(world: Any) -> tuple[Any, Any]:
    first = world.submitted(name="甲", audience=Audience.of_customers(list(range(1, 13))))
    shorter = world.template(SHORT, name="短提醒")
    return first, world.submitted(
        name="乙", template_version_id=shorter, audience=Audience.of_customers(list(range(9, 21)))
    )


@pytest.fixture
def page(campaigns_page: Callable[[], CampaignsPage], two: Any) -> CampaignsPage:
    return campaigns_page()


def pane_of(page: CampaignsPage, settle: Callable[[], None]) -> ComparePane:
    settle()
    (pane,) = page.findChildren(ComparePane)
    return pane


def link(widget: QWidget, name: str) -> QPushButton:
    return next(each for each in widget.findChildren(QPushButton) if each.accessibleName() == name)


def said(widget: QWidget) -> list[str]:
    return [each.text() for each in widget.findChildren(QLabel) if each.isVisibleTo(widget)]


def test_two_chosen_campaigns_stand_side_by_side(
    qtbot: QtBot, page: CampaignsPage, settle: Callable[[], None], tmp_path: Path
) -> None:
    assert not page.comparing.isEnabled()
    assert page.comparing.toolTip().startswith("Choose two to four campaigns")
    selection = page.table.selectionModel()
    for row in range(2):
        index = page.table.model().index(row, 0)
        selection.select(index, QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows)
    assert page.comparing.isEnabled()
    qtbot.mouseClick(page.comparing, Qt.MouseButton.LeftButton)
    pane = pane_of(page, settle)
    assert pane.shown is not None
    assert set(pane.shown.names) == {"甲", "乙"}
    qtbot.waitUntil(lambda: "Template" in said(pane.settings))  # new widgets are shown by the event loop
    assert "Class" not in said(pane.settings)
    pane.settings.whole.setChecked(True)
    qtbot.waitUntil(lambda: "Class" in said(pane.settings))
    assert any("<s " in text or "<u " in text for text in said(pane.wording))
    qtbot.mouseClick(link(pane, "Only in 甲, not in 乙: 8"), Qt.MouseButton.LeftButton)
    (dialog,) = pane.findChildren(OnlyInDialog)
    settle()
    assert len(dialog.table) == 8
    dialog.accept()
    pane.export_to(tmp_path / "比较.xlsx")
    settle()
    assert (tmp_path / "比较.xlsx").stat().st_size > 1000
    assert page.step_back()
    settle()
    assert not page.findChildren(ComparePane)
    assert page.bar.isVisible()


def test_one_alone_is_not_compared(page: CampaignsPage) -> None:
    page.table.select_id(page.table.records.ids[0])
    assert not page.comparing.isEnabled()


def test_what_is_gone_is_told_and_the_list_comes_back(
    qtbot: QtBot, page: CampaignsPage, notices: list[Any], settle: Callable[[], None]
) -> None:
    page.arrive(compare=(1, 999))
    settle()
    assert "does not exist any more" in notices[-1].text
    qtbot.waitUntil(lambda: not page.findChildren(ComparePane))


def test_an_approval_leads_to_the_comparison_with_the_one_before(
    qtbot: QtBot,
    world: Any,
    two: tuple[Any, Any],
    supervisor_ctx: Context,
    services_of: Callable[[Context], Services],
) -> None:
    first, _second = two
    approve(supervisor_ctx, first.campaign_id, first.digest)
    again = submit(world.ctx, copy(world.ctx, first.campaign_id))
    services = services_of(supervisor_ctx)
    page = ApprovalsPage(services)
    qtbot.addWidget(page)
    page.show()
    page.arrive(campaign_id=again.campaign_id)
    reading = page.reading
    qtbot.waitUntil(lambda: reading.changes.isVisibleTo(reading) and services.tasks.idle)
    with qtbot.waitSignal(services.navigated) as told:
        reading.changes.compare.click()
    assert told.args == ["campaigns", {"compare": (first.campaign_id, again.campaign_id)}]
