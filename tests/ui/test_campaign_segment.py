"""A segment chosen as the audience on the campaign page."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.campaigns.audience import Audience
from console.core.context import Context
from console.core.segments import pinning, store
from console.core.segments.conditions import Condition, Group
from console.core.segments.operators import Operator
from console.screens.campaigns.editor import CampaignEditor
from console.screens.campaigns.screen import CampaignsPage
from console.shell.services import Services
from db.models import Campaign

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
WEST = Group((Condition("customer.region", Operator.ONE_OF, ("城西",)),))
EAST = Group((Condition("customer.region", Operator.ONE_OF, ("城东",)),))


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(12)
    made.line(pace=10)
    made.template(name="还款提醒")
    return made


def opened(
    qtbot: QtBot, services: Services, settle: Callable[[], None], **arguments: object
) -> tuple[CampaignsPage, CampaignEditor]:
    page = CampaignsPage(services)
    qtbot.addWidget(page)
    page.resize(1200, 800)
    page.show()
    page.arrive(**arguments)
    settle()
    (editor,) = page.findChildren(CampaignEditor)
    return page, editor


def test_a_campaign_for_a_segment_and_for_its_list(
    qtbot: QtBot, services: Services, ctx: Context, world: Any, settle: Callable[[], None]
) -> None:
    saved = store.save_segment(ctx, name="城西", root=WEST)
    pinned = pinning.pin_segment(ctx, saved.segment_id)
    _page, editor = opened(qtbot, services, settle, segment_id=saved.segment_id)
    section = editor.audience
    assert section.by_segment.isChecked()
    assert section.said.text() == "Region is 城西"
    qtbot.waitUntil(lambda: section.reach.text().startswith("4 customers"))
    section.segments.setCurrentIndex(1)
    assert section.segments.currentText().startswith("城西: list of 2026-11-23, 4 customers")
    editor.name.setText("名单")
    editor.save_now()
    settle()
    with ctx.database.read() as session:
        (campaign,) = session.scalars(select(Campaign))
    assert Audience.load(campaign.audience) == Audience.of_segment(saved.segment_id, saved.version_id, pinned.pin_id)


def test_a_draft_keeps_the_version_that_was_chosen(
    qtbot: QtBot, services: Services, ctx: Context, world: Any, settle: Callable[[], None]
) -> None:
    saved = store.save_segment(ctx, name="城西", root=WEST)
    audience = Audience.of_segment(saved.segment_id, saved.version_id)
    campaign_id = world.saved(audience=audience)
    store.save_segment(ctx, segment_id=saved.segment_id, name="城西", root=EAST, seen=1)
    page = CampaignsPage(services)
    qtbot.addWidget(page)
    page.show()
    page.edit(campaign_id)
    settle()
    (editor,) = page.findChildren(CampaignEditor)
    assert editor.audience.audience() == audience
    assert editor.audience.segments.currentText() == "As chosen before: Segment 城西, version 1: Region is 城西"
    editor.audience.segments.setCurrentIndex(1)
    qtbot.waitUntil(lambda: editor.audience.reach.text().startswith("8 "))


def test_a_segment_retired_at_this_moment_is_nobody_and_not_everybody(
    qtbot: QtBot, services: Services, ctx: Context, world: Any, settle: Callable[[], None]
) -> None:
    saved = store.save_segment(ctx, name="城西", root=WEST)
    store.retire_segment(ctx, saved.segment_id)
    _page, editor = opened(qtbot, services, settle, segment_id=saved.segment_id)
    assert editor.audience.audience() == Audience.of_customers([])
    assert not editor.audience.by_segment.isEnabled()
    assert editor.audience.by_segment.text() == "The customers of a segment (none yet)"
