from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.core.compliance.describe import SECTION_TITLES, Section
from console.core.compliance.drafts import change_rule, start_draft, submit_draft
from console.core.compliance.overview import overview
from console.core.context import Actor, Context
from console.core.security.permissions import Role
from console.screens.rules.dialogs import RuleDialog, SubmitDialog
from console.screens.rules.screen import DRAFT, VERSIONS, RulesPage
from console.shell.notices import Notice
from console.shell.services import Services

CAP = "cap.marketing.month"
Open = Callable[[Context], RulesPage]


@pytest.fixture
def ctx(admin_ctx: Context) -> Context:
    """The administrator is the one who writes."""
    return admin_ctx


@pytest.fixture
def wait(qtbot: QtBot) -> Callable[[RulesPage], None]:
    def until_idle(page: RulesPage) -> None:
        qtbot.waitUntil(lambda: page.services.tasks.idle)

    return until_idle


@pytest.fixture
def opened(services_of: Callable[[Context], Services], arrived: Callable[[RulesPage], RulesPage]) -> Open:
    return lambda ctx: arrived(RulesPage(services_of(ctx)))


def _dialog(kind: type[QDialog]) -> QDialog:
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible())


def _button(page: QWidget, name: str) -> QPushButton | None:
    return page.findChild(QPushButton, name)


def _said(widget: QWidget) -> list[str]:
    return [each.text() for each in widget.findChildren(QLabel) if each.isVisibleTo(widget)]


def _written(ctx: Context, limit: int = 4, *, submit: bool = True) -> int:
    draft_id = start_draft(ctx)
    change_rule(ctx, draft_id, CAP, {"limit": limit}, "meeting of 2026-11-20")
    if submit:
        submit_draft(ctx, draft_id, "two campaigns in spring", None)
    return draft_id


def test_every_rule_stands_in_its_section_with_its_source(opened: Open, supervisor_ctx: Context) -> None:
    page = opened(supervisor_ctx)
    assert page.state.text() == "Version 1 of the rules is in force."
    assert all(page.rules_of(section) for section in SECTION_TITLES)
    caps = {rule.rule: rule for rule in page.rules_of(Section.CAPS)}
    assert caps[CAP].value == "At most 2 a month to one person"
    assert page.bar.primary is None
    assert _button(page, f"change:{CAP}") is None


def test_a_rule_is_changed_in_a_draft_and_sent_for_approval(
    opened: Open, ctx: Context, wait: Callable[[RulesPage], None]
) -> None:
    page = opened(ctx)
    assert page.bar.primary is not None
    assert page.bar.primary.text() == "Write a draft"
    page.bar.primary.click()
    wait(page)
    wait(page)
    assert page.state.text().endswith("A draft is begun and changes nothing yet. Choose “Change…” beside a rule.")
    assert not page.bar.primary.isEnabled()
    assert page.bar.primary.toolTip() == "Change a rule first."
    assert _button(page, "change:number.own") is None  # binding
    button = _button(page, f"change:{CAP}")
    assert button is not None
    button.click()
    wait(page)
    dialog = _dialog(RuleDialog)
    assert isinstance(dialog, RuleDialog)
    dialog.form.set_values({"limit": 4})
    dialog.action.click()
    wait(page)
    assert "Say where the new value comes from." in _said(dialog)
    assert dialog.focusWidget() is dialog.source
    dialog.source.setText("meeting of 2026-11-20")
    dialog.action.click()
    wait(page)
    wait(page)
    assert page.cards[Section.CAPS].texts[CAP].text() == "At most 4 a month to one person"
    assert "A draft changes 1 rule." in page.state.text()
    page.bar.primary.click()
    asking = _dialog(SubmitDialog)
    assert isinstance(asking, SubmitDialog)
    asking.note.setPlainText("two campaigns in spring")
    asking.action.click()
    wait(page)
    wait(page)
    draft = overview(ctx).draft
    assert draft is not None
    assert draft.pending
    assert "waits for approval" in page.state.text()
    assert not page.bar.primary.isVisible()


