"""The approvals page: read everything, then decide; never one's own."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.campaigns.lifecycle import approve, save_draft
from console.core.context import Actor, Context
from console.core.security.permissions import Role
from console.core.sending.control import stop_class
from console.screens.approvals import reading as reading_module
from console.screens.approvals.people import PeopleDialog
from console.screens.approvals.screen import ApprovalsPage
from console.shell.notices import Notice
from console.shell.services import Services
from db.models import AuditEntry, BatchState, Campaign, CampaignState, MessageState, User

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(12)
    made.set_customers([3], phone="02155550100")
    made.line(pace=10)
    return made


@pytest.fixture
def services(services_of: Callable[[Context], Services], supervisor_ctx: Context) -> Services:
    """Services of the supervisor."""
    return services_of(supervisor_ctx)


@pytest.fixture
def opened(services: Services, arrived: Callable[[ApprovalsPage], ApprovalsPage]) -> Callable[[], ApprovalsPage]:
    return lambda: arrived(ApprovalsPage(services))


def state_of(ctx: Context, campaign_id: int) -> CampaignState:
    with ctx.database.read() as session:
        return session.get_one(Campaign, campaign_id).state


def test_an_empty_queue_says_so(opened: Callable[[], ApprovalsPage]) -> None:
    page = opened()
    assert len(page.table) == 0
    assert page.reading.currentWidget() is page.reading._empty


def test_everything_is_there_to_be_read(
    opened: Callable[[], ApprovalsPage], world: Any, supervisor_ctx: Context, settle: Callable[[], None]
) -> None:
    version = world.template()
    old = world.submitted(version_id=version, name="上月")
    approve(supervisor_ctx, old.campaign_id, old.digest)
    world.submitted(version_id=version, name="本月")
    pane = opened().reading
    assert pane._title.text() == "本月"
    assert pane.changes.isVisibleTo(pane)
    assert pane.left_out.isVisibleTo(pane)
    assert len(pane.messages.table) == 11
    assert pane.messages.text.text().startswith("【示例银行】")  # one in full, before anything is chosen
    pane.messages.order.setCurrentIndex(1)
    settle()
    assert pane.messages.table.current_id() == pane.messages.table.records.ids[0]
    assert pane.messages.text.text().startswith("【示例银行】")
    assert pane.decision.approve.isEnabled()
    assert not pane.decision.return_.isEnabled()
    assert "exactly what was submitted" in pane.decision.state.text()


def test_enter_in_the_queue_reads_on_by_keyboard(
    qtbot: QtBot, opened: Callable[[], ApprovalsPage], world: Any, settle: Callable[[], None]
) -> None:
    world.submitted()
    page = opened()
    page.resize(1000, 500)
    bar = page.reading._scroll.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    focused = page.window().focusWidget()
    assert focused is page.reading._scroll
    assert focused.accessibleName() == "房贷11月还款提醒"
    qtbot.keyClick(focused, Qt.Key.Key_PageDown)
    assert bar.value() > 0
    settle()


def test_approving_opens_the_campaign(
    qtbot: QtBot,
    opened: Callable[[], ApprovalsPage],
    world: Any,
    ctx: Context,
    settle: Callable[[], None],
    notices: list[Notice],
) -> None:
    frozen = world.submitted()
    page = opened()
    qtbot.mouseClick(page.reading.decision.approve, Qt.MouseButton.LeftButton)
    settle()
    assert world.batch(frozen.batch_id).state is BatchState.OPEN
    assert len(page.table) == 0
    assert [notice.text for notice in notices] == ["Approved: 房贷11月还款提醒"]


def test_a_stopped_kind_may_be_approved_and_says_so(
    opened: Callable[[], ApprovalsPage], world: Any, ctx: Context
) -> None:
    world.submitted()
    stop_class(ctx, "remind", "wrong amount")
    pane = opened().reading
    said = [each.text() for each in pane.findings.findChildren(QLabel)]
    assert any(text.startswith("Stopped: Repayment reminder. wrong amount") for text in said)
    assert pane.decision.approve.isEnabled()


def test_returning_needs_a_comment(
    qtbot: QtBot, opened: Callable[[], ApprovalsPage], world: Any, ctx: Context, settle: Callable[[], None]
) -> None:
    frozen = world.submitted()
    page = opened()
    page.reading.decision.comment.setPlainText("请写明金额")
    qtbot.mouseClick(page.reading.decision.return_, Qt.MouseButton.LeftButton)
    settle()
    assert state_of(ctx, frozen.campaign_id) is CampaignState.RETURNED
    assert len(page.table) == 0


def test_own_campaigns_are_shown_with_the_reason_but_cannot_be_decided(
    arrived: Callable[[ApprovalsPage], ApprovalsPage],
    services_of: Callable[[Context], Services],
    ctx: Context,
    world: Any,
) -> None:
    world.submitted()
    with ctx.database.begin() as session:
        session.get_one(User, ctx.actor.user_id).roles = ["officer", "supervisor"]
    actor = Actor.of(ctx.actor.user_id, "officer", "王敏", frozenset({Role.OFFICER, Role.SUPERVISOR}))
    page = arrived(ApprovalsPage(services_of(replace(ctx, actor=actor))))
    assert len(page.table) == 1
    decision = page.reading.decision
    assert not decision.approve.isVisibleTo(page)
    assert not decision.return_.isVisibleTo(page)
    assert "somebody else must decide" in decision.state.text()


def test_a_changed_row_cannot_be_approved_and_is_put_on_record(
    opened: Callable[[], ApprovalsPage], world: Any, ctx: Context
) -> None:
    frozen = world.submitted()
    world.set_messages(frozen.batch_id, MessageState.WAITING, 1, body="【示例银行】请转账。")
    decision = opened().reading.decision
    assert not decision.approve.isEnabled()
    assert "not what was submitted" in decision.state.text()
    with ctx.database.read() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert actions[-1] == "campaign.tampered"


def test_an_edit_while_it_is_read_takes_it_out_of_the_queue(
    qtbot: QtBot, opened: Callable[[], ApprovalsPage], world: Any, ctx: Context, settle: Callable[[], None]
) -> None:
    frozen = world.submitted()
    page = opened()
    save_draft(ctx, world.draft(name="改过"), frozen.campaign_id)
    qtbot.mouseClick(page.reading.decision.approve, Qt.MouseButton.LeftButton)
    settle()
    assert state_of(ctx, frozen.campaign_id) is CampaignState.DRAFT
    page.refresh(None)
    settle()
    assert len(page.table) == 0


def test_a_large_batch_is_verified_as_a_task(
    opened: Callable[[], ApprovalsPage], world: Any, monkeypatch: pytest.MonkeyPatch, services: Services
) -> None:
    monkeypatch.setattr(reading_module, "QUIET", 5)
    started: list[Any] = []
    services.tasks.started.connect(started.append)
    world.submitted()
    page = opened()
    assert [task.title for task in started] == ["Verifying 房贷11月还款提醒"]
    assert page.reading.decision.approve.isEnabled()


def test_those_left_out_are_listed(
    qtbot: QtBot, opened: Callable[[], ApprovalsPage], world: Any, settle: Callable[[], None]
) -> None:
    world.submitted()
    page = opened()
    links = page.reading.left_out.findChildren(QPushButton)
    qtbot.mouseClick(links[0], Qt.MouseButton.LeftButton)
    settle()
    dialog = page.findChild(PeopleDialog)
    assert dialog is not None
    assert len(dialog.table) == 1
    dialog.accept()
