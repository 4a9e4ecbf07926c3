from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console.core.clock import Clock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.i18n import current_language, use_language
from console.core.listing import Sort
from console.core.messages import library
from console.core.messages.checks import check_rendered, check_template
from console.core.messages.classes import CLASSES
from console.core.messages.shipped import ShippedText, shipped_texts
from console.core.messages.template import compose, measure, parse
from console.core.messages.variables import SAMPLES
from console.core.security.permissions import Permission
from console.core.security.setup import create_embedded
from db import audit
from db.engine import Database
from db.models import AuditEntry, Template, TemplateState, TemplateVersion, VersionState

BODY = "${name}您好,您的${prod}应还${amt}元,咨询${tel}。"
CLASS = "remind"


def approved(ctx: Context, checker: Context, **text: object) -> library.Saved:
    """A version as campaigns may use it."""
    saved = library.save_template(ctx, **({"name": "甲", "class_key": CLASS, "body": BODY} | text))  # type: ignore[arg-type]
    library.submit_template(ctx, saved.template_id, saved.number)
    library.approve_template(checker, saved.template_id, saved.number)
    return saved


@pytest.fixture
def shipped(database: Database, clock: Clock) -> Database:
    with database.begin() as session:
        library.ship_templates(session, clock)
    return database


def texts() -> list[tuple[str, ShippedText]]:
    return [(language, text) for language in ("zh_CN", "zh_TW") for text in library.shipped_texts(language)]


@pytest.mark.parametrize(("language", "text"), texts(), ids=lambda value: getattr(value, "key", value))
def test_each_shipped_text_passes_its_own_checks(language: str, text: ShippedText) -> None:
    class_ = CLASSES[text.class_key]
    assert check_template(text.body, class_, "示例银行") == []
    rendered = compose("示例银行", parse(text.body).render(SAMPLES))
    assert check_rendered(rendered, class_) == []
    assert measure(rendered).parts <= 2


def test_both_scripts_say_the_same() -> None:
    simplified, traditional = library.shipped_texts("zh_CN"), library.shipped_texts("zh_TW")
    for here, there in zip(simplified, traditional, strict=True):
        assert (here.key, here.class_key) == (there.key, there.class_key)
        assert parse(here.body).variables == parse(there.body).variables


def test_every_class_has_a_shipped_text() -> None:
    assert {text.class_key for text in library.shipped_texts()} == set(CLASSES)
    assert len(library.shipped_texts()) == 43


def test_shipping_twice_changes_nothing(shipped: Database, clock: Clock) -> None:
    with shipped.begin() as session:
        assert library.ship_templates(session, clock) == 0
        assert session.scalar(select(func.count()).select_from(Template)) == 43
        assert session.scalar(select(func.count()).select_from(TemplateVersion)) == 43


def test_a_reworded_shipped_text_is_a_new_version_unless_the_office_wrote_its_own(
    shipped: Database, clock: Clock, ctx: Context
) -> None:
    with shipped.read() as session:
        ids = library.template_ids(session, library.TemplateFilter(class_key=CLASS))
        own = library.template_detail(session, ids[0])
    library.save_template(ctx, template_id=own.id, name=own.name, class_key=CLASS, body=BODY)
    with shipped.begin() as session:
        assert library.ship_templates(session, clock, "zh_TW") == 42
    with shipped.read() as session:
        assert library.template_detail(session, own.id).newest.body == BODY
        other = library.template_detail(session, ids[1])
    assert [version.number for version in other.versions] == [2, 1]
    assert "還款" in other.newest.body


def test_saving_makes_versions_that_never_change(shipped: Database, ctx: Context) -> None:
    first = library.save_template(ctx, name="  十一月\n提醒 ", class_key=CLASS, body=BODY + " ")
    assert (first.number, first.fit) == (1, True)
    second = library.save_template(
        ctx, template_id=first.template_id, name="十一月提醒", class_key=CLASS, body=BODY + "谢谢", seen=1
    )
    with shipped.read() as session:
        detail = library.template_detail(session, first.template_id)
    assert [(v.id, v.number, v.body, v.author) for v in detail.versions] == [
        (second.version_id, 2, BODY + "谢谢", "王敏"),
        (first.version_id, 1, BODY, "王敏"),
    ]
    assert detail.name == "十一月提醒"


def test_the_same_text_makes_no_version(shipped: Database, ctx: Context) -> None:
    first = library.save_template(ctx, name="甲", class_key=CLASS, body=BODY)
    again = library.save_template(ctx, template_id=first.template_id, name="乙", class_key=CLASS, body=BODY)
    assert again.version_id == first.version_id
    with shipped.read() as session:
        assert library.template_detail(session, first.template_id).name == "乙"