def test_binding_hours_can_only_become_shorter(opened: Open, ctx: Context, wait: Callable[[RulesPage], None]) -> None:
    start_draft(ctx)
    page = opened(ctx)
    page.change_rule("hours.collection")
    wait(page)
    dialog = _dialog(RuleDialog)
    assert isinstance(dialog, RuleDialog)
    dialog.fields["from"].setTime(dialog.fields["from"].time().fromString("07:00", "HH:mm"))  # type: ignore[attr-defined]
    dialog.source.setText("wish")
    dialog.action.click()
    wait(page)
    assert dialog.trouble.text() == "It cannot be put in: it must lie between 08:00 and 22:00."
    dialog.reject()


def test_maker_and_checker_are_two(
    opened: Open, ctx: Context, supervisor_ctx: Context, wait: Callable[[RulesPage], None]
) -> None:
    _written(ctx)
    both = Actor.of(ctx.actor.user_id, "admin", "周航", frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR}))
    own = opened(replace(ctx, actor=both))
    own.parts.open(DRAFT)
    assert not own.draft.approve_button.isVisible()
    assert own.draft.words.text().startswith("You wrote in this draft")
    page = opened(supervisor_ctx)
    assert page.parts.current == DRAFT  # who has to decide stands before it at once
    page.parts.open(Section.CAPS)
    page.arrive()
    wait(page)
    assert page.parts.current == Section.CAPS  # and is left in peace afterwards
    page.parts.open(DRAFT)
    (change,) = page.draft.changes.shown
    assert (change.before, change.after) == ("At most 2 a month to one person", "At most 4 a month to one person")
    assert page.draft.approve_button.isVisible()
    page.draft.approve_button.click()
    wait(page)
    wait(page)
    assert overview(ctx).number == 2
    assert page.state.text() == "Version 2 of the rules is in force."
    page.parts.open(VERSIONS)
    page.look_at(2)
    wait(page)
    assert [card.number for card in page.versions] == [2, 1]
    assert [each.rule for each in page.versions[0].changes.shown] == [CAP]


def test_returned_with_a_comment(
    opened: Open, ctx: Context, supervisor_ctx: Context, wait: Callable[[RulesPage], None]
) -> None:
    _written(ctx, 9)
    page = opened(supervisor_ctx)
    page.parts.open(DRAFT)
    assert not page.draft.return_button.isEnabled()
    page.draft.comment.setPlainText("9 is too many")
    page.draft.return_button.click()
    wait(page)
    draft = overview(ctx).draft
    assert draft is not None
    assert (draft.pending, draft.comment) == (False, "9 is too many")


def test_what_changed_meanwhile_is_not_signed(
    opened: Open, ctx: Context, supervisor_ctx: Context, wait: Callable[[RulesPage], None]
) -> None:
    from console.core.compliance.drafts import take_back

    draft_id = _written(ctx)
    page = opened(supervisor_ctx)
    page.parts.open(DRAFT)
    take_back(ctx, draft_id)
    _written(ctx, 99)
    page.draft.approve()
    wait(page)
    assert overview(ctx).number == 1
    assert "changed or decided on elsewhere" in page.draft.trouble.text()


def test_taking_up_an_earlier_version_and_throwing_a_draft_away(
    opened: Open,
    ctx: Context,
    supervisor_ctx: Context,
    wait: Callable[[RulesPage], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from console.core.compliance.drafts import approve_rules

    draft_id = _written(ctx)
    draft = overview(supervisor_ctx).draft
    assert draft is not None
    approve_rules(supervisor_ctx, draft_id, draft.digest)
    page = opened(ctx)
    monkeypatch.setattr("console.screens.rules.screen.confirm", lambda *_args, **_named: True)
    page.take_up(1)
    wait(page)
    wait(page)
    assert "A draft changes 1 rule." in page.state.text()
    page.discard()
    wait(page)
    wait(page)
    assert overview(ctx).draft is None


def test_who_may_not_see_the_rules_has_no_such_page(context_of: Callable[[str], Context]) -> None:
    reporter = Actor.of(1, "r", "统计", frozenset({Role.REPORTER}))
    allowed = replace(context_of("officer"), actor=reporter).allowed
    assert RulesPage.permission is not None
    assert not allowed(RulesPage.permission)


def test_a_notice_tells_of_the_approval(
    opened: Open, ctx: Context, supervisor_ctx: Context, wait: Callable[[RulesPage], None]
) -> None:
    _written(ctx)
    page = opened(supervisor_ctx)
    told: list[Notice] = []
    page.services.notices.posted.connect(told.append)
    page.draft.approve()
    wait(page)
    assert [notice.text for notice in told] == ["Version 2 of the rules is approved."]
