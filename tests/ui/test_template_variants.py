"""Variants in the editor: added, named, moved, removed, checked, previewed with their own readers, and saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.messages import library
from console.core.messages.review import submit_template
from console.core.messages.shipped import shipped_texts
from console.core.messages.variants import Variant
from console.core.segments.conditions import Condition, Group, dump
from console.core.segments.operators import Operator
from console.screens.templates.dialogs import LibraryDialog
from console.screens.templates.screen import TemplatesPage
from console.screens.templates.variants import VariantDialog
from console.shell.services import Services
from db.engine import Database
from db.models import Customer, Loan, LoanState

BODY = "${name}您好,您的${prod}应还${amt}元,咨询${tel}。"
GOLD = dump(Group((Condition("customer.segment", Operator.ONE_OF, ("高净值",)),)))
Settle = Callable[[], None]


@pytest.fixture
def people(database: Database, ctx: Context) -> None:
    now = ctx.clock.now()
    with database.begin() as session:
        for id_, name, segment in ((1, "王芳", "高净值"), (2, "李强", "大众")):
            session.add(
                Customer(
                    id=id_, number=f"C{id_}", name=name, pinyin="x", initials="x", phone=f"1380013800{id_}",
                    phone_tail=f"800{id_}", tags=[], segment=segment, created_at=now, updated_at=now,
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


@pytest.fixture
def page(people: None, services: Services, arrived: Callable[[TemplatesPage], TemplatesPage]) -> TemplatesPage:
    return arrived(TemplatesPage(services))


def shown(page: TemplatesPage, ctx: Context, *variants: Variant) -> library.Saved:
    made = library.save_template(ctx, name="提醒", class_key="remind", body=BODY, variants=variants)
    page.open(made.template_id)
    return made


def gold(body: str = BODY + "尊享专线。", name: str = "贵宾") -> Variant:
    return Variant(name=name, when=GOLD, body=body)


def dialog() -> VariantDialog:
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, VariantDialog) and w.isVisible())


def test_a_template_without_variants_shows_one_small_button(page: TemplatesPage, ctx: Context, settle: Settle) -> None:
    shown(page, ctx)
    settle()
    bar = page.editor.variants
    assert not bar.tabs.isVisible()
    assert not bar.words.isVisible()
    assert bar.add.isVisible()


def test_a_variant_is_added_written_and_saved(page: TemplatesPage, ctx: Context, settle: Settle) -> None:
    made = shown(page, ctx)
    settle()
    editor = page.editor
    editor.variants.add.click()
    asking = dialog()
    asking.condition.setCurrentText("High net worth")
    assert asking.said.text() == "for: Segment (in the file) is 高净值"
    asking.action.click()
    assert editor.variants.tabs.tabText(1) == "High net worth"
    assert editor.variants.words.text() == "for: Segment (in the file) is 高净值"
    assert editor.body.text() == BODY
    editor.body.set_text(BODY + "尊享专线。")
    settle()
    assert editor.preview.picker.candidate.name == "王芳"  # whose text it is
    assert "尊享专线" in editor.preview.phone.bubble.text
    editor.variants.tabs.setCurrentIndex(0)
    assert editor.body.text() == BODY
    assert editor.preview.picker.candidate.name == "李强"
    editor.save.click()
    settle()
    with ctx.database.read() as session:
        newest = library.template_detail(session, made.template_id).newest
    assert (newest.number, newest.body) == (2, BODY)
    assert [(each.name, each.body) for each in newest.variants] == [("High net worth", BODY + "尊享专线。")]
    assert not editor.dirty


def test_named_moved_and_removed(
    page: TemplatesPage, ctx: Context, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(page, ctx, gold(), gold(BODY + "谢谢。", "其他"))
    settle()
    editor, bar = page.editor, page.editor.variants
    bar.tabs.setCurrentIndex(2)
    assert editor.body.text() == BODY + "谢谢。"
    assert not bar.right.isEnabled()
    bar.left.click()
    assert [bar.tabs.tabText(place) for place in range(3)] == ["Main text", "其他", "贵宾"]
    assert editor.body.text() == BODY + "谢谢。"
    bar.edit.click()
    asking = dialog()
    asking.name.setText("贵宾")
    asking.action.click()
    assert asking.isVisible()  # taken by the other one
    asking.name.setText("大众")
    asking.action.click()
    assert [each.name for each in editor.draft.variants] == ["大众", "贵宾"]
    assert editor.draft.variants[0].when == GOLD
    monkeypatch.setattr("console.screens.templates.editor.confirm", lambda *_args, **_more: True)
    bar.remove.click()
    assert [each.name for each in editor.draft.variants] == ["贵宾"]
    assert editor.body.text() == BODY
    assert editor.dirty
    editor.revert.click()
    settle()
    assert [each.name for each in editor.draft.variants] == ["贵宾", "其他"]


def test_a_fault_is_marked_at_the_tab_of_its_text(page: TemplatesPage, ctx: Context, settle: Settle) -> None:
    shown(page, ctx, gold("不还就坐牢"))
    settle()
    tabs = page.editor.variants.tabs
    assert tabs.tabIcon(0).isNull()
    assert not tabs.tabIcon(1).isNull()
    assert page.editor.preview.findings.shown == ()
    tabs.setCurrentIndex(1)
    assert any(finding.rule == "word.threat" for finding in page.editor.preview.findings.shown or ())


def test_who_only_reviews_reads_every_text(
    page: TemplatesPage, ctx: Context, supervisor_ctx: Context, services_of: Callable[[Context], Services],
    qtbot: QtBot, settle: Settle,
) -> None:  # fmt: skip
    made = shown(page, ctx, gold())
    library.submit_template(ctx, made.template_id, 1)
    theirs = TemplatesPage(services_of(supervisor_ctx))
    qtbot.addWidget(theirs)
    theirs.show()
    theirs.open(made.template_id)
    qtbot.waitUntil(lambda: theirs.services.tasks.idle)
    bar = theirs.editor.variants
    bar.tabs.setCurrentIndex(1)
    assert theirs.editor.body.text() == BODY + "尊享专线。"
    theirs.editor.approve.click()
    qtbot.waitUntil(lambda: theirs.services.tasks.idle)
    with ctx.database.read() as session:
        assert library.template_detail(session, made.template_id).in_force is not None
    settle()


# Texts of the program


def test_texts_of_the_program_in_the_other_script_become_drafts(
    page: TemplatesPage, ctx: Context, settle: Settle, qtbot: QtBot
) -> None:
    page.offer_library()
    settle()
    asking = next(w for w in QApplication.topLevelWidgets() if isinstance(w, LibraryDialog) and w.isVisible())
    assert asking.form.value("script") == "zh_CN"
    assert asking.list.count() == 43
    assert not asking.action.isEnabled()
    asking.form.set_values({"script": "zh_TW"})
    settle()
    asking.list.item(0).setCheckState(Qt.CheckState.Checked)
    asking.list.setCurrentRow(1)
    assert asking.text.text() == shipped_texts("zh_TW")[1].body
    asking.action.click()
    qtbot.waitUntil(lambda: page.services.tasks.idle)
    with ctx.database.read() as session:
        (row,) = library.template_rows(session, library.template_ids(session, library.TemplateFilter()))
    first = shipped_texts("zh_TW")[0]
    assert (row.name, row.class_key, row.body, row.state) == (first.name, first.class_key, first.body, "draft")
    assert library.take_shipped(ctx, [first.key], "zh_TW", lambda _done, _total: None) == 0
    assert next(offer for offer in library.offers(ctx, "zh_TW") if offer.key == first.key).there


def test_after_saving_the_text_that_was_written_stays(page: TemplatesPage, ctx: Context, settle: Settle) -> None:
    shown(page, ctx, gold())
    settle()
    editor = page.editor
    editor.variants.tabs.setCurrentIndex(1)
    editor.body.set_text(BODY + "谢谢。")
    cursor = editor.body.textCursor()
    cursor.setPosition(5)
    editor.body.setTextCursor(cursor)
    editor.save.click()
    settle()
    assert not editor.dirty
    assert editor.variants.at == 1
    assert editor.body.text() == BODY + "谢谢。"
    assert editor.body.textCursor().position() == 5
    other = library.save_template(ctx, name="另一个", class_key="remind", body=BODY, variants=(gold(),))
    page.open(other.template_id)
    settle()
    assert editor.variants.at == 0  # another template begins with its main text


def test_who_comes_to_review_sees_what_is_in_review(page: TemplatesPage, ctx: Context, settle: Settle) -> None:
    waits = library.save_template(ctx, name="待审", class_key="remind", body=BODY)
    submit_template(ctx, waits.template_id, waits.number)
    page.arrive(state="in_review")
    settle()
    assert list(page.table.records.ids) == [waits.template_id]