def test_two_writers_do_not_overwrite_each_other(database: Database, ctx: Context) -> None:
    saved = library.save_template(ctx, name="甲", class_key=CLASS, body=BODY)
    library.save_template(ctx, template_id=saved.template_id, name="甲", class_key=CLASS, body=BODY + "一", seen=1)
    with pytest.raises(library.TemplateChanged):
        library.save_template(ctx, template_id=saved.template_id, name="甲", class_key=CLASS, body=BODY + "二", seen=1)


def test_campaigns_use_what_a_second_person_approved(database: Database, ctx: Context, supervisor_ctx: Context) -> None:
    saved = library.save_template(ctx, name="草稿", class_key=CLASS, body="${name}您好${")
    assert not saved.fit
    with pytest.raises(library.TemplateUnfit):
        library.submit_template(ctx, saved.template_id, 1)
    mended = library.save_template(ctx, template_id=saved.template_id, name="草稿", class_key=CLASS, body=BODY)
    assert mended.fit
    library.submit_template(ctx, saved.template_id, 2)
    with database.read() as session:
        assert library.active_versions(session) == []
        assert library.template_ids(session, library.TemplateFilter(state="in_review")) == [saved.template_id]
        assert library.reviews_waiting(supervisor_ctx, session) == 1
        assert library.reviews_waiting(ctx, session) == 0
    library.approve_template(supervisor_ctx, saved.template_id, 2)
    with database.read() as session:
        assert [choice.version_id for choice in library.active_versions(session)] == [mended.version_id]
        assert library.reviews_waiting(supervisor_ctx, session) == 0
        detail = library.template_detail(session, saved.template_id)
    assert detail.in_force is not None
    assert (detail.in_force.number, detail.in_force.decider) == (2, "陈立")


def test_a_new_draft_does_not_touch_what_is_in_force(database: Database, ctx: Context, supervisor_ctx: Context) -> None:
    saved = approved(ctx, supervisor_ctx)
    worse = library.save_template(ctx, template_id=saved.template_id, name="甲", class_key=CLASS, body="不还就坐牢")
    with pytest.raises(library.TemplateUnfit) as refused:
        library.submit_template(ctx, saved.template_id, worse.number)
    assert "word.threat" in [finding.rule for finding in refused.value.findings]
    with database.read() as session:
        assert [choice.body for choice in library.active_versions(session)] == [BODY]


def test_nobody_approves_an_own_text(
    database: Database, ctx: Context, supervisor_ctx: Context, context_of: Callable[[str], Context]
) -> None:
    saved = library.save_template(ctx, name="甲", class_key=CLASS, body=BODY)
    library.submit_template(ctx, saved.template_id, 1)
    both = replace(ctx, actor=replace(ctx.actor, permissions=frozenset(Permission)))
    for decide in (
        lambda: library.approve_template(both, saved.template_id, 1),
        lambda: library.return_template(both, saved.template_id, 1, "改"),
    ):
        with pytest.raises(library.OwnTemplate):
            decide()
    with pytest.raises(NotPermitted):
        library.approve_template(ctx, saved.template_id, 1)


def test_a_review_is_of_one_version(database: Database, ctx: Context, supervisor_ctx: Context) -> None:
    saved = library.save_template(ctx, name="甲", class_key=CLASS, body=BODY)
    library.submit_template(ctx, saved.template_id, 1)
    with pytest.raises(library.NotInReview):
        library.submit_template(ctx, saved.template_id, 1)
    library.save_template(ctx, template_id=saved.template_id, name="甲", class_key=CLASS, body=BODY + "改")
    with pytest.raises(library.NotInReview):  # it was edited after the supervisor had opened it
        library.approve_template(supervisor_ctx, saved.template_id, 1)
    library.submit_template(ctx, saved.template_id, 2)
    with pytest.raises(library.CommentMissing):
        library.return_template(supervisor_ctx, saved.template_id, 2, " ")
    library.return_template(supervisor_ctx, saved.template_id, 2, "请写明还款日")
    with database.read() as session:
        newest = library.template_detail(session, saved.template_id).newest
    assert (newest.state, newest.comment) == (VersionState.RETURNED, "请写明还款日")
    library.submit_template(ctx, saved.template_id, 2)
    library.withdraw_template(ctx, saved.template_id, 2)
    with pytest.raises(library.NotInReview):
        library.approve_template(supervisor_ctx, saved.template_id, 2)


def test_the_class_of_a_template_is_fixed(database: Database, ctx: Context) -> None:
    saved = library.save_template(ctx, name="甲", class_key=CLASS, body=BODY)
    library.save_template(ctx, template_id=saved.template_id, name="甲", class_key="market", body=BODY + "一")
    with database.read() as session:
        assert library.template_detail(session, saved.template_id).class_key == CLASS


