from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from console.core.compliance.drafts import change_rule, start_draft, submit_draft
from console.core.context import Context
from console.core.events import Change, Topic
from console.core.messages.library import save_template
from console.core.messages.review import submit_template
from console.core.sending.reconcile import reconcile
from console.screens.home.discrepancies import DiscrepancyDialog, SettleDialog
from console.screens.home.screen import HomePage, OwnPhoneDialog
from console.screens.home.unknown import UnknownDialog
from console.shell.services import Services
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Dispatcher,
    Line,
    LineState,
    Message,
    MessageState,
)


@pytest.fixture
def fill(ctx: Context) -> Callable[..., list[int]]:
    """A ready line, a living dispatcher, and messages in the states given; their ids."""

    def add(*states: MessageState) -> list[int]:
        now = ctx.clock.now()
        with ctx.database.begin() as session:
            line = Line(name="柜台一号", address="COM5", created_at=now, state=LineState.READY, health_at=now)
            line.health = {"signal_dbm": -71, "bars": 5, "operator": "中国移动", "registration": "home"}
            session.add_all([line, Dispatcher(run="r", host="h", pid=1, started_at=now, heartbeat_at=now)])
            session.flush()
            batch = Batch(
                kind=BatchKind.TEST,
                class_key="service",
                state=BatchState.OPEN,
                line_id=line.id,
                created_by=ctx.actor.user_id,
                created_at=now,
            )
            session.add(batch)
            session.flush()
            messages = [_message(batch.id, line.id, state, number, now) for number, state in enumerate(states)]
            session.add_all(messages)
            session.flush()
            return [message.id for message in messages]

    return add


def _message(batch_id: int, line_id: int, state: MessageState, number: int, now: Any) -> Message:
    phone = f"138001380{number:02}"
    waits = state is MessageState.WAITING
    return Message(
        batch_id=batch_id,
        phone=phone,
        recipient=phone,
        body="【示例银行】您好",
        parts=1,
        digest="",
        state=state,
        reason="at.timeout" if state is MessageState.UNKNOWN else "",
        line_id=None if waits else line_id,
        created_at=now,
        sending_at=None if waits else now - timedelta(minutes=10),
        accepted_at=None if waits else now - timedelta(minutes=10),
        done_at=now if state is MessageState.DELIVERED else None,
    )


