from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent, QTextCursor
from PySide6.QtWidgets import QDialog, QPushButton
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.messages import library
from console.core.messages.library import TemplateDetail, TemplateFilter
from console.core.settings import Settings
from console.screens.templates.dialogs import ImportDialog, ReturnDialog
from console.screens.templates.preview import FindingLine
from console.screens.templates.screen import TemplatesPage
from console.shell.notices import Notice
from console.shell.services import Services
from db.engine import Database
from db.models import Customer, Loan, LoanState

BODY = "${name}您好,您的${prod}应还${amt}元,咨询${tel}。"
Settle = Callable[[], None]


@pytest.fixture
def library_ids(database: Database, ctx: Context) -> dict[str, int]:
    """The shipped library, by key, and two customers with a loan."""
    now = ctx.clock.now()
    with database.begin() as session:
        library.ship_templates(session, ctx.clock)
        for id_, name in ((1, "尼格买提·阿不都热合曼"), (2, "李强")):
            session.add(
                Customer(
                    id=id_, number=f"C{id_}", name=name, pinyin="x", initials="x", phone=f"1380013800{id_}",
                    phone_tail=f"800{id_}", tags=[], created_at=now, updated_at=now,
                )
            )  # fmt: skip
            session.flush()
            session.add(
                Loan(
                    customer_id=id_, number=f"L000{id_}", product="房贷", account_tail="3366", updated_at=now,
                    state=LoanState.ACTIVE, amount_due=Decimal("100.00"),
                    start_on=(now - timedelta(days=400)).date(), due_on=(now + timedelta(days=3)).date(),
                )
            )  # fmt: skip
    with database.read() as session:
        rows = library.template_rows(session, library.template_ids(session, TemplateFilter()))
    return {row.key: row.id for row in rows}


@pytest.fixture
def page(
    library_ids: dict[str, int], services: Services, arrived: Callable[[TemplatesPage], TemplatesPage]
) -> TemplatesPage:
    return arrived(TemplatesPage(services))


@pytest.fixture
def opened(page: TemplatesPage, library_ids: dict[str, int], settle: Settle) -> TemplatesPage:
    page.open(library_ids["remind-1"])
    settle()
    page.editor.show_preview()
    return page


def rules(page: TemplatesPage) -> list[str]:
    page.editor.show_preview()
    return [finding.rule for finding in page.editor.preview.findings.shown or ()]


def detail_of(ctx: Context, template_id: int) -> TemplateDetail:
    with ctx.database.read() as session:
        return library.template_detail(session, template_id)


def bubble(page: TemplatesPage) -> str:
    return page.editor.preview.phone.bubble.text


def test_the_list_searches_and_filters(page: TemplatesPage, settle: Settle) -> None:
    assert len(page.table) == 43
    page._search("96110")
    settle()
    assert len(page.table) == 1
    page._search("")
    page.class_.set_value("remind")
    page._filter("remind")
    settle()
    assert len(page.table) == 2
    page.state.set_value("retired")
    page._filter("retired")
    settle()
    assert len(page.table) == 0


def test_choosing_a_row_opens_it(page: TemplatesPage, library_ids: dict[str, int], settle: Settle) -> None:
    page.table.select_id(library_ids["care-1"])
    settle()
    assert page.editor.name.text() == "生日祝福"
    assert page.editor.body.text().startswith("${name}您好,值此生日之际")
    assert not page.editor.dirty


def test_the_preview_shows_a_real_customer_and_what_it_costs(opened: TemplatesPage) -> None:
    assert bubble(opened).startswith("【示例银行】李强您好,您的房贷(尾号0002)第")
    assert "100.00元" in bubble(opened)
    assert "billed as 2 messages" in opened.editor.preview.length.text()
    opened.editor.preview.picker.after.click()
    assert "尼格买提·阿不都热合曼您好" in bubble(opened)
    opened.editor.preview.picker.before.click()
    opened.editor.preview.picker.longest.click()
    assert "尼格买提·阿不都热合曼您好" in bubble(opened)


