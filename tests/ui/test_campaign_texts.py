"""Variants and words for two approvers, where a campaign is checked, approved and followed."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select, update

from console.core.campaigns.approvals import approval_detail
from console.core.campaigns.browse import campaign_detail
from console.core.campaigns.preflight import preflight
from console.core.campaigns.views import Outcome
from console.core.context import Context
from console.core.messages.variants import Variant
from console.core.segments.conditions import Condition, Group, dump
from console.core.segments.operators import Operator
from console.screens.approvals.screen import ApprovalsPage
from console.screens.campaigns.cards import FactsCard
from console.screens.campaigns.check import CheckSection
from console.screens.campaigns.comparing import ComparePane
from console.screens.campaigns.editor import CampaignEditor
from console.shell.services import Services
from db.models import Message, MessageState, TemplateVersion

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
GOLD = dump(Group((Condition("customer.segment", Operator.ONE_OF, ("高净值",)),)))
BODY = "${name}您好,您的${prod}(尾号${no})本期应还${amt}元,咨询${tel}。"


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(6)
    made.set_customers([1, 2], segment="高净值")
    made.line(pace=10)
    return made


@pytest.fixture
def version_id(world: Any) -> int:
    """A template with a variant that speaks of arbitration."""
    found: int = world.template(BODY)
    variant = Variant(name="贵宾", when=GOLD, body=BODY + "本行已申请仲裁。")
    with world.database.begin() as session:
        session.execute(update(TemplateVersion).where(TemplateVersion.id == found).values(variants=[variant.dump()]))
    return found


def words(widget: QWidget) -> list[str]:
    return [each.text() for each in widget.findChildren(QLabel)]


def test_the_check_tells_of_each_text(
    world: Any, version_id: int, ctx: Context, services: Services, qtbot: QtBot
) -> None:
    section = CheckSection(services)
    qtbot.addWidget(section)
    section.show()
    section.show_result(preflight(ctx, world.draft(version_id)))
    said = words(section)
    assert "Main text" in said
    assert "Text “贵宾”" in said
    assert "4 people · 4 parts" in said
    assert "2 people · 2 parts" in said
    assert any("仲裁" in each and "It stands in 2 messages; two people approve." in each for each in said)
    more = next(b for b in section.findChildren(QPushButton) if b.text() == "Show 1 more")
    before = len([each for each in words(section) if each.endswith("仲裁。")])
    more.click()
    assert len([each for each in words(section) if each.endswith("仲裁。")]) == before + 1


def test_a_test_message_takes_the_text_that_is_chosen(
    world: Any, version_id: int, ctx: Context, services: Services, qtbot: QtBot, settle: Callable[[], None]
) -> None:
    plain = world.template(BODY, name="普通")
    saved = world.saved(template_version_id=version_id)
    editor = CampaignEditor(services, saved, template_id=None, import_id=None)
    qtbot.addWidget(editor)
    editor.show()
    editor.begin()
    settle()
    texts = editor.check.text
    assert [texts.itemText(place) for place in range(texts.count())] == ["Main text", "Text “贵宾”"]
    texts.setCurrentIndex(1)
    editor.check.phone.setText("13900139000")
    editor.check.trial.click()
    settle()
    with ctx.database.read() as session:
        assert session.scalars(select(Message.body)).one().endswith("本行已申请仲裁。")
    assert texts.currentIndex() == 1
    box = editor.template.template
    other = next(p for p in range(box.count()) if getattr(box.itemData(p), "version_id", None) == plain)
    box.setCurrentIndex(other)
    assert texts.isHidden()
    assert texts.currentIndex() == 0


def test_who_approves_reads_every_text_and_why_two_have_to(
    world: Any,
    version_id: int,
    supervisor_ctx: Context,
    services_of: Callable[[Context], Services],
    arrived: Callable[[ApprovalsPage], ApprovalsPage],
    qtbot: QtBot,
) -> None:
    frozen = world.submitted(version_id=version_id)
    page = arrived(ApprovalsPage(services_of(supervisor_ctx)))
    page.reading.show_campaign(frozen.campaign_id)
    qtbot.waitUntil(lambda: page.services.tasks.idle)
    said = words(page.reading)
    assert any("仲裁" in each and "It stands in 2 messages; two people approve. Source: " in each for each in said)
    assert any(each.startswith("for: Segment (in the file) is 高净值; 2 messages\n") for each in said)
    assert any(each.startswith("4 messages\n") for each in said)
    assert page.reading.decision.signed.text() == "2 people have to approve this."
    with supervisor_ctx.database.read() as session:
        found = approval_detail(supervisor_ctx, session, frozen.campaign_id)
    assert found is not None
    assert {finding.variant for finding in found.findings} == {"贵宾"}


def test_the_campaign_tells_how_each_text_did(world: Any, version_id: int, ctx: Context, qtbot: QtBot) -> None:
    frozen = world.submitted(version_id=version_id)
    world.set_messages(frozen.batch_id, MessageState.DELIVERED, 3)
    with ctx.database.read() as session:
        found = campaign_detail(session, frozen.campaign_id, ctx.clock.now())
    assert [(each.name, each.messages, each.parts) for each in found.texts] == [("", 4, 4), ("贵宾", 2, 2)]
    assert sum(each.counts[Outcome.DELIVERED] for each in found.texts) == 3
    card = FactsCard()
    qtbot.addWidget(card)
    card.show_facts(found)
    assert any(each.startswith("for: Segment (in the file) is 高净值; 2 messages") for each in words(card))


def test_a_comparison_shows_every_text_and_what_came_of_it(
    world: Any, version_id: int, services: Services, qtbot: QtBot, settle: Callable[[], None]
) -> None:
    plain, both = world.submitted(name="甲"), world.submitted(name="乙", template_version_id=version_id)
    pane = ComparePane(services, (plain.campaign_id, both.campaign_id))
    qtbot.addWidget(pane)
    pane.show()
    pane.begin()
    settle()
    assert "乙, Text “贵宾”, against its main text" in words(pane.wording)
    assert any("<u " in each and "仲裁" in each for each in words(pane.wording))
    told = words(pane.texts)
    assert told[told.index("Text “贵宾”: messages") :][:3] == ["Text “贵宾”: messages", "–", "2 · 33.3%"]
    other = ComparePane(services, (plain.campaign_id, world.submitted(name="丙").campaign_id))
    qtbot.addWidget(other)
    other.show()
    other.begin()
    settle()
    assert other.texts.isHidden()
