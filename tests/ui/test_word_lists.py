"""The words section of the rules page: lists are written in a draft, go out and come in as a file, and can be tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from console.core.compliance.drafts import change_rule, start_draft
from console.core.compliance.overview import overview
from console.core.compliance.wordlists import NEW
from console.core.context import Context
from console.screens.rules.dialogs import RuleDialog
from console.screens.rules.screen import RulesPage
from console.shell.notices import Notice
from console.shell.services import Services

Settle = Callable[[], None]


@pytest.fixture
def ctx(admin_ctx: Context) -> Context:
    """The administrator is the one who writes."""
    return admin_ctx


@pytest.fixture
def opened(qtbot: QtBot, services_of: Callable[[Context], Services]) -> Callable[[Context], RulesPage]:
    def make(ctx: Context) -> RulesPage:
        page = RulesPage(services_of(ctx))
        page.resize(1200, 900)
        qtbot.addWidget(page)
        page.show()
        qtbot.waitExposed(page)
        page.arrive(section="words")
        idle(qtbot, page)
        return page

    return make


def idle(qtbot: QtBot, page: RulesPage) -> None:
    qtbot.waitUntil(lambda: page.services.tasks.idle)


def dialog() -> RuleDialog:
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, RuleDialog) and w.isVisible())


def a_list(ctx: Context, words: str = "飞天") -> int:
    pack_id = start_draft(ctx)
    change_rule(ctx, pack_id, NEW, {"title": "本行用语", "level": "hint", "words": words}, "circular")
    return pack_id


def test_a_supervisor_reads_the_lists_and_changes_nothing(
    opened: Callable[[Context], RulesPage], supervisor_ctx: Context
) -> None:
    page = opened(supervisor_ctx)
    assert page.words.isVisible()
    assert page.words.card.texts["words.threat"].text().startswith("Must not leave; for every kind but: Fraud warning")
    assert not page.words.add_list.isVisible()
    assert not page.words.import_.isVisible()
    assert page.words.export.isVisible()
    assert page.findChild(QPushButton, "change:words.lure") is None


def test_a_list_is_added_in_the_draft_and_tried(
    opened: Callable[[Context], RulesPage], ctx: Context, qtbot: QtBot
) -> None:
    start_draft(ctx)
    page = opened(ctx)
    page.words.add_list.click()
    idle(qtbot, page)
    form = dialog()
    assert form.windowTitle() == "New word list"
    form.form.set_values(
        {"title": "本行用语", "level": "second_approver", "words": "飞天\n火箭", "allowed": "飞天茅台"}
    )
    form.source.setText("circular of 2026-11-20")
    form.action.click()
    idle(qtbot, page)
    qtbot.waitUntil(lambda: "words.own-1" in page.words.card.texts)
    assert page.words.card.texts["words.own-1"].text() == (
        "Two people approve; for every kind of message; 2 words\n飞天, 火箭\nAllowed: 飞天茅台"
    )
    page.words.trial.text.setPlainText("飛 天理财,飞天茅台")
    qtbot.waitUntil(lambda: page.words.trial.shown is not None)
    assert [str(each.why) for each in page.words.trial.shown or ()] == ["“飞天” stands on the list “本行用语”."]
    page.words.trial.text.setPlainText("您好")
    qtbot.waitUntil(lambda: page.words.trial.shown == ())


def test_what_binds_every_office_has_no_level_to_choose(
    opened: Callable[[Context], RulesPage], ctx: Context, qtbot: QtBot
) -> None:
    start_draft(ctx)
    page = opened(ctx)
    page.change_rule("words.threat")
    idle(qtbot, page)
    form = dialog()
    assert set(form.fields) == {"words", "allowed", "why", "mend"}
    form.form.set_values({"words": "坐牢"})
    form.source.setText("wish")
    form.action.click()
    idle(qtbot, page)
    assert "“抓人” must stay on it" in form.trouble.text()
    form.reject()


def test_a_list_of_the_office_is_taken_away(
    opened: Callable[[Context], RulesPage], ctx: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_list(ctx)
    page = opened(ctx)
    monkeypatch.setattr("console.screens.rules.screen.confirm", lambda *_args, **_more: True)
    assert page.findChild(QPushButton, "remove:words.threat") is None
    gone = page.findChild(QPushButton, "remove:words.own-1")
    assert gone is not None
    gone.click()
    qtbot.waitUntil(lambda: page.services.tasks.idle and "words.own-1" not in page.words.card.texts)
    draft = overview(ctx).draft
    assert draft is not None
    assert draft.changes == ()


def test_out_as_excel_and_back_into_the_draft(
    opened: Callable[[Context], RulesPage], ctx: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    a_list(ctx, "飞天\n火箭")
    page = opened(ctx)
    told: list[Notice] = []
    page.services.notices.posted.connect(told.append)
    path = tmp_path / "w.xlsx"
    page.export_lists(path)
    qtbot.waitUntil(lambda: bool(told))
    assert told[0].text == "147 words were exported to w.xlsx."
    change_rule(ctx, page.shown.draft.id, "words.own-1", {"words": "火箭"}, "circular")  # type: ignore[union-attr]
    page.import_lists(path)
    qtbot.waitUntil(lambda: len(told) > 1)
    assert told[1].text == "1 list is changed in the draft."
    qtbot.waitUntil(lambda: "飞天, 火箭" in page.words.card.texts["words.own-1"].text())


def test_a_typed_word_is_one_more_line_and_the_page_stays_where_it_was(
    opened: Callable[[Context], RulesPage], ctx: Context, qtbot: QtBot
) -> None:
    start_draft(ctx)
    page = opened(ctx)
    button = page.findChild(QPushButton, "change:words.lure")
    assert button is not None
    button.setFocus()
    button.click()
    idle(qtbot, page)
    form = dialog()
    qtbot.keyClicks(form.fields["words"], "gift")
    form.source.setText("circular")
    form.action.click()
    idle(qtbot, page)
    qtbot.waitUntil(lambda: "返现, 提额, gift" in page.words.card.texts["words.lure"].text())

    def stays() -> bool:
        focused = page.window().focusWidget()
        return focused is not None and focused.objectName() == "change:words.lure"

    qtbot.waitUntil(stays)


def test_kinds_are_asked_for_only_where_they_count(
    opened: Callable[[Context], RulesPage], ctx: Context, qtbot: QtBot
) -> None:
    start_draft(ctx)
    page = opened(ctx)
    page.words.add_list.click()
    idle(qtbot, page)
    form = dialog()
    assert not form.fields["kinds"].isVisibleTo(form)
    form.form.set_values({"scope": "only"})
    assert form.fields["kinds"].isVisibleTo(form)
    form.reject()