def test_the_preview_tells_the_price(opened: TemplatesPage) -> None:
    assert "yuan" not in opened.editor.preview.length.text()
    services = opened.services
    services.use_context(services.ctx.with_settings(Settings({"sending.part_price": 45})))
    opened.editor.show_preview()
    assert opened.editor.preview.length.text().endswith("0.09 yuan a customer")


def test_the_preview_follows_the_typing(opened: TemplatesPage, qtbot: QtBot) -> None:
    editor = opened.editor.body
    editor.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClicks(editor, "Bye")
    qtbot.waitUntil(lambda: bubble(opened).endswith("Bye"))
    assert opened.editor.dirty
    assert opened.editor.save.isEnabled()


def test_typing_never_asks_the_database(opened: TemplatesPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(opened.services.tasks, "query", lambda *args, **kwargs: asked.append(args))
    qtbot.keyClicks(opened.editor.body, "abc")
    opened.editor.show_preview()
    opened.editor.preview.picker.after.click()
    assert asked == []


def test_chips_put_variables_in(opened: TemplatesPage) -> None:
    editor = opened.editor
    editor.body.set_text("您好,")
    editor.body.moveCursor(QTextCursor.MoveOperation.End)
    next(chip for chip in editor.chips.chips if chip.key == "name").click()
    assert editor.body.text() == "您好,${name}"
    assert editor.body.textCursor().position() == len("您好,${name}")


def test_a_dragged_chip_lands_where_it_is_dropped(opened: TemplatesPage) -> None:
    editor = opened.editor.body
    editor.set_text("您好")
    mime = QMimeData()
    mime.setText("${name}")
    at = QPointF(editor.cursorRect(QTextCursor(editor.document())).center())
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    editor.dropEvent(QDropEvent(at, copy, mime, left, none))
    assert editor.text() == "${name}您好"


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # popups on the offscreen platform
def test_a_dollar_offers_variables(opened: TemplatesPage, qtbot: QtBot) -> None:
    editor = opened.editor.body
    editor.set_text("")
    editor.setFocus()
    qtbot.keyClicks(editor, "$")
    qtbot.waitUntil(editor.offered.isVisible)
    qtbot.keyClicks(editor, "amt")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.text() == "${amt}"
    assert not editor.offered.isVisible()
    qtbot.keyClicks(editor, "$")
    qtbot.waitUntil(editor.offered.isVisible)
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert editor.text() == "${amt}$"


def test_errors_are_said_and_shown_where_they_are(opened: TemplatesPage, qtbot: QtBot) -> None:
    editor = opened.editor.body
    editor.set_text("😀不还就坐 牢。" + BODY + "${nmae}")
    assert rules(opened) == ["word.threat", "variable.unknown"]
    lines = opened.editor.preview.findings.findChildren(FindingLine)
    lines[0].findChildren(QPushButton)[0].click()
    assert editor.textCursor().selectedText() == "坐 牢"
    editor.set_text(BODY)
    assert rules(opened) == []


def test_undo_takes_back_what_was_typed(opened: TemplatesPage, qtbot: QtBot) -> None:
    before = opened.editor.body.text()
    opened.editor.body.set_text(BODY)
    opened.editor.body.undo()
    assert opened.editor.body.text() == before
    opened.editor.body.set_text(BODY)
    opened.editor.revert.click()
    assert opened.editor.body.text() == before
    assert not opened.editor.dirty


def test_saving_makes_a_version(
    opened: TemplatesPage, library_ids: dict[str, int], ctx: Context, settle: Settle, notices: list[Notice]
) -> None:
    opened.editor.body.set_text(BODY)
    opened.editor.save.click()
    settle()
    detail = detail_of(ctx, library_ids["remind-1"])
    assert [version.number for version in detail.versions] == [2, 1]
    assert detail.newest.body == BODY
    assert not opened.editor.dirty
    assert [notice.text for notice in notices] == ["Version 2 is saved"]


def test_what_is_typed_while_it_is_saved_stays(
    opened: TemplatesPage, library_ids: dict[str, int], ctx: Context, settle: Settle
) -> None:
    opened.editor.body.set_text(BODY)
    opened.editor.save.click()
    opened.editor.body.set_text(BODY + "再见")
    settle()
    assert opened.editor.body.text() == BODY + "再见"
    assert opened.editor.dirty
    opened.editor.save.click()
    settle()
    assert detail_of(ctx, library_ids["remind-1"]).newest.number == 3


def test_a_bad_draft_leaves_what_is_in_force_alone(
    opened: TemplatesPage, library_ids: dict[str, int], ctx: Context, settle: Settle, notices: list[Notice]
) -> None:
    opened.editor.body.set_text("坏")
    opened.editor.save.click()
    settle()
    detail = detail_of(ctx, library_ids["remind-1"])
    assert detail.newest.number == 2
    assert detail.in_force is not None
    assert detail.in_force.number == 1
    opened.editor.submit.click()
    settle()
    assert [notice.text for notice in notices] == ["Saved as a draft", "This text cannot be used yet."]


def test_a_new_template_goes_to_a_second_person(
    page: TemplatesPage,
    ctx: Context,
    services_of: Callable[[Context], Services],
    supervisor_ctx: Context,
    settle: Settle,
    notices: list[Notice],
    qtbot: QtBot,
) -> None:
    assert page.bar.primary is not None
    page.bar.primary.click()
    settle()
    editor = page.editor
    editor.name.setText("年末提醒")
    editor.body.set_text("您好${")
    editor.save.click()
    settle()
    assert notices[-1].text == "Saved as a draft"
    editor.body.set_text("您好${x")
    editor.submit.click()
    settle()
    assert [notice.text for notice in notices] == ["Saved as a draft"] * 2  # what is not fit is not submitted
    assert not editor.withdraw.isVisible()
    editor.body.set_text(BODY)
    assert editor.submit.toolTip() == "The text is saved first."
    editor.submit.click()
    settle()
    assert notices[-1].text == "Version 3 is saved"
    assert not editor.campaign.isEnabled()
    assert page.table.current_id() == editor.draft.id
    assert editor.withdraw.isVisible()
    assert not editor.submit.isVisible()
    assert not editor.approve.isVisible()

    detail = editor.detail
    assert detail is not None
    theirs = services_of(supervisor_ctx)
    checker = TemplatesPage(theirs)
    qtbot.addWidget(checker)
    checker.resize(1200, 760)
    checker.show()
    checker.arrive(template_id=detail.id)
    qtbot.waitUntil(lambda: theirs.tasks.idle and checker.editor.approve.isVisible())
    assert checker.editor.versions.isVisible()  # what changed, without a click
    checker.editor.return_.click()
    dialog = checker.findChild(ReturnDialog)
    assert dialog is not None
    dialog.form.set_values({"comment": "请写明还款日"})
    dialog.action.click()
    qtbot.waitUntil(lambda: theirs.tasks.idle and not checker.editor.approve.isVisible())

    page.open(detail.id)
    settle()
    assert editor.comment.text() == "Returned by 陈立: 请写明还款日"
    editor.submit.click()
    settle()
    checker.open(detail.id)
    qtbot.waitUntil(lambda: theirs.tasks.idle and checker.editor.approve.isVisible())
    checker.editor.approve.click()
    qtbot.waitUntil(lambda: theirs.tasks.idle and not checker.editor.approve.isVisible())
    page.open(detail.id)
    settle()
    assert editor.campaign.isEnabled()
    assert not editor.comment.isVisible()


def test_a_new_template_needs_a_name(page: TemplatesPage, settle: Settle, notices: list[Notice]) -> None:
    page.new()
    page.editor.body.set_text(BODY)
    page.editor.save.click()
    settle()
    assert [notice.text for notice in notices] == ["The template has no name."]
    assert page.editor.body.text() == BODY


def test_unsaved_text_waits_for_its_template(
    opened: TemplatesPage, library_ids: dict[str, int], settle: Settle
) -> None:
    opened.editor.body.set_text(BODY)
    opened.open(library_ids["care-1"])
    settle()
    assert not opened.editor.dirty
    opened.new()
    opened.editor.body.set_text("半句")
    opened.open(library_ids["remind-1"])
    settle()
    assert opened.editor.body.text() == BODY
    assert opened.editor.dirty
    opened.new()
    assert opened.editor.body.text() == "半句"


def test_text_that_is_being_written_stays_when_the_template_is_taken_back(
    opened: TemplatesPage, settle: Settle
) -> None:
    opened.editor.body.set_text(BODY)
    opened.editor.submit.click()
    settle()
    assert not opened.editor.dirty
    opened.editor.body.set_text(BODY + "再见")
    opened.editor.withdraw.click()
    settle()
    assert not opened.editor.withdraw.isVisible()
    assert opened.editor.body.text() == BODY + "再见"
    assert opened.editor.dirty


def test_versions_can_be_taken_back(
    opened: TemplatesPage, library_ids: dict[str, int], ctx: Context, settle: Settle
) -> None:
    first = opened.editor.body.text()
    opened.editor.body.set_text(BODY)
    opened.editor.save.click()
    settle()
    detail = opened.editor.detail
    assert detail is not None
    opened.editor.versions.taken.emit(detail.versions[1])
    opened.editor.save.click()
    settle()
    detail = detail_of(ctx, library_ids["remind-1"])
    assert [version.body for version in detail.versions] == [first, BODY, first]


def test_copy_retire_and_use_again(
    opened: TemplatesPage, library_ids: dict[str, int], ctx: Context, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.editor.copy.click()
    settle()
    copy = opened.editor.detail
    assert copy is not None
    assert not copy.shipped
    monkeypatch.setattr(QDialog, "exec", lambda self: QDialog.DialogCode.Rejected)
    opened.editor.retire.click()
    settle()
    assert detail_of(ctx, copy.id).state.value == "draft"
    monkeypatch.setattr(QDialog, "exec", lambda self: QDialog.DialogCode.Accepted)
    opened.editor.retire.click()
    settle()
    assert detail_of(ctx, copy.id).state.value == "retired"
    assert opened.editor.body.isReadOnly()
    assert not opened.editor.save.isVisible()
    opened.editor.restore.click()
    settle()
    assert detail_of(ctx, copy.id).state.value == "draft"


def test_a_campaign_is_begun_with_it(opened: TemplatesPage, library_ids: dict[str, int], qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.services.navigated) as went:
        opened.editor.campaign.click()
    assert went.args == ["campaigns", {"template_id": library_ids["remind-1"]}]


def test_who_may_only_look_cannot_write(
    library_ids: dict[str, int], services_of: Callable[[Context], Services], supervisor_ctx: Context, qtbot: QtBot
) -> None:
    services = services_of(supervisor_ctx)
    page = TemplatesPage(services)
    qtbot.addWidget(page)
    page.show()
    page.arrive(template_id=library_ids["remind-1"])
    qtbot.waitUntil(lambda: services.tasks.idle and bool(page.editor.body.text()))
    assert page.bar.primary is None
    assert page.editor.body.isReadOnly()
    assert not page.editor.chips.isEnabled()
    shown = [button.isVisible() for button in (page.editor.save, page.editor.copy, page.editor.retire)]
    assert shown == [False, False, False]
    assert not page.editor.campaign.isVisible()


def test_everything_has_a_name_for_those_who_do_not_see(opened: TemplatesPage) -> None:
    editor = opened.editor
    for widget in (editor.name, editor.class_, editor.body, editor.save, editor.preview.phone, opened.table):
        assert widget.accessibleName()
    assert all(chip.accessibleName() for chip in editor.chips.chips)
    assert editor.preview.phone.bubble.accessibleName() == bubble(opened)


def test_marketing_asks_for_no_loan(page: TemplatesPage, library_ids: dict[str, int], settle: Settle) -> None:
    page.open(library_ids["market-1"])
    settle()
    keys = [chip.key for chip in page.editor.chips.chips]
    assert "amt" not in keys
    assert "prod" in keys
    assert rules(page) == []


def test_templates_leave_and_come_back_as_a_file(
    page: TemplatesPage, settle: Settle, notices: list[Notice], tmp_path: Path
) -> None:
    path = tmp_path / "t.xlsx"
    page.export(path)
    settle()
    assert notices[-1].text == "43 templates were exported to t.xlsx."
    page.import_from(path)
    settle()
    dialog = page.findChild(ImportDialog)
    assert dialog is not None
    assert [line.text() for line in dialog.lines] == ["0 new templates", "0 changed texts", "43 stay as they are"]
    assert not dialog.action.isEnabled()
    dialog.reject()
