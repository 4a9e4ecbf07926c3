"""The campaigns page: made on one page, checked, submitted, watched."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.campaigns import freeze
from console.core.campaigns.audience import Audience, AudienceKind, Ending
from console.core.campaigns.choices import choices
from console.core.campaigns.housekeeping import ABANDONED
from console.core.campaigns.lifecycle import approve, pause
from console.core.campaigns.views import Outcome
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers.filters import CustomerFilter
from console.core.i18n import use_language
from console.core.sending.control import stop_class
from console.screens.campaigns import detail as detail_module
from console.screens.campaigns.editor import CampaignEditor
from console.screens.campaigns.screen import CampaignsPage
from console.shell.notices import Notice
from console.shell.services import Services
from db.models import Batch, BatchKind, BatchState, Campaign, CampaignState, Message, MessageState

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
FRAUD = "${name}您好,${date}前请勿向陌生人转账。官方咨询仅${tel}。"


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(12)
    made.set_customers([3], phone="02155550100")
    made.line(pace=10)
    made.template(name="还款提醒")
    made.template(FRAUD, "fraud", "防骗提示")
    return made


@pytest.fixture
def page(campaigns_page: Callable[[], CampaignsPage], world: Any) -> CampaignsPage:
    return campaigns_page()


def buttons(widget: QWidget) -> dict[str, QPushButton]:
    return {each.text(): each for each in widget.findChildren(QPushButton) if each.isVisibleTo(widget)}


def press(widget: QWidget, text: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: text in buttons(widget))  # new widgets are shown by the event loop
    qtbot.mouseClick(buttons(widget)[text], Qt.MouseButton.LeftButton)


def editor_of(page: CampaignsPage) -> CampaignEditor:
    found = page.findChildren(CampaignEditor)
    assert len(found) == 1
    return found[0]


def choose(editor: CampaignEditor, name: str) -> None:
    box = editor.template.template
    box.setCurrentIndex(next(i for i in range(box.count()) if name in box.itemText(i)))


def stored(ctx: Context) -> list[Campaign]:
    with ctx.database.read() as session:
        return list(session.scalars(select(Campaign).order_by(Campaign.id)))


@pytest.fixture
def ready(qtbot: QtBot, page: CampaignsPage, settle: Callable[[], None]) -> CampaignEditor:
    """A new campaign with everything answered and checked."""
    page.new()
    settle()
    editor = editor_of(page)
    editor.name.setText("11月还款提醒")
    choose(editor, "还款提醒")
    qtbot.waitUntil(editor._is_checked)
    settle()
    return editor


def test_an_empty_list_says_what_belongs_there(page: CampaignsPage) -> None:
    assert len(page.table) == 0
    assert "New campaign" in buttons(page)


def test_from_nothing_to_submitted_on_one_page(
    qtbot: QtBot, ctx: Context, page: CampaignsPage, ready: CampaignEditor, settle: Callable[[], None]
) -> None:
    found = ready.check.result
    assert found is not None
    assert (found.gets, found.left_out) == (11, 1)
    assert ready.submission.button.isEnabled()
    press(ready, "Submit for approval", qtbot)
    qtbot.waitUntil(lambda: not page.findChildren(CampaignEditor))
    settle()
    row = page.table.current_row()
    assert row is not None
    assert (row.name, row.standing.value, row.total) == ("11月还款提醒", "pending", 11)
    assert [each.state for each in stored(ctx)] == [CampaignState.PENDING]
    qtbot.waitUntil(lambda: "Take back" in buttons(page.detail))


def test_what_is_missing_is_said_and_nothing_can_be_submitted(page: CampaignsPage, settle: Callable[[], None]) -> None:
    page.new()
    settle()
    editor = editor_of(page)
    assert not editor.submission.button.isEnabled()
    assert "a name, a template" in editor.submission.summary.text()
    assert not editor.check.button.isEnabled()
    choose(editor, "防骗提示")
    settle()
    assert "Date" in editor.check.hint.text()


def test_values_for_everybody_are_asked_for_and_shown_in_the_preview(
    qtbot: QtBot, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    page.new()
    settle()
    editor = editor_of(page)
    choose(editor, "防骗提示")
    editor.template.set_values({"date": "2026-12-24"})
    assert editor.template.values() == {"date": "2026-12-24"}
    qtbot.waitUntil(editor._is_checked)
    assert editor.check.result is not None
    assert "12月24日" in editor.check.result.samples[0].body


def test_a_change_after_the_check_asks_for_another(
    qtbot: QtBot, page: CampaignsPage, ready: CampaignEditor, settle: Callable[[], None]
) -> None:
    ready.audience.by_filter.setChecked(True)
    region = ready.audience.filter.region
    region.setCurrentIndex(region.findData("城西"))
    assert not ready.submission.button.isEnabled()
    assert ready.check.stale.isVisibleTo(ready)
    qtbot.waitUntil(ready._is_checked)
    settle()
    assert ready.check.result is not None
    assert ready.check.result.audience == 4
    assert ready.submission.button.isEnabled()


def test_nothing_typed_is_lost_when_the_page_is_left(
    ctx: Context, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    page.new()
    settle()
    editor_of(page).name.setText("写到一半")
    page.step_back()
    settle()
    assert [(each.name, each.state) for each in stored(ctx)] == [("写到一半", CampaignState.DRAFT)]
    page.table.reload()
    settle()
    page.edit(stored(ctx)[0].id)
    settle()
    assert editor_of(page).name.text() == "写到一半"


def test_a_name_typed_before_the_page_was_filled_stays(
    qtbot: QtBot, ctx: Context, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    page.new()
    qtbot.keyClicks(editor_of(page).name, "early")
    settle()
    assert editor_of(page).name.text() == "early"
    page.step_back()
    settle()
    assert [each.name for each in stored(ctx)] == ["early"]


def test_an_untouched_new_campaign_leaves_nothing(
    ctx: Context, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    page.new()
    settle()
    page.step_back()
    settle()
    assert stored(ctx) == []


def test_quick_typing_makes_one_draft(ctx: Context, page: CampaignsPage, settle: Callable[[], None]) -> None:
    page.new()
    settle()
    editor = editor_of(page)
    for length in range(1, 6):
        editor.name.setText("活动名称甲"[:length])
        editor.save_now()
    settle()
    assert [each.name for each in stored(ctx)] == ["活动名称甲"]


def test_arriving_with_a_template_or_an_import_fills_them_in(
    ctx: Context, page: CampaignsPage, world: Any, settle: Callable[[], None]
) -> None:
    with ctx.database.begin() as session:
        from db.models import ImportBatch, ImportedCustomer, ImportState

        made = ImportBatch(
            file_name="名单.xlsx", file_digest="", sheet="1", mapping={}, state=ImportState.DONE, rows_added=2,
            created_by=ctx.actor.user_id, created_at=ctx.clock.now(),
        )  # fmt: skip
        session.add(made)
        session.flush()
        session.add_all([ImportedCustomer(import_id=made.id, customer_id=each) for each in (1, 2)])
        import_id = made.id
    page.arrive(import_id=import_id, template_id=1)
    settle()
    editor = editor_of(page)
    assert editor.template.choice is not None
    assert editor.template.choice.name == "还款提醒"
    assert editor.draft().audience.filter.import_id == import_id
    assert "2" in editor.audience.reach.text()


def test_a_campaign_begins_with_customers_picked_elsewhere(page: CampaignsPage, settle: Callable[[], None]) -> None:
    picked = Audience.of_customers([1, 3])
    page.arrive(audience=picked)
    settle()
    editor = editor_of(page)
    assert editor.draft().audience == picked
    assert "2" in editor.audience.by_hand.text()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (CustomerFilter(due_from=date(2026, 11, 1)), "Due: ≥ 2026-11-01"),
        (CustomerFilter(import_id=1, region="浦东"), "Region: 浦东 · Import: 1"),
    ],
)
def test_a_list_that_the_fields_cannot_say_stays_as_it_was(
    page: CampaignsPage, settle: Callable[[], None], wanted: CustomerFilter, said: str
) -> None:
    listed = Audience(kind=AudienceKind.FILTER, filter=wanted)
    page.arrive(audience=listed)
    settle()
    editor = editor_of(page)
    assert editor.draft().audience == listed
    assert said in editor.audience.by_hand.text()
    assert editor.audience.filter.value() == CustomerFilter()


def test_those_left_out_are_listed_behind_their_number(
    qtbot: QtBot, ready: CampaignEditor, settle: Callable[[], None]
) -> None:
    from console.screens.campaigns.people import PeopleDialog

    link = next(b for b in ready.check.findChildren(QPushButton) if b.accessibleName().startswith("Not a mobile"))
    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    dialog = ready.check.findChild(PeopleDialog)
    assert dialog is not None
    settle()
    assert len(dialog.table) == 1
    dialog.accept()


def test_a_test_message_goes_into_the_queue(
    qtbot: QtBot, ctx: Context, ready: CampaignEditor, settle: Callable[[], None]
) -> None:
    ready.check.phone.setText("139")
    press(ready.check, "Send a test message", qtbot)
    settle()
    assert "mobile number" in ready.check.trial_state.text()
    ready.check.phone.setText("13900139000")
    press(ready.check, "Send a test message", qtbot)
    settle()
    with ctx.database.read() as session:
        batch = session.scalars(select(Batch).where(Batch.kind == BatchKind.TEST)).one()
        message = session.scalars(select(Message).where(Message.batch_id == batch.id)).one()
    assert (batch.state, message.phone) == (BatchState.OPEN, "13900139000")
    assert "[Test]" in message.body


# --- watching


@pytest.fixture
def running(page: CampaignsPage, world: Any, supervisor_ctx: Context, settle: Callable[[], None]) -> Any:
    frozen = world.submitted(version_id=1)
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    world.set_messages(frozen.batch_id, MessageState.DELIVERED, 4)
    world.set_messages(frozen.batch_id, MessageState.UNDELIVERED, 2, reason="tp.46")
    world.set_messages(frozen.batch_id, MessageState.ACCEPTED, 1)
    page.open_campaign(frozen.campaign_id)
    settle()
    return frozen


def test_progress_outcomes_and_causes_are_shown(qtbot: QtBot, page: CampaignsPage, running: Any) -> None:
    pane = page.detail
    numbers = {outcome: pane.progress._numbers[outcome].text() for outcome in Outcome}
    assert (numbers[Outcome.DELIVERED], numbers[Outcome.FAILED], numbers[Outcome.WAITING]) == ("4", "2", "4")
    assert pane.failures.isVisibleTo(pane)
    assert pane.left_out.isVisibleTo(pane)
    qtbot.waitUntil(lambda: "Cancel the remaining 4" in buttons(pane))
    row = page.table.current_row()
    assert row is not None
    assert (row.done, row.total) == (7, 11)


def test_a_number_opens_the_messages_behind_it(
    qtbot: QtBot, page: CampaignsPage, running: Any, settle: Callable[[], None]
) -> None:
    qtbot.mouseClick(page.detail.progress._numbers[Outcome.FAILED], Qt.MouseButton.LeftButton)
    settle()
    assert page.detail.tabs.currentWidget() is page.detail.messages
    assert len(page.detail.messages.table) == 2
    page.detail.messages.outcome.set_value("")
    page.detail.messages.search.setText("0001")
    page.detail.messages._look(keep=False)
    settle()
    assert len(page.detail.messages.table) == 1
    assert page.step_back()
    assert page.detail.tabs.currentIndex() == 0


def test_pause_resume_and_cancel(
    qtbot: QtBot,
    page: CampaignsPage,
    world: Any,
    running: Any,
    settle: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    press(page.detail, "Pause", qtbot)
    settle()
    assert world.batch(running.batch_id).state is BatchState.PAUSED
    press(page.detail, "Resume", qtbot)
    settle()
    asked: list[str] = []

    def yes(_parent: QWidget, _title: str, text: str, action: str, *, danger: bool = False) -> bool:
        asked.append(text)
        assert (action, danger) == ("Cancel the remaining 4", True)
        return True

    monkeypatch.setattr(detail_module, "confirm", yes)
    press(page.detail, "Cancel the remaining 4", qtbot)
    settle()
    assert asked == [
        "4 messages that have not left yet will never be sent. 1 is already on its way. This cannot be undone."
    ]
    assert world.batch(running.batch_id).state is BatchState.CANCELLED
    assert page.detail.progress._numbers[Outcome.CANCELLED].text() == "4"
    qtbot.waitUntil(lambda: "Pause" not in buttons(page.detail))


def test_a_copy_opens_as_a_new_draft(
    qtbot: QtBot, ctx: Context, page: CampaignsPage, running: Any, settle: Callable[[], None]
) -> None:
    page.detail.copy()
    settle()
    assert editor_of(page).name.text() == "房贷11月还款提醒 (copy)"
    assert [each.state for each in stored(ctx)] == [CampaignState.APPROVED, CampaignState.DRAFT]


def test_those_it_did_not_reach_get_a_campaign_of_their_own(
    qtbot: QtBot, page: CampaignsPage, running: Any, settle: Callable[[], None]
) -> None:
    press(page.detail, "New campaign for these", qtbot)
    settle()
    editor = editor_of(page)
    assert editor.audience.by_hand.isChecked()
    assert editor.audience.audience() == Audience.of_outcome(running.batch_id, Ending.FAILED, ["tp.46"])
    qtbot.waitUntil(lambda: editor.audience.reach.text().startswith("2 loans"))


def test_the_details_are_exported(
    page: CampaignsPage, running: Any, settle: Callable[[], None], tmp_path: Path, notices: list[Notice]
) -> None:
    target = tmp_path / "活动.xlsx"
    page.detail.export_to(target)
    settle()
    assert target.exists()
    assert any("Exported" in notice.text for notice in notices)


def test_filters_and_search_narrow_the_list(
    page: CampaignsPage, world: Any, running: Any, settle: Callable[[], None]
) -> None:
    world.saved(version_id=2, name="防骗")
    page.arrive(standing="sending")
    settle()
    assert len(page.table) == 1
    page.standing.set_value("")
    page.class_box.set_value("fraud")
    page._look()
    settle()
    assert len(page.table) == 1
    assert page.bar.search is not None
    page.bar.search.setText("没有")
    page._look()
    settle()
    assert len(page.table) == 0


def test_a_checker_watches_but_does_not_make(
    arrived: Callable[[CampaignsPage], CampaignsPage],
    services_of: Callable[[Context], Services],
    supervisor_ctx: Context,
    world: Any,
) -> None:
    page = arrived(CampaignsPage(services_of(supervisor_ctx)))
    assert page.bar.primary is None
    assert "New campaign" not in buttons(page)


def test_what_a_crash_left_half_prepared_is_a_draft_again(
    qtbot: QtBot, ctx: Context, world: Any, clock: FixedClock, campaigns_page: Callable[[], CampaignsPage]
) -> None:
    campaign_id = world.saved(version_id=1)
    freeze._start(ctx, campaign_id)
    clock.advance(ABANDONED + timedelta(seconds=1))
    page = campaigns_page()
    assert [each.state for each in stored(ctx)] == [CampaignState.DRAFT]
    qtbot.waitUntil(lambda: "Edit" in buttons(page.detail))


def test_in_chinese(qtbot: QtBot, services: Services, world: Any, settle: Callable[[], None]) -> None:
    use_language("zh_CN")
    page = CampaignsPage(services)
    qtbot.addWidget(page)
    page.show()
    page.new()
    settle()
    assert editor_of(page).isVisible()


def test_every_control_has_a_name(page: CampaignsPage, ready: CampaignEditor) -> None:
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QDateTimeEdit, QLineEdit

    for kind in (QAbstractButton, QComboBox, QLineEdit, QDateTimeEdit):
        for control in page.findChildren(kind):
            hidden = control.objectName().startswith("qt_") or not control.isVisible()
            assert hidden or control.accessibleName() or getattr(control, "text", str)(), control


def test_what_was_changed_in_the_database_is_not_resumed(
    page: CampaignsPage,
    world: Any,
    supervisor_ctx: Context,
    settle: Callable[[], None],
    qtbot: QtBot,
    notices: list[Notice],
) -> None:
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    pause(supervisor_ctx, frozen.campaign_id, "drill")
    with supervisor_ctx.database.begin() as session:
        session.get_one(Batch, frozen.batch_id).priority = 9
    page.arrive(campaign_id=frozen.campaign_id)
    settle()
    press(page.detail, "Resume", qtbot)
    qtbot.waitUntil(lambda: bool(notices))
    assert "changed in the database after it was approved" in notices[-1].text
    assert world.batch(frozen.batch_id).state is BatchState.PAUSED


def test_a_stopped_kind_is_told_beside_its_campaigns(
    page: CampaignsPage, world: Any, ctx: Context, supervisor_ctx: Context, settle: Callable[[], None]
) -> None:
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    stop_class(ctx, "remind", "wrong amount")
    page.arrive(campaign_id=frozen.campaign_id)
    settle()
    assert page.detail._stopped.text().startswith("Stopped: Repayment reminder. wrong amount")
    assert page.detail._stopped.isVisibleTo(page.detail)


def test_people_of_an_earlier_campaign_are_left_out(
    page: CampaignsPage, world: Any, settle: Callable[[], None], ctx: Context
) -> None:
    earlier = world.submitted(name="十一月", audience=Audience.of_customers([1, 2]))
    settle()
    page.bar.primary.click()
    settle()
    editor = page.findChild(CampaignEditor)
    rows = editor.audience.without
    assert not rows.segment.box.isEnabled()  # there is none
    rows.earlier.box.click()
    assert rows.earlier.which.isVisible()
    assert rows.earlier.which.currentText().startswith("十一月")
    told = Audience.of_outcome(earlier.batch_id, Ending.TOLD)
    assert editor.audience.audience() == Audience(without=(told,))
    with ctx.database.read() as session:
        editor.audience.begin(choices(session), Audience(without=(told,)))
    assert editor.audience.audience() == Audience(without=(told,))
    rows.earlier.box.click()
    assert editor.audience.audience() == Audience()