@pytest.fixture
def page(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> Callable[[], HomePage]:
    def make() -> HomePage:
        made = HomePage(services)
        qtbot.addWidget(made)
        made.resize(1100, 720)
        made.show()
        made.arrive()
        settle()
        return made

    return make


def test_an_empty_database_greets_with_three_steps(page: Callable[[], HomePage]) -> None:
    home = page()
    assert home.steps.isVisible()
    assert home.headline.words.text() == "Attach a line, and sending can begin."
    assert home.steps.customers.accessibleName() == "2. Import customers: still to do"
    assert not home.steps.line.button.isVisible()  # an officer may not attach one
    assert home.steps.customers.button.isVisible()


def test_the_page_makes_no_windows_of_its_own(page: Callable[[], HomePage]) -> None:
    home = page()
    assert [w for w in QApplication.topLevelWidgets() if w.isVisible()] == [home]


def test_the_day_is_told_in_figures_and_words(page: Callable[[], HomePage], fill: Callable[..., list[int]]) -> None:
    fill(MessageState.DELIVERED, MessageState.DELIVERED, MessageState.ACCEPTED, MessageState.WAITING)
    home = page()
    assert home.today.sent.number.text() == "3"
    assert home.today.delivered.number.text() == "2"
    assert home.today.queued.number.text() == "1"
    assert home.today.chart.words(9) == "09:00  Delivered 2 · Awaiting receipt 1"
    assert "09:00" in home.today.chart.accessibleDescription()
    (line,) = home.lines.rows.widgets
    assert "柜台一号" in line.accessibleName()
    assert "-71 dBm" in line.accessibleName()
    assert home.steps.line.accessibleName() == "1. Attach a line: done"


def test_it_looks_again_when_the_outbox_changes(
    page: Callable[[], HomePage], fill: Callable[..., list[int]], services: Services, settle: Callable[[], None]
) -> None:
    home = page()
    assert home.today.sent.number.text() == "0"
    fill(MessageState.DELIVERED)
    services.announce(Change.of(Topic.OUTBOX))
    settle()
    assert home.today.sent.number.text() == "1"


def test_unknown_outcomes_are_decided_here(
    page: Callable[[], HomePage],
    fill: Callable[..., list[int]],
    ctx: Context,
    qtbot: QtBot,
    settle: Callable[[], None],
) -> None:
    (message,) = fill(MessageState.UNKNOWN)
    home = page()
    (problem,) = home.waiting.problems.widgets
    assert problem.title.text() == "1 outcome is not known"
    problem.title.click()
    settle()
    dialog = home.findChild(UnknownDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.table.selected_ids() == [message])
    assert dialog.evidence.text()
    qtbot.mouseClick(dialog.sent, Qt.MouseButton.LeftButton)
    settle()
    with ctx.database.read() as session:
        assert session.get_one(Message, message).state is MessageState.ACCEPTED
    dialog.accept()
    settle()
    assert home.waiting.nothing.isVisible()


def test_a_test_to_my_own_phone(
    page: Callable[[], HomePage], fill: Callable[..., list[int]], ctx: Context, settle: Callable[[], None], notices: Any
) -> None:
    fill()
    home = page()
    home.send_test()
    dialog = home.findChild(OwnPhoneDialog)
    assert dialog is not None
    dialog.form.set_values({"phone": "123"})
    dialog.action.click()
    settle()
    assert "not a mobile number" in dialog.trouble.text()
    dialog.form.set_values({"phone": "13800138000"})
    dialog.action.click()
    settle()
    assert [notice.text for notice in notices] == ["The test message is in the queue."]
    with ctx.database.read() as session:
        assert session.query(Message).one().phone == "13800138000"


@pytest.fixture
def odd(fill: Callable[..., list[int]], ctx: Context) -> int:
    """A message that says it was delivered, and of which nothing ever left."""
    (message,) = fill(MessageState.DELIVERED)
    reconcile(ctx)
    return message


def test_what_does_not_add_up_is_a_red_flag_with_the_messages_behind_it(
    page: Callable[[], HomePage], odd: int, settle: Callable[[], None], qtbot: QtBot
) -> None:
    home = page()
    assert home.headline.words.text() == "The records do not add up."
    flag = home.waiting.problems.widgets[0]
    assert flag.title.text() == "5 things do not add up"  # no seal, no count, no digest, no part, not on the line
    qtbot.mouseClick(flag.title, Qt.MouseButton.LeftButton)
    dialog = home.findChild(DiscrepancyDialog)
    assert dialog is not None
    model = dialog.table.model()

    def titles() -> list[object]:
        return [model.index(place, 0).data() for place in range(model.rowCount())]

    qtbot.waitUntil(lambda: "Message and its parts disagree" in titles())
    dialog.table.selectRow(titles().index("Message and its parts disagree"))
    qtbot.waitUntil(lambda: list(dialog.messages.records.ids) == [odd])
    settle()
    assert "report of the carrier" in dialog.advice.text()
    assert not dialog.settle.isEnabled()  # an officer looks, somebody above settles
    assert dialog.settle.toolTip() == "A supervisor settles it."
    assert dialog.alarm.isVisibleTo(dialog)


def test_it_is_settled_with_a_note_and_checked_again(
    qtbot: QtBot, services_of: Callable[[Context], Services], supervisor_ctx: Context, odd: int
) -> None:
    services = services_of(supervisor_ctx)
    around = QWidget()
    qtbot.addWidget(around)
    dialog = DiscrepancyDialog(around, services)
    dialog.show()
    qtbot.waitUntil(lambda: len(dialog.table) == 5)
    dialog.table.selectAll()
    qtbot.mouseClick(dialog.settle, Qt.MouseButton.LeftButton)
    note = dialog.findChild(SettleDialog)
    assert note is not None
    note.form.set_values({"note": "a drill"})
    qtbot.mouseClick(note.action, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(dialog.table) == 0)
    qtbot.mouseClick(dialog.check, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: services.tasks.idle)
    assert len(dialog.table) == 0  # what was settled stays settled
    assert not dialog.alarm.isVisibleTo(dialog)  # where everything adds up, nothing was changed


def test_a_supervisor_is_told_of_drafts_to_decide_on(
    qtbot: QtBot,
    services_of: Callable[[Context], Services],
    arrived: Callable[[HomePage], HomePage],
    ctx: Context,
    admin_ctx: Context,
    supervisor_ctx: Context,
) -> None:
    made = save_template(ctx, name="提醒", class_key="remind", body="${name}您好,您的${prod}应还${amt}元,咨询${tel}。")
    submit_template(ctx, made.template_id, made.number)
    draft = start_draft(admin_ctx)
    change_rule(admin_ctx, draft, "cap.marketing.month", {"limit": 4}, "meeting")
    submit_draft(admin_ctx, draft, "spring", None)
    home = arrived(HomePage(services_of(supervisor_ctx)))
    assert home.headline.words.text() == "2 things wait for you."
    went: list[tuple[str, dict[str, object]]] = []
    home.services.navigated.connect(lambda key, arguments: went.append((key, arguments)))
    for each in home.waiting.problems.widgets:
        each.title.click()
    assert went == [("rules", {"section": "draft"}), ("templates", {"state": "in_review"})]
    assert not home.waiting.nothing.isVisible()


def test_the_campaign_that_does_not_add_up_is_one_click_away(
    qtbot: QtBot, services: Services, settle: Callable[[], None], ctx: Context
) -> None:
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        campaign = Campaign(
            name="甲", class_key="remind", audience={}, variables={}, state=CampaignState.APPROVED,
            created_by=ctx.actor.user_id, created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        batch = Batch(
            kind=BatchKind.CAMPAIGN, class_key="remind", state=BatchState.OPEN, campaign_id=campaign.id, messages=3,
            created_by=ctx.actor.user_id, created_at=now,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        campaign.batch_id, wanted = batch.id, campaign.id
    reconcile(ctx)
    around = QWidget()
    qtbot.addWidget(around)
    dialog = DiscrepancyDialog(around, services)
    dialog.show()
    assert not dialog.campaign.isEnabled()
    qtbot.waitUntil(dialog.campaign.isEnabled)
    settle()
    went: list[tuple[str, dict[str, object]]] = []
    services.navigated.connect(lambda key, arguments: went.append((key, arguments)))
    qtbot.mouseClick(dialog.campaign, Qt.MouseButton.LeftButton)
    assert went == [("campaigns", {"campaign_id": wanted})]