def test_copies_belong_to_the_office(shipped: Database, ctx: Context) -> None:
    with shipped.read() as session:
        source = library.active_versions(session)[0]
    copy = library.copy_template(ctx, source.template_id)
    with shipped.read() as session:
        detail = library.template_detail(session, copy.template_id)
    assert not detail.shipped
    assert detail.newest.body == source.body
    assert detail.name == f"{source.name} (copy)"


def test_retired_templates_leave_the_lists_and_come_back(
    database: Database, ctx: Context, supervisor_ctx: Context
) -> None:
    saved = approved(ctx, supervisor_ctx)
    library.retire_template(ctx, saved.template_id)
    with database.read() as session:
        assert library.active_versions(session) == []
        assert library.template_ids(session, library.TemplateFilter()) == []
        assert library.template_ids(session, library.TemplateFilter(state="retired")) == [saved.template_id]
    library.restore_template(ctx, saved.template_id)
    with database.read() as session:
        assert len(library.active_versions(session, CLASS)) == 1


def test_what_was_never_approved_comes_back_as_a_draft(database: Database, ctx: Context) -> None:
    saved = library.save_template(ctx, name="甲", class_key=CLASS, body="坏")
    library.retire_template(ctx, saved.template_id)
    library.restore_template(ctx, saved.template_id)
    with database.read() as session:
        assert library.template_detail(session, saved.template_id).state is TemplateState.DRAFT
        assert library.active_versions(session) == []


def test_lists_are_searched_filtered_and_sorted(shipped: Database) -> None:
    with shipped.read() as session:
        all_ids = library.template_ids(session, library.TemplateFilter())
        assert len(all_ids) == 43
        rows = library.template_rows(session, all_ids)
        assert [row.id for row in rows] == all_ids
        order = list(CLASSES)
        assert [order.index(row.class_key) for row in rows] == sorted(order.index(row.class_key) for row in rows)
        found = library.template_rows(session, library.template_ids(session, library.TemplateFilter(text="96110")))
        assert [row.key for row in found] == ["fraud-1"]
        assert library.template_ids(session, library.TemplateFilter(text="100%_")) == []
        assert library.template_ids(session, library.TemplateFilter(shipped=False)) == []
        down = library.template_ids(session, library.TemplateFilter(), Sort("name", descending=True))
        names = [row.name for row in library.template_rows(session, down)]
        assert names == sorted(names, reverse=True)


def test_writing_needs_the_permission_and_is_audited(database: Database, ctx: Context, supervisor_ctx: Context) -> None:
    for call in (
        lambda: library.save_template(supervisor_ctx, name="甲", class_key=CLASS, body=BODY),
        lambda: library.copy_template(supervisor_ctx, 1),
        lambda: library.retire_template(supervisor_ctx, 1),
        lambda: library.restore_template(supervisor_ctx, 1),
        lambda: library.submit_template(supervisor_ctx, 1, 1),
        lambda: library.withdraw_template(supervisor_ctx, 1, 1),
    ):
        with pytest.raises(NotPermitted):
            call()
    saved = library.save_template(ctx, name="甲", class_key=CLASS, body=BODY)
    library.copy_template(ctx, saved.template_id)
    library.retire_template(ctx, saved.template_id)
    library.restore_template(ctx, saved.template_id)
    with database.read() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions == ["template.save", "template.copy", "template.retire", "template.restore"]
        assert audit.verify(session).sound
        assert BODY not in "".join(session.scalars(select(AuditEntry.detail)))


def test_what_is_gone_is_said_so(database: Database, ctx: Context) -> None:
    with pytest.raises(library.TemplateGone):
        library.retire_template(ctx, 4711)
    with database.read() as session, pytest.raises(library.TemplateGone):
        library.template_detail(session, 4711)


def test_a_template_needs_a_name(database: Database, ctx: Context) -> None:
    for name in ("", " \n", "一" * 101):
        with pytest.raises(library.TemplateUnnamed):
            library.save_template(ctx, name=name, class_key=CLASS, body=BODY)


@pytest.mark.parametrize(("language", "script"), [("zh_TW", "zh_TW"), ("en", "zh_CN")])
def test_a_new_database_has_the_library_in_the_script_that_is_read(
    tmp_path: Path, clock: Clock, language: str, script: str
) -> None:
    before = current_language()
    use_language(language)
    try:
        made = create_embedded(tmp_path / "x.db", login="admin", name="周航", password="correct horse 9", clock=clock)
    finally:
        use_language(before)
    with made.database.read() as session:
        rows = library.template_rows(session, library.template_ids(session, library.TemplateFilter()))
    made.database.close()
    assert {row.body for row in rows} == {text.body for text in shipped_texts(script)}
